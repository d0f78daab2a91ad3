//! AppleSingle and AppleDouble: both forks of a Macintosh file in one file, as mail programs attach them.
//!
//! The data fork of AppleDouble is a part of its own. Finder's notes and icons are passed over. Standards: RFC 1740.

use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "applefile",
    about: "files of a Macintosh with their forks: AppleSingle, AppleDouble",
    recognise,
    nature: Nature::Container(open),
};

const SINGLE: &[u8] = b"\0\x05\x16\0";
const DOUBLE: &[u8] = b"\0\x05\x16\x07";
/// Magic, version, filler, number of entries; then twelve octets for each.
const HEAD_BYTES: usize = 26;
const ENTRY_BYTES: usize = 12;
/// Entries that are read: the standard knows fifteen.
const ENTRIES_MAX: usize = 64;
const DATA_FORK: u32 = 1;
const RESOURCE_FORK: u32 = 2;
const REAL_NAME: u32 = 3;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let is_known = contents.bytes.starts_with(SINGLE) || contents.bytes.starts_with(DOUBLE);
    is_known.then_some("application/applefile")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let table = contents.bytes.get(HEAD_BYTES..).unwrap_or_default();
    let entries: Vec<(u32, &[u8])> =
        table.chunks_exact(ENTRY_BYTES).take(count(contents.bytes)).map(|entry| fork(contents.bytes, entry)).collect();
    let name = entries.iter().find(|(id, _)| *id == REAL_NAME).map(|(_, name)| String::from_utf8_lossy(name));
    let name = name.unwrap_or("data fork".into());
    for (id, bytes) in entries.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let flow = match *id {
            DATA_FORK => opening.take(&name, *bytes),
            RESOURCE_FORK => opening.take("resource fork", *bytes),
            _ => continue,
        };
        if flow.is_break() {
            return;
        }
    }
    if entries.is_empty() {
        opening.note(NoteKind::Damaged, "no entries");
    }
}

fn count(bytes: &[u8]) -> usize {
    let count = bytes.get(HEAD_BYTES - 2..HEAD_BYTES).and_then(|count| <[u8; 2]>::try_from(count).ok());
    usize::from(count.map(u16::from_be_bytes).unwrap_or_default()).min(ENTRIES_MAX)
}

/// Identifier and octets of an entry; what goes beyond the end is taken as far as it goes.
fn fork<'a>(bytes: &'a [u8], entry: &[u8]) -> (u32, &'a [u8]) {
    let number = |at: usize| {
        let field = entry.get(at..at + 4).and_then(|field| <[u8; 4]>::try_from(field).ok());
        field.map(u32::from_be_bytes).unwrap_or_default()
    };
    let rest = bytes.get(number(4) as usize..).unwrap_or_default();
    let length = (number(8) as usize).min(rest.len());
    (number(0), rest.get(..length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::mail::Message;
    use crate::unpack::samples::letter;
    use crate::unpack::{NoteKind, eicar, open};

    #[test]
    fn both_forks_are_opened() {
        let (name, data) = (b"x.com", eicar::sample());
        let mut file = [super::SINGLE, &[0, 2, 0, 0], &[b' '; 16], &[0, 2]].concat();
        for (id, at, length) in [(3_u32, 50_u32, name.len()), (1, 55, data.len())] {
            file.extend([id.to_be_bytes(), at.to_be_bytes(), (length as u32).to_be_bytes()].concat());
        }
        file.extend([&name[..], &data].concat());
        let letter = letter("x", &file);
        let inside = open(&Message::parse(&letter));
        let noted: Vec<_> = inside.notes.iter().map(|note| (note.kind, note.path.join("/"))).collect();
        assert_eq!(noted, [(NoteKind::Eicar, "2/x.com".to_string())]);
    }
}
