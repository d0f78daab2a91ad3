//! Mailboxes in one file: each message is a member.
//!
//! Does not take a letter's text that begins with `From ` for a mailbox. Standards: RFC 4155, and the `mboxrd` way of
//! writing `>From `.

use crate::unpack::{Contents, Format, Nature, Opening, Role};
use memchr::memmem;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "mbox", about: "mailboxes in one file", recognise, nature: Nature::Container(open) };

/// Octets of the line that begins a message.
const LINE_BYTES_MAX: usize = 500;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    (contents.role == Role::File && begins_message(contents.bytes)).then_some("application/mbox")
}

/// `From sender date`, then a header field.
fn begins_message(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"From ") else { return false };
    let line = rest.get(..rest.len().min(LINE_BYTES_MAX)).unwrap_or_default();
    let Some(end) = memchr::memchr(b'\n', line) else { return false };
    // The date has a time of day: `10:00`.
    let is_time = |five: &[u8]| {
        let digits = five.iter().filter(|byte| byte.is_ascii_digit()).count();
        digits == 4 && five.get(2) == Some(&b':')
    };
    let has_date = line.get(..end).is_some_and(|line| line.windows(5).any(is_time));
    let field = rest.get(end + 1..).unwrap_or_default();
    let name = field.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    let is_field = name > 0 && field.get(name) == Some(&b':');
    has_date && (is_field || field.starts_with(b">From "))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let mut starts: Vec<usize> = vec![0];
    let is_start = |at: &usize| bytes.get(at + 1..).is_some_and(begins_message);
    starts.extend(memmem::find_iter(bytes, b"\nFrom ").filter(is_start).map(|at| at + 1));
    for (index, from) in starts.iter().enumerate() {
        let to = starts.get(index + 1).copied().unwrap_or(bytes.len());
        let message = bytes.get(*from..to).unwrap_or_default();
        let body = memchr::memchr(b'\n', message).and_then(|end| message.get(end + 1..)).unwrap_or_default();
        if opening.take(&format!("{}.eml", index + 1), unquoted(body).as_slice()).is_break() {
            return;
        }
        if let Some(member) = opening.members.last_mut() {
            member.declared_type = "message/rfc822".to_string();
        }
    }
}

/// Takes one `>` from lines that begin with `>From `, `>>From ` and so on.
fn unquoted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        let is_quoted = marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "));
        out.extend_from_slice(line.get(usize::from(is_quoted)..).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::mail::Message;
    use crate::unpack::open;
    use crate::unpack::samples::letter;

    #[test]
    fn each_message_of_a_mailbox_is_a_member() {
        let one = letter("x.sh", b"#!/bin/sh\n");
        let two = b"Subject: x\r\n\r\nFrom here on\r\n>From there\r\n";
        let start = &b"From a@b.example Mon Sep  1 10:00:00 2025\r\n"[..];
        let mailbox = [start, &one, b"\r\n", start, two].concat();
        let bytes = letter("mail", &mailbox);
        let inside = open(&Message::parse(&bytes));
        let found: Vec<String> =
            inside.items.iter().skip(1).map(|i| format!("{} {}", i.path[1..].join("/"), i.true_type)).collect();
        let want = [
            " application/mbox",
            "1.eml message/rfc822",
            "1.eml/1 text/plain",
            "1.eml/2 text/x-shellscript",
            "2.eml message/rfc822",
            "2.eml/1 text/plain",
        ];
        assert_eq!(found, want);
        for text in ["From here to 2025 it is far.\nReally: far.\n", "From 10:00 on it is far.\nReally far.\n"] {
            let bytes = letter("x.txt", text.as_bytes());
            assert_eq!(open(&Message::parse(&bytes)).items[1].true_type, "text/plain", "{text}");
        }
    }
}
