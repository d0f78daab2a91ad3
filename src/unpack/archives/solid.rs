//! Members that are packed together: the whole is unpacked once, in the order of its data.
//!
//! Does not know how it is packed. What lies between two members is read over, not kept.

use super::names;
use crate::limits::ARCHIVE_OVERLAPS_MAX;
use crate::unpack::{NoteKind, Opening};
use std::io::Read;
use std::ops::ControlFlow;

/// A member, by its place in what the whole unpacks to.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) name: &'a [u8],
    pub(super) size: u64,
    pub(super) offset: u64,
    /// Which of several packed wholes holds it.
    pub(super) folder: usize,
}

/// Takes the members of one packed whole, which are in the order of its data; `unpack` begins to read it.
pub(super) fn take<R: Read>(files: &[File<'_>], unpack: impl Fn() -> R, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut reader = unpack();
    let (mut at, mut overlaps) = (0u64, 0);
    for (index, file) in files.iter().enumerate() {
        let rest = files.get(index..).unwrap_or_default();
        if file.offset < at {
            opening.note(NoteKind::Lying, "members overlap");
            overlaps += 1;
            if overlaps > ARCHIVE_OVERLAPS_MAX {
                return close(rest, NoteKind::Lying, "members overlap", opening);
            }
            (reader, at) = (unpack(), 0);
        }
        let gap = file.offset - at;
        if skip(&mut reader, gap, opening)? < gap {
            return close(rest, NoteKind::Damaged, "packed members can't be read to their end", opening);
        }
        let name = names::decoded(file.name);
        names::note_climbing(&name, opening);
        let mut counted = Counted { inner: &mut reader, left: file.size };
        opening.take(&name, &mut counted)?;
        let left = counted.left;
        // What was cut off lies before the next member.
        if skip(&mut reader, left, opening)? < left {
            let rest = rest.get(1..).unwrap_or_default();
            opening.note(NoteKind::Damaged, "packed members can't be read to their end");
            return close(rest, NoteKind::Damaged, "packed members can't be read to their end", opening);
        }
        at = file.offset + file.size;
    }
    ControlFlow::Continue(())
}

/// Gives members that are known by name only.
pub(super) fn close(files: &[File<'_>], kind: NoteKind, detail: &str, opening: &mut Opening<'_>) -> ControlFlow<()> {
    files.iter().try_for_each(|file| {
        let name = names::decoded(file.name);
        names::note_climbing(&name, opening);
        opening.take_closed(&name, file.size, kind, detail)
    })
}

/// Reads on without keeping; gives how many octets there were.
fn skip(reader: &mut impl Read, count: u64, opening: &mut Opening<'_>) -> ControlFlow<(), u64> {
    let mut left = count;
    let mut buffer = vec![0; if count == 0 { 0 } else { 32 << 10 }];
    while left > 0 {
        opening.pay_time()?;
        let step = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match reader.read(buffer.get_mut(..step).unwrap_or_default()) {
            Ok(0) | Err(_) => break,
            Ok(read) => left -= read as u64,
        }
    }
    ControlFlow::Continue(count - left)
}

/// Reads so many octets; fewer are an error.
struct Counted<'r, R> {
    inner: &'r mut R,
    left: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= count as u64;
        if count == 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(count) }
    }
}
