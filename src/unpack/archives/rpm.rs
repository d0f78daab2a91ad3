//! RPM packages: the compressed payload, and the scripts of the header.
//!
//! Does not check signatures. A package runs its scripts as root when it is installed, so it is a program too. Standards:
//! the RPM package format, version 4 (rpm.org).

use crate::unpack::fields::{slice, u32_be};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "rpm",
    about: "RPM packages",
    recognise: |contents| contents.bytes.starts_with(LEAD_MARK).then_some("application/x-rpm"),
    nature: Nature::ProgramContainer(open),
};

const LEAD_MARK: &[u8] = b"\xed\xab\xee\xdb";
const LEAD_BYTES: usize = 96;
const HEADER_MARK: &[u8] = b"\x8e\xad\xe8\x01";
/// Mark, four octets that are reserved, the number of entries, the octets of their data.
const INTRO_BYTES: usize = 16;
const ENTRY_BYTES: usize = 16;
/// Scripts of the header, by their tags.
const SCRIPTS: [(u32, &str); 6] = [
    (1023, "pre-install"),
    (1024, "post-install"),
    (1025, "pre-uninstall"),
    (1026, "post-uninstall"),
    (1151, "pre-transaction"),
    (1152, "post-transaction"),
];

struct Header<'a> {
    entries: &'a [u8],
    data: &'a [u8],
    end: usize,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let intro = slice(bytes, at, INTRO_BYTES)?;
        if !intro.starts_with(HEADER_MARK) {
            return None;
        }
        let entries_bytes = (u32_be(intro, 8)? as usize).checked_mul(ENTRY_BYTES)?;
        let entries = slice(bytes, at + INTRO_BYTES, entries_bytes)?;
        let data_at = at + INTRO_BYTES + entries_bytes;
        let data = slice(bytes, data_at, u32_be(intro, 12)? as usize)?;
        Some(Self { entries, data, end: data_at + data.len() })
    }

    /// The string of a tag.
    fn string(&self, wanted: u32) -> Option<&'a [u8]> {
        let entry = self.entries.chunks_exact(ENTRY_BYTES).find(|entry| u32_be(entry, 0) == Some(wanted))?;
        let rest = self.data.get(u32_be(entry, 8)? as usize..)?;
        rest.get(..memchr::memchr(0, rest).unwrap_or(rest.len()))
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    // Nothing follows that a spent budget could skip.
    let _ = members(contents.bytes, opening);
}

fn members(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let headers = Header::read(bytes, LEAD_BYTES)
        .and_then(|signatures| Header::read(bytes, LEAD_BYTES + (signatures.end - LEAD_BYTES).next_multiple_of(8)));
    let Some(header) = headers else {
        opening.note(NoteKind::Damaged, "an RPM header is broken");
        return opening.take("no header", bytes.get(LEAD_BYTES..).unwrap_or_default());
    };
    for (tag, name) in SCRIPTS {
        if let Some(script) = header.string(tag).filter(|script| !script.is_empty()) {
            opening.take(name, script)?;
        }
    }
    opening.take("payload", bytes.get(header.end..).unwrap_or_default())
}
