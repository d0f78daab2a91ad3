//! Zip members by their local headers: those that the central directory hides, or that have none.
//!
//! Does not read the central directory. Standards: APPNOTE.TXT 6.3.10 §4.3.7, §4.3.9.

use super::zip_directory::{Entry, sizes_64};
use super::zip_member::{FLAG_ENCRYPTED, Packed};
use super::zip_spans::Spans;
use crate::unpack::fields::{u16_le, u32_le};
use crate::unpack::{NoteKind, Opening};
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const MARK: &[u8] = b"PK\x03\x04";
const HEADER_BYTES: usize = 30;
/// The sizes stand behind the data.
const FLAG_SIZES_BEHIND: u16 = 1 << 3;
/// Names and sizes are masked: the directory is encrypted.
const FLAG_MASKED: u16 = 1 << 13;
/// What may follow the data of a member: its sizes, the next member, the directory.
const FOLLOWING: [&[u8]; 3] = [b"PK\x07\x08", MARK, b"PK\x01\x02"];
/// Methods that APPNOTE §4.4.5 names, so that chance bytes are no header.
const METHODS: [u16; 23] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99];

/// One local header.
pub(super) struct Local<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    compressed_size: u64,
    size: u64,
    name: &'a [u8],
    extra: &'a [u8],
    /// From the first octet of the data to the end of the archive.
    pub(super) data: &'a [u8],
    pub(super) data_at: usize,
}

impl<'a> Local<'a> {
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let header = bytes.get(at..at.checked_add(HEADER_BYTES)?)?;
        if !header.starts_with(MARK) {
            return None;
        }
        let name_at = at + HEADER_BYTES;
        let extra_at = name_at + usize::from(u16_le(header, 26)?);
        let data_at = extra_at + usize::from(u16_le(header, 28)?);
        let extra = bytes.get(extra_at..data_at)?;
        let [size, compressed_size] = sizes_64(extra, [u32_le(header, 22)?, u32_le(header, 18)?]);
        Some(Self {
            flags: u16_le(header, 6)?,
            method: u16_le(header, 8)?,
            crc: u32_le(header, 14)?,
            compressed_size,
            size,
            name: bytes.get(name_at..extra_at)?,
            extra,
            data: bytes.get(data_at..)?,
            data_at,
        })
    }

    fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// True where it tells the same as the directory. Sizes behind the data are not compared.
    pub(super) fn agrees(&self, entry: &Entry<'_>) -> bool {
        let same_size = self.has(FLAG_SIZES_BEHIND) || self.compressed_size == entry.compressed_size;
        let same_lock = self.has(FLAG_ENCRYPTED) == (entry.flags & FLAG_ENCRYPTED != 0);
        // With an encrypted directory the local header tells neither name nor size.
        let masked = self.has(FLAG_MASKED) && same_lock;
        masked || (self.name == entry.name && self.method == entry.method && same_size && same_lock)
    }

    /// What a reader without a directory takes for the member.
    fn packed(&self) -> Packed<'a> {
        let unsaid = self.has(FLAG_SIZES_BEHIND) && self.compressed_size == 0;
        let said = usize::try_from(self.compressed_size).ok().filter(|size| !unsaid && *size <= self.data.len());
        Packed {
            name: self.name,
            extra: self.extra,
            flags: self.flags,
            method: self.method,
            crc: Some(self.crc).filter(|_| !self.has(FLAG_SIZES_BEHIND)),
            size: Some(self.size).filter(|_| !self.has(FLAG_SIZES_BEHIND)),
            data: self.data,
            compressed_size: said.unwrap_or_else(|| length_until_mark(self.data)),
        }
    }
}

/// Octets up to the next record of the archive.
fn length_until_mark(data: &[u8]) -> usize {
    memmem::find_iter(data, b"PK")
        .find(|at| data.get(*at..).is_some_and(|rest| FOLLOWING.iter().any(|mark| rest.starts_with(mark))))
        .unwrap_or(data.len())
}

/// Takes the members that no span covers.
pub(super) fn open_hidden(bytes: &[u8], covered: &Spans, opening: &mut Opening<'_>) {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memmem::find(rest, MARK)) {
        let start = at + found;
        if let Some(end) = covered.end_of(start) {
            at = end;
            continue;
        }
        let local = Local::read(bytes, start).filter(|local| METHODS.contains(&local.method) && !local.name.is_empty());
        at = match local {
            Some(local) => match take(&local, opening) {
                (ControlFlow::Continue(()), end) => end,
                (ControlFlow::Break(()), _) => return,
            },
            None => start + MARK.len(),
        };
    }
}

/// Takes one member; gives where the search goes on.
fn take(local: &Local<'_>, opening: &mut Opening<'_>) -> (ControlFlow<()>, usize) {
    opening.note(NoteKind::Lying, "members that the directory hides");
    if local.has(FLAG_MASKED) {
        opening.note(NoteKind::Encrypted, "a zip directory with a password");
    }
    let (flow, read) = local.packed().take(opening);
    (flow, local.data_at.saturating_add(read))
}
