//! DOS programs without any header: only the name `.com` tells them from other bytes.
//!
//! Does not run them. Source: the DOS loader takes up to 65,280 octets as they are.

use super::pe::DOS_EXECUTABLE;
use crate::unpack::plain::is_text;
use crate::unpack::{Contents, Format, Nature, Role};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "com",
    about: "DOS programs without a header, by the name .com and what looks like code",
    recognise,
    nature: Nature::Program,
};

const BYTES_MAX: usize = 65_280;
/// What such programs begin with: jumps, calls, loads of a register, pushes, clearing a register.
const FIRST_OCTETS: [u8; 21] = [
    0xe9, 0xeb, 0xe8, 0xb4, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbe, 0xbf, 0xfc, 0xfa, 0x31, 0x33, 0x8c, 0x50, 0x06, 0x1e,
    0xcd, 0x90,
];

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let name = contents.name.unwrap_or_default().trim_end_matches(['.', ' ']).to_ascii_lowercase();
    let looks_like_code = bytes.first().is_some_and(|first| FIRST_OCTETS.contains(first)) && !is_text(bytes);
    let is_program = contents.role == Role::File && name.ends_with(".com") && bytes.len() <= BYTES_MAX;
    (is_program && looks_like_code && infer::get(bytes).is_none()).then_some(DOS_EXECUTABLE)
}
