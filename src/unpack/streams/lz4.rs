//! LZ4 frames, and the older frames of `lz4 -l`.
//!
//! Does not know dictionaries that lie elsewhere. Standards: LZ4 Frame Format Description 1.6.

use super::joined::{self, Source, Stream, broken};
use super::names::inner_name;
use super::skippable;
use crate::limits::LZ4_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use lz4_flex::frame::FrameDecoder;
use std::io::{self, Read};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "lz4", about: "lz4 files", recognise, nature: Nature::Stream(open) };

const LZ4: Stream = Stream { begins, joined_max: LZ4_JOINED_MAX, decoder };
const MARK: &[u8] = b"\x04\x22\x4d\x18";
const OLD_MARK: &[u8] = b"\x02\x21\x4c\x18";
/// Octets of a block of the older frames, compressed: 8 MiB and what storing costs.
const OLD_BLOCK_BYTES_MAX: usize = (8 << 20) + (64 << 10);
/// In the length of a block: it is stored.
const STORED: u32 = 1 << 31;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    is_frame(skippable::behind(contents.bytes)).then_some("application/x-lz4")
}

fn is_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK) || bytes.starts_with(OLD_MARK)
}

fn begins(bytes: &[u8]) -> bool {
    is_frame(bytes) || skippable::length(bytes).is_some()
}

/// The crate takes the end of the file for the end of a frame, so the frame is measured first.
fn decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    let rest = source.rest();
    if let Some(length) = skippable::length(rest) {
        source.skip(length);
        return Ok(Box::new(io::empty()));
    }
    let length = if rest.starts_with(OLD_MARK) { Some(old_length(rest)) } else { length(rest) };
    let frame = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
    source.skip(frame.len());
    let decoder = FrameDecoder::new(frame);
    Ok(if length.is_some() { Box::new(decoder) } else { Box::new(decoder.chain(Cut)) })
}

/// Octets of a whole frame.
fn length(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(4)?;
    let has = |bit: u8| flags & bit != 0;
    let header = 7 + if has(8) { 8 } else { 0 } + if has(1) { 4 } else { 0 };
    let (block_sum, content_sum) = (if has(16) { 4 } else { 0 }, if has(4) { 4 } else { 0 });
    let mut at: usize = header;
    loop {
        let word = u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
        at += 4;
        if word == 0 {
            return at.checked_add(content_sum).filter(|end| *end <= bytes.len());
        }
        at = at.checked_add((word & !STORED) as usize)?.checked_add(block_sum)?;
    }
}

/// Octets of an older frame, which has no end mark: another frame or the end of the file ends it.
fn old_length(bytes: &[u8]) -> usize {
    let mut at = OLD_MARK.len();
    while let Some(word) = bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes) {
        let next = bytes.get(at..).unwrap_or_default();
        if begins(next) || word as usize > OLD_BLOCK_BYTES_MAX {
            break;
        }
        at += 4 + word as usize;
    }
    at.min(bytes.len())
}

/// Fails where the end of a frame is missing.
struct Cut;

impl Read for Cut {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(broken("an lz4 frame is cut"))
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &LZ4, opening);
}
