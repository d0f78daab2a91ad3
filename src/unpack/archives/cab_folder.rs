//! The unpacked data of one folder of a cabinet.
//!
//! Does not know members. Standards: [MS-CAB] 2.4, [MS-MCI] (MSZIP), [MS-PATCH] (LZX).

use crate::unpack::fields::u16_le;
use flate2::{Decompress, FlushDecompress};
use lzxd::{Lzxd, WindowSize};
use std::io::{Error, ErrorKind, Read};

const BLOCK_HEADER_BYTES: usize = 8;
/// Octets that a block unpacks to, and that MSZIP looks back.
const BLOCK_BYTES_MAX: usize = 32 << 10;

/// How a folder is packed.
#[derive(Clone, Copy)]
pub(super) enum Method {
    Stored,
    MsZip,
    Lzx(WindowSize),
    /// With its name.
    Unread(&'static str),
}

impl Method {
    pub(super) fn of(code: u16) -> Self {
        match (code & 0x0f, code >> 8 & 0x1f) {
            (0, _) => Self::Stored,
            (1, _) => Self::MsZip,
            (2, _) => Self::Unread("a Quantum cabinet"),
            (3, 15) => Self::Lzx(WindowSize::KB32),
            (3, 16) => Self::Lzx(WindowSize::KB64),
            (3, 17) => Self::Lzx(WindowSize::KB128),
            (3, 18) => Self::Lzx(WindowSize::KB256),
            (3, 19) => Self::Lzx(WindowSize::KB512),
            (3, 20) => Self::Lzx(WindowSize::MB1),
            (3, 21) => Self::Lzx(WindowSize::MB2),
            _ => Self::Unread("a cabinet's method"),
        }
    }
}

/// Where the data of a folder stands.
pub(super) struct Folder<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: usize,
    pub(super) blocks: u16,
    pub(super) method: Method,
    /// Octets between the header of a block and its data.
    pub(super) reserve: usize,
}

impl<'a> Folder<'a> {
    /// A reader of the whole folder.
    pub(super) fn reader(&self) -> FolderReader<'a> {
        let decoder = match self.method {
            Method::MsZip => Decoder::MsZip(Decompress::new(false)),
            Method::Lzx(window) => Decoder::Lzx(Box::new(Lzxd::new(window))),
            Method::Stored | Method::Unread(_) => Decoder::Stored,
        };
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        FolderReader { rest, blocks: self.blocks, reserve: self.reserve, decoder, block: Vec::new(), read: 0 }
    }
}

enum Decoder {
    Stored,
    MsZip(Decompress),
    Lzx(Box<Lzxd>),
}

/// Unpacks block by block.
pub(super) struct FolderReader<'a> {
    rest: &'a [u8],
    blocks: u16,
    reserve: usize,
    decoder: Decoder,
    /// The last block, unpacked, and how much of it was read.
    block: Vec<u8>,
    read: usize,
}

impl FolderReader<'_> {
    fn next_block(&mut self) -> std::io::Result<()> {
        let broken = || Error::from(ErrorKind::InvalidData);
        let packed = usize::from(u16_le(self.rest, 4).ok_or_else(broken)?);
        let size = usize::from(u16_le(self.rest, 6).ok_or_else(broken)?);
        let start = BLOCK_HEADER_BYTES + self.reserve;
        let data = self.rest.get(start..start + packed).ok_or_else(broken)?;
        // An unpacked size of zero: the block goes on in the next cabinet.
        if size == 0 || size > BLOCK_BYTES_MAX {
            return Err(broken());
        }
        self.rest = self.rest.get(start + packed..).unwrap_or_default();
        self.blocks -= 1;
        self.read = 0;
        match &mut self.decoder {
            Decoder::Stored => self.block = data.to_vec(),
            Decoder::MsZip(decoder) => {
                decoder.reset(false);
                if !self.block.is_empty() {
                    decoder.set_dictionary(&self.block)?;
                }
                let mut block = Vec::with_capacity(size);
                let data = data.strip_prefix(b"CK").ok_or_else(broken)?;
                decoder.decompress_vec(data, &mut block, FlushDecompress::Finish)?;
                self.block = block;
            }
            Decoder::Lzx(decoder) => {
                self.block = decoder.decompress_next(data, size).map_err(|_| broken())?.to_vec();
            }
        }
        if self.block.len() == size { Ok(()) } else { Err(broken()) }
    }
}

impl Read for FolderReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.block.len() {
            if self.blocks == 0 {
                return Ok(0);
            }
            if let Err(error) = self.next_block() {
                // Nothing can follow.
                self.blocks = 0;
                return Err(error);
            }
        }
        let mut rest = self.block.get(self.read..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}
