//! clamd, the antivirus server: the whole message over a Unix socket or TCP, one answer, in time or not at all.
//!
//! What is no plain *OK* or *FOUND* is [`Said::NotScanned`] or [`Said::TooLarge`] with the reason, never clean. A message larger than clamd
//! takes is not sent. While clamd is away it is asked now and then only, so that its absence does not cost each message
//! the whole wait. Does not decide what becomes of a message that was not scanned. Standards: clamd(8), INSTREAM.

mod health;
mod reply;
mod wire;

use crate::config::{ClamdDoor, ClamdSettings};
use crate::limits::{CLAMD_PING_SECONDS, CLAMD_SHOWN_BYTES_MAX, CLAMD_STREAM_BLOCK_BYTES};
use crate::mail::clean;
use clamav_client::PONG;
use clamav_client::tokio::{Socket, Tcp, get_version, ping, scan_buffer};
use health::{Health, Turn};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wire::Bounded;

/// What clamd said of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing was found.
    Clean,
    /// The name of what was found, in printable ASCII.
    Found(String),
    /// Why there is no answer; foreign text in it is printable ASCII.
    NotScanned(String),
    /// The same, where it would be so again: the message is beyond what clamd takes.
    TooLarge(String),
}

/// The way to clamd; cheap to clone. All clones share connections and what is known of clamd's health.
#[derive(Clone)]
pub struct Clamd {
    inner: Arc<Inner>,
}

struct Inner {
    settings: ClamdSettings,
    /// One for each connection, in the order in which they were asked for.
    turns: Semaphore,
    health: Health,
}

impl Clamd {
    /// Asks nothing yet.
    pub fn new(settings: &ClamdSettings) -> Self {
        let turns = Semaphore::new(settings.connections.max(1));
        Self { inner: Arc::new(Inner { settings: settings.clone(), turns, health: Health::default() }) }
    }

    /// The way under these settings: this one where nothing differs.
    pub fn renewed(&self, settings: &ClamdSettings) -> Self {
        if *settings == self.inner.settings { self.clone() } else { Self::new(settings) }
    }

    /// Asks about one message; `None` where no clamd is set. Takes `clamd.seconds` at most.
    pub async fn scan(&self, message: &[u8]) -> Option<Said> {
        let settings = &self.inner.settings;
        let door = settings.door()?;
        if message.len() as u64 > settings.stream_bytes_max {
            let (bytes, most) = (message.len(), settings.stream_bytes_max);
            return Some(Said::TooLarge(format!("{bytes} octets, and clamd takes {most} at most")));
        }
        let work = async {
            // Never closed; an error can't come.
            let _turn = self.inner.turns.acquire().await.map_err(io::Error::other)?;
            self.go(&door).await?;
            scan_by(&door, message).await
        };
        let answer = timeout(Duration::from_secs(settings.seconds), work).await;
        let said = match answer {
            Ok(Ok(reply)) => reply::read(&reply),
            Ok(Err(error)) => Err(words_of(&error)),
            Err(_) => Err(format!("no answer within {} s", settings.seconds)),
        };
        match said {
            Ok(said) => {
                self.inner.health.answered();
                Some(said)
            }
            Err(why) => {
                self.inner.health.failed(&why);
                Some(Said::NotScanned(why))
            }
        }
    }

    /// May clamd be asked now? After failures in a row it must first answer a short question.
    async fn go(&self, door: &ClamdDoor) -> io::Result<()> {
        match self.inner.health.turn() {
            Turn::Ask => Ok(()),
            Turn::Ping => match within(CLAMD_PING_SECONDS, ping_by(door)).await? {
                // It lives: what it was too slow for was the fault of those messages.
                answer if answer == PONG => {
                    self.inner.health.answered();
                    Ok(())
                }
                _ => Err(io::Error::other("it does not answer PING")),
            },
            Turn::Wait(why) => Err(io::Error::other(format!("it was away a moment ago: {why}"))),
        }
    }

    /// What clamd says of its version and its signatures; `None` where no clamd is set.
    pub async fn version(&self) -> Option<Result<Version, String>> {
        let door = self.inner.settings.door()?;
        let answer = within(CLAMD_PING_SECONDS, version_by(&door)).await;
        Some(match answer {
            Ok(reply) => match reply.strip_suffix(b"\0").filter(|text| text.starts_with(b"ClamAV")) {
                Some(text) => Ok(Version(shown(text))),
                None => Err(format!("{door}: it answers {:?}", shown(&reply))),
            },
            Err(error) => Err(format!("{door}: {}", words_of(&error))),
        })
    }
}

/// Program and signatures of a clamd, in its own words: `ClamAV 1.4.6/27815/Mon Nov 17 08:28:34 2025`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// Days since its signatures were made; `None` where it has none of ClamAV's own.
    pub fn signatures_days(&self, now: i64) -> Option<i64> {
        let date = self.0.split('/').nth(2)?;
        let made = DateTime::strptime("%a %b %e %H:%M:%S %Y", date).ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some((now - made.timestamp().as_second()) / 86_400)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

async fn scan_by(door: &ClamdDoor, message: &[u8]) -> io::Result<Vec<u8>> {
    let block = Some(CLAMD_STREAM_BLOCK_BYTES);
    match door {
        ClamdDoor::Socket(socket_path) => scan_buffer(message, Bounded(Socket { socket_path }), block).await,
        ClamdDoor::Tcp(host_address) => scan_buffer(message, Bounded(Tcp { host_address }), block).await,
    }
}

async fn ping_by(door: &ClamdDoor) -> io::Result<Vec<u8>> {
    match door {
        ClamdDoor::Socket(socket_path) => ping(Bounded(Socket { socket_path })).await,
        ClamdDoor::Tcp(host_address) => ping(Bounded(Tcp { host_address })).await,
    }
}

async fn version_by(door: &ClamdDoor) -> io::Result<Vec<u8>> {
    match door {
        ClamdDoor::Socket(socket_path) => get_version(Bounded(Socket { socket_path })).await,
        ClamdDoor::Tcp(host_address) => get_version(Bounded(Tcp { host_address })).await,
    }
}

async fn within<T>(seconds: u64, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || Err(io::Error::other(format!("no answer within {seconds} s")));
    timeout(Duration::from_secs(seconds), work).await.unwrap_or_else(|_| late())
}

fn words_of(error: &io::Error) -> String {
    shown(error.to_string().as_bytes())
}

/// Foreign text for a person: printable ASCII, short.
fn shown(text: &[u8]) -> String {
    let text = text.get(..CLAMD_SHOWN_BYTES_MAX).unwrap_or(text);
    clean(String::from_utf8_lossy(text).trim())
}

#[cfg(test)]
mod tests;
