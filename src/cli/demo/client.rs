//! A small LMTP client for the demo: sends one letter, reads one answer per recipient.
//!
//! Only for our own server on loopback. Standard: RFC 2033.

use super::letters::Letter;
use std::io::{Error, Result};
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::UnixStream;

/// What one recipient was answered.
pub(super) struct Said {
    pub(super) rcpt: String,
    pub(super) accepted: bool,
    pub(super) reply: String,
}

pub(super) struct Client {
    stream: BufStream<UnixStream>,
}

impl Client {
    pub(super) async fn connect(socket: &Path) -> Result<Self> {
        let mut client = Self { stream: BufStream::new(UnixStream::connect(socket).await?) };
        client.reply().await?;
        client.ask("LHLO mx.demo.example").await?;
        Ok(client)
    }

    /// One transaction; an answer for each recipient of the letter.
    pub(super) async fn send(&mut self, letter: &Letter) -> Result<Vec<Said>> {
        self.ask("XFORWARD NAME=mx.sender.example ADDR=192.0.2.25 HELO=mx.sender.example IDENT=DEMO SOURCE=REMOTE")
            .await?;
        let from = self.ask(&format!("MAIL FROM:<{}> BODY=8BITMIME SIZE={}", letter.from, letter.size())).await?;
        let mut said = Vec::new();
        for rcpt in letter.to {
            let reply = if good(&from) { self.ask(&format!("RCPT TO:<{rcpt}>")).await? } else { from.clone() };
            said.push(Said { rcpt: (*rcpt).to_string(), accepted: good(&reply), reply });
        }
        if said.iter().any(|s| s.accepted) {
            self.ask("DATA").await?;
            self.stream.write_all(&stuffed(&letter.bytes)).await?;
            self.stream.write_all(b".\r\n").await?;
            self.stream.flush().await?;
            for said in said.iter_mut().filter(|s| s.accepted) {
                said.reply = self.reply().await?;
                said.accepted = good(&said.reply);
            }
        }
        self.ask("RSET").await?;
        Ok(said)
    }

    pub(super) async fn quit(&mut self) -> Result<()> {
        self.ask("QUIT").await.map(drop)
    }

    async fn ask(&mut self, line: &str) -> Result<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        self.reply().await
    }

    /// The last line of a reply.
    async fn reply(&mut self) -> Result<String> {
        loop {
            let mut line = String::new();
            (&mut self.stream).take(4096).read_line(&mut line).await?;
            if line.is_empty() {
                return Err(Error::other("the server closed the connection"));
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_string());
            }
        }
    }
}

fn good(reply: &str) -> bool {
    reply.starts_with('2')
}

/// RFC 5321 §4.5.2: a dot at the start of a line is doubled.
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}
