//! The central directories of a zip archive: several may be there, and readers differ in which they believe.
//!
//! Does not look at local headers. Entries are read one by one: a directory of millions holds no memory, and what the
//! `zip` crate merges or refuses (members of one name, a directory far from the end) is seen. Standards: APPNOTE.TXT
//! 6.3.10 §4.3.12–4.3.16.

use crate::limits::ZIP_DIRECTORIES_MAX;
use crate::unpack::fields::{u16_le, u32_le, u64_le};
use memchr::memmem;

pub(super) const END_MARK: &[u8] = b"PK\x05\x06";
pub(super) const ENTRY_MARK: &[u8] = b"PK\x01\x02";
const END_64_MARK: &[u8] = b"PK\x06\x06";
const LOCATOR_64_MARK: &[u8] = b"PK\x06\x07";
const END_BYTES: usize = 22;
const LOCATOR_64_BYTES: usize = 20;
const END_64_BYTES: usize = 56;
const ENTRY_BYTES: usize = 46;
const EXTRA_ZIP_64: u16 = 1;

/// One member, as a directory tells it.
pub(super) struct Entry<'a> {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed_size: u64,
    pub(super) size: u64,
    /// Where its local header stands, if the directory is right.
    pub(super) header_at: usize,
    pub(super) name: &'a [u8],
    pub(super) extra: &'a [u8],
}

/// One directory; gives its entries.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    /// Where its first entry stands.
    pub(super) start: usize,
    at: usize,
    /// Octets before the archive, which its offsets don't count.
    shift: i128,
    /// As the end record says, which counts modulo 65536.
    pub(super) count: u64,
    /// The archive is one of several volumes.
    pub(super) is_split: bool,
}

/// What stands at the end of archives.
pub(super) struct Ends<'a> {
    /// The last first.
    pub(super) directories: Vec<Directory<'a>>,
    /// An end record without a directory: damaged, or the directory is encrypted.
    pub(super) without_directory: bool,
}

/// Finds the directories of an archive by their end records, wherever they stand.
pub(super) fn find(bytes: &[u8]) -> Ends<'_> {
    let mut ends = Ends { directories: Vec::new(), without_directory: false };
    let records = memmem::rfind_iter(bytes, END_MARK).take(ZIP_DIRECTORIES_MAX);
    for end in records {
        match Directory::at_end(bytes, end) {
            Some(directory) if ends.directories.iter().all(|other| other.start != directory.start) => {
                ends.directories.push(directory);
            }
            Some(_) => {}
            None => ends.without_directory = true,
        }
    }
    ends
}

impl<'a> Directory<'a> {
    fn at_end(bytes: &'a [u8], end: usize) -> Option<Self> {
        let record = bytes.get(end..end + END_BYTES)?;
        let disks = (u16_le(record, 4)?, u16_le(record, 6)?);
        let here = u16_le(record, 8)?;
        let mut count = u64::from(u16_le(record, 10)?);
        let is_split = disks.1 != u16::MAX && (disks != (0, 0) || u64::from(here) != count);
        let mut size = u64::from(u32_le(record, 12)?);
        let mut offset = u64::from(u32_le(record, 16)?);
        let mut behind = end;
        if let Some(at) = end_64(bytes, end) {
            let record = bytes.get(at..at + END_64_BYTES)?;
            (count, size, offset) = (u64_le(record, 32)?, u64_le(record, 40)?, u64_le(record, 48)?);
            behind = at;
        }
        // Foreign octets may stand before the archive: the directory stands right before its end record.
        let before_end = usize::try_from(size).ok().and_then(|size| behind.checked_sub(size));
        let as_said = usize::try_from(offset).ok();
        let start = [before_end, as_said].into_iter().flatten().find(|start| {
            (size == 0 && count == 0 && *start == behind)
                || bytes.get(*start..).is_some_and(|rest| rest.starts_with(ENTRY_MARK))
        })?;
        Some(Self { bytes, start, at: start, shift: start as i128 - i128::from(offset), count, is_split })
    }

    fn shifted(&self, offset: u64) -> usize {
        let is_header = |at: &usize| self.bytes.get(*at..).is_some_and(|rest| rest.starts_with(super::zip_local::MARK));
        let shifted = usize::try_from(i128::from(offset) + self.shift).ok();
        let plain = usize::try_from(offset).ok();
        [shifted, plain].into_iter().flatten().find(is_header).unwrap_or(usize::MAX)
    }
}

/// The zip64 end record that belongs to the end record at `end`.
fn end_64(bytes: &[u8], end: usize) -> Option<usize> {
    let locator_at = end.checked_sub(LOCATOR_64_BYTES)?;
    let locator = bytes.get(locator_at..end)?.strip_prefix(LOCATOR_64_MARK)?;
    let said = u64_le(locator, 4).and_then(|at| usize::try_from(at).ok());
    let before = locator_at.checked_sub(END_64_BYTES);
    let has_mark = |at: &usize| bytes.get(*at..).is_some_and(|rest| rest.starts_with(END_64_MARK));
    [before, said].into_iter().flatten().find(has_mark)
}

impl<'a> Iterator for Directory<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let header = self.bytes.get(self.at..self.at.checked_add(ENTRY_BYTES)?)?;
        if !header.starts_with(ENTRY_MARK) {
            return None;
        }
        let name_at = self.at + ENTRY_BYTES;
        let extra_at = name_at + usize::from(u16_le(header, 28)?);
        let comment_at = extra_at + usize::from(u16_le(header, 30)?);
        let name = self.bytes.get(name_at..extra_at)?;
        let extra = self.bytes.get(extra_at..comment_at)?;
        self.at = comment_at + usize::from(u16_le(header, 32)?);
        let sizes = [u32_le(header, 24)?, u32_le(header, 20)?, u32_le(header, 42)?];
        let [size, compressed_size, offset] = sizes_64(extra, sizes);
        Some(Entry {
            flags: u16_le(header, 8)?,
            method: u16_le(header, 10)?,
            crc: u32_le(header, 16)?,
            compressed_size,
            size,
            header_at: self.shifted(offset),
            name,
            extra,
        })
    }
}

/// Numbers of a header, those that did not fit taken from the zip64 field: there they stand in this order.
pub(super) fn sizes_64<const COUNT: usize>(extra: &[u8], numbers: [u32; COUNT]) -> [u64; COUNT] {
    let mut field = extra_field(extra, EXTRA_ZIP_64).unwrap_or_default();
    numbers.map(|number| match (number, u64_le(field, 0)) {
        (u32::MAX, Some(large)) => {
            field = field.get(8..).unwrap_or_default();
            large
        }
        _ => u64::from(number),
    })
}

/// The first extra field of a kind.
pub(super) fn extra_field(extra: &[u8], kind: u16) -> Option<&[u8]> {
    let mut rest = extra;
    loop {
        let length = usize::from(u16_le(rest, 2)?);
        let field = rest.get(4..4 + length)?;
        if u16_le(rest, 0) == Some(kind) {
            return Some(field);
        }
        rest = rest.get(4 + length..)?;
    }
}
