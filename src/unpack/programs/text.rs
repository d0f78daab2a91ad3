//! Contents as text: in which letters, and how a program that reads a script would see them.
//!
//! Does not know languages. Standards: the byte order marks of Unicode.

use crate::limits::SCRIPT_LOOK_BYTES;
use crate::unpack::plain::is_text;
use crate::unpack::{Contents, Role};

/// The begin of a text file in ASCII lower case; `None` for other contents, and for the text of a message, which is not
/// a file that anybody starts.
pub(super) fn begin(contents: &Contents<'_>) -> Option<String> {
    if contents.role == Role::Body {
        return None;
    }
    let begin = contents.bytes.get(..contents.bytes.len().min(SCRIPT_LOOK_BYTES))?;
    let mut text = match wide(begin) {
        Some(text) => text,
        None if is_text(begin) => {
            String::from_utf8_lossy(begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin)).into_owned()
        }
        None => return None,
    };
    text.make_ascii_lowercase();
    Some(text)
}

/// A text in UTF-16, with a byte order mark or with the zeros that Latin letters have there.
pub(in crate::unpack) fn wide(bytes: &[u8]) -> Option<String> {
    let zeros = |odd: usize| {
        let look = bytes.iter().skip(odd).step_by(2).take(32);
        bytes.len() >= 16 && look.clone().filter(|byte| **byte == 0).count() * 10 >= look.count() * 9
    };
    let little = bytes.starts_with(b"\xff\xfe") || (zeros(1) && !zeros(0));
    let big = bytes.starts_with(b"\xfe\xff") || (zeros(0) && !zeros(1));
    if !little && !big {
        return None;
    }
    let unit = |pair: &[u8]| {
        let pair: [u8; 2] = pair.try_into().ok()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let units: Vec<u16> = bytes.chunks_exact(2).filter_map(unit).filter(|unit| *unit != 0xfeff).collect();
    // Half a letter at the cut, or noise behind a mark that came by chance: noise has controls.
    let controls = units.iter().filter(|unit| **unit < 0x20 && !matches!(**unit, 9 | 10 | 12 | 13)).count();
    (controls * 50 <= units.len()).then(|| String::from_utf16_lossy(&units))
}

/// The name's ending in lower case, without the dots and spaces that Windows drops; empty where there is none.
pub(in crate::unpack) fn ending(contents: &Contents<'_>) -> String {
    let name = contents.name.unwrap_or_default().trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.trim().to_lowercase())
}

/// The first line that begins, behind white space, with these words.
pub(super) fn has_line(text: &str, words: &str) -> bool {
    value(text, words).is_some()
}

/// What stands behind these words in the first line that begins with them.
pub(super) fn value<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.trim_start().strip_prefix(words)).map(str::trim)
}
