//! Marks of programs and archives at any place, in one pass.
//!
//! Believes no mark alone. Sources: as the files of each format; APPNOTE.TXT 6.3.10 (zip), the 7z, cabinet and compound
//! file headers; RFC 1952 (gzip).

use super::{Found, Pieces};
use crate::limits::{HIDDEN_OPEN_BYTES_MAX, HIDDEN_OPEN_ENDS_MAX, HIDDEN_TRIALS_MAX};
use crate::unpack::archives::{arj, installshield, lha, nsis};
use crate::unpack::fields::{u16_le, u32_le, u64_le};
use crate::unpack::programs::{elf, macho, pe, shortcut};
use aho_corasick::AhoCorasick;
use memchr::memmem;
use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;
use std::sync::LazyLock;

/// How far a piece reaches.
enum Reach {
    /// So many octets, by its own structure.
    Octets(usize),
    /// Nobody can tell without reading it: to the end.
    Unknown,
}

/// What a mark must have around it, given from the begin of the piece on.
type Sound = fn(&[u8]) -> Option<Reach>;

const ZIP: &[u8] = b"PK\x03\x04";
const PROGRAM: &[u8] = b"MZ";
/// What is looked for, octets before it that belong to the piece, and what must be there.
const MARKS: [(&[u8], usize, Sound); 21] = [
    (PROGRAM, 0, |rest| Some(Reach::Octets(pe::Headers::read(rest)?.end()))),
    (elf::MARK, 0, |rest| Some(Reach::Octets(elf::Header::read(rest)?.end()))),
    (macho::MARKS[0], 0, mach_o),
    (macho::MARKS[1], 0, mach_o),
    (macho::MARKS[2], 0, mach_o),
    (macho::MARKS[3], 0, mach_o),
    (shortcut::MARK, 0, |rest| Some(Reach::Octets(shortcut::Shortcut::read(rest)?.end))),
    (ZIP, 0, zip),
    (b"Rar!\x1a\x07", 0, |rest| matches!(rest.get(6), Some(0 | 1)).then_some(Reach::Unknown)),
    (b"7z\xbc\xaf\x27\x1c", 0, seven_zip),
    (b"MSCF\0\0\0\0", 0, cabinet),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, compound),
    (b"\x1f\x8b\x08", 0, gzip),
    (b"\xfd7zXZ\0", 0, |rest| (rest.get(6) == Some(&0)).then_some(Reach::Unknown)),
    (b"BZh", 0, |rest| (rest.get(4..10) == Some(b"1AY&SY")).then_some(Reach::Unknown)),
    (b"dex\n03", 0, |rest| (rest.get(7) == Some(&0)).then_some(Reach::Unknown)),
    (arj::MARK, 0, |rest| arj::is_sound(rest).then_some(Reach::Unknown)),
    (b"-lh", 2, |rest| lha::is_sound(rest).then_some(Reach::Unknown)),
    (b"-lz", 2, |rest| lha::is_sound(rest).then_some(Reach::Unknown)),
    (nsis::MARK, 4, |rest| nsis::length(rest).map(Reach::Octets)),
    (installshield::SCRAMBLED_MARK, 0, |rest| installshield::begins_as_setup(rest).then_some(Reach::Unknown)),
];
/// Words that begin a script where there should be none; in lower case.
const WORDS: [&[u8]; 4] = [b"<script", b"<hta:application", b"<?php", b"<%eval"];

static FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(MARKS.iter().map(|(mark, _, _)| mark)).ok());
static WORD_FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS).ok());

/// Marks at the begin of [`MARKS`] that are of programs.
const PROGRAMS: usize = 7;

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    All,
    Programs,
}

/// Adds every sound piece that begins in this range and does not begin the contents.
pub(super) fn find<'a>(bytes: &'a [u8], within: Range<usize>, sought: Sought, pieces: &mut Pieces<'a>) {
    let (mut free_from, mut open_ends, mut open_bytes, mut trials) = (1, 0, 0, 0);
    let (base, within) = (within.start, bytes.get(within).unwrap_or_default());
    let mut has_open_zip = false;
    for found in FINDER.iter().flat_map(|finder| finder.find_iter(within)) {
        if sought == Sought::Programs && found.pattern().as_usize() >= PROGRAMS {
            continue;
        }
        let Some((mark, before, sound)) = MARKS.get(found.pattern().as_usize()) else { continue };
        let Some(at) = (base + found.start()).checked_sub(*before) else { continue };
        let Some(rest) = bytes.get(at..) else { continue };
        // Without its end, the first zip archive has all others: readers walk its local headers.
        if at < free_from || (*mark == ZIP && has_open_zip) {
            continue;
        }
        // Programs are looked up at once; others may cost more.
        trials += usize::from(*mark != PROGRAM);
        if trials > HIDDEN_TRIALS_MAX {
            pieces.more = true;
            return;
        }
        let piece = match sound(rest) {
            None => continue,
            Some(Reach::Octets(count)) => {
                free_from = at + count.max(1);
                rest.get(..count).unwrap_or(rest)
            }
            Some(Reach::Unknown) => {
                open_ends += 1;
                open_bytes += if open_ends > 1 { rest.len() } else { 0 };
                if open_ends > HIDDEN_OPEN_ENDS_MAX || open_bytes > HIDDEN_OPEN_BYTES_MAX {
                    pieces.more = true;
                    continue;
                }
                has_open_zip |= *mark == ZIP;
                rest
            }
        };
        let piece = if *mark == ZIP { rebased(piece, at, bytes) } else { Cow::Borrowed(piece) };
        if !pieces.add(at, piece, Found::Mark) {
            return;
        }
    }
}

/// Adds the first script, where no text should be: what follows belongs to it.
pub(super) fn find_words<'a>(bytes: &'a [u8], pieces: &mut Pieces<'a>) {
    let mut words = WORD_FINDER.iter().flat_map(|finder| finder.find_iter(bytes));
    let first = words.find(|found| {
        bytes.get(found.end()).is_some_and(|next| matches!(next, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'('))
    });
    if let Some(at) = first.map(|found| found.start()) {
        pieces.add(at, bytes.get(at..).unwrap_or_default(), Found::Script);
    }
}

fn mach_o(rest: &[u8]) -> Option<Reach> {
    macho::end(rest).map(Reach::Octets)
}

/// A local header that a writer would write; the piece ends with the end record.
fn zip(rest: &[u8]) -> Option<Reach> {
    let (version, method) = (u16_le(rest, 4)? & 0xff, u16_le(rest, 8)?);
    let name = usize::from(u16_le(rest, 26)?);
    let name = rest.get(30..30 + name).filter(|name| !name.is_empty())?;
    let sound = version <= 100 && (method <= 20 || (93..=99).contains(&method)) && !name.contains(&0);
    if !sound {
        return None;
    }
    let end = memmem::find_iter(rest, b"PK\x05\x06").find_map(|at| {
        let directory = u32_le(rest, at + 12)? as usize;
        let is_end =
            directory == u32::MAX as usize || rest.get(at.checked_sub(directory)?..)?.starts_with(b"PK\x01\x02");
        is_end.then_some(at + 22 + usize::from(u16_le(rest, at + 20)?))
    });
    Some(end.map_or(Reach::Unknown, |end| Reach::Octets(end.min(rest.len()))))
}

/// A zip archive behind a program counts its places from the begin of the program. Cut out, it must count from its own.
fn rebased<'a>(piece: &'a [u8], at: usize, whole: &[u8]) -> Cow<'a, [u8]> {
    let Some(end) = memmem::rfind(piece, b"PK\x05\x06") else { return piece.into() };
    let (Some(size), Some(place)) = (u32_le(piece, end + 12), u32_le(piece, end + 16)) else { return piece.into() };
    let counts_from_whole = whole.get(place as usize..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02"));
    let Some(mut entry) = end.checked_sub(size as usize).filter(|own| counts_from_whole && place as usize == own + at)
    else {
        return piece.into();
    };
    let mut archive = piece.to_vec();
    let mut lower = |field: usize| {
        let number = u32_le(piece, field).and_then(|number| number.checked_sub(u32::try_from(at).ok()?));
        if let (Some(number), Some(field)) = (number, archive.get_mut(field..field + 4)) {
            field.copy_from_slice(&number.to_le_bytes());
        }
    };
    lower(end + 16);
    while piece.get(entry..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")) {
        lower(entry + 42);
        let lengths: usize = [28, 30, 32].iter().map(|field| u16_le(piece, entry + field).map_or(0, usize::from)).sum();
        entry += 46 + lengths;
    }
    archive.into()
}

fn seven_zip(rest: &[u8]) -> Option<Reach> {
    let (offset, size) = (u64_le(rest, 12)?, u64_le(rest, 20)?);
    let end = usize::try_from(offset.checked_add(size)?.checked_add(32)?).ok()?;
    // Longer than the file: damaged, or a volume of several.
    (rest.get(6) == Some(&0)).then_some(if end <= rest.len() { Reach::Octets(end) } else { Reach::Unknown })
}

fn cabinet(rest: &[u8]) -> Option<Reach> {
    let size = u32_le(rest, 8)? as usize;
    let sound = u32_le(rest, 12)? == 0 && rest.get(25) == Some(&1) && u16_le(rest, 26)? > 0;
    sound.then_some(if (36..=rest.len()).contains(&size) { Reach::Octets(size) } else { Reach::Unknown })
}

/// As many sectors as its allocation table can tell of.
fn compound(rest: &[u8]) -> Option<Reach> {
    let shift = u16_le(rest, 30).filter(|shift| matches!(shift, 9 | 12))?;
    let sound = rest.get(28..30) == Some(b"\xfe\xff");
    let sector = 1_usize << shift;
    let sectors = (u32_le(rest, 44)? as usize).saturating_mul(sector / 4).saturating_add(1);
    sound.then(|| Reach::Octets(sectors.saturating_mul(sector).min(rest.len())))
}

/// A header without reserved bits, and deflated data that can be read for a while.
fn gzip(rest: &[u8]) -> Option<Reach> {
    let (flags, extra, system) = (*rest.get(3)?, *rest.get(8)?, *rest.get(9)?);
    if flags & 0xe0 != 0 || !matches!(extra, 0 | 2 | 4) || !(system <= 13 || system == 255) {
        return None;
    }
    let begin = rest.get(..rest.len().min(4096))?;
    let mut out = [0; 256];
    let read = flate2::read::GzDecoder::new(begin).read(&mut out);
    read.is_ok_and(|count| count > 0).then_some(Reach::Unknown)
}
