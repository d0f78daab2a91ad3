//! Comparators and match types: does a value match a key?
//!
//! Standards: RFC 4790 §9, RFC 5228 §2.7, RFC 5051 (i;unicode-casemap), RFC 5231, draft-ietf-sieve-regex. *Deviation:*
//! regular expressions are those of the crate `regex`, which has no back-references and takes linear time; where two
//! alternatives match, the first counts, not the longest.

use super::pattern::Subject;
use super::program::{Comparator, MatchType, Relation};
use crate::limits::{SCRIPT_MATCH_VALUES_MAX, SCRIPT_REGEX_BYTES_MAX};
use regex::{Regex, RegexBuilder};
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// What the wildcards of a match took; index 0 is the whole value.
pub(super) type Matched = Vec<String>;

/// One value, folded once for all keys of a test.
pub(super) struct Prepared<'a> {
    text: &'a str,
    comparator: Comparator,
    folded: OnceCell<String>,
    subject: OnceCell<Subject<'a>>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(text: &'a str, comparator: Comparator) -> Self {
        Self { text, comparator, folded: OnceCell::new(), subject: OnceCell::new() }
    }

    fn folded(&self) -> &str {
        self.folded.get_or_init(|| folded(self.text, self.comparator))
    }

    /// What the wildcards of a pattern took.
    fn glob(&self, pattern: &str) -> Option<Matched> {
        let mut found = match self.comparator {
            Comparator::UnicodeCasemap => {
                let (pattern, value): (String, String) = (pattern.nfc().collect(), self.text.nfc().collect());
                Subject::new(&value, fold(self.comparator)).glob(&pattern)
            }
            // RFC 5228 §2.7.1: with these comparators `?` is one octet.
            Comparator::Octet | Comparator::AsciiNumeric | Comparator::AsciiCasemap
                if pattern.contains('?') && !(self.text.is_ascii() && pattern.is_ascii()) =>
            {
                let found = Subject::new(&widened(self.text), fold(self.comparator)).glob(&widened(pattern));
                found.map(|found| found.iter().map(|taken| narrowed(taken)).collect())
            }
            Comparator::Octet | Comparator::AsciiNumeric | Comparator::AsciiCasemap => {
                self.subject.get_or_init(|| Subject::new(self.text, fold(self.comparator))).glob(pattern)
            }
        }?;
        found.truncate(SCRIPT_MATCH_VALUES_MAX + 1);
        Some(found)
    }
}

/// One key, prepared once for all values of a test.
pub(super) enum Key {
    Is(String),
    Contains(String),
    Glob(String),
    Regex(Arc<Regex>),
    Ordered(Relation, String),
}

/// Prepares a key.
///
/// # Errors
/// What is wrong with a regular expression.
pub(super) fn key(text: &str, comparator: Comparator, match_type: MatchType) -> Result<Key, String> {
    Ok(match match_type {
        MatchType::Is | MatchType::List => Key::Is(folded(text, comparator)),
        MatchType::Contains => Key::Contains(folded(text, comparator)),
        MatchType::Matches => Key::Glob(text.to_string()),
        MatchType::Regex => Key::Regex(Arc::new(regex(text, comparator)?)),
        MatchType::Count(relation) | MatchType::Value(relation) => Key::Ordered(relation, text.to_string()),
    })
}

impl Key {
    /// `None` where the value doesn't match; what it took for patterns, else nothing.
    pub(super) fn matches(&self, value: &Prepared<'_>) -> Option<Matched> {
        let comparator = value.comparator;
        let is = |yes: bool| yes.then(Matched::new);
        match self {
            Self::Is(key) if comparator == Comparator::AsciiNumeric => {
                is(order(value.text, key, comparator) == Ordering::Equal)
            }
            Self::Is(key) => is(value.folded() == key),
            Self::Contains(key) => is(memchr::memmem::find(value.folded().as_bytes(), key.as_bytes()).is_some()),
            Self::Glob(pattern) => value.glob(pattern),
            Self::Regex(regex) => {
                let found = regex.captures(value.text)?;
                let text = |group: Option<regex::Match<'_>>| group.map(|m| m.as_str().to_string()).unwrap_or_default();
                Some(found.iter().take(SCRIPT_MATCH_VALUES_MAX + 1).map(text).collect())
            }
            Self::Ordered(relation, key) => is(relation.holds(order(value.text, key, comparator))),
        }
    }
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Gt => order == Ordering::Greater,
            Self::Ge => order != Ordering::Less,
            Self::Lt => order == Ordering::Less,
            Self::Le => order != Ordering::Greater,
            Self::Eq => order == Ordering::Equal,
            Self::Ne => order != Ordering::Equal,
        }
    }
}

/// Compiles a regular expression; without case where the comparator has none.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn regex(pattern: &str, comparator: Comparator) -> Result<Regex, String> {
    let built = RegexBuilder::new(&as_posix(pattern))
        .case_insensitive(matches!(comparator, Comparator::AsciiCasemap | Comparator::UnicodeCasemap))
        .dot_matches_new_line(true)
        .size_limit(SCRIPT_REGEX_BYTES_MAX)
        .dfa_size_limit(SCRIPT_REGEX_BYTES_MAX)
        .build();
    built
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_string())
}

/// POSIX extended expressions as the crate writes them: `\`` and `\'` are the ends of the value, and a backslash before a
/// letter that has no meaning is left out.
fn as_posix(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('`') => out.push_str("\\A"),
            Some('\'') => out.push_str("\\z"),
            Some(c) if c.is_ascii_alphabetic() && !"wWsSbBdD".contains(c) => out.push(c),
            Some(c) if c.is_alphanumeric() && !c.is_ascii_alphabetic() => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

/// Each octet as a character of its own.
fn widened(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// The octets again; a piece of a character becomes U+FFFD.
fn narrowed(text: &str) -> String {
    let octets: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8_lossy(&octets).into_owned()
}

fn fold(comparator: Comparator) -> fn(char) -> char {
    match comparator {
        Comparator::Octet | Comparator::AsciiNumeric => |c| c,
        Comparator::AsciiCasemap => |c| c.to_ascii_lowercase(),
        Comparator::UnicodeCasemap => |c| c.to_lowercase().next().unwrap_or(c),
    }
}

fn folded(text: &str, comparator: Comparator) -> String {
    match comparator {
        Comparator::Octet | Comparator::AsciiNumeric => text.to_string(),
        Comparator::AsciiCasemap => text.to_ascii_lowercase(),
        // RFC 5051 §2: title case, then full decomposition.
        Comparator::UnicodeCasemap => text.chars().flat_map(char::to_uppercase).nfkd().collect(),
    }
}

fn order(left: &str, right: &str, comparator: Comparator) -> Ordering {
    match comparator {
        Comparator::AsciiNumeric => match (digits(left), digits(right)) {
            // RFC 4790 §9.1.1: what does not begin with a digit is larger than any number, and equal to its like.
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => left.len().cmp(&right.len()).then_with(|| left.cmp(right)),
        },
        Comparator::Octet | Comparator::AsciiCasemap | Comparator::UnicodeCasemap => {
            folded(left, comparator).as_bytes().cmp(folded(right, comparator).as_bytes())
        }
    }
}

/// The digits at the begin, without zeros before them: numbers of any length.
fn digits(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).filter(|digits| !digits.is_empty()).map(|digits| digits.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, how: (Comparator, MatchType), text: &str, want: Option<&[&str]>) {
        let got = key(text, how.0, how.1).unwrap().matches(&Prepared::new(value, how.0));
        assert_eq!(
            got.as_deref(),
            want.map(|w| w.iter().map(ToString::to_string).collect::<Vec<_>>()).as_deref(),
            "{value} {how:?} {text}"
        );
    }

    #[test]
    fn comparators_see_what_their_standards_say() {
        use Comparator::{AsciiCasemap, AsciiNumeric, Octet, UnicodeCasemap};
        use MatchType::{Contains, Is, Matches, Value};
        let yes: Option<&[&str]> = Some(&[]);
        check("Hello", (AsciiCasemap, Is), "hELLO", yes);
        check("Hello", (Octet, Is), "hello", None);
        check("É", (AsciiCasemap, Is), "é", None);
        check("É", (UnicodeCasemap, Is), "e\u{301}", yes);
        check("Straße", (UnicodeCasemap, Contains), "STRASSE", yes);
        check("É x", (UnicodeCasemap, Matches), "é *", Some(&["É x", "x"]));
        check("Grüße", (AsciiCasemap, Matches), "gr??*e", Some(&["Grüße", "\u{fffd}", "\u{fffd}", "ß"]));
        check("Grüße", (AsciiCasemap, Matches), "gr??e", None);
        check("Grüße", (UnicodeCasemap, Matches), "gr??e", Some(&["Grüße", "ü", "ß"]));
        check("007", (AsciiNumeric, Is), "7a", yes);
        check("abc", (AsciiNumeric, Is), "x", yes);
        check("abc", (AsciiNumeric, Value(Relation::Gt)), "99999999999999999999999", yes);
        check("10", (AsciiNumeric, Value(Relation::Gt)), "9", yes);
        check("10", (AsciiCasemap, Value(Relation::Gt)), "9", None);
        check("a.b", (AsciiCasemap, MatchType::Regex), "^(A)\\.(x)?", Some(&["a.", "a", ""]));
        check("", (AsciiCasemap, Contains), "", yes);
    }

    #[test]
    fn bad_regular_expressions_are_told() {
        assert!(key("(", Comparator::Octet, MatchType::Regex).is_err());
        assert!(key(&format!("({}){{1000}}{{1000}}", "a".repeat(1000)), Comparator::Octet, MatchType::Regex).is_err());
    }
}
