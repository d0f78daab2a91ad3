//! The table of a 7z archive before anybody reads it: how large it becomes, and whether it is encrypted.
//!
//! The reader unpacks a packed table whatever its size; this keeps a small file from becoming gigabytes. Does not know
//! members. Standards: 7zFormat.txt of the LZMA SDK.

use crate::limits::{UNPACK_DICTIONARY_BYTES_MAX, UNPACK_TABLE_BYTES_MAX};
use crate::unpack::fields::{u32_le, u64_le};

/// What can be said of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Fits,
    TooBig,
    Encrypted,
    Damaged,
}

const START_BYTES: usize = 32;
const PACKED_TABLE: u8 = 0x17;
const PACK_INFO: u8 = 0x06;
const UNPACK_INFO: u8 = 0x07;
const SIZES: u8 = 0x09;
const DIGESTS: u8 = 0x0a;
const FOLDERS: u8 = 0x0b;
const UNPACK_SIZES: u8 = 0x0c;
const LZMA: &[u8] = &[3, 1, 1];
const LZMA_2: &[u8] = &[0x21];
const PPMD: &[u8] = &[3, 4, 1];
/// Coders of a packed table: writers use one, with encryption two.
const CODERS_MAX: u64 = 8;

/// True for the methods that encrypt.
pub(super) fn is_encryption(id: &[u8]) -> bool {
    // 06 F1 is the group of ciphers with key derivation; 06 F0 and 06 01 are others.
    id.first() == Some(&6)
}

/// What a coder holds in memory.
pub(super) fn dictionary_bytes(id: &[u8], properties: &[u8]) -> u64 {
    match id {
        LZMA | PPMD => u32_le(properties, 1).map_or(0, u64::from),
        LZMA_2 => properties.first().map_or(0, |bits| (2 | u64::from(bits & 1)) << (u32::from(bits & 0x3f) / 2 + 11)),
        _ => 0,
    }
}

/// Looks at the table of an archive.
pub(super) fn look(bytes: &[u8]) -> Table {
    match table_bytes(bytes) {
        Some(table) if table.len() as u64 > UNPACK_TABLE_BYTES_MAX => Table::TooBig,
        Some(table) => match table.split_first() {
            Some((&PACKED_TABLE, rest)) => Reader(rest).packed_table().unwrap_or(Table::Damaged),
            Some(_) | None => Table::Fits,
        },
        None => Table::Damaged,
    }
}

fn table_bytes(bytes: &[u8]) -> Option<&[u8]> {
    let place = bytes.get(12..START_BYTES)?;
    // Without a start header the reader would guess.
    if place.iter().all(|byte| *byte == 0) && u32_le(bytes, 8) == Some(0) {
        return None;
    }
    let start = usize::try_from(u64_le(place, 0)?).ok()?.checked_add(START_BYTES)?;
    bytes.get(start..start.checked_add(usize::try_from(u64_le(place, 8)?).ok()?)?)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number whose first octet says how many follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let follow = first.leading_ones();
        let mut value = 0u64;
        for at in 0..follow {
            value |= u64::from(self.byte()?) << (8 * at);
        }
        let high = u64::from(first) & (0x7fu64 >> follow);
        Some(if follow < 8 { value | high << (8 * follow) } else { value })
    }

    /// Checksums that may be left out.
    fn digests(&mut self, count: u64) -> Option<()> {
        let defined = if self.byte()? == 0 {
            self.bytes(count.div_ceil(8))?.iter().map(|byte| u64::from(byte.count_ones())).sum()
        } else {
            count
        };
        self.bytes(defined.checked_mul(4)?).map(drop)
    }

    fn packed_table(&mut self) -> Option<Table> {
        let mut id = self.byte()?;
        if id == PACK_INFO {
            self.number()?;
            let streams = self.number()?;
            id = self.byte()?;
            if id == SIZES {
                for _ in 0..streams {
                    self.number()?;
                }
                id = self.byte()?;
            }
            if id == DIGESTS {
                self.digests(streams)?;
                id = self.byte()?;
            }
            id = if id == 0 { self.byte()? } else { return None };
        }
        if id != UNPACK_INFO || self.byte()? != FOLDERS || self.number()? != 1 || self.byte()? != 0 {
            return None;
        }
        self.folder()
    }

    /// The one folder that holds the table, and its sizes.
    fn folder(&mut self) -> Option<Table> {
        let coders = self.number().filter(|coders| (1..=CODERS_MAX).contains(coders))?;
        let (mut inputs, mut outputs) = (0u64, 0u64);
        let mut table = Table::Fits;
        for _ in 0..coders {
            let flags = self.byte()?;
            let id = self.bytes(u64::from(flags & 0x0f))?;
            let (ins, outs) = if flags & 0x10 == 0 { (1, 1) } else { (self.number()?, self.number()?) };
            (inputs, outputs) = (inputs.checked_add(ins)?, outputs.checked_add(outs)?);
            let length = if flags & 0x20 == 0 { 0 } else { self.number()? };
            let properties = self.bytes(length)?;
            if is_encryption(id) {
                return Some(Table::Encrypted);
            }
            if dictionary_bytes(id, properties) > UNPACK_DICTIONARY_BYTES_MAX {
                table = Table::TooBig;
            }
        }
        let pairs = outputs.checked_sub(1)?;
        for _ in 0..pairs.checked_mul(2)? {
            self.number()?;
        }
        let packed = inputs.checked_sub(pairs)?;
        if packed > 1 {
            for _ in 0..packed {
                self.number()?;
            }
        }
        if self.byte()? != UNPACK_SIZES {
            return None;
        }
        for _ in 0..outputs {
            if self.number()? > UNPACK_TABLE_BYTES_MAX {
                table = Table::TooBig;
            }
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_up_to_nine_octets() {
        for (bytes, want) in [
            (&[0x7f][..], Some(0x7f)),
            (&[0x80, 0xff], Some(0xff)),
            (&[0xbf, 0x01], Some(0x3f01)),
            (&[0xff, 1, 0, 0, 0, 0, 0, 0, 1], Some(1 | 1 << 56)),
            (&[0xc0, 1], None),
        ] {
            assert_eq!(Reader(bytes).number(), want, "{bytes:?}");
        }
    }

    #[test]
    fn a_table_that_grows_or_is_locked_is_not_read() {
        let archive = |table: &[u8]| {
            let mut bytes = b"7z\xbc\xaf\x27\x1c\0\x04crc!".to_vec();
            bytes.extend_from_slice(&0u64.to_le_bytes());
            bytes.extend_from_slice(&(table.len() as u64).to_le_bytes());
            [&bytes[..], b"crc.", table].concat()
        };
        let lzma = |size: &[u8], dictionary: u32| {
            let begin = b"\x17\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00\x01\x23\x03\x01\x01\x05\x5d";
            archive(&[begin, &dictionary.to_le_bytes()[..], b"\x0c", size, b"\0\0"].concat())
        };
        for (bytes, want) in [
            (lzma(&[50], 1 << 20), Table::Fits),
            (lzma(&[0xf0, 0, 0, 0, 1], 1 << 20), Table::TooBig),
            (lzma(&[50], u32::MAX), Table::TooBig),
            (
                archive(b"\x17\x06\x00\x01\x09\x05\x00\x07\x0b\x01\x00\x01\x04\x06\xf1\x07\x01\x0c\x05\0\0"),
                Table::Encrypted,
            ),
            (archive(b"\x17\x06"), Table::Damaged),
            (archive(b"\x01\x00"), Table::Fits),
            (b"7z\xbc\xaf\x27\x1c".to_vec(), Table::Damaged),
        ] {
            assert_eq!(look(&bytes), want, "{bytes:?}");
        }
    }
}
