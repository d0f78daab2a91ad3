//! macOS programs: Mach-O and fat files.
//!
//! The slices of a fat file are found by `hidden`, as members. Source: mach-o/loader.h, mach-o/fat.h.

use crate::unpack::fields::{u32_be, u32_le, u64_le};
use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "macho", about: "macOS and iOS programs and libraries", recognise, nature: Nature::Program };

pub(super) const MACH_O: &str = "application/x-mach-binary";
/// Java class files have the mark of fat files; their version, 45 or more, stands where the number of slices would.
pub(in crate::unpack) const CLASS_VERSION_MIN: u32 = 45;
/// Marks of one slice, as they stand in the file.
pub(in crate::unpack) const MARKS: [&[u8]; 4] =
    [b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"];
/// VAX to arm64_32, without the bits that tell the width.
const PROCESSORS: [u32; 8] = [1, 6, 7, 10, 12, 14, 16, 18];
const COMMANDS_MAX: u32 = 4096;
const COMMAND_BYTES_MAX: u32 = 1 << 20;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let is_slice = MARKS.iter().any(|mark| bytes.starts_with(mark));
    let is_fat = matches!(u32_be(bytes, 0)?, 0xcafe_babe | 0xcafe_babf)
        && u32_be(bytes, 4).is_some_and(|slices| (1..CLASS_VERSION_MIN).contains(&slices));
    (is_slice || is_fat).then_some(MACH_O)
}

/// Where a slice ends by its own commands; `None` where no loader would take it.
pub(in crate::unpack) fn end(bytes: &[u8]) -> Option<usize> {
    let big_endian = bytes.starts_with(b"\xfe\xed");
    let word = |at: usize| if big_endian { u32_be(bytes, at) } else { u32_le(bytes, at) };
    let long = |at: usize| u64_le(bytes, at).map(|number| if big_endian { number.swap_bytes() } else { number });
    let wide = word(0)? == 0xfeed_facf;
    let (processor, kind, commands, command_bytes) = (word(4)?, word(12)?, word(16)?, word(20)?);
    let sound = MARKS.iter().any(|mark| bytes.starts_with(mark))
        && PROCESSORS.contains(&(processor & 0x00ff_ffff))
        && (1..=14).contains(&kind)
        && (1..=COMMANDS_MAX).contains(&commands)
        && command_bytes <= COMMAND_BYTES_MAX;
    if !sound {
        return None;
    }
    let mut at = if wide { 32 } else { 28 };
    let mut end = at + command_bytes as usize;
    for _ in 0..commands {
        let (Some(command), Some(size)) = (word(at), word(at + 4)) else { break };
        let segment = match command {
            0x01 => word(at + 32).zip(word(at + 36)).map(|(from, size)| u64::from(from) + u64::from(size)),
            0x19 => long(at + 40).zip(long(at + 48)).map(|(from, size)| from.saturating_add(size)),
            _ => None,
        };
        end = end.max(segment.and_then(|end| usize::try_from(end).ok()).unwrap_or(0));
        if size < 8 {
            break;
        }
        at += size as usize;
    }
    Some(end.min(bytes.len()))
}

pub(super) fn describe(contents: &Contents<'_>) -> Option<String> {
    let bytes = contents.bytes;
    if matches!(u32_be(bytes, 0)?, 0xcafe_babe | 0xcafe_babf) {
        return Some(format!("{} slices", u32_be(bytes, 4)?));
    }
    let kind = if bytes.starts_with(b"\xfe\xed") { u32_be(bytes, 12)? } else { u32_le(bytes, 12)? };
    let kind = match kind {
        1 => "object file",
        2 => "program",
        4 => "memory of a program",
        6 | 8 | 9 => "library",
        11 => "kernel extension",
        _ => return None,
    };
    Some(kind.to_string())
}
