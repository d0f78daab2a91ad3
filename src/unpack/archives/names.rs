//! Names of members, as labels for people: never a path.
//!
//! Does not escape control characters: those who write labels do. Standards: APPNOTE.TXT 6.3.10 appendix D (IBM code page
//! 437 where a name is not UTF-8).

use super::traversal;
use crate::unpack::{NoteKind, Opening};

/// The upper half of IBM code page 437, the character set of DOS names.
const UPPER_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A name in UTF-8, or else in the character set of DOS.
pub(in crate::unpack) fn decoded(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_string(),
        Err(_) => raw.iter().map(|byte| character_437(*byte)).collect(),
    }
}

fn character_437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        Some(upper) => UPPER_437.chars().nth(usize::from(upper)).unwrap_or(char::REPLACEMENT_CHARACTER),
        None => char::from(byte),
    }
}

/// Notes a name that leads out of the folder it is unpacked into.
pub(in crate::unpack) fn note_climbing(name: &str, opening: &mut Opening<'_>) {
    if traversal::climbs(name) {
        opening.note(NoteKind::Lying, traversal::DETAIL);
    }
}

/// What follows the last dot, in lower case: what decides how a member is opened.
pub(in crate::unpack) fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dos_names_are_readable() {
        for (raw, want) in [
            (&b"a.txt"[..], "a.txt"),
            (b"gr\x81n.exe", "grün.exe"),
            ("grün.exe".as_bytes(), "grün.exe"),
            (b"\xff\x80", "\u{a0}Ç"),
        ] {
            assert_eq!(decoded(raw), want);
        }
        assert_eq!(UPPER_437.chars().count(), 128);
    }
}
