//! AUTHENTICATE: carries the challenges and responses of SASL between peer and `admin`.
//!
//! Does not know any mechanism. Standards: RFC 5804 §2.1; RFC 4648 (Base64).

use super::reply::{Reply, string};
use super::wire::{Heard, Limits, Wire};
use super::words::Word;
use crate::admin::{Channel, NoLogin, Turn};
use crate::deliver::Env;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;

/// How an exchange ended.
pub(super) enum Ended {
    /// Who it is; say this.
    In(String, Reply),
    /// A wrong password; say this.
    Wrong(Reply),
    /// Nobody's fault, or the peer gave up; say this.
    Not(Reply),
    /// The connection is of no use any more.
    Lost(Heard),
}

/// Speaks until somebody has signed in or not.
///
/// # Errors
/// What the socket says.
pub(super) async fn exchange(
    mechanism: &str,
    initial: Option<Vec<u8>>,
    (wire, limits): (&mut Wire, Limits),
    channel: &Channel,
    env: &Env,
) -> io::Result<Ended> {
    let initial = match initial.map(|initial| decode(&initial)) {
        None => None,
        Some(Ok(initial)) => Some(initial),
        Some(Err(reply)) => return Ok(Ended::Not(reply)),
    };
    let (mut exchange, mut turn) = env.logins.begin(mechanism, initial, channel).await;
    loop {
        let challenge = match turn {
            Turn::Challenge(challenge) => challenge,
            Turn::Yes { user, last } => {
                let reply = Reply::ok("Signed in");
                let reply = match last {
                    Some(last) => reply.with_code_of("SASL", STANDARD.encode(last).as_bytes()),
                    None => reply,
                };
                return Ok(Ended::In(user, reply));
            }
            Turn::No(no) => return Ok(refusal(no, channel)),
        };
        let mut line = Vec::new();
        string(&mut line, STANDARD.encode(challenge).as_bytes());
        line.extend_from_slice(b"\r\n");
        wire.send(&line).await?;
        let response = match wire.hear(limits).await? {
            Heard::Words(words) => match words.as_slice() {
                [Word::Text(text)] if text != b"*" => decode(text),
                [Word::Text(_) | Word::Atom(_)] => Err(Reply::no("Given up, as you wish")),
                _ => Err(Reply::no("A response is one string")),
            },
            Heard::Fault(words) => Err(Reply::no(words)),
            lost @ (Heard::TooLarge | Heard::Lost(_) | Heard::Silent | Heard::Gone) => return Ok(Ended::Lost(lost)),
        };
        turn = match response {
            Ok(response) => exchange.answer(response).await,
            Err(reply) => return Ok(Ended::Not(reply)),
        };
    }
}

fn decode(text: &[u8]) -> Result<Vec<u8>, Reply> {
    // RFC 4422 §3.3 tells an empty initial response from none; some protocols write `=` for it.
    if text == b"=" {
        return Ok(Vec::new());
    }
    STANDARD.decode(text).map_err(|_| Reply::no("A response must be in Base64"))
}

fn refusal(no: NoLogin, channel: &Channel) -> Ended {
    let peer = channel.peer.ip();
    match no {
        NoLogin::Wrong => Ended::Wrong(Reply::no("Name or password is wrong")),
        NoLogin::Malformed => {
            Ended::Wrong(Reply::no("This is no response of that mechanism, or names another user to act for"))
        }
        NoLogin::Mechanism => Ended::Not(Reply::no("This mechanism is not offered")),
        NoLogin::TooMany => {
            tracing::warn!(%peer, "too many wrong passwords come from there");
            Ended::Wrong(Reply::no("Too many wrong passwords, wait some minutes").with_code("TRYLATER"))
        }
        NoLogin::Unreachable(why) => {
            tracing::error!(cause = why, "who signs in can't be asked");
            Ended::Not(Reply::no("Passwords can't be asked right now, try again later").with_code("TRYLATER"))
        }
    }
}
