//! Cpio archives: old binary of both byte orders, portable (odc), new ASCII (newc) and the same with checksums.
//!
//! Does not follow links. Goes on behind the trailer, where boot images have another archive, and behind broken ASCII
//! headers. Standards: POSIX.1-1988 (odc); cpio(5) of the BSDs for the rest.

use super::traversal::{self, Links};
use crate::unpack::fields::{digits, slice, text, u16_be, u16_le};
use crate::unpack::pieces::stored;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "cpio", about: "cpio archives", recognise, nature: Nature::Container(open) };

/// What all headers in ASCII begin with.
const ASCII_MARK: &[u8] = b"07070";
const TRAILER: &str = "TRAILER!!!";
/// Of a file's mode: what it is.
const TYPE_BITS: u64 = 0o170_000;
const REGULAR: u64 = 0o100_000;
const LINK: u64 = 0o120_000;
/// Names are shorter everywhere; a longer one is chance.
const NAME_BYTES_MAX: u64 = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    Header::read(contents.bytes, 0).map(|_| "application/x-cpio")
}

struct Header {
    mode: u64,
    size: u64,
    name: String,
    data: usize,
    /// Where the next header is.
    end: usize,
    /// The sum of all octets.
    sum: Option<u64>,
}

impl Header {
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        match slice(bytes, at, 6)? {
            b"070701" | b"070702" => Self::new_ascii(bytes, at),
            b"070707" => Self::portable(bytes, at),
            [0xc7, 0x71, ..] => Self::binary(bytes, at, u16_le),
            [0x71, 0xc7, ..] => Self::binary(bytes, at, u16_be),
            _ => None,
        }
    }

    /// Thirteen numbers of eight hexadecimal digits; name and contents begin at multiples of four.
    fn new_ascii(bytes: &[u8], at: usize) -> Option<Self> {
        let field = |index: usize| digits(slice(bytes, at + 6 + 8 * index, 8)?, 16);
        let sum = (slice(bytes, at, 6)? == b"070702").then(|| field(12)).flatten();
        Self::build(
            bytes,
            at + 110,
            [field(1)?, field(6)?, field(11)?],
            |place| (place - at).next_multiple_of(4) + at,
            sum,
        )
    }

    /// Octal digits without filler.
    fn portable(bytes: &[u8], at: usize) -> Option<Self> {
        let field = |from: usize, length: usize| digits(slice(bytes, at + from, length)?, 8);
        Self::build(bytes, at + 76, [field(18, 6)?, field(65, 11)?, field(59, 6)?], |place| place, None)
    }

    /// Thirteen numbers of 16 bits, in the order of the machine; long ones have their upper half first.
    fn binary(bytes: &[u8], at: usize, read: fn(&[u8], usize) -> Option<u16>) -> Option<Self> {
        let field = |index: usize| read(bytes, at + 2 * index).map(u64::from);
        let numbers = [field(3)?, field(11)? << 16 | field(12)?, field(10)?];
        Self::build(bytes, at + 26, numbers, |place| (place - at).next_multiple_of(2) + at, None)
    }

    fn build(
        bytes: &[u8],
        name_at: usize,
        [mode, size, name_bytes]: [u64; 3],
        align: impl Fn(usize) -> usize,
        sum: Option<u64>,
    ) -> Option<Self> {
        if name_bytes == 0 || name_bytes > NAME_BYTES_MAX {
            return None;
        }
        let name_bytes = usize::try_from(name_bytes).ok()?;
        let name = slice(bytes, name_at, name_bytes)?;
        // Chance octets seldom end a name where they say.
        if name.last() != Some(&0) {
            return None;
        }
        let data = align(name_at + name_bytes);
        let end = align(data.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)).min(bytes.len()));
        Some(Self { mode, size, name: text(name), data, end, sum })
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let mut links = Links::default();
    let mut at = 0;
    while at < bytes.len() {
        let flow = match Header::read(bytes, at) {
            Some(header) => {
                at = header.end;
                if header.name == TRAILER {
                    behind_trailer(bytes, &mut at, opening)
                } else {
                    member(bytes, &header, &mut links, opening)
                }
            }
            None => junk(bytes, &mut at, opening),
        };
        if flow.is_break() || opening.pay_time().is_break() {
            return;
        }
    }
}

fn member(bytes: &[u8], header: &Header, links: &mut Links, opening: &mut Opening<'_>) -> ControlFlow<()> {
    if links.escapes(&header.name) {
        opening.note(NoteKind::Lying, traversal::DETAIL);
    }
    let kind = header.mode & TYPE_BITS;
    let data = slice(bytes, header.data, usize::try_from(header.size).unwrap_or(usize::MAX));
    if kind == LINK {
        links.add(&header.name, &text(data.unwrap_or_default()));
        return opening.skip();
    }
    // Of several links to one file only the last has contents.
    if header.size == 0 && kind != REGULAR && kind != 0 {
        return opening.skip();
    }
    let sum = data.unwrap_or_default().iter().fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
    if header.sum.is_some_and(|said| said != u64::from(sum)) && data.is_some() {
        opening.note(NoteKind::Damaged, "a cpio checksum is wrong");
    }
    opening.take(&header.name, stored(bytes, header.data, header.size))
}

/// Behind the trailer is filler, another archive, or what nobody shall see.
fn behind_trailer(bytes: &[u8], at: &mut usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
    *at += bytes.iter().skip(*at).take_while(|byte| **byte == 0).count();
    let rest = bytes.get(*at..).unwrap_or_default();
    if rest.is_empty() || Header::read(bytes, *at).is_some() {
        return ControlFlow::Continue(());
    }
    *at = bytes.len();
    opening.note(NoteKind::Damaged, "octets behind the end of a cpio archive");
    opening.take("behind the end", rest)
}

/// Goes on at the next header.
fn junk(bytes: &[u8], at: &mut usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let from = *at;
    let rest = bytes.get(from + 1..).unwrap_or_default();
    let mut next = memmem::find_iter(rest, ASCII_MARK).map(|found| from + 1 + found);
    *at = next.find(|next| Header::read(bytes, *next).is_some()).unwrap_or(bytes.len());
    let junk = bytes.get(from..*at).unwrap_or_default();
    if junk.iter().all(|byte| *byte == 0) {
        return ControlFlow::Continue(());
    }
    opening.note(NoteKind::Damaged, "octets of a cpio archive that belong to no member");
    opening.take("no header", junk)
}
