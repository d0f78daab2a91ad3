//! Installation files of Symbian up to version 8 (SIS).
//!
//! Does not read those of version 9 on, which are only named. Source: A. Thoukydides, "SIS file format".

use crate::unpack::fields::{u16_le, u32_le};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use flate2::bufread::ZlibDecoder;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "sis", about: "installation files of Symbian", recognise, nature: Nature::Container(open) };

/// Stands behind two other numbers.
const MARK: &[u8] = b"\x19\x04\x00\x10";
/// Version 9: the first number.
const MARK_9: &[u8] = b"\x7a\x1a\x20\x10";
const OPTION_STORED: u16 = 1 << 3;
/// A file for each language; a file for all; texts and conditions have other numbers.
const RECORD_FILE: u32 = 0;
const RECORD_FILE_OF_LANGUAGES: u32 = 1;
/// Octets of a record before the lengths of its files.
const RECORD_BYTES: usize = 28;
/// Octets behind them: where the media type stands.
const TYPE_BYTES: usize = 8;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let old = bytes.get(8..12) == Some(MARK);
    (old || bytes.starts_with(MARK_9)).then_some("application/vnd.symbian.install")
}

/// Gives all files.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    if contents.bytes.starts_with(MARK_9) {
        return opening.note(NoteKind::Unread, "an installation file of Symbian 9");
    }
    match files(contents.bytes, opening) {
        Some(_) => {}
        None => opening.note(NoteKind::Damaged, "an installation file of Symbian"),
    }
}

fn files(bytes: &[u8], opening: &mut Opening<'_>) -> Option<ControlFlow<()>> {
    let (languages, count) = (usize::from(u16_le(bytes, 18)?), u16_le(bytes, 20)?);
    let stored = u16_le(bytes, 36)? & OPTION_STORED != 0;
    let mut at = u32_le(bytes, 52)? as usize;
    for _ in 0..count {
        let record = bytes.get(at..)?;
        let versions = match u32_le(record, 0)? {
            RECORD_FILE => 1,
            RECORD_FILE_OF_LANGUAGES => languages,
            _ => {
                opening.note(NoteKind::Unread, "a part of an installation file of Symbian");
                return Some(ControlFlow::Continue(()));
            }
        };
        let name = text(bytes, u32_le(record, 20)?, u32_le(record, 24)?)
            .or_else(|| text(bytes, u32_le(record, 12)?, u32_le(record, 16)?))?;
        for version in 0..versions {
            let field = |group: usize| u32_le(record, RECORD_BYTES + 4 * (group * versions + version));
            let (length, start) = (field(0)? as usize, field(1)? as usize);
            let data = bytes.get(start..start.checked_add(length)?)?;
            let flow = if stored { opening.take(&name, data) } else { opening.take(&name, ZlibDecoder::new(data)) };
            if flow.is_break() {
                return Some(flow);
            }
        }
        at = at.checked_add(RECORD_BYTES + 12 * versions + TYPE_BYTES)?;
    }
    Some(ControlFlow::Continue(()))
}

/// Text in UTF-16, so many octets long.
fn text(bytes: &[u8], length: u32, at: u32) -> Option<String> {
    let raw = bytes.get(at as usize..(at as usize).checked_add(length as usize)?)?;
    let units: Vec<u16> = raw.chunks_exact(2).filter_map(|pair| u16_le(pair, 0)).collect();
    Some(String::from_utf16_lossy(&units)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{shown, sis};

    #[test]
    fn members_are_given() {
        let (items, notes) = shown(&sis("!:\\run", b"\x7fELF\x02\x01\x01"));
        assert_eq!(items, ["application/vnd.symbian.install", "!:\\run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
    }
}
