//! Who may sign in: an exchange by SASL, relayed to Dovecot or settled by a passwd-file. In doubt nobody may.
//!
//! Does not know the protocol around it and reads no scripts; who a name is afterwards, `ask::users` says. Wrong answers
//! wait: all of them for the same time from their question on, so that nobody learns which names exist, and after some
//! of them the next question waits, too ([`guesses`]). Standards: RFC 4422 (SASL), RFC 4616 (PLAIN), RFC 5802 and
//! RFC 7677 (SCRAM-SHA-256), draft-murchison-sasl-login (LOGIN); Dovecot's authentication protocol.

mod dovecot;
mod guesses;
mod local;
mod md5_crypt;
mod passwords;
mod scheme;
mod scram;

use crate::config::LoginSources;
use crate::limits::{LOGIN_ANSWER_SECONDS, LOGIN_NO_MILLISECONDS};
use guesses::{Guesses, Slot};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until, timeout};

/// Where somebody signs in from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    pub encrypted: bool,
    /// The peer is a webmail, on this machine or known to the operator: it speaks for many people.
    pub many: bool,
}

/// What an exchange says to the last response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Ask the peer for another response.
    Challenge(Vec<u8>),
    /// The name that signed in, and what the mechanism still says with success.
    Yes {
        user: String,
        last: Option<Vec<u8>>,
    },
    No(No),
}

/// Why nobody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// Wrong name or password, or one that may not sign in from there.
    Wrong,
    /// The response is none of this mechanism's.
    Malformed,
    /// There is no such mechanism here.
    Mechanism,
    /// Too many wrong answers came from there.
    TooMany,
    /// Nobody can say now; the reason, for the log.
    Unreachable(String),
}

/// Who can be asked, and what was guessed; cheap to clone.
#[derive(Clone)]
pub struct Logins {
    source: Option<Arc<Source>>,
    guesses: Arc<Guesses>,
}

enum Source {
    Dovecot(dovecot::Dovecot),
    Local(local::Local),
}

/// One exchange under way.
pub struct Exchange {
    talk: Talk,
    slot: Slot,
    begun: Instant,
}

enum Talk {
    Dovecot(dovecot::Relay),
    Local(local::Talk),
    Over,
}

impl Logins {
    /// Opens nothing yet.
    pub fn new(sources: &LoginSources) -> Self {
        let dovecot = sources.dovecot_socket.clone().map(|path| Source::Dovecot(dovecot::Dovecot::new(path)));
        let local = sources.passwd_file.clone().map(|path| Source::Local(local::Local::new(path)));
        Self { source: dovecot.or(local).map(Arc::new), guesses: Arc::default() }
    }

    /// The same guesses under new settings.
    #[must_use]
    pub fn renewed(&self, sources: &LoginSources) -> Self {
        Self { guesses: Arc::clone(&self.guesses), ..Self::new(sources) }
    }

    /// The mechanisms that may be used on a channel that nobody can listen to; none where nobody can be asked.
    pub async fn mechanisms(&self) -> Vec<String> {
        let asked = async {
            match self.source.as_deref() {
                Some(Source::Dovecot(dovecot)) => dovecot.mechanisms().await,
                Some(Source::Local(local)) => local.mechanisms().await,
                None => Ok(Vec::new()),
            }
        };
        let known = timeout(Duration::from_secs(LOGIN_ANSWER_SECONDS), asked).await;
        known.unwrap_or_else(|_| Err("no answer".into())).unwrap_or_else(|why| {
            tracing::warn!(why, "nobody can sign in");
            Vec::new()
        })
    }

    /// Begins an exchange, with the initial response where the peer sent one. Waits where too much was guessed.
    pub async fn begin(&self, mechanism: &str, initial: Option<Vec<u8>>, channel: &Channel) -> (Exchange, Turn) {
        let mechanism = mechanism.to_ascii_uppercase();
        let name = local::named(&mechanism, initial.as_deref());
        let slot = self.guesses.slot(channel.peer.ip(), channel.many.then_some(name.as_str()));
        let over = |slot| Exchange { talk: Talk::Over, slot, begun: Instant::now() };
        let Some(wait) = slot.wait() else { return (over(slot), Turn::No(No::TooMany)) };
        sleep(wait).await;
        let begun = Instant::now();
        let begin = async {
            match self.source.as_deref() {
                Some(Source::Dovecot(dovecot)) => {
                    let (relay, turn) = dovecot.begin(&mechanism, initial, channel).await;
                    (relay.map_or(Talk::Over, Talk::Dovecot), turn)
                }
                Some(Source::Local(local)) => {
                    let (talk, turn) = local.begin(&mechanism, initial, channel).await;
                    (talk.map_or(Talk::Over, Talk::Local), turn)
                }
                None => (Talk::Over, Turn::No(No::Mechanism)),
            }
        };
        let late = |_| (Talk::Over, Turn::No(No::Unreachable(late())));
        let (talk, turn) = timeout(Duration::from_secs(LOGIN_ANSWER_SECONDS), begin).await.unwrap_or_else(late);
        let mut exchange = Exchange { talk, slot, begun };
        let turn = exchange.settle(turn).await;
        (exchange, turn)
    }
}

impl Exchange {
    /// Takes the response to a challenge.
    pub async fn answer(&mut self, response: Vec<u8>) -> Turn {
        // The time that the peer took is not the time of our answer.
        self.begun = Instant::now();
        let answer = async {
            match &mut self.talk {
                Talk::Dovecot(relay) => relay.answer(&response).await,
                Talk::Local(talk) => talk.answer(response).await,
                Talk::Over => Turn::No(No::Malformed),
            }
        };
        let late = |_| Turn::No(No::Unreachable(late()));
        let turn = timeout(Duration::from_secs(LOGIN_ANSWER_SECONDS), answer).await.unwrap_or_else(late);
        self.settle(turn).await
    }

    /// Remembers a wrong answer and holds it back.
    async fn settle(&mut self, turn: Turn) -> Turn {
        match &turn {
            Turn::Challenge(_) => return turn,
            Turn::Yes { .. } => self.slot.right(),
            Turn::No(No::Wrong) => {
                self.slot.wrong();
                sleep_until((self.begun + Duration::from_millis(LOGIN_NO_MILLISECONDS)).into()).await;
            }
            Turn::No(No::Malformed | No::Mechanism | No::TooMany | No::Unreachable(_)) => {}
        }
        self.talk = Talk::Over;
        turn
    }
}

fn late() -> String {
    format!("no answer within {LOGIN_ANSWER_SECONDS} s")
}
