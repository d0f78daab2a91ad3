//! ISO 9660: the plain tree, the Joliet tree, Rock Ridge names, and what El Torito boots.
//!
//! Does not follow links. What Windows shows (Joliet) is read first; a file that another tree shows as well is not
//! read twice. Standards: ECMA-119, the Joliet specification, SUSP and RRIP 1.12, El Torito 1.0.

use super::disc::Seen;
use super::folders::{Folders, join};
use super::rock_ridge::{self, SystemUse};
use super::traversal;
use crate::limits::IMAGE_CHAIN_MAX;
use crate::unpack::fields::{slice, u16_le, u32_le};
use crate::unpack::pieces::{Piece, Pieces};
use crate::unpack::{NoteKind, Opening};
use std::io::Read;
use std::ops::ControlFlow;

pub(super) const SECTOR_BYTES: usize = 2048;
/// Volume descriptors begin here.
const FIRST_SECTOR: usize = 16;
const MARK: &[u8] = b"CD001";
/// Octets of a record before its name.
const RECORD_BYTES: usize = 33;
const FLAG_FOLDER: u8 = 2;
/// Another record goes on with the same file.
const FLAG_MORE: u8 = 0x80;
const BOOT_ENTRY_BYTES: usize = 32;

/// True where a volume descriptor stands at its place.
pub(super) fn is_iso(bytes: &[u8]) -> bool {
    descriptor(bytes, 0).is_some()
}

fn descriptor(bytes: &[u8], index: usize) -> Option<&[u8]> {
    let sector = slice(bytes, (FIRST_SECTOR + index) * SECTOR_BYTES, SECTOR_BYTES)?;
    sector.get(1..)?.starts_with(MARK).then_some(sector)
}

/// One tree of folders.
struct Tree {
    joliet: bool,
    block_bytes: u64,
    top: Extent,
}

/// Where a file or folder lies: its first block and its octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Extent {
    block: u32,
    size: u32,
}

/// Gives all files of all trees, and the images that a computer boots.
pub(super) fn open(bytes: &[u8], seen: &mut Seen, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut trees = Vec::new();
    let mut catalogs = Vec::new();
    for index in 0..IMAGE_CHAIN_MAX {
        let Some(sector) = descriptor(bytes, index) else { break };
        match sector.first() {
            Some(0) if slice(sector, 7, 23) == Some(b"EL TORITO SPECIFICATION") => catalogs.extend(u32_le(sector, 71)),
            Some(1 | 2) => trees.extend(Tree::read(sector)),
            Some(255) => break,
            _ => {}
        }
    }
    if trees.is_empty() {
        opening.note(NoteKind::Damaged, "a disc without a tree of folders");
    }
    trees.sort_by_key(|tree| !tree.joliet);
    for tree in &trees {
        Walk { bytes, tree, seen }.all(opening)?;
    }
    catalogs.into_iter().try_for_each(|catalog| boot(bytes, catalog, seen, opening))
}

impl Tree {
    fn read(sector: &[u8]) -> Option<Self> {
        // A supplementary descriptor is Joliet's where it escapes to UCS-2.
        let escapes = sector.get(88..91)?;
        let joliet = sector.first() == Some(&2) && matches!(escapes, b"%/@" | b"%/C" | b"%/E");
        let block_bytes = u64::from(u16_le(sector, 128)?);
        let block_bytes = if matches!(block_bytes, 512 | 1024 | 2048) { block_bytes } else { SECTOR_BYTES as u64 };
        let top = Extent { block: u32_le(sector, 156 + 2)?, size: u32_le(sector, 156 + 10)? };
        Some(Self { joliet, block_bytes, top })
    }
}

struct Record<'a> {
    extent: Extent,
    flags: u8,
    /// Not zero where a file's sectors are mixed with others'.
    unit: u8,
    name: &'a [u8],
    system_use: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(record: &'a [u8]) -> Option<Self> {
        let name_bytes = usize::from(*record.get(32)?);
        // Extended attributes stand before the contents.
        let block = u32_le(record, 2)?.checked_add(u32::from(*record.get(1)?))?;
        Some(Self {
            extent: Extent { block, size: u32_le(record, 10)? },
            flags: *record.get(25)?,
            unit: *record.get(26)?,
            name: slice(record, RECORD_BYTES, name_bytes)?,
            system_use: record.get((RECORD_BYTES + name_bytes).next_multiple_of(2)..).unwrap_or_default(),
        })
    }

    /// The folder itself or the one above it.
    fn is_dot(&self) -> bool {
        matches!(self.name, [0 | 1])
    }
}

struct Walk<'a, 's> {
    bytes: &'a [u8],
    tree: &'a Tree,
    /// Files that were given.
    seen: &'s mut Seen,
}

impl<'a> Walk<'a, '_> {
    fn all(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let mut folders = Folders::new(self.tree.top);
        while let Some((extent, path)) = folders.next() {
            // The octets that are there count, not those that are claimed.
            let octets = self.data(extent);
            folders.pay(octets.len() as u64, opening)?;
            if octets.len() < extent.size as usize {
                opening.note(NoteKind::Damaged, "a folder that reaches out of the image");
            }
            self.folder(octets, &path, &mut folders, opening)?;
        }
        ControlFlow::Continue(())
    }

    fn start(&self, extent: Extent) -> u64 {
        u64::from(extent.block) * self.tree.block_bytes
    }

    fn data(&self, extent: Extent) -> &'a [u8] {
        let rest =
            usize::try_from(self.start(extent)).ok().and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        rest.get(..rest.len().min(extent.size as usize)).unwrap_or_default()
    }

    fn folder(
        &mut self,
        octets: &[u8],
        path: &str,
        folders: &mut Folders<Extent>,
        opening: &mut Opening<'_>,
    ) -> ControlFlow<()> {
        let mut at = 0;
        // Extents of a file that goes on in the next record.
        let mut begun: Vec<Extent> = Vec::new();
        let mut begun_name = String::new();
        while let Some(length) = octets.get(at).map(|length| usize::from(*length)) {
            if length == 0 {
                // Records do not cross sectors.
                at = (at + 1).next_multiple_of(SECTOR_BYTES);
                continue;
            }
            let Some(record) = slice(octets, at, length).and_then(Record::read) else {
                opening.note(NoteKind::Damaged, "a record of a folder is broken");
                at = (at + 1).next_multiple_of(SECTOR_BYTES);
                continue;
            };
            at += length;
            if record.is_dot() {
                continue;
            }
            let extra =
                if self.tree.joliet { SystemUse::default() } else { rock_ridge::read(record.system_use, self.bytes) };
            let name = join(path, &self.name(&record, &extra));
            if traversal::climbs(&name) {
                opening.note(NoteKind::Lying, traversal::DETAIL);
            }
            if let Some(block) = extra.child {
                opening.skip()?;
                folders.push(Extent { block, size: self.folder_size(block) }, name);
            } else if record.flags & FLAG_FOLDER != 0 {
                opening.skip()?;
                folders.push(record.extent, name);
            } else if record.flags & FLAG_MORE != 0 {
                opening.skip()?;
                begun.push(record.extent);
                begun_name = name;
            } else {
                begun.push(record.extent);
                self.file(&name, std::mem::take(&mut begun), &record, &extra, opening)?;
            }
        }
        if begun.is_empty() {
            return ControlFlow::Continue(());
        }
        opening.note(NoteKind::Damaged, "a file of a disc has no end");
        opening.take(&begun_name, self.reader(begun))
    }

    fn reader(&self, extents: Vec<Extent>) -> impl Read + use<'a> {
        let block_bytes = self.tree.block_bytes;
        let piece = move |extent: Extent| Piece::Data {
            start: u64::from(extent.block) * block_bytes,
            length: u64::from(extent.size),
        };
        Pieces::new(self.bytes, extents.into_iter().map(piece))
    }

    /// A moved folder's size stands in its own first record.
    fn folder_size(&self, block: u32) -> u32 {
        let record = self.data(Extent { block, size: SECTOR_BYTES as u32 });
        u32_le(record, 10).unwrap_or(0)
    }

    fn file(
        &mut self,
        name: &str,
        extents: Vec<Extent>,
        record: &Record<'_>,
        extra: &SystemUse,
        opening: &mut Opening<'_>,
    ) -> ControlFlow<()> {
        // Empty files lie nowhere, and are given once.
        let mut is_new = false;
        for extent in &extents {
            is_new |= self.seen.insert((self.start(*extent), u64::from(extent.size)));
        }
        if extra.is_link || !is_new {
            return opening.skip();
        }
        if record.unit != 0 {
            let size = u64::from(record.extent.size);
            return opening.take_closed(name, size, NoteKind::Unread, "a file whose sectors are mixed with others'");
        }
        if extra.is_compressed {
            opening.note(NoteKind::Unread, "a file that zisofs compressed");
        }
        opening.take(name, self.reader(extents))
    }

    fn name(&self, record: &Record<'_>, extra: &SystemUse) -> String {
        let own = match &extra.name {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            None if self.tree.joliet => utf16(record.name),
            None => String::from_utf8_lossy(record.name).into_owned(),
        };
        if extra.name.is_some() {
            return own;
        }
        // `NAME.EXT;1`, and `NAME.` where there is no ending.
        let stem = own.rsplit_once(';').map_or(own.as_str(), |(stem, _)| stem);
        stem.strip_suffix('.').unwrap_or(stem).to_string()
    }
}

fn utf16(name: &[u8]) -> String {
    let units: Vec<u16> =
        name.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes)).collect();
    String::from_utf16_lossy(&units)
}

/// Gives the images that El Torito's catalog names, and that are no files.
fn boot(bytes: &[u8], catalog: u32, seen: &Seen, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let start = usize::try_from(u64::from(catalog) * SECTOR_BYTES as u64).unwrap_or(usize::MAX);
    let Some(sector) = slice(bytes, start, SECTOR_BYTES) else {
        opening.note(NoteKind::Damaged, "a boot catalog outside of the image");
        return ControlFlow::Continue(());
    };
    let entries = sector.chunks_exact(BOOT_ENTRY_BYTES).skip(1).filter(|entry| entry.first() == Some(&0x88));
    for entry in entries {
        let (Some(count), Some(block)) = (u16_le(entry, 6), u32_le(entry, 8)) else { continue };
        let length = match entry.get(1).map(|media| media & 15) {
            Some(1) => 1200 << 10,
            Some(2) => 1440 << 10,
            Some(3) => 2880 << 10,
            // A count of one is written for images up to the end as well.
            _ if count <= 1 => u64::MAX,
            _ => u64::from(count) * 512,
        };
        let start = u64::from(block) * SECTOR_BYTES as u64;
        if seen.range((start, 0)..=(start, u64::MAX)).next().is_some() {
            continue;
        }
        let length = length.min((bytes.len() as u64).saturating_sub(start));
        opening.take("boot image", Pieces::new(bytes, std::iter::once(Piece::Data { start, length })))?;
    }
    ControlFlow::Continue(())
}
