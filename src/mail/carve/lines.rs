//! Lines of foreign bytes, as the most lenient reader ends them: CRLF, LF, CR, and any number of CR before an LF.
//!
//! Does not copy and does not know what a line means.

use memchr::memchr2;

/// CR before an LF that are one line end with it; bounded, so that a long row costs little.
const ROW_MAX: usize = 4;

/// One line: octets `start..end`, without its end; the next one begins at `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) next: usize,
}

/// The line that begins at `at`; `None` at the end.
pub(crate) fn line_at(bytes: &[u8], at: usize) -> Option<Line> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    let Some(stop) = memchr2(b'\r', b'\n', rest) else {
        return Some(Line { start: at, end: bytes.len(), next: bytes.len() });
    };
    let row = rest.get(stop..).unwrap_or_default().iter().take(ROW_MAX).take_while(|byte| **byte == b'\r').count();
    let next = stop + row;
    // A row of CR without an LF is one line end for each: the first ends this line.
    let next = if rest.get(next) == Some(&b'\n') { next + 1 } else { stop + 1 };
    Some(Line { start: at, end: at + stop, next: at + next })
}

/// The text of a line.
pub(crate) fn text_of(bytes: &[u8], line: Line) -> &[u8] {
    bytes.get(line.start..line.end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_ends_a_line() {
        let bytes = b"a\r\nb\nc\rd\r\r\ne\r\rf";
        let mut at = 0;
        let mut seen = Vec::new();
        while let Some(line) = line_at(bytes, at) {
            seen.push(text_of(bytes, line));
            at = line.next;
        }
        assert_eq!(seen, [&b"a"[..], b"b", b"c", b"d", b"e", b"", b"f"]);
    }
}
