//! Messages inside messages and archives: their parts are members.
//!
//! Does not take a text that quotes a header for a message. Standards: RFC 5322, RFC 2046 §5.2.

use crate::mail::{Field, Message, fields, header_end, screen};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening, Role};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "message", about: "mail messages (.eml)", recognise, nature: Nature::Container(open) };

/// Fields that mail systems write, and those that senders write: a message has one of each.
const BY_SYSTEMS: [&str; 6] =
    ["Received", "Return-Path", "Message-ID", "MIME-Version", "DKIM-Signature", "Delivered-To"];
const BY_SENDERS: [&str; 4] = ["From", "Subject", "Date", "To"];
/// Octets of a header block that is looked at to know a message.
const HEADER_BYTES_MAX: usize = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let declared = DECLARED.iter().find(|known| **known == contents.declared_type);
    let looks = contents.role == Role::File && looks_like_message(begun(contents.bytes));
    declared.copied().or(looks.then_some(MESSAGE))
}

const MESSAGE: &str = "message/rfc822";
/// A piece of a message, whose other pieces are in other messages (RFC 2046 §5.2.2).
const PARTIAL: &str = "message/partial";
/// A reference to contents that lie elsewhere (RFC 2046 §5.2.3).
const EXTERNAL: &str = "message/external-body";
const DECLARED: [&str; 4] = [MESSAGE, "message/global", PARTIAL, EXTERNAL];

/// The message without empty lines before it and without the line by which a mailbox begins it.
fn begun(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bare = bytes.trim_ascii_start();
    let line = bare.strip_prefix(b">").unwrap_or(bare);
    if !line.starts_with(b"From ") {
        return bare;
    }
    memchr::memchr(b'\n', line).and_then(|end| line.get(end + 1..)).unwrap_or(bare)
}

fn looks_like_message(bytes: &[u8]) -> bool {
    let begin = bytes.get(..bytes.len().min(HEADER_BYTES_MAX)).unwrap_or_default();
    let mut lines = begin.split(|byte| *byte == b'\n');
    let first_line = lines.next().unwrap_or_default();
    let is_field_of_part = |line: &[u8]| line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"));
    if first_line.starts_with(b"--") {
        // A multipart that was saved without its header.
        return lines.next().is_some_and(is_field_of_part);
    }
    if !first_line.contains(&b':') || header_end(begin) == 0 {
        return false;
    }
    let fields: Vec<Field<'_>> = fields(begin).take(crate::limits::HEADER_FIELDS_MAX).collect();
    let has = |names: &[&str]| names.iter().any(|name| fields.iter().any(|field| field.is(name)));
    let named = |field: &&Field<'_>| !field.name.is_empty() && field.name.iter().all(|b| b.is_ascii_graphic());
    let is_part = is_field_of_part(first_line) && has(&["Content-Type"]);
    let is_message = has(&BY_SYSTEMS) && has(&BY_SENDERS);
    (is_message || is_part) && fields.iter().take(3).filter(named).count() == fields.len().min(3)
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = begun(contents.bytes);
    match contents.declared_type {
        PARTIAL => opening.note(NoteKind::PartialMessage, PARTIAL),
        EXTERNAL => opening.note(NoteKind::ExternalObject, EXTERNAL),
        _ => {}
    }
    let message = match screen(bytes) {
        Ok(()) => Message::parse(bytes),
        Err(hostile) => {
            opening.note(NoteKind::TooDeep, &hostile.to_string());
            Message::unparsed(bytes)
        }
    };
    if !message.ambiguities.is_empty() {
        let kinds: Vec<&str> = message.ambiguities.iter().map(|kind| kind.name()).collect();
        opening.note(NoteKind::Ambiguous, &kinds.join(", "));
    }
    for part in message.parts.into_iter().chain(message.readings) {
        if opening.take_part(part).is_break() {
            return;
        }
    }
}

#[cfg(test)]
pub(in crate::unpack) mod tests {
    use super::*;
    use crate::unpack::samples::letter;
    use crate::unpack::{eicar, open as open_all};
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// Base64 in lines of 76.
    pub(in crate::unpack) fn base64_lines(bytes: &[u8]) -> String {
        let text = STANDARD.encode(bytes);
        let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    }

    /// Kinds of notes about a file of this name and these contents.
    fn noted(contents: &[u8]) -> Vec<NoteKind> {
        let letter = letter("saved", contents);
        open_all(&Message::parse(&letter)).notes.iter().map(|note| note.kind).collect()
    }

    #[test]
    fn messages_are_opened_however_they_were_saved() {
        let message = letter("x.com", &eicar::sample());
        let file = base64_lines(&eicar::sample());
        let part = format!("Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n");
        for before in ["", "\r\n\r\n", "From a@b Mon Sep  1 10:00:00 2025\r\n", ">From a@b\n", "\u{feff}"] {
            assert_eq!(noted(&[before.as_bytes(), &message].concat()), [NoteKind::Eicar], "{before:?}");
        }
        assert_eq!(noted(part.as_bytes()), [NoteKind::Eicar]);
        let headless = noted(format!("--x\r\n{part}--x--\r\n").as_bytes());
        assert_eq!(headless, [NoteKind::Eicar]);
        assert_eq!(noted(b"Dear: Anna\r\n\r\nhello\r\n"), []);
    }

    #[test]
    fn pieces_and_references_are_noted() {
        for (kind, want) in [
            ("message/partial; id=\"1\"; number=1; total=2", NoteKind::PartialMessage),
            ("message/external-body; access-type=url", NoteKind::ExternalObject),
        ] {
            let text = format!("From: a@b.example\r\nContent-Type: {kind}\r\n\r\nSubject: x\r\n\r\nhello\r\n");
            let notes = open_all(&Message::parse(text.as_bytes())).notes;
            assert_eq!(notes.iter().map(|note| note.kind).collect::<Vec<_>>(), [want], "{kind}");
        }
    }
}
