//! Our lines on top of a message, and the cutting out of foreign copies of them.
//!
//! The only writer of header fields: it cannot emit CR, LF or a control, whatever it is given. Does not touch a byte
//! below the header block. Standards: RFC 5321 §4.4 (Return-Path, Received), RFC 5322 §2.1.1 and §2.2.3 (folding),
//! RFC 6531 §3.7.3.

use super::fields::{fields, header_end};
use serde::{Deserialize, Serialize};

/// The header fields that are ours alone; foreign copies are removed in every spelling. Other `X-PM-*` names belong to
/// others (Postmark signs its own) and stay.
pub const OURS: &[&str] = &["X-PM-Scan", "X-PM-Score", "X-PM-Report", "X-PM-Sieve", "X-PM-Released", "X-PM-Begins"];

/// Stands between our lines and a message that begins with a continuation of nothing.
const BEGUN: &str = "X-PM-Begins";
/// Columns at which a line of ours is folded (RFC 5322 §2.1.1 asks for at most 78).
pub(super) const FOLD_COLUMN: usize = 78;

/// One header field of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub name: String,
    /// Words between which the line may be folded; anything may be in them.
    pub words: Vec<String>,
}

impl Line {
    /// A line for any text: what is not printable ASCII, and `%`, is written as `%XX` ([`clean`]).
    pub fn new(name: &str, words: impl IntoIterator<Item = String>) -> Self {
        Self { name: name.to_string(), words: words.into_iter().map(|word| clean(&word)).collect() }
    }

    /// A line for addresses and dates, which stay as they are, UTF-8 too (RFC 6532); a control becomes `?`.
    pub fn verbatim(name: &str, words: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: name.to_string(),
            words: words.into_iter().map(|word| word.replace(char::is_control, "?")).collect(),
        }
    }
}

/// All that we put on one message for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Top to bottom.
    pub lines: Vec<Line>,
    /// Put before the subject's text.
    pub tag: Option<String>,
}

impl Stamp {
    /// With a word for the user whose script did not run as it was written.
    pub fn with_trouble(mut self, trouble: Option<&str>) -> Self {
        let line = |trouble: &str| Line::new("X-PM-Sieve", trouble.split_whitespace().map(str::to_string));
        self.lines.extend(trouble.map(line));
        self
    }

    /// The message with our lines on top, foreign copies of ours and any Return-Path (RFC 5321 §4.4: only one) cut out,
    /// and the tag before the subject's text. The bytes below the header block are the same.
    pub fn on(&self, message: &[u8]) -> Vec<u8> {
        stamp(message, &self.lines, self.tag.as_deref())
    }
}

fn stamp(message: &[u8], lines: &[Line], tag: Option<&str>) -> Vec<u8> {
    let eol = line_end_of(message);
    let mut out = Vec::with_capacity(message.len() + 2048);
    for line in lines {
        write_line(&mut out, line, eol);
    }
    if message.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) && !lines.is_empty() {
        // Else its first line would go on our last one (RFC 5322 §2.2.3).
        write_line(&mut out, &Line::new(BEGUN, ["with a space:".to_string()]), eol);
    }
    let mut tagged = tag.is_none();
    let mut last_byte = b'\n';
    for field in fields(message) {
        if field.is("Return-Path") || OURS.iter().any(|name| field.is(name)) {
            continue;
        }
        let whole = message.get(field.start..field.end).unwrap_or_default();
        match tag {
            Some(tag) if !tagged && field.is("Subject") => {
                out.extend_from_slice(b"Subject: ");
                out.extend_from_slice(clean(tag).as_bytes());
                out.push(b' ');
                out.extend_from_slice(field.value.trim_ascii_start());
                tagged = true;
            }
            _ => out.extend_from_slice(whole),
        }
        last_byte = whole.last().copied().unwrap_or(last_byte);
    }
    if !tagged
        && let Some(tag) = tag
        && last_byte == b'\n'
    {
        write_line(&mut out, &Line::new("Subject", [tag.to_string()]), eol);
    }
    let body = message.get(header_end(message)..).unwrap_or_default();
    out.extend_from_slice(body);
    out
}

/// LF alone where the first line ends so, as in a message piped to us by a local program; else CRLF.
pub(super) fn line_end_of(message: &[u8]) -> &'static [u8] {
    let is_bare = |at: usize| at == 0 || message.get(at - 1) != Some(&b'\r');
    if memchr::memchr(b'\n', message).is_some_and(is_bare) { b"\n" } else { b"\r\n" }
}

fn write_line(out: &mut Vec<u8>, line: &Line, eol: &[u8]) {
    out.extend_from_slice(line.name.as_bytes());
    out.push(b':');
    let mut column = line.name.len() + 1;
    for (at, word) in line.words.iter().enumerate() {
        // Again: the stamp may have come from a peer of ours.
        let word = word.replace(char::is_control, "?");
        // The first word stays on the first line: a line of white space alone would end the header for some.
        if at > 0 && column + 1 + word.len() > FOLD_COLUMN {
            out.extend_from_slice(eol);
            column = 0;
        }
        out.push(b' ');
        out.extend_from_slice(word.as_bytes());
        column += 1 + word.len();
    }
    out.extend_from_slice(eol);
}

/// Printable ASCII stays; a `%` and all else become `%XX` of their UTF-8 octets.
pub fn clean(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        match byte {
            b'%' => out.push_str("%25"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn foreign_copies_of_our_fields_go_in_every_spelling() {
        let mail = b"x-pm-SCAN: CLEAN\r\nA: 1\r\nX-PM-Scan : CLEAN\r\nX-PM-Report:\r\n a\r\n b\r\nno colon\r\nX-PM-Score\t: 1\r\nX-PM-Message-Id: 7\r\nreturn-path: <a@b>\r\n\r\nX-PM-Scan: body\r\n";
        let stamped = stamp(mail, &[Line::new("X-PM-Scan", ["SPAM".to_string()])], None);
        assert_eq!(
            text(&stamped),
            "X-PM-Scan: SPAM\r\nA: 1\r\nno colon\r\nX-PM-Message-Id: 7\r\n\r\nX-PM-Scan: body\r\n"
        );
    }

    #[test]
    fn no_value_can_break_out_of_its_line() {
        let evil = "a\r\nX-PM-Scan: CLEAN\u{1b}\u{202e}%0d";
        let stamped = stamp(b"\r\n", &[Line::new("X-PM-Report", [evil.to_string()])], None);
        assert_eq!(text(&stamped), "X-PM-Report: a%0D%0AX-PM-Scan: CLEAN%1B%E2%80%AE%250d\r\n\r\n");
    }

    #[test]
    fn a_message_that_begins_with_a_space_adds_nothing_to_our_lines() {
        let stamped = text(&stamp(b" SPOOF\r\nA: 1\r\n\r\n", &[Line::new("X-PM-Report", ["x".to_string()])], None));
        assert_eq!(stamped, "X-PM-Report: x\r\nX-PM-Begins: with a space:\r\n SPOOF\r\nA: 1\r\n\r\n");
    }

    #[test]
    fn long_lines_are_folded_between_words() {
        let words = (0..40).map(|n| format!("word{n}"));
        let stamped = text(&stamp(b"A: 1\r\n\r\n", &[Line::new("X-PM-Report", words)], None));
        assert!(stamped.lines().all(|l| l.len() <= FOLD_COLUMN), "{stamped}");
        assert_eq!(fields(stamped.as_bytes()).count(), 2);
    }

    #[test]
    fn a_tag_stands_before_the_subject_or_makes_one() {
        assert_eq!(text(&stamp(b"Subject: hi\r\n\r\nx", &[], Some("[SPAM]"))), "Subject: [SPAM] hi\r\n\r\nx");
        assert_eq!(text(&stamp(b"A: 1\n\nx", &[], Some("[SPAM]"))), "A: 1\nSubject: [SPAM]\n\nx");
    }

    #[test]
    fn the_body_is_never_touched() {
        for mail in [
            &b""[..],
            b"\r\n",
            b"body only without header",
            b"A: 1",
            b"A: 1\r\n",
            b"\nX",
            b"A: 1\r\n\r\n\x00\xff\r\r\n\n.\r\n",
        ] {
            let stamped = stamp(mail, &[Line::new("X-PM-Scan", ["CLEAN".to_string()])], None);
            let body = &mail[header_end(mail)..];
            assert!(stamped.ends_with(body));
        }
    }
}
