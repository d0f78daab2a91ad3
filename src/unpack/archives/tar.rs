//! Tar archives of all flavours: v7, ustar, GNU, pax.
//!
//! Does not follow links and has no use for paths. Standards: POSIX pax (ustar), GNU tar.

use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use ::tar::{Archive, EntryType};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "tar", about: "tar archives", recognise, nature: Nature::Container(open) };

const BLOCK_BYTES: usize = 512;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let block = contents.bytes.get(..BLOCK_BYTES)?;
    let magic = block.get(257..262) == Some(b"ustar");
    (magic || has_checksum(block)).then_some("application/x-tar")
}

/// The sum of a v7 header, its own eight octets taken as spaces.
fn has_checksum(block: &[u8]) -> bool {
    let Some(field) = block.get(148..156) else { return false };
    let digits: String =
        field.iter().map(|byte| char::from(*byte)).skip_while(|c| *c == ' ').take_while(char::is_ascii_digit).collect();
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let own: u32 = field.iter().map(|byte| u32::from(*byte)).sum();
    block.first() != Some(&0) && u32::from_str_radix(&digits, 8) == Ok(sum - own + 8 * u32::from(b' '))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut archive = Archive::new(contents.bytes);
    // Members behind the end mark are seen by some readers.
    archive.set_ignore_zeros(true);
    let Ok(entries) = archive.entries() else {
        opening.note(NoteKind::Damaged, "no tar entries");
        return;
    };
    for entry in entries {
        let Ok(entry) = entry else {
            opening.note(NoteKind::Damaged, "a tar header is broken");
            return;
        };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        let has_contents = matches!(kind, EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse);
        let flow = if has_contents { opening.take(&name, entry) } else { opening.skip() };
        if flow.is_break() {
            return;
        }
    }
}
