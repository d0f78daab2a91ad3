//! Where a program for Windows or Linux begins to run, and where its sections lie in the file.
//!
//! Reads what signatures need and no more; a header that lies gives no place. Standards: the PE/COFF and ELF formats.

use crate::limits::SIGNATURE_SECTIONS_MAX;

/// Places in a program; all empty for other contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) entry_point: Option<usize>,
    /// Begin and end in the file.
    pub(super) sections: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) fn of(bytes: &[u8]) -> Self {
        portable_executable(bytes).or_else(|| elf(bytes)).unwrap_or_default()
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let octets = bytes.get(at..at.checked_add(length)?)?;
    let number = octets.iter().rev().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
    usize::try_from(number).ok()
}

/// One section: where it lies in memory and in the file.
struct Section {
    address: usize,
    memory: usize,
    begin: usize,
    size: usize,
}

fn portable_executable(bytes: &[u8]) -> Option<Layout> {
    if !bytes.starts_with(b"MZ") {
        return None;
    }
    let header = number(bytes, 0x3c, 4)?;
    if bytes.get(header..header.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let count = number(bytes, header + 6, 2)?.min(SIGNATURE_SECTIONS_MAX);
    let optional = header + 24;
    let table = optional + number(bytes, header + 20, 2)?;
    let entry = number(bytes, optional + 16, 4)?;
    let section = |index: usize| {
        let at = table + index * 40;
        let (memory, address) = (number(bytes, at + 8, 4)?, number(bytes, at + 12, 4)?);
        // The loader rounds the place in the file down to a sector.
        let (size, begin) = (number(bytes, at + 16, 4)?, number(bytes, at + 20, 4)? & !0x1ff);
        Some(Section { address, memory, begin, size })
    };
    Some(layout(bytes, entry, (0..count).map_while(section)))
}

fn elf(bytes: &[u8]) -> Option<Layout> {
    // Least octet first only, which all machines that people read mail on are.
    let is_wide = match bytes.get(..6)? {
        [0x7f, b'E', b'L', b'F', 1, 1] => false,
        [0x7f, b'E', b'L', b'F', 2, 1] => true,
        _ => return None,
    };
    let wide = |narrow_at: usize, wide_at: usize| {
        if is_wide { number(bytes, wide_at, 8) } else { number(bytes, narrow_at, 4) }
    };
    let half = |narrow_at: usize, wide_at: usize| number(bytes, if is_wide { wide_at } else { narrow_at }, 2);
    let (entry, table) = (wide(24, 24)?, wide(28, 32)?);
    let (size, count) = (half(42, 54)?, half(44, 56)?.min(SIGNATURE_SECTIONS_MAX));
    let segment = |index: usize| {
        let at = table.checked_add(index * size)?;
        let field = |narrow: usize, wide: usize| {
            if is_wide { number(bytes, at.checked_add(wide)?, 8) } else { number(bytes, at.checked_add(narrow)?, 4) }
        };
        let (begin, address) = (field(4, 8)?, field(8, 16)?);
        Some(Section { address, memory: field(20, 40)?, begin, size: field(16, 32)? })
    };
    Some(layout(bytes, entry, (0..count).map_while(segment)))
}

fn layout(bytes: &[u8], entry: usize, sections: impl Iterator<Item = Section>) -> Layout {
    let mut found = Layout::default();
    for section in sections {
        let behind = entry.checked_sub(section.address).filter(|behind| *behind < section.memory.max(section.size));
        if let (Some(behind), None) = (behind, found.entry_point) {
            found.entry_point = section.begin.checked_add(behind).filter(|at| *at < bytes.len());
        }
        let end = section.begin.saturating_add(section.size).min(bytes.len());
        found.sections.push((section.begin.min(bytes.len()), end));
    }
    // Code before the first section lies in the header, where file and memory are the same.
    found.entry_point = found.entry_point.or(Some(entry).filter(|at| *at < bytes.len()));
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A program with one section that holds `code` at 0x200 and begins `entry` octets into it.
    pub(in crate::signatures) fn program(code: &[u8], entry: u32) -> Vec<u8> {
        let mut bytes = vec![0; 0x200];
        bytes[..2].copy_from_slice(b"MZ");
        bytes[0x3c] = 0x40;
        bytes[0x40..0x44].copy_from_slice(b"PE\0\0");
        bytes[0x44..0x46].copy_from_slice(&[0x4c, 1]);
        bytes[0x46] = 1;
        bytes[0x54] = 0xe0;
        bytes[0x56..0x58].copy_from_slice(&[0x02, 0x01]);
        bytes[0x58..0x5a].copy_from_slice(&[0x0b, 0x01]);
        bytes[0x68..0x6c].copy_from_slice(&(0x1000 + entry).to_le_bytes());
        let section = 0x58 + 0xe0;
        bytes[section..section + 5].copy_from_slice(b".text");
        for (at, value) in [(8, code.len() as u32), (12, 0x1000), (16, code.len() as u32), (20, 0x200)] {
            bytes[section + at..section + at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes.extend(code);
        bytes
    }

    #[test]
    fn the_entry_point_and_the_sections_are_found() {
        let layout = Layout::of(&program(b"0123456789", 4));
        assert_eq!(layout, Layout { entry_point: Some(0x204), sections: vec![(0x200, 0x20a)] });
        let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
        elf.resize(64 + 56, 0);
        elf[24..28].copy_from_slice(&0x400060_u32.to_le_bytes());
        elf[32] = 64;
        elf[54] = 56;
        elf[56] = 1;
        elf[64 + 16..64 + 20].copy_from_slice(&0x400000_u32.to_le_bytes());
        elf[64 + 32] = 120;
        elf[64 + 40] = 120;
        assert_eq!(Layout::of(&elf), Layout { entry_point: Some(0x60), sections: vec![(0, 120)] });
        assert_eq!(Layout::of(b"MZ and no more"), Layout::default());
        assert_eq!(Layout::of(b"\x7fELF\x02\x01"), Layout::default());
    }
}
