//! Images of disks with partitions (MBR, GPT), and the VHD images of virtual machines, fixed and dynamic.
//!
//! Does not read file systems: each partition is a member. Differencing disks need their parent and are noted. Standards:
//! UEFI 2.10 (5, GPT), Microsoft's Virtual Hard Disk Image Format Specification 1.0.

use crate::limits::IMAGE_CHAIN_MAX;
use crate::unpack::fields::{slice, u32_be, u32_le, u64_be, u64_le};
use crate::unpack::pieces::{Piece, Pieces, stored};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "disk",
    about: "images of disks with partitions",
    recognise: |contents| is_disk(contents.bytes).then_some("application/x-raw-disk-image"),
    nature: Nature::Container(open),
};
pub(in crate::unpack) const VHD: Format = Format {
    name: "vhd",
    about: "images of virtual disks (VHD)",
    recognise: |contents| footer(contents.bytes).map(|_| "application/x-virtualbox-vhd"),
    nature: Nature::Container(open_vhd),
};

const SECTOR_BYTES: usize = 512;
/// Types of a partition that holds others.
const TYPES_EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
/// The type that protects a GPT.
const TYPE_GPT: u8 = 0xee;
const GPT_MARK: &[u8] = b"EFI PART";

/// A partition in sectors.
#[derive(Clone, Copy)]
struct Partition {
    kind: u8,
    start: u64,
    count: u64,
}

/// The four entries of a boot record; none where one of them makes no sense.
fn partitions(sector: &[u8]) -> Option<Vec<Partition>> {
    if slice(sector, 510, 2) != Some(b"\x55\xaa") {
        return None;
    }
    let entries = slice(sector, 446, 64)?.chunks_exact(16).map(|entry| {
        let kind = *entry.get(4)?;
        let (start, count) = (u64::from(u32_le(entry, 8)?), u64::from(u32_le(entry, 12)?));
        let sane = matches!(entry.first(), Some(0 | 0x80)) && (kind == 0) == (count == 0);
        sane.then_some(Partition { kind, start, count })
    });
    let all = entries.collect::<Option<Vec<_>>>()?;
    Some(all.into_iter().filter(|partition| partition.kind != 0).collect())
}

fn is_disk(bytes: &[u8]) -> bool {
    let sectors = (bytes.len() / SECTOR_BYTES) as u64;
    partitions(bytes).is_some_and(|all| !all.is_empty() && all.iter().all(|one| (1..sectors).contains(&one.start)))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let mut waiting = partitions(bytes).unwrap_or_default();
    if waiting.iter().any(|partition| partition.kind == TYPE_GPT) {
        match gpt(bytes) {
            Some(found) => waiting = found,
            None => opening.note(NoteKind::Damaged, "a disk without its table of partitions"),
        }
    }
    waiting.reverse();
    // Each extended partition begins a chain of boot records, whose links count from it.
    let mut seen = BTreeSet::new();
    let mut number = 0;
    let mut chain_start = None;
    while let Some(partition) = waiting.pop() {
        if TYPES_EXTENDED.contains(&partition.kind) {
            let base = *chain_start.get_or_insert(partition.start);
            if seen.insert(partition.start) && seen.len() <= IMAGE_CHAIN_MAX {
                let more = logical(bytes, partition.start, base);
                waiting.extend(more.into_iter().rev());
            } else {
                opening.note(NoteKind::Damaged, "partitions in a circle");
            }
            continue;
        }
        number += 1;
        let start = partition.start.saturating_mul(SECTOR_BYTES as u64);
        let length = partition.count.saturating_mul(SECTOR_BYTES as u64);
        let name = format!("partition {number}");
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        if opening.take(&name, stored(bytes, start, length)).is_break() {
            return;
        }
    }
}

/// The partitions of a boot record in an extended partition: one, and the next record.
fn logical(bytes: &[u8], at: u64, base: u64) -> Vec<Partition> {
    let start = usize::try_from(at.saturating_mul(SECTOR_BYTES as u64)).unwrap_or(usize::MAX);
    let found = slice(bytes, start, SECTOR_BYTES).and_then(partitions).unwrap_or_default();
    let moved = |one: Partition| {
        let from = if TYPES_EXTENDED.contains(&one.kind) { base } else { at };
        Partition { start: one.start.saturating_add(from), ..one }
    };
    found.into_iter().map(moved).collect()
}

/// The partitions of a GPT, in sectors of 512 octets.
fn gpt(bytes: &[u8]) -> Option<Vec<Partition>> {
    let sector_bytes = [SECTOR_BYTES, 4096].into_iter().find(|at| slice(bytes, *at, 8) == Some(GPT_MARK))?;
    let header = bytes.get(sector_bytes..)?;
    let scale = (sector_bytes / SECTOR_BYTES) as u64;
    let table = usize::try_from(u64_le(header, 72)?.checked_mul(sector_bytes as u64)?).ok()?;
    let entry_bytes = u32_le(header, 84)? as usize;
    let entries = bytes.get(table..)?.chunks_exact(entry_bytes.max(128)).take(u32_le(header, 80)? as usize);
    let used = entries.take(IMAGE_CHAIN_MAX).filter(|entry| entry.iter().take(16).any(|byte| *byte != 0));
    let read = |entry: &[u8]| {
        let (first, last) = (u64_le(entry, 32)?, u64_le(entry, 40)?);
        let count = last.checked_sub(first)?.checked_add(1)?.checked_mul(scale)?;
        Some(Partition { kind: TYPE_GPT, start: first.checked_mul(scale)?, count })
    };
    Some(used.filter_map(read).collect())
}

/// The footer of a VHD: at the end; a copy at the begin of those that are not fixed.
fn footer(bytes: &[u8]) -> Option<&[u8]> {
    let is_footer = |sector: &&[u8]| sector.starts_with(b"conectix");
    let last = bytes.len().checked_sub(SECTOR_BYTES).and_then(|at| bytes.get(at..)).filter(is_footer);
    last.or_else(|| bytes.get(..SECTOR_BYTES).filter(is_footer))
}

fn open_vhd(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let Some(footer) = footer(bytes) else { return };
    // Nothing follows that a spent budget could skip.
    let _ = match u32_be(footer, 60) {
        Some(2) => opening.take("disk", bytes.get(..bytes.len() - SECTOR_BYTES).unwrap_or_default()),
        Some(3) => dynamic(bytes, footer, opening),
        Some(4) => opening.take_closed("disk", 0, NoteKind::Unread, "a virtual disk that needs another"),
        _ => opening.take_closed("disk", 0, NoteKind::Damaged, "a virtual disk of no kind"),
    };
}

/// A disk whose blocks are stored where they were written; a table says where.
fn dynamic(bytes: &[u8], footer: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let read = || {
        let header = bytes.get(usize::try_from(u64_be(footer, 16)?).ok()?..)?;
        let table = bytes.get(usize::try_from(u64_be(header, 16)?).ok()?..)?;
        let block_bytes = u32_be(header, 32).filter(|size| size.is_power_of_two() && *size as usize >= SECTOR_BYTES)?;
        header.starts_with(b"cxsparse").then_some((table, u32_be(header, 28)?, u64::from(block_bytes)))
    };
    let Some((table, blocks, block_bytes)) = read() else {
        return opening.take_closed("disk", 0, NoteKind::Damaged, "a virtual disk without its table");
    };
    // A map of the sectors that were written stands before each block.
    let map_bytes = (block_bytes / SECTOR_BYTES as u64).div_ceil(8).next_multiple_of(SECTOR_BYTES as u64);
    let pieces = (0..blocks as usize).map_while(|block| match u32_be(table, 4 * block)? {
        u32::MAX => Some(Piece::Hole(block_bytes)),
        sector => Some(Piece::Data { start: u64::from(sector) * SECTOR_BYTES as u64 + map_bytes, length: block_bytes }),
    });
    opening.take("disk", Pieces::new(bytes, pieces).take(u64_be(footer, 48).unwrap_or(u64::MAX)))
}
