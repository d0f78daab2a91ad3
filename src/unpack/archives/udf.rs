//! UDF: discs, and sticks that were formatted so.
//!
//! Does not read metadata partitions (UDF 2.50 and later), nor packet-written discs with a virtual partition: those are
//! noted. Standards: ECMA-167 (3rd edition), OSTA UDF 1.02 to 2.60.

use super::disc::Seen;
use super::folders::{Folders, join};
use super::traversal;
use crate::limits::IMAGE_CHAIN_MAX;
use crate::unpack::fields::{slice, u16_le, u32_le, u64_le};
use crate::unpack::pieces::{Piece, Pieces};
use crate::unpack::{NoteKind, Opening};
use std::io::Read;
use std::ops::ControlFlow;

/// Octets of a sector: discs, disks, and what else formatters offer.
const SECTOR_SIZES: [usize; 4] = [2048, 512, 4096, 1024];
const BLOCK_BYTES_MAX: u64 = 4096;
/// Lists of extents that one file chains: 32,768 pieces. Files may share them, so the work must stay small.
const LISTS_MAX: usize = 64;
/// ECMA-167 3/8.4.2.1: an anchor stands in this sector.
const ANCHOR_SECTOR: usize = 256;
const TAG_ANCHOR: u16 = 2;
const TAG_PARTITION: u16 = 5;
const TAG_VOLUME: u16 = 6;
const TAG_END: u16 = 8;
const TAG_FILE_SET: u16 = 256;
const TAG_NAME: u16 = 257;
const TAG_EXTENTS: u16 = 258;
const TAG_FILE: u16 = 261;
const TAG_EXTENDED_FILE: u16 = 266;
const TYPE_FOLDER: u8 = 4;
const TYPES_OF_FILES: [u8; 2] = [5, 249];
/// Of a name: what it stands for.
const NAME_DELETED: u8 = 4;
const NAME_PARENT: u8 = 8;

/// A block of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    partition: u16,
    block: u32,
}

struct Volume<'a> {
    bytes: &'a [u8],
    block_bytes: u64,
    /// The first octet of each partition that the volume names; none where its kind is not read.
    partitions: Vec<Option<u64>>,
}

/// The kind of a descriptor whose tag is right (ECMA-167 3/7.2).
fn tag(descriptor: &[u8]) -> Option<u16> {
    let tag = descriptor.get(..16)?;
    let sum = tag.iter().enumerate().filter(|(at, _)| *at != 4).fold(0u8, |sum, (_, byte)| sum.wrapping_add(*byte));
    (tag.get(4) == Some(&sum) && tag.iter().any(|byte| *byte != 0)).then(|| u16_le(tag, 0)).flatten()
}

/// The sector size with which an anchor is at its place.
fn anchor(bytes: &[u8]) -> Option<(usize, &[u8])> {
    SECTOR_SIZES.into_iter().find_map(|size| {
        let sector = slice(bytes, ANCHOR_SECTOR * size, 512)?;
        (tag(sector) == Some(TAG_ANCHOR) && u32_le(sector, 12) == Some(ANCHOR_SECTOR as u32)).then_some((size, sector))
    })
}

pub(super) fn is_udf(bytes: &[u8]) -> bool {
    anchor(bytes).is_some()
}

/// Gives all files.
pub(super) fn open(bytes: &[u8], seen: &mut Seen, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let Some((volume, top)) = Volume::read(bytes, opening) else {
        opening.note(NoteKind::Damaged, "a UDF volume without its descriptors");
        return ControlFlow::Continue(());
    };
    let mut walk = Walk { volume, folders: Folders::new(top), seen };
    while let Some((place, path)) = walk.folders.next() {
        walk.folder(place, &path, opening)?;
    }
    ControlFlow::Continue(())
}

impl<'a> Volume<'a> {
    /// Reads the descriptors of the volume; gives it with the place of its top folder.
    fn read(bytes: &'a [u8], opening: &mut Opening<'_>) -> Option<(Self, Place)> {
        let (sector_bytes, anchor) = anchor(bytes)?;
        // The main sequence, and its copy.
        [16, 24].into_iter().find_map(|at| {
            let first = u32_le(anchor, at + 4)? as usize;
            let count = (u32_le(anchor, at)? as usize / sector_bytes).min(IMAGE_CHAIN_MAX);
            let sectors = (first..first.saturating_add(count))
                .map_while(|sector| slice(bytes, sector.checked_mul(sector_bytes)?, sector_bytes));
            let (mut starts, mut volume) = (Vec::new(), None);
            for sector in sectors {
                match tag(sector) {
                    Some(TAG_PARTITION) => {
                        let start = u64::from(u32_le(sector, 188)?) * sector_bytes as u64;
                        starts.push((u16_le(sector, 22)?, start));
                    }
                    Some(TAG_VOLUME) => volume = Some(sector),
                    Some(TAG_END) => break,
                    _ => {}
                }
            }
            let sector = volume?;
            let block_bytes = u64::from(u32_le(sector, 212)?).clamp(512, BLOCK_BYTES_MAX);
            let volume = Self { bytes, block_bytes, partitions: maps(sector, &starts, opening) };
            let set = volume.at(Place { partition: u16_le(sector, 256)?, block: u32_le(sector, 252)? })?;
            let top = Place { partition: u16_le(set, 408)?, block: u32_le(set, 404)? };
            (tag(set) == Some(TAG_FILE_SET)).then_some((volume, top))
        })
    }

    /// The octets from a block on.
    fn at(&self, place: Place) -> Option<&'a [u8]> {
        self.bytes.get(usize::try_from(self.start(place)?).ok()?..)
    }

    fn start(&self, place: Place) -> Option<u64> {
        let partition = (*self.partitions.get(usize::from(place.partition))?)?;
        partition.checked_add(u64::from(place.block) * self.block_bytes)
    }
}

struct Walk<'a, 's> {
    volume: Volume<'a>,
    folders: Folders<Place>,
    seen: &'s mut Seen,
}

impl Walk<'_, '_> {
    /// Reads one folder, which is a file of names.
    fn folder(&mut self, place: Place, path: &str, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let Some(file) = File::read(&self.volume, place).filter(|file| file.kind == TYPE_FOLDER) else {
            opening.note(NoteKind::Damaged, "a UDF folder is not where it should be");
            return ControlFlow::Continue(());
        };
        let mut names = Vec::new();
        let whole = file.reader(&self.volume).take(self.folders.octets_left() + 1).read_to_end(&mut names);
        self.folders.pay(names.len() as u64, opening)?;
        if whole.is_err() {
            opening.note(NoteKind::Damaged, "a UDF folder reaches out of the image");
        }
        let mut rest = names.as_slice();
        while tag(rest) == Some(TAG_NAME) {
            let Some((name, octets)) = Name::read(rest) else { break };
            rest = rest.get(octets..).unwrap_or_default();
            if name.flags & (NAME_DELETED | NAME_PARENT) != 0 {
                continue;
            }
            let path = join(path, &name.text);
            if traversal::climbs(&path) {
                opening.note(NoteKind::Lying, traversal::DETAIL);
            }
            self.member(name.place, path, opening)?;
        }
        if rest.iter().any(|byte| *byte != 0) {
            opening.note(NoteKind::Damaged, "a name in a UDF folder is broken");
        }
        ControlFlow::Continue(())
    }

    fn member(&mut self, place: Place, path: String, opening: &mut Opening<'_>) -> ControlFlow<()> {
        match File::read(&self.volume, place) {
            Some(file) if file.kind == TYPE_FOLDER => {
                self.folders.push(place, path);
                opening.skip()
            }
            Some(file) if TYPES_OF_FILES.contains(&file.kind) => {
                if let [Piece::Data { start, .. }] = file.pieces.as_slice() {
                    self.seen.insert((*start, file.size));
                }
                opening.take(&path, file.reader(&self.volume))
            }
            // Devices and links.
            Some(_) => opening.skip(),
            None => opening.take_closed(&path, 0, NoteKind::Damaged, "a UDF file is not where it should be"),
        }
    }
}

/// The partitions that a logical volume maps (ECMA-167 3/10.7, UDF 2.2.8).
fn maps(sector: &[u8], starts: &[(u16, u64)], opening: &mut Opening<'_>) -> Vec<Option<u64>> {
    let count = u32_le(sector, 268).unwrap_or(0).min(IMAGE_CHAIN_MAX as u32);
    let mut rest = sector.get(440..).unwrap_or_default();
    let mut partitions = Vec::new();
    for _ in 0..count {
        let [kind, length, ..] = rest else { break };
        let (kind, length) = (*kind, usize::from(*length).max(2));
        let named = |mark: &[u8]| rest.get(5..).is_some_and(|name| name.starts_with(mark));
        let number = match kind {
            1 => u16_le(rest, 4),
            // Spare blocks stand in for bad ones; an image has none.
            2 if named(b"*UDF Sparable Partition") => u16_le(rest, 38),
            _ => None,
        };
        if number.is_none() {
            let what =
                if named(b"*UDF Metadata Partition") { "a UDF metadata partition" } else { "a UDF partition map" };
            opening.note(NoteKind::Unread, what);
        }
        partitions.push(number.and_then(|number| starts.iter().find(|(known, _)| *known == number)).map(|(_, at)| *at));
        rest = rest.get(length..).unwrap_or_default();
    }
    partitions
}

/// A name in a folder.
struct Name {
    flags: u8,
    place: Place,
    text: String,
}

impl Name {
    /// Gives the name and the octets that it takes.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let name_bytes = usize::from(*bytes.get(19)?);
        let own_bytes = usize::from(u16_le(bytes, 36)?);
        let text = unicode(slice(bytes, 38 + own_bytes, name_bytes)?);
        let place = Place { partition: u16_le(bytes, 28)?, block: u32_le(bytes, 24)? };
        Some((Self { flags: *bytes.get(18)?, place, text }, (38 + own_bytes + name_bytes).next_multiple_of(4)))
    }
}

/// OSTA compressed Unicode (UDF 2.1.1): the first octet says how many bits a character has.
fn unicode(name: &[u8]) -> String {
    match name.split_first() {
        Some((16, rest)) => {
            let units: Vec<u16> =
                rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes)).collect();
            String::from_utf16_lossy(&units)
        }
        Some((_, rest)) => rest.iter().map(|byte| char::from(*byte)).collect(),
        None => String::new(),
    }
}

/// A file entry, with the place of the contents.
struct File {
    kind: u8,
    size: u64,
    pieces: Vec<Piece>,
}

impl File {
    fn read(volume: &Volume<'_>, place: Place) -> Option<Self> {
        let start = volume.start(place)?;
        let entry = volume.at(place)?;
        let fixed = match tag(entry)? {
            TAG_FILE => 176,
            TAG_EXTENDED_FILE => 216,
            _ => return None,
        };
        let attributes = u32_le(entry, fixed - 8)? as usize;
        let length = u32_le(entry, fixed - 4)? as usize;
        let at = fixed.checked_add(attributes)?;
        // ECMA-167 4/14.9: an entry has one block.
        let list = slice(entry, at, length).filter(|list| list.len() as u64 <= volume.block_bytes)?;
        let size = u64_le(entry, 56)?;
        let pieces = match u16_le(entry, 34)? & 7 {
            // The contents stand in the entry itself.
            3 => vec![Piece::Data { start: start + at as u64, length: length as u64 }],
            form @ (0 | 1) => extents(volume, place.partition, list, form == 1),
            _ => return None,
        };
        Some(Self { kind: *entry.get(27)?, size, pieces })
    }

    fn reader<'a>(&self, volume: &Volume<'a>) -> impl Read + 'a {
        // Where the pieces are fewer than the size, the rest is missing.
        let cut = Piece::Data { start: u64::MAX, length: 1 };
        let pieces = self.pieces.clone().into_iter().chain(std::iter::once(cut));
        Pieces::new(volume.bytes, pieces).take(self.size)
    }
}

/// Reads a list of extents in its short or long form (ECMA-167 4/14.14), and the lists that it goes on in.
fn extents<'a>(volume: &Volume<'a>, partition: u16, list: &'a [u8], is_long: bool) -> Vec<Piece> {
    let step = if is_long { 16 } else { 8 };
    let mut pieces = Vec::new();
    let mut list = list;
    for _ in 0..LISTS_MAX {
        let mut next = None;
        for extent in list.chunks_exact(step) {
            let (Some(word), Some(block)) = (u32_le(extent, 0), u32_le(extent, 4)) else { break };
            let length = u64::from(word & 0x3fff_ffff);
            if length == 0 {
                break;
            }
            let partition = if is_long { u16_le(extent, 8).unwrap_or(partition) } else { partition };
            let place = Place { partition, block };
            match word >> 30 {
                0 => pieces.push(Piece::Data { start: volume.start(place).unwrap_or(u64::MAX), length }),
                3 => {
                    next = Some(place);
                    break;
                }
                _ => pieces.push(Piece::Hole(length)),
            }
        }
        let more = next.and_then(|place| volume.at(place)).filter(|more| tag(more) == Some(TAG_EXTENTS));
        match more.and_then(|more| slice(more, 24, u32_le(more, 20)? as usize)) {
            Some(more) => list = more.get(..more.len().min(BLOCK_BYTES_MAX as usize)).unwrap_or_default(),
            None => break,
        }
    }
    pieces
}
