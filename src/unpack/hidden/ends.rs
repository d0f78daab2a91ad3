//! Where pictures and programs end by their own structure; behind that, viewers and loaders look at nothing.
//!
//! Does not check the structure. Sources: PNG (ISO/IEC 15948), JPEG (ITU-T T.81 annex B), GIF89a, RIFF; the files of the
//! programs' formats.

use crate::unpack::programs::numbers::{u16_be, u32_be, u32_le};
use crate::unpack::programs::{elf, macho, pe, shortcut};

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
