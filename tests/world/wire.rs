//! A small LMTP and SMTP client that keeps a ledger: which recipient got which reply. Standards: RFC 5321, RFC 2033.
//!
//! Does not interpret extensions and never gives up a reply: what does not arrive is an error, not a success.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// Longer than the server's longest delivery.
const REPLY_SECONDS: u64 = 180;

/// One reply, its lines joined by ` / `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn is_ok(&self) -> bool {
        (200..400).contains(&self.code)
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// What one transaction was answered: the reply to each RCPT, and after the final dot (recipient, reply) for each
/// recipient that was accepted. Empty `answers` where no recipient was.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) rcpts: Vec<Reply>,
    pub(crate) answers: Vec<(String, Reply)>,
}

trait Socket: Read + Write + Send {}
impl<T: Read + Write + Send> Socket for T {}

/// One connection.
pub(crate) struct Wire {
    stream: BufReader<Box<dyn Socket>>,
}

impl Wire {
    /// # Errors
    /// As the system says.
    pub(crate) fn unix(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(Duration::from_secs(REPLY_SECONDS)))?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    /// # Errors
    /// As the system says.
    pub(crate) fn tcp(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(REPLY_SECONDS)))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(Box::new(stream)) })
    }

    /// Reads the greeting and says hello.
    /// # Errors
    /// When the peer closes or does not answer with 220 and 250.
    pub(crate) fn greeted(mut self, hello: &str) -> io::Result<Self> {
        for reply in [self.reply()?, self.command(hello)?] {
            if !reply.is_ok() {
                return Err(io::Error::other(format!("{hello}: {reply}")));
            }
        }
        Ok(self)
    }

    /// # Errors
    /// When the peer closes or what comes is no reply.
    pub(crate) fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// # Errors
    /// As the system says.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// # Errors
    /// When the peer closes or what comes is no reply.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let mut texts = Vec::new();
        loop {
            let mut line = Vec::new();
            self.stream.read_until(b'\n', &mut line)?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let Some(line) = line.strip_suffix("\r\n") else {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("no whole reply: {line:?}")));
            };
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| io::Error::other(format!("no reply: {line:?}")))?;
            texts.push(line.get(4..).unwrap_or_default().to_string());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, text: texts.join(" / ") });
            }
        }
    }

    /// One LMTP transaction, pipelined as Postfix does it: MAIL, all RCPT and DATA in one write.
    /// # Errors
    /// When the connection breaks; what was answered until then is in `ledger`.
    pub(crate) fn deliver(
        &mut self,
        ledger: &mut Ledger,
        from: &str,
        rcpts: &[String],
        message: &[u8],
    ) -> io::Result<()> {
        let accepted = self.envelope(ledger, from, rcpts)?;
        if accepted.is_empty() {
            return Ok(());
        }
        self.send(&stuffed(message))?;
        for rcpt in accepted {
            let reply = self.reply()?;
            ledger.answers.push((rcpt, reply));
        }
        Ok(())
    }

    /// One SMTP transaction: the same, with one reply after the final dot.
    /// # Errors
    /// When the connection breaks, or anything is refused.
    pub(crate) fn submit(&mut self, from: &str, rcpts: &[String], message: &[u8]) -> io::Result<()> {
        let mut ledger = Ledger::default();
        let accepted = self.envelope(&mut ledger, from, rcpts)?;
        if accepted.len() != rcpts.len() {
            return Err(io::Error::other(format!("refused: {ledger:?}")));
        }
        self.send(&stuffed(message))?;
        let reply = self.reply()?;
        if reply.is_ok() { Ok(()) } else { Err(io::Error::other(reply.to_string())) }
    }

    /// Returns the accepted recipients. With none, the refused DATA is read too.
    fn envelope(&mut self, ledger: &mut Ledger, from: &str, rcpts: &[String]) -> io::Result<Vec<String>> {
        let utf8 = if rcpts.iter().any(|r| !r.is_ascii()) || !from.is_ascii() { " SMTPUTF8" } else { "" };
        let mut burst = format!("MAIL FROM:<{from}> BODY=8BITMIME{utf8}\r\n");
        for rcpt in rcpts {
            burst.push_str(&format!("RCPT TO:<{rcpt}>\r\n"));
        }
        burst.push_str("DATA\r\n");
        self.send(burst.as_bytes())?;
        let mail = self.reply()?;
        if !mail.is_ok() {
            return Err(io::Error::other(format!("MAIL FROM:<{from}>: {mail}")));
        }
        let mut accepted = Vec::new();
        for rcpt in rcpts {
            let reply = self.reply()?;
            if reply.is_ok() {
                accepted.push(rcpt.clone());
            }
            ledger.rcpts.push(reply);
        }
        let data = self.reply()?;
        if accepted.is_empty() == data.is_ok() {
            return Err(io::Error::other(format!("DATA with {} recipients: {data}", accepted.len())));
        }
        Ok(accepted)
    }
}

/// A message as it goes over the wire: dots doubled (RFC 5321 §4.5.2), CRLF and the final dot behind it.
pub(crate) fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    let mut at_line_start = true;
    let mut last = 0;
    for &byte in message {
        if at_line_start && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        at_line_start = last == b'\r' && byte == b'\n';
        last = byte;
    }
    if !at_line_start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The message as the receiver must see it: DATA can't carry one without a final CRLF.
pub(crate) fn as_received(message: &[u8]) -> Vec<u8> {
    let mut whole = message.to_vec();
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        whole.extend_from_slice(b"\r\n");
    }
    whole
}
