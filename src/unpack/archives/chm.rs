//! Compiled help files of Windows (CHM).
//!
//! Does not read older help files (HLP). Source: M. Russotto, "Microsoft's HTML Help (.chm) format"; LZX as in [MS-PATCH].

use super::solid::{self, File, close};
use crate::unpack::fields::{u32_le, u64_le};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use lzxd::{Lzxd, WindowSize};
use std::io::{Error, ErrorKind, Read};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "chm", about: "compiled help files of Windows", recognise, nature: Nature::Container(open) };

const MARK: &[u8] = b"ITSF";
/// Members of this name hold what is needed to read the others.
const CONTENT: &[u8] = b"::DataSpace/Storage/MSCompressed/Content";
const CONTROL: &[u8] = b"::DataSpace/Storage/MSCompressed/ControlData";
const RESETS: &[u8] =
    b"::DataSpace/Storage/MSCompressed/Transform/{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable";
const LISTING_HEADER_BYTES: usize = 20;
/// Octets that one packed block unpacks to.
const BLOCK_BYTES: u64 = 32 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let has_mark = contents.bytes.starts_with(MARK) && u32_le(contents.bytes, 4).is_some_and(|version| version <= 4);
    has_mark.then_some("application/vnd.ms-htmlhelp")
}

/// Gives all members.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    match Help::read(contents.bytes) {
        Some(help) => {
            // Nothing follows that a spent budget could skip.
            let _ = help.members(opening);
        }
        None => opening.note(NoteKind::Damaged, "a help file's header"),
    }
}

struct Help<'a> {
    bytes: &'a [u8],
    /// Where what is not packed begins.
    data_at: usize,
    files: Vec<File<'a>>,
}

impl<'a> Help<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let place = |at: usize| u64_le(bytes, at).and_then(|value| usize::try_from(value).ok());
        let directory_at = place(0x48)?;
        let directory = bytes.get(directory_at..)?;
        // Version 2 has no place of the data: it follows the directory.
        let data_at = if u32_le(bytes, 4)? < 3 { directory_at.checked_add(place(0x50)?)? } else { place(0x58)? };
        let (header, size) = (u32_le(directory, 8)? as usize, u32_le(directory, 16)? as usize);
        let listings = directory.get(header..)?.chunks_exact(size.max(LISTING_HEADER_BYTES + 1));
        let count = u32_le(directory, 0x2c)? as usize;
        let mut files = Vec::new();
        for listing in listings.take(count).filter(|chunk| chunk.starts_with(b"PMGL")) {
            let end = listing.len().saturating_sub(u32_le(listing, 4)? as usize);
            let mut rest = listing.get(LISTING_HEADER_BYTES..end).unwrap_or_default();
            while let Some(file) = entry(&mut rest) {
                files.push(file);
            }
        }
        Some(Self { bytes, data_at, files })
    }

    /// What is not packed of the file.
    fn stored(&self, file: &File<'_>) -> Option<&'a [u8]> {
        let start = self.data_at.checked_add(usize::try_from(file.offset).ok()?)?;
        self.bytes.get(start..start.checked_add(usize::try_from(file.size).ok()?)?)
    }

    fn named(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.files.iter().find(|file| file.name == name && file.folder == 0).and_then(|file| self.stored(file))
    }

    fn members(mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let mut files = std::mem::take(&mut self.files);
        files.sort_by_key(|file| (file.folder, file.offset));
        let help = Self { files, ..self };
        // Folders, and tables that belong to the format.
        let is_member = |file: &&File<'_>| !file.name.ends_with(b"/") && !file.name.starts_with(b"::");
        let (stored, packed): (Vec<_>, Vec<_>) =
            help.files.iter().filter(is_member).copied().partition(|file| file.folder == 0);
        let data = help.bytes.get(help.data_at..).unwrap_or_default();
        solid::take(&stored, || data, opening)?;
        match Packed::of(&help) {
            Some(whole) => solid::take(&packed, || whole.reader(), opening),
            None => close(&packed, NoteKind::Damaged, "a help file's tables", opening),
        }
    }
}

/// One entry of a listing: name, section, offset, length.
fn entry<'a>(rest: &mut &'a [u8]) -> Option<File<'a>> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (name, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let folder = usize::try_from(number(rest)?).ok()?;
    Some(File { name, folder, offset: number(rest)?, size: number(rest)? })
}

/// A number in octets of seven bits, the highest first.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    loop {
        let (first, behind) = rest.split_first()?;
        *rest = behind;
        value = value.checked_mul(128)? | u64::from(first & 0x7f);
        if *first < 0x80 {
            return Some(value);
        }
    }
}

/// The packed section.
struct Packed<'a> {
    data: &'a [u8],
    /// Where each block begins, eight octets each.
    places: &'a [u8],
    size: u64,
    /// Blocks after which the decoder begins anew.
    interval: u64,
    window: WindowSize,
}

impl<'a> Packed<'a> {
    fn of(help: &Help<'a>) -> Option<Self> {
        let (control, resets) = (help.named(CONTROL)?, help.named(RESETS)?);
        let unit = if u32_le(control, 8)? == 2 { BLOCK_BYTES } else { 1 };
        let window_bytes = u64::from(u32_le(control, 16)?) * unit;
        let interval_bytes = u64::from(u32_le(control, 12)?) * unit;
        let window = match window_bytes {
            0x8000 => WindowSize::KB32,
            0x1_0000 => WindowSize::KB64,
            0x2_0000 => WindowSize::KB128,
            0x4_0000 => WindowSize::KB256,
            0x8_0000 => WindowSize::KB512,
            0x10_0000 => WindowSize::MB1,
            0x20_0000 => WindowSize::MB2,
            _ => return None,
        };
        Some(Self {
            data: help.named(CONTENT)?,
            places: resets.get(u32_le(resets, 12)? as usize..)?,
            size: u64_le(resets, 16)?,
            interval: (interval_bytes / BLOCK_BYTES).max(1),
            window,
        })
    }

    fn reader(&self) -> PackedReader<'a, '_> {
        PackedReader { whole: self, next: 0, decoder: Box::new(Lzxd::new(self.window)), block: Vec::new(), read: 0 }
    }
}

struct PackedReader<'a, 'w> {
    whole: &'w Packed<'a>,
    next: u64,
    decoder: Box<Lzxd>,
    block: Vec<u8>,
    read: usize,
}

impl PackedReader<'_, '_> {
    fn next_block(&mut self, size: u64) -> Option<()> {
        let place = |index: u64| {
            let at = usize::try_from(index).ok()?.checked_mul(8)?;
            u64_le(self.whole.places, at).and_then(|place| usize::try_from(place).ok())
        };
        let start = place(self.next)?;
        let end = place(self.next + 1).unwrap_or(self.whole.data.len());
        let data = self.whole.data.get(start..end)?;
        if self.next.is_multiple_of(self.whole.interval) {
            *self.decoder = Lzxd::new(self.whole.window);
        }
        self.next += 1;
        self.read = 0;
        // The last block is filled up.
        let block = self.decoder.decompress_next(data, BLOCK_BYTES as usize).ok()?;
        self.block = block.get(..usize::try_from(size).ok()?)?.to_vec();
        Some(())
    }
}

impl Read for PackedReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.block.len() {
            let left = self.whole.size.saturating_sub(self.next.saturating_mul(BLOCK_BYTES));
            if left == 0 {
                return Ok(0);
            }
            if self.next_block(left.min(BLOCK_BYTES)).is_none() {
                self.next = u64::MAX;
                (self.block, self.read) = (Vec::new(), 0);
                return Err(Error::from(ErrorKind::InvalidData));
            }
        }
        let count = self.block.get(self.read..).unwrap_or_default().read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{chm, shown};

    #[test]
    fn members_are_given() {
        let (items, notes) = shown(&chm(&[("/a.txt", b"text"), ("/run", b"\x7fELF\x02\x01\x01"), ("/folder/", b"")]));
        assert_eq!(items, ["application/vnd.ms-htmlhelp", "/a.txt text/plain", "/run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
    }
}
