//! The connection: hears whole commands in bounded memory, sends replies, and turns to TLS.
//!
//! Does not know what a command means. What arrived in clear before TLS is never read afterwards (CVE-2021-33515 was
//! that). Standards: RFC 5804 §1.2, §2.2.

use super::reply::Reply;
use super::words::{Word, cut, literal};
use crate::limits::{SIEVE_ARGUMENTS_MAX, SIEVE_DISCARD_BYTES_MAX, SIEVE_LINE_BYTES_MAX, SIEVE_SILENCE_SECONDS_MAX};
use crate::serve::line::{Input, Line, LineFault, Rules};
use crate::serve::output::Output;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf, split};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// RFC 5804 §4: quoted strings hold no NUL, CR or LF; other controls, such as tabs in a script, they may hold.
const RULES: Rules = Rules { bytes_max: SIEVE_LINE_BYTES_MAX, forbids: |byte| matches!(byte, 0 | b'\r'), skips: false };

/// A socket, in clear or in TLS.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}
pub(super) type Pipe = Box<dyn Socket>;

pub(super) struct Wire {
    input: Input<ReadHalf<Pipe>>,
    output: Output<WriteHalf<Pipe>>,
}

/// How much and for how long a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Octets of all literals of one command.
    pub(super) bytes: u64,
    /// Of one literal that is too large and read all the same.
    pub(super) discard: u64,
    /// Before the first octet of a command.
    pub(super) idle: Duration,
}

impl Limits {
    /// A peer that has signed in gets an answer to a script that is too large.
    pub(super) fn signed_in(bytes: u64, idle_seconds: u64) -> Self {
        Self { bytes, discard: SIEVE_DISCARD_BYTES_MAX, idle: Duration::from_secs(idle_seconds) }
    }

    pub(super) fn stranger(bytes: u64) -> Self {
        Self { bytes, discard: 0, idle: Duration::from_secs(SIEVE_SILENCE_SECONDS_MAX) }
    }
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Words(Vec<Word>),
    /// A command that can't be read; the next one can.
    Fault(&'static str),
    /// A command whose literal was too large, and is gone.
    TooLarge,
    /// What follows can't be told apart from commands any more.
    Lost(&'static str),
    Silent,
    /// The peer has closed.
    Gone,
}

impl Wire {
    pub(super) fn new(pipe: Pipe) -> Self {
        let (reader, writer) = split(pipe);
        let patience = Duration::from_secs(SIEVE_SILENCE_SECONDS_MAX);
        Self { input: Input::with(reader, RULES), output: Output::new(writer, patience) }
    }

    /// The same connection in TLS, with nothing of what arrived before.
    ///
    /// # Errors
    /// The handshake's.
    pub(super) async fn encrypt(self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        let pipe = self.input.into_reader().unsplit(self.output.into_writer());
        let patience = Duration::from_secs(SIEVE_SILENCE_SECONDS_MAX);
        let encrypted = timeout(patience, acceptor.accept(pipe)).await;
        Ok(Self::new(Box::new(encrypted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??)))
    }

    /// # Errors
    /// What the socket says; `TimedOut` where the peer does not read.
    pub(super) async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        reply.write(self.output.pending());
        self.output.flush_if_large().await
    }

    /// Octets that are no reply: a challenge.
    ///
    /// # Errors
    /// As [`Wire::say`].
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.pending().extend_from_slice(bytes);
        self.output.flush().await
    }

    /// # Errors
    /// As [`Wire::say`].
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.output.flush().await
    }

    /// # Errors
    /// As [`Wire::say`].
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.output.close().await
    }

    /// The next command, with all its literals. Replies that wait are sent before we wait.
    ///
    /// # Errors
    /// What the socket says.
    pub(super) async fn hear(&mut self, limits: Limits) -> io::Result<Heard> {
        let (mut words, mut fault, mut too_large, mut used) = (Vec::new(), None, false, 0_u64);
        let mut patience = limits.idle;
        loop {
            let line = match self.line(patience).await? {
                Ok(line) => line,
                Err(heard) => return Ok(heard),
            };
            let (text, octets) = literal(&line);
            if fault.is_none() {
                fault = cut(text, &mut words).err();
            }
            if words.len() > 1 + SIEVE_ARGUMENTS_MAX {
                return Ok(Heard::Lost("Command has too many arguments"));
            }
            let Some(octets) = octets else { break };
            // A literal of a faulty line is thrown away as well: its text must not be read as commands.
            let keep = fault.is_none() && !too_large && used.saturating_add(octets) <= limits.bytes;
            if keep {
                used += octets;
            } else if octets > limits.discard {
                return Ok(Heard::Lost("Literal is too large"));
            }
            match self.literal(octets, keep).await? {
                Ok(bytes) => words.push(Word::Text(bytes)),
                Err(heard) => return Ok(heard),
            }
            too_large |= !keep && fault.is_none();
            patience = Duration::from_secs(SIEVE_SILENCE_SECONDS_MAX).min(limits.idle);
        }
        Ok(match fault {
            Some(fault) => Heard::Fault(fault),
            None if too_large => Heard::TooLarge,
            None => Heard::Words(words),
        })
    }

    async fn line(&mut self, patience: Duration) -> io::Result<Result<Vec<u8>, Heard>> {
        let line = match self.input.buffered_line() {
            Some(line) => line,
            None => {
                self.output.flush().await?;
                match timeout(patience, self.input.line()).await {
                    Ok(Ok(Some(line))) => line,
                    Ok(Ok(None)) => return Ok(Err(Heard::Gone)),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Ok(Err(Heard::Silent)),
                }
            }
        };
        Ok(match line {
            Line::Command(line) => Ok(line),
            // Where a line ends is in doubt, and so is whether a literal follows.
            Line::Fault(LineFault::TooLong) => Err(Heard::Lost("Line is too long")),
            Line::Fault(LineFault::BareLf) => Err(Heard::Lost("Lines end with CRLF")),
            Line::Fault(LineFault::Control) => Err(Heard::Lost("Line holds NUL or a lone CR")),
        })
    }

    async fn literal(&mut self, octets: u64, keep: bool) -> io::Result<Result<Vec<u8>, Heard>> {
        let patience = Duration::from_secs(SIEVE_SILENCE_SECONDS_MAX);
        let (mut bytes, mut left) = (Vec::new(), octets);
        while left > 0 {
            if self.input.unread().is_empty() {
                self.output.flush().await?;
                match timeout(patience, self.input.fill()).await {
                    Ok(Ok(0)) => return Ok(Err(Heard::Gone)),
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Ok(Err(Heard::Silent)),
                }
            }
            let piece = self.input.unread();
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            if keep {
                bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
            }
            self.input.consume(count);
            left = left.saturating_sub(count as u64);
        }
        Ok(Ok(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SIEVE_LOGIN_BYTES_MAX;
    use tokio::io::AsyncWriteExt;

    /// Sends all in pieces of that size, then hears until nothing comes any more.
    async fn hear(sent: &[u8], piece: usize, limits: Limits) -> Vec<Heard> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let sent = sent.to_vec();
        tokio::spawn(async move {
            for piece in sent.chunks(piece) {
                let _ = theirs.write_all(piece).await;
            }
        });
        let mut wire = Wire::new(Box::new(ours));
        let mut all = Vec::new();
        loop {
            let heard = wire.hear(limits).await.unwrap();
            let over = matches!(heard, Heard::Gone | Heard::Lost(_));
            all.push(heard);
            if over {
                return all;
            }
        }
    }

    async fn check(sent: &str, limits: Limits, want: &[&str]) {
        for piece in 1..sent.len().clamp(2, 30) {
            let heard = hear(sent.as_bytes(), piece, limits).await;
            let said: Vec<String> = heard
                .into_iter()
                .map(|heard| match heard {
                    Heard::Words(words) => words
                        .iter()
                        .map(|word| match word {
                            Word::Atom(name) => name.clone(),
                            Word::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
                            Word::Number(number) => number.to_string(),
                        })
                        .collect::<Vec<_>>()
                        .join(" "),
                    other @ (Heard::Fault(_) | Heard::TooLarge | Heard::Lost(_) | Heard::Silent | Heard::Gone) => {
                        format!("{other:?}")
                    }
                })
                .collect();
            assert_eq!(said, want, "{sent:?} in pieces of {piece}");
        }
    }

    #[tokio::test]
    async fn commands_come_whole_however_they_are_cut_and_pipelined() {
        let limits = Limits::signed_in(20, 60);
        check(
            "NOOP\r\nPUTSCRIPT {1+}\r\na {5}\r\nkeep;\r\nPUTSCRIPT \"b\" {0+}\r\n\r\nLOGOUT\r\n",
            limits,
            &["NOOP", "PUTSCRIPT \"a\" \"keep;\"", "PUTSCRIPT \"b\" \"\"", "LOGOUT", "Gone"],
        )
        .await;
        check("X {7+}\r\nA\r\nB\r\n\0\r\n", limits, &["X \"A\\r\\nB\\r\\n\\0\"", "Gone"]).await;
    }

    #[tokio::test]
    async fn what_is_too_large_or_faulty_is_read_to_its_end_and_never_as_commands() {
        let limits = Limits::signed_in(9, 60);
        check("PUTSCRIPT \"a\" {10+}\r\nLOGOUT\r\n12\r\nNOOP\r\n", limits, &["TooLarge", "NOOP", "Gone"]).await;
        check("X {5+}\r\n12345 {5+}\r\n12345\r\nNOOP\r\n", limits, &["TooLarge", "NOOP", "Gone"]).await;
        let fault = "Fault(\"Only \\\\\\\" and \\\\\\\\ may follow a backslash in a quoted string\")";
        check("X \"\\n\" {8+}\r\nLOGOUT\r\n\r\nNOOP\r\n", limits, &[fault, "NOOP", "Gone"]).await;
    }

    #[tokio::test]
    async fn a_stranger_gets_little() {
        let limits = Limits::stranger(SIEVE_LOGIN_BYTES_MAX);
        check("X {16385+}\r\n", limits, &["Lost(\"Literal is too large\")"]).await;
        check("X {99999999999999999999+}\r\n", limits, &["Lost(\"Literal is too large\")"]).await;
        check("X 1 2 3 4 5\r\n", limits, &["Lost(\"Command has too many arguments\")"]).await;
        check("NOOP \"\0\"\r\n", limits, &["Lost(\"Line holds NUL or a lone CR\")"]).await;
        check("NOOP\nNOOP\r\n", limits, &["Lost(\"Lines end with CRLF\")"]).await;
        let long = format!("NOOP \"{}\"\r\n", "x".repeat(SIEVE_LINE_BYTES_MAX));
        assert_eq!(hear(long.as_bytes(), 4096, limits).await, [Heard::Lost("Line is too long")]);
    }
}
