//! Every boundary that some reader could see in a message: each value of each parameter `boundary`, in all spellings.
//!
//! Looks at the bytes, not at header fields: wherever the word stands, a reader may take it. Does not cut anything.
//! Standards: RFC 2046 §5.1, RFC 2231 §3 and §4. *Deviation:* longer boundaries than 70 octets are taken, as readers do.

use super::super::transfer;
use crate::limits::{READING_BOUNDARIES_MAX, READING_BOUNDARY_BYTES_MAX};
use memchr::memchr_iter;
use std::collections::BTreeSet;

/// All boundaries, and where each word stands.
#[derive(Debug, Default)]
pub(super) struct Boundaries {
    values: BTreeSet<Vec<u8>>,
}

/// What a line is to the boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    Opens,
    Closes,
}

impl Boundaries {
    pub(super) fn declared(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut pieces: Vec<(u32, Vec<u8>)> = Vec::new();
        let mut last = 0;
        // Base64 has hardly an equals sign, so this costs little.
        for equals in memchr_iter(b'=', bytes) {
            let Some(at) = word_before(bytes, equals) else { continue };
            if found.values.len() >= READING_BOUNDARIES_MAX {
                break;
            }
            if at.abs_diff(last) > PIECES_WITHIN {
                found.join(&mut pieces);
            }
            last = at;
            let end = bytes.len().min(at + 2 * READING_BOUNDARY_BYTES_MAX);
            let Some((number, values)) = parameter(bytes.get(at..end).unwrap_or_default()) else { continue };
            if let (Some(number), Some(value)) = (number, values.first()) {
                pieces.push((number, value.clone()));
            }
            values.into_iter().for_each(|value| found.add(value));
        }
        found.join(&mut pieces);
        found
    }

    fn add(&mut self, value: Vec<u8>) {
        if value.len() <= READING_BOUNDARY_BYTES_MAX && self.values.len() < READING_BOUNDARIES_MAX {
            self.values.insert(value);
        }
    }

    /// Pieces in the order of their numbers, and in that of their appearance.
    fn join(&mut self, pieces: &mut Vec<(u32, Vec<u8>)>) {
        if pieces.len() > 1 {
            self.add(pieces.iter().flat_map(|(_, value)| value.clone()).collect());
            pieces.sort_by_key(|(number, _)| *number);
            self.add(pieces.iter().flat_map(|(_, value)| value.clone()).collect());
        }
        pieces.clear();
    }

    /// What this line is. A boundary may have anything behind it: readers differ about that, too.
    pub(super) fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        let line = line.trim_ascii_start();
        let rest = line.strip_prefix(b"--")?;
        let bare = rest.trim_ascii_end();
        let value = self.values.iter().filter(|value| rest.starts_with(value)).max_by_key(|value| value.len())?;
        match (value.is_empty(), bare) {
            (true, b"") => Some(Delimiter::Opens),
            (true, b"--") => Some(Delimiter::Closes),
            (true, _) => None,
            (false, _) if rest.get(value.len()..).unwrap_or_default().starts_with(b"--") => Some(Delimiter::Closes),
            (false, _) => Some(Delimiter::Opens),
        }
    }
}

/// Where the text behind the word `boundary` begins, between which and the equals sign nothing but marks of pieces, white
/// space and a comment stand.
fn word_before(bytes: &[u8], equals: usize) -> Option<usize> {
    let begin = equals.saturating_sub(GAP_BYTES_MAX);
    let before = bytes.get(begin..equals)?;
    let mut end = before.len();
    loop {
        let rest = before.get(..end)?;
        let is_gap = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_digit() || matches!(byte, b'*' | 0);
        let gap = rest.iter().rev().take_while(|byte| is_gap(byte)).count();
        end -= gap;
        if before.get(..end)?.last() != Some(&b')') {
            break;
        }
        end = memchr::memrchr(b'(', before.get(..end)?)?;
    }
    let start = end.checked_sub(b"boundary".len())?;
    before.get(start..end)?.eq_ignore_ascii_case(b"boundary").then_some(begin + end)
}

/// Octets between the word and its equals sign.
const GAP_BYTES_MAX: usize = 64;
/// Octets between two pieces of one boundary.
const PIECES_WITHIN: usize = 400;

/// Number and values of the parameter behind its name: `="x"`, `*0*=us-ascii''x`, ` = x y;`.
fn parameter(text: &[u8]) -> Option<(Option<u32>, Vec<Vec<u8>>)> {
    let mut rest = skip(text);
    let mut number = None;
    let mut is_extended = false;
    if let Some(behind) = rest.strip_prefix(b"*") {
        let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
        number = std::str::from_utf8(behind.get(..digits)?).ok()?.parse().ok();
        is_extended = digits == 0;
        rest = behind.get(digits..)?;
    }
    if let Some(behind) = rest.strip_prefix(b"*") {
        (is_extended, rest) = (true, behind);
    }
    let rest = skip(skip(rest).strip_prefix(b"=")?);
    let mut values = written(rest);
    if is_extended || values.iter().any(|value| value.contains(&b'%')) {
        let plain: Vec<Vec<u8>> = values.iter().map(|value| extended(value)).collect();
        values.splice(0..0, plain);
    }
    let decoded: Vec<Vec<u8>> = values.iter().filter_map(|value| encoded_word(value)).collect();
    values.extend(decoded);
    Some((number, values))
}

/// Without white space, NUL and comments at the begin.
fn skip(mut text: &[u8]) -> &[u8] {
    loop {
        let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0).count();
        text = text.get(blank..).unwrap_or_default();
        if text.first() != Some(&b'(') {
            return text;
        }
        let Some(close) = memchr::memchr(b')', text) else { return text };
        text = text.get(close + 1..).unwrap_or_default();
    }
}

/// The values that readers take: within quotes, to the next white space, to the end of the parameter, in any quotes.
fn written(text: &[u8]) -> Vec<Vec<u8>> {
    let line = match text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(0) | None => text,
        Some(end) => text.get(..end).unwrap_or_default(),
    };
    let mut values: Vec<Vec<u8>> = Vec::new();
    if let Some(quoted) = line.strip_prefix(b"\"") {
        let end = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
        let inner = quoted.get(..end).unwrap_or_default();
        values.push(inner.iter().copied().filter(|byte| *byte != b'\\' && *byte != 0).collect());
        values.push(inner.trim_ascii().to_vec());
        values.push(inner.to_vec());
        // "a" "b", and text that goes on behind the quotes.
        let behind = quoted.get(end + 1..).unwrap_or_default();
        let more = memchr::memchr(b';', behind).map_or(behind, |stop| behind.get(..stop).unwrap_or_default());
        let more = more.trim_ascii();
        if !more.is_empty() {
            let bare: Vec<u8> = more.iter().copied().filter(|byte| *byte != b'"').collect();
            values.push([inner, bare.trim_ascii()].concat());
        }
    }
    let whole = memchr::memchr(b';', line).map_or(line, |end| line.get(..end).unwrap_or_default()).trim_ascii();
    let word = whole.iter().position(u8::is_ascii_whitespace).map_or(whole, |end| whole.get(..end).unwrap_or_default());
    let until = |stop: u8| memchr::memchr(stop, word).map_or(word, |end| word.get(..end).unwrap_or_default());
    values.extend([whole.to_vec(), word.to_vec(), until(b',').to_vec(), until(b'(').to_vec()]);
    values.push(word.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\'' | b'\\' | 0)).collect());
    let is_quoted_empty = line.starts_with(b"\"\"") || whole.is_empty();
    values.retain(|value| !value.is_empty() || is_quoted_empty);
    values
}

/// The value without charset and language, with its escapes resolved (RFC 2231 §4).
fn extended(value: &[u8]) -> Vec<u8> {
    let mut quotes = memchr::memchr_iter(b'\'', value);
    let value = match (quotes.next(), quotes.next()) {
        (Some(_), Some(second)) => value.get(second + 1..).unwrap_or_default(),
        _ => value,
    };
    percent(value)
}

fn percent(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let digit =
            |at: usize| value.get(at).and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// The text with every encoded word in it decoded, charset left aside; `None` where there is none (RFC 2047 §2).
pub(super) fn encoded_word(value: &[u8]) -> Option<Vec<u8>> {
    let start = memchr::memmem::find(value, b"=?")?;
    let mut pieces = value.get(start + 2..)?.splitn(3, |byte| *byte == b'?');
    let (_, kind, rest) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let end = memchr::memmem::find(rest, b"?=")?;
    let text = rest.get(..end)?;
    let decoded = match kind.first()?.to_ascii_lowercase() {
        b'b' => transfer::base64(text),
        b'q' => {
            transfer::quoted_printable(&text.iter().map(|b| if *b == b'_' { b' ' } else { *b }).collect::<Vec<_>>())
        }
        _ => return None,
    };
    Some([value.get(..start)?, &decoded, rest.get(end + 2..)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_gives_the_boundary() {
        for (field, line) in [
            ("boundary=abc", "--abc"),
            ("BOUNDARY = \"a b\"", "--a b"),
            ("boundary=(x)abc(y)", "--abc"),
            ("boundary=\r\n abc", "--abc"),
            ("boundary*=us-ascii''a%62c", "--abc"),
            ("boundary*0=ab;\r\n boundary*1=c", "--abc"),
            ("boundary*1=c; boundary*0*=''%61b", "--abc"),
            ("boundary=x; boundary=abc", "--abc"),
            ("boundary=\"abc", "--abc"),
            ("boundary='abc'", "--abc"),
            ("boundary=\"a\\bc\"", "--abc"),
            ("boundary==?utf-8?q?abc?=", "--abc"),
            ("boundary=\"=?utf-8?B?YWJj?=\"", "--abc"),
            ("boundary=\"\"", "--"),
            ("boundary=\"abc\" ", "--abc   "),
            ("boundary=abc", " --abc trailing"),
            ("boundary=\"ab\"c", "--abc"),
        ] {
            let found = Boundaries::declared(format!("Content-Type: multipart/mixed; {field}\r\n\r\n").as_bytes());
            assert_eq!(found.delimiter(line.as_bytes()), Some(Delimiter::Opens), "{field}: {found:?}");
        }
        let found = Boundaries::declared(b"boundary=abc");
        assert_eq!(found.delimiter(b"--abc--"), Some(Delimiter::Closes));
        assert_eq!(found.delimiter(b"--ab"), None);
    }
}
