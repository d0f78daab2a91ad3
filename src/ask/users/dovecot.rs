//! Users of a running Dovecot, by its `auth-userdb` socket.
//!
//! Knows the lines that a look-up needs and passes over all others; never signs anybody in. A few connections are
//! kept for a minute; one that broke while idle (Dovecot was restarted) is replaced once. Standards: Dovecot 2.3 *authentication
//! protocol*, master part: `VERSION`, `SPID`, `USER`, `NOTFOUND`, `FAIL`.

use super::Found;
use super::escaped::{escape, unescape};
use super::record::Record;
use crate::limits::{USER_CONNECTION_SECONDS, USER_CONNECTIONS_MAX, USER_REPLY_BYTES_MAX};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

/// Major and minor version of the protocol that we speak. Another major one is refused by both sides.
const VERSION: (&str, &str) = ("1", "0");

/// A user database and its idle connections.
pub(super) struct Dovecot {
    path: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

struct Connection {
    stream: BufReader<UnixStream>,
    /// The number of the last question; answers carry it.
    question: u32,
    opened: Instant,
}

impl Dovecot {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, turns: Semaphore::new(USER_CONNECTIONS_MAX), idle: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for a name such as `anna@example.org`. The caller sets the deadline; a question that is given up takes its
    /// connection with it.
    pub(super) async fn find(&self, name: &str) -> Found {
        self.look_up(name).await.unwrap_or_else(|error| Found::Unreachable(format!("{}: {error}", self.path.display())))
    }

    async fn look_up(&self, name: &str) -> io::Result<Found> {
        let _turn = self.turns.acquire().await.map_err(io::Error::other)?;
        if let Some(mut connection) = self.take()
            && let Ok(found) = connection.ask(name).await
        {
            self.keep(connection);
            return Ok(found);
        }
        let mut connection = Connection::open(&self.path).await?;
        let found = connection.ask(name).await?;
        self.keep(connection);
        Ok(found)
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| connection.opened.elapsed() < Duration::from_secs(USER_CONNECTION_SECONDS));
        idle.pop()
    }

    fn keep(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

impl Connection {
    async fn open(path: &Path) -> io::Result<Self> {
        let mut stream = BufReader::new(UnixStream::connect(path).await?);
        stream.write_all(format!("VERSION\t{}\t{}\n", VERSION.0, VERSION.1).as_bytes()).await?;
        Ok(Self { stream, question: 0, opened: Instant::now() })
    }

    async fn ask(&mut self, name: &str) -> io::Result<Found> {
        self.question = self.question.wrapping_add(1);
        let question = format!("USER\t{}\t{}\tservice=lmtp\n", self.question, escape(name));
        self.stream.write_all(question.as_bytes()).await?;
        loop {
            let line = self.read_line().await?;
            if let Some(found) = answer_of(&line, self.question)? {
                return Ok(found);
            }
        }
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

/// What a line says to the question of that number; `None` where it is none of its answers.
fn answer_of(line: &str, question: u32) -> io::Result<Option<Found>> {
    let mut fields = line.split('\t');
    let kind = fields.next().unwrap_or_default();
    let number = fields.next().unwrap_or_default();
    if kind == "VERSION" && number != VERSION.0 {
        return Err(io::Error::other(format!("speaks version {} of the protocol", number.escape_debug())));
    }
    if number.parse() != Ok(question) {
        return Ok(None);
    }
    Ok(match kind {
        "NOTFOUND" => Some(Found::Unknown),
        "USER" => Some(Found::Known(record_of(fields))),
        "FAIL" => {
            let reason = fields.find_map(|field| field.strip_prefix("reason=").map(unescape));
            let reason = reason.map_or_else(|| "see its log".into(), |reason| reason.escape_debug().to_string());
            Some(Found::Unreachable(format!("Dovecot can't look up users: {reason}")))
        }
        // Of the handshake, or newer than we.
        _ => None,
    })
}

fn record_of<'a>(mut fields: impl Iterator<Item = &'a str>) -> Record {
    let mut record = Record::named(&unescape(fields.next().unwrap_or_default()));
    for (name, value) in fields.filter_map(|field| field.split_once('=')) {
        record.set(name, &unescape(value));
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    fn short(found: &Found) -> String {
        match found {
            Found::Known(record) => {
                format!("{} {:?} {:?} {:?}", record.user, record.home, record.uid, record.quota.bytes)
            }
            Found::Unknown => "no".into(),
            Found::Unreachable(why) => why.clone(),
        }
    }

    #[test]
    fn lines_are_read_as_dovecot_sends_them() {
        for (line, want) in [
            ("VERSION\t1\t2", None),
            ("SPID\t7", None),
            ("NOTFOUND\t7", Some("no")),
            ("NOTFOUND\t6", None),
            (
                "USER\t7\tanna\tuid=8\thome=/h\u{1}t\tnologin\tquota_rule=*:bytes=5",
                Some("anna Some(\"/h\\t\") Some(8) Some(5)"),
            ),
            ("USER\t7\tben", Some("ben None None None")),
            ("FAIL\t7\treason=down\u{1}n", Some("Dovecot can't look up users: down\\n")),
            ("FAIL\t7", Some("Dovecot can't look up users: see its log")),
            ("SOMETHING\t7", None),
            ("", None),
        ] {
            let found = answer_of(line, 7).unwrap();
            assert_eq!(found.as_ref().map(short).as_deref(), want, "{line}");
        }
        assert!(answer_of("VERSION\t2\t0", 7).is_err());
    }

    /// Serves one connection after another, each with the given lines for one question each, then closes it.
    fn serve(path: &Path, connections: Vec<Vec<&'static str>>) {
        let listener = UnixListener::bind(path).unwrap();
        tokio::spawn(async move {
            for answers in connections {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                stream.write_all(b"VERSION\t1\t1\nSPID\t9\n").await.unwrap();
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                for answer in answers {
                    line.clear();
                    stream.read_line(&mut line).await.unwrap();
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
    }

    #[tokio::test]
    async fn a_broken_connection_is_replaced_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        serve(&path, vec![vec!["USER\t1\ta\n", "NOTFOUND\t2\n"], vec!["NOTFOUND\t1\n"], vec![""]]);
        let dovecot = Dovecot::new(path);
        assert_eq!(short(&dovecot.find("a").await), "a None None None");
        assert_eq!(short(&dovecot.find("b").await), "no");
        // The first connection is closed by now or will be: the second answers.
        assert_eq!(short(&dovecot.find("c").await), "no");
        assert!(short(&dovecot.find("d").await).contains("unexpected end of file"));
    }

    #[tokio::test]
    async fn an_endless_line_is_not_read_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let long: &'static str = Box::leak("x".repeat(USER_REPLY_BYTES_MAX * 2).into_boxed_str());
        serve(&path, vec![vec![long]]);
        assert!(short(&Dovecot::new(path).find("a").await).contains("too long"));
    }
}
