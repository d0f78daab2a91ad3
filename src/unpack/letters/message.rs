//! Messages inside messages and archives: their parts are members.
//!
//! Does not take a text that quotes a header for a message. Standards: RFC 5322, RFC 2046 §5.2.1.

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
    let declared = ["message/rfc822", "message/global"].contains(&contents.declared_type);
    let looks = contents.role == Role::File && looks_like_message(contents.bytes);
    (declared || looks).then_some("message/rfc822")
}

fn looks_like_message(bytes: &[u8]) -> bool {
    let begin = bytes.get(..bytes.len().min(HEADER_BYTES_MAX)).unwrap_or_default();
    let first_line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if !first_line.contains(&b':') || header_end(begin) == 0 {
        return false;
    }
    let fields: Vec<Field<'_>> = fields(begin).take(crate::limits::HEADER_FIELDS_MAX).collect();
    let has = |names: &[&str]| names.iter().any(|name| fields.iter().any(|field| field.is(name)));
    let named = |field: &&Field<'_>| !field.name.is_empty() && field.name.iter().all(|b| b.is_ascii_graphic());
    has(&BY_SYSTEMS) && has(&BY_SENDERS) && fields.iter().take(3).filter(named).count() == fields.len().min(3)
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    if let Err(hostile) = screen(contents.bytes) {
        opening.note(NoteKind::TooDeep, &hostile.to_string());
        return;
    }
    let message = Message::parse(contents.bytes);
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
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// Base64 in lines of 76.
    pub(in crate::unpack) fn base64_lines(bytes: &[u8]) -> String {
        let text = STANDARD.encode(bytes);
        let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    }
}
