//! Where pictures and programs end by their own structure; behind that, viewers and loaders look at nothing.
//!
//! Does not check the structure. Sources: PNG (ISO/IEC 15948), JPEG (ITU-T T.81 annex B), GIF89a, RIFF; the files of the
//! programs' formats.

use crate::unpack::documents::compound::MARK;
use crate::unpack::fields::{u16_be, u16_le, u32_be, u32_le, u64_le};
use crate::unpack::programs::{elf, macho, pe, shortcut};
use memchr::memmem;

/// The end, where it is known and something follows.
pub(super) fn end(bytes: &[u8], true_type: &str) -> Option<usize> {
    let end = match true_type {
        "image/png" => png(bytes),
        "image/jpeg" => jpeg(bytes),
        "image/gif" => gif(bytes),
        "image/bmp" => u32_le(bytes, 2).map(|size| size as usize).filter(|size| *size > 54),
        "image/webp" | "audio/x-wav" | "audio/wav" | "video/x-msvideo" => {
            u32_le(bytes, 4).map(|size| (size as usize).saturating_add(8 + (size as usize & 1)))
        }
        shortcut::SHORTCUT => shortcut::Shortcut::read(bytes).map(|shortcut| shortcut.end),
        "application/vnd.microsoft.portable-executable" => pe::Headers::read(bytes).map(|headers| headers.end()),
        "application/x-elf" => elf::Header::read(bytes).map(|header| header.end()),
        "application/x-mach-binary" => macho::end(bytes),
        _ => None,
    };
    end.filter(|end| *end < bytes.len())
}

/// Where an archive begins and ends by its own structure; its reader sees nothing before and behind. The whole contents
/// where nobody can tell.
pub(super) fn of_archive(bytes: &[u8], true_type: &str) -> (usize, usize) {
    let whole = (0, bytes.len());
    let end = if bytes.starts_with(b"7z\xbc\xaf\x27\x1c") {
        let number = |at: usize| u64_le(bytes, at).and_then(|number| usize::try_from(number).ok());
        number(12).zip(number(20)).map(|(offset, size)| offset.saturating_add(size).saturating_add(32))
    } else if bytes.starts_with(b"MSCF\0\0\0\0") {
        u32_le(bytes, 8).map(|size| size as usize)
    } else if let Some(end) = rar(bytes) {
        Some(end)
    } else if bytes.starts_with(b"PK") || true_type == "application/zip" {
        return zip(bytes).unwrap_or(whole);
    } else {
        return whole;
    };
    (0, end.unwrap_or(usize::MAX).min(bytes.len()))
}

/// Behind the last sector of a compound file that is in use; none where it has no such structure. A table with more
/// sectors than the header tells of covers all of the file.
pub(super) fn of_compound(bytes: &[u8]) -> Option<usize> {
    const FREE: u32 = u32::MAX;
    const IN_HEADER: usize = 109;
    let shift = u16_le(bytes, 30).filter(|shift| bytes.starts_with(MARK) && matches!(shift, 9 | 12))?;
    let sector = 1_usize << shift;
    let count = u32_le(bytes, 44)? as usize;
    if count > IN_HEADER {
        return Some(bytes.len());
    }
    let mut end = 0;
    for index in 0..count {
        let at = (u32_le(bytes, 76 + index * 4)? as usize + 1).checked_mul(sector)?;
        let table = bytes.get(at..)?.chunks_exact(4).take(sector / 4);
        let last = table.enumerate().rfind(|(_, entry)| **entry != FREE.to_le_bytes());
        end = last.map_or(end, |(place, _)| (index * sector / 4 + place + 2) * sector);
    }
    Some(end.min(bytes.len()))
}

/// Behind the block that ends a RAR archive, or where something else than a block stands.
fn rar(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"Rar!\x1a\x07\x01\0") {
        Some(rar_blocks(bytes, 8, new_block))
    } else if bytes.starts_with(b"Rar!\x1a\x07\0") {
        Some(rar_blocks(bytes, 7, old_block))
    } else {
        None
    }
}

/// What a block of a RAR archive is.
struct Block {
    length: usize,
    is_last: bool,
}

fn rar_blocks(bytes: &[u8], mut at: usize, read: fn(&[u8]) -> Option<Block>) -> usize {
    while let Some(block) = bytes.get(at..).and_then(read) {
        at = at.saturating_add(block.length);
        if block.is_last {
            break;
        }
    }
    at.min(bytes.len())
}

/// A checksum, the kind, flags, its size, and where a flag says so the size of its data.
fn old_block(bytes: &[u8]) -> Option<Block> {
    let kind = bytes.get(2).filter(|kind| (0x72..=0x7b).contains(*kind))?;
    let (flags, size) = (u16_le(bytes, 3)?, usize::from(u16_le(bytes, 5)?));
    let has_data = flags & 0x8000 != 0 || matches!(kind, 0x74 | 0x7a);
    let data = if has_data { u64::from(u32_le(bytes, 7)?) } else { 0 };
    let high = if flags & 0x100 != 0 && matches!(kind, 0x74 | 0x7a) { u64::from(u32_le(bytes, 32)?) << 32 } else { 0 };
    let length = size.checked_add(usize::try_from(data | high).ok()?).filter(|_| size >= 7)?;
    Some(Block { length, is_last: *kind == 0x7b })
}

/// A checksum, then numbers of seven bits an octet: size, kind, flags, and where flags say so sizes of more and of data.
fn new_block(bytes: &[u8]) -> Option<Block> {
    let mut at = 4;
    let mut next = || {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let octet = *bytes.get(at)?;
            at += 1;
            value |= u64::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Some((value, at));
            }
        }
        None
    };
    let (size, begin) = next()?;
    let ((kind, _), (flags, _)) = (next()?, next()?);
    if flags & 1 != 0 {
        next()?;
    }
    let data = if flags & 2 != 0 { next()?.0 } else { 0 };
    let length = usize::try_from(size.checked_add(data)?).ok()?.checked_add(begin)?;
    (size > 0 && (1..=5).contains(&kind)).then_some(Block { length, is_last: kind == 5 })
}

/// From the first local header to the last end record, whose comment no reader needs.
fn zip(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = memmem::rfind_iter(bytes, b"PK\x05\x06").find(|end| {
        let directory = u32_le(bytes, end + 12).and_then(|size| end.checked_sub(size as usize));
        directory.and_then(|at| bytes.get(at..)).is_some_and(|rest| rest.starts_with(b"PK\x01\x02"))
    })?;
    Some((memmem::find(bytes, b"PK\x03\x04")?, end + 22))
}

/// Behind the chunk IEND.
fn png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8_usize;
    loop {
        let length = u32_be(bytes, at)? as usize;
        let is_last = bytes.get(at + 4..at + 8)? == b"IEND";
        at = at.checked_add(length)?.checked_add(12)?;
        if is_last {
            return Some(at);
        }
    }
}

/// Behind the first EOI that ends scan data.
fn jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2_usize;
    loop {
        let marker = match bytes.get(at..at + 2)? {
            [0xff, 0xff] => {
                at += 1;
                continue;
            }
            [0xff, marker] => *marker,
            _ => return None,
        };
        match marker {
            0xd9 => return Some(at + 2),
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                at += 2 + usize::from(u16_be(bytes, at + 2)?);
                if marker == 0xda {
                    at += scan_bytes(bytes.get(at..)?)?;
                }
            }
        }
    }
}

/// Length of a scan's data: to the next marker that is no stuffing and no restart.
fn scan_bytes(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(0xff, bytes).find(|at| !matches!(bytes.get(at + 1), Some(0 | 0xd0..=0xd7 | 0xff)))
}

/// Behind the trailer.
fn gif(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0_usize };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => at = blocks_end(bytes, at + 2)?,
            0x2c => at = blocks_end(bytes, at + 11 + table(*bytes.get(at + 9)?))?,
            _ => return None,
        }
    }
}

/// Behind a chain of data blocks.
fn blocks_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}
