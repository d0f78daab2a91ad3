//! Files of MS-DOS COMPRESS and its followers: SZDD and KWAJ (`setup.ex_`).
//!
//! Does not decode KWAJ's Huffman and MSZIP methods: those are noted. Standards: none published; the layouts are those
//! that expanders of the field agree on.

use super::joined::{self, Source, Stream, Trouble, broken};
use super::names::inner_name;
use crate::limits::STREAM_JOINED_MAX;
use crate::unpack::{Contents, Format, Nature, Opening};
use std::io::{self, Read};

pub(in crate::unpack) const SZDD: Format = Format {
    name: "szdd",
    about: "files of MS-DOS COMPRESS (SZDD)",
    recognise: |contents| szdd_header(contents.bytes).map(|_| "application/x-ms-compress-szdd"),
    nature: Nature::Stream(open_szdd),
};
pub(in crate::unpack) const KWAJ: Format = Format {
    name: "kwaj",
    about: "files of MS-DOS COMPRESS (KWAJ)",
    recognise: |contents| contents.bytes.starts_with(KWAJ_MARK).then_some("application/x-ms-compress-kwaj"),
    nature: Nature::Stream(open_kwaj),
};

const SZDD_STREAM: Stream = Stream { begins: |_| false, joined_max: STREAM_JOINED_MAX, decoder: szdd_decoder };
const KWAJ_STREAM: Stream = Stream { begins: |_| false, joined_max: STREAM_JOINED_MAX, decoder: kwaj_decoder };
const SZDD_MARK: &[u8] = b"SZDD\x88\xf0\x27\x33A";
/// As QBasic's installer wrote it.
const SZ_MARK: &[u8] = b"SZ \x88\xf0\x27\x33\xd1";
const KWAJ_MARK: &[u8] = b"KWAJ\x88\xf0\x27\xd1";
const WINDOW_BYTES: usize = 4096;

/// Octets of the header, where the window begins, and the size of the contents.
fn szdd_header(bytes: &[u8]) -> Option<(usize, usize, u64)> {
    let size = |at: usize| Some(u64::from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)));
    if bytes.starts_with(SZDD_MARK) {
        return Some((14, WINDOW_BYTES - 16, size(10)?));
    }
    if bytes.starts_with(SZ_MARK) { Some((12, WINDOW_BYTES - 18, size(8)?)) } else { None }
}

fn szdd_decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    let (header, begin, size) = szdd_header(source.rest()).ok_or_else(|| broken("a header is cut"))?;
    source.skip(header);
    Ok(Box::new(Sized { reader: Lzss::new(source, begin), left: size }))
}

/// `setup.ex_` and the last letter that the header keeps.
fn open_szdd(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let missing =
        contents.bytes.get(9).filter(|byte| byte.is_ascii_alphanumeric() && contents.bytes.starts_with(SZDD_MARK));
    let name = match (contents.name.and_then(|name| name.strip_suffix('_')), missing) {
        (Some(stem), Some(letter)) => format!("{stem}{}", char::from(*letter)),
        _ => inner_name(contents.name),
    };
    joined::open(contents, &name, &SZDD_STREAM, opening);
}

struct Kwaj<'a> {
    method: u16,
    data: usize,
    name: Option<&'a [u8]>,
    ending: Option<&'a [u8]>,
}

impl<'a> Kwaj<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let short = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
        let flags = short(12)?;
        let has = |bit: u16| flags & bit != 0;
        // Before the names: a size, an unknown word, and octets that tell their own length.
        let mut at = 14 + if has(1) { 4 } else { 0 } + if has(2) { 2 } else { 0 };
        if has(4) {
            at += 2 + usize::from(short(at)?);
        }
        let mut text = |most: usize| {
            let field = bytes.get(at..)?;
            let length = field.iter().take(most).position(|byte| *byte == 0).unwrap_or(most);
            at += length + 1;
            field.get(..length)
        };
        let name = if has(8) { text(9) } else { None };
        let ending = if has(16) { text(4) } else { None };
        Some(Self { method: short(8)?, data: usize::from(short(10)?), name, ending })
    }
}

fn kwaj_decoder(source: Source<'_>, _: u64) -> io::Result<Box<dyn Read + '_>> {
    let header = Kwaj::read(source.rest()).ok_or_else(|| broken("a header is cut"))?;
    source.skip(header.data);
    Ok(match header.method {
        0 => Box::new(source),
        1 => Box::new(Inverted(source)),
        2 => Box::new(Lzss::new(source, WINDOW_BYTES - 18)),
        3 => return Err(Trouble::unread("KWAJ with Huffman codes")),
        4 => return Err(Trouble::unread("KWAJ with MSZIP")),
        _ => return Err(Trouble::unread("a KWAJ method that is not known")),
    })
}

fn open_kwaj(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let header = Kwaj::read(contents.bytes);
    let text = |field: Option<&[u8]>| field.map(|field| String::from_utf8_lossy(field).into_owned());
    let own = header.and_then(|header| {
        let stem = text(header.name).filter(|stem| !stem.is_empty())?;
        Some(text(header.ending).map_or(stem.clone(), |ending| format!("{stem}.{ending}")))
    });
    joined::open(contents, &own.unwrap_or_else(|| inner_name(contents.name)), &KWAJ_STREAM, opening);
}

/// Contents whose octets are turned around.
struct Inverted<'a>(Source<'a>);

impl Read for Inverted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        buffer.iter_mut().take(count).for_each(|byte| *byte = !*byte);
        Ok(count)
    }
}

/// Contents that must have the size that their header tells.
struct Sized<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Sized<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.by_ref().take(self.left).read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(broken("fewer octets than the header tells"));
        }
        Ok(count)
    }
}

/// LZSS: eight flags in an octet, then as many single octets or pairs that tell a place in the window and a length.
struct Lzss<'a> {
    source: Source<'a>,
    window: Vec<u8>,
    at: usize,
    flags: u32,
    /// What is left of a match: its place and length.
    match_left: (usize, usize),
}

impl<'a> Lzss<'a> {
    fn new(source: Source<'a>, begin: usize) -> Self {
        Self { source, window: vec![b' '; WINDOW_BYTES], at: begin, flags: 1, match_left: (0, 0) }
    }

    fn octet(&self) -> Option<u8> {
        let octet = self.source.rest().first().copied();
        self.source.skip(1);
        octet
    }

    fn next(&mut self) -> Option<u8> {
        if self.match_left.1 == 0 {
            if self.flags == 1 {
                // The bit above the eight flags says when they are used up.
                self.flags = u32::from(self.octet()?) | 0x100;
            }
            let single = self.flags & 1 == 1;
            self.flags >>= 1;
            if single {
                let octet = self.octet()?;
                return Some(self.put(octet));
            }
            let (low, high) = (usize::from(self.octet()?), usize::from(self.octet()?));
            self.match_left = (low | (high & 0xf0) << 4, (high & 15) + 3);
        }
        let (from, left) = self.match_left;
        self.match_left = ((from + 1) % WINDOW_BYTES, left - 1);
        let octet = *self.window.get(from)?;
        Some(self.put(octet))
    }

    fn put(&mut self, octet: u8) -> u8 {
        if let Some(place) = self.window.get_mut(self.at) {
            *place = octet;
        }
        self.at = (self.at + 1) % WINDOW_BYTES;
        octet
    }
}

impl Read for Lzss<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        for place in buffer {
            let Some(octet) = self.next() else { break };
            *place = octet;
            count += 1;
        }
        Ok(count)
    }
}
