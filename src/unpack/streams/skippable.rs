//! Skippable frames, which zstd and lz4 share: octets that decoders jump over.
//!
//! Does not look into them. Standards: RFC 8878 §3.1.2.

/// Frames in a row before the first that holds contents; writers use one.
const IN_ROW_MAX: usize = 16;
const HEADER_BYTES: usize = 8;

/// Octets of the skippable frame that begins here, its header included.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let body = match bytes {
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]),
        _ => return None,
    };
    HEADER_BYTES.checked_add(usize::try_from(body).ok()?).filter(|length| *length <= bytes.len())
}

/// What stands behind the skippable frames at the begin.
pub(super) fn behind(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    for _ in 0..IN_ROW_MAX {
        match length(rest) {
            Some(length) => rest = rest.get(length..).unwrap_or_default(),
            None => break,
        }
    }
    rest
}
