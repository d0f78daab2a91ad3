//! FAT file systems of 12, 16 and 32 bits: floppies, sticks, partitions of disks.
//!
//! Does not read deleted files, which no reader shows. Standards: Microsoft's FAT specification (2005), ECMA-107.

use super::folders::{Folders, join};
use crate::unpack::fields::{slice, u16_le, u32_le};
use crate::unpack::pieces::{Piece, Pieces};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::io::Read;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "fat",
    about: "images of FAT file systems",
    recognise: |contents| Volume::read(contents.bytes).map(|_| "application/x-fat-image"),
    nature: Nature::Container(open),
};

const ENTRY_BYTES: usize = 32;
const ATTRIBUTE_LABEL: u8 = 8;
const ATTRIBUTE_FOLDER: u8 = 0x10;
/// A piece of a long name.
const ATTRIBUTES_LONG: u8 = 0x0f;
const DELETED: u8 = 0xe5;
/// Characters of a long name, in pieces of 13.
const LONG_UNITS_MAX: usize = 20 * 13;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

struct Volume<'a> {
    bytes: &'a [u8],
    width: Width,
    /// The first octet of the table.
    table: usize,
    cluster_bytes: usize,
    /// The first octet of cluster 2.
    data: usize,
    clusters: u32,
    top: Top,
}

/// Where the top folder lies.
#[derive(Clone, Copy)]
enum Top {
    Region { start: usize, length: usize },
    Cluster(u32),
}

impl<'a> Volume<'a> {
    /// Reads the parameters of the boot sector; none where they make no sense.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let jump = matches!(bytes, [0xeb, _, 0x90, ..] | [0xe9, ..]);
        let sector_bytes = usize::from(u16_le(bytes, 11)?);
        let per_cluster = usize::from(*bytes.get(13)?);
        let tables = usize::from(*bytes.get(16)?);
        let reserved = usize::from(u16_le(bytes, 14)?);
        let media = *bytes.get(21)?;
        let sane = jump
            && matches!(sector_bytes, 512 | 1024 | 2048 | 4096)
            && per_cluster.is_power_of_two()
            && matches!(tables, 1..=4)
            && reserved > 0
            && (media == 0xf0 || media >= 0xf8);
        if !sane {
            return None;
        }
        let short_or_long = |short: usize, long: usize| match u16_le(bytes, short)? {
            0 => u32_le(bytes, long).map(|value| value as usize),
            value => Some(usize::from(value)),
        };
        let top_entries = usize::from(u16_le(bytes, 17)?);
        let table_sectors = short_or_long(22, 36)?;
        let sectors = short_or_long(19, 32)?;
        let top_start = reserved.checked_add(tables.checked_mul(table_sectors)?)?;
        let first = top_start.checked_add((top_entries * ENTRY_BYTES).div_ceil(sector_bytes))?;
        let clusters = u32::try_from(sectors.checked_sub(first)? / per_cluster).ok().filter(|count| *count > 0)?;
        let width = match clusters {
            0..=4084 => Width::Twelve,
            4085..=65_524 => Width::Sixteen,
            _ => Width::ThirtyTwo,
        };
        // Those that are formatted by hand may have few clusters.
        let width = if top_entries == 0 { Width::ThirtyTwo } else { width };
        let top = match width {
            Width::ThirtyTwo => Top::Cluster(u32_le(bytes, 44)?),
            Width::Twelve | Width::Sixteen => {
                Top::Region { start: top_start.checked_mul(sector_bytes)?, length: top_entries * ENTRY_BYTES }
            }
        };
        let data = first.checked_mul(sector_bytes)?;
        let cluster_bytes = per_cluster * sector_bytes;
        (data < bytes.len()).then_some(Self {
            bytes,
            width,
            table: reserved * sector_bytes,
            cluster_bytes,
            data,
            clusters,
            top,
        })
    }

    /// The cluster that follows; none at the end of the chain.
    fn next(&self, cluster: u32) -> Option<u32> {
        let index = cluster as usize;
        let next = match self.width {
            Width::Twelve => {
                let pair = u16_le(self.bytes, self.table.checked_add(index + index / 2)?)?;
                u32::from(if index.is_multiple_of(2) { pair & 0xfff } else { pair >> 4 })
            }
            Width::Sixteen => u32::from(u16_le(self.bytes, self.table.checked_add(2 * index)?)?),
            Width::ThirtyTwo => u32_le(self.bytes, self.table.checked_add(4 * index)?)? & 0x0fff_ffff,
        };
        self.is_cluster(next).then_some(next)
    }

    fn is_cluster(&self, cluster: u32) -> bool {
        cluster >= 2 && cluster - 2 < self.clusters
    }

    /// The pieces of a chain. It may run in a circle, but no chain is longer than the volume.
    fn chain(&self, first: u32) -> impl Iterator<Item = Piece> {
        let first = self.is_cluster(first).then_some(first);
        std::iter::successors(first, |cluster| self.next(*cluster)).take(self.clusters as usize).map(|cluster| {
            let start = self.data as u64 + u64::from(cluster - 2) * self.cluster_bytes as u64;
            Piece::Data { start, length: self.cluster_bytes as u64 }
        })
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let Some(volume) = Volume::read(contents.bytes) else { return };
    // The top folder of the old kinds has no cluster.
    let first = match volume.top {
        Top::Region { .. } => 0,
        Top::Cluster(cluster) => cluster,
    };
    let mut folders = Folders::new(first);
    while let Some((cluster, path)) = folders.next() {
        if folder(&volume, cluster, &path, &mut folders, opening).is_break() {
            return;
        }
    }
}

fn folder(
    volume: &Volume<'_>,
    cluster: u32,
    path: &str,
    folders: &mut Folders<u32>,
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    let mut octets = Vec::new();
    let most = folders.octets_left() + 1;
    let whole = match volume.top {
        Top::Region { start, length } if cluster == 0 => {
            let rest = volume.bytes.get(start..).unwrap_or_default();
            rest.take(length as u64).read_to_end(&mut octets)
        }
        Top::Region { .. } | Top::Cluster(_) => {
            Pieces::new(volume.bytes, volume.chain(cluster)).take(most).read_to_end(&mut octets)
        }
    };
    folders.pay(octets.len() as u64, opening)?;
    if whole.is_err() || octets.is_empty() {
        opening.note(NoteKind::Damaged, "a folder of a FAT image reaches out of it");
    }
    let mut long = Long::default();
    for entry in octets.chunks_exact(ENTRY_BYTES) {
        let attributes = entry.get(11).copied().unwrap_or(0);
        match entry.first() {
            Some(0) => break,
            Some(&DELETED) => long = Long::default(),
            _ if attributes & 0x3f == ATTRIBUTES_LONG => long.add(entry),
            _ => {
                let name = long.name_for(entry).unwrap_or_else(|| short_name(entry));
                long = Long::default();
                member(volume, entry, attributes, path, &name, folders, opening)?;
            }
        }
    }
    ControlFlow::Continue(())
}

fn member(
    volume: &Volume<'_>,
    entry: &[u8],
    attributes: u8,
    path: &str,
    name: &str,
    folders: &mut Folders<u32>,
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    if attributes & ATTRIBUTE_LABEL != 0 || matches!(name, "." | "..") {
        return opening.skip();
    }
    let high = if volume.width == Width::ThirtyTwo { u16_le(entry, 20).unwrap_or(0) } else { 0 };
    let cluster = u32::from(high) << 16 | u32::from(u16_le(entry, 26).unwrap_or(0));
    let path = join(path, name);
    if attributes & ATTRIBUTE_FOLDER != 0 {
        if volume.is_cluster(cluster) {
            folders.push(cluster, path);
        } else {
            opening.note(NoteKind::Damaged, "a folder of a FAT image reaches out of it");
        }
        return opening.skip();
    }
    // Where the chain is shorter than the size, the rest is missing.
    let cut = Piece::Data { start: u64::MAX, length: 1 };
    let pieces = volume.chain(cluster).chain(std::iter::once(cut));
    opening.take(&path, Pieces::new(volume.bytes, pieces).take(u64::from(u32_le(entry, 28).unwrap_or(0))))
}

/// `NAME    EXT`; the first octet 5 stands for the one that says deleted.
fn short_name(entry: &[u8]) -> String {
    let text = |at: usize, length: usize| {
        let field = slice(entry, at, length).unwrap_or_default();
        String::from_utf8_lossy(field).trim_end().to_string()
    };
    let (stem, ending) = (text(0, 8), text(8, 3));
    if ending.is_empty() { stem } else { format!("{stem}.{ending}") }
}

/// A long name, which stands in pieces before its entry, the last piece first.
#[derive(Default)]
struct Long {
    units: Vec<u16>,
    sum: Option<u8>,
}

impl Long {
    fn add(&mut self, entry: &[u8]) {
        let order = usize::from(entry.first().copied().unwrap_or(0) & 0x1f);
        let sum = entry.get(13).copied();
        if entry.first().is_some_and(|first| first & 0x40 != 0) || self.sum != sum {
            *self = Self { units: Vec::new(), sum };
        }
        let at = order.saturating_sub(1) * 13;
        let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain((28..32).step_by(2));
        if at + 13 <= LONG_UNITS_MAX {
            self.units.resize(self.units.len().max(at + 13), 0);
            for (unit, place) in self.units.iter_mut().skip(at).zip(places) {
                *unit = u16_le(entry, place).unwrap_or(0);
            }
        }
    }

    /// The name, where its checksum is that of the entry.
    fn name_for(&self, entry: &[u8]) -> Option<String> {
        let short = entry.get(..11)?;
        let sum = short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        let end = self.units.iter().position(|unit| *unit == 0).unwrap_or(self.units.len());
        let name = String::from_utf16_lossy(self.units.get(..end)?);
        (self.sum == Some(sum) && !name.is_empty()).then_some(name)
    }
}
