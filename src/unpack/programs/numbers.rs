//! Numbers at a place in foreign bytes; `None` where the bytes end before.
//!
//! Does not know any format.

pub(in crate::unpack) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

pub(in crate::unpack) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

pub(in crate::unpack) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
}

pub(in crate::unpack) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    u16_le(bytes, at).map(u16::swap_bytes)
}

pub(in crate::unpack) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    u32_le(bytes, at).map(u32::swap_bytes)
}
