//! Installers made by the Nullsoft Scriptable Install System: the data behind the program.
//!
//! Does not read the script, so that files have numbers and no names; does not read its variant of bzip2. Source: the
//! headers of NSIS (`exehead/fileform.h`).

use crate::limits::UNPACK_DICTIONARY_BYTES_MAX;
use crate::unpack::fields::u32_le;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use flate2::bufread::DeflateDecoder;
use lzma_rust2::LzmaReader;
use std::io::{Error, ErrorKind, Read};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "nsis", about: "data of Nullsoft installers", recognise, nature: Nature::Container(open) };

/// Stands behind four octets of flags.
pub(in crate::unpack) const MARK: &[u8] = b"\xef\xbe\xad\xdeNullsoftInst";
const HEADER_BYTES: usize = 28;
/// All flags together.
const FLAGS_MAX: u32 = 15;
/// In a length: what follows is packed.
const PACKED: u32 = 1 << 31;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.get(4..).is_some_and(|rest| rest.starts_with(MARK)).then_some("application/x-nsis")
}

/// Octets of the data that begins right here, by its header.
pub(in crate::unpack) fn length(bytes: &[u8]) -> Option<usize> {
    let total = u32_le(bytes, 24)? as usize;
    let is_sound = u32_le(bytes, 0)? <= FLAGS_MAX && total > HEADER_BYTES;
    is_sound.then_some(total.min(bytes.len()))
}

/// Gives all blocks of data that begin right here, whatever follows them.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let total = u32_le(contents.bytes, 24).unwrap_or(0) as usize;
    let all = contents.bytes.get(HEADER_BYTES..).unwrap_or_default();
    let data = total.checked_sub(HEADER_BYTES).and_then(|length| all.get(..length));
    if data.is_none() {
        opening.note(NoteKind::Damaged, "an installer that is cut off");
    }
    let data = data.unwrap_or(all);
    // One stream for all, or one for each block.
    let header = u32_le(contents.bytes, 20).unwrap_or(0);
    let first = u32_le(data, 0).unwrap_or(0);
    let apart = (first & PACKED != 0 && (first & !PACKED) as usize <= data.len()) || first == header;
    // Nothing follows that a spent budget could skip.
    let _ = if apart { blocks(data, opening) } else { stream(data, opening) };
}

fn label(index: usize) -> String {
    if index == 0 { "script".to_string() } else { index.to_string() }
}

fn blocks(data: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut rest = data;
    for index in 0.. {
        let Some(length) = u32_le(rest, 0) else { break };
        let Some(block) = rest.get(4..).and_then(|rest| rest.get(..(length & !PACKED) as usize)) else {
            // A checksum may follow the last block.
            if rest.len() > 4 {
                opening.note(NoteKind::Damaged, "a block of an installer");
            }
            break;
        };
        rest = rest.get(4 + block.len()..).unwrap_or_default();
        match unpacked(block) {
            _ if length & PACKED == 0 => opening.take(&label(index), block)?,
            Some(reader) => opening.take(&label(index), reader)?,
            None => opening.take_closed(&label(index), 0, NoteKind::Unread, "bzip2 of an installer")?,
        }
    }
    ControlFlow::Continue(())
}

fn stream(data: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let Some(mut reader) = unpacked(data) else {
        opening.note(NoteKind::Unread, "bzip2 of an installer");
        return ControlFlow::Continue(());
    };
    for index in 0.. {
        let mut length = [0; 4];
        if reader.read_exact(&mut length).is_err() {
            break;
        }
        let mut block = reader.by_ref().take(u32::from_le_bytes(length).into());
        opening.take(&label(index), &mut block)?;
        // What was cut off lies before the next block.
        while block.limit() > 0 {
            opening.pay_time()?;
            if std::io::copy(&mut block.by_ref().take(1 << 20), &mut std::io::sink()).unwrap_or(0) == 0 {
                opening.note(NoteKind::Damaged, "a block of an installer");
                return ControlFlow::Continue(());
            }
        }
    }
    ControlFlow::Continue(())
}

/// The method shows in the first octets. `None` for bzip2.
fn unpacked(data: &[u8]) -> Option<Box<dyn Read + '_>> {
    // A filter for programs may stand before LZMA.
    let lzma = match data {
        [0x5d, 0, 0, ..] => Some(data),
        [0, 0x5d, 0, 0, ..] => data.get(1..),
        [0x31, 0..=13, ..] => return None,
        _ => None,
    };
    Some(match lzma {
        Some(data) => lzma_reader(data),
        None => Box::new(DeflateDecoder::new(data)),
    })
}

fn lzma_reader(data: &[u8]) -> Box<dyn Read + '_> {
    let dictionary = u32_le(data, 1).filter(|size| u64::from(*size) <= UNPACK_DICTIONARY_BYTES_MAX);
    let stream = data.get(5..).unwrap_or_default();
    match dictionary.map(|size| LzmaReader::new_with_props(stream, u64::MAX, 0x5d, size, None)) {
        Some(Ok(reader)) => Box::new(reader),
        Some(Err(_)) | None => Box::new(Broken),
    }
}

/// Data that can't be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(Error::from(ErrorKind::InvalidData))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{nsis, shown};

    #[test]
    fn members_are_given() {
        let whole = nsis(&[b"script", b"\x7fELF\x02\x01\x01"]);
        let (items, notes) = shown(&[&whole[..], b"behind"].concat());
        assert_eq!(items, ["application/x-nsis", "script text/plain", "1 application/x-elf"]);
        assert_eq!(notes, ["Program"]);
        assert_eq!(shown(&whole[..whole.len() - 1]).1, ["Damaged", "Damaged"]);
    }
}
