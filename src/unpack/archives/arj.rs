//! ARJ archives.
//!
//! Does not decrypt garbled members, does not join volumes, shows all chapters as members. Source: the technote of ARJ
//! (TECHNOTE.TXT of ARJ 2.86 on).

use super::arj_decoders::{Fastest, Huffman};
use super::checked;
use super::names;
use crate::unpack::fields::{u16_le, u32_le, until_nul};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use std::io::Read;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "arj", about: "ARJ archives", recognise, nature: Nature::Container(open) };

pub(in crate::unpack) const MARK: &[u8] = b"\x60\xea";
/// Octets of a header's own part, as ARJ itself allows.
const HEADER_BYTES_MAX: usize = 2600;
const HEADER_BYTES_MIN: usize = 30;
const FLAG_GARBLED: u8 = 1;
/// The member goes on in the next volume, or began in the one before.
const FLAGS_SPLIT: u8 = 4 | 8;
const TYPE_MAIN: u8 = 2;
const TYPE_FOLDER: u8 = 3;
/// Labels of volumes and chapters have no data.
const TYPES_LABEL: [u8; 2] = [4, 5];

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    begins_as_arj(contents.bytes).then_some("application/x-arj")
}

/// True where an archive begins right here: its main header.
pub(in crate::unpack) fn begins_as_arj(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK) && Header::read(bytes, 0).is_some_and(|header| header.kind == TYPE_MAIN)
}

/// The same where the archive may stand anywhere: its checksum is right, too.
pub(in crate::unpack) fn is_sound(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK) && Header::read(bytes, 0).is_some_and(|header| header.kind == TYPE_MAIN && header.sum_fits)
}

struct Header<'a> {
    flags: u8,
    method: u8,
    kind: u8,
    compressed_size: usize,
    size: u64,
    crc: u32,
    name: &'a [u8],
    /// Where the data begins.
    data_at: usize,
    sum_fits: bool,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let length = usize::from(u16_le(bytes, at + 2)?);
        if !(HEADER_BYTES_MIN..=HEADER_BYTES_MAX).contains(&length) {
            return None;
        }
        let header_at = at + 4;
        let header = bytes.get(header_at..header_at + length)?;
        let mut crc = flate2::Crc::new();
        crc.update(header);
        let mut data_at = header_at + length + 4;
        // Extended headers: a length and a checksum each, the last one empty.
        loop {
            let extended = usize::from(u16_le(bytes, data_at)?);
            data_at += 2;
            if extended == 0 {
                break;
            }
            data_at += extended + 4;
        }
        Some(Self {
            flags: *header.get(4)?,
            method: *header.get(5)?,
            kind: *header.get(6)?,
            compressed_size: u32_le(header, 12)? as usize,
            size: u32_le(header, 16)?.into(),
            crc: u32_le(header, 20)?,
            name: until_nul(header, usize::from(*header.first()?))?,
            data_at,
            sum_fits: u32_le(bytes, header_at + length) == Some(crc.sum()),
        })
    }
}

/// Gives all members of an archive that begins right here, whatever follows it.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    // Nothing follows that a spent budget could skip.
    let _ = members(contents.bytes, opening);
}

fn members(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let Some(main) = Header::read(bytes, 0) else {
        opening.note(NoteKind::Damaged, "an ARJ header");
        return ControlFlow::Continue(());
    };
    let mut at = main.data_at;
    loop {
        if bytes.get(at..at + 4) == Some(b"\x60\xea\0\0") {
            return ControlFlow::Continue(());
        }
        let here = Header::read(bytes, at)
            .filter(|header| header.sum_fits && bytes.get(at..).is_some_and(|b| b.starts_with(MARK)));
        let header = match here {
            Some(header) => header,
            None => {
                opening.note(NoteKind::Damaged, "an ARJ header");
                match next_whole(bytes, at) {
                    Some(header) => header,
                    None => return ControlFlow::Continue(()),
                }
            }
        };
        at = header.data_at.saturating_add(member(bytes, &header, opening)?);
    }
}

/// The next header whose checksum is right.
fn next_whole(bytes: &[u8], from: usize) -> Option<Header<'_>> {
    let rest = bytes.get(from..)?;
    memmem::find_iter(rest, MARK).find_map(|found| Header::read(bytes, from + found).filter(|header| header.sum_fits))
}

/// Takes one member; gives how many octets of data it had.
fn member(bytes: &[u8], header: &Header<'_>, opening: &mut Opening<'_>) -> ControlFlow<(), usize> {
    if header.kind == TYPE_MAIN {
        return ControlFlow::Continue(0);
    }
    if TYPES_LABEL.contains(&header.kind) {
        opening.skip()?;
        return ControlFlow::Continue(0);
    }
    let name = names::decoded(header.name);
    names::note_climbing(&name, opening);
    let data = bytes.get(header.data_at..).unwrap_or_default();
    let length = header.compressed_size.min(data.len());
    let data = data.get(..length).unwrap_or_default();
    if header.flags & FLAGS_SPLIT != 0 {
        opening.note(NoteKind::Unread, "a part of a split archive");
    }
    if header.kind == TYPE_FOLDER {
        opening.skip()?;
    } else if header.flags & FLAG_GARBLED != 0 {
        opening.take_closed(&name, header.size, NoteKind::Encrypted, "ARJ members with a password")?;
    } else {
        let reader: Box<dyn Read + '_> = match header.method {
            0 => Box::new(data),
            1..=3 => Box::new(Huffman::new(data, header.size)),
            4 => Box::new(Fastest::new(data, header.size)),
            other => {
                opening.take_closed(&name, header.size, NoteKind::Unread, &format!("ARJ method {other}"))?;
                return ControlFlow::Continue(length);
            }
        };
        checked::take(&name, reader, Some(header.size), Some(header.crc), opening)?;
    }
    ControlFlow::Continue(length)
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{arj, shown};

    #[test]
    fn members_are_given_also_behind_a_broken_header() {
        let whole = arj(&[("a.txt", b"text"), ("run", b"\x7fELF\x02\x01\x01")]);
        let (items, notes) = shown(&whole);
        assert_eq!(items, ["application/x-arj", "a.txt text/plain", "run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
        let mut wrong = whole.clone();
        let at = memchr::memmem::find(&wrong, b"a.txt").unwrap();
        wrong[at] = b'b';
        let (items, notes) = shown(&wrong);
        assert_eq!(
            (items[1].as_str(), notes),
            ("run application/x-elf", vec!["Damaged".to_string(), "Program".to_string()])
        );
    }
}
