//! Linux and Unix programs and libraries.
//!
//! Does not tell them apart. Source: the ELF specification.

use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "elf", about: "Linux and Unix programs and libraries", recognise, nature: Nature::Program };

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(b"\x7fELF").then_some("application/x-elf")
}
