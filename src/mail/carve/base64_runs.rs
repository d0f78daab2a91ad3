//! Runs of base64 lines in a text.
//!
//! A run is taken for a file only where its contents are known by their first octets or are clean text: words are made
//! of the same letters. Does not look for the end that a part declares. Standards: RFC 2045 §6.8.

use super::lines::{Line, line_at, text_of};
use super::{Carved, Condition, is_meant};
use crate::mail::transfer;

/// Characters of the shortest run that is looked at.
const RUN_CHARACTERS_MIN: usize = 40;
/// Characters of a line that begins a file behind lines of words.
const FULL_LINE: usize = 56;

/// True for a line of nothing but base64, white space around or within it left out.
pub(crate) fn is_base64_line(text: &[u8]) -> bool {
    let mut count = 0;
    for byte in text {
        if transfer::is_base64(*byte) {
            count += 1;
        } else if !matches!(byte, b' ' | b'\t' | 0) {
            return false;
        }
    }
    count > 0
}

/// The files in the run that begins with this line, and where the run ends. A pad ends a file: what comes behind is the
/// next.
pub(super) fn run(bytes: &[u8], first: Line, most: usize) -> (Vec<Carved>, usize) {
    let mut found = Vec::new();
    let mut chunk = first.start;
    let mut full_line = None;
    let mut at = first.start;
    while let Some(line) = line_at(bytes, at) {
        let text = text_of(bytes, line);
        if !text.trim_ascii().is_empty() && !is_base64_line(text) {
            break;
        }
        at = line.next;
        if full_line.is_none() && text.len() >= FULL_LINE {
            full_line = Some(line.start);
        }
        let mut from = 0;
        while let Some(pad) = memchr::memchr(b'=', text.get(from..).unwrap_or_default()) {
            let behind = text.get(from + pad..).unwrap_or_default().iter().take_while(|b| **b == b'=').count();
            from += pad + behind;
            found.extend(file(bytes, (chunk, line.start + from), full_line, most));
            (chunk, full_line) = (line.start + from, None);
        }
    }
    found.extend(file(bytes, (chunk, at), full_line, most));
    (found, at)
}

/// The file in `from..to`, or from the first full line on, where lines of words stand before it.
fn file(bytes: &[u8], (from, to): (usize, usize), full_line: Option<usize>, most: usize) -> Option<Carved> {
    let starts = [Some(from), full_line.filter(|start| *start != from)];
    starts.into_iter().flatten().find_map(|start| {
        let text = bytes.get(start..to).unwrap_or_default();
        if text.len() < RUN_CHARACTERS_MIN {
            return None;
        }
        // The begin tells, so that words cost little.
        let begin = transfer::base64(text.get(..text.len().min(6000)).unwrap_or_default());
        if !is_meant(&begin) {
            return None;
        }
        // Lines, with their ends, have less than two letters for each octet.
        let paid = text.len().min(most.saturating_mul(2));
        let condition = if paid < text.len() { Condition::CutOff } else { Condition::Sound };
        let contents = transfer::base64(text.get(..paid).unwrap_or_default());
        Some(Carved { coding: "base64", name: None, range: start..to, contents, condition })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::carve;
    use base64::{Engine, engine::general_purpose::STANDARD};

    #[test]
    fn a_pad_ends_a_file_and_words_before_it_do_not_shift_it() {
        let one = STANDARD.encode(b"this is a clean text, that is long enough");
        let two = STANDARD.encode([&b"PK\x03\x04"[..], &[9; 60]].concat());
        let text = format!("Yours\r\nAnna\r\n{one}\r\n{two}\r\n");
        let found: Vec<usize> = carve(text.as_bytes()).iter().map(|f| f.2.len()).collect();
        assert_eq!(found, [41, 64]);
    }
}
