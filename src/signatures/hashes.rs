//! Digests of whole contents and of sections of programs: sorted tables, looked up once per contents.
//!
//! A list of sizes stands beside each table, so that contents of a size that nobody knows are not even digested.

use super::blob::{get32, put32};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What has the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Contents,
    /// One section of a program for Windows.
    Section,
    /// Contents that are known to be good.
    Good,
}

const KINDS: usize = 3;
/// Octets of MD5, SHA-1 and SHA-256.
const LENGTHS: [usize; 3] = [16, 20, 32];
const TABLES: usize = KINDS * LENGTHS.len();
/// Stands for any size.
const ANY: u32 = u32::MAX;

/// Digests while files are read.
#[derive(Default)]
pub(super) struct Collected([Vec<(Vec<u8>, u32, u32)>; TABLES]);

fn table(of: Of, length: usize) -> Option<usize> {
    let digest = LENGTHS.iter().position(|known| *known == length)?;
    Some(of as usize * LENGTHS.len() + digest)
}

impl Collected {
    pub(super) fn add(&mut self, of: Of, digest: Vec<u8>, size: Option<u32>, name: u32) {
        if let Some(rows) = table(of, digest.len()).and_then(|table| self.0.get_mut(table)) {
            rows.push((digest, size.unwrap_or(ANY), name));
        }
    }

    /// For each table: the number of rows, the number of sizes, the rows (digest, size, name), the sizes.
    pub(super) fn write(self) -> Vec<u8> {
        let mut section = Vec::new();
        for mut rows in self.0 {
            rows.sort_unstable();
            let mut sizes: Vec<u32> = rows.iter().map(|(_, size, _)| *size).collect();
            sizes.sort_unstable();
            sizes.dedup();
            put32(&mut section, rows.len());
            put32(&mut section, sizes.len());
            for (digest, size, name) in rows {
                section.extend(digest);
                put32(&mut section, size as usize);
                put32(&mut section, name as usize);
            }
            sizes.into_iter().for_each(|size| put32(&mut section, size as usize));
        }
        section
    }
}

/// All tables, read.
#[derive(Clone, Copy, Default)]
pub(super) struct Hashes<'a>([Table<'a>; TABLES]);

#[derive(Clone, Copy, Default)]
struct Table<'a> {
    length: usize,
    rows: &'a [u8],
    sizes: &'a [u8],
}

impl<'a> Hashes<'a> {
    /// What does not fit together finds nothing.
    pub(super) fn read(mut section: &'a [u8]) -> Self {
        let mut tables = [Table::default(); TABLES];
        for (index, table) in tables.iter_mut().enumerate() {
            let length = LENGTHS.get(index % LENGTHS.len()).copied().unwrap_or(0);
            let count = |at| get32(section, at).unwrap_or(0) as usize;
            let (rows, sizes) = (count(0) * (length + 8), count(4) * 4);
            *table = Table {
                length,
                rows: section.get(8..8 + rows).unwrap_or_default(),
                sizes: section.get(8 + rows..8 + rows + sizes).unwrap_or_default(),
            };
            section = section.get(8 + rows + sizes..).unwrap_or_default();
        }
        Self(tables)
    }

    /// The names of everything that these octets are known as. A SHA-256 that is known already is not made again.
    pub(super) fn names(&self, of: Of, octets: &[u8], sha256: Option<&[u8]>) -> Vec<u32> {
        let size = u32::try_from(octets.len()).unwrap_or(ANY - 1);
        let mut names = Vec::new();
        for length in LENGTHS {
            let Some(table) = table(of, length).and_then(|table| self.0.get(table)) else { continue };
            if !table.knows(size) {
                continue;
            }
            let digest = match (length, sha256) {
                (16, _) => Md5::digest(octets).to_vec(),
                (20, _) => Sha1::digest(octets).to_vec(),
                (_, Some(known)) => known.to_vec(),
                (_, None) => Sha256::digest(octets).to_vec(),
            };
            names.extend(table.find(&digest, size));
        }
        names
    }
}

impl<'a> Table<'a> {
    fn knows(&self, size: u32) -> bool {
        let (sizes, _) = self.sizes.as_chunks::<4>();
        let has = |size: u32| sizes.binary_search_by_key(&size, |octets| u32::from_le_bytes(*octets)).is_ok();
        has(size) || has(ANY)
    }

    fn row(&self, index: usize) -> Option<(&'a [u8], u32, u32)> {
        let width = self.length + 8;
        let row = self.rows.get(index * width..(index + 1) * width)?;
        Some((row.get(..self.length)?, get32(row, self.length)?, get32(row, self.length + 4)?))
    }

    fn find(&self, digest: &[u8], size: u32) -> impl Iterator<Item = u32> {
        let (mut low, mut high) = (0, self.rows.len() / (self.length + 8));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.row(middle).is_some_and(|(known, _, _)| known < digest) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..)
            .map_while(move |index| self.row(index).filter(|(known, _, _)| *known == digest))
            .filter(move |(_, known, _)| *known == size || *known == ANY)
            .map(|(_, _, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_with_their_size_only() {
        let mut collected = Collected::default();
        collected.add(Of::Contents, Md5::digest(b"abc").to_vec(), Some(3), 7);
        collected.add(Of::Contents, Md5::digest(b"abc").to_vec(), Some(3), 8);
        collected.add(Of::Contents, Sha1::digest(b"abcd").to_vec(), Some(3), 9);
        collected.add(Of::Contents, Sha256::digest(b"abcde").to_vec(), None, 10);
        collected.add(Of::Good, Md5::digest(b"good").to_vec(), Some(4), 11);
        (0..100_u32).for_each(|n| collected.add(Of::Contents, Md5::digest(n.to_le_bytes()).to_vec(), Some(4), n + 100));
        let section = collected.write();
        let hashes = Hashes::read(&section);
        for (of, text, want) in [
            (Of::Contents, &b"abc"[..], &[7, 8][..]),
            (Of::Contents, b"abcd", &[]),
            (Of::Contents, b"abcde", &[10]),
            (Of::Contents, b"good", &[]),
            (Of::Good, b"good", &[11]),
            (Of::Section, b"abc", &[]),
            (Of::Contents, &[50, 0, 0, 0], &[150]),
        ] {
            assert_eq!(hashes.names(of, text, None), want, "{of:?} {text:?}");
        }
        for end in 0..section.len() {
            Hashes::read(&section[..end]).names(Of::Contents, b"abcde", None);
        }
    }
}
