//! Signing in through a running Dovecot, by its `auth-client` socket: every mechanism that it offers is relayed.
//!
//! Each exchange has a connection of its own, so that one that hangs holds up no other. Left out are mechanisms that
//! need what we can't give it: ANONYMOUS, EXTERNAL (no client certificates) and those with channel binding. Standards:
//! Dovecot 2.3 *authentication protocol*, client part: `VERSION`, `CPID`, `MECH`, `DONE`, `AUTH`, `CONT`, `OK`, `FAIL`.

use super::{Channel, No, Turn};
use crate::ask::users::escaped::{escape, unescape};
use crate::limits::{LOGIN_MECHANISMS_SECONDS, USER_REPLY_BYTES_MAX};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// Major and minor version of the protocol that we speak.
const VERSION: (&str, &str) = ("1", "2");
/// What a client can't do for Dovecot.
const LEFT_OUT: [&str; 2] = ["ANONYMOUS", "EXTERNAL"];
/// The numbers by which clients name themselves must differ from the process numbers of Dovecot's own, which Linux ends
/// at 2^22.
static NEXT_CLIENT: AtomicU32 = AtomicU32::new(0);

/// The socket, and what it offered lately.
pub(super) struct Dovecot {
    path: PathBuf,
    offered: Mutex<Option<(Instant, Vec<String>)>>,
}

/// One exchange under way.
pub(super) struct Relay {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl Dovecot {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, offered: Mutex::default() }
    }

    pub(super) async fn mechanisms(&self) -> Result<Vec<String>, String> {
        let fresh = Duration::from_secs(LOGIN_MECHANISMS_SECONDS);
        let known = self.offered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, mechanisms)) = known.filter(|(at, _)| at.elapsed() < fresh) {
            return Ok(mechanisms);
        }
        let (_, mechanisms) = self.connect().await.map_err(|error| in_words(&self.path, &error))?;
        *self.offered.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), mechanisms.clone()));
        Ok(mechanisms)
    }

    pub(super) async fn begin(
        &self,
        mechanism: &str,
        initial: Option<Vec<u8>>,
        channel: &Channel,
    ) -> (Option<Relay>, Turn) {
        let unreachable = |error: io::Error| (None, Turn::No(No::Unreachable(in_words(&self.path, &error))));
        let (relay, offered) = match self.connect().await {
            Ok(connected) => connected,
            Err(error) => return unreachable(error),
        };
        if !offered.iter().any(|name| name == mechanism) {
            return (None, Turn::No(No::Mechanism));
        }
        let mut relay = relay;
        let turn = relay.ask(&question(mechanism, initial.as_deref(), channel)).await;
        (Some(relay), turn)
    }

    async fn connect(&self) -> io::Result<(Relay, Vec<String>)> {
        let stream = BufReader::new(UnixStream::connect(&self.path).await?);
        let mut relay = Relay { stream, path: self.path.clone() };
        let number =
            (1 << 30) | (std::process::id() & 0x3fff) << 16 | NEXT_CLIENT.fetch_add(1, Ordering::Relaxed) & 0xffff;
        let hello = format!("VERSION\t{}\t{}\nCPID\t{number}\n", VERSION.0, VERSION.1);
        relay.stream.write_all(hello.as_bytes()).await?;
        let mut mechanisms = Vec::new();
        loop {
            let line = relay.read_line().await?;
            let mut fields = line.split('\t');
            match (fields.next(), fields.next()) {
                (Some("VERSION"), Some(major)) if major != VERSION.0 => {
                    return Err(io::Error::other(format!("speaks version {} of the protocol", major.escape_debug())));
                }
                (Some("MECH"), Some(name)) => mechanisms.extend(offer(name)),
                (Some("DONE"), _) => return Ok((relay, mechanisms)),
                _ => {}
            }
        }
    }
}

/// A mechanism that we can relay, in capitals.
fn offer(name: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && name.len() <= 20;
    (plain && !LEFT_OUT.contains(&name.as_str()) && !name.ends_with("-PLUS")).then_some(name)
}

/// `resp` must come last.
fn question(mechanism: &str, initial: Option<&[u8]>, channel: &Channel) -> String {
    // Whoever gets here without TLS is on this machine, and the operator allowed it.
    let mut line = format!(
        "AUTH\t1\t{}\tservice=sieve\tsecured\tlip={}\trip={}\tlport={}\trport={}",
        escape(mechanism),
        channel.local.ip().to_canonical(),
        channel.peer.ip().to_canonical(),
        channel.local.port(),
        channel.peer.port(),
    );
    if let Some(initial) = initial {
        line.push_str("\tresp=");
        line.push_str(&STANDARD.encode(initial));
    }
    line.push('\n');
    line
}

impl Relay {
    pub(super) async fn answer(&mut self, response: &[u8]) -> Turn {
        self.ask(&format!("CONT\t1\t{}\n", STANDARD.encode(response))).await
    }

    async fn ask(&mut self, line: &str) -> Turn {
        let turn = async {
            self.stream.write_all(line.as_bytes()).await?;
            loop {
                if let Some(turn) = turn_of(&self.read_line().await?)? {
                    return Ok(turn);
                }
            }
        };
        let turn: io::Result<Turn> = turn.await;
        turn.unwrap_or_else(|error| Turn::No(No::Unreachable(in_words(&self.path, &error))))
    }

    async fn read_line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        (&mut self.stream).take(USER_REPLY_BYTES_MAX as u64).read_until(b'\n', &mut line).await?;
        match line.pop() {
            Some(b'\n') => String::from_utf8(line).map_err(io::Error::other),
            Some(_) if line.len() + 1 >= USER_REPLY_BYTES_MAX => Err(io::Error::other("a line is too long")),
            Some(_) | None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// What a line says to our question; `None` where it is none of its answers.
fn turn_of(line: &str) -> io::Result<Option<Turn>> {
    let mut fields = line.split('\t');
    let (kind, number) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    if number != "1" {
        return Ok(None);
    }
    let fields: Vec<&str> = fields.collect();
    let value = |name: &str| {
        fields.iter().filter_map(|field| field.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| unescape(v))
    };
    let has = |names: &[&str]| fields.iter().any(|field| names.contains(&field.split('=').next().unwrap_or_default()));
    Ok(match kind {
        "CONT" => {
            let challenge = STANDARD.decode(fields.first().copied().unwrap_or_default());
            Some(Turn::Challenge(challenge.map_err(io::Error::other)?))
        }
        // Somebody else's users are not here, and who may not sign in to Dovecot may not here.
        "OK" if has(&["nologin", "proxy"]) => Some(Turn::No(No::Wrong)),
        "OK" => match value("user").filter(|user| !user.is_empty()) {
            Some(user) => {
                let last = value("resp").map(|last| STANDARD.decode(last)).transpose().map_err(io::Error::other)?;
                Some(Turn::Yes { user, last })
            }
            None => Some(Turn::No(No::Unreachable("Dovecot named no user".into()))),
        },
        "FAIL" if has(&["temp"]) => Some(Turn::No(No::Unreachable("Dovecot can't say now; see its log".into()))),
        "FAIL" => Some(Turn::No(No::Wrong)),
        _ => None,
    })
}

fn in_words(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_dovecot_sends_them() {
        for (line, want) in [
            ("OK\t1\tuser=anna@x\toriginal_user=Anna@x", "yes anna@x None"),
            ("OK\t1\tuser=a\u{1}tb\tresp=dj1h", "yes a\tb Some([118, 61, 97])"),
            ("OK\t1\tuser=anna\tnologin", "Wrong"),
            ("OK\t1\tuser=anna\tproxy=y\thost=x", "Wrong"),
            ("OK\t1", "Unreachable(\"Dovecot named no user\")"),
            ("FAIL\t1\tuser=anna", "Wrong"),
            ("FAIL\t1\tuser=anna\ttemp", "Unreachable(\"Dovecot can't say now; see its log\")"),
            ("FAIL\t1\tuser=anna\tcode=temp_fail", "Wrong"),
            ("CONT\t1\tQUJD", "challenge [65, 66, 67]"),
            ("CONT\t1\t", "challenge []"),
            ("OK\t2\tuser=ben", "-"),
            ("SPID\t77", "-"),
        ] {
            let said = match turn_of(line).unwrap() {
                Some(Turn::Yes { user, last }) => format!("yes {user} {last:?}"),
                Some(Turn::No(no)) => format!("{no:?}"),
                Some(Turn::Challenge(challenge)) => format!("challenge {challenge:?}"),
                None => "-".into(),
            };
            assert_eq!(said, want, "{line}");
        }
        assert!(turn_of("CONT\t1\t%").is_err());
    }

    #[test]
    fn what_we_cannot_relay_is_not_offered() {
        let offered: Vec<String> =
            ["plain", "LOGIN", "ANONYMOUS", "EXTERNAL", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "A B", "X\"Y"]
                .iter()
                .filter_map(|name| offer(name))
                .collect();
        assert_eq!(offered, ["PLAIN", "LOGIN", "SCRAM-SHA-256"]);
    }

    #[test]
    fn the_response_comes_last_and_nothing_breaks_its_field() {
        let channel = Channel {
            peer: "[::ffff:192.0.2.7]:99".parse().unwrap(),
            local: "[::1]:4190".parse().unwrap(),
            encrypted: true,
            many: false,
        };
        let line = question("A\tB", Some(b"\0a\0b"), &channel);
        assert_eq!(
            line,
            "AUTH\t1\tA\u{1}tB\tservice=sieve\tsecured\tlip=::1\trip=192.0.2.7\tlport=4190\trport=99\tresp=AGEAYg==\n"
        );
    }
}
