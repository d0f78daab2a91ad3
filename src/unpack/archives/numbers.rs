//! Numbers at fixed places of foreign headers.
//!
//! Does not know what they mean; a place behind the end has no number.

/// Two octets, the lowest first.
pub(in crate::unpack) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    fixed(bytes, at).map(u16::from_le_bytes)
}

/// Four octets, the lowest first.
pub(in crate::unpack) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    fixed(bytes, at).map(u32::from_le_bytes)
}

/// Eight octets, the lowest first.
pub(in crate::unpack) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    fixed(bytes, at).map(u64::from_le_bytes)
}

fn fixed<const LENGTH: usize>(bytes: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    bytes.get(at..at.checked_add(LENGTH)?)?.try_into().ok()
}

/// Octets from `at` to the next NUL; without one, none.
pub(in crate::unpack) fn until_nul(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    rest.get(..memchr::memchr(0, rest)?)
}
