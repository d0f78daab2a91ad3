//! The message as tests see it: header fields as the script has left them, decoded values, parts.
//!
//! Does not compare anything. Values are what Pigeonhole compares: unfolded, encoded words decoded, white space around
//! them cut away, bad octets replaced by U+FFFD. Standards: RFC 5322 §2.2.3, RFC 2047, RFC 5228 §5.7.

use super::mime::Parts;
use crate::mail::{self, Field};
use crate::plan::Edit;
use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;
use std::cell::OnceCell;

/// One message.
pub(super) struct Letter<'a> {
    raw: &'a [u8],
    fields: Vec<HeaderField<'a>>,
    pub(super) edits: Vec<Edit>,
    parts: OnceCell<Parts<'a>>,
}

/// One header field, of the message or added by the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeaderField<'a> {
    pub(super) name: Cow<'a, str>,
    /// Still folded and encoded.
    pub(super) value: Cow<'a, [u8]>,
}

impl<'a> Letter<'a> {
    pub(super) fn new(raw: &'a [u8]) -> Self {
        let fields = mail::fields(raw).map(|field| of_field(&field)).collect();
        Self { raw, fields, edits: Vec::new(), parts: OnceCell::new() }
    }

    pub(super) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The fields at the top, as the edits have left them.
    pub(super) fn fields(&self) -> &[HeaderField<'a>] {
        &self.fields
    }

    /// Places of the fields of that name, from the top.
    pub(super) fn places(&self, name: &str) -> Vec<usize> {
        let is = |(_, field): &(usize, &HeaderField<'a>)| field.name.eq_ignore_ascii_case(name);
        self.fields.iter().enumerate().filter(is).map(|(at, _)| at).collect()
    }

    /// All fields of that name, from the top.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &HeaderField<'a>> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The parts of the message as it came.
    pub(super) fn parts(&self) -> &Parts<'a> {
        self.parts.get_or_init(|| Parts::read(self.raw))
    }

    /// Carries out one change of the header.
    pub(super) fn edit(&mut self, edit: Edit) {
        match &edit {
            Edit::Add { name, value, last } => {
                let field =
                    HeaderField { name: Cow::Owned(name.clone()), value: Cow::Owned(value.clone().into_bytes()) };
                let at = if *last { self.fields.len() } else { 0 };
                self.fields.insert(at, field);
            }
            Edit::Delete { fields } => {
                let mut at = 0;
                self.fields.retain(|_| {
                    at += 1;
                    !fields.contains(&(at - 1))
                });
            }
        }
        self.edits.push(edit);
    }
}

impl HeaderField<'_> {
    /// What tests compare.
    pub(super) fn decoded(&self) -> String {
        decode(&self.value)
    }
}

fn of_field<'a>(field: &Field<'a>) -> HeaderField<'a> {
    HeaderField { name: String::from_utf8_lossy(field.name), value: Cow::Borrowed(field.value) }
}

/// Unfolds and decodes the value of a field.
pub(super) fn decode(value: &[u8]) -> String {
    let text = unfold(value);
    let mut out = String::new();
    let mut rest = text.as_str();
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let Some((decoded, behind)) = encoded_word(from) else {
            out.push_str(before);
            out.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
            after_word = false;
            continue;
        };
        // RFC 2047 §6.2: white space between two encoded words is not shown.
        if !(after_word && before.trim_ascii().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&decoded);
        rest = behind;
        after_word = true;
    }
    out.push_str(rest);
    out.replace('\0', "\u{fffd}").trim_matches([' ', '\t', '\r', '\n']).to_string()
}

/// Line ends go; a tab behind one becomes a space.
fn unfold(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.replace("\r\n", "\n").replace("\n\t", " ").replace('\n', "")
}

/// The decoded word at the begin of the text, and what stands behind it.
fn encoded_word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (words, behind) = rest.split_once("?=")?;
    let octets = match encoding {
        "q" | "Q" => quoted(words),
        "b" | "B" => GeneralPurpose::new(
            &base64::alphabet::STANDARD,
            GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        )
        .decode(words.trim_ascii())
        .ok()?,
        _ => return None,
    };
    // RFC 2231 §5: a language may stand behind the character set.
    let charset = charset.split('*').next().unwrap_or_default();
    let charset = encoding_rs::Encoding::for_label_no_replacement(charset.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    Some((charset.decode_without_bom_handling(&octets).0.into_owned(), behind))
}

fn quoted(words: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(words.len());
    let mut rest = words.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let pair = behind.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match (first, pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'=', Some(octet)) => {
                out.push(octet);
                rest = behind.get(2..).unwrap_or_default();
                continue;
            }
            (b'_', _) => out.push(b' '),
            (octet, _) => out.push(*octet),
        }
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unfolded_and_decoded() {
        for (value, want) in [
            (&b"   a\r\n\tb\r\n   c  \r\n"[..], "a b   c"),
            (b" =?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
            (b" =?utf-8?q?a_?=\r\n =?utf-8?q?b?=", "a b"),
            (b" =?foo?q?abc?= d", "abc d"),
            (b" caf\xe9 x", "caf\u{fffd} x"),
            (b" =?iso-8859-1?q?caf=E9?=", "café"),
            (b" =?utf-8?b?Y2Fm6Q==?=", "caf\u{fffd}"),
            (b" x=?utf-8?q?a?=y", "xay"),
            (b" =?utf-8?Q?a b?= =?", "a b =?"),
            (b" =?utf-8?b?YWI?=", "ab"),
            (b" =?utf-8*en?q?lang?=", "lang"),
            (b" a\0b", "a\u{fffd}b"),
            (b"", ""),
        ] {
            assert_eq!(decode(value), want, "{:?}", String::from_utf8_lossy(value));
        }
    }

    #[test]
    fn edits_change_what_is_seen() {
        let mut letter = Letter::new(b"A: 1\r\nB: 2\r\nA: 3\r\n\r\nbody");
        letter.edit(Edit::Add { name: "C".into(), value: "0".into(), last: false });
        letter.edit(Edit::Delete { fields: vec![1, 3] });
        letter.edit(Edit::Add { name: "A".into(), value: "9".into(), last: true });
        let seen: Vec<String> = letter.fields().iter().map(|f| format!("{}{}", f.name, f.decoded())).collect();
        assert_eq!(seen, ["C0", "B2", "A9"]);
        assert_eq!(letter.edits.len(), 3);
    }
}
