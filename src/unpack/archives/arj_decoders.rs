//! The methods of ARJ: 1 to 3 are those of LHA with a smaller window, 4 has no tables. And that of zoo.
//!
//! Does not know headers. Source: the technote of ARJ; methods 1 to 3 are read by `delharc`.

use delharc::decode::{Decoder, Lh5Decoder, Lh7Decoder};
use std::io::{Error, ErrorKind, Read};

/// Methods 1 to 3. Matches reach 26,624 octets back: the decoder of `-lh7-` reads the same codes with a larger window.
pub(super) type Huffman<'a> = Bounded<Lh7Decoder<&'a [u8]>>;
/// What zoo uses.
pub(super) type Huffman5<'a> = Bounded<Lh5Decoder<&'a [u8]>>;

/// A decoder that does not know itself where its data ends.
pub(super) struct Bounded<D> {
    inner: D,
    left: u64,
}

impl<'a> Huffman<'a> {
    pub(super) fn new(data: &'a [u8], size: u64) -> Self {
        Self { inner: Lh7Decoder::new(data), left: size }
    }
}

impl<'a> Huffman5<'a> {
    pub(super) fn new(data: &'a [u8], size: u64) -> Self {
        Self { inner: Lh5Decoder::new(data), left: size }
    }
}

impl<'a, D: Decoder<&'a [u8]>> Read for Bounded<D> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let part = buffer.get_mut(..count).unwrap_or_default();
        self.inner.fill_buffer(part).map_err(|_| Error::from(ErrorKind::InvalidData))?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A power of two that is more than the longest way back of method 4.
const WINDOW_BYTES: usize = 32 << 10;
const SHORTEST_MATCH: u32 = 3;

/// Method 4: lengths and distances in codes that need no table.
pub(super) struct Fastest<'a> {
    data: &'a [u8],
    /// Bits of `data` that were used.
    bits: usize,
    window: Vec<u8>,
    at: usize,
    /// A match that is being copied: octets left, and how far back.
    copy: (u32, usize),
    left: u64,
}

impl<'a> Fastest<'a> {
    pub(super) fn new(data: &'a [u8], size: u64) -> Self {
        Self { data, bits: 0, window: vec![0; WINDOW_BYTES], at: 0, copy: (0, 0), left: size }
    }

    fn bit(&mut self) -> std::io::Result<u32> {
        let byte = self.data.get(self.bits / 8).ok_or(ErrorKind::UnexpectedEof)?;
        let bit = byte >> (7 - self.bits % 8) & 1;
        self.bits += 1;
        Ok(bit.into())
    }

    fn number(&mut self, width: u32) -> std::io::Result<u32> {
        (0..width).try_fold(0, |value, _| Ok(value << 1 | self.bit()?))
    }

    /// A number whose width is told by ones before it, from `narrow` to `wide`.
    fn code(&mut self, narrow: u32, wide: u32) -> std::io::Result<u32> {
        let (mut width, mut base) = (narrow, 0);
        while width < wide && self.bit()? == 1 {
            base += 1 << width;
            width += 1;
        }
        Ok(base + self.number(width)?)
    }

    fn octet(&mut self) -> std::io::Result<u8> {
        if self.copy.0 == 0 {
            let length = self.code(0, 7)?;
            if length == 0 {
                return Ok(self.number(8)? as u8);
            }
            let back = self.code(9, 13)?;
            self.copy = (length - 1 + SHORTEST_MATCH, back as usize + 1);
        }
        self.copy.0 -= 1;
        let from = (self.at + WINDOW_BYTES - self.copy.1) % WINDOW_BYTES;
        Ok(self.window.get(from).copied().unwrap_or_default())
    }
}

impl Read for Fastest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        for place in buffer.iter_mut().take(count) {
            let octet = self.octet()?;
            *place = octet;
            if let Some(slot) = self.window.get_mut(self.at) {
                *slot = octet;
            }
            self.at = (self.at + 1) % WINDOW_BYTES;
        }
        self.left -= count as u64;
        Ok(count)
    }
}
