//! Brotli, which has no mark: known by a name that ends in `.br`, and by a begin that can be decoded.
//!
//! Does not read the extension with windows of more than 16 MiB, which is noted. Standards: RFC 7932.

use super::joined::{self, Source, Stream, Trouble, broken};
use super::names::{ends_with, inner_name};
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use brotli_decompressor::{BrotliDecoderParameter, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use std::io::{self, Read};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "brotli", about: "brotli files", recognise, nature: Nature::Stream(open) };

const BROTLI: Stream = Stream { begins: |_| false, joined_max: STREAM_JOINED_MAX, decoder };
/// The first octet of a stream of the extension; RFC 7932 §9.1 keeps it free.
const LARGE: u8 = 0x11;
/// Octets that must come without an error.
const TRIAL_BYTES: u64 = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let begins = || contents.bytes.first() == Some(&LARGE) || joined::can_begin(contents.bytes, &BROTLI, TRIAL_BYTES);
    (ends_with(contents.name, &["br"]) && begins()).then_some("application/x-brotli")
}

fn decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    if source.rest().first() == Some(&LARGE) {
        return Err(Trouble::unread("a brotli stream with a large window"));
    }
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new(alloc(), alloc(), alloc());
    // The extension would let a header of two octets ask for a gigabyte.
    state.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
    Ok(Box::new(Decoder { source, state: Box::new(state), ended: false }))
}

/// The crate's own reader reads ahead, so that nobody would know what follows.
struct Decoder<'a> {
    source: Source<'a>,
    state: Box<State>,
    ended: bool,
}

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.source.rest();
        let (mut input_left, mut input_at) = (rest.len(), 0);
        let (mut output_left, mut output_at, mut total) = (buffer.len(), 0, 0);
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let result = BrotliDecompressStream(
            &mut input_left,
            &mut input_at,
            rest,
            &mut output_left,
            &mut output_at,
            buffer,
            &mut total,
            &mut self.state,
        );
        self.source.skip(input_at);
        match result {
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput if output_at > 0 => {}
            BrotliResult::NeedsMoreInput => return Err(io::ErrorKind::UnexpectedEof.into()),
            BrotliResult::ResultFailure => return Err(broken("no brotli stream")),
        }
        Ok(output_at)
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    joined::open(contents, &inner_name(contents.name), &BROTLI, opening);
}
