//! The raw header fields of a message, with the place of each, so that they can be cut out byte by byte.
//!
//! Does not decode anything and needs no parser: it is linear and iterative, so it may read a message that the
//! structure screen refused. Standards: RFC 5322 §2.2. *Deviation:* white space before the colon (RFC 5322 §4.5
//! obsolete form) and bare LF line ends are read as a lenient client would, since a forged field hides there.

/// One header field: octets `start..end` of the message, line end included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub start: usize,
    pub end: usize,
    /// As written, without white space before the colon; empty for a line that is no field.
    pub name: &'a [u8],
    /// Behind the colon, still folded, line end included.
    pub value: &'a [u8],
}

impl Field<'_> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value unfolded and trimmed, bad UTF-8 replaced; encoded words stay encoded.
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.value);
        text.split(['\r', '\n']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The fields of the top header block, in order, one at a time: a hostile block may have millions. A line without a
/// colon is a field without a name, and reading goes on: many parsers do so too, and a copy of our own field could hide
/// behind it.
pub fn fields(bytes: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let end = header_end(bytes);
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let start = at;
        at = line_end(bytes, at, end);
        while at < end && bytes.get(at).is_some_and(|b| *b == b' ' || *b == b'\t') {
            at = line_end(bytes, at, end);
        }
        let whole = bytes.get(start..at).unwrap_or_default();
        let (name, value) = match memchr::memchr(b':', whole) {
            Some(colon) => {
                (whole.get(..colon).unwrap_or_default().trim_ascii(), whole.get(colon + 1..).unwrap_or_default())
            }
            None => (&[][..], whole),
        };
        Some(Field { start, end: at, name, value })
    })
}

/// Where the header block ends: the offset of the empty line, or the length where there is none.
pub fn header_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let next = line_end(bytes, at, bytes.len());
        if bytes.get(at..next).unwrap_or_default().iter().all(|b| *b == b'\r' || *b == b'\n') {
            return at;
        }
        at = next;
    }
    bytes.len()
}

/// Behind the line that begins at `at`: after CRLF, or a bare LF.
fn line_end(bytes: &[u8], at: usize, end: usize) -> usize {
    memchr::memchr(b'\n', bytes.get(at..end).unwrap_or_default()).map_or(end, |lf| at + lf + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_their_places() {
        let mail = b"A: 1\r\nB : 2\r\n\tfolded\r\nno colon\r\nc:\n 3\n\r\nD: body\r\n";
        let names: Vec<(String, String)> =
            fields(mail).map(|f| (String::from_utf8_lossy(f.name).into(), f.text())).collect();
        let want = [("A", "1"), ("B", "2 folded"), ("", "no colon"), ("c", "3")];
        assert_eq!(names, want.map(|(a, b)| (a.to_string(), b.to_string())));
        assert_eq!(fields(mail).map(|f| f.end - f.start).sum::<usize>(), header_end(mail));
    }

    #[test]
    fn a_message_without_an_empty_line_is_all_header() {
        assert_eq!(header_end(b"A: 1\r\nB: 2"), 10);
        assert_eq!(header_end(b""), 0);
        assert_eq!(header_end(b"\r\nbody"), 0);
        assert_eq!(fields(b"\r\nbody").count(), 0);
    }
}
