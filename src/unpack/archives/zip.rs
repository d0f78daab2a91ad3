//! Zip archives, read by their central directory and by their local headers.
//!
//! The two may lie differently, and readers differ in which they believe: what only one of them shows is a member too,
//! and the disagreement a note. Does not decrypt. Standards: APPNOTE.TXT 6.3.10.

use super::names;
use super::zip_directory::{self, Directory, END_MARK, Entry};
use super::zip_local::{self, Local};
use super::zip_member::Packed;
use super::zip_spans::Spans;
use crate::limits::ARCHIVE_OVERLAPS_MAX;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "zip", about: "zip archives", recognise, nature: Nature::Container(open) };

/// The begin of a volume, and of a set of volumes that became one.
const SPLIT_MARKS: [&[u8]; 2] = [b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"];
/// The end record and its longest comment.
const END_BYTES_MAX: usize = 22 + 65_535;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    is_zip(contents.bytes).then_some("application/zip")
}

/// True for a zip archive, also behind a few foreign bytes, unless those begin a file of another kind.
pub(in crate::unpack) fn is_zip(bytes: &[u8]) -> bool {
    begins_as_zip(bytes) || (has_directory(bytes) && infer::get(bytes).is_none())
}

/// True where a zip archive begins right here; what follows it does not matter.
pub(in crate::unpack) fn begins_as_zip(bytes: &[u8]) -> bool {
    let marks = SPLIT_MARKS.iter().chain(&[zip_local::MARK, END_MARK]);
    marks.into_iter().any(|mark| bytes.starts_with(mark))
}

/// True where an end record stands near the end, and right before it the directory it tells of.
fn has_directory(bytes: &[u8]) -> bool {
    let tail = bytes.len().saturating_sub(END_BYTES_MAX);
    let Some(end) = memmem::rfind(bytes.get(tail..).unwrap_or_default(), END_MARK).map(|at| tail + at) else {
        return false;
    };
    let size = bytes.get(end + 12..end + 16).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
    let directory = end.checked_sub(size as usize).and_then(|at| bytes.get(at..));
    directory.is_some_and(|directory| directory.starts_with(zip_directory::ENTRY_MARK))
}

/// Gives all members.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut walk = Walk::new(contents.bytes);
    let ends = zip_directory::find(contents.bytes);
    if ends.directories.is_empty() {
        opening.note(NoteKind::Damaged, "no central directory");
    }
    for directory in ends.directories {
        // An archive that lies in a member is not this one.
        if walk.covered.end_of(directory.start).is_none() && walk.directory(directory, opening).is_break() {
            return;
        }
    }
    zip_local::open_hidden(contents.bytes, &walk.covered, opening);
}

/// What was seen of one archive.
struct Walk<'a> {
    bytes: &'a [u8],
    /// Members about which directory and local header agree.
    covered: Spans,
    /// All that was read.
    read: Spans,
    overlaps: usize,
    /// Entries of earlier directories: where the member stands, its name.
    seen: BTreeSet<(usize, &'a [u8])>,
    names: BTreeSet<&'a [u8]>,
    directories: usize,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (covered, read) = (Spans::default(), Spans::default());
        Self { bytes, covered, read, overlaps: 0, seen: BTreeSet::new(), names: BTreeSet::new(), directories: 0 }
    }

    fn directory(&mut self, mut directory: Directory<'a>, opening: &mut Opening<'_>) -> ControlFlow<()> {
        self.directories += 1;
        if directory.is_split {
            opening.note(NoteKind::Unread, "a part of a split archive");
        }
        let mut count = 0u64;
        for entry in directory.by_ref() {
            count += 1;
            if self.directories == 1 || !self.seen.contains(&(entry.header_at, entry.name)) {
                if self.directories > 1 {
                    opening.note(NoteKind::Lying, "two directories differ");
                }
                self.member(&entry, opening)?;
                self.seen.insert((entry.header_at, entry.name));
                if !self.names.insert(entry.name) {
                    // Most readers show one of them, the first or the last.
                    opening.note(NoteKind::Lying, "two members of one name");
                }
            }
        }
        if count & 0xffff != directory.count & 0xffff {
            opening.note(NoteKind::Lying, "the directory has another length than it says");
        }
        ControlFlow::Continue(())
    }

    /// Takes one member of the directory, and notes which octets it covers.
    fn member(&mut self, entry: &Entry<'a>, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let Some(local) = Local::read(self.bytes, entry.header_at) else {
            let name = names::decoded(entry.name);
            return opening.take_closed(&name, entry.size, NoteKind::Damaged, "a member of the directory is not there");
        };
        let said = usize::try_from(entry.compressed_size).unwrap_or(usize::MAX);
        let packed = Packed {
            name: entry.name,
            extra: entry.extra,
            flags: entry.flags,
            method: entry.method,
            crc: Some(entry.crc),
            size: Some(entry.size),
            data: local.data,
            compressed_size: said.min(local.data.len()),
        };
        let end = local.data_at.saturating_add(packed.compressed_size);
        if self.read.add(entry.header_at, end) {
            opening.note(NoteKind::Lying, "members overlap");
            self.overlaps += 1;
        }
        let agrees = local.agrees(entry);
        let mut read = packed.compressed_size;
        if self.overlaps <= ARCHIVE_OVERLAPS_MAX {
            let flow;
            (flow, read) = packed.take(opening);
            flow?;
        } else {
            let name = names::decoded(entry.name);
            opening.take_closed(&name, entry.size, NoteKind::Lying, "members overlap")?;
        }
        if agrees {
            self.covered.add(entry.header_at, end.max(local.data_at.saturating_add(read)));
        } else {
            opening.note(NoteKind::Lying, "directory and local header differ");
        }
        ControlFlow::Continue(())
    }
}
