//! Archives of `ar`, with long names as GNU and BSD write them, and Debian packages, which are such archives.
//!
//! Does not read symbol tables. A package runs its scripts as root when it is installed, so it is a program too.
//! Standards: ar(5), deb(5).

use crate::unpack::fields::{digits, slice, text};
use crate::unpack::pieces::stored;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const DEB: Format = Format {
    name: "deb",
    about: "Debian packages",
    recognise: |contents| {
        let first = contents.bytes.strip_prefix(MARK)?;
        first.starts_with(b"debian-binary").then_some("application/vnd.debian.binary-package")
    },
    nature: Nature::ProgramContainer(open),
};
pub(in crate::unpack) const FORMAT: Format = Format {
    name: "ar",
    about: "archives of ar",
    recognise: |contents| {
        let known = contents.bytes.starts_with(MARK) || contents.bytes.starts_with(THIN_MARK);
        known.then_some("application/x-archive")
    },
    nature: Nature::Container(open),
};

const MARK: &[u8] = b"!<arch>\n";
const THIN_MARK: &[u8] = b"!<thin>\n";
const HEADER_BYTES: usize = 60;
const HEADER_END: &[u8] = b"`\n";

struct Header<'a> {
    name: &'a [u8],
    size: u64,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let header = slice(bytes, at, HEADER_BYTES)?;
        if !header.ends_with(HEADER_END) {
            return None;
        }
        Some(Self { name: header.get(..16)?.trim_ascii_end(), size: digits(header.get(48..58)?, 10)? })
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let is_thin = bytes.starts_with(THIN_MARK);
    let mut long_names: &[u8] = b"";
    let mut at = MARK.len();
    while at < bytes.len() {
        let Some(header) = Header::read(bytes, at) else {
            if junk(bytes, &mut at, opening).is_break() {
                return;
            }
            continue;
        };
        let data = at + HEADER_BYTES;
        let is_table = matches!(header.name, b"/" | b"//" | b"/SYM64/");
        let length = usize::try_from(header.size).unwrap_or(usize::MAX);
        at = if is_thin && !is_table { data } else { data.saturating_add(length).saturating_add(length & 1) };
        if header.name == b"//" {
            long_names = slice(bytes, data, length).unwrap_or_default();
        }
        let flow = if is_table {
            opening.pay_time()
        } else if is_thin {
            let name = name_of(header.name, long_names);
            opening.take_closed(&name, header.size, NoteKind::Unread, "a thin archive: its members lie elsewhere")
        } else {
            member(bytes, &header, data, long_names, opening)
        };
        if flow.is_break() {
            return;
        }
    }
}

fn member(
    bytes: &[u8],
    header: &Header<'_>,
    data: usize,
    long_names: &[u8],
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    // BSD: the name stands before the contents.
    let in_front =
        header.name.strip_prefix(b"#1/").and_then(|length| digits(length, 10)).map(|own| own.min(header.size));
    let in_front_bytes = in_front.and_then(|own| usize::try_from(own).ok()).unwrap_or(0);
    let name = match in_front {
        Some(_) => text(slice(bytes, data, in_front_bytes).unwrap_or_default()),
        None => name_of(header.name, long_names),
    };
    if name.starts_with("__.SYMDEF") {
        return opening.skip();
    }
    opening.take(&name, stored(bytes, data + in_front_bytes, header.size - in_front.unwrap_or(0)))
}

/// `name/`, or `/17` for the name at that place of the table, where each ends in `/` and a line feed.
fn name_of(field: &[u8], long_names: &[u8]) -> String {
    let place = field.strip_prefix(b"/").and_then(|place| digits(place, 10)).and_then(|at| usize::try_from(at).ok());
    let long = place.and_then(|at| long_names.get(at..)).map(|rest| {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    let name = long.unwrap_or(field);
    text(name.strip_suffix(b"/").unwrap_or(name))
}

/// Goes on at the next header.
fn junk(bytes: &[u8], at: &mut usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let from = *at;
    let behind = from + HEADER_BYTES - HEADER_END.len() + 1;
    let ends = memmem::find_iter(bytes.get(behind..).unwrap_or_default(), HEADER_END);
    let mut next = ends.map(|end| behind + end + HEADER_END.len() - HEADER_BYTES);
    *at = next.find(|next| Header::read(bytes, *next).is_some()).unwrap_or(bytes.len());
    let junk = bytes.get(from..*at).unwrap_or_default();
    if junk.iter().all(|byte| matches!(byte, 0 | b'\n')) {
        return ControlFlow::Continue(());
    }
    opening.note(NoteKind::Damaged, "octets of an ar archive that belong to no member");
    opening.take("no header", junk)
}
