//! macOS programs: Mach-O and fat files.
//!
//! Does not look into the slices of a fat file. Source: mach-o/loader.h, mach-o/fat.h.

use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "macho", about: "macOS and iOS programs and libraries", recognise, nature: Nature::Program };

/// Java class files have the mark of fat files; their version, 45 or more, stands where the number of slices would.
pub(in crate::unpack) const CLASS_VERSION_MIN: u32 = 45;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let word = |at: usize| contents.bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let is_macho = match word(0)? {
        0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe => true,
        0xcafe_babe | 0xcafe_babf => word(4).is_some_and(|slices| (1..CLASS_VERSION_MIN).contains(&slices)),
        _ => false,
    };
    is_macho.then_some("application/x-mach-binary")
}
