//! Marks of files that people open: archives, programs, documents. For data that has no business to be one.
//!
//! Does not tell kinds apart: the table of formats does, once the data is a member. Pictures, fonts and sound are no
//! such files.

use crate::mail::looks_like_html;
use memchr::memmem;

/// Begins of at least four octets, so that noise hardly ever has one.
const MARKS: [&[u8]; 26] = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x7fELF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b\x08\0",
    b"\x1f\x8b\x08\x08",
    b"BZh91AY&SY",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"MSCF\0\0\0\0",
    b"ITSF\x03\0\0\0",
    b"\x4c\0\0\0\x01\x14\x02\0",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe\0\0\0",
    b"{\\rtf",
    b"%PDF-",
    b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d",
    b"vhdxfile",
    b"conectix",
    b"!<arch>\n",
    b"\xed\xab\xee\xdb",
    b"dex\n03",
    b"**ACE**",
];

/// True where the bytes begin as a file does that is opened or run.
pub(super) fn is_mark_of_file(bytes: &[u8]) -> bool {
    MARKS.iter().any(|mark| bytes.starts_with(mark)) || is_windows_program(bytes) || is_flash(bytes) || is_disc(bytes)
}

/// As [`is_mark_of_file`], web pages and scripts with a first line as well.
pub(super) fn looks_like_file(bytes: &[u8]) -> bool {
    is_mark_of_file(bytes) || looks_like_html(bytes) || bytes.starts_with(b"#!/")
}

fn is_windows_program(bytes: &[u8]) -> bool {
    let at = bytes.get(0x3c..0x40).and_then(|at| at.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    bytes.starts_with(b"MZ")
        && (bytes.get(at..).is_some_and(|header| header.starts_with(b"PE\0\0")) || {
            let begin = bytes.get(..bytes.len().min(512)).unwrap_or_default();
            memmem::find(begin, b"This program").is_some()
        })
}

fn is_flash(bytes: &[u8]) -> bool {
    matches!(bytes.get(..3), Some(b"FWS" | b"CWS" | b"ZWS")) && bytes.get(3).is_some_and(|version| *version < 64)
}

fn is_disc(bytes: &[u8]) -> bool {
    bytes.get(0x8001..).is_some_and(|rest| rest.starts_with(b"CD001"))
}
