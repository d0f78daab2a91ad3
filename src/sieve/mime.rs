//! The MIME structure of a message as scripts walk it: every part in order, and the pieces of text between boundaries.
//!
//! One linear pass over the lines, without recursion, so it may read any bytes. Does not decode anything; `content`
//! does. Our own reading, because scripts must see prologues, epilogues and headers of attached messages octet by octet,
//! which no parser hands out. Standards: RFC 2046 §5, RFC 5703 §3 (order of `foreverypart`), RFC 5173 §5.
//! *Reading:* an attached message is a part with one child, as in Pigeonhole.

use super::content;
use crate::mail::{Field, fields};
use std::ops::Range;

/// All parts of one message in the order in which they stand; the first is the message itself.
pub(super) struct Parts<'a> {
    bytes: &'a [u8],
    pub(super) parts: Vec<Part>,
    /// In the order in which they stand.
    pub(super) pieces: Vec<Piece>,
}

/// One part.
#[derive(Debug)]
pub(super) struct Part {
    header: Range<usize>,
    /// Index behind its last descendant: `foreverypart` inside of this part walks from its own index + 1 to here.
    pub(super) end: usize,
    /// Such as `text/plain`, as written; empty where the field can't be read.
    pub(super) content_type: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Leaf,
    Multipart,
    /// An attached message: the next part is its child.
    Message,
}

/// Some text that belongs to a part: the body of a leaf, the text before and behind the children of a multipart, the
/// header of an attached message.
pub(super) struct Piece {
    /// Index of its part.
    pub(super) part: usize,
    range: Range<usize>,
}

impl<'a> Parts<'a> {
    /// Reads the structure of a whole message.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut reading =
            Reading { bytes, parts: Vec::new(), pieces: Vec::new(), open: Vec::new(), state: State::Header };
        reading.begin_part(0, "text/plain");
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(bytes.len(), |lf| at + lf + 1);
            reading.line(at..end);
            at = end;
        }
        reading.close(0, bytes.len());
        Self { bytes, parts: reading.parts, pieces: reading.pieces }
    }

    /// The fields of one part's header.
    pub(super) fn fields(&self, part: usize) -> impl Iterator<Item = Field<'a>> {
        let header = self.parts.get(part).map(|part| part.header.clone()).unwrap_or_default();
        fields(self.bytes.get(header).unwrap_or_default())
    }

    /// The first field of that name, unfolded; encoded words stay encoded.
    pub(super) fn field(&self, part: usize, name: &str) -> Option<String> {
        self.fields(part).find(|field| field.is(name)).map(|field| field.text())
    }

    /// The octets of a piece.
    pub(super) fn text(&self, piece: &Piece) -> &'a [u8] {
        self.bytes.get(piece.range.clone()).unwrap_or_default()
    }

    /// The body of a leaf.
    pub(super) fn body(&self, part: usize) -> Option<&'a [u8]> {
        let is_leaf = self.parts.get(part)?.kind == Kind::Leaf;
        self.pieces.iter().find(|piece| is_leaf && piece.part == part).map(|piece| self.text(piece))
    }
}

/// Where the reading is.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// In the header of the last part.
    Header,
    /// In the last piece.
    Piece,
    /// In the last piece, which stands behind a closing boundary.
    Epilogue,
    /// Behind a closing boundary, where no text has come yet.
    Behind(usize),
}

/// A part that is not complete.
struct Open {
    part: usize,
    /// With its two dashes.
    boundary: Option<Vec<u8>>,
}

struct Reading<'a> {
    bytes: &'a [u8],
    parts: Vec<Part>,
    pieces: Vec<Piece>,
    /// From the message itself to the innermost part.
    open: Vec<Open>,
    state: State,
}

impl Reading<'_> {
    fn line(&mut self, line: Range<usize>) {
        let text = self.bytes.get(line.clone()).unwrap_or_default();
        if text.starts_with(b"--")
            && let Some(level) = self.level_of(text)
        {
            return self.boundary(level, line);
        }
        match self.state {
            State::Header if text == b"\n" || text == b"\r\n" => self.end_header(line),
            State::Header | State::Piece | State::Epilogue => {}
            State::Behind(part) => {
                self.pieces.push(Piece { part, range: line.start..self.bytes.len() });
                self.state = State::Epilogue;
            }
        }
    }

    /// The open part whose boundary begins this line. RFC 2046 §5.1.1 compares beginnings, so the longest one counts where
    /// one boundary begins another.
    fn level_of(&self, line: &[u8]) -> Option<usize> {
        let length = |open: &Open| open.boundary.as_ref().filter(|b| line.starts_with(b)).map(Vec::len);
        let found = self.open.iter().enumerate().filter_map(|(level, open)| Some((length(open)?, level)));
        found.max().map(|(_, level)| level)
    }

    /// A boundary of the open part at `level`: all parts inside of it are complete.
    fn boundary(&mut self, level: usize, line: Range<usize>) {
        self.close(level + 1, line.start);
        let Some(Open { part, boundary: Some(boundary) }) = self.open.get(level) else { return };
        let part = *part;
        let rest = self.bytes.get(line.start + boundary.len()..line.end).unwrap_or_default();
        if rest.starts_with(b"--") {
            // It stays open for its epilogue, but has no boundary any more.
            if let Some(open) = self.open.get_mut(level) {
                open.boundary = None;
            }
            self.state = State::Behind(part);
        } else {
            let is_digest =
                self.parts.get(part).is_some_and(|p| p.content_type.eq_ignore_ascii_case("multipart/digest"));
            self.begin_part(line.end, if is_digest { "message/rfc822" } else { "text/plain" });
        }
    }

    /// RFC 2046 §5.1.5: parts of a digest are messages where they don't say otherwise.
    fn begin_part(&mut self, start: usize, default_type: &str) {
        self.open.push(Open { part: self.parts.len(), boundary: None });
        let content_type = default_type.to_string();
        self.parts.push(Part { header: start..start, end: 0, content_type, kind: Kind::Leaf });
        self.state = State::Header;
    }

    /// The empty line behind a header: what follows depends on the type.
    fn end_header(&mut self, line: Range<usize>) {
        let index = self.parts.len() - 1;
        let Some(part) = self.parts.get_mut(index) else { return };
        part.header.end = line.start;
        let header = self.bytes.get(part.header.clone()).unwrap_or_default();
        let field = fields(header).filter(|field| field.is("Content-Type")).last().map(|field| field.text());
        if let Some(value) = &field {
            part.content_type = content::type_of("Content-Type", value).unwrap_or_default();
        }
        let is_encoded = fields(header).any(|f| f.is("Content-Transfer-Encoding") && content::is_encoded(&f.text()));
        let kind = part.content_type.to_ascii_lowercase();
        let boundary = field.filter(|_| kind.starts_with("multipart/")).and_then(|value| content::boundary(&value));
        if let (Some(boundary), Some(open)) = (boundary, self.open.last_mut()) {
            part.kind = Kind::Multipart;
            open.boundary = Some([b"--", boundary.as_bytes()].concat());
        } else if kind == "message/rfc822" && !is_encoded {
            part.kind = Kind::Message;
        }
        self.state = State::Piece;
        let is_message = part.kind == Kind::Message;
        self.end_attached_header(index, line.start);
        self.pieces.push(Piece { part: index, range: line.end..self.bytes.len() });
        if is_message {
            self.begin_part(line.end, "text/plain");
        }
    }

    /// The piece of an attached message is the header of its child, which ends here.
    fn end_attached_header(&mut self, child: usize, end: usize) {
        let above = child.checked_sub(1).and_then(|message| self.parts.get(message));
        if above.is_some_and(|message| message.kind == Kind::Message)
            && let Some(piece) = self.pieces.last_mut()
        {
            piece.range.end = end;
        }
    }

    /// Completes the open parts from `level` on, and the piece that a boundary at `at` ends.
    fn close(&mut self, level: usize, at: usize) {
        let end = self.before_line_end(at);
        if self.state == State::Header
            && let Some(part) = self.parts.last_mut()
        {
            part.header.end = at;
        }
        if let Some(piece) = self.pieces.last_mut()
            && piece.range.end == self.bytes.len()
        {
            piece.range.end = end.max(piece.range.start);
            if self.state == State::Epilogue && piece.range.is_empty() {
                // It was the line end of the next boundary.
                self.pieces.pop();
            }
        }
        let count = self.parts.len();
        for open in self.open.drain(level.min(self.open.len())..) {
            if let Some(part) = self.parts.get_mut(open.part) {
                part.end = count;
            }
        }
    }

    /// RFC 2046 §5.1.1: the line end before a boundary belongs to the boundary.
    fn before_line_end(&self, at: usize) -> usize {
        if at == self.bytes.len() {
            return at;
        }
        let before = self.bytes.get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        before.strip_suffix(b"\r").unwrap_or(before).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(message: &str) -> Vec<(String, usize)> {
        let parts = Parts::read(message.as_bytes());
        parts.parts.iter().map(|part| (part.content_type.clone(), part.end)).collect()
    }

    #[test]
    fn parts_stand_in_the_order_of_foreverypart() {
        let message = include_str!("samples/nested.eml").replace('\n', "\r\n");
        let want = [
            ("multipart/mixed", 10),
            ("text/plain", 2),
            ("multipart/alternative", 5),
            ("text/plain", 4),
            ("text/html", 5),
            ("message/rfc822", 9),
            ("multipart/mixed", 9),
            ("text/plain", 8),
            ("application/octet-stream", 9),
            ("application/pdf", 10),
        ];
        assert_eq!(walk(&message), want.map(|(kind, end)| (kind.to_string(), end)));
        let parts = Parts::read(message.as_bytes());
        assert_eq!(parts.field(6, "subject").as_deref(), Some("=?utf-8?q?inn=C3=A9r?="));
        assert_eq!(parts.field(3, "subject"), None);
    }

    #[test]
    fn broken_structures_are_read_as_far_as_they_go() {
        for (message, want) in [
            ("", &[("text/plain", 1)][..]),
            ("Subject: x", &[("text/plain", 1)]),
            ("Content-Type: nonsense\n\nx", &[("", 1)]),
            ("Content-Type: multipart/mixed\n\n--x\n\ny", &[("multipart/mixed", 1)]),
            ("Content-Type: multipart/mixed; boundary=x\n\nnever", &[("multipart/mixed", 1)]),
            ("Content-Type: multipart/mixed; boundary=x\n\n--x", &[("multipart/mixed", 2), ("text/plain", 2)]),
            (
                "Content-Type: multipart/mixed; boundary=x\n\n--x\nA: b\n--x--\n",
                &[("multipart/mixed", 2), ("text/plain", 2)],
            ),
            (
                "Content-Type: multipart/mixed; boundary=xy\n\n--xy\nContent-Type: multipart/mixed; boundary=x\n\n--xy\n\nz\n",
                &[("multipart/mixed", 3), ("multipart/mixed", 2), ("text/plain", 3)],
            ),
            (
                "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: y\n\nz\n--x--\n",
                &[("multipart/digest", 3), ("message/rfc822", 3), ("text/plain", 3)],
            ),
        ] {
            let want: Vec<_> = want.iter().map(|(kind, end)| (kind.to_string(), *end)).collect();
            assert_eq!(walk(message), want, "{message:?}");
        }
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let message = "Content-Type: message/rfc822\n\n".repeat(100_000);
        assert_eq!(Parts::read(message.as_bytes()).parts.len(), 100_001);
    }
}
