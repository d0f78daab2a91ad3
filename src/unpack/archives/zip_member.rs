//! One packed member of a zip archive: all methods that are in use, and those of old.
//!
//! Does not decrypt, and reads no JPEG, WavPack or MP3 repacking. Standards: APPNOTE.TXT 6.3.10 §4.4.4, §4.4.5, §4.6.9,
//! §5.8, §5.10; WinZip's AE-1 and AE-2 are method 99.

use super::checked;
use super::names;
use super::zip_directory::extra_field;
use crate::limits::UNPACK_DICTIONARY_BYTES_MAX;
use crate::unpack::fields::{u16_le, u32_le};
use crate::unpack::{NoteKind, Opening};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use lzma_rust2::{LzmaReader, XzReader};
use std::io::{Error, ErrorKind, Read};
use std::ops::ControlFlow;

pub(super) const FLAG_ENCRYPTED: u16 = 1;
/// LZMA data ends with a mark (§4.4.4, bit 1 for method 14).
const FLAG_END_MARK: u16 = 2;
/// Bits 1 and 2 tell how imploded data is read.
const FLAGS_OF_METHOD: u16 = 0b110;
const EXTRA_UNICODE_PATH: u16 = 0x7075;
const AES: u16 = 99;

/// What is known of a packed member.
pub(super) struct Packed<'a> {
    pub(super) name: &'a [u8],
    pub(super) extra: &'a [u8],
    pub(super) flags: u16,
    pub(super) method: u16,
    /// Absent where only the descriptor behind the data has it.
    pub(super) crc: Option<u32>,
    pub(super) size: Option<u64>,
    /// From the first octet of the data to the end of the archive.
    pub(super) data: &'a [u8],
    pub(super) compressed_size: usize,
}

impl<'a> Packed<'a> {
    /// Takes the member; gives how many octets of data it had.
    pub(super) fn take(&self, opening: &mut Opening<'_>) -> (ControlFlow<()>, usize) {
        let raw = names::decoded(self.name);
        let name = self.unicode_name().unwrap_or_else(|| raw.clone());
        names::note_climbing(&name, opening);
        let size = self.size.unwrap_or(0);
        if names::ending(&name) != names::ending(&raw) {
            // Readers differ in which of the names they believe.
            let flow = opening.take_closed(&raw, size, NoteKind::Lying, "a member with two names");
            if flow.is_break() {
                return (flow, self.compressed_size);
            }
        }
        if self.flags & FLAG_ENCRYPTED != 0 || self.method == AES {
            let flow = opening.take_closed(&name, size, NoteKind::Encrypted, "zip members with a password");
            return (flow, self.compressed_size);
        }
        if name.ends_with('/') && size == 0 && self.compressed_size <= 2 {
            return (opening.skip(), self.compressed_size);
        }
        self.unpack(&name, opening)
    }

    fn unpack(&self, name: &str, opening: &mut Opening<'_>) -> (ControlFlow<()>, usize) {
        let data = self.data.get(..self.compressed_size).unwrap_or(self.data);
        let read = self.compressed_size.min(self.data.len());
        let reader: Box<dyn Read + '_> = match self.method {
            0 => Box::new(data),
            8 => return self.inflate(name, opening),
            12 => Box::new(bzip2::bufread::BzDecoder::new(data)),
            95 => Box::new(XzReader::new_mem_limit(data, true, (UNPACK_DICTIONARY_BYTES_MAX >> 10) as u32)),
            14 => lzma(data, self.size.filter(|_| self.flags & FLAG_END_MARK == 0)),
            20 | 93 => zstd(data),
            98 if ppmd_bytes(data) > UNPACK_DICTIONARY_BYTES_MAX => {
                let flow = opening.take_closed(name, self.size.unwrap_or(0), NoteKind::TooBig, "a large dictionary");
                return (flow, read);
            }
            1..=6 | 9 | 98 => {
                let mut stream = self.header().chain(data);
                let flow = match zip::read::read_zipfile_from_stream(&mut stream) {
                    Ok(Some(file)) => self.checked(name, file, opening),
                    Ok(None) | Err(_) => {
                        opening.take_closed(name, self.size.unwrap_or(0), NoteKind::Damaged, "a member can't be read")
                    }
                };
                return (flow, read);
            }
            other => {
                let detail = format!("zip method {other}");
                return (opening.take_closed(name, self.size.unwrap_or(0), NoteKind::Unread, &detail), read);
            }
        };
        (self.checked(name, reader, opening), read)
    }

    /// Deflate says itself where it ends, so that the said size is not needed.
    fn inflate(&self, name: &str, opening: &mut Opening<'_>) -> (ControlFlow<()>, usize) {
        let mut decoder = DeflateDecoder::new(self.data);
        let flow = self.checked(name, &mut decoder, opening);
        let read = usize::try_from(decoder.total_in()).unwrap_or(self.data.len());
        if self.size.is_some() && read > self.compressed_size {
            opening.note(NoteKind::Lying, "a member is longer than it says");
        }
        (flow, read)
    }

    fn checked(&self, name: &str, reader: impl Read, opening: &mut Opening<'_>) -> ControlFlow<()> {
        checked::take(name, reader, self.size, self.crc, opening)
    }

    /// The name in UTF-8, where the field about it belongs to the name in the header (§4.6.9).
    fn unicode_name(&self) -> Option<String> {
        let field = extra_field(self.extra, EXTRA_UNICODE_PATH)?;
        let mut crc = Crc::new();
        crc.update(self.name);
        let belongs = field.first() == Some(&1) && u32_le(field, 1) == Some(crc.sum());
        String::from_utf8(field.get(5..)?.to_vec()).ok().filter(|name| belongs && !name.is_empty())
    }

    /// A local header for the `zip` crate, which knows the methods of old.
    fn header(&self) -> std::io::Cursor<Vec<u8>> {
        let size = |size: u64| u32::try_from(size).unwrap_or(u32::MAX - 1).to_le_bytes();
        let mut header = super::zip_local::MARK.to_vec();
        header.extend_from_slice(&20u16.to_le_bytes());
        header.extend_from_slice(&(self.flags & FLAGS_OF_METHOD).to_le_bytes());
        header.extend_from_slice(&self.method.to_le_bytes());
        header.extend_from_slice(&[0, 0, 0x21, 0]);
        header.extend_from_slice(&self.crc.unwrap_or(0).to_le_bytes());
        header.extend_from_slice(&size(self.compressed_size as u64));
        header.extend_from_slice(&size(self.size.unwrap_or(u64::MAX)));
        header.extend_from_slice(&[1, 0, 0, 0, b'x']);
        std::io::Cursor::new(header)
    }
}

/// LZMA data behind its own small header (§5.8).
fn lzma(data: &[u8], size: Option<u64>) -> Box<dyn Read + '_> {
    let (Some(5), Some(props), Some(dictionary), Some(stream)) =
        (u16_le(data, 2), data.get(4), u32_le(data, 5), data.get(9..))
    else {
        return unreadable("not the header of LZMA");
    };
    // A member never looks back further than its own begin.
    let dictionary = size.map_or(u64::from(dictionary), |size| size.max(4096).min(u64::from(dictionary)));
    match u32::try_from(dictionary.min(UNPACK_DICTIONARY_BYTES_MAX)) {
        Ok(dictionary) => {
            match LzmaReader::new_with_props(stream, size.unwrap_or(u64::MAX), *props, dictionary, None) {
                Ok(reader) => Box::new(reader),
                Err(error) => Box::new(Failing(Some(error))),
            }
        }
        Err(_) => unreadable("a large dictionary"),
    }
}

pub(super) fn zstd(data: &[u8]) -> Box<dyn Read + '_> {
    match ruzstd::decoding::StreamingDecoder::new_with_max_window_size(data, UNPACK_DICTIONARY_BYTES_MAX) {
        Ok(reader) => Box::new(reader),
        Err(error) => unreadable(&error.to_string()),
    }
}

/// Octets that the model of PPMd takes (§5.10.3): bits 4 to 11 say so many MiB, less one.
fn ppmd_bytes(data: &[u8]) -> u64 {
    (u64::from(u16_le(data, 0).unwrap_or(0) >> 4 & 0xff) + 1) << 20
}

fn unreadable<'a>(why: &str) -> Box<dyn Read + 'a> {
    Box::new(Failing(Some(Error::new(ErrorKind::InvalidData, why.to_string()))))
}

/// Data that can't be read.
struct Failing(Option<Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| ErrorKind::InvalidData.into()))
    }
}
