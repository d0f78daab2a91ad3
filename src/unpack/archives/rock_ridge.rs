//! Rock Ridge: what ISO 9660 keeps of a POSIX file beside its record.
//!
//! Does not read modes, owners and times. Standards: IEEE P1281 (SUSP), IEEE P1282 (RRIP).

use super::iso9660::SECTOR_BYTES;
use crate::unpack::fields::{slice, u32_le};

/// Continuations of one record's entries; writers use one.
const CONTINUATIONS_MAX: usize = 8;
/// Octets that CD-ROM XA keeps before the entries.
const XA_BYTES: usize = 14;

#[derive(Default)]
pub(super) struct SystemUse {
    pub(super) name: Option<Vec<u8>>,
    pub(super) is_link: bool,
    /// The block of a folder that was moved because it was too deep.
    pub(super) child: Option<u32>,
    /// By zisofs.
    pub(super) is_compressed: bool,
}

/// Reads the entries of one record.
pub(super) fn read(area: &[u8], image: &[u8]) -> SystemUse {
    let mut found = SystemUse::default();
    let is_entry =
        |area: &[u8]| area.first().is_some_and(u8::is_ascii_uppercase) && area.get(2).is_some_and(|len| *len >= 4);
    let mut area = if is_entry(area) { area } else { area.get(XA_BYTES..).unwrap_or_default() };
    for _ in 0..=CONTINUATIONS_MAX {
        match entries(area, &mut found).and_then(|(block, offset, length)| {
            let start = usize::try_from(u64::from(block) * SECTOR_BYTES as u64 + u64::from(offset)).ok()?;
            slice(image, start, (length as usize).min(SECTOR_BYTES))
        }) {
            Some(next) => area = next,
            None => break,
        }
    }
    found
}

/// Reads the entries of one area; gives the place where more are.
fn entries(mut area: &[u8], found: &mut SystemUse) -> Option<(u32, u32, u32)> {
    let mut more = None;
    while let [one, two, length, _, ..] = area {
        let length = usize::from(*length);
        if length < 4 {
            break;
        }
        let Some(entry) = area.get(..length) else { break };
        match [*one, *two] {
            [b'N', b'M'] => found.name.get_or_insert_default().extend(entry.get(5..).unwrap_or_default()),
            [b'S', b'L'] => found.is_link = true,
            [b'C', b'L'] => found.child = u32_le(entry, 4),
            [b'Z', b'F'] => found.is_compressed = true,
            [b'C', b'E'] => {
                more = u32_le(entry, 4).zip(u32_le(entry, 12)).zip(u32_le(entry, 20)).map(|((a, b), c)| (a, b, c))
            }
            [b'S', b'T'] => return None,
            _ => {}
        }
        area = area.get(length..).unwrap_or_default();
    }
    more
}
