//! Members that lie in pieces of their container: extents, chains of clusters, sparse files.
//!
//! Does not hold contents: pieces are read where they lie. What lies outside of the container ends a member as broken.

use std::io::{self, Read};

/// One piece of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many octets from this place of the container.
    Data { start: u64, length: u64 },
    /// So many zeros, which are not stored.
    Hole(u64),
}

/// Reads pieces one behind the other.
pub(super) struct Pieces<'a, I> {
    bytes: &'a [u8],
    pieces: I,
    data: &'a [u8],
    hole: u64,
    /// A piece reached out of the container.
    cut: bool,
}

/// The octets of one piece that is stored as a whole.
pub(super) fn stored(bytes: &[u8], start: usize, length: u64) -> Pieces<'_, std::iter::Once<Piece>> {
    Pieces::new(bytes, std::iter::once(Piece::Data { start: start as u64, length }))
}

impl<'a, I: Iterator<Item = Piece>> Pieces<'a, I> {
    pub(super) fn new(bytes: &'a [u8], pieces: I) -> Self {
        Self { bytes, pieces, data: &[], hole: 0, cut: false }
    }

    /// Makes the next piece the current one; false where none is left.
    fn next(&mut self) -> bool {
        match self.pieces.next() {
            None => return false,
            Some(Piece::Hole(length)) => self.hole = length,
            Some(Piece::Data { start, length }) => {
                let rest = usize::try_from(start).ok().and_then(|start| self.bytes.get(start..)).unwrap_or_default();
                let whole = usize::try_from(length).ok().and_then(|length| rest.get(..length));
                self.cut = whole.is_none();
                self.data = whole.unwrap_or(rest);
            }
        }
        true
    }
}

impl<I: Iterator<Item = Piece>> Read for Pieces<'_, I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.data.is_empty() {
                return self.data.read(buffer);
            }
            if self.cut {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "outside of the container"));
            }
            if self.hole > 0 {
                let count = io::repeat(0).take(self.hole).read(buffer)?;
                self.hole -= count as u64;
                return Ok(count);
            }
            if buffer.is_empty() || !self.next() {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_in_their_order_and_end_where_the_container_ends() {
        let pieces = [Piece::Data { start: 4, length: 2 }, Piece::Hole(3), Piece::Data { start: 0, length: 1 }];
        let mut read = Vec::new();
        Pieces::new(b"abcdef", pieces.into_iter()).read_to_end(&mut read).unwrap();
        assert_eq!(read, b"ef\0\0\0a");
        let mut read = Vec::new();
        assert!(stored(b"abcdef", 4, u64::MAX).read_to_end(&mut read).is_err());
        assert_eq!(read, b"ef");
    }
}
