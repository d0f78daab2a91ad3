//! One ManageSieve connection: hears a command, lets `state.rs` decide, does what it says.
//!
//! Everything that needs the world stands here: sockets, the clock, logins, scripts. Commands are done one after the
//! other, pipelined ones too. Standards: RFC 5804 §1.1 (timer), §1.7 (capabilities), §2.

use super::acts::carry_out;
use super::command::parse;
use super::login::{Ended, exchange};
use super::reply::{Reply, Status};
use super::state::{Protection, State, Step};
use super::wire::{Heard, Limits, Pipe, Wire};
use crate::admin::Channel;
use crate::admin::scripts::{Editor, announced, signed_in};
use crate::deliver::Env;
use crate::limits::{SIEVE_COMMAND_BYTES_MAX, SIEVE_LOGIN_BYTES_MAX, SIEVE_LOGIN_SECONDS_MAX};
use crate::serve::Shared;
use crate::serve::listen::{Connection, Service, Stream};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// After [`SIEVE_LOGIN_SECONDS_MAX`].
const LATE: &str = "Nobody signed in, closing";

/// Talks to one peer until one of both ends it. `number` is the connection's, for the log.
pub(in crate::serve) async fn converse(connection: Connection, shared: Shared, service: Service, number: u64) {
    let session = format!("s{number}");
    match begin(connection, shared, service, &session).await {
        Ok(why) => tracing::debug!(session, why, "closed"),
        Err(error) => tracing::info!(session, error = %error, "connection lost"),
    }
}

async fn begin(connection: Connection, shared: Shared, service: Service, name: &str) -> io::Result<&'static str> {
    let Stream::Tcp(stream) = connection.stream else { return Ok("not TCP") };
    let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
    let mut wire = Wire::new(Box::new(stream) as Pipe);
    let env = shared.env();
    let settings = &env.settings.managesieve;
    let many = peer.ip().to_canonical().is_loopback() || settings.webmail_hosts.contains(&peer.ip().to_canonical());
    let Some(_guest) = shared.guests.take(peer.ip(), many) else {
        wire.say(&Reply::bye("Too many connections from your address").with_code("TRYLATER")).await?;
        wire.close().await?;
        return Ok("too many connections from there");
    };
    let here = settings.allow_clear_on_loopback && peer.ip().to_canonical().is_loopback();
    let mut protection = if here { Protection::Here } else { Protection::None };
    if service == Service::ManageSieveTls {
        let acceptor = shared.tls.acceptor(&env).await.map_err(io::Error::other)?;
        wire = wire.encrypt(&acceptor).await?;
        protection = Protection::Tls;
    }
    // A session of hours must not hold what a reload has replaced.
    drop(env);
    let deadline = Instant::now() + Duration::from_secs(SIEVE_LOGIN_SECONDS_MAX);
    let (channel, state) = (Channel { peer, local, encrypted: false, many }, State::new(protection));
    let mut talk = Talk { wire: Some(wire), shared, channel, state, editor: None, session: name.into(), deadline };
    talk.greet().await?;
    talk.run().await
}

struct Talk {
    /// `None` only while it turns to TLS.
    wire: Option<Wire>,
    shared: Shared,
    channel: Channel,
    state: State,
    /// Who has signed in.
    editor: Option<Editor>,
    session: String,
    /// By then somebody has signed in.
    deadline: Instant,
}

impl Talk {
    /// Returns why the connection ended, for the log.
    async fn run(&mut self) -> io::Result<&'static str> {
        loop {
            let step = match self.hear().await? {
                Heard::Words(words) if words.is_empty() => self.state.faulty("Line is empty"),
                Heard::Words(words) => self.state.decide(parse(words)),
                Heard::Fault(words) => self.state.faulty(words),
                Heard::TooLarge => Step::Say(Reply::no("Script is too large").with_code("QUOTA/MAXSIZE")),
                lost @ (Heard::Lost(_) | Heard::Silent | Heard::Gone) => return self.lost(lost).await,
            };
            let reply = match step {
                Step::Say(reply) | Step::Close(reply) if reply.status == Status::Bye => reply,
                Step::Close(reply) => return self.close(&reply, "by the peer").await,
                Step::Say(reply) => reply,
                Step::Capability => self.capabilities().await,
                Step::StartTls => {
                    self.start_tls().await?;
                    continue;
                }
                Step::Authenticate { mechanism, initial } => match self.authenticate(&mechanism, initial).await? {
                    Ok(reply) => reply,
                    Err(lost) => return self.lost(lost).await,
                },
                Step::Forget(reply) => {
                    self.editor = None;
                    self.deadline = Instant::now() + Duration::from_secs(SIEVE_LOGIN_SECONDS_MAX);
                    reply
                }
                Step::Act(act) => match &self.editor {
                    Some(editor) => carry_out(act, editor, &self.shared.env()).await,
                    None => Reply::no("Sign in first"),
                },
            };
            if reply.status == Status::Bye {
                return self.close(&reply, "by the protocol").await;
            }
            self.wire()?.say(&reply).await?;
        }
    }

    fn wire(&mut self) -> io::Result<&mut Wire> {
        self.wire.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// The next command, or what came instead: a stop and a late login are a BYE of ours.
    async fn hear(&mut self) -> io::Result<Heard> {
        let (limits, deadline) = (self.limits(), self.deadline);
        let signed_in = self.state.is_signed_in();
        // A peer that pipelines without end never lets a timer run.
        if !signed_in && Instant::now() >= deadline {
            return Ok(Heard::Lost(LATE));
        }
        let mut stop = self.shared.stop.clone();
        let wire = self.wire()?;
        tokio::select! {
            biased;
            () = stop.come() => Ok(Heard::Lost("Server is going down")),
            heard = async {
                if signed_in { Ok(wire.hear(limits).await) } else { timeout_at(deadline, wire.hear(limits)).await }
            } => heard.unwrap_or(Ok(Heard::Lost(LATE))),
        }
    }

    fn limits(&self) -> Limits {
        match self.state.is_signed_in() {
            true => Limits::signed_in(SIEVE_COMMAND_BYTES_MAX, self.shared.env().settings.managesieve.idle_seconds),
            false => Limits::stranger(SIEVE_LOGIN_BYTES_MAX),
        }
    }

    async fn lost(&mut self, why: Heard) -> io::Result<&'static str> {
        match why {
            Heard::Lost(words) => self.close(&Reply::bye(words), words).await,
            Heard::Silent => self.close(&Reply::bye("You were silent for too long"), "idle").await,
            Heard::TooLarge => self.close(&Reply::bye("Literal is too large"), "literal is too large").await,
            Heard::Gone | Heard::Words(_) | Heard::Fault(_) => Ok("by the peer"),
        }
    }

    async fn close(&mut self, reply: &Reply, why: &'static str) -> io::Result<&'static str> {
        let wire = self.wire()?;
        wire.say(reply).await?;
        wire.close().await?;
        Ok(why)
    }

    async fn greet(&mut self) -> io::Result<()> {
        let greeting = self.capabilities().await;
        let wire = self.wire()?;
        wire.say(&greeting).await?;
        wire.flush().await
    }

    /// RFC 5804 §1.7. SASL names mechanisms only where they may be used.
    async fn capabilities(&mut self) -> Reply {
        let env = self.shared.env();
        let mechanisms = match (self.state.protection(), self.state.is_signed_in()) {
            (Protection::None, _) => Vec::new(),
            (Protection::Here | Protection::Tls, _) => env.logins.mechanisms().await,
        };
        let extensions: Vec<&str> = announced().collect();
        let mut reply = Reply::ok(format!("{} is ready", env.settings.server.host_name))
            .line(&[b"IMPLEMENTATION", concat!("tamis ", env!("CARGO_PKG_VERSION")).as_bytes()], "")
            .line(&[b"SIEVE", extensions.join(" ").as_bytes()], "");
        if extensions.contains(&"enotify") {
            reply = reply.line(&[b"NOTIFY", b"mailto"], "");
        }
        reply = reply.line(&[b"SASL", mechanisms.join(" ").as_bytes()], "");
        if self.state.protection() != Protection::Tls {
            reply = reply.line(&[b"STARTTLS"], "");
        }
        reply = reply.line(&[b"UNAUTHENTICATE"], "");
        if let Some(editor) = &self.editor {
            reply = reply.line(&[b"OWNER", editor.mailbox.user.as_bytes()], "");
            reply = reply.line(&[b"MAXREDIRECTS", env.settings.sieve.redirects_max.to_string().as_bytes()], "");
        }
        reply.line(&[b"VERSION", b"1.0"], "")
    }

    /// RFC 5804 §2.2: OK in clear, then the capabilities again in TLS.
    async fn start_tls(&mut self) -> io::Result<()> {
        let env = self.shared.env();
        let acceptor = match self.shared.tls.acceptor(&env).await {
            Ok(acceptor) => acceptor,
            Err(why) => {
                tracing::error!(cause = why, "there is no certificate to show");
                return self.wire()?.say(&Reply::no("TLS is not available right now").with_code("TRYLATER")).await;
            }
        };
        let Some(mut wire) = self.wire.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        wire.say(&Reply::ok("Begin TLS now")).await?;
        wire.flush().await?;
        let encrypted = timeout_at(self.deadline, wire.encrypt(&acceptor)).await;
        self.wire = Some(encrypted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??);
        self.state.encrypted();
        self.greet().await
    }

    /// `Err`: the connection is of no use any more.
    async fn authenticate(&mut self, mechanism: &str, initial: Option<Vec<u8>>) -> io::Result<Result<Reply, Heard>> {
        let (env, limits) = (self.shared.env(), self.limits());
        let channel = Channel { encrypted: self.state.protection() == Protection::Tls, ..self.channel };
        let deadline = self.deadline;
        let talk = exchange(mechanism, initial, (self.wire()?, limits), &channel, &env);
        let Ok(ended) = timeout_at(deadline, talk).await else {
            return Ok(Err(Heard::Lost(LATE)));
        };
        let peer = self.channel.peer.ip();
        Ok(match ended? {
            Ended::Lost(why) => Err(why),
            Ended::Not(reply) => Ok(reply),
            Ended::Wrong(reply) => {
                tracing::info!(session = self.session, %peer, mechanism, "wrong name or password");
                let last = self.state.refused();
                Ok(if last { Reply::bye("Too many wrong passwords") } else { reply })
            }
            Ended::In(user, reply) => Ok(self.enter(user, reply, &env).await),
        })
    }

    /// Who signed in must have a mailbox.
    async fn enter(&mut self, user: String, reply: Reply, env: &Arc<Env>) -> Reply {
        let peer = self.channel.peer.ip();
        match signed_in(&user, env).await {
            Ok(mailbox) => {
                tracing::info!(session = self.session, %peer, user, "signed in");
                self.state.signed_in();
                self.editor = Some(Editor { mailbox, who: format!("{user} from {peer}") });
                reply
            }
            Err(refusal) => {
                tracing::error!(session = self.session, user, cause = refusal.cause, "signed in, but has no mailbox");
                Reply::no("You have no mailbox here")
            }
        }
    }
}
