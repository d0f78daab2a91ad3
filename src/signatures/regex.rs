//! Regular expressions in logical signatures, run in linear time.
//!
//! ClamAV takes the language of PCRE; what has no counterpart without going back (look-around, back references) is not
//! served. Does not decide when an expression is tried: its trigger says that.

use super::lines::Refused;
use super::offset::Offset;
use crate::limits::SIGNATURE_REGEX_BYTES_MAX;
use regex::bytes::{Regex, RegexBuilder};

/// A regular expression that is tried when other patterns of the signature fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) offset: Offset,
    pub(super) expression: Vec<u8>,
    pub(super) pattern: String,
    pub(super) flags: String,
}

/// `/pattern/flags`, read.
pub(super) struct Rest {
    pub(super) pattern: String,
    pub(super) flags: String,
}

impl Rest {
    pub(super) fn read(text: &str) -> Result<Self, Refused> {
        let inner = text.strip_prefix('/').and_then(|text| text.rsplit_once('/'));
        let (pattern, flags) =
            inner.ok_or_else(|| Refused::Wrong("a regular expression without its second `/`".into()))?;
        if !flags.bytes().all(|flag| b"grEismxAEU".contains(&flag) || flag == b'e') {
            return Err(Refused::Unserved("an unknown flag of a regular expression"));
        }
        if build(pattern, flags).is_none() {
            return Err(Refused::Unserved("a regular expression that goes back, or is too large"));
        }
        Ok(Self { pattern: pattern.to_string(), flags: flags.to_string() })
    }
}

/// The expression, ready; `None` where it can't be served.
pub(super) fn build(pattern: &str, flags: &str) -> Option<Regex> {
    let has = |flag| flags.contains(flag);
    // `/` is the only sign that PCRE lets be escaped and regex does not.
    let mut text = pattern.replace("\\/", "/");
    if has('A') {
        text = format!("\\A(?:{text})");
    }
    let mut builder = RegexBuilder::new(&text);
    builder.unicode(false).case_insensitive(has('i')).dot_matches_new_line(has('s')).multi_line(has('m'));
    builder.ignore_whitespace(has('x')).swap_greed(has('U')).size_limit(SIGNATURE_REGEX_BYTES_MAX);
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_and_flags_are_those_of_clamav() {
        for (pattern, flags, text, want) in [
            ("a.c", "", &b"xabc"[..], true),
            ("a.c", "", b"xa\nc", false),
            ("a.c", "s", b"xa\nc", true),
            ("A.C", "i", b"xabc", true),
            ("abc", "A", b"xabc", false),
            ("http:\\/\\/x", "", b"http://x", true),
            ("\\xff\\x00", "", b"a\xff\0", true),
        ] {
            assert_eq!(build(pattern, flags).unwrap().is_match(text), want, "{pattern} {flags}");
        }
        assert!(build("(a)\\1", "").is_none());
        assert!(build("(?=a)", "").is_none());
    }
}
