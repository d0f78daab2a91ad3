//! Programs and archives that a text or script carries in letters: base64 (backwards too), hexadecimal or decimal numbers.
//!
//! Does not run what would put pieces together. Standards: RFC 4648 §4 and §5 (base64, both alphabets).

use super::{Found, Pieces};
use crate::limits::{ENCODED_TRIAL_BYTES, ENCODED_TRIALS_MAX};
use crate::unpack::programs::text::wide;
use crate::unpack::programs::{elf, pe};
use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// In which letters a piece is written.
#[derive(Clone, Copy)]
enum Code {
    Base64,
    /// Base64 with its last letter first.
    Backwards,
    Hex,
    Decimal,
}

/// How programs and archives begin in these letters; without regard to case for hexadecimal.
const BEGINS: [(&[u8], Code); 23] = [
    (b"TVq", Code::Base64),
    (b"TVp", Code::Base64),
    (b"TVo", Code::Base64),
    (b"TVr", Code::Base64),
    (b"f0VMRg", Code::Base64),
    (b"UEsDB", Code::Base64),
    (b"UmFyIRoH", Code::Base64),
    (b"N3q8ryc", Code::Base64),
    (b"H4sI", Code::Base64),
    (b"0M8R4KGxG", Code::Base64),
    (b"AAMAAQqVT", Code::Backwards),
    (b"AAAAAAQqVT", Code::Backwards),
    (b"4d5a", Code::Hex),
    (b"4D5A", Code::Hex),
    (b"4d 5a", Code::Hex),
    (b"4D 5A", Code::Hex),
    (b"0x4d", Code::Hex),
    (b"0x4D", Code::Hex),
    (b"\\x4d", Code::Hex),
    (b"\\x4D", Code::Hex),
    (b"&H4D", Code::Hex),
    (b"77,90,", Code::Decimal),
    (b"77, 90,", Code::Decimal),
];

static FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(BEGINS.iter().map(|(begin, _)| begin)).ok());

/// Marks of archives, behind which much may follow.
const ARCHIVES: [&[u8]; 5] =
    [b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

/// Adds every piece that is sound once decoded.
pub(super) fn find(bytes: &[u8], pieces: &mut Pieces) {
    find_marked(bytes, &ARCHIVES, pieces);
}

/// The same without archives: readers of pages put the halves of those together, and give them.
pub(super) fn find_programs(bytes: &[u8], pieces: &mut Pieces) {
    find_marked(bytes, &[], pieces);
}

fn find_marked(bytes: &[u8], archives: &[&[u8]], pieces: &mut Pieces) {
    // Places are counted in the text as it is decoded here.
    let decoded = wide(bytes);
    let text = decoded.as_deref().map_or(bytes, str::as_bytes);
    let (mut free_from, mut trials) = (0, 0);
    for found in FINDER.iter().flat_map(|finder| finder.find_iter(text)) {
        let at = found.start();
        let Some(((_, code), rest)) = BEGINS.get(found.pattern().as_usize()).zip(text.get(at..)) else { continue };
        // Backwards, what begins here goes back to the piece before.
        let (at, rest) = match code {
            Code::Backwards => (at, text.get(free_from..found.end()).unwrap_or_default()),
            Code::Base64 | Code::Hex | Code::Decimal => (at, rest),
        };
        if at < free_from {
            continue;
        }
        trials += 1;
        if trials > ENCODED_TRIALS_MAX {
            pieces.more = true;
            return;
        }
        let (begin, _) = code.decode(rest, ENCODED_TRIAL_BYTES);
        if !is_sound(&begin, archives) {
            continue;
        }
        let (piece, length) = code.decode(rest, usize::MAX);
        free_from = match code {
            Code::Backwards => found.end(),
            Code::Base64 | Code::Hex | Code::Decimal => at + length,
        };
        if !pieces.add(at, piece, Found::Encoded) {
            return;
        }
    }
}

/// Structure behind the mark, so that no random letters count.
fn is_sound(begin: &[u8], archives: &[&[u8]]) -> bool {
    pe::Headers::read(begin).is_some()
        || elf::Header::read(begin).is_some()
        || (begin.len() > 32 && archives.iter().any(|mark| begin.starts_with(mark)))
}

impl Code {
    /// The octets up to the first letter that does not belong, of at most so many letters, and how many letters they took.
    fn decode(self, text: &[u8], letters_max: usize) -> (Vec<u8>, usize) {
        let begin = text.get(..text.len().min(letters_max)).unwrap_or(text);
        match self {
            Self::Base64 => base64(begin.iter()),
            Self::Backwards => base64(text.iter().rev().take(letters_max)),
            Self::Hex => hex(begin),
            Self::Decimal => decimal(begin),
        }
    }
}

pub(super) fn base64<'t>(letters: impl Iterator<Item = &'t u8>) -> (Vec<u8>, usize) {
    let mut octets = Vec::new();
    let (mut bits, mut count, mut taken) = (0_u32, 0, 0);
    for (at, letter) in letters.enumerate() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\r' | b'\n' | b'\t' | b' ' => continue,
            _ => break,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        taken = at + 1;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (octets, taken)
}

fn hex(text: &[u8]) -> (Vec<u8>, usize) {
    let digit = |letter: &u8| char::from(*letter).to_digit(16);
    let mut octets = Vec::with_capacity(text.len() / 2);
    let (mut at, mut taken) = (0, 0);
    loop {
        match text.get(at..).unwrap_or_default() {
            [b' ' | b'\t' | b'\r' | b'\n' | b',' | b'\\' | b'"' | b'\'' | b'&' | b'+' | b'_', ..] => at += 1,
            [b'0', b'x' | b'X', _, ..] => at += 2,
            [b'x' | b'H' | b'h', _, ..] => at += 1,
            [high, low, ..] => {
                let Some((high, low)) = digit(high).zip(digit(low)) else { break };
                octets.push((high << 4 | low) as u8);
                at += 2;
                taken = at;
            }
            _ => break,
        }
    }
    (octets, taken)
}

fn decimal(text: &[u8]) -> (Vec<u8>, usize) {
    let mut octets = Vec::new();
    let (mut number, mut taken) = (None::<u32>, 0);
    for (at, letter) in text.iter().enumerate() {
        match letter {
            b'0'..=b'9' => number = Some(number.unwrap_or(0).saturating_mul(10) + u32::from(letter - b'0')),
            b',' | b' ' | b'\t' | b'\r' | b'\n' | b'_' => {
                let Some(value) = number.take() else { continue };
                let Ok(octet) = u8::try_from(value) else { break };
                octets.push(octet);
                taken = at;
            }
            _ => break,
        }
    }
    (octets, taken)
}
