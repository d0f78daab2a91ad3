//! One part of a pattern in its compiled form, and the small machine that tries it on both sides of an atom.
//!
//! A part is cut where its atom begins: what stands left of it is tried leftwards, the rest rightwards. Each side keeps
//! the places that it may have reached, so that no gap is ever tried twice and the work is bounded by what is paid.

use super::blob::{Cursor, put16, put32};
use super::hex::{Element, Masked};
use std::ops::Range;

const LITERAL: u8 = 1;
const MASKED: u8 = 2;
const GAP: u8 = 3;
const CHOICE: u8 = 4;

/// Which way a side is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Left,
    Right,
}

/// Writes one side; for the left one the nearest element comes first.
pub(super) fn write(elements: &[Element], way: Way) -> Vec<u8> {
    let mut code = Vec::new();
    match way {
        Way::Right => elements.iter().for_each(|element| write_element(&mut code, element)),
        Way::Left => elements.iter().rev().for_each(|element| write_element(&mut code, element)),
    }
    code
}

fn write_element(code: &mut Vec<u8>, element: &Element) {
    match element {
        Element::Literal(octets) => {
            if octets.is_empty() {
                return;
            }
            code.push(LITERAL);
            put16(code, octets.len());
            code.extend(octets);
        }
        Element::Masked((value, mask)) => code.extend([MASKED, *value, *mask]),
        Element::Gap { min, max } => {
            code.push(GAP);
            put32(code, *min as usize);
            put32(code, *max as usize);
        }
        Element::Choice { negated, rows } => {
            code.extend([CHOICE, u8::from(*negated)]);
            put16(code, rows.len());
            for row in rows {
                put16(code, row.len());
                code.extend(row.iter().flat_map(|(value, mask)| [*value, *mask]));
            }
        }
    }
}

/// What a try may still cost, in steps of the machine.
pub(super) struct Work(pub(super) u64);

impl Work {
    fn pay(&mut self, steps: usize) -> Option<()> {
        self.0 = self.0.checked_sub(steps as u64).or_else(|| {
            self.0 = 0;
            None
        })?;
        Some(())
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

/// Contents with the way that letters are compared.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) octets: &'a [u8],
    pub(super) folds: bool,
}

impl Text<'_> {
    fn same(self, at: Range<usize>, want: &[u8]) -> bool {
        match self.octets.get(at) {
            None => false,
            Some(octets) if self.folds => octets.eq_ignore_ascii_case(want),
            Some(octets) => octets == want,
        }
    }

    fn fits(self, at: usize, (value, mask): Masked) -> bool {
        self.octets.get(at).is_some_and(|octet| {
            octet & mask == value & mask
                || (self.folds && octet.to_ascii_lowercase() & mask == value.to_ascii_lowercase() & mask)
        })
    }

    fn row(self, at: Range<usize>, row: &[[u8; 2]]) -> bool {
        at.end <= self.octets.len() && at.zip(row).all(|(at, [value, mask])| self.fits(at, (*value, *mask)))
    }
}

/// The `count` octets from `at` on in a direction, where there are so many.
fn span(text: Text<'_>, at: usize, count: usize, way: Way) -> Option<Range<usize>> {
    match way {
        Way::Right => at.checked_add(count).filter(|end| *end <= text.octets.len()).map(|end| at..end),
        Way::Left => at.checked_sub(count).map(|begin| begin..at),
    }
}

fn beyond(span: &Range<usize>, way: Way) -> usize {
    match way {
        Way::Right => span.end,
        Way::Left => span.start,
    }
}

/// Tries one side from a place on: every place where it may end goes into `ends`, nearest first; none where it does
/// not fit. `None` where the code is broken or the work is not paid.
pub(super) fn run(
    code: &[u8],
    way: Way,
    text: Text<'_>,
    from: usize,
    ends: &mut Vec<usize>,
    work: &mut Work,
) -> Option<()> {
    ends.clear();
    ends.push(from);
    let mut next: Vec<usize> = Vec::new();
    let mut code = Cursor(code);
    while !code.0.is_empty() && !ends.is_empty() {
        work.pay(ends.len())?;
        match code.u8()? {
            LITERAL => {
                let want = code.counted()?;
                work.pay(ends.len() * (want.len() >> 4))?;
                keep(ends, |at| {
                    let span = span(text, at, want.len(), way)?;
                    text.same(span.clone(), want).then(|| beyond(&span, way))
                });
            }
            MASKED => {
                let octet = (code.u8()?, code.u8()?);
                keep(ends, |at| {
                    let span = span(text, at, 1, way)?;
                    text.fits(span.start, octet).then(|| beyond(&span, way))
                });
            }
            GAP => {
                let (min, max) = (code.u32()? as usize, code.u32()? as usize);
                if min == max {
                    keep(ends, |at| span(text, at, min, way).map(|span| beyond(&span, way)));
                } else {
                    widen(ends, &mut next, (min, max), text, way, work)?;
                }
            }
            CHOICE => choose(&mut code, ends, &mut next, text, way, work)?,
            _ => return None,
        }
    }
    Some(())
}

fn keep(ends: &mut Vec<usize>, step: impl Fn(usize) -> Option<usize>) {
    ends.retain_mut(|at| step(*at).map(|end| *at = end).is_some());
}

/// All places that a gap can reach, each once.
fn widen(
    ends: &mut Vec<usize>,
    next: &mut Vec<usize>,
    (min, max): (usize, usize),
    text: Text<'_>,
    way: Way,
    work: &mut Work,
) -> Option<()> {
    next.clear();
    for at in ends.iter().copied() {
        match way {
            Way::Right => {
                let begin = next.last().map_or(0, |last| last + 1).max(at + min);
                let end = (at + max).min(text.octets.len());
                work.pay((end + 1).saturating_sub(begin))?;
                next.extend(begin..=end);
            }
            Way::Left => {
                let Some(begin) = at.checked_sub(min) else { continue };
                let begin = match next.last() {
                    None => begin,
                    Some(0) => continue,
                    Some(last) => begin.min(last - 1),
                };
                let end = at.saturating_sub(max);
                work.pay((begin + 1).saturating_sub(end))?;
                next.extend((end..=begin).rev());
            }
        }
    }
    std::mem::swap(ends, next);
    Some(())
}

fn choose(
    code: &mut Cursor<'_>,
    ends: &mut Vec<usize>,
    next: &mut Vec<usize>,
    text: Text<'_>,
    way: Way,
    work: &mut Work,
) -> Option<()> {
    let (negated, rows) = (code.u8()? != 0, code.u16()?);
    next.clear();
    let (mut length, mut excluded) = (0, Vec::new());
    for _ in 0..rows {
        length = usize::from(code.u16()?);
        let (row, _) = code.take(length * 2)?.as_chunks::<2>();
        work.pay(ends.len() * (1 + length))?;
        for at in ends.iter().copied() {
            let Some(span) = span(text, at, length, way) else { continue };
            if text.row(span.clone(), row) {
                if negated { excluded.push(at) } else { next.push(beyond(&span, way)) }
            }
        }
    }
    if negated {
        excluded.sort_unstable();
        keep(ends, |at| {
            if excluded.binary_search(&at).is_ok() {
                None
            } else {
                span(text, at, length, way).map(|span| beyond(&span, way))
            }
        });
        return Some(());
    }
    next.sort_unstable();
    if way == Way::Left {
        next.reverse();
    }
    next.dedup();
    std::mem::swap(ends, next);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    fn ends(pattern: &str, text: &[u8], from: usize, way: Way) -> Vec<usize> {
        let elements = hex::read(pattern).unwrap().parts.remove(0).elements;
        let mut ends = Vec::new();
        let text = Text { octets: text, folds: false };
        run(&write(&elements, way), way, text, from, &mut ends, &mut Work(10_000)).unwrap();
        ends
    }

    #[test]
    fn both_ways_reach_the_same() {
        for (pattern, text, right, left) in [
            ("6162", &b"abab"[..], vec![2], vec![2]),
            ("61??", b"abab", vec![2], vec![2]),
            ("{1-2}", b"abab", vec![1, 2], vec![3, 2]),
            ("{1-2}{1-2}", b"abab", vec![2, 3, 4], vec![2, 1, 0]),
            ("61{0-3}62", b"abab", vec![2, 4], vec![2, 0]),
            ("(61|6162)", b"abab", vec![1, 2], vec![2]),
            ("(61|6162)(62|6261)", b"abab", vec![2, 3], vec![2]),
            ("!(62|63)", b"abab", vec![1], vec![]),
            ("6?(?1|?2)", b"abab", vec![2], vec![2]),
            ("63", b"abab", vec![], vec![]),
            ("6162616261", b"abab", vec![], vec![]),
            ("{0-9}", b"ab", vec![0, 1, 2], vec![2, 1, 0]),
        ] {
            assert_eq!(ends(pattern, text, 0, Way::Right), right, "{pattern}");
            assert_eq!(ends(pattern, text, text.len(), Way::Left), left, "{pattern} leftwards");
        }
    }

    #[test]
    fn the_work_is_bounded() {
        let elements = hex::read("61{0-1000}61{0-1000}61{0-1000}62").unwrap().parts.remove(0).elements;
        let text = vec![b'a'; 100_000];
        let mut work = Work(5_000);
        let text = Text { octets: &text, folds: false };
        assert_eq!(run(&write(&elements, Way::Right), Way::Right, text, 0, &mut Vec::new(), &mut work), None);
        assert!(work.is_spent());
        let mut work = Work(100_000);
        run(&write(&elements, Way::Right), Way::Right, text, 0, &mut Vec::new(), &mut work).unwrap();
    }
}
