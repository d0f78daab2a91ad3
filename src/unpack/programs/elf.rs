//! Linux and Unix programs and libraries.
//!
//! Does not read symbols. Source: the ELF specification; the AppImage specification.

use crate::unpack::fields::{u16_be, u16_le, u32_be, u32_le, u64_le};
use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "elf", about: "Linux and Unix programs and libraries", recognise, nature: Nature::Program };

pub(in crate::unpack) const MARK: &[u8] = b"\x7fELF";
pub(super) const ELF: &str = "application/x-elf";

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(MARK).then_some(ELF)
}

/// Numbers of an ELF file, in its own width and order.
pub(in crate::unpack) struct Header<'a> {
    bytes: &'a [u8],
    wide: bool,
    big_endian: bool,
}

impl<'a> Header<'a> {
    /// The header, where a loader or linker would take the file.
    pub(in crate::unpack) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (class, order) = (*bytes.get(4)?, *bytes.get(5)?);
        let header = Self { bytes, wide: class == 2, big_endian: order == 2 };
        let sound = bytes.starts_with(MARK)
            && (1..=2).contains(&class)
            && (1..=2).contains(&order)
            && bytes.get(6) == Some(&1)
            && (1..=4).contains(&header.short(16)?)
            && header.word(20)? == 1
            && usize::from(header.short(if header.wide { 52 } else { 40 })?) == if header.wide { 64 } else { 52 };
        sound.then_some(header)
    }

    /// Where the file ends by its own tables.
    pub(in crate::unpack) fn end(&self) -> usize {
        let counts = if self.wide { [54, 56, 58, 60] } else { [42, 44, 46, 48] };
        let [segment_bytes, segments, section_bytes, sections] = counts.map(|at| self.short(at).map_or(0, usize::from));
        let tables = if self.wide { [32, 40] } else { [28, 32] };
        let [segments_at, sections_at] = tables.map(|at| self.long(at).unwrap_or(0));
        let section_table = sections_at.saturating_add(section_bytes * sections);
        let segment_ends = (0..segments).map_while(|index| {
            let at = segments_at.checked_add(index * segment_bytes)?;
            let (offset, size) = if self.wide { (at + 8, at + 32) } else { (at + 4, at + 16) };
            Some(self.long(offset)?.saturating_add(self.long(size)?))
        });
        segment_ends.max().unwrap_or(0).max(section_table).max(if self.wide { 64 } else { 52 }).min(self.bytes.len())
    }

    fn short(&self, at: usize) -> Option<u16> {
        if self.big_endian { u16_be(self.bytes, at) } else { u16_le(self.bytes, at) }
    }

    fn word(&self, at: usize) -> Option<u32> {
        if self.big_endian { u32_be(self.bytes, at) } else { u32_le(self.bytes, at) }
    }

    /// An offset or a size.
    fn long(&self, at: usize) -> Option<usize> {
        if !self.wide {
            return self.word(at).map(|number| number as usize);
        }
        let number = u64_le(self.bytes, at)?;
        usize::try_from(if self.big_endian { number.swap_bytes() } else { number }).ok()
    }
}

pub(super) fn describe(contents: &Contents<'_>) -> Option<String> {
    let header = Header::read(contents.bytes)?;
    if contents.bytes.get(8..10) == Some(b"AI") {
        return Some("AppImage".to_string());
    }
    let kind = match header.short(16)? {
        1 => "object file",
        2 => "program",
        3 => "program or library",
        4 => "memory of a program",
        _ => return None,
    };
    Some(kind.to_string())
}
