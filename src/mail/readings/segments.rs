//! Cuts a message at every line that some reader could take for a boundary.
//!
//! Flat: nesting does not matter, because every leaf lies between two such lines. Does not read headers. Standards:
//! RFC 2046 §5.1.1.

use super::super::carve::lines::{line_at, text_of};
use super::boundaries::{Boundaries, Delimiter};
use crate::limits::{READING_DASH_LINES_MAX, READING_SEGMENTS_MAX};
use memchr::memmem;
use std::ops::Range;

/// One piece between two boundary lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) range: Range<usize>,
    pub(super) place: Place,
}

/// What stands before a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The begin of the message.
    Top,
    /// A boundary.
    Part,
    /// A line that looks like a boundary, which nobody declared, before fields of a part.
    Undeclared,
    /// A closing boundary.
    Epilogue,
}

/// All pieces outside of these places, in order; the second value tells whether there are more.
pub(super) fn split(bytes: &[u8], boundaries: &Boundaries, masked: &[Range<usize>]) -> (Vec<Segment>, More) {
    let mut found = Vec::new();
    let (mut from, mut place) = (0, Place::Top);
    let mut masks = masked.iter().peekable();
    let mut lines = 0;
    for at in memmem::find_iter(bytes, b"--") {
        let Some(start) = line_start(bytes, at).filter(|start| *start >= from) else { continue };
        while masks.next_if(|mask| mask.end <= start).is_some() {}
        if masks.peek().is_some_and(|mask| mask.contains(&start)) {
            continue;
        }
        lines += 1;
        if lines > READING_DASH_LINES_MAX {
            return (found, More::Yes);
        }
        let Some(line) = line_at(bytes, start) else { continue };
        let next = match boundaries.delimiter(text_of(bytes, line)) {
            Some(Delimiter::Opens) => Place::Part,
            Some(Delimiter::Closes) => Place::Epilogue,
            None if begins_part(bytes, line.next) => Place::Undeclared,
            None => continue,
        };
        if found.len() >= READING_SEGMENTS_MAX {
            return (found, More::Yes);
        }
        found.push(Segment { range: from..end_before(bytes, from, start), place });
        (from, place) = (line.next, next);
    }
    found.push(Segment { range: from..bytes.len(), place });
    (found, More::No)
}

/// Whether something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Yes,
    No,
}

/// White space that may stand before a boundary.
const INDENT_MAX: usize = 16;

/// The begin of the line, where nothing but white space stands before `at` on it.
fn line_start(bytes: &[u8], at: usize) -> Option<usize> {
    let before = bytes.get(at.saturating_sub(INDENT_MAX)..at)?;
    let indent = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | 0)).count();
    let start = at - indent;
    (start == 0 || matches!(bytes.get(start - 1), Some(b'\n' | b'\r'))).then_some(start)
}

/// True where a field of a part stands at `at`.
fn begins_part(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..at + 8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"content-"))
}

/// The line end before a boundary belongs to it.
fn end_before(bytes: &[u8], from: usize, at: usize) -> usize {
    let piece = bytes.get(from..at).unwrap_or_default();
    let bare = piece.strip_suffix(b"\n").unwrap_or(piece);
    from + bare.strip_suffix(b"\r").unwrap_or(bare).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_between_boundaries() {
        let text = b"Content-Type: m/x; boundary=b\r\n\r\npre\r\n--b\r\none\r\n -- no\r\n--b \r\ntwo\n--b--\r\nepi\r\n--q\r\nContent-Type: x/y\r\n\r\nthree";
        let (found, more) = split(text, &Boundaries::declared(text), &[]);
        let seen: Vec<(Place, &str)> =
            found.iter().map(|s| (s.place, std::str::from_utf8(&text[s.range.clone()]).unwrap())).collect();
        assert_eq!(more, More::No);
        assert_eq!(
            seen[1..],
            [
                (Place::Part, "one\r\n -- no"),
                (Place::Part, "two"),
                (Place::Epilogue, "epi"),
                (Place::Undeclared, "Content-Type: x/y\r\n\r\nthree")
            ]
        );
        let (masked, _) = split(text, &Boundaries::declared(text), std::slice::from_ref(&(0..text.len())));
        assert_eq!(masked.len(), 1);
    }
}
