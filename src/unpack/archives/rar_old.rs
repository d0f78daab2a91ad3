//! RAR 2 to 4 without the blocks that tell about files what no reader needs: owners, comments, signatures.
//!
//! Their checksums are made in several ways, so that the `rars` crate refuses whole archives that others read. Does not
//! check anything. Source: technote.txt of RAR 4.

use crate::unpack::fields::{u16_le, u32_le};

const MARK: &[u8] = b"Rar!\x1a\x07\0";
const BLOCK_BYTES: usize = 7;
/// Old comments, extra information, recovery records of RAR 2, authenticity.
const NOTES: std::ops::RangeInclusive<u8> = 0x75..=0x79;
/// The block is followed by data, whose length stands behind the block's own.
const FLAG_DATA: u16 = 0x8000;

/// The archive without such blocks; `None` where it has none, or is no such archive.
pub(super) fn without_notes(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = bytes.strip_prefix(MARK).map(|_| MARK.to_vec())?;
    let mut at = MARK.len();
    let mut dropped = false;
    while let (Some(kind), Some(flags), Some(length)) =
        (bytes.get(at + 2), u16_le(bytes, at + 3), u16_le(bytes, at + 5))
    {
        let data = if flags & FLAG_DATA == 0 { 0 } else { u32_le(bytes, at + BLOCK_BYTES).unwrap_or(0) as usize };
        let end = at.saturating_add(usize::from(length).max(BLOCK_BYTES)).saturating_add(data).min(bytes.len());
        if NOTES.contains(kind) {
            dropped = true;
        } else {
            plain.extend_from_slice(bytes.get(at..end)?);
        }
        at = end;
    }
    dropped.then_some(plain)
}
