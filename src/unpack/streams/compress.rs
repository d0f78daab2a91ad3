//! Files of Unix `compress` (`.Z`): LZW with codes of 9 to 16 bits.
//!
//! Does not read `pack`. No crate reads it: the code size changes at groups of eight codes. Standards: POSIX compress
//! (LZW); the layout is that of compress 4.0.

use super::joined::{self, Source, Stream, broken};
use super::names::inner_name;
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use std::io::{self, Read};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "compress", about: "files of Unix compress (.Z)", recognise, nature: Nature::Stream(open) };

const COMPRESS: Stream = Stream { begins: |_| false, joined_max: STREAM_JOINED_MAX, decoder };
const HEADER_BYTES: usize = 3;
const CODE_BITS_MIN: u32 = 9;
const CODE_BITS_MAX: u32 = 16;
/// In block mode this code empties the table.
const CLEAR: usize = 256;
const BLOCK_MODE: u8 = 0x80;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let known =
        matches!(contents.bytes, [0x1f, 0x9d, flags, ..] if flags & 0x60 == 0 && (9..=16).contains(&(flags & 0x1f)));
    known.then_some("application/x-compress")
}

fn decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    let flags = *source.rest().get(HEADER_BYTES - 1).ok_or_else(|| broken("a header is cut"))?;
    source.skip(HEADER_BYTES);
    Ok(Box::new(Lzw {
        bits_max: u32::from(flags & 0x1f).clamp(CODE_BITS_MIN, CODE_BITS_MAX),
        block_mode: flags & BLOCK_MODE != 0,
        source,
        bits: CODE_BITS_MIN,
        bit: 0,
        codes_of_size: 0,
        // Each code above 255 is a shorter code and one octet.
        table: Vec::new(),
        previous: None,
        first: 0,
        pending: Vec::new(),
        failed: false,
    }))
}

struct Lzw<'a> {
    source: Source<'a>,
    bits_max: u32,
    block_mode: bool,
    /// Bits of the next code.
    bits: u32,
    /// Bits of the first octet of the source that were read.
    bit: u32,
    /// Codes that were read since the size of codes changed.
    codes_of_size: u32,
    /// From code 256: the code before, and the octet that it adds.
    table: Vec<(u16, u8)>,
    previous: Option<u16>,
    /// The first octet of the previous code's string.
    first: u8,
    /// Octets to give, the last first.
    pending: Vec<u8>,
    failed: bool,
}

impl Lzw<'_> {
    fn code(&mut self) -> Option<u16> {
        let rest = self.source.rest();
        let octet = |at: usize| rest.get(at).copied().map(u32::from);
        let need = self.bit + self.bits;
        let last = (need.div_ceil(8) as usize).checked_sub(1)?;
        octet(last)?;
        let word = octet(0)? | octet(1).unwrap_or(0) << 8 | octet(2).unwrap_or(0) << 16;
        let code = (word >> self.bit) & ((1 << self.bits) - 1);
        self.source.skip((need / 8) as usize);
        self.bit = need % 8;
        self.codes_of_size += 1;
        u16::try_from(code).ok()
    }

    /// Codes are written in groups of eight: where their size changes, the rest of the group is filler.
    fn resize(&mut self, bits: u32) {
        let filler = (8 - self.codes_of_size % 8) % 8 * self.bits + self.bit;
        self.source.skip((filler / 8) as usize);
        (self.bits, self.bit, self.codes_of_size) = (bits, 0, 0);
    }

    /// There is no end mark: less than a code is left, and all of it is filler.
    fn end(&self) -> io::Result<bool> {
        let rest = self.source.rest();
        let begun = rest.first().is_some_and(|octet| u32::from(*octet) >> self.bit != 0);
        let is_cut = rest.iter().skip(1).any(|octet| *octet != 0) || begun;
        self.source.skip(rest.len());
        if is_cut { Err(broken("a code is cut")) } else { Ok(false) }
    }

    /// Decodes one code to `pending`; false at the end.
    fn step(&mut self) -> io::Result<bool> {
        if self.failed {
            return Err(broken("behind damage"));
        }
        let result = self.decode();
        self.failed = result.is_err();
        result
    }

    fn decode(&mut self) -> io::Result<bool> {
        let first_free = if self.block_mode { CLEAR + 1 } else { CLEAR };
        let next = first_free + self.table.len();
        if next >= 1 << self.bits && self.bits < self.bits_max {
            self.resize(self.bits + 1);
        }
        let Some(code) = self.code() else { return self.end() };
        if self.block_mode && usize::from(code) == CLEAR {
            self.table.clear();
            self.previous = None;
            self.resize(CODE_BITS_MIN);
            return Ok(true);
        }
        let mut at = code;
        match self.previous {
            // The code that is about to be made: the previous string and its own first octet.
            Some(previous) if usize::from(code) == next && next < 1 << self.bits_max => {
                self.pending.push(self.first);
                at = previous;
            }
            None if code > 255 => return Err(broken("a code before its string")),
            _ if usize::from(code) >= next.max(CLEAR) => return Err(broken("a code that is not there")),
            Some(_) | None => {}
        }
        // Each string is longer than the one it is made of, so this ends.
        let (table, pending) = (self.table.as_slice(), &mut self.pending);
        while usize::from(at) >= first_free {
            let Some((before, octet)) = table.get(usize::from(at) - first_free) else { break };
            pending.push(*octet);
            at = *before;
        }
        self.first = u8::try_from(at).map_err(|_| broken("a code that is not there"))?;
        self.pending.push(self.first);
        if let Some(previous) = self.previous.filter(|_| next < 1 << self.bits_max) {
            self.table.push((previous, self.first));
        }
        self.previous = Some(code);
        Ok(true)
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            if self.pending.is_empty() {
                match self.step() {
                    Ok(true) => continue,
                    Ok(false) => return Ok(count),
                    // What came before the damage stays; the next call fails again.
                    Err(_) if count > 0 => return Ok(count),
                    Err(error) => return Err(error),
                }
            }
            let free = buffer.get_mut(count..).unwrap_or_default();
            let octets = self.pending.drain(self.pending.len().saturating_sub(free.len())..).rev();
            count += free.iter_mut().zip(octets).map(|(place, octet)| *place = octet).count();
        }
        Ok(count)
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &COMPRESS, opening);
}
