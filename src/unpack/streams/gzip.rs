//! Gzip: one compressed file, or several joined to one; zlib streams without a file's header.
//!
//! Does not check names. Standards: RFC 1952, RFC 1950.

use super::joined::{self, Source, Stream};
use super::names::inner_name;
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use flate2::bufread::{GzDecoder, ZlibDecoder};
use std::io::{self, Read};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "gzip", about: "gzip files", recognise, nature: Nature::Stream(open) };
pub(in crate::unpack) const ZLIB: Format =
    Format { name: "zlib", about: "zlib streams", recognise: recognise_zlib, nature: Nature::Stream(open_zlib) };

const GZIP: Stream = Stream { begins, joined_max: STREAM_JOINED_MAX, decoder };
const ZLIB_STREAM: Stream = Stream { begins: |_| false, joined_max: STREAM_JOINED_MAX, decoder: zlib_decoder };
/// Octets that a zlib stream must give without an error: its mark is two octets long.
const TRIAL_BYTES: u64 = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    begins(contents.bytes).then_some("application/gzip")
}

fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b\x08")
}

fn decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    Ok(Box::new(GzDecoder::new(source)))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let own = GzDecoder::new(contents.bytes).header().and_then(|header| header.filename()).map(<[u8]>::to_vec);
    let name = match own.filter(|own| !own.is_empty()) {
        Some(own) => String::from_utf8_lossy(&own).into_owned(),
        None => inner_name(contents.name),
    };
    joined::open(contents, &name, &GZIP, opening);
}

/// RFC 1950 §2.2: deflate with a window of 32 KiB, a header that 31 divides, no preset dictionary.
fn recognise_zlib(contents: &Contents<'_>) -> Option<&'static str> {
    let marked = matches!(contents.bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    (marked && joined::can_begin(contents.bytes, &ZLIB_STREAM, TRIAL_BYTES)).then_some("application/zlib")
}

fn zlib_decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    Ok(Box::new(ZlibDecoder::new(source)))
}

fn open_zlib(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &ZLIB_STREAM, opening);
}
