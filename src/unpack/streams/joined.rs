//! What all compressed streams share: members joined to one file, bounds of decoders, octets behind the end.
//!
//! Does not know any compression. `cat a.gz b.gz` is a valid file of most kinds, and readers differ in whether they go on
//! behind the first member: here all members are read as one, and what follows them is looked at as well.

use crate::limits::UNPACK_DICTIONARY_BYTES_MAX;
use crate::unpack::{Contents, NoteKind, Opening};
use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// Octets that are decoded before the member is taken: whether it can be read at all.
const FIRST_BYTES: usize = 512;

/// One kind of compressed stream.
pub(super) struct Stream {
    /// True where another member begins with these octets.
    pub(super) begins: fn(&[u8]) -> bool,
    /// Members that are read as one: fewer where a decoder takes long to begin, as the clock is asked behind them.
    pub(super) joined_max: usize,
    /// Begins to decode one member: it may hold so many octets as dictionary or window.
    pub(super) decoder: for<'a> fn(Source<'a>, u64) -> io::Result<Box<dyn Read + 'a>>,
}

/// Where decoders read. Copies share their place, so that it is known where a decoder ended.
#[derive(Clone)]
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    at: Rc<Cell<usize>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: Rc::new(Cell::new(0)) }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at.get()..).unwrap_or_default()
    }

    pub(super) fn skip(&self, count: usize) {
        self.at.set(self.at.get().saturating_add(count).min(self.bytes.len()));
    }

    /// Takes back octets that a decoder read ahead.
    pub(super) fn give_back(&self, count: usize) {
        self.at.set(self.at.get().saturating_sub(count));
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest().read(buffer)?;
        self.skip(count);
        Ok(count)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest())
    }

    fn consume(&mut self, count: usize) {
        self.skip(count);
    }
}

/// Why a stream can't be decoded, where it is not simply broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) kind: NoteKind,
    pub(super) detail: String,
}

impl Trouble {
    /// A dictionary or window beyond the bound.
    pub(super) fn dictionary(bytes: u64) -> io::Error {
        io::Error::other(Self { kind: NoteKind::TooBig, detail: format!("needs a dictionary of {bytes} octets") })
    }

    pub(super) fn unread(what: &str) -> io::Error {
        io::Error::other(Self { kind: NoteKind::Unread, detail: what.to_string() })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.detail)
    }
}

impl Error for Trouble {}

/// A stream that is broken.
pub(super) fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// All members of a stream, one behind the other.
struct Joined<'a> {
    stream: &'static Stream,
    source: Source<'a>,
    dictionary_max: u64,
    decoder: Option<Box<dyn Read + 'a>>,
    members: usize,
    trouble: Option<Trouble>,
    ended: bool,
}

impl Joined<'_> {
    /// Begins the next member; false where none follows.
    fn begin(&mut self) -> io::Result<bool> {
        let rest = self.source.rest();
        // Some writers fill up with zeros to a block of a tape, xz to four octets.
        let zeros = rest.iter().take_while(|byte| **byte == 0).count();
        let next = rest.get(zeros..).unwrap_or_default();
        let first = self.members == 0;
        if !first && (self.members >= self.stream.joined_max || !(self.stream.begins)(next)) {
            return Ok(false);
        }
        if !first {
            self.source.skip(zeros);
        }
        self.members += 1;
        self.decoder = Some((self.stream.decoder)(self.source.clone(), self.dictionary_max)?);
        Ok(true)
    }

    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.is_none() && !self.begin()? {
                return Ok(0);
            }
            let count = self.decoder.as_mut().map_or(Ok(0), |decoder| decoder.read(buffer))?;
            if count > 0 {
                return Ok(count);
            }
            self.decoder = None;
        }
    }
}

impl Read for Joined<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(trouble) = &self.trouble {
            return Err(io::Error::other(trouble.clone()));
        }
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let result = self.decode(buffer);
        match &result {
            Ok(count) => self.ended = *count == 0,
            Err(error) => {
                self.decoder = None;
                self.trouble = Some(trouble(error, self.dictionary_max));
            }
        }
        result
    }
}

fn trouble(error: &io::Error, dictionary_max: u64) -> Trouble {
    if let Some(trouble) = error.get_ref().and_then(|inner| inner.downcast_ref::<Trouble>()) {
        return trouble.clone();
    }
    if error.kind() == io::ErrorKind::OutOfMemory {
        let detail = format!("needs a dictionary of more than {dictionary_max} octets");
        return Trouble { kind: NoteKind::TooBig, detail };
    }
    Trouble { kind: NoteKind::Damaged, detail: error.to_string() }
}

/// Gives the decoded contents of all members as one, and what follows them as another.
pub(super) fn open(contents: &Contents<'_>, name: &str, stream: &'static Stream, opening: &mut Opening<'_>) {
    let mut joined = Joined {
        stream,
        source: Source::new(contents.bytes),
        dictionary_max: opening.member_bytes_left().min(UNPACK_DICTIONARY_BYTES_MAX),
        decoder: None,
        members: 0,
        trouble: None,
        ended: false,
    };
    let mut first = [0; FIRST_BYTES];
    let count = joined.read(&mut first).unwrap_or(0);
    let closed = joined.trouble.clone().filter(|trouble| trouble.kind != NoteKind::Damaged);
    let flow = match closed {
        Some(trouble) => opening.take_closed(name, 0, trouble.kind, &trouble.detail),
        None => opening.take(name, first.get(..count).unwrap_or_default().chain(&mut joined)),
    };
    if flow.is_break() {
        return;
    }
    if let Some(trouble) = joined.trouble.as_ref().filter(|trouble| trouble.kind != NoteKind::Damaged) {
        opening.note(trouble.kind, &trouble.detail);
    }
    // A broken stream ends anywhere: what follows is only looked at where a member begins.
    let rest = joined.source.rest();
    let is_damaged = joined.trouble.is_some_and(|trouble| trouble.kind == NoteKind::Damaged);
    let hidden = joined.ended || (is_damaged && (stream.begins)(rest));
    if hidden && rest.iter().any(|byte| *byte != 0) {
        opening.note(NoteKind::Damaged, "octets behind the end of the stream");
        // Nothing follows that a spent budget could skip.
        let _ = opening.take("behind the end", rest);
    }
}

/// True where decoding gives something, and no error but a missing end within so many octets: for kinds without a certain
/// mark.
pub(super) fn can_begin(bytes: &[u8], stream: &Stream, count: u64) -> bool {
    let Ok(decoder) = (stream.decoder)(Source::new(bytes), UNPACK_DICTIONARY_BYTES_MAX) else { return false };
    let mut decoder = decoder.take(count);
    let mut buffer = [0; FIRST_BYTES];
    let mut given = false;
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return given,
            Ok(_) => given = true,
            Err(error) => return given && error.kind() == io::ErrorKind::UnexpectedEof,
        }
    }
}
