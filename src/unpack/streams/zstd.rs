//! Zstandard: one compressed file, or several frames joined to one.
//!
//! Does not know dictionaries that lie elsewhere, nor the formats before version 0.8: those are noted. Standards: RFC 8878.

use super::joined::{self, Source, Stream, Trouble, broken};
use super::names::inner_name;
use super::skippable;
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use std::io::{self, Cursor, Read};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "zstd", about: "zstd files", recognise, nature: Nature::Stream(open) };

const ZSTD: Stream = Stream { begins, joined_max: STREAM_JOINED_MAX, decoder };
/// RFC 8878 §3.1.1.2.
const BLOCK_HEADER_BYTES: usize = 3;
const RUN: u32 = 1;
/// A stored block of no octets that says it is the last, and room for a checksum.
const LAST_BLOCK: &[u8] = b"\x01\0\0\0\0\0\0";

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    is_frame(skippable::behind(contents.bytes)).then_some("application/zstd")
}

/// RFC 8878 §3.1.1; the first octet was smaller before version 0.8.
fn is_frame(bytes: &[u8]) -> bool {
    matches!(bytes, [0x22..=0x28, 0xb5, 0x2f, 0xfd, ..])
}

fn begins(bytes: &[u8]) -> bool {
    is_frame(bytes) || skippable::length(bytes).is_some()
}

fn decoder(source: Source<'_>, window_max: u64) -> io::Result<Box<dyn Read + '_>> {
    if let Some(length) = skippable::length(source.rest()) {
        source.skip(length);
        return Ok(Box::new(io::empty()));
    }
    if source.rest().first() != Some(&0x28) {
        return Err(Trouble::unread("a zstd format before version 0.8"));
    }
    let bytes = source.rest();
    let frame = start(source.clone(), window_max)?;
    let header_bytes = bytes.len() - source.rest().len();
    let frame = Frame { decoder: Box::new(frame), bytes, header_bytes, window_max, given: 0 };
    Ok(Box::new(Rescued { frame, failed: None }))
}

fn start<R: Read>(source: R, window_max: u64) -> io::Result<StreamingDecoder<R, FrameDecoder>> {
    StreamingDecoder::new_with_max_window_size(source, window_max).map_err(|error| {
        if let FrameDecoderError::WindowSizeTooBig { requested, .. } = error {
            return Trouble::dictionary(requested);
        }
        if matches!(error, FrameDecoderError::DictNotProvided { .. }) {
            return Trouble::unread("a zstd dictionary that lies elsewhere");
        }
        broken(&error.to_string())
    })
}

/// One frame; its checksum is compared at its end.
struct Frame<'a> {
    decoder: Box<StreamingDecoder<Source<'a>, FrameDecoder>>,
    /// From the begin of the frame.
    bytes: &'a [u8],
    header_bytes: usize,
    window_max: u64,
    given: u64,
}

impl Frame<'_> {
    /// What a broken frame still holds: the decoder keeps a whole window back, so its whole blocks are decoded once
    /// more, with an end mark of our own.
    fn rescue(&self) -> Option<Vec<u8>> {
        let mut end = self.header_bytes;
        for _ in 0..self.decoder.decoder.blocks_decoded() {
            let word = self.bytes.get(end..end.checked_add(BLOCK_HEADER_BYTES)?)?;
            let word = word.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
            // RFC 8878 §3.1.1.2: a run has one octet of contents.
            let size = if word >> 1 & 3 == RUN { 1 } else { word >> 3 };
            end = end.checked_add(BLOCK_HEADER_BYTES)?.checked_add(size as usize)?;
        }
        let whole = self.bytes.get(..end)?.chain(LAST_BLOCK);
        let mut decoder = start(whole, self.window_max).ok()?;
        io::copy(&mut decoder.by_ref().take(self.given), &mut io::sink()).ok()?;
        let mut rest = Vec::new();
        // No more than a window was kept back, and a block.
        decoder.take(self.window_max).read_to_end(&mut rest).ok()?;
        Some(rest)
    }
}

/// A frame, what could be rescued of it when it failed, and why it failed.
struct Rescued<'a> {
    frame: Frame<'a>,
    failed: Option<(Cursor<Vec<u8>>, io::Error)>,
}

impl Read for Rescued<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed.is_none() {
            match self.frame.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) => self.failed = Some((Cursor::new(self.frame.rescue().unwrap_or_default()), error)),
            }
        }
        let Some((rest, error)) = self.failed.as_mut() else { return Ok(0) };
        match rest.read(buffer)? {
            0 => Err(broken(&error.to_string())),
            count => Ok(count),
        }
    }
}

impl Read for Frame<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        self.given += count as u64;
        if count == 0 && !buffer.is_empty() {
            let said = self.decoder.decoder.get_checksum_from_data();
            if said.is_some() && said != self.decoder.decoder.get_calculated_checksum() {
                return Err(broken("a zstd checksum is wrong"));
            }
        }
        Ok(count)
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &ZSTD, opening);
}
