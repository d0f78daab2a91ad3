//! The LZMA family: xz, lzip, and the older `.lzma`, which has no mark.
//!
//! Does not hold a dictionary beyond the bound: a smaller one does as well where no match reaches farther back. Standards:
//! The .xz File Format 1.2; lzip's manual; the LZMA specification of the LZMA SDK.

use super::joined::{self, Source, Stream, Trouble, broken};
use super::names::{ends_with, inner_name};
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use flate2::Crc;
use lzma_rust2::{LzmaReader, XzReader};
use std::io::{self, Read};

pub(in crate::unpack) const XZ: Format =
    Format { name: "xz", about: "xz files", recognise: recognise_xz, nature: Nature::Stream(open_xz) };
pub(in crate::unpack) const LZIP: Format =
    Format { name: "lzip", about: "lzip files", recognise: recognise_lzip, nature: Nature::Stream(open_lzip) };
pub(in crate::unpack) const LZMA: Format =
    Format { name: "lzma", about: "lzma files", recognise: recognise_lzma, nature: Nature::Stream(open_lzma) };

const XZ_STREAM: Stream = Stream { begins: begins_xz, joined_max: STREAM_JOINED_MAX, decoder: xz_decoder };
const LZIP_STREAM: Stream = Stream { begins: begins_lzip, joined_max: STREAM_JOINED_MAX, decoder: lzip_decoder };
const LZMA_STREAM: Stream = Stream { begins: |_| false, joined_max: STREAM_JOINED_MAX, decoder: lzma_decoder };

/// KiB that a decoder of xz needs beside its dictionary: literal models, a chunk of input.
const XZ_OVERHEAD_KIB: u64 = 1024;
const LZMA_HEADER_BYTES: usize = 13;
const LZIP_HEADER_BYTES: usize = 6;
const LZIP_TRAILER_BYTES: usize = 20;
/// A size in the header that says that an end mark follows instead.
const SIZE_UNKNOWN: u64 = u64::MAX;
/// No file of this kind is larger (256 GiB; the bound of xz for the same question).
const SIZE_PLAUSIBLE: u64 = 1 << 38;
/// Octets that must come without an error where the name does not say `.lzma`.
const TRIAL_BYTES: u64 = 4 << 10;

fn begins_xz(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xfd7zXZ\0")
}

fn recognise_xz(contents: &Contents<'_>) -> Option<&'static str> {
    begins_xz(contents.bytes).then_some("application/x-xz")
}

fn xz_decoder(source: Source<'_>, dictionary_max: u64) -> io::Result<Box<dyn Read + '_>> {
    let memory_kib = u32::try_from((dictionary_max >> 10) + XZ_OVERHEAD_KIB).unwrap_or(u32::MAX);
    Ok(Box::new(XzReader::new_mem_limit(source, false, memory_kib)))
}

fn open_xz(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &XZ_STREAM, opening);
}

fn begins_lzip(bytes: &[u8]) -> bool {
    // Version 0 was never spread.
    bytes.starts_with(b"LZIP\x01")
}

fn recognise_lzip(contents: &Contents<'_>) -> Option<&'static str> {
    begins_lzip(contents.bytes).then_some("application/x-lzip")
}

fn lzip_decoder(source: Source<'_>, dictionary_max: u64) -> io::Result<Box<dyn Read + '_>> {
    let coded = *source.rest().get(LZIP_HEADER_BYTES - 1).ok_or_else(|| broken("an lzip header is cut"))?;
    // The lower five bits are a power of two, the upper three tell how many sixteenths of it are missing.
    let base = 1u32.checked_shl(u32::from(coded & 31)).unwrap_or(0);
    let dictionary = base - base / 16 * u32::from(coded >> 5);
    if !(1 << 12..=1 << 29).contains(&dictionary) {
        return Err(broken("an lzip dictionary of no size"));
    }
    source.skip(LZIP_HEADER_BYTES);
    // Lzip always uses three literal context bits and two position bits.
    let properties = 2 * 45 + 3;
    Ok(Box::new(Lzma::new(source, SIZE_UNKNOWN, properties, dictionary, dictionary_max, Trailer::Lzip)?))
}

fn open_lzip(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &LZIP_STREAM, opening);
}

/// The header of a `.lzma` file.
struct Header {
    properties: u8,
    dictionary: u32,
    size: u64,
    /// The first octet of the range coder, which is always zero.
    zero: u8,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            properties: *bytes.first()?,
            dictionary: u32::from_le_bytes(bytes.get(1..5)?.try_into().ok()?),
            size: u64::from_le_bytes(bytes.get(5..LZMA_HEADER_BYTES)?.try_into().ok()?),
            zero: *bytes.get(LZMA_HEADER_BYTES)?,
        })
        .filter(|header| header.properties < 225 && header.zero == 0)
    }

    /// As encoders write it: a dictionary of 2^n or 2^n + 2^(n-1) octets, a size that files have.
    fn is_plausible(&self) -> bool {
        let top = self.dictionary.checked_ilog2().map_or(0, |bits| 1u32 << bits);
        let usual = self.dictionary >= 1 << 12 && (self.dictionary == top || self.dictionary == top + top / 2);
        (usual || self.dictionary == u32::MAX)
            && (self.size == SIZE_UNKNOWN || (1..SIZE_PLAUSIBLE).contains(&self.size))
    }
}

fn recognise_lzma(contents: &Contents<'_>) -> Option<&'static str> {
    let header = Header::read(contents.bytes)?;
    let named = ends_with(contents.name, &["lzma", "tlz"]);
    let known = named || (header.is_plausible() && joined::can_begin(contents.bytes, &LZMA_STREAM, TRIAL_BYTES));
    known.then_some("application/x-lzma")
}

fn lzma_decoder(source: Source<'_>, dictionary_max: u64) -> io::Result<Box<dyn Read + '_>> {
    let header = Header::read(source.rest()).ok_or_else(|| broken("no lzma header"))?;
    source.skip(LZMA_HEADER_BYTES);
    let lzma = Lzma::new(source, header.size, header.properties, header.dictionary, dictionary_max, Trailer::None)?;
    Ok(Box::new(lzma))
}

fn open_lzma(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &LZMA_STREAM, opening);
}

enum Trailer {
    None,
    /// A checksum, the size of the contents, the size of the member.
    Lzip,
}

/// One member that is LZMA without chunks.
struct Lzma<'a> {
    /// Gone when it has ended.
    reader: Option<LzmaReader<Source<'a>>>,
    source: Source<'a>,
    dictionary: u32,
    dictionary_max: u64,
    trailer: Trailer,
    crc: Crc,
}

impl<'a> Lzma<'a> {
    fn new(
        source: Source<'a>,
        size: u64,
        properties: u8,
        dictionary: u32,
        dictionary_max: u64,
        trailer: Trailer,
    ) -> io::Result<Self> {
        let held = u64::from(dictionary).min(dictionary_max) as u32;
        let mut reader = LzmaReader::new_with_props(source.clone(), size, properties, held, None)?;
        // What comes before damage stays.
        reader.set_defer_errors(true);
        Ok(Self { reader: Some(reader), source, dictionary, dictionary_max, trailer, crc: Crc::new() })
    }

    /// Checks what lzip writes behind a member.
    fn end(&self) -> io::Result<()> {
        match self.trailer {
            Trailer::None => Ok(()),
            Trailer::Lzip => {
                let trailer = self.source.rest().get(..LZIP_TRAILER_BYTES).ok_or_else(|| broken("cut"))?;
                self.source.skip(LZIP_TRAILER_BYTES);
                // The size stands there as 64 bits; its lower half is what the checksum counts.
                let own = [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()].concat();
                if trailer.starts_with(&own) { Ok(()) } else { Err(broken("an lzip checksum is wrong")) }
            }
        }
    }
}

impl Read for Lzma<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(reader) = self.reader.as_mut() else { return Ok(0) };
        let count = reader.read(buffer).map_err(|error| {
            // The match that failed may reach back farther than we hold.
            let cut =
                u64::from(self.dictionary) > self.dictionary_max && self.crc.amount() as u64 >= self.dictionary_max;
            if cut { Trouble::dictionary(u64::from(self.dictionary)) } else { error }
        })?;
        self.crc.update(buffer.get(..count).unwrap_or_default());
        if count == 0
            && let Some(reader) = self.reader.take()
        {
            let (_, ahead) = reader.into_parts();
            self.source.give_back(ahead.len());
            self.end()?;
        }
        Ok(count)
    }
}
