//! Numbers and texts at fixed places of headers, binary and as digits.
//!
//! Does not know any header: a number outside of the octets is none.

pub(super) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

pub(super) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub(super) fn u64_be(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// So many octets from a place.
pub(super) fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// Octets from a place to the next NUL; without one, none.
pub(super) fn until_nul(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    rest.get(..memchr::memchr(0, rest)?)
}

/// Digits of this radix, with spaces and zeros around them; an empty field is zero.
pub(super) fn digits(field: &[u8], radix: u32) -> Option<u64> {
    let is_filler = |byte: &u8| matches!(byte, b' ' | 0);
    let from = field.iter().position(|byte| !is_filler(byte)).unwrap_or(field.len());
    let rest = field.get(from..)?;
    let digits = rest.get(..rest.iter().position(is_filler).unwrap_or(rest.len()))?;
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = char::from(*byte).to_digit(radix)?;
        value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    })
}

/// Text up to the first NUL.
pub(super) fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_headers_write_them() {
        for (field, radix, want) in [
            (&b"0000644\0"[..], 8, Some(0o644)),
            (b"  12 ", 10, Some(12)),
            (b"\0\0\0", 8, Some(0)),
            (b"00ffFF", 16, Some(0xffff)),
            (b"9", 8, None),
            (b"-1", 10, None),
            (b"99999999999999999999", 10, None),
        ] {
            assert_eq!(digits(field, radix), want);
        }
        assert_eq!((u16_le(b"\x01\x02", 0), u32_be(b"\x01", usize::MAX)), (Some(0x201), None));
        assert_eq!(text(b"ab\0c"), "ab");
    }
}
