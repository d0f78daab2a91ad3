//! One pass over one form of contents: atoms are found, their patterns tried, logical signatures weighed at the end.
//!
//! Linear but for the tries, which are paid from a number of steps; where that is used up, the pass says so.

use super::atoms::Table;
use super::blob::{Cursor, get32};
use super::database::Database;
use super::executable::Layout;
use super::logical;
use super::offset::Offset;
use super::program::{self, Text, Way, Work};
use std::collections::{BTreeMap, BTreeSet};

/// Bits of a part.
pub(super) mod flags {
    pub(in crate::signatures) const FOLDS: u16 = 1;
    /// The first of its pattern: the place counts.
    pub(in crate::signatures) const FIRST: u16 = 2;
    /// The last of its pattern: it fits.
    pub(in crate::signatures) const LAST: u16 = 4;
    /// Of a logical signature.
    pub(in crate::signatures) const LOGICAL: u16 = 8;
    pub(in crate::signatures) const WORD_LEFT: u16 = 16;
    pub(in crate::signatures) const WORD_RIGHT: u16 = 32;
    /// Where three bits say what must stand before: boundary, line or word, or one of them negated.
    pub(in crate::signatures) const LEFT: u16 = 6;
    /// The same for what must stand behind.
    pub(in crate::signatures) const RIGHT: u16 = 9;
}

/// Octets of one part in its table.
pub(super) const PART_BYTES: usize = 36;
/// Matches of one regular expression that are counted.
const REGEX_MATCHES_MAX: usize = 1000;
/// Octets between two looks at the clock.
const STEP_BYTES: usize = 1 << 20;

/// What a pass found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Numbers of names, sorted.
    pub(super) names: Vec<u32>,
    /// False where it stopped before its end.
    pub(super) is_whole: bool,
}

/// One form of contents to pass over.
pub(super) struct View<'a> {
    pub(super) octets: &'a [u8],
    /// A bit for each target that the contents are.
    pub(super) targets: u16,
    pub(super) layout: &'a Layout,
}

/// One part as it is tried.
#[derive(Clone, Copy)]
struct Part<'a> {
    number: u32,
    left: &'a [u8],
    right: &'a [u8],
    owner: u32,
    sub: u8,
    bits: u16,
    min_gap: usize,
    offset: Offset,
}

impl Part<'_> {
    fn is(&self, flag: u16) -> bool {
        self.bits & flag != 0
    }
}

struct Pass<'a> {
    db: &'a Database,
    view: View<'a>,
    work: Work,
    /// For each part that fitted and is not the last: where the first fit ended.
    chains: BTreeMap<u32, usize>,
    /// For each logical signature: how often its patterns fitted, and where a further fit must begin.
    counts: BTreeMap<u32, Vec<(u32, usize)>>,
    names: BTreeSet<u32>,
    starts: Vec<usize>,
    ends: Vec<usize>,
}

/// Passes over contents with so many steps to pay; `has_time` is asked now and then.
pub(super) fn run(db: &Database, view: View<'_>, steps: u64, has_time: &dyn Fn() -> bool) -> Found {
    let mut pass = Pass {
        db,
        view,
        work: Work(steps),
        chains: BTreeMap::new(),
        counts: BTreeMap::new(),
        names: BTreeSet::new(),
        starts: Vec::new(),
        ends: Vec::new(),
    };
    let mut is_whole = pass.atoms(has_time);
    is_whole &= pass.weigh();
    Found { names: pass.names.into_iter().collect(), is_whole }
}

impl Pass<'_> {
    /// False where it stopped early.
    fn atoms(&mut self, has_time: &dyn Fn() -> bool) -> bool {
        let octets = self.view.octets;
        let tables = self.db.atoms();
        let (mut last, mut end) = (0_u64, 0_usize);
        for chunk in octets.chunks(STEP_BYTES) {
            if !has_time() {
                return false;
            }
            for octet in chunk {
                last = (last << 8) | u64::from(octet.to_ascii_lowercase());
                end += 1;
                for table in &tables {
                    if table.may_have(last) {
                        self.try_all(table, last, end);
                    }
                }
            }
            if self.work.is_spent() {
                return false;
            }
        }
        true
    }

    /// Tries all parts whose atom ends here.
    #[inline(never)]
    fn try_all(&mut self, table: &Table<'_>, last: u64, end: usize) {
        let Some(at) = end.checked_sub(table.length) else { return };
        for number in table.parts(last) {
            if self.work.is_spent() {
                return;
            }
            self.work.0 = self.work.0.saturating_sub(1);
            if let Some(part) = part(self.db, number, self.view.targets) {
                self.try_part(&part, at);
            }
        }
    }

    fn try_part(&mut self, part: &Part<'_>, at: usize) -> Option<()> {
        if !part.is(flags::LOGICAL) && self.names.contains(&part.owner) {
            return None;
        }
        let text = Text { octets: self.view.octets, folds: part.is(flags::FOLDS) };
        // A fit from here on ends behind this place: it can't be better than one that ended before.
        if !part.is(flags::LAST) && self.chains.get(&part.number).is_some_and(|end| *end <= at) {
            return None;
        }
        let from = match part.is(flags::FIRST) {
            true => 0,
            // Nothing to try where the part before has not been seen yet.
            false => self.chains.get(&part.number.wrapping_sub(1))?.saturating_add(part.min_gap),
        };
        program::run(part.right, Way::Right, text, at, &mut self.ends, &mut self.work)?;
        if self.ends.is_empty() {
            return None;
        }
        program::run(part.left, Way::Left, text, at, &mut self.starts, &mut self.work)?;
        if part.is(flags::FIRST) {
            let (low, high) = part.offset.range(text.octets.len(), self.view.layout)?;
            let (edge, word) = (part.bits >> flags::LEFT & 7, part.is(flags::WORD_LEFT));
            self.starts.retain(|at| (low..=high).contains(at) && left_edge(text.octets, *at, edge, word));
        } else {
            self.starts.retain(|at| *at >= from);
        }
        if part.is(flags::LAST) {
            let (edge, word) = (part.bits >> flags::RIGHT & 7, part.is(flags::WORD_RIGHT));
            self.ends.retain(|at| right_edge(text.octets, *at, edge, word));
        }
        let (start, end) = (self.starts.iter().copied().min()?, self.ends.iter().copied().min()?);
        if part.is(flags::LAST) {
            self.fits(part, start);
        } else {
            let known = self.chains.entry(part.number).or_insert(end);
            *known = end.min(*known);
        }
        Some(())
    }

    fn fits(&mut self, part: &Part<'_>, start: usize) {
        if !part.is(flags::LOGICAL) {
            self.names.insert(part.owner);
            return;
        }
        let counts = self.counts.entry(part.owner).or_default();
        let sub = usize::from(part.sub);
        if counts.len() <= sub {
            counts.resize(sub + 1, (0, 0));
        }
        if let Some((count, next)) = counts.get_mut(sub).filter(|(_, next)| *next <= start) {
            (*count, *next) = (count.saturating_add(1), start + 1);
        }
    }

    /// Weighs the logical signatures of which anything fitted; false where the work was not paid.
    fn weigh(&mut self) -> bool {
        let touched = std::mem::take(&mut self.counts);
        for (number, counts) in touched {
            if self.work.is_spent() {
                return false;
            }
            if let Some(Some(name)) = self.holds(number, counts) {
                self.names.insert(name);
            }
        }
        true
    }

    /// The number of its name where it holds; `None` for a broken one.
    fn holds(&mut self, number: u32, mut counts: Vec<(u32, usize)>) -> Option<Option<u32>> {
        let mut entry = Cursor(self.db.logical(number)?);
        let name = entry.u32()?;
        let mut ranges = [(0, 0); 3];
        for range in &mut ranges {
            *range = (entry.u32()?, entry.u32()?);
        }
        let needs_layout = entry.u8()? != 0;
        let expression = entry.counted()?;
        let layout = self.view.layout;
        let values = [self.view.octets.len(), layout.entry_point.unwrap_or(0), layout.sections.len()];
        let is_in = |(value, (low, high)): (&usize, &(u32, u32))| {
            (u64::from(*low)..=u64::from(*high)).contains(&(*value as u64))
        };
        if (needs_layout && layout.sections.is_empty()) || !values.iter().zip(&ranges).all(is_in) {
            return Some(None);
        }
        for _ in 0..entry.u16()? {
            let sub = usize::from(entry.u8()?);
            let offset = Offset::unpacked(entry.u32()?, entry.u32()?, entry.u32()?)?;
            let (trigger, pattern, flags) = (entry.counted()?, entry.counted()?, entry.counted()?);
            if logical::holds(trigger, &|at| count_of(&counts, at)) {
                let found = self.regex(pattern, flags, offset);
                if counts.len() <= sub {
                    counts.resize(sub + 1, (0, 0));
                }
                if let Some(count) = counts.get_mut(sub) {
                    count.0 = found;
                }
            }
        }
        Some(logical::holds(expression, &|at| count_of(&counts, at)).then_some(name))
    }

    fn regex(&mut self, pattern: &[u8], flags: &[u8], offset: Offset) -> u32 {
        let octets = self.view.octets;
        self.work.0 = self.work.0.saturating_sub(octets.len() as u64 / 2);
        let (Some((low, high)), Some(regex)) =
            (offset.range(octets.len(), self.view.layout), self.db.regex(pattern, flags))
        else {
            return 0;
        };
        let most = if flags.contains(&b'g') { REGEX_MATCHES_MAX } else { 1 };
        let matches = regex.find_iter(octets).filter(|found| (low..=high).contains(&found.start()));
        u32::try_from(matches.take(most).count()).unwrap_or(u32::MAX)
    }
}

/// The part of a number, where it is for such contents.
fn part(db: &Database, number: u32, targets: u16) -> Option<Part<'_>> {
    let row = db.part(number)?;
    let (sub, target) = (*row.get(16)?, *row.get(17)?);
    if targets & 1_u16.checked_shl(target.into())? == 0 {
        return None;
    }
    let (left_bytes, right_bytes) = (get32(row, 4)? as usize, get32(row, 8)? as usize);
    let (left, rest) = db.program(get32(row, 0)?)?.split_at_checked(left_bytes)?;
    Some(Part {
        number,
        left,
        right: rest.get(..right_bytes)?,
        owner: get32(row, 12)?,
        sub,
        bits: u16::from_le_bytes([*row.get(18)?, *row.get(19)?]),
        min_gap: get32(row, 20)? as usize,
        offset: Offset::unpacked(get32(row, 24)?, get32(row, 28)?, get32(row, 32)?)?,
    })
}

fn count_of(counts: &[(u32, usize)], at: u8) -> u32 {
    counts.get(usize::from(at)).map_or(0, |(count, _)| *count)
}

/// Does what stands before a place fit? The signs of boundaries are those that ClamAV knows.
fn left_edge(octets: &[u8], at: usize, edge: u16, is_word: bool) -> bool {
    let before = at.checked_sub(1).and_then(|at| octets.get(at).copied());
    let no_word = before.is_none_or(|octet| !octet.is_ascii_alphanumeric());
    let fits = match edge & 3 {
        0 => true,
        1 => before.is_none_or(|octet| b"\t\n\x0b\x0c\r -./<@_".contains(&octet)),
        2 => before.is_none_or(|octet| octet == b'\n'),
        _ => no_word,
    };
    (fits != (edge & 4 != 0)) && (!is_word || no_word)
}

/// As [`left_edge`], for what stands behind.
fn right_edge(octets: &[u8], at: usize, edge: u16, is_word: bool) -> bool {
    let behind = octets.get(at).copied();
    let no_word = behind.is_none_or(|octet| !octet.is_ascii_alphanumeric());
    let fits = match edge & 3 {
        0 => true,
        1 => behind.is_none_or(|octet| b"\t\n\x0b\x0c\r \"'-/=>_".contains(&octet)),
        2 => behind.is_none_or(|octet| octet == b'\n' || (octet == b'\r' && octets.get(at + 1) == Some(&b'\n'))),
        _ => no_word,
    };
    (fits != (edge & 4 != 0)) && (!is_word || no_word)
}
