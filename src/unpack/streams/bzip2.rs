//! Bzip2: one compressed file, or several joined to one.
//!
//! Does not search for blocks behind damage. Standards: none; the format is that of bzip2 1.0.

use super::joined::{self, Source, Stream};
use super::names::inner_name;
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use ::bzip2::bufread::BzDecoder;
use std::io::{self, Read};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "bzip2", about: "bzip2 files", recognise, nature: Nature::Stream(open) };

const BZIP2: Stream = Stream { begins, joined_max: STREAM_JOINED_MAX, decoder };

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    begins(contents.bytes).then_some("application/x-bzip2")
}

/// The level is a digit; a block begins with the digits of pi, the end with those of its root.
fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, 0x41 | 0x72, ..])
}

fn decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    Ok(Box::new(BzDecoder::new(source)))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &BZIP2, opening);
}
