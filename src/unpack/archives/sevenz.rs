//! 7z archives, also solid ones.
//!
//! Does not decrypt. Packed data of several members is read once, from its begin. Standards: 7zFormat.txt of the LZMA SDK.

use super::checked::Checked;
use super::names;
use super::sevenz_single;
use super::sevenz_table::{self, Table};
use super::solid::{self, File};
use crate::limits::{UNPACK_BYTES_MAX, UNPACK_DICTIONARY_BYTES_MAX};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, Error, Password};
use std::io::{Cursor, Read};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "7z", about: "7z archives", recognise, nature: Nature::Container(open) };

const MARK: &[u8] = b"7z\xbc\xaf\x27\x1c";
/// Octets that are read between two looks at the clock, where nothing is kept.
const STEP_BYTES: usize = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(MARK).then_some("application/x-7z-compressed")
}

/// Gives all members of an archive that begins right here, whatever follows it.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    match sevenz_table::look(contents.bytes) {
        Table::Fits => {}
        Table::TooBig => return opening.note(NoteKind::TooBig, "a 7z table"),
        Table::Encrypted => return opening.note(NoteKind::Encrypted, "a 7z table with a password"),
        Table::Damaged => return opening.note(NoteKind::Damaged, "a 7z table, or only a part of the archive"),
    }
    let mut source = Cursor::new(contents.bytes);
    match Archive::read(&mut source, &Password::empty()) {
        Ok(mut archive) => {
            let sums = archive.files.iter().map(|file| file.has_crc.then_some(file.crc as u32)).collect();
            // The reader would stop at a wrong checksum and hide what follows: they are compared here.
            archive.files.iter_mut().for_each(|file| file.has_crc = false);
            let mut walk = Walk { archive: &archive, source, given: vec![false; archive.files.len()], sums };
            // Nothing follows that a spent budget could skip.
            let _ = walk.all(opening);
        }
        Err(Error::UnsupportedCompressionMethod(method)) => {
            opening.note(NoteKind::Unread, &format!("7z method {method}"))
        }
        Err(_) => opening.note(NoteKind::Damaged, "a 7z table"),
    }
}

/// Why members of a block are known by name only.
struct Closed(NoteKind, String);

struct Walk<'a> {
    archive: &'a Archive,
    source: Cursor<&'a [u8]>,
    /// Members that were seen.
    given: Vec<bool>,
    sums: Vec<Option<u32>>,
}

impl<'a> Walk<'a> {
    fn all(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        for (index, block) in self.archive.blocks.iter().enumerate() {
            if let Some(data) = sevenz_single::reader(self.archive, index, self.source.get_ref()) {
                self.single(index, data, opening)?;
                continue;
            }
            let closed = match why_closed(block) {
                Some(closed) => closed,
                None => self.block(index, opening)?,
            };
            self.close(opening, &closed, |walk, file| {
                walk.archive.stream_map.file_block_index.get(file) == Some(&Some(index))
            })?;
        }
        // What is left has no contents, or its block was not there.
        let missing = Closed(NoteKind::Damaged, "a member has no data".to_string());
        self.close(opening, &missing, |_, _| true)
    }

    /// Reads one block; says why the members that it did not give are closed.
    fn block(&mut self, index: usize, opening: &mut Opening<'_>) -> ControlFlow<(), Closed> {
        let password = Password::empty();
        let mut file = self.archive.stream_map.block_first_file_index.get(index).copied().unwrap_or(usize::MAX);
        let (given, sums) = (&mut self.given, &self.sums);
        let mut flow = ControlFlow::Continue(());
        let mut closed = Closed(NoteKind::Damaged, "a 7z block can't be read to its end".to_string());
        let decoder = BlockDecoder::new(1, index, self.archive, &password, &mut self.source);
        let result = decoder.for_each_entries(&mut |entry, reader| {
            if let Some(given) = given.get_mut(file) {
                *given = true;
            }
            let sum = sums.get(file).copied().flatten();
            file = file.saturating_add(1);
            let (next, rest) = take(entry, sum, reader, opening);
            flow = next;
            if rest == Rest::TooLarge {
                closed = Closed(NoteKind::TooBig, "the rest of a 7z block".to_string());
            }
            Ok(flow.is_continue() && rest == Rest::Read)
        });
        flow?;
        if let Err(Error::UnsupportedCompressionMethod(method)) = result {
            closed = Closed(NoteKind::Unread, format!("7z method {method}"));
        }
        ControlFlow::Continue(closed)
    }

    /// Takes the members of a block of a method that the reader does not know.
    fn single(
        &mut self,
        index: usize,
        unpack: impl Fn() -> Box<dyn Read + 'a>,
        opening: &mut Opening<'_>,
    ) -> ControlFlow<()> {
        let (mut offset, mut files) = (0u64, Vec::new());
        for (entry, given) in
            self.archive.files.iter().enumerate().zip(&mut self.given).filter_map(|((at, entry), given)| {
                let own = self.archive.stream_map.file_block_index.get(at) == Some(&Some(index));
                own.then_some((entry, given))
            })
        {
            *given = true;
            files.push(File { name: entry.name().as_bytes(), size: entry.size(), offset, folder: 0 });
            offset = offset.saturating_add(entry.size());
        }
        solid::take(&files, unpack, opening)
    }

    /// Gives the members that were not seen and that `which` names.
    fn close(
        &mut self,
        opening: &mut Opening<'_>,
        closed: &Closed,
        which: impl Fn(&Self, usize) -> bool,
    ) -> ControlFlow<()> {
        for (index, entry) in self.archive.files.iter().enumerate() {
            if self.given.get(index) != Some(&false) || !which(self, index) {
                continue;
            }
            if let Some(given) = self.given.get_mut(index) {
                *given = true;
            }
            names::note_climbing(entry.name(), opening);
            if entry.is_directory() {
                opening.skip()?;
            } else if entry.has_stream() {
                opening.take_closed(entry.name(), entry.size(), closed.0, &closed.1)?;
            } else {
                opening.take(entry.name(), std::io::empty())?;
            }
        }
        ControlFlow::Continue(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Read,
    Broken,
    TooLarge,
}

/// Takes one member, and reads on to the next.
fn take(
    entry: &ArchiveEntry,
    crc: Option<u32>,
    reader: &mut dyn Read,
    opening: &mut Opening<'_>,
) -> (ControlFlow<()>, Rest) {
    names::note_climbing(entry.name(), opening);
    if entry.is_directory() {
        return (opening.skip(), Rest::Read);
    }
    let mut counted = Checked::new(reader);
    let flow = opening.take(entry.name(), &mut counted);
    counted.compare(Some(entry.size()), crc, opening);
    if flow.is_break() || (counted.failed && counted.size < entry.size()) {
        return (flow, Rest::Broken);
    }
    // Beyond what is kept, members of one block are read on to reach the next, but not without end.
    if entry.size().saturating_sub(counted.size) > UNPACK_BYTES_MAX {
        return (flow, Rest::TooLarge);
    }
    let mut buffer = vec![0; STEP_BYTES];
    while !counted.failed && counted.size < entry.size() {
        if opening.pay_time().is_break() {
            return (ControlFlow::Break(()), Rest::TooLarge);
        }
        if counted.read(&mut buffer).unwrap_or(0) == 0 {
            return (flow, Rest::Broken);
        }
    }
    (flow, Rest::Read)
}

/// Why a block is not even tried.
fn why_closed(block: &Block) -> Option<Closed> {
    block.coders.iter().find_map(|coder| {
        let id = coder.encoder_method_id();
        if sevenz_table::is_encryption(id) {
            return Some(Closed(NoteKind::Encrypted, "7z members with a password".to_string()));
        }
        let large = sevenz_table::dictionary_bytes(id, coder.properties()) > UNPACK_DICTIONARY_BYTES_MAX;
        large.then(|| Closed(NoteKind::TooBig, "a large dictionary".to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{self, shown};

    #[test]
    fn members_are_given_with_their_names() {
        let (items, notes) = shown(&samples::sevenz(&[("a.txt", b"text"), ("dir/run", b"\x7fELF\x02\x01\x01")]));
        assert_eq!(items, ["application/x-7z-compressed", "a.txt text/plain", "dir/run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
    }

    #[test]
    fn what_is_broken_is_said_so() {
        let whole = samples::sevenz(&[("a.txt", b"text"), ("b.txt", b"more")]);
        let mut wrong = whole.clone();
        wrong[33] ^= 1;
        let (items, notes) = shown(&wrong);
        assert_eq!((items[2].as_str(), notes), ("b.txt text/plain", vec!["Damaged".to_string()]));
        assert_eq!(shown(&whole[..whole.len() - 1]).1, ["Damaged"]);
        assert_eq!(shown(&[&whole[..], b"behind"].concat()).1, [""; 0]);
    }
}
