//! Reads command lines and raw blocks from a peer in constant memory.
//!
//! Only CRLF ends a command (RFC 5321 §2.3.8). What is not a clean line becomes a [`LineFault`], so that a peer gets one
//! answer for each line and nothing that hides in a line is ever run. Does not know commands and has no clock: callers
//! put deadlines around [`Input::line`] and [`Input::fill`], both of which may be dropped without losing bytes.
//! Standards: RFC 5321 §2.3.8, §4.5.3.1.4.

use crate::limits::{COMMAND_BLOCK_BYTES, COMMAND_LINE_BYTES_MAX};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// One line from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Without its CRLF; holds nothing that the [`Rules`] forbid.
    Command(Vec<u8>),
    Fault(LineFault),
}

/// Why a line is not a command. The line is gone, the next one can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// It ended with LF alone.
    BareLf,
    /// Longer than the [`Rules`] allow; everything up to its CRLF is gone.
    TooLong,
    /// It holds what the [`Rules`] forbid: NUL, a lone CR, in LMTP any control byte.
    Control,
}

/// The receiving half of any socket.
pub(crate) type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// What a protocol takes for a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Without its CRLF; less than [`COMMAND_BLOCK_BYTES`].
    pub(crate) bytes_max: usize,
    /// Octets that no line holds.
    pub(crate) forbids: fn(u8) -> bool,
    /// Is a line that is too long read to its end, so that the next one can be heard? Else the fault comes at once, and
    /// the connection is of no use any more.
    pub(crate) skips: bool,
}

/// The rules of LMTP.
const LMTP: Rules = Rules { bytes_max: COMMAND_LINE_BYTES_MAX, forbids: |byte| byte.is_ascii_control(), skips: true };

/// The receiving half of a connection with a small buffer.
pub(crate) struct Input<R = Reader> {
    reader: R,
    rules: Rules,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// True inside a line that is too long.
    skipping: bool,
    /// The last octet of the too long line that was thrown away: its CR may be in another block than its LF.
    last: u8,
}

impl Input {
    pub(crate) fn new(reader: Reader) -> Self {
        Self::with(reader, LMTP)
    }
}

impl<R: AsyncRead + Unpin> Input<R> {
    pub(crate) fn with(reader: R, rules: Rules) -> Self {
        Self { reader, rules, buffer: vec![0; COMMAND_BLOCK_BYTES], start: 0, end: 0, skipping: false, last: 0 }
    }

    /// The socket alone; what has arrived and was not taken is gone.
    pub(crate) fn into_reader(self) -> R {
        self.reader
    }

    /// What has arrived and was not taken yet.
    pub(crate) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes `count` octets of [`Input::unread`].
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Sets how much is read at once; keeps what is unread.
    pub(crate) fn resize(&mut self, bytes: usize) {
        self.move_to_front();
        self.buffer.resize(bytes.max(self.end), 0);
        self.buffer.shrink_to_fit();
    }

    /// Waits for more octets and returns how many came; 0 at the end of the stream.
    ///
    /// # Errors
    /// What the socket says; `OutOfMemory` when the buffer is full, which callers that take what they see never meet.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        self.move_to_front();
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        if room.is_empty() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let count = self.reader.read(room).await?;
        self.end += count;
        Ok(count)
    }

    /// Waits for the next line; `None` at the end of the stream, where a line without its end is dropped.
    ///
    /// # Errors
    /// What the socket says.
    pub(crate) async fn line(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.buffered_line() {
                return Ok(Some(line));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next line, if all of it has arrived.
    pub(crate) fn buffered_line(&mut self) -> Option<Line> {
        if self.skipping {
            return self.skip();
        }
        match memchr::memchr(b'\n', self.unread()) {
            Some(at) if at <= self.rules.bytes_max + 1 => {
                let line = self.unread().get(..at).map(|line| classify(line, self.rules.forbids));
                self.consume(at + 1);
                line
            }
            Some(_) => self.skip(),
            None if self.unread().len() > self.rules.bytes_max + 1 => self.skip(),
            None => None,
        }
    }

    /// Throws away a line that is too long; the fault is returned once its CRLF has come.
    fn skip(&mut self) -> Option<Line> {
        if !self.rules.skips {
            self.consume(usize::MAX);
            return Some(Line::Fault(LineFault::TooLong));
        }
        let mut last = self.last;
        let mut crlf = None;
        for (at, byte) in self.unread().iter().enumerate() {
            if *byte == b'\n' && last == b'\r' {
                crlf = Some(at);
                break;
            }
            last = *byte;
        }
        self.last = if crlf.is_some() { 0 } else { last };
        self.consume(crlf.map_or(usize::MAX, |at| at + 1));
        self.skipping = crlf.is_none();
        crlf.map(|_| Line::Fault(LineFault::TooLong))
    }

    fn move_to_front(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }
}

/// Judges one line without its LF.
fn classify(line: &[u8], forbids: fn(u8) -> bool) -> Line {
    let Some(text) = line.strip_suffix(b"\r") else { return Line::Fault(LineFault::BareLf) };
    if text.iter().any(|byte| forbids(*byte)) {
        return Line::Fault(LineFault::Control);
    }
    Line::Command(text.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// Hands out one piece per read.
    struct Pieces(std::collections::VecDeque<Vec<u8>>);

    impl AsyncRead for Pieces {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if let Some(piece) = self.0.pop_front() {
                let (now, later) = piece.split_at(piece.len().min(out.remaining()));
                out.put_slice(now);
                if !later.is_empty() {
                    self.0.push_front(later.to_vec());
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    fn lines(pieces: Vec<Vec<u8>>) -> Vec<Line> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut input = Input::new(Box::new(Pieces(pieces.into())));
        let mut all = Vec::new();
        while let Some(line) = runtime.block_on(input.line()).unwrap() {
            all.push(line);
        }
        assert!(input.buffer.len() <= COMMAND_BLOCK_BYTES);
        all
    }

    fn check(bytes: &[u8], want: &[Line]) {
        assert_eq!(lines(vec![bytes.to_vec()]), want, "at once: {:?}", String::from_utf8_lossy(bytes));
        assert_eq!(lines(bytes.iter().map(|b| vec![*b]).collect()), want, "byte by byte");
        for at in 0..bytes.len().min(200) {
            let (a, b) = bytes.split_at(at);
            assert_eq!(
                lines([a, b].iter().filter(|p| !p.is_empty()).map(|p| p.to_vec()).collect()),
                want,
                "split {at}"
            );
        }
    }

    fn command(text: &str) -> Line {
        Line::Command(text.as_bytes().to_vec())
    }

    #[test]
    fn only_crlf_ends_a_command_at_every_split() {
        let (bare, control) = (Line::Fault(LineFault::BareLf), Line::Fault(LineFault::Control));
        check(b"NOOP\r\nQUIT\r\n", &[command("NOOP"), command("QUIT")]);
        check(b"NOOP\nQUIT\r\n", &[bare.clone(), command("QUIT")]);
        check(b"\r\n\n", &[command(""), bare]);
        check(b"NO\rOP\r\nA\0B\r\nX\r\r\nTAB\t\r\n", &[control.clone(), control.clone(), control.clone(), control]);
        check(b"caf\xc3\xa9\r\nrest", &[command("café")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_gone_up_to_its_crlf() {
        let longest = "A".repeat(COMMAND_LINE_BYTES_MAX);
        check(format!("{longest}\r\nNOOP\r\n").as_bytes(), &[command(&longest), command("NOOP")]);
        let long = Line::Fault(LineFault::TooLong);
        check(format!("{longest}A\r\nNOOP\r\n").as_bytes(), &[long.clone(), command("NOOP")]);
        check(format!("{longest}AA\nQUIT\r\nNOOP\r\n").as_bytes(), &[long.clone(), command("NOOP")]);
        check(format!("{longest}AAAA\r\r\nNOOP\r\n").as_bytes(), &[long, command("NOOP")]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut pieces = vec![vec![b'x'; 64 << 10]; 1000];
        pieces.push(b"\r\nNOOP\r\n".to_vec());
        assert_eq!(lines(pieces), [Line::Fault(LineFault::TooLong), command("NOOP")]);
    }
}
