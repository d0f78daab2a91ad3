//! Atoms: the rarest octets of each pattern, found in contents by one pass, so that few patterns are tried at all.
//!
//! An atom has four fixed octets in a row, or three or two where a pattern has no more. Letters are folded in it, so that
//! one table serves patterns with and without case. A bitmap says at once that no atom ends here; a table of buckets
//! behind it names those that may.

use super::blob::{get32, put32};
use super::hex::{Element, Part};

/// Bits of the bitmap for each atom, about: the more, the fewer false alarms; and the bounds of the whole, so that it
/// stays in the processor's cache.
const BITS_PER_ATOM: usize = 16;
const BITMAP_BITS_MIN: u32 = 16;
const BITMAP_BITS_MAX: u32 = 22;

/// Where an atom lies in a part: in which literal, how far into it, how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) element: usize,
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) atom: u32,
}

/// How often each hash was chosen, so that patterns which begin alike take different atoms.
pub(super) struct Crowd(Vec<u16>);

const CROWD_BITS: u32 = 18;

impl Default for Crowd {
    fn default() -> Self {
        Self(vec![0; 1 << CROWD_BITS])
    }
}

impl Crowd {
    /// Chooses the atom of a part; `None` where it has not even two fixed octets in a row.
    pub(super) fn choose(&mut self, part: &Part) -> Option<Place> {
        let best =
            [4, 3, 2].into_iter().find_map(|length| candidates(part, length).min_by_key(|place| self.cost(place)))?;
        if let Some(count) = self.0.get_mut(hash(best.atom, CROWD_BITS)) {
            *count = count.saturating_add(1);
        }
        Some(best)
    }

    fn cost(&self, place: &Place) -> u32 {
        let crowd = self.0.get(hash(place.atom, CROWD_BITS)).copied().unwrap_or(0);
        let octets = place.atom.to_be_bytes();
        let octets = octets.get(4 - place.length..).unwrap_or_default();
        let all_same = octets.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
        octets.iter().map(|octet| commonness(*octet)).sum::<u32>()
            + if all_same { 30 } else { 0 }
            + 5 * (u32::from(crowd) + 1).ilog2()
    }
}

fn candidates(part: &Part, length: usize) -> impl Iterator<Item = Place> {
    part.elements.iter().enumerate().flat_map(move |(element, one)| {
        let octets: &[u8] = match one {
            Element::Literal(octets) => octets,
            Element::Masked(_) | Element::Gap { .. } | Element::Choice { .. } => &[],
        };
        octets.windows(length).enumerate().map(move |(at, octets)| {
            let atom = octets.iter().fold(0, |atom, octet| (atom << 8) | u32::from(octet.to_ascii_lowercase()));
            Place { element, at, length, atom }
        })
    })
}

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

fn hash(atom: u32, bits: u32) -> usize {
    (atom.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// Writes the table of all atoms of one length, each with the number of its part: bits of the bitmap, bits of the
/// buckets, bitmap, begins of the buckets, atoms with numbers.
pub(super) fn write(atoms: &[(u32, u32)]) -> Vec<u8> {
    if atoms.is_empty() {
        return Vec::new();
    }
    let bits = (atoms.len() * BITS_PER_ATOM).ilog2().clamp(BITMAP_BITS_MIN, BITMAP_BITS_MAX);
    let bucket_bits = atoms.len().ilog2().clamp(8, bits);
    let mut sorted: Vec<(usize, u32, u32)> =
        atoms.iter().map(|(atom, part)| (hash(*atom, bits), *atom, *part)).collect();
    sorted.sort_unstable();
    let mut bitmap = vec![0_u8; 1 << (bits - 3)];
    let mut counts = vec![0_usize; (1 << bucket_bits) + 1];
    for (hash, _, _) in &sorted {
        if let Some(octet) = bitmap.get_mut(hash >> 3) {
            *octet |= 1 << (hash & 7);
        }
        if let Some(count) = counts.get_mut((hash >> (bits - bucket_bits)) + 1) {
            *count += 1;
        }
    }
    let mut table = Vec::new();
    put32(&mut table, bits as usize);
    put32(&mut table, bucket_bits as usize);
    table.extend(bitmap);
    let mut begin = 0;
    for count in counts {
        begin += count;
        put32(&mut table, begin);
    }
    for (_, atom, part) in sorted {
        put32(&mut table, atom as usize);
        put32(&mut table, part as usize);
    }
    table
}

/// The table of one length, read.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bits: u32,
    bucket_bits: u32,
    bitmap: &'a [u8],
    begins: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Table<'a> {
    /// `None` for an empty table; what does not fit together finds nothing.
    pub(super) fn read(section: &'a [u8]) -> Option<Self> {
        let bits = get32(section, 0).filter(|bits| (BITMAP_BITS_MIN..=BITMAP_BITS_MAX).contains(bits))?;
        let bucket_bits = get32(section, 4).filter(|bucket_bits| *bucket_bits <= bits)?;
        let (bitmap, rest) = section.get(8..)?.split_at_checked(1 << (bits - 3))?;
        let (begins, entries) = rest.split_at_checked(((1 << bucket_bits) + 1) * 4)?;
        Some(Self { bits, bucket_bits, bitmap, begins, entries })
    }

    /// False where no pattern has this atom.
    #[inline]
    pub(super) fn may_have(&self, atom: u32) -> bool {
        let hash = hash(atom, self.bits);
        self.bitmap.get(hash >> 3).is_some_and(|octet| octet & (1 << (hash & 7)) != 0)
    }

    /// The parts that have this atom.
    pub(super) fn parts(&self, atom: u32) -> impl Iterator<Item = u32> + use<'a> {
        let bucket = hash(atom, self.bits) >> (self.bits - self.bucket_bits);
        let begin = get32(self.begins, bucket * 4).unwrap_or(0) as usize;
        let end = get32(self.begins, bucket * 4 + 4).unwrap_or(0) as usize;
        let entries = self.entries.get(begin * 8..end * 8).unwrap_or_default();
        let (entries, _) = entries.as_chunks::<8>();
        entries.iter().filter_map(move |entry| (get32(entry, 0)? == atom).then(|| get32(entry, 4))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    fn atom(pattern: &str) -> Option<String> {
        let part = hex::read(pattern).unwrap().parts.remove(0);
        let place = Crowd::default().choose(&part)?;
        let octets = place.atom.to_be_bytes();
        Some(String::from_utf8_lossy(&octets[4 - place.length..]).into_owned())
    }

    #[test]
    fn the_rarest_octets_are_chosen() {
        for (pattern, want) in [
            ("00000000515a5758", Some("qzwx")),
            ("2020??71??7a7a78", Some("zzx")),
            ("61??6263", Some("bc")),
            ("61??62(63|64)", None),
        ] {
            assert_eq!(atom(pattern).as_deref(), want, "{pattern}");
        }
    }

    #[test]
    fn every_atom_is_found_and_no_other() {
        let atoms: Vec<(u32, u32)> = (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) | 1, n)).collect();
        let bytes = write(&atoms);
        let table = Table::read(&bytes).unwrap();
        for (atom, part) in &atoms {
            assert!(table.may_have(*atom));
            assert!(table.parts(*atom).any(|found| found == *part));
        }
        assert!((0..100_000_u32).filter(|n| table.may_have(n * 2)).count() < 20_000);
        assert!((0..100_000_u32).all(|n| table.parts(n * 2).next().is_none()));
        assert!(Table::read(&[]).is_none());
        assert!(Table::read(&bytes[..1000]).is_none());
    }
}
