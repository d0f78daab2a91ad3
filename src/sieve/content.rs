//! What a part's fields say about its content, and the content as text.
//!
//! Does not find parts; `mime` does. Standards: RFC 2045 §5 and §6, RFC 2231 (parameters), RFC 2183, RFC 5703 §4.1
//! (`:mime` options) and §7 (`extracttext`).

use super::mime::{Kind, Parts};
use super::rfc822::Scan;
use crate::limits::SCRIPT_BODY_BYTES_MAX;
use crate::mail;
use mail_parser::parsers::MessageStream;

/// What a `:mime` test takes of a Content-Type or Content-Disposition field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MimeOption {
    Type,
    Subtype,
    ContentType,
    /// The parameters of these names.
    Param(Vec<String>),
}

/// The values that a test with this option compares, of one field (unfolded). A field that has nothing of the kind is an
/// empty value, as in Pigeonhole.
pub(super) fn values(field_name: &str, raw_value: &str, option: &MimeOption) -> Vec<String> {
    let content_type = type_of(field_name, raw_value).unwrap_or_default();
    let (kind, subtype) = content_type.split_once('/').unwrap_or((&content_type, ""));
    let one = |text: &str| vec![text.to_string()];
    match option {
        MimeOption::Type => one(kind),
        MimeOption::Subtype => one(subtype),
        MimeOption::ContentType => one(&content_type),
        MimeOption::Param(_) if content_type.is_empty() => one(""),
        MimeOption::Param(names) => {
            let is_wanted = |name: &str| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
            let found = parameters(raw_value).into_iter().filter(|(name, _)| is_wanted(name));
            let found: Vec<String> = found.map(|(_, value)| value).collect();
            if found.is_empty() { one("") } else { found }
        }
    }
}

/// `text/plain` of a Content-Type field, `attachment` of a Content-Disposition field, as written; `None` for other fields
/// and for values that say nothing.
pub(super) fn type_of(field_name: &str, raw_value: &str) -> Option<String> {
    let mut scan = Scan::new(raw_value);
    scan.skip()?;
    let mut text = scan.token()?.to_string();
    if field_name.eq_ignore_ascii_case("Content-Type") {
        if !scan.eat('/') {
            return None;
        }
        scan.skip()?;
        let subtype = scan.token()?;
        if text.is_empty() || subtype.is_empty() {
            return None;
        }
        text = format!("{text}/{subtype}");
    } else if !field_name.eq_ignore_ascii_case("Content-Disposition") {
        return None;
    }
    (scan.is_at_end() || scan.peek() == Some(';')).then_some(text)
}

/// Names and decoded values of the parameters.
fn parameters(raw_value: &str) -> Vec<(String, String)> {
    let line = format!("{raw_value}\n");
    let parsed = MessageStream::new(line.as_bytes()).parse_content_type();
    let attributes = parsed.as_content_type().and_then(|content_type| content_type.attributes()).unwrap_or_default();
    attributes.iter().map(|attribute| (attribute.name.to_string(), attribute.value.to_string())).collect()
}

fn parameter(raw_value: &str, name: &str) -> Option<String> {
    parameters(raw_value).into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The boundary that a Content-Type field names.
pub(super) fn boundary(raw_value: &str) -> Option<String> {
    // RFC 2046 §5.1.1: a boundary does not end in a space.
    parameter(raw_value, "boundary").map(|text| text.trim_end().to_string()).filter(|text| !text.is_empty())
}

/// True where a Content-Transfer-Encoding hides the octets.
pub(super) fn is_encoded(raw_value: &str) -> bool {
    matches!(Encoding::of(raw_value), Encoding::Base64 | Encoding::QuotedPrintable)
}

#[derive(Clone, Copy)]
enum Encoding {
    None,
    Base64,
    QuotedPrintable,
}

impl Encoding {
    fn of(raw_value: &str) -> Self {
        let mut scan = Scan::new(raw_value);
        let word = scan.skip().and_then(|()| scan.token()).unwrap_or_default();
        if word.eq_ignore_ascii_case("base64") {
            Self::Base64
        } else if word.eq_ignore_ascii_case("quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::None
        }
    }
}

/// The text of a part for `extracttext`: decoded, HTML as a reader sees it; empty for a part that has children. At most
/// [`SCRIPT_BODY_BYTES_MAX`] octets are read.
pub(super) fn part_text(parts: &Parts<'_>, part: usize) -> String {
    match parts.body(part) {
        Some(body) => readable(parts, part, body),
        None => String::new(),
    }
}

/// A leaf's text without markup.
pub(super) fn readable(parts: &Parts<'_>, part: usize, body: &[u8]) -> String {
    let text = decoded(parts, part, body);
    let kind = parts.parts.get(part).map(|part| part.content_type.to_ascii_lowercase()).unwrap_or_default();
    if matches!(kind.as_str(), "text/html" | "application/xhtml+xml") {
        // One line, so that a phrase is found across the line breaks of the markup.
        mail::visible_text(&text).replace('\n', " ")
    } else {
        text
    }
}

/// A piece of a part without its transfer encoding, in UTF-8.
pub(super) fn decoded(parts: &Parts<'_>, part: usize, text: &[u8]) -> String {
    if parts.parts.get(part).is_none_or(|part| part.kind != Kind::Leaf) {
        return lossy(text);
    }
    let encoding = parts.field(part, "Content-Transfer-Encoding").map_or(Encoding::None, |value| Encoding::of(&value));
    // Four characters of base64 are three octets, and three of quoted-printable one; then there are line ends.
    let first = |factor: usize| text.get(..SCRIPT_BODY_BYTES_MAX.saturating_mul(factor)).unwrap_or(text);
    let mut octets = match encoding {
        Encoding::None => first(1).to_vec(),
        Encoding::Base64 => mail::base64(first(2)),
        Encoding::QuotedPrintable => mail::quoted_printable(first(4)),
    };
    octets.truncate(SCRIPT_BODY_BYTES_MAX);
    let content_type = parts.field(part, "Content-Type").unwrap_or_default();
    let charset = parameter(&content_type, "charset").unwrap_or_default();
    match encoding_rs::Encoding::for_label(charset.as_bytes()) {
        Some(charset) => charset.decode_without_bom_handling(&octets).0.into_owned(),
        None => lossy(&octets),
    }
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets.get(..SCRIPT_BODY_BYTES_MAX).unwrap_or(octets)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_take_their_piece_of_the_field() {
        use MimeOption::{ContentType, Subtype, Type};
        let param = |names: &[&str]| MimeOption::Param(names.iter().map(|name| name.to_string()).collect());
        let long = "attachment; FileName*0*=utf-8''J%C3%B6r; filename*1=g.txt; size=3";
        for (field, value, option, want) in [
            ("Content-Type", "Text/Plain; charset=utf-8", Type, &["Text"][..]),
            ("Content-Type", "Text/Plain; charset=utf-8", Subtype, &["Plain"]),
            ("content-type", "(c) text / plain (d)", ContentType, &["text/plain"]),
            ("Content-Type", "text", ContentType, &[""]),
            ("Content-Type", "text/plain x", ContentType, &[""]),
            ("Content-Disposition", "attachment; filename=x", Type, &["attachment"]),
            ("Content-Disposition", "attachment; filename=x", Subtype, &[""]),
            ("Subject", "text/plain", ContentType, &[""]),
            ("Content-Type", "text/plain; charset=\"utf-8\"; a=b", param(&["A", "charset"]), &["utf-8", "b"]),
            ("Content-Type", "text/plain; charset=utf-8", param(&["b"]), &[""]),
            ("Content-Disposition", long, param(&["filename"]), &["Jörg.txt"]),
            ("Content-Disposition", "inline; x*=iso-8859-1''%E9", param(&["x"]), &["é"]),
        ] {
            assert_eq!(values(field, value, &option), want, "{value} {option:?}");
        }
    }

    #[test]
    fn extracted_text_is_what_a_reader_sees() {
        let message = include_str!("samples/nested.eml");
        let parts = Parts::read(message.as_bytes());
        let texts: Vec<String> = (0..parts.parts.len()).map(|part| part_text(&parts, part)).collect();
        let want = ["", "Hörg\n", "", "plain default", "Hi é & b l2", "", "", "deep", "\0\u{1}\u{2}\u{3}\u{4}", "%PDF"];
        assert_eq!(texts, want);
    }
}
