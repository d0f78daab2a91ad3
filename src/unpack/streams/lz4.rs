//! LZ4 frames, and the older frames of `lz4 -l`.
//!
//! Does not know dictionaries that lie elsewhere. Standards: LZ4 Frame Format Description 1.6 (its legacy frame, too).

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
/// Octets of a block of the older frames; compressed, with what storing costs.
const OLD_BLOCK_BYTES: usize = 8 << 20;
const OLD_BLOCK_BYTES_MAX: usize = OLD_BLOCK_BYTES + (64 << 10);
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
    if rest.starts_with(OLD_MARK) {
        return Ok(Box::new(OldFrames::new(source)));
    }
    let length = length(rest);
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

/// Older frames: blocks with their lengths, each of which gives at most 8 MiB. They have no end mark: another frame or the
/// end of the file ends one. Frames that follow each other share the space that blocks are decoded to.
struct OldFrames<'a> {
    source: Source<'a>,
    block: Vec<u8>,
    /// What was not given yet of the block.
    given: usize,
    filled: usize,
}

impl<'a> OldFrames<'a> {
    fn new(source: Source<'a>) -> Self {
        Self { source, block: Vec::new(), given: 0, filled: 0 }
    }

    /// Decodes the next block; false where none follows.
    fn fill(&mut self) -> io::Result<bool> {
        while self.source.rest().starts_with(OLD_MARK) {
            self.source.skip(OLD_MARK.len());
        }
        let rest = self.source.rest();
        let word = rest.first_chunk().map(|word| u32::from_le_bytes(*word) as usize);
        let Some(length) = word.filter(|length| *length <= OLD_BLOCK_BYTES_MAX && !begins(rest)) else {
            return Ok(false);
        };
        self.source.skip(4 + length);
        let packed = rest.get(4..4 + length).ok_or_else(|| broken("an lz4 block is cut"))?;
        // An octet gives at most 255.
        let room = (length * 255).min(OLD_BLOCK_BYTES);
        if self.block.len() < room {
            self.block.resize(room, 0);
        }
        let free = self.block.get_mut(..room).unwrap_or_default();
        self.filled = lz4_flex::block::decompress_into(packed, free).map_err(|_| broken("an lz4 block"))?;
        self.given = 0;
        Ok(true)
    }
}

impl Read for OldFrames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.filled {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let count = self.block.get(self.given..self.filled).unwrap_or_default().read(buffer)?;
        self.given += count;
        Ok(count)
    }
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
