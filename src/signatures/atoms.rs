//! Atoms: the rarest octets of each pattern, found in contents by one pass, so that few patterns are tried at all.
//!
//! An atom has eight fixed octets in a row, or four where those are rarer; three or two where a pattern has no more. How
//! rare octets are is guessed, and counted over all patterns, so that what many of them share is nobody's atom. Letters
//! are folded in it, so that one table serves patterns with and without case. A bitmap says at once that no atom ends
//! here; a table of buckets behind it names those that may.

use super::blob::{get32, put32};
use super::hex::{Element, Part, Pattern};

/// Bits of the bitmap for each atom, about: the more, the fewer false alarms; and the bounds of the whole, so that it
/// stays in the processor's cache.
const BITS_PER_ATOM: usize = 32;
const BITMAP_BITS_MIN: u32 = 16;
const BITMAP_BITS_MAX: u32 = 23;
/// Bits of one word of the bitmap, as a power of two. An atom sets two bits of one word.
const WORD_BITS: u32 = 6;

/// How long atoms are, each length with a table of its own.
pub(super) const LENGTHS: [usize; 4] = [8, 4, 3, 2];

/// Where an atom lies in a part: in which literal, how far into it, how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) element: usize,
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) atom: u64,
}

/// How many parts have octets with this hash among their atoms to be.
pub(super) struct Crowd(Vec<u16>);

const CROWD_BITS: u32 = 21;

impl Default for Crowd {
    fn default() -> Self {
        Self(vec![0; 1 << CROWD_BITS])
    }
}

impl Crowd {
    /// Counts what a pattern could be found by. All patterns must be counted before the first atom is chosen.
    pub(super) fn count(&mut self, pattern: &Pattern) {
        for part in &pattern.parts {
            for place in candidates(part) {
                if let Some(count) = self.0.get_mut(crowd_hash(&place)) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Chooses the atom of a part; `None` where it has not even two fixed octets in a row.
    pub(super) fn choose(&self, part: &Part) -> Option<Place> {
        candidates(part).max_by_key(|place| self.rarity(place))
    }

    /// About twice the logarithm of how seldom a try by this atom comes, and comes alone.
    fn rarity(&self, place: &Place) -> i64 {
        let crowd = self.0.get(crowd_hash(place)).copied().unwrap_or(0);
        let octets = place.atom.to_be_bytes();
        let octets = octets.get(8 - place.length..).unwrap_or_default();
        let all_same = octets.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        let rare: i64 = octets.iter().map(|octet| COMMONEST - i64::from(commonness(*octet))).sum();
        rare - if all_same { 60 } else { 0 } - 6 * i64::from(crowd.max(1).ilog2())
    }
}

fn crowd_hash(place: &Place) -> usize {
    hash(place.atom ^ place.length as u64, CROWD_BITS)
}

/// All places of eight and of four octets; where there are none, of three, or of two.
fn candidates(part: &Part) -> impl Iterator<Item = Place> {
    let longest = part.elements.iter().map(|element| literal(element).len()).max().unwrap_or(0);
    let (first, second) = match longest {
        8.. => (8, 4),
        4.. => (4, 0),
        3 => (3, 0),
        _ => (2, 0),
    };
    places(part, first).chain((second > 0).then(|| places(part, second)).into_iter().flatten())
}

fn literal(element: &Element) -> &[u8] {
    match element {
        Element::Literal(octets) => octets,
        Element::Masked(_) | Element::Gap { .. } | Element::Choice { .. } => &[],
    }
}

fn places(part: &Part, length: usize) -> impl Iterator<Item = Place> {
    part.elements.iter().enumerate().flat_map(move |(element, one)| {
        literal(one).windows(length).enumerate().map(move |(at, octets)| {
            let atom = octets.iter().fold(0, |atom, octet| (atom << 8) | u64::from(octet.to_ascii_lowercase()));
            Place { element, at, length, atom }
        })
    })
}

/// What [`commonness`] is counted from.
const COMMONEST: i64 = 16;

/// How common an octet is in mail and programs; about twice the logarithm.
fn commonness(octet: u8) -> u32 {
    match octet {
        0 => 14,
        b' ' => 12,
        0xff => 11,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 10,
        b'\r' | b'\n' | b'l' | b'd' | b'c' | b'h' | b'p' | b'm' | b'=' | b'/' | b'.' => 9,
        b'a'..=b'z' | b'"' | b'<' | b'>' | b':' | b'-' => 8,
        b'0'..=b'9' => 7,
        0x90 | 0xcc | 0x01 | 0x8b => 7,
        b'!'..=b'~' => 5,
        _ => 4,
    }
}

fn mixed(atom: u64) -> u64 {
    atom.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn hash(atom: u64, bits: u32) -> usize {
    (mixed(atom) >> (64 - bits)) as usize
}

/// Two bits of a word, by parts of the hash that say neither which word it is nor which mark.
fn two_bits(atom: u64) -> u64 {
    let mixed = mixed(atom);
    (1 << (mixed >> 24 & 63)) | (1 << (mixed >> 30 & 63))
}

/// What tells atoms of one bucket apart. Two that share it are both tried, which is all that happens.
fn mark(atom: u64) -> u32 {
    (mixed(atom) >> 8) as u32 ^ atom as u32
}

/// Writes the table of all atoms of one length, each with the number of its part: bits of the bitmap, bits of the
/// buckets, bitmap, begins of the buckets, marks with numbers.
pub(super) fn write(atoms: &[(u64, u32)]) -> Vec<u8> {
    if atoms.is_empty() {
        return Vec::new();
    }
    let bits = (atoms.len() * BITS_PER_ATOM).ilog2().clamp(BITMAP_BITS_MIN, BITMAP_BITS_MAX);
    let bucket_bits = atoms.len().ilog2().clamp(8, bits);
    let mut sorted: Vec<(usize, u32, u32)> =
        atoms.iter().map(|(atom, part)| (hash(*atom, bits), mark(*atom), *part)).collect();
    sorted.sort_unstable();
    let mut bitmap = vec![0_u64; 1 << (bits - WORD_BITS)];
    for (atom, _) in atoms {
        if let Some(word) = bitmap.get_mut(hash(*atom, bits - WORD_BITS)) {
            *word |= two_bits(*atom);
        }
    }
    let mut counts = vec![0_usize; (1 << bucket_bits) + 1];
    for (hash, _, _) in &sorted {
        if let Some(count) = counts.get_mut((hash >> (bits - bucket_bits)) + 1) {
            *count += 1;
        }
    }
    let mut table = Vec::new();
    put32(&mut table, bits as usize);
    put32(&mut table, bucket_bits as usize);
    bitmap.iter().for_each(|word| table.extend(word.to_le_bytes()));
    let mut begin = 0;
    for count in counts {
        begin += count;
        put32(&mut table, begin);
    }
    for (_, mark, part) in sorted {
        put32(&mut table, mark as usize);
        put32(&mut table, part as usize);
    }
    table
}

/// The table of one length, read.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) length: usize,
    mask: u64,
    bits: u32,
    bucket_bits: u32,
    bitmap: &'a [[u8; 8]],
    begins: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Table<'a> {
    /// `None` for an empty table; what does not fit together finds nothing.
    pub(super) fn read(section: &'a [u8], length: usize) -> Option<Self> {
        let bits = get32(section, 0).filter(|bits| (BITMAP_BITS_MIN..=BITMAP_BITS_MAX).contains(bits))?;
        let bucket_bits = get32(section, 4).filter(|bucket_bits| *bucket_bits <= bits)?;
        let (bitmap, rest) = section.get(8..)?.split_at_checked(1 << (bits - 3))?;
        let (bitmap, _) = bitmap.as_chunks();
        let (begins, entries) = rest.split_at_checked(((1 << bucket_bits) + 1) * 4)?;
        let mask = u64::MAX.checked_shr(64_u32.checked_sub(u32::try_from(length).ok()? * 8)?)?;
        Some(Self { length, mask, bits, bucket_bits, bitmap, begins, entries })
    }

    /// False where no pattern has an atom that ends with the last of these octets.
    #[inline]
    pub(super) fn may_have(&self, octets: u64) -> bool {
        let atom = octets & self.mask;
        let bits = two_bits(atom);
        let word = self.bitmap.get(hash(atom, self.bits - WORD_BITS));
        word.is_some_and(|word| u64::from_le_bytes(*word) & bits == bits)
    }

    /// The parts that have this atom.
    pub(super) fn parts(&self, octets: u64) -> impl Iterator<Item = u32> + use<'a> {
        let atom = octets & self.mask;
        let bucket = hash(atom, self.bits) >> (self.bits - self.bucket_bits);
        let begin = get32(self.begins, bucket * 4).unwrap_or(0) as usize;
        let end = get32(self.begins, bucket * 4 + 4).unwrap_or(0) as usize;
        let entries = self.entries.get(begin * 8..end * 8).unwrap_or_default();
        let (entries, _) = entries.as_chunks::<8>();
        let mark = mark(atom);
        entries.iter().filter_map(move |entry| (get32(entry, 0)? == mark).then(|| get32(entry, 4))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    fn atom(pattern: &str, others: &[&str]) -> Option<String> {
        let mut crowd = Crowd::default();
        others.iter().for_each(|other| crowd.count(&hex::read(other).unwrap()));
        let place = crowd.choose(&hex::read(pattern).unwrap().parts.remove(0))?;
        let octets = place.atom.to_be_bytes();
        Some(String::from_utf8_lossy(&octets[8 - place.length..]).into_owned())
    }

    #[test]
    fn the_rarest_octets_are_chosen() {
        for (pattern, want) in [
            ("00000000515a5758", Some("\0\0\0\0qzwx")),
            ("0000000000000000??515a5758", Some("qzwx")),
            ("2020??71??7a7a78", Some("zzx")),
            ("61??6263", Some("bc")),
            ("61??62(63|64)", None),
        ] {
            assert_eq!(atom(pattern, &[]).as_deref(), want, "{pattern}");
        }
    }

    #[test]
    fn what_many_patterns_share_is_not_chosen() {
        let others = ["687474703a2f2f7161646671"; 100];
        assert_eq!(atom("687474703a2f2f7161646671??61626364", &[]).as_deref(), Some("://qadfq"));
        assert_eq!(atom("687474703a2f2f7161646671??61626364", &others).as_deref(), Some("abcd"));
    }

    #[test]
    fn every_atom_is_found_and_no_other() {
        let atoms: Vec<(u64, u32)> =
            (0..50_000_u32).map(|n| (u64::from(n.wrapping_mul(2_654_435_761) | 1), n)).collect();
        let bytes = write(&atoms);
        let table = Table::read(&bytes, 4).unwrap();
        for (atom, part) in &atoms {
            assert!(table.may_have(*atom | 1 << 40));
            assert!(table.parts(*atom | 1 << 40).any(|found| found == *part));
        }
        assert!((0..100_000_u64).filter(|n| table.may_have(n * 2)).count() < 20_000);
        assert!((0..100_000_u64).filter(|n| table.parts(n * 2).next().is_some()).count() < 10);
        assert!(Table::read(&[], 4).is_none());
        assert!(Table::read(&bytes[..1000], 4).is_none());
    }
}
