//! Handing a message over to Postfix, by SMTP or by a sendmail command: accepted, not now, or never.
//!
//! One message for one address a time, under one deadline. Only a reply to the address or the message itself can be
//! *never*; that the server is away, greets us with an error or breaks the protocol is our trouble, and *not now*.
//! Does not queue and does not try again. Standards: RFC 5321 §2.3.8 and §4.5.2 (lines, dots), RFC 1870 (SIZE), RFC 6152
//! (8BITMIME), RFC 6531 (SMTPUTF8, only where an address needs it: a host beyond could not pass it on); sysexits.
//! *Deviation:* 8-bit messages go to a server without 8BITMIME as they are, because recoding would break signatures.

use crate::config::Settings;
use crate::limits::{DETAIL_BYTES_MAX, SUBMIT_REPLY_BYTES_MAX};
use crate::mail::{Address, clean};
use crate::plan::Unsent;
use smtp_proto::{Error, response::parser::ResponseReceiver};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

/// The way out of this machine.
#[derive(Clone, Debug)]
pub struct Submission {
    way: Way,
    host_name: String,
}

#[derive(Clone, Debug)]
enum Way {
    Smtp(SocketAddr),
    /// Program and words; sender and recipient are added.
    Sendmail(Vec<String>),
}

impl Submission {
    pub fn new(settings: &Settings) -> Self {
        let leaving = &settings.leaving;
        let way = match leaving.sendmail.is_empty() {
            true => Way::Smtp(leaving.submission),
            false => Way::Sendmail(leaving.sendmail.clone()),
        };
        Self { way, host_name: settings.server.host_name.clone() }
    }

    /// Hands over one message; an empty `from` is the null reverse-path.
    ///
    /// # Errors
    /// [`Unsent::Never`] where the server refuses the address or the message for good; [`Unsent::Later`] for all else.
    /// Where no answer came in time the server may have taken it.
    pub async fn hand_over(&self, from: &str, to: &str, message: &[u8], patience: Duration) -> Result<(), Unsent> {
        let from = if from.is_empty() { String::new() } else { path(from)? };
        let to = path(to)?;
        let work = async {
            match &self.way {
                Way::Smtp(server) => self.by_smtp(*server, &from, &to, message).await,
                Way::Sendmail(words) => by_sendmail(words, &from, &to, message).await,
            }
        };
        let late = || Err(Unsent::Later(format!("no answer within {} s", patience.as_secs())));
        timeout(patience, work).await.unwrap_or_else(|_| late())
    }

    async fn by_smtp(&self, server: SocketAddr, from: &str, to: &str, message: &[u8]) -> Result<(), Unsent> {
        let gone = |error: std::io::Error| Unsent::Later(format!("{server} can't be reached: {error}"));
        let stream = TcpStream::connect(server).await.map_err(gone)?;
        let mut talk = Talk { stream: BufReader::new(stream), server };
        talk.greeted().await?;
        let offers = talk.hello(&self.host_name).await?;
        let needs_utf8 = !from.is_ascii() || !to.is_ascii();
        if needs_utf8 && !offers.contains(&"SMTPUTF8".to_string()) {
            return Err(Unsent::Never(format!("{server} does not offer SMTPUTF8, which the address needs")));
        }
        let mut mail = format!("MAIL FROM:<{from}>");
        for (keyword, word, is_wanted) in [
            ("SIZE", format!(" SIZE={}", message.len()), true),
            ("8BITMIME", " BODY=8BITMIME".into(), !message.is_ascii()),
            ("SMTPUTF8", " SMTPUTF8".into(), needs_utf8),
        ] {
            if is_wanted && offers.iter().any(|offer| offer == keyword) {
                mail.push_str(&word);
            }
        }
        talk.command(&mail, 2).await?;
        talk.command(&format!("RCPT TO:<{to}>"), 2).await?;
        talk.command("DATA", 3).await?;
        talk.send(&on_the_wire(message)).await?;
        talk.answer("the message", 2).await?;
        // It is the server's now, whatever becomes of the goodbye.
        drop(talk.send(b"QUIT\r\n").await);
        Ok(())
    }
}

/// What stands between `<` and `>`.
fn path(address: &str) -> Result<String, Unsent> {
    match Address::parse(address) {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(Unsent::Never(format!("{:?} is no address", clean(address)))),
    }
}

/// One conversation.
struct Talk<S> {
    stream: BufReader<S>,
    server: SocketAddr,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    async fn greeted(&mut self) -> Result<(), Unsent> {
        self.answer("our connection", 2).await.map_err(not_now)
    }

    /// What the server offers, in upper case, without parameters.
    async fn hello(&mut self, host_name: &str) -> Result<Vec<String>, Unsent> {
        self.send(format!("EHLO {host_name}\r\n").as_bytes()).await?;
        let (code, text) = self.reply().await?;
        if code / 100 == 2 {
            let word = |line: &str| line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            return Ok(text.lines().skip(1).map(word).collect());
        }
        self.command(&format!("HELO {host_name}"), 2).await.map_err(not_now)?;
        Ok(Vec::new())
    }

    async fn command(&mut self, command: &str, class: u16) -> Result<(), Unsent> {
        self.send(format!("{command}\r\n").as_bytes()).await?;
        self.answer(command, class).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Unsent> {
        let stream = self.stream.get_mut();
        let sent = match stream.write_all(bytes).await {
            Ok(()) => stream.flush().await,
            Err(error) => Err(error),
        };
        sent.map_err(|error| self.lost(&error.to_string()))
    }

    /// Reads a reply and takes it for a yes where its first digit is `class`.
    async fn answer(&mut self, to_what: &str, class: u16) -> Result<(), Unsent> {
        let (code, text) = self.reply().await?;
        let words = || {
            let text: String = clean(&text.replace('\n', " ")).chars().take(DETAIL_BYTES_MAX).collect();
            format!("{} answered {code} {text} to {to_what}", self.server)
        };
        match code / 100 {
            is if is == class => Ok(()),
            5 => Err(Unsent::Never(words())),
            _ => Err(Unsent::Later(words())),
        }
    }

    /// Code and text of one reply, its lines parted by LF.
    async fn reply(&mut self) -> Result<(u16, String), Unsent> {
        let mut receiver = ResponseReceiver::default();
        let mut read = 0;
        loop {
            let (taken, result) = match self.stream.fill_buf().await {
                Ok([]) => return Err(self.lost("it closed the connection")),
                Ok(bytes) => {
                    let mut rest = bytes.iter();
                    let result = receiver.parse(&mut rest);
                    (bytes.len() - rest.len(), result)
                }
                Err(error) => return Err(self.lost(&error.to_string())),
            };
            self.stream.consume(taken);
            read += taken;
            match result {
                Ok(reply) => return Ok((reply.code, reply.message)),
                Err(Error::NeedsMoreData { .. }) if read <= SUBMIT_REPLY_BYTES_MAX => {}
                Err(error) => return Err(self.lost(&format!("its reply can't be read ({error:?})"))),
            }
        }
    }

    fn lost(&self, why: &str) -> Unsent {
        Unsent::Later(format!("{}: {why}", self.server))
    }
}

/// A refusal of us, not of the message.
fn not_now(unsent: Unsent) -> Unsent {
    match unsent {
        Unsent::Later(why) | Unsent::Never(why) => Unsent::Later(why),
    }
}

/// The message with its dots doubled (RFC 5321 §4.5.2) and the final dot. A bare LF becomes CRLF (§2.3.8): some servers
/// end a line there, and one with a dot alone would end the message.
fn on_the_wire(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 32 + 5);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

async fn by_sendmail(words: &[String], from: &str, to: &str, message: &[u8]) -> Result<(), Unsent> {
    let [program, words @ ..] = words else { return Err(Unsent::Later("sieve.sendmail is empty".into())) };
    let failed = |doing: &str, error: &std::io::Error| Unsent::Later(format!("{doing} {program}: {error}"));
    let mut command = Command::new(program);
    command.args(words).arg("-f").arg(if from.is_empty() { "<>" } else { from }).arg("--").arg(to);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| failed("starting", &error))?;
    let stdin = child.stdin.take();
    let write = async {
        // A program that does not read to the end says why by its exit code.
        if let Some(mut stdin) = stdin {
            drop(stdin.write_all(message).await);
        }
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    let output = output.map_err(|error| failed("waiting for", &error))?;
    let said: String = clean(String::from_utf8_lossy(&output.stderr).trim()).chars().take(DETAIL_BYTES_MAX).collect();
    match output.status.code() {
        Some(0) => Ok(()),
        // EX_DATAERR, EX_NOUSER, EX_NOHOST: it would say so again.
        Some(code @ (65 | 67 | 68)) => Err(Unsent::Never(format!("{program} ended with {code}: {said}"))),
        code => Err(Unsent::Later(format!("{program} ended with {code:?}: {said}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, DuplexStream};

    #[test]
    fn dots_are_doubled_and_every_line_ends_with_crlf() {
        for (message, want) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n..\r\na.\r\n", "..\r\n...\r\na.\r\n.\r\n"),
            ("a\n.\nMAIL FROM:<x>\n", "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
            ("a\rb\r\r\n", "a\rb\r\r\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&on_the_wire(message.as_bytes())), want, "{message:?}");
        }
    }

    #[test]
    fn only_what_is_an_address_gets_on_the_wire() {
        for bad in ["", "a\r\nRCPT TO:<b@c>", "a@b>\n", "a b@c d"] {
            assert!(matches!(path(bad), Err(Unsent::Never(_))), "{bad:?}");
        }
        assert_eq!(path("Anna@EXAMPLE.org"), Ok("Anna@example.org".to_string()));
    }

    /// A conversation with a server that says these lines at once.
    fn talk(said: &str) -> (Talk<DuplexStream>, DuplexStream, tokio::runtime::Runtime) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        runtime.block_on(theirs.write_all(said.as_bytes())).unwrap();
        (Talk { stream: BufReader::new(ours), server: "127.0.0.1:25".parse().unwrap() }, theirs, runtime)
    }

    #[test]
    fn replies_are_yes_not_now_or_never() {
        for (said, want) in [
            ("250 2.0.0 Ok\r\n", Some(true)),
            ("250-a\r\n250 b\r\n", Some(true)),
            ("451 4.3.0 later\r\n", Some(false)),
            ("354 go on\r\n", Some(false)),
            ("550 5.1.1 no\r\n", None),
            ("hello\r\n", Some(false)),
            ("25", Some(false)),
        ] {
            let (mut talk, theirs, runtime) = talk(said);
            drop(theirs);
            match (runtime.block_on(talk.answer("x", 2)), want) {
                (Ok(()), Some(true)) | (Err(Unsent::Later(_)), Some(false)) | (Err(Unsent::Never(_)), None) => {}
                (got, _) => panic!("{said:?}: {got:?}"),
            }
        }
        let (mut talk, theirs, runtime) = talk("554 5.7.1 we don't talk to you\r\n");
        assert!(matches!(runtime.block_on(talk.greeted()), Err(Unsent::Later(_))));
        drop(theirs);
    }

    #[test]
    fn offers_are_read_and_a_server_without_them_is_greeted_the_old_way() {
        let (mut talk, _theirs, runtime) = talk("250-mx\r\n250-8bitmime\r\n250-SIZE 100\r\n250 SMTPUTF8\r\n");
        assert_eq!(runtime.block_on(talk.hello("me")), Ok(["8BITMIME", "SIZE", "SMTPUTF8"].map(String::from).to_vec()));
        let (mut talk, mut theirs, runtime) = self::talk("502 what?\r\n250 mx\r\n");
        assert_eq!(runtime.block_on(talk.hello("me")), Ok(vec![]));
        let mut said = [0; 18];
        runtime.block_on(theirs.read_exact(&mut said)).unwrap();
        assert_eq!(&said, b"EHLO me\r\nHELO me\r\n");
    }

    #[test]
    fn a_sendmail_command_says_by_its_exit_code() {
        let place = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let file = place.path().join("out").display().to_string();
        for (code, want) in [(0, Some(true)), (75, Some(false)), (1, Some(false)), (67, None)] {
            let script = format!("echo \"$@\" > {file}; cat >> {file}; exit {code}");
            let words = ["/bin/sh", "-c", &script, "sh", "-oi"].map(String::from);
            match (runtime.block_on(by_sendmail(&words, "", "a@b", b"A: 1\r\n")), want) {
                (Ok(()), Some(true)) | (Err(Unsent::Later(_)), Some(false)) | (Err(Unsent::Never(_)), None) => {}
                (got, _) => panic!("{code}: {got:?}"),
            }
            assert_eq!(std::fs::read_to_string(&file).unwrap(), "-oi -f <> -- a@b\nA: 1\r\n");
        }
        let missing = ["/no/such/program".to_string()];
        assert!(matches!(runtime.block_on(by_sendmail(&missing, "", "a@b", b"")), Err(Unsent::Later(_))));
    }
}
