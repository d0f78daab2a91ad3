//! Windows shortcuts, which start any program with any arguments.
//!
//! Does not read the target. Source: MS-SHLLINK §2.1.

use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "lnk", about: "Windows shortcuts", recognise, nature: Nature::Program };

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let mark = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    contents.bytes.starts_with(mark).then_some("application/x-ms-shortcut")
}
