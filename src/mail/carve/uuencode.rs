//! uuencode, xxencode, and the base64 form of uuencode.
//!
//! Does not need the line `end`: what came before counts. Standards: POSIX uuencode; RFC 2045 §6.8 for its base64 form.

use super::lines::{Line, line_at, text_of};
use super::{Carved, Condition};
use crate::mail::transfer;

/// The alphabet of xxencode.
const XX: &[u8; 64] = b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Octets of a file name here; of a longer one the end is cut off.
const NAME_BYTES_MAX: usize = 255;

/// Foreign lines in a row after which the file is over.
const BAD_LINES_MAX: usize = 2;

/// Which letters stand for values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Uu,
    Xx,
}

/// The file that begins at a line `begin MODE NAME`, and where reading goes on; `None` for another line.
pub(super) fn begun(bytes: &[u8], line: Line, most: usize) -> Option<(Option<Carved>, usize)> {
    let text = text_of(bytes, line);
    let (rest, is_base64) = match text.strip_prefix(b"begin-base64 ") {
        Some(rest) => (rest, true),
        None => (text.strip_prefix(b"begin ")?, false),
    };
    let rest = rest.trim_ascii();
    let digits = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let behind = rest.get(digits..).unwrap_or_default();
    // Readers take any number for the mode, and a file without a name.
    if !(3..=8).contains(&digits) || !matches!(behind.first(), None | Some(b' ' | b'\t')) {
        return None;
    }
    let name = behind.trim_ascii();
    let name = String::from_utf8_lossy(name.get(..name.len().min(NAME_BYTES_MAX)).unwrap_or_default()).into_owned();
    let (contents, end, condition) =
        if is_base64 { base64_lines(bytes, line.next) } else { lines(bytes, line.next, most) };
    if contents.is_empty() {
        return Some((None, end));
    }
    let coding = if is_base64 { "base64" } else { "uuencode" };
    Some((Some(Carved { coding, name: Some(name), range: line.start..end, contents, condition }), end))
}

fn base64_lines(bytes: &[u8], from: usize) -> (Vec<u8>, usize, Condition) {
    let mut at = from;
    while let Some(line) = line_at(bytes, at) {
        let text = text_of(bytes, line).trim_ascii();
        if text == b"====" || !super::base64_runs::is_base64_line(text) {
            break;
        }
        at = line.next;
    }
    (transfer::base64(bytes.get(from..at).unwrap_or_default()), at, Condition::Sound)
}

/// Decodes lines until a few are none. A line that says more octets than it has letters for is filled up as far as it goes.
fn lines(bytes: &[u8], from: usize, most: usize) -> (Vec<u8>, usize, Condition) {
    let mut out = Vec::new();
    let mut at = from;
    let (mut alphabet, mut bad, mut end) = (None, 0, from);
    let mut condition = Condition::Damaged;
    while let Some(line) = line_at(bytes, at) {
        at = line.next;
        let text = text_of(bytes, line);
        if text.trim_ascii().is_empty() {
            continue;
        }
        let clean: Vec<u8>;
        let text = if memchr::memchr(0, text).is_some() {
            clean = text.iter().copied().filter(|byte| *byte != 0).collect();
            &clean
        } else {
            text
        };
        if text.trim_ascii_end() == b"end" {
            return (out, line.next, Condition::Sound);
        }
        let Some(known) = alphabet.or_else(|| alphabet_of(text)).filter(|known| fits(text, *known)) else {
            bad += 1;
            if bad > BAD_LINES_MAX {
                break;
            }
            continue;
        };
        (alphabet, bad, end) = (Some(known), 0, at);
        let before = out.len();
        decode_line(text, known, &mut out);
        // A line of no octets ends the file; some leave out the line `end`.
        condition = if out.len() == before { Condition::Sound } else { Condition::Damaged };
        if out.len() > most {
            out.truncate(most);
            return (out, at, Condition::CutOff);
        }
    }
    (out, end, condition)
}

fn alphabet_of(text: &[u8]) -> Option<Alphabet> {
    [Alphabet::Uu, Alphabet::Xx].into_iter().find(|alphabet| fits(text, *alphabet))
}

fn value(byte: u8, alphabet: Alphabet) -> Option<u8> {
    match alphabet {
        Alphabet::Uu => matches!(byte, 0x20..=0x60).then_some(byte.wrapping_sub(0x20) & 0x3f),
        Alphabet::Xx => XX.iter().position(|letter| *letter == byte).and_then(|at| u8::try_from(at).ok()),
    }
}

/// True for a line whose letters are about as many as its first one says: spaces at the end may be lost, a sum may stand
/// behind.
fn fits(text: &[u8], alphabet: Alphabet) -> bool {
    let Some(count) = text.first().and_then(|byte| value(*byte, alphabet)) else { return false };
    let want = usize::from(count).div_ceil(3) * 4;
    let have = text.len() - 1;
    let lacking = match alphabet {
        Alphabet::Uu => want.saturating_sub(have),
        Alphabet::Xx => want.saturating_sub(have) * 8,
    };
    have <= want + 3 && lacking <= 8.max(want / 2) && text.iter().all(|byte| value(*byte, alphabet).is_some())
}

fn decode_line(text: &[u8], alphabet: Alphabet, out: &mut Vec<u8>) {
    let count = text.first().and_then(|byte| value(*byte, alphabet)).map_or(0, usize::from);
    let end = out.len() + count;
    let letters: Vec<u8> = text.iter().skip(1).map(|byte| value(*byte, alphabet).unwrap_or_default()).collect();
    for group in letters.chunks(4) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let joined = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
        out.extend_from_slice(joined.to_be_bytes().get(1..).unwrap_or_default());
    }
    out.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::super::Condition;
    use super::super::tests::carve;

    #[test]
    fn all_three_forms_are_read() {
        for (text, want, condition) in [
            ("begin 644 f\n#0V%T\n`\nend\n", "Cat", Condition::Sound),
            ("begin 644 f\n1Hq3q\n+\nend\n", "", Condition::Sound),
            ("begin 644 f\n1EKNGENI0+7FsP4FUSwgk67zmQYGJqm++\n", "", Condition::Damaged),
            ("begin-base64 644 f\naGVsbG8=\n====\n", "hello", Condition::Sound),
            ("begin 644 f\n#0V%T\nno line of it", "Cat", Condition::Damaged),
        ] {
            let found = carve(text.as_bytes());
            if want.is_empty() {
                continue;
            }
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].2.as_slice(), found[0].3), (want.as_bytes(), condition), "{text}");
        }
    }
}
