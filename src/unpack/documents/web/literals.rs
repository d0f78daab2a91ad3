//! Code in scripts: strings, runs of Base64 and hex digits, lists of numbers, and what they decode to.
//!
//! Reads no grammar: a string is what stands between two quotes, and pieces of code near each other belong together.
//! Linear in the script. Standards: ECMA-262 §12.9.4 (escapes), RFC 4648.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 as it is met: with or without padding, the last bits as they are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Octets between two pieces of code that still belong together: `" + "`, `";\n part += "`.
const GAP_BYTES_MAX: usize = 40;
/// A piece of at least so many octets may stand apart.
const PIECE_BYTES_MIN: usize = 16;
/// Octets of text that may be code.
pub(super) const CODE_BYTES_MIN: usize = 40;

fn is_code_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// True for text that is one long code: only letters of Base64, hex or percent escapes, and line ends.
pub(super) fn is_code(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let foreign = text.iter().filter(|byte| !is_code_byte(**byte) && !matches!(byte, b'%' | b',')).count();
    // Words have spaces every few letters, lines of code only an end.
    text.len() >= CODE_BYTES_MIN && foreign <= text.len() / 60
}

/// A string of a script, escapes decoded, and where it ends.
struct Literal {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
}

/// Where code stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Alone,
    /// In several strings.
    Joined,
    Numbers,
}

/// Text that may be code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bytes: Vec<u8>,
    pub(super) origin: Origin,
}

/// The code in a script: each long string, strings joined that stand near each other, and runs outside of strings.
pub(super) fn codes(script: &[u8]) -> Vec<Code> {
    let mut found: Vec<Code> = Vec::new();
    let mut chain: Vec<u8> = Vec::new();
    let (mut pieces, mut last_end) = (0_usize, 0_usize);
    for literal in strings(script) {
        let gap = literal.from.saturating_sub(last_end);
        let is_near = gap <= GAP_BYTES_MAX;
        let is_piece = literal.bytes.len() >= PIECE_BYTES_MIN || (gap <= 6 && !literal.bytes.is_empty());
        if literal.bytes.iter().all(|byte| is_code_byte(*byte) || *byte == b'%') && is_piece {
            if !is_near {
                end_chain(&mut chain, &mut pieces, &mut found);
            }
            chain.extend_from_slice(&literal.bytes);
            pieces += 1;
            last_end = literal.to;
        } else if is_near && gap > 6 {
            last_end = literal.to;
        }
        if literal.bytes.len() >= CODE_BYTES_MIN {
            found.push(Code { bytes: literal.bytes, origin: Origin::Alone });
        }
    }
    end_chain(&mut chain, &mut pieces, &mut found);
    found.extend(numbers(script).into_iter().map(|bytes| Code { bytes, origin: Origin::Numbers }));
    found
}

fn end_chain(chain: &mut Vec<u8>, pieces: &mut usize, found: &mut Vec<Code>) {
    if *pieces > 1 && chain.len() >= CODE_BYTES_MIN {
        found.push(Code { bytes: std::mem::take(chain), origin: Origin::Joined });
    }
    chain.clear();
    *pieces = 0;
}

/// Runs of code of at least so many octets, in quotes or not: quotes may mislead.
pub(super) fn runs(script: &[u8], bytes_min: usize) -> impl Iterator<Item = &[u8]> {
    script.split(|byte| !is_code_byte(*byte)).filter(move |run| run.len() >= bytes_min)
}

/// What stands between quotes. A line end closes a string that is not a template.
fn strings(script: &[u8]) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut templates_left = 16_u8;
    let mut at = 0;
    while let Some(start) = script.get(at..).and_then(|rest| memchr::memchr3(b'"', b'\'', b'`', rest)) {
        let from = at + start;
        let Some(quote) = script.get(from).copied() else { break };
        let mut end = from + 1;
        let mut is_closed = false;
        let mut is_escaped = false;
        while let Some(byte) = script.get(end).copied() {
            match byte {
                b'\\' => {
                    is_escaped = true;
                    end += 1;
                }
                b'\n' | b'\r' if quote != b'`' => break,
                _ if byte == quote => {
                    is_closed = true;
                    break;
                }
                _ => {}
            }
            end += 1;
        }
        let raw = script.get(from + 1..end.min(script.len())).unwrap_or_default();
        at = end + 1;
        // A template that is not closed is none: it would swallow the rest.
        if !is_closed && quote == b'`' && templates_left > 0 {
            templates_left -= 1;
            at = from + 1;
            continue;
        }
        let bytes = if is_escaped { unescaped(raw) } else { raw.to_vec() };
        found.push(Literal { bytes, from, to: at });
    }
    found
}

/// Escapes of a script's string decoded; characters beyond an octet as UTF-8.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at).copied() {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(kind) = raw.get(at).copied() else { break };
        at += 1;
        let digits = match kind {
            b'x' => 2,
            b'u' => 4,
            _ => 0,
        };
        let value =
            raw.get(at..at + digits).and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (kind, value) {
            (b'x' | b'u', Some(value)) => {
                push_character(&mut out, value);
                at += digits;
            }
            (b'n', _) => out.push(b'\n'),
            (b'r', _) => out.push(b'\r'),
            (b't', _) => out.push(b'\t'),
            (b'0', _) => out.push(0),
            (b'\n' | b'\r', _) => {}
            _ => out.push(kind),
        }
    }
    out
}

fn push_character(out: &mut Vec<u8>, value: u32) {
    match u8::try_from(value) {
        Ok(byte) => out.push(byte),
        Err(_) => {
            let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Lists of octets as numbers: `[77,90,144]`, `0x4d,0x5a`.
fn numbers(script: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut list = Vec::new();
    let mut at = 0;
    while at < script.len() {
        let rest = script.get(at..).unwrap_or_default();
        let word = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let text = std::str::from_utf8(rest.get(..word.min(8)).unwrap_or_default()).unwrap_or_default();
        let number = match text.strip_prefix("0x") {
            Some(hex) => u8::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        };
        match number.filter(|_| word <= 8) {
            Some(number) => list.push(number),
            None if word == 0 => {}
            None => end_list(&mut list, &mut found),
        }
        at += word;
        let Some(separator) = script.get(at).copied() else { break };
        if !matches!(separator, b',' | b' ' | b'\n' | b'\r' | b'\t') {
            end_list(&mut list, &mut found);
        }
        at += 1;
    }
    end_list(&mut list, &mut found);
    found
}

fn end_list(list: &mut Vec<u8>, found: &mut Vec<Vec<u8>>) {
    if list.len() >= CODE_BYTES_MIN {
        found.push(std::mem::take(list));
    }
    list.clear();
}

/// The octets of Base64, also with `-` and `_`, line ends, or a cut end; none for other text.
pub(super) fn from_base64(code: &[u8]) -> Option<Vec<u8>> {
    let mut clean: Vec<u8> = code
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    while clean.last() == Some(&b'=') {
        clean.pop();
    }
    // One letter alone at the end holds no octet.
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    BASE64.decode(&clean).ok()
}

/// The octets of hex digits; none for other text.
pub(super) fn from_hex(code: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = code.iter().map(digit).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |value, digit| (value << 4) | digit)).collect())
}

/// `%41` and `%u0041` decoded, the rest as it is.
pub(super) fn from_percent(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        let (from, to) = if text.get(at + 1) == Some(&b'u') { (at + 2, at + 6) } else { (at + 1, at + 3) };
        let hex = text.get(from..to).filter(|hex| byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        match hex.and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(value) => {
                push_character(&mut out, value);
                at = to;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, want: &[&str]) {
        let found: Vec<String> = codes(script.as_bytes())
            .iter()
            .filter(|code| code.origin == Origin::Joined || code.bytes.len() > 60)
            .map(|code| String::from_utf8_lossy(&code.bytes).into_owned())
            .collect();
        assert_eq!(found, want, "{script}");
    }

    #[test]
    fn pieces_of_code_are_joined() {
        let (a, b) = ("QUJDREVGR0hJSktMTU5PUFFSU1RVVldY", "WVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2");
        let both = format!("{a}{b}");
        check(&format!("x = '{a}' + \"{b}\";"), &[&both]);
        check(&format!("x = '{a}';\n x += '{b}';"), &[&both]);
        check(&format!("x = ['{a}', '{b}'].join('')"), &[&both]);
        check(&format!("x = '{a}{b}'"), &[&both]);
        check(
            "say('short', \"words that are no code at all, but long enough to be looked at all the same\")",
            &["words that are no code at all, but long enough to be looked at all the same"],
        );
    }

    #[test]
    fn escapes_and_numbers_are_decoded() {
        assert_eq!(unescaped(b"\\x3c\\u0061\\n\\'\\u20ac"), "<a\n'\u{20ac}".as_bytes());
        assert_eq!(from_percent(b"%3Cb%u0063 %zz%"), b"<bc %zz%");
        assert_eq!(from_hex(b"4d5A"), Some(b"MZ".to_vec()));
        assert_eq!(from_base64(b"QUI-\nX_=="), Some(b"AB>_".to_vec()));
        assert_eq!(from_base64(b"a b."), None);
        let list = (0..50).map(|n| format!("{n}, ")).collect::<String>();
        assert_eq!(numbers(format!("f([{list}])").as_bytes()), [(0..50).collect::<Vec<u8>>()]);
        assert_eq!(numbers(b"[1,2,3]"), [[0_u8; 0]; 0]);
    }
}
