//! Windows and DOS programs: exe, dll, scr, com with a header.
//!
//! Does not look at sections or at what is appended. Source: the PE/COFF specification, the MZ header.

use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "pe",
    about: "Windows and DOS programs and libraries, .NET too",
    recognise,
    nature: Nature::Program,
};

const PORTABLE_EXECUTABLE: &str = "application/vnd.microsoft.portable-executable";
const DOS_EXECUTABLE: &str = "application/x-dosexec";

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if !bytes.starts_with(b"MZ") && !bytes.starts_with(b"ZM") {
        return None;
    }
    let offset = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let new_header = offset(0x3c).and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
    if new_header.starts_with(b"PE\0\0") {
        return Some(PORTABLE_EXECUTABLE);
    }
    let older = [b"NE", b"LE", b"LX"].iter().any(|mark| new_header.starts_with(*mark));
    // A text may begin with MZ as well; a header has zeros.
    let has_header = bytes.len() >= 28 && bytes.iter().take(64).any(|byte| *byte == 0);
    (older || has_header).then_some(DOS_EXECUTABLE)
}
