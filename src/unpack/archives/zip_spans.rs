//! Which octets of an archive were read as members, so that none is read again and again.
//!
//! Does not read anything. The reason: D. Fifield, A better zip bomb (WOOT 2019).

use std::collections::BTreeMap;

/// Spans of octets that don't touch each other: start to end.
#[derive(Default)]
pub(super) struct Spans(BTreeMap<usize, usize>);

impl Spans {
    /// Adds `start..end`; true where some of it was there before.
    pub(super) fn add(&mut self, start: usize, end: usize) -> bool {
        let (mut from, mut to) = (start, end.max(start + 1));
        let mut overlaps = false;
        // The spans are apart, so that those which overlap stand right before the new one's end.
        while let Some((other, other_end)) = self.0.range(..to).next_back().map(|(a, b)| (*a, *b)) {
            if other_end <= from {
                break;
            }
            overlaps = true;
            self.0.remove(&other);
            (from, to) = (from.min(other), to.max(other_end));
        }
        self.0.insert(from, to);
        overlaps
    }

    /// The end of the span that holds `at`.
    pub(super) fn end_of(&self, at: usize) -> Option<usize> {
        self.0.range(..=at).next_back().map(|(_, end)| *end).filter(|end| *end > at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_seen_and_joined() {
        let mut spans = Spans::default();
        for (start, end, overlaps) in [
            (10, 20, false),
            (30, 40, false),
            (20, 30, false),
            (5, 11, true),
            (0, 100, true),
            (99, 120, true),
            (120, 121, false),
        ] {
            assert_eq!(spans.add(start, end), overlaps, "{start}..{end}");
        }
        assert_eq!((spans.end_of(0), spans.end_of(119), spans.end_of(121)), (Some(120), Some(120), None));
    }
}
