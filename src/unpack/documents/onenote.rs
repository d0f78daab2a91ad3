//! OneNote sections and tables of contents: the files that lie in them.
//!
//! Files are found by the marks around them, whatever the tables of the section say. Sections that a server packed
//! otherwise keep their files without such marks: there only known kinds are found, and that is said. Standards:
//! MS-ONESTORE §2.3.1, §2.6.13 and §2.8.

use super::marks::is_mark_of_file;
use crate::limits::{ONENOTE_CARVED_MAX, ONENOTE_NAMES_MAX};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "onenote", about: "OneNote sections", recognise, nature: Nature::Container(open) };

const SECTION: &[u8] = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3";
const CONTENTS: &[u8] = b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f";
/// At octet 48: the packing of servers.
const OTHER_PACKING: &[u8] = b"\x2f\xe9\x8d\x63\xd4\xa6\xc1\x4b\x9a\x36\xb3\xfc\x25\x11\xa5\xb7";
/// The marks around a file.
const HEAD: &[u8] = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
const FOOT: &[u8] = b"\x22\xa7\xfb\x71\x79\x0f\x0b\x4a\xbb\x13\x89\x92\x56\x42\x6b\x24";
/// From the head to the file: the mark, the length, twelve octets of no meaning.
const HEAD_BYTES: usize = 36;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    (bytes.starts_with(SECTION.get(..8)?) || bytes.starts_with(CONTENTS)).then_some("application/onenote")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    // A spent budget ends it.
    let _ = files(contents.bytes, opening);
    if contents.bytes.get(48..64) == Some(OTHER_PACKING) {
        opening.note(NoteKind::Unread, "a OneNote section as servers pack it");
        let _ = carved(contents.bytes, opening);
    }
}

fn files(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut found = Vec::new();
    let mut end = 0;
    for at in memmem::find_iter(bytes, HEAD) {
        let rest = bytes.get(at + HEAD_BYTES..).unwrap_or_default();
        let said = bytes.get(at + 16..at + 24).and_then(|said| said.try_into().ok()).map_or(0, u64::from_le_bytes);
        let whole = usize::try_from(said).ok().and_then(|length| rest.get(..length));
        // A length that lies: up to the foot, which OneNote looks for as well. A head inside of a file is its own matter.
        let file = match whole {
            Some(file) => file,
            None if at >= end => {
                opening.note(NoteKind::Lying, "the length of a file in OneNote");
                rest.get(..memmem::find(rest, FOOT).unwrap_or(rest.len())).unwrap_or_default()
            }
            None => continue,
        };
        end = end.max(at + HEAD_BYTES + file.len());
        if !file.is_empty() {
            found.push(file);
        }
    }
    let attached = found.iter().filter(|file| !is_shown(file)).count();
    let names = names(bytes);
    let mut named = names.iter().filter(|_| names.len() == attached);
    for (index, file) in found.into_iter().enumerate() {
        let number = format!("file {}", index + 1);
        if is_shown(file) {
            opening.take(&number, file)?;
            continue;
        }
        let name = named.next().unwrap_or(&number);
        opening.note(NoteKind::OneNoteFile, name);
        opening.take(name, file)?;
    }
    ControlFlow::Continue(())
}

/// Pictures, sound and films lie in sections as files do, and are shown or played.
fn is_shown(file: &[u8]) -> bool {
    use infer::MatcherType::{Audio, Image, Video};
    let is_drawing = file.get(40..44) == Some(b" EMF");
    is_drawing || infer::get(file).is_some_and(|kind| [Audio, Image, Video].contains(&kind.matcher_type()))
}

/// Names of files as they stand in UTF-16 anywhere in the section, each once. Pictures have none that matter.
fn names(bytes: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for at in memmem::find_iter(bytes, b".\0").take(ONENOTE_NAMES_MAX * 64) {
        let unit =
            |at: usize| bytes.get(at..at + 2).and_then(|unit| unit.try_into().ok()).map_or(0, u16::from_le_bytes);
        let is_letter = |unit: u16| unit >= 0x20 && !"\\/:*?\"<>|".encode_utf16().any(|other| other == unit);
        let from = (1..=64).take_while(|back| at >= back * 2 && is_letter(unit(at - back * 2))).last().unwrap_or(0);
        let is_ending = |unit: u16| u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric());
        let to = (1..=8).take_while(|next| is_ending(unit(at + next * 2))).last().unwrap_or(0);
        if from == 0 || !(2..=5).contains(&to) || is_letter(unit(at + (to + 1) * 2)) {
            continue;
        }
        let units: Vec<u16> = (0..=from + to).map(|index| unit(at - from * 2 + index * 2)).collect();
        let name = String::from_utf16_lossy(&units);
        let is_picture = [".png", ".jpg", ".jpeg", ".gif", ".emf", ".one"]
            .iter()
            .any(|end| name.to_ascii_lowercase().ends_with(end));
        if !is_picture && !found.contains(&name) && found.len() < ONENOTE_NAMES_MAX {
            found.push(name);
        }
    }
    found
}

/// Files by their own marks, each to the end of the section.
fn carved(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut count = 0;
    let starts: [&[u8]; 6] =
        [b"MZ", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x4c\0\0\0\x01\x14\x02\0", b"<script", b"@echo off"];
    for start in starts {
        let marked = |at: &usize| {
            let is_text = start.starts_with(b"<") || start.starts_with(b"@");
            is_text || bytes.get(*at..).is_some_and(is_mark_of_file)
        };
        for at in memmem::find_iter(bytes, start).filter(marked) {
            count += 1;
            if count > ONENOTE_CARVED_MAX {
                return ControlFlow::Break(());
            }
            opening.note(NoteKind::OneNoteFile, "found by its mark");
            opening.take(&format!("piece {count}"), bytes.get(at..).unwrap_or_default())?;
            if start.starts_with(b"PK") {
                break;
            }
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Message;
    use crate::unpack::open;
    use crate::unpack::samples::letter;

    const PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0";
    const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    fn file(contents: &[u8], said: u64) -> Vec<u8> {
        [HEAD, &said.to_le_bytes(), &[0; 12], contents, FOOT].concat()
    }

    fn check(pieces: &[Vec<u8>], notes: &[&str], members: &[&str]) {
        let section = [SECTION.to_vec(), vec![0; 64], pieces.concat()].concat();
        let bytes = letter("a.one", &section);
        let inside = open(&Message::parse(&bytes));
        let noted: Vec<String> = inside.notes.iter().map(|note| format!("{:?} {}", note.kind, note.detail)).collect();
        let found: Vec<String> = inside.items.iter().skip(2).map(|item| item.path[1..].join("/")).collect();
        assert_eq!(
            (noted, found),
            (notes.iter().map(ToString::to_string).collect(), members.iter().map(ToString::to_string).collect())
        );
        assert_eq!(inside.items[1].true_type, "application/onenote");
    }

    #[test]
    fn files_are_members_and_pictures_are_not_noted() {
        let name: Vec<u8> = "\0run.hta\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let program = file(PROGRAM, PROGRAM.len() as u64);
        let picture = file(PICTURE, PICTURE.len() as u64);
        check(std::slice::from_ref(&picture), &[], &["file 1"]);
        check(&[picture, program.clone()], &["OneNoteFile file 2", "Program application/x-elf"], &["file 1", "file 2"]);
        check(&[program, name], &["OneNoteFile run.hta", "Program application/x-elf"], &["run.hta"]);
        check(
            &[file(PROGRAM, 1 << 40)],
            &["Lying the length of a file in OneNote", "OneNoteFile file 1", "Program application/x-elf"],
            &["file 1"],
        );
    }

    #[test]
    fn a_section_of_a_server_is_not_silent() {
        let mut section = [SECTION.to_vec(), vec![0; 32], OTHER_PACKING.to_vec()].concat();
        section.extend_from_slice(b"....<script>x</script>");
        let bytes = letter("a.one", &section);
        let inside = open(&Message::parse(&bytes));
        let kinds: Vec<NoteKind> = inside.notes.iter().map(|note| note.kind).take(2).collect();
        assert_eq!(kinds, [NoteKind::Unread, NoteKind::OneNoteFile]);
    }
}
