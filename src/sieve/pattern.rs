//! The `:matches` pattern: `*`, `?` and `\`, with the values that each wildcard took.
//!
//! Does not know comparators: how characters are folded is an argument. Each `*` takes as little as it can, the leftmost
//! first, and the last one the rest. Time grows with the value, never with its square. Standards: RFC 5228 §2.7.1,
//! RFC 5229 §3.2.

use std::collections::HashMap;

/// A value to match patterns against, folded once.
pub(super) struct Subject<'a> {
    value: &'a str,
    folded: String,
    fold: fn(char) -> char,
    /// True where each character took as many octets as its folded form.
    is_aligned: bool,
}

/// What stands between two `*`: folded characters, `None` for `?`.
type Section = Vec<Option<char>>;

/// Octets of the folded value.
type Range = std::ops::Range<usize>;

#[cfg(test)]
fn glob(pattern: &str, value: &str, fold: fn(char) -> char) -> Option<Vec<String>> {
    Subject::new(value, fold).glob(pattern)
}

impl<'a> Subject<'a> {
    pub(super) fn new(value: &'a str, fold: fn(char) -> char) -> Self {
        let folded: String = value.chars().map(fold).collect();
        let is_aligned =
            folded.len() == value.len() && value.chars().zip(folded.chars()).all(|(a, b)| a.len_utf8() == b.len_utf8());
        Self { value, folded, fold, is_aligned }
    }

    /// What the wildcards of a matching pattern took: index 0 is the whole value. `None` where it doesn't match.
    pub(super) fn glob(&self, pattern: &str) -> Option<Vec<String>> {
        let taken = self.place(&sections(pattern, self.fold))?;
        let mut values = vec![self.value.to_string()];
        values.extend(taken.into_iter().map(|range| self.original(range)));
        Some(values)
    }

    /// What each wildcard takes, in the order in which they stand in the pattern.
    fn place(&self, sections: &[Section]) -> Option<Vec<Range>> {
        let (first, others) = sections.split_first()?;
        let mut taken = Vec::new();
        let mut at = self.take(first, 0, &mut taken)?;
        let Some((last, middle)) = others.split_last() else {
            return (at == self.folded.len()).then_some(taken);
        };
        for section in middle {
            let start = find(section, self.folded.get(at..)?)? + at;
            taken.push(at..start);
            at = self.take(section, start, &mut taken)?;
        }
        let start = last_characters(&self.folded, last.len()).filter(|start| *start >= at)?;
        taken.push(at..start);
        self.take(last, start, &mut taken).map(|_| taken)
    }

    /// Matches a section at one place and notes what its `?` take; where it ends.
    fn take(&self, section: &Section, mut at: usize, taken: &mut Vec<Range>) -> Option<usize> {
        let mut characters = self.folded.get(at..)?.chars();
        for wanted in section {
            let c = characters.next()?;
            match wanted {
                Some(wanted) if *wanted != c => return None,
                Some(_) => {}
                None => taken.push(at..at + c.len_utf8()),
            }
            at += c.len_utf8();
        }
        Some(at)
    }

    /// The text of the value that a range of the folded value stands for.
    fn original(&self, range: Range) -> String {
        if self.is_aligned {
            return self.value.get(range).unwrap_or_default().to_string();
        }
        let count = |range: Range| self.folded.get(range).unwrap_or_default().chars().count();
        self.value.chars().skip(count(0..range.start)).take(count(range)).collect()
    }
}

/// Splits a pattern at each `*`. A backslash takes the next character as it is; at the end it stands for itself.
fn sections(pattern: &str, fold: fn(char) -> char) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut section = Section::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '*' => sections.push(std::mem::take(&mut section)),
            '?' => section.push(None),
            '\\' => section.push(Some(fold(characters.next().unwrap_or('\\')))),
            c => section.push(Some(fold(c))),
        }
    }
    sections.push(section);
    sections
}

/// Where the last `count` characters begin.
fn last_characters(text: &str, count: usize) -> Option<usize> {
    match count.checked_sub(1) {
        None => Some(text.len()),
        Some(before) => text.char_indices().rev().nth(before).map(|(at, _)| at),
    }
}

/// Where a section is found first.
fn find(section: &Section, text: &str) -> Option<usize> {
    match section.iter().copied().collect::<Option<String>>() {
        Some(plain) => text.find(&plain),
        None => find_with_gaps(section, text),
    }
}

/// As [`find`] for sections with `?`: all places are tried at once, one bit for each character of the section that has
/// been met (the Shift-And algorithm of Baeza-Yates and Gonnet).
fn find_with_gaps(section: &Section, text: &str) -> Option<usize> {
    let words = section.len().div_ceil(64);
    let gaps = mask(section, words, None);
    let mut masks: HashMap<char, Vec<u64>> = HashMap::new();
    for wanted in section.iter().flatten() {
        masks.entry(*wanted).or_insert_with(|| mask(section, words, Some(*wanted)));
    }
    // Most text is ASCII, and a table is ten times as fast as a map.
    let of = |c: char| masks.get(&c).unwrap_or(&gaps);
    let ascii: Vec<&Vec<u64>> = (0..128_u8).map(|byte| of(char::from(byte))).collect();
    let done = 1_u64 << ((section.len() - 1) % 64);
    let mut met = vec![0_u64; words];
    for (at, c) in text.char_indices() {
        let fits = ascii.get(c as usize).copied().unwrap_or_else(|| of(c));
        let mut carry = 1;
        for (word, fit) in met.iter_mut().zip(fits) {
            let shifted = (*word << 1) | carry;
            carry = *word >> 63;
            *word = shifted & fit;
        }
        if met.last().is_some_and(|word| word & done != 0) {
            let end = at + c.len_utf8();
            return last_characters(text.get(..end)?, section.len());
        }
    }
    None
}

/// One bit for each place of the section where this character fits; without a character, the places of `?` alone.
fn mask(section: &Section, words: usize, c: Option<char>) -> Vec<u64> {
    let mut mask = vec![0_u64; words];
    for (bits, word) in section.chunks(64).zip(&mut mask) {
        for (bit, wanted) in bits.iter().enumerate() {
            if wanted.is_none() || *wanted == c {
                *word |= 1 << bit;
            }
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(c: char) -> char {
        c.to_ascii_lowercase()
    }

    #[test]
    fn wildcards_take_as_little_as_they_can() {
        for (pattern, value, want) in [
            ("", "", Some(&[""][..])),
            ("", "a", None),
            ("*", "", Some(&["", ""])),
            ("a", "A", Some(&["A"])),
            ("*b*", "aBaba", Some(&["aBaba", "a", "aba"])),
            ("?", "", None),
            ("?*", "ab", Some(&["ab", "a", "b"])),
            ("*?", "ab", Some(&["ab", "a", "b"])),
            ("a?c", "axc", Some(&["axc", "x"])),
            ("a?c", "axcd", None),
            ("*[*]*", "x [tag] y", Some(&["x [tag] y", "x ", "tag", " y"])),
            ("**", "ab", Some(&["ab", "", "ab"])),
            ("*a?b*", "aaxb", Some(&["aaxb", "a", "x", ""])),
            ("*a?a", "aaaa", Some(&["aaaa", "a", "a"])),
            ("a*a", "a", None),
            (r"\*\?\\", r"*?\", Some(&[r"*?\"])),
            (r"a\b", "ab", Some(&["ab"])),
            (r"a\", r"a\", Some(&[r"a\"])),
            ("?ö?", "xöü", Some(&["xöü", "x", "ü"])),
            ("*frop*frml*", "frop frop frml", Some(&["frop frop frml", "", " frop ", ""])),
            ("??b*c?", "xxbyycz", Some(&["xxbyycz", "x", "x", "yy", "z"])),
        ] {
            let want = want.map(|values| values.iter().map(|v| v.to_string()).collect::<Vec<_>>());
            assert_eq!(glob(pattern, value, lower), want, "{pattern:?} on {value:?}");
        }
    }

    #[test]
    fn captures_keep_the_values_own_characters_where_folding_changes_their_length() {
        let fold = |c: char| if c == 'ẞ' || c == 'ß' { 's' } else { c };
        assert_eq!(glob("*s?", "aßb ẞß", fold).unwrap(), ["aßb ẞß", "aßb ", "ß"]);
    }

    #[test]
    fn sections_longer_than_a_word_are_found() {
        let long = "ab".repeat(80);
        let value = format!("xx{}zz{long}q", "ab".repeat(70));
        let found = glob(&format!("*z?{long}*"), &value, |c| c).unwrap();
        assert_eq!(found[1..], [format!("xx{}", "ab".repeat(70)), "z".into(), "q".into()]);
    }

    #[test]
    fn nested_wildcards_end_soon() {
        let value = "a".repeat(200_000);
        let begun = std::time::Instant::now();
        assert!(glob(&format!("{}b", "*a?a".repeat(100)), &value, |c| c).is_none());
        assert!(glob(&format!("*{}b*", "a?".repeat(500)), &value, |c| c).is_none());
        assert!(begun.elapsed().as_secs() < 2);
    }
}
