//! What a `body` test compares.
//!
//! Does not compare. Standards: RFC 5173 §5. *Reading:* of an attached message its header is the content of
//! `message/rfc822`, and its body is read as parts of their own; what stands before and behind the parts of a multipart
//! is the content of the multipart.

use super::content;
use super::mime::{Kind, Parts};
use crate::limits::SCRIPT_BODY_BYTES_MAX;
use crate::mail::header_end;

/// What is made of the body before it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    /// All octets behind the header.
    Raw,
    /// The text of all text parts, without markup.
    Text,
    /// The decoded contents of parts of these types.
    Content(Vec<String>),
}

/// The values in the order in which they stand, all together [`SCRIPT_BODY_BYTES_MAX`] octets at most.
pub(super) fn values(raw_message: &[u8], parts: &Parts<'_>, transform: &Transform) -> Vec<String> {
    let mut left = SCRIPT_BODY_BYTES_MAX;
    let mut values = Vec::new();
    match transform {
        Transform::Raw => {
            let body = raw_body(raw_message);
            let first = body.get(..left).unwrap_or(body);
            values.extend((!first.is_empty()).then(|| String::from_utf8_lossy(first).into_owned()));
        }
        Transform::Text => {
            let types = ["text".to_string(), "application/xhtml+xml".to_string()];
            collect(parts, &types, content::readable, &mut left, &mut values);
        }
        Transform::Content(types) => collect(parts, types, content::decoded, &mut left, &mut values),
    }
    values
}

fn raw_body(raw_message: &[u8]) -> &[u8] {
    let rest = raw_message.get(header_end(raw_message)..).unwrap_or_default();
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    rest.strip_prefix(b"\n").unwrap_or(rest)
}

fn collect(
    parts: &Parts<'_>,
    types: &[String],
    read: fn(&Parts<'_>, usize, &[u8]) -> String,
    left: &mut usize,
    values: &mut Vec<String>,
) {
    for piece in &parts.pieces {
        let Some(part) = parts.parts.get(piece.part) else { continue };
        if *left == 0 || !types.iter().any(|wanted| is_wanted(wanted, &part.content_type)) {
            continue;
        }
        let mut text = match part.kind {
            Kind::Leaf => read(parts, piece.part, parts.text(piece)),
            Kind::Multipart | Kind::Message => content::decoded(parts, piece.part, parts.text(piece)),
        };
        text.truncate(text.floor_char_boundary(*left));
        *left -= text.len();
        values.push(text);
    }
}

/// RFC 5173 §5.2: an empty type fits all, a type without `/` fits all of its subtypes, other words fit nothing.
fn is_wanted(wanted: &str, content_type: &str) -> bool {
    match wanted.contains('/') {
        _ if wanted.is_empty() => true,
        true => wanted.eq_ignore_ascii_case(content_type),
        false => content_type.split('/').next().is_some_and(|kind| kind.eq_ignore_ascii_case(wanted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("samples/nested.eml");

    fn read(message: &str, transform: &Transform) -> Vec<String> {
        values(message.as_bytes(), &Parts::read(message.as_bytes()), transform)
    }

    fn content(types: &[&str]) -> Transform {
        Transform::Content(types.iter().map(|kind| kind.to_string()).collect())
    }

    /// Measured with Pigeonhole 0.5.19.
    #[test]
    fn each_transform_sees_its_own_text() {
        let message = SAMPLE.replace('\n', "\r\n");
        let html = "<html><head><style>x{}</style></head><body><p>Hi é &amp; b<br>l2</p><!-- c --></body></html>";
        let header =
            "From: inner@x\r\nSubject: =?utf-8?q?inn=C3=A9r?=\r\nContent-Type: multipart/mixed; boundary=n\r\n";
        let (prologue, epilogue) = ("prologue text", "outer epilogue\r\n");
        for (transform, want) in [
            (Transform::Text, &["Hörg\n", "plain default", "Hi é & b l2", "deep"][..]),
            (content(&["text"]), &["Hörg\n", "plain default", html, "deep"]),
            (content(&["TEXT/Plain"]), &["Hörg\n", "plain default", "deep"]),
            (content(&["multipart"]), &[prologue, "", "inner epilogue", "", epilogue]),
            (content(&["multipart/mixed"]), &[prologue, "", epilogue]),
            (content(&["message/rfc822"]), &[header]),
            (content(&["application/pdf", "text/html"]), &[html, "%PDF"]),
            (content(&["application"]), &["\0\u{1}\u{2}\u{3}\u{4}", "%PDF"]),
            (content(&["image", "text/"]), &[]),
            (
                content(&[""]),
                &[
                    prologue,
                    "Hörg\n",
                    "",
                    "plain default",
                    html,
                    "inner epilogue",
                    header,
                    "",
                    "deep",
                    "\0\u{1}\u{2}\u{3}\u{4}",
                    "%PDF",
                    epilogue,
                ],
            ),
        ] {
            assert_eq!(read(&message, &transform), want, "{transform:?}");
        }
        let raw = read(&message, &Transform::Raw);
        assert!(raw[0].starts_with("prologue text\r\n--o\r\n") && raw[0].ends_with(epilogue), "{raw:?}");
    }

    #[test]
    fn messages_without_a_body_have_no_values() {
        for transform in [Transform::Raw, Transform::Text, content(&[""])] {
            assert!(read("Subject: x", &transform).is_empty(), "{transform:?}");
        }
        assert_eq!(read("Subject: x\n\n", &Transform::Text), [""]);
        assert!(read("Subject: x\n\n", &Transform::Raw).is_empty());
        assert_eq!(read("Subject: x\n\nhi\n", &Transform::Text), ["hi\n"]);
    }

    #[test]
    fn long_bodies_are_cut() {
        let long = format!("Subject: x\n\n{}", "é".repeat(SCRIPT_BODY_BYTES_MAX));
        for transform in [Transform::Raw, Transform::Text, content(&[""])] {
            let read: usize = read(&long, &transform).iter().map(String::len).sum();
            assert!((SCRIPT_BODY_BYTES_MAX - 3..=SCRIPT_BODY_BYTES_MAX + 3).contains(&read), "{transform:?}: {read}");
        }
    }
}
