//! Cabinets of InstallShield 5 and later: a table of files, and volumes with their data.
//!
//! Does not join files that are split between volumes, nor those that are obfuscated. Source: what the tool unshield
//! found out about the fields.

use super::names;
use crate::unpack::fields::{u16_le, u32_le, until_nul};
use crate::unpack::{NoteKind, Opening};
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{Error, ErrorKind, Read};
use std::ops::ControlFlow;

pub(super) const MARK: &[u8] = b"ISc(";
const FLAG_SPLIT: u16 = 1;
const FLAG_OBFUSCATED: u16 = 2;
const FLAG_PACKED: u16 = 4;
const FLAG_INVALID: u16 = 8;
/// Octets of an entry from version 6 on.
const ENTRY_BYTES: usize = 0x57;
/// Octets that one packed piece unpacks to.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// The table of files.
pub(super) struct Table<'a> {
    /// From its begin on.
    files: &'a [u8],
    version: u32,
    folders: usize,
    count: usize,
    /// Where the entries begin, from version 6 on.
    entries_at: usize,
}

struct File<'a> {
    name: &'a [u8],
    flags: u16,
    size: u64,
    packed: usize,
    at: usize,
    volume: u16,
}

impl<'a> Table<'a> {
    /// The table in a header or in the first volume; `None` where there is none.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let raw = u32_le(bytes, 4).filter(|_| bytes.starts_with(MARK))?;
        let version = if raw >> 24 == 1 { raw >> 12 & 0xf } else { (raw & 0xffff) / 100 };
        let place = u32_le(bytes, 12).filter(|place| *place > 0)? as usize;
        let table = bytes.get(place..)?;
        Some(Self {
            files: table.get(u32_le(table, 0x0c)? as usize..)?,
            version,
            folders: u32_le(table, 0x1c)? as usize,
            count: u32_le(table, 0x28)? as usize,
            entries_at: u32_le(table, 0x2c)? as usize,
        })
    }

    fn file(&self, index: usize) -> Option<File<'a>> {
        if self.version < 6 {
            let place = self.folders.checked_add(index)?.checked_mul(4)?;
            let entry = self.files.get(u32_le(self.files, place)? as usize..)?;
            return Some(File {
                name: until_nul(self.files, u32_le(entry, 0)? as usize)?,
                flags: u16_le(entry, 8)?,
                size: u32_le(entry, 0x0a)?.into(),
                packed: u32_le(entry, 0x0e)? as usize,
                at: u32_le(entry, 0x26)? as usize,
                volume: 1,
            });
        }
        let entry = self.files.get(self.entries_at.checked_add(index.checked_mul(ENTRY_BYTES)?)?..)?;
        Some(File {
            name: until_nul(self.files, u32_le(entry, 0x3a)? as usize)?,
            flags: u16_le(entry, 0)?,
            size: u32_le(entry, 2)?.into(),
            packed: u32_le(entry, 0x0a)? as usize,
            at: u32_le(entry, 0x12)? as usize,
            volume: u16_le(entry, 0x55)?,
        })
    }

    /// Gives all files; `volume` has the contents of the volumes.
    pub(super) fn members(
        &self,
        volume: impl Fn(u16) -> Option<&'a [u8]>,
        opening: &mut Opening<'_>,
    ) -> ControlFlow<()> {
        for index in 0..self.count {
            let Some(file) = self.file(index) else {
                opening.note(NoteKind::Damaged, "a table of InstallShield");
                break;
            };
            if file.flags & FLAG_INVALID != 0 || file.at == 0 {
                opening.skip()?;
                continue;
            }
            let name = names::decoded(file.name);
            names::note_climbing(&name, opening);
            let data = volume(file.volume).and_then(|volume| volume.get(file.at..file.at.checked_add(file.packed)?));
            match data {
                Some(_) if file.flags & (FLAG_SPLIT | FLAG_OBFUSCATED) != 0 => {
                    opening.take_closed(
                        &name,
                        file.size,
                        NoteKind::Unread,
                        "a split or obfuscated file of InstallShield",
                    )?;
                }
                Some([]) if file.size > 0 => {
                    opening.take_closed(&name, file.size, NoteKind::Unread, "a file whose data is elsewhere")?;
                }
                Some(data) if file.flags & FLAG_PACKED != 0 => opening.take(&name, Pieces::new(data))?,
                Some(data) => opening.take(&name, data)?,
                None => opening.take_closed(&name, file.size, NoteKind::Unread, "a volume that is not there")?,
            }
        }
        ControlFlow::Continue(())
    }
}

/// Pieces that were packed by Deflate, each behind its length.
struct Pieces<'a> {
    rest: &'a [u8],
    piece: Vec<u8>,
    read: usize,
}

impl<'a> Pieces<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, piece: Vec::new(), read: 0 }
    }

    fn next_piece(&mut self) -> std::io::Result<()> {
        let broken = || Error::from(ErrorKind::InvalidData);
        let length = usize::from(u16_le(self.rest, 0).ok_or_else(broken)?);
        let packed = self.rest.get(2..2 + length).ok_or_else(broken)?;
        self.rest = self.rest.get(2 + length..).unwrap_or_default();
        let mut piece = Vec::with_capacity(PIECE_BYTES_MAX);
        let status = Decompress::new(false).decompress_vec(packed, &mut piece, FlushDecompress::Sync)?;
        if piece.is_empty() || (status == Status::BufError && piece.len() == PIECE_BYTES_MAX) {
            self.rest = &[];
            return Err(broken());
        }
        (self.piece, self.read) = (piece, 0);
        Ok(())
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.piece.len() {
            if self.rest.is_empty() {
                return Ok(0);
            }
            self.next_piece()?;
        }
        let count = self.piece.get(self.read..).unwrap_or_default().read(buffer)?;
        self.read += count;
        Ok(count)
    }
}
