//! Zoo archives: stored members and those of method 2.
//!
//! Does not read method 1 (LZW). Source: R. Dhesi's zoo.h; method 2 is that of `-lh5-`.

use super::arj_decoders::Huffman5;
use super::names;
use crate::unpack::fields::{u16_le, u32_le};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "zoo", about: "zoo archives", recognise, nature: Nature::Container(open) };

const MARK: &[u8] = b"\xdc\xa7\xc4\xfd";
/// Behind a text for people.
const MARK_AT: usize = 20;
const NAME_BYTES: usize = 13;
/// Octets of an entry before its variable part.
const ENTRY_BYTES: usize = 56;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.get(MARK_AT..).is_some_and(|rest| rest.starts_with(MARK)).then_some("application/x-zoo")
}

/// Gives all members, deleted ones, too: readers can bring them back.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    // Nothing follows that a spent budget could skip.
    let _ = members(contents.bytes, opening);
}

fn members(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut at = u32_le(bytes, MARK_AT + 4).unwrap_or(u32::MAX) as usize;
    loop {
        let Some(entry) = bytes.get(at..).and_then(Entry::read) else {
            opening.note(NoteKind::Damaged, "a zoo entry");
            return ControlFlow::Continue(());
        };
        // The last entry is empty. Entries that lead back would never end.
        if entry.next == 0 {
            return ControlFlow::Continue(());
        }
        let name = names::decoded(entry.name);
        names::note_climbing(&name, opening);
        let data = bytes.get(entry.data_at..).and_then(|data| data.get(..entry.packed));
        match (data, entry.method) {
            (Some(data), 0) => opening.take(&name, data)?,
            (Some(data), 2) => opening.take(&name, Huffman5::new(data, entry.size))?,
            (Some(_), other) => {
                opening.take_closed(&name, entry.size, NoteKind::Unread, &format!("zoo method {other}"))?
            }
            (None, _) => opening.take_closed(&name, entry.size, NoteKind::Damaged, "a zoo archive that is cut off")?,
        }
        if entry.next <= at {
            opening.note(NoteKind::Lying, "entries lead back");
            return ControlFlow::Continue(());
        }
        at = entry.next;
    }
}

struct Entry<'a> {
    name: &'a [u8],
    method: u8,
    next: usize,
    data_at: usize,
    packed: usize,
    size: u64,
}

impl<'a> Entry<'a> {
    fn read(entry: &'a [u8]) -> Option<Self> {
        if !entry.starts_with(MARK) {
            return None;
        }
        let until_nul = |name: &'a [u8]| name.split(|byte| *byte == 0).next().unwrap_or_default();
        let short = until_nul(entry.get(38..38 + NAME_BYTES)?);
        // Entries of kind 2 may have a longer name behind.
        let has_long = entry.get(4) == Some(&2) && u16_le(entry, 51).is_some_and(|length| length > 2);
        let long = entry.get(56).filter(|_| has_long).map(|length| usize::from(*length));
        let long = long.and_then(|length| entry.get(ENTRY_BYTES + 2..)?.get(..length)).map(until_nul);
        Some(Self {
            name: long.filter(|name| !name.is_empty()).unwrap_or(short),
            method: *entry.get(5)?,
            next: u32_le(entry, 6)? as usize,
            data_at: u32_le(entry, 10)? as usize,
            packed: u32_le(entry, 24)? as usize,
            size: u32_le(entry, 20)?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::shown;

    #[test]
    fn members_are_given() {
        let entry = |name: &str, contents: &[u8], at: usize| {
            let next = at + 56 + contents.len();
            let number = |value: usize| (value as u32).to_le_bytes();
            let mut entry = [b"\xdc\xa7\xc4\xfd\x01\0", &number(next)[..], &number(at + 56), &[0; 6]].concat();
            entry.extend([number(contents.len()), number(contents.len()), [0; 4], [0; 4], [0; 4]].concat());
            entry.truncate(38);
            entry.extend(name.as_bytes());
            entry.resize(56, 0);
            [&entry, contents].concat()
        };
        let mut archive = [b"ZOO 2.10 Archive.\x1a\0\0\xdc\xa7\xc4\xfd", &[34, 0, 0, 0, 0, 0, 0, 0, 1, 1][..]].concat();
        archive.extend(entry("a.txt", b"text", archive.len()));
        archive.extend(entry("run", b"\x7fELF\x02\x01\x01", archive.len()));
        archive.extend([b"\xdc\xa7\xc4\xfd", &[0; 52][..]].concat());
        let (items, notes) = shown(&archive);
        assert_eq!(items, ["application/x-zoo", "a.txt text/plain", "run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
    }
}
