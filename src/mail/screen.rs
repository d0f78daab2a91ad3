//! The linear screen of a message's structure: keeps hostile nesting away from every parser.
//!
//! Does not parse and does not judge contents. It looks at every dash: boundaries begin with two, and the names of the
//! fields that shape a message (Content-Type and its kin) have one, while base64 has none. What it counts is at least
//! what mail-parser 0.11 could act on, in its most lenient reading: white space inside field names, colons before
//! them, boundaries in the middle of a line, comments in types, and messages inside encoded messages, which mail-parser
//! decodes by itself. Standards: RFC 2045 §5, RFC 2046 §5.

use super::header_end;
use super::transfer;
use crate::limits::{
    BOUNDARIES_MAX, BOUNDARY_COMPARE_MAX, BOUNDARY_WORK_MAX, CONTENT_FIELD_WORK_MAX, DASH_LINES_MAX, DASHES_INSIDE_MAX,
    ENCODED_MESSAGES_DEPTH, HEADER_BYTES_MAX, HEADER_FIELDS_MAX, NESTED_MESSAGES_MAX, PART_HEADER_LINES_MAX,
};
use memchr::{memchr, memchr_iter, memrchr};
use std::fmt;

/// Which bound of `limits` the structure goes beyond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hostile {
    pub what: &'static str,
    pub found: u64,
    pub at_most: u64,
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, at most {}", self.what, self.found, self.at_most)
    }
}

/// Looks whether the structure of a message may be given to a parser. Linear in the octets.
///
/// # Errors
/// The first bound that the structure goes beyond.
pub fn screen(bytes: &[u8]) -> Result<(), Hostile> {
    screen_level(bytes, ENCODED_MESSAGES_DEPTH)
}

/// `levels`: how many times mail-parser would still decode an encoded message found in these bytes.
fn screen_level(bytes: &[u8], levels: usize) -> Result<(), Hostile> {
    header_block(bytes)?;
    let mut pass = Pass::new(bytes);
    for at in memchr_iter(b'-', bytes) {
        if at > 0 && bytes.get(at - 1) == Some(&b'-') {
            pass.pair(at - 1)?;
        } else if let Some((kind, value)) = pass.content_field(at) {
            pass.field(kind, value)?;
        }
    }
    pass.close_block();
    pass.work()?;
    if levels == 0 {
        return Ok(());
    }
    for body in &pass.base64_bodies {
        let run = base64_run(bytes.get(*body..).unwrap_or_default());
        screen_level(&transfer::base64(run), levels - 1)?;
    }
    match pass.quoted_body {
        // One decoding of all that follows holds whatever each quoted message below would be decoded to.
        Some(body) => screen_level(&transfer::quoted_printable(bytes.get(body..).unwrap_or_default()), levels - 1),
        None => Ok(()),
    }
}

fn within(what: &'static str, found: u64, at_most: u64) -> Result<(), Hostile> {
    if found > at_most { Err(Hostile { what, found, at_most }) } else { Ok(()) }
}

fn header_block(bytes: &[u8]) -> Result<(), Hostile> {
    let end = header_end(bytes);
    within("header bytes", end as u64, HEADER_BYTES_MAX as u64)?;
    let header = bytes.get(..end).unwrap_or_default();
    let folded = |at: usize| matches!(header.get(at + 1), Some(b' ' | b'\t') | None);
    let fields = memchr_iter(b'\n', header).filter(|at| !folded(*at)).count() + usize::from(end > 0);
    within("header fields", fields as u64, HEADER_FIELDS_MAX as u64)
}

/// The fields that shape a message for a parser.
#[derive(Clone, Copy)]
enum Kind {
    Type,
    Disposition,
    Encoding,
}

/// The words behind `content-`, white space left out.
const KINDS: [(&[u8], Kind); 3] =
    [(b"type:", Kind::Type), (b"disposition:", Kind::Disposition), (b"transfer-encoding:", Kind::Encoding)];

/// A header block as mail-parser sees it, known by where its body begins.
#[derive(Default)]
struct Block {
    body: usize,
    message: bool,
    base64: bool,
    quoted: bool,
}

/// What one pass over the bytes has counted.
struct Pass<'a> {
    bytes: &'a [u8],
    nested: u64,
    boundaries: u64,
    boundary_field_bytes: u64,
    field_work: u64,
    dash_lines: u64,
    dashes_inside: u64,
    pairs: u64,
    last_pair: Option<usize>,
    header_lines: u64,
    /// How far lines were counted as headers.
    header_counted: usize,
    /// Begin of the last line looked for, and how far it was looked for: keeps the search linear.
    line_start: usize,
    line_searched: usize,
    /// A multipart/digest was seen: its parts are messages without saying so.
    digest: bool,
    block: Block,
    base64_bodies: Vec<usize>,
    quoted_body: Option<usize>,
}

impl<'a> Pass<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            nested: 0,
            boundaries: 0,
            boundary_field_bytes: 0,
            field_work: 0,
            dash_lines: 0,
            dashes_inside: 0,
            pairs: 0,
            last_pair: None,
            header_lines: 0,
            header_counted: 0,
            line_start: 0,
            line_searched: 0,
            digest: false,
            block: Block::default(),
            base64_bodies: Vec::new(),
            quoted_body: None,
        }
    }

    /// Two dashes at `at`: with the right word behind them, a boundary.
    fn pair(&mut self, at: usize) -> Result<(), Hostile> {
        self.pairs += 1;
        self.last_pair = Some(at);
        self.count_header_lines(at)?;
        match at.checked_sub(1).and_then(|before| self.bytes.get(before)) {
            Some(b'-') => Ok(()),
            None | Some(b'\n' | b'\r') => {
                self.dash_lines += 1;
                within("lines that begin with --", self.dash_lines, DASH_LINES_MAX as u64)
            }
            Some(_) => {
                self.dashes_inside += 1;
                within("dashes inside lines", self.dashes_inside, DASHES_INSIDE_MAX)
            }
        }
    }

    /// The field whose name has the dash at `at`: its kind, and where its value lies.
    fn content_field(&mut self, at: usize) -> Option<(Kind, (usize, usize))> {
        let start = word_before(self.bytes, at, b"content")?;
        let (kind, value) =
            KINDS.iter().find_map(|(word, kind)| Some((*kind, word_behind(self.bytes, at + 1, word)?)))?;
        if !self.may_begin_field(start) {
            return None;
        }
        Some((kind, (value, field_end(self.bytes, value))))
    }

    /// True where mail-parser could begin a field at `start`: only white space and colons stand before it on its line,
    /// or two dashes that might be a boundary.
    fn may_begin_field(&mut self, start: usize) -> bool {
        let before = self.bytes.get(..start).unwrap_or_default();
        match before.iter().rev().find(|b| !matches!(b, b' ' | b'\t' | b':' | 0x0c)) {
            None | Some(b'\n' | b'\r') => true,
            Some(_) => {
                let fresh = before.get(self.line_searched..).unwrap_or_default();
                if let Some(lf) = memrchr(b'\n', fresh) {
                    self.line_start = self.line_searched + lf + 1;
                }
                self.line_searched = start;
                self.last_pair.is_some_and(|pair| pair >= self.line_start)
            }
        }
    }

    fn field(&mut self, kind: Kind, (start, end): (usize, usize)) -> Result<(), Hostile> {
        let value = self.bytes.get(start..end).unwrap_or_default();
        let length = value.len() as u64;
        let squared = length.saturating_mul(length);
        match kind {
            Kind::Type => {
                self.field_work = self.field_work.saturating_add(squared);
                within("bytes of content fields, squared", self.field_work, CONTENT_FIELD_WORK_MAX)?;
                self.content_type(value, end)
            }
            Kind::Disposition => {
                self.field_work = self.field_work.saturating_add(squared);
                within("bytes of content fields, squared", self.field_work, CONTENT_FIELD_WORK_MAX)
            }
            Kind::Encoding => {
                // An encoded word can spell the name of an encoding.
                let word = has(value, b"=?");
                let (base64, quoted) = (word || has(value, b"base64"), word || has(value, b"quoted"));
                if base64 || quoted {
                    let digest = self.digest;
                    let block = self.block_at(end);
                    block.base64 |= base64;
                    block.quoted |= quoted;
                    block.message |= digest;
                }
                Ok(())
            }
        }
    }

    fn content_type(&mut self, value: &[u8], end: usize) -> Result<(), Hostile> {
        if has(value, b"boundary") {
            self.boundaries += 1;
            self.boundary_field_bytes = self.boundary_field_bytes.max(value.len() as u64);
            within("boundaries", self.boundaries, BOUNDARIES_MAX as u64)?;
        }
        // A comment may hold a semicolon; without one, the type ends at the first.
        let head = match memchr(b';', value) {
            Some(at) if memchr(b'(', value).is_none() => value.get(..at).unwrap_or_default(),
            Some(_) | None => value,
        };
        self.digest |= has(head, b"digest");
        if has(head, b"message") && (has(head, b"rfc822") || has(head, b"global")) {
            self.nested += 1;
            within("nested messages", self.nested, NESTED_MESSAGES_MAX as u64)?;
            let body = {
                let block = self.block_at(end);
                block.message = true;
                block.body
            };
            self.count_header_lines(body)?;
        }
        Ok(())
    }

    /// Counts the lines from `from` to the next empty line, which a parser may take for header fields; in a digest, where
    /// a part is a message without saying so, all lines.
    fn count_header_lines(&mut self, from: usize) -> Result<(), Hostile> {
        if from < self.header_counted {
            return Ok(());
        }
        self.header_counted = from;
        while let Some(rest) = self.bytes.get(self.header_counted..).filter(|rest| !rest.is_empty()) {
            let length = memchr(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
            self.header_counted += length;
            self.header_lines += 1;
            within("lines in headers of parts", self.header_lines, PART_HEADER_LINES_MAX)?;
            if !self.digest && rest.get(..length).unwrap_or_default().trim_ascii().is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// The header block that the field ending at `end` is in.
    fn block_at(&mut self, end: usize) -> &mut Block {
        if end > self.block.body || self.block.body == 0 {
            self.close_block();
            self.block = Block { body: body_start(self.bytes, end), ..Block::default() };
        }
        &mut self.block
    }

    fn close_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.message && block.base64 {
            self.base64_bodies.push(block.body);
        }
        if block.message && block.quoted {
            self.quoted_body.get_or_insert(block.body);
        }
    }

    fn work(&self) -> Result<(), Hostile> {
        let work = self.boundaries.saturating_mul(self.bytes.len() as u64);
        within("boundaries times bytes", work, BOUNDARY_WORK_MAX)?;
        let compared = self.boundaries.saturating_mul(self.pairs).saturating_mul(self.boundary_field_bytes);
        within("boundaries times dashes times bytes of a boundary", compared, BOUNDARY_COMPARE_MAX)
    }
}

/// White space inside a field name, as mail-parser skips it.
fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0c)
}

/// Where `word` (lower case) begins that ends before `at`, gaps skipped.
fn word_before(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let mut left = word.iter().rev();
    let mut want = left.next()?;
    for (back, byte) in bytes.get(..at)?.iter().rev().enumerate() {
        if is_gap(*byte) {
            continue;
        }
        if byte.to_ascii_lowercase() != *want {
            return None;
        }
        match left.next() {
            Some(next) => want = next,
            None => return Some(at - back - 1),
        }
    }
    None
}

/// Where the text behind `word` (lower case) begins, which begins at `at`, gaps skipped.
fn word_behind(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let mut left = word.iter();
    let mut want = left.next()?;
    for (on, byte) in bytes.get(at..)?.iter().enumerate() {
        if is_gap(*byte) {
            continue;
        }
        if byte.to_ascii_lowercase() != *want {
            return None;
        }
        match left.next() {
            Some(next) => want = next,
            None => return Some(at + on + 1),
        }
    }
    None
}

/// Behind the line feed of the field whose value begins at `at`: the first that no white space follows.
fn field_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    memchr_iter(b'\n', rest)
        .find(|lf| !matches!(rest.get(lf + 1), Some(b' ' | b'\t')))
        .map_or(bytes.len(), |lf| at + lf + 1)
}

/// Where mail-parser begins the body below the field that ends at `at`: behind the first line of white space that does
/// not continue a field.
fn body_start(bytes: &[u8], mut at: usize) -> usize {
    let mut in_field = true;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
        let line = rest.get(..length).unwrap_or_default();
        at += length;
        if in_field && matches!(line.first(), Some(b' ' | b'\t')) {
            continue;
        }
        let mut words = line.iter().skip_while(|b| b.is_ascii_whitespace() || **b == b':').peekable();
        if line.trim_ascii().is_empty() {
            return at;
        }
        in_field = words.peek().is_some() && words.any(|b| *b == b':');
    }
    bytes.len()
}

/// The bytes that mail-parser would decode as one base64 body: up to the first foreign character or two dashes.
fn base64_run(bytes: &[u8]) -> &[u8] {
    let mut last = 0;
    let end = bytes.iter().position(|byte| {
        let ends = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' | b' ' | b'\t' | b'\r' | b'\n' => false,
            b'-' => last == b'-',
            _ => true,
        };
        last = *byte;
        ends
    });
    bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default()
}

/// True where `word` (lower case) stands in `text` in any case.
fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Message;
    use base64::{Engine, engine::general_purpose::STANDARD};

    fn refused(mail: &str) -> Option<&'static str> {
        screen(mail.as_bytes()).err().map(|hostile| hostile.what)
    }

    const HEAD: &str = "From: a@b.example\r\nMIME-Version: 1.0\r\n";

    #[test]
    fn nesting_is_refused_in_every_spelling_that_a_parser_acts_on() {
        let many = NESTED_MESSAGES_MAX + 1;
        for line in [
            "Content-Type:message/rfc822\n\n",
            "content-TYPE: MESSAGE/global\r\n\r\n",
            "Content-Type :\r\n message/rfc822\r\n\r\n",
            "Con tent - Ty\rpe: message/rfc822\n\n",
            "  ::Content-Type: (;) message (x) / rfc822\n\n",
            "x--bContent-Type: message/rfc822\n\n",
            "X: y\rContent-Type: message/rfc822\n\n",
            "Content-Type: \"message\"/rfc822; name=x\n\n",
        ] {
            assert_eq!(refused(&line.repeat(many)), Some("nested messages"), "{line:?}");
            assert_eq!(refused(&line.repeat(NESTED_MESSAGES_MAX)), None, "{line:?}");
        }
        assert_eq!(refused(&"Content-Type:message/rfc822\n\n".repeat(40_000)), Some("nested messages"));
    }

    fn depth(message: &mail_parser::Message<'_>) -> usize {
        let inner = message.parts.iter().filter_map(|part| part.message());
        inner.map(|message| 1 + depth(message)).max().unwrap_or(0)
    }

    /// Random pieces of header, many times over: whatever the parser nests too deep, the screen must refuse.
    #[test]
    fn nothing_that_the_parser_nests_deeper_passes() {
        const PIECES: [&str; 32] = [
            "Content-Type",
            "Content-Type:",
            "Content-Type: message/rfc822\n",
            "Content-Type: message/rfc822\n\n",
            ":",
            " ",
            "\t",
            "\n",
            "\r\n",
            "\n\n",
            "\r",
            "message/rfc822",
            "message",
            "/",
            "rfc822",
            "global",
            ";",
            "(c)",
            "(;)",
            "\"",
            "--b",
            "--b\n",
            "b",
            "x",
            "Con tent-",
            "Type",
            "-",
            "\x0c",
            "multipart/digest; boundary=b",
            "X: y\n",
            "type=",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n",
        ];
        const HEADS: [&str; 3] =
            ["", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "Content-Type: message/rfc822\n\n"];
        let mut noise = 777_u64;
        let mut below = |end: usize| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 33) as usize % end
        };
        let mut deep = 0;
        for _ in 0..6000 {
            let unit: String = (0..2 + below(9)).map(|_| PIECES[below(PIECES.len())]).collect();
            let mail = format!("{}{}", HEADS[below(HEADS.len())], unit.repeat(2 * NESTED_MESSAGES_MAX));
            let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes());
            if parsed.is_some_and(|message| depth(&message) > NESTED_MESSAGES_MAX) {
                deep += 1;
                assert!(screen(mail.as_bytes()).is_err(), "{unit:?}");
            }
        }
        assert!(deep > 50, "only {deep} messages were deep: the test is blind");
    }

    #[test]
    fn nesting_inside_an_encoded_message_is_refused() {
        let deep = "Content-Type:message/rfc822\n\n".repeat(1000);
        let quoted = "Content=2DType:message/rfc822\n\n".repeat(1000);
        let base64 = STANDARD.encode(&deep);
        let twice =
            STANDARD.encode(format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{base64}"));
        let part = |fields: &str, body: &str| {
            format!("{HEAD}Content-Type: multipart/digest; boundary=o\r\n\r\n--o\r\n{fields}\r\n{body}\r\n--o--\r\n")
        };
        for (fields, body) in [
            ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", &base64),
            ("Content-Transfer-Encoding: BASE64\r\nX: y\r\n z\r\nContent-Type: message/rfc822\r\n", &base64),
            ("Content-Type: message/rfc822\r\n \r\nContent-Transfer-Encoding: base64\r\n", &base64),
            ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: =?us-ascii?q?base64?=\r\n", &base64),
            ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n", &quoted),
            // In a digest a part without a type is a message.
            ("Content-Transfer-Encoding: base64\r\n", &base64),
            ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", &twice),
        ] {
            assert_eq!(refused(&part(fields, body)), Some("nested messages"), "{fields}");
        }
        // Nobody parses what is not a message.
        assert_eq!(refused(&part("Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n", &base64)), None);
        let inner = STANDARD.encode(format!("{HEAD}Subject: x\r\n\r\nhello\r\n"));
        let fields = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n";
        assert_eq!(refused(&part(fields, &inner)), None);
    }

    #[test]
    fn each_bound_is_kept() {
        let boundary = |n: usize| format!("Content-Type: multipart/mixed; Boundary*0=b{n}\r\n\r\n");
        let boundaries = |count: usize| (0..count).map(boundary).collect::<String>();
        let long = |count: usize| format!("Content-Disposition: x; {}\r\n\r\n", "n*1=xxxxxxxx;".repeat(count));
        let parts = format!("{}{}", boundary(1), "--b1\n\n".repeat(DASH_LINES_MAX + 1));
        let inside = format!("{}{}", boundary(1), "x--b1\n\n".repeat(DASHES_INSIDE_MAX as usize + 1));
        let work = format!("{}{}", boundaries(90), " ".repeat(25 << 20));
        let dashes = format!("Content-Type: multipart/mixed; boundary={0}x\r\n\r\n{0}{0}", "-".repeat(30_000));
        for (mail, want) in [
            (format!("X: {}\r\n\r\n", "y".repeat(HEADER_BYTES_MAX)), Some("header bytes")),
            ("X: y\r\n".repeat(HEADER_FIELDS_MAX) + "\r\n", None),
            ("X: y\r\n".repeat(HEADER_FIELDS_MAX + 2) + "\r\n", Some("header fields")),
            ("X: y\r\n\tz\r\n".repeat(HEADER_FIELDS_MAX) + "\r\n", None),
            (boundaries(BOUNDARIES_MAX), None),
            (boundaries(10_000), Some("boundaries")),
            (long(8_000), None),
            (long(80_000), Some("bytes of content fields, squared")),
            (parts, Some("lines that begin with --")),
            (inside, Some("dashes inside lines")),
            (work, Some("boundaries times bytes")),
            (format!("{}--b1\n{}", boundary(1), "a:b\n".repeat(1_000_001)), Some("lines in headers of parts")),
            (
                format!("Content-Type: message/rfc822\n\n{}", "a:b\n".repeat(1_000_001)),
                Some("lines in headers of parts"),
            ),
            (format!("{}{}", boundary(1), "a:b\n".repeat(2_000_000)), None),
            (dashes.repeat(12), Some("boundaries times dashes times bytes of a boundary")),
        ] {
            assert_eq!(refused(&mail), want, "{}", mail.get(..60).unwrap());
        }
    }

    /// A digest of messages, each multipart/alternative, as list software makes it.
    fn digest(messages: usize) -> String {
        let one = |n: usize| {
            format!(
                "--digest\r\nContent-Type: message/rfc822\r\nMIME-Version: 1.0\r\n\r\nFrom: m{n}@x.example\r\n\
                 Subject: {n}\r\nContent-Type: multipart/alternative; boundary=\"=_{n}\"\r\n\r\n--=_{n}\r\n\r\ntext {n}\r\n\
                 --=_{n}\r\nContent-Type: text/html\r\n\r\n<!-- c --><p>{n}</p>\r\n--=_{n}--\r\n\r\n"
            )
        };
        let messages: String = (0..messages).map(one).collect();
        format!("{HEAD}Content-Type: multipart/digest; boundary=digest\r\n\r\n{messages}--digest--\r\n")
    }

    #[test]
    fn ordinary_messages_pass() {
        let talk = "> Content-Type: message/rfc822\r\nthe \"Content-Type: message/rfc822\" field, boundary=\r\n";
        let patch = "--- a/x\r\n+++ b/x\r\n-- \r\n";
        let html = "<!-- c --><div style=\"--x:1\">-->\r\n";
        for body in [talk.repeat(500), patch.repeat(5000), html.repeat(5000), "-".repeat(1 << 20)] {
            assert_eq!(refused(&format!("{HEAD}Subject: x\r\n\r\n{body}")), None, "{body:.20}");
        }
        let named: String =
            (0..90).map(|n| format!("--b\r\nContent-Type: text/plain; name=message{n}.rfc822\r\n\r\n")).collect();
        assert_eq!(refused(&format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{named}--b--\r\n")), None);
        assert_eq!(refused(&digest(30)), None);
        assert_eq!(Message::parse(digest(30).as_bytes()).parts.len(), 30);
        assert_eq!(refused(""), None);
    }
}
