//! Counts and sums what is read of a member, to compare with what its archive says.
//!
//! Does not stop at a said size: who reads decides. Knows CRC-32 only.

use crate::unpack::{NoteKind, Opening};
use flate2::Crc;
use std::io::Read;
use std::ops::ControlFlow;

/// A reader that counts and sums.
pub(super) struct Checked<R> {
    inner: R,
    crc: Crc,
    pub(super) size: u64,
    ended: bool,
    pub(super) failed: bool,
}

impl<R: Read> Checked<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, crc: Crc::new(), size: 0, ended: false, failed: false }
    }

    /// Compares size and checksum, where all was read.
    pub(super) fn compare(&self, size: Option<u64>, crc: Option<u32>, opening: &mut Opening<'_>) {
        if !self.ended {
            return;
        }
        if size.is_some_and(|size| size != self.size) {
            opening.note(NoteKind::Lying, "a member has another size than it says");
        }
        if crc.is_some_and(|crc| crc != self.crc.sum()) {
            opening.note(NoteKind::Damaged, "a checksum is wrong");
        }
    }
}

/// Takes what `reader` gives, and compares.
pub(super) fn take(
    name: &str,
    reader: impl Read,
    size: Option<u64>,
    crc: Option<u32>,
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    let mut reader = Checked::new(reader);
    let flow = opening.take(name, &mut reader);
    reader.compare(size, crc, opening);
    flow
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let result = self.inner.read(buffer);
        self.failed |= result.is_err();
        let count = result?;
        self.crc.update(buffer.get(..count).unwrap_or_default());
        self.size += count as u64;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}
