//! Zip archives, read by their central directory and by their local headers.
//!
//! The two may lie differently, and readers differ in which they believe: what only one of them shows is a member too,
//! and the disagreement a note. Does not decrypt. Standards: APPNOTE.TXT 6.3.10.

use super::zip_local::{self, Span};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use ::zip::ZipArchive;
use memchr::memmem;
use std::io::Cursor;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "zip", about: "zip archives", recognise, nature: Nature::Container(open) };

const END_MARK: &[u8] = b"PK\x05\x06";
/// The end record and its longest comment.
const END_BYTES_MAX: usize = 22 + 65_535;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    is_zip(contents.bytes).then_some("application/zip")
}

/// True for a zip archive, also behind a few foreign bytes, unless those begin a file of another kind.
pub(in crate::unpack) fn is_zip(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [zip_local::MARK, END_MARK, b"PK00PK\x03\x04"];
    marks.iter().any(|mark| bytes.starts_with(mark)) || (has_directory(bytes) && infer::get(bytes).is_none())
}

/// True where an end record stands near the end, and right before it the directory it tells of.
fn has_directory(bytes: &[u8]) -> bool {
    let tail = bytes.len().saturating_sub(END_BYTES_MAX);
    let Some(end) = memmem::rfind(bytes.get(tail..).unwrap_or_default(), END_MARK).map(|at| tail + at) else {
        return false;
    };
    let size = bytes.get(end + 12..end + 16).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    let directory = end.checked_sub(size as usize).and_then(|at| bytes.get(at..));
    directory.is_some_and(|directory| directory.starts_with(b"PK\x01\x02"))
}

/// Gives all members.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut spans = Vec::new();
    match ZipArchive::new(Cursor::new(contents.bytes)) {
        Ok(mut archive) => {
            for index in 0..archive.len() {
                if member(contents.bytes, &mut archive, index, opening, &mut spans).is_break() {
                    return;
                }
            }
        }
        Err(_) => opening.note(NoteKind::Damaged, "no central directory"),
    }
    spans.sort_unstable_by_key(|span| span.start);
    if spans.iter().zip(spans.iter().skip(1)).any(|(one, next)| next.start < one.end) {
        opening.note(NoteKind::Lying, "members overlap");
    }
    zip_local::open_hidden(contents.bytes, &spans, opening);
}

/// Takes one member of the central directory, and notes which bytes it covers.
fn member(
    bytes: &[u8],
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    opening: &mut Opening<'_>,
    spans: &mut Vec<Span>,
) -> ControlFlow<()> {
    let (name, size, encrypted) = {
        let Ok(entry) = archive.by_index_raw(index) else {
            opening.note(NoteKind::Damaged, "a member of the directory is not there");
            return opening.skip();
        };
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
        };
        let span = Span {
            start: entry.header_start(),
            end: entry.data_start().unwrap_or(entry.header_start()).saturating_add(entry.compressed_size()),
        };
        if zip_local::agrees(bytes, span.start, entry.name_raw(), entry.compressed_size()) {
            spans.push(span);
        } else {
            opening.note(NoteKind::Lying, "directory and local header differ");
        }
        (name, entry.size(), entry.encrypted())
    };
    if name.ends_with('/') && size == 0 {
        return opening.skip();
    }
    if encrypted {
        return opening.take_closed(&name, size, NoteKind::Encrypted, "zip members with a password");
    }
    match archive.by_index(index) {
        Ok(entry) => opening.take(&name, entry),
        Err(_) => opening.take_closed(&name, size, NoteKind::Unread, "a zip method that is not read"),
    }
}
