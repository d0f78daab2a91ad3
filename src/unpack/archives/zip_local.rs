//! Zip members by their local headers: those that the central directory hides, or that have none.
//!
//! Does not read the central directory. Standards: APPNOTE.TXT 6.3.10 §4.3.7.

use crate::unpack::{NoteKind, Opening};
use flate2::read::DeflateDecoder;
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const MARK: &[u8] = b"PK\x03\x04";
const HEADER_BYTES: usize = 30;
const FLAG_ENCRYPTED: u16 = 1;
/// The sizes stand behind the data.
const FLAG_SIZES_BEHIND: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Methods that APPNOTE §4.4.5 names, so that chance bytes are no header.
const METHODS: [u16; 14] = [0, 1, 6, 8, 9, 12, 14, 18, 19, 20, 93, 95, 98, 99];

/// Octets `start..end` of the archive: a local header and its data.
#[derive(Clone, Copy, Debug)]
pub(in crate::unpack) struct Span {
    pub(in crate::unpack) start: u64,
    pub(in crate::unpack) end: u64,
}

struct Local<'a> {
    flags: u16,
    method: u16,
    compressed_size: usize,
    size: u64,
    name: &'a [u8],
    /// From the first octet of the data to the end of the archive.
    data: &'a [u8],
    data_start: usize,
}

impl<'a> Local<'a> {
    fn read(bytes: &'a [u8], start: usize) -> Option<Self> {
        let header = bytes.get(start..start + HEADER_BYTES)?.strip_prefix(MARK)?;
        let short = |at: usize| header.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
        let long = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let name_start = start + HEADER_BYTES;
        let name_end = name_start + usize::from(short(22)?);
        let data_start = name_end + usize::from(short(24)?);
        Some(Self {
            flags: short(2)?,
            method: short(4)?,
            compressed_size: long(14)? as usize,
            size: u64::from(long(18)?),
            name: bytes.get(name_start..name_end)?,
            data: bytes.get(data_start..)?,
            data_start,
        })
        .filter(|local| METHODS.contains(&local.method) && !local.name.is_empty())
    }

    fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}

/// True where the local header at `start` tells the same name and size as the directory. Sizes behind the data and
/// those of zip64 are not compared.
pub(in crate::unpack) fn agrees(bytes: &[u8], start: u64, name: &[u8], compressed_size: u64) -> bool {
    usize::try_from(start).ok().and_then(|start| Local::read(bytes, start)).is_none_or(|local| {
        let unsaid = local.has(FLAG_SIZES_BEHIND) || local.compressed_size == u32::MAX as usize;
        local.name == name && (unsaid || local.compressed_size as u64 == compressed_size)
    })
}

/// Takes the members that no span covers. `spans` are sorted by their start.
pub(in crate::unpack) fn open_hidden(bytes: &[u8], spans: &[Span], opening: &mut Opening<'_>) {
    let mut spans = spans.iter().peekable();
    let mut covered = 0;
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memmem::find(rest, MARK)) {
        let start = at + found;
        while let Some(span) = spans.next_if(|span| span.start <= start as u64) {
            covered = covered.max(span.end);
        }
        if (start as u64) < covered {
            at = usize::try_from(covered).unwrap_or(bytes.len());
            continue;
        }
        at = match Local::read(bytes, start) {
            Some(local) => match take(&local, opening) {
                (ControlFlow::Continue(()), end) => end,
                (ControlFlow::Break(()), _) => return,
            },
            None => start + MARK.len(),
        };
    }
}

/// Takes one member; gives where the search goes on.
fn take(local: &Local<'_>, opening: &mut Opening<'_>) -> (ControlFlow<()>, usize) {
    let name = String::from_utf8_lossy(local.name);
    let size_known = !local.has(FLAG_SIZES_BEHIND) && local.compressed_size <= local.data.len();
    let data = local.data.get(..local.compressed_size).filter(|_| size_known).unwrap_or(local.data);
    let end = local.data_start + if size_known { data.len() } else { 0 };
    opening.note(NoteKind::Lying, "members that the directory hides");
    if local.has(FLAG_ENCRYPTED) {
        return (opening.take_closed(&name, local.size, NoteKind::Encrypted, "zip members with a password"), end);
    }
    if name.ends_with('/') && local.size == 0 {
        return (opening.skip(), end);
    }
    match local.method {
        DEFLATED => {
            let mut decoder = DeflateDecoder::new(data);
            let flow = opening.take(&name, &mut decoder);
            (flow, local.data_start + usize::try_from(decoder.total_in()).unwrap_or(0))
        }
        // Without a size, stored data ends where the next record begins.
        STORED if size_known => (opening.take(&name, data), end),
        STORED => {
            let length = memmem::find(data, b"PK").unwrap_or(data.len());
            (opening.take(&name, data.get(..length).unwrap_or_default()), local.data_start + length)
        }
        _ => (opening.take_closed(&name, local.size, NoteKind::Unread, "a zip method that is not read"), end),
    }
}
