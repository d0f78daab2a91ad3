//! One LMTP connection: hears a line, lets `state.rs` decide, does what it says.
//!
//! Everything that needs the world stands here: sockets, the clock, the delivery. Replies are gathered while the peer
//! pipelines and sent before we wait for it; after the final dot each is sent as soon as it is known (RFC 2033 §4.2).
//! Standards: RFC 2033, RFC 2920 §3.2.

use super::answer::{Answers, guard, guard_future};
use super::command::{self, Command, Fault, MailFrom};
use super::receive::{Limits, Received, receive};
use super::reply::{self, Reply, Whose};
use super::state::{State, Step, Trust};
use crate::deliver::{self, Env, Mail};
use crate::mail::{self, Address, ClientSource};
use crate::plan::Rcpt;
use crate::refusal::{Kind, Refusal};
use crate::serve::Shared;
use crate::serve::budget::Lease;
use crate::serve::line::{Input, Line};
use crate::serve::listen::{Connection, Peer};
use crate::serve::output::Output;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Talks to one peer until one of both ends it. `number` is the connection's, for the log.
pub(in crate::serve) async fn converse(connection: Connection, shared: Shared, number: u64) {
    let mut talk = Talk::new(connection, shared, number);
    match talk.run().await {
        Ok(why) => tracing::debug!(session = %format_args!("s{number}"), why, "closed"),
        Err(error) => tracing::info!(session = %format_args!("s{number}"), error = %error, "connection lost"),
    }
}

/// What came instead of a line, or the line.
enum Heard {
    Line(Result<Command, Fault>),
    /// Close; say this first.
    Close(Option<Reply>, &'static str),
}

struct Talk {
    input: Input,
    output: Output,
    peer: Peer,
    shared: Shared,
    env: Arc<Env>,
    state: State,
    number: u64,
    transactions: u64,
    /// The envelope of the open transaction.
    session: mail::Session,
    /// Its accepted recipients, in the order of their RCPT.
    rcpts: Vec<Rcpt>,
}

impl Talk {
    fn new(connection: Connection, shared: Shared, number: u64) -> Self {
        let env = shared.env();
        let lmtp = &env.settings.lmtp;
        let trust = trust(&connection.peer, &env);
        let state = State::new(&env.settings.server.host_name, lmtp.message_bytes_max, trust);
        let (reader, writer) = connection.stream.split();
        let output = Output::new(writer, Duration::from_secs(lmtp.idle_seconds));
        Self {
            input: Input::new(reader),
            output,
            peer: connection.peer,
            state,
            number,
            transactions: 0,
            session: mail::Session::default(),
            rcpts: Vec::new(),
            env,
            shared,
        }
    }

    /// Returns why the connection ended, for the log.
    async fn run(&mut self) -> io::Result<&'static str> {
        let greeting = Reply::greeting(&self.env.settings.server.host_name);
        self.say(&greeting).await?;
        loop {
            let line = match self.hear().await? {
                Heard::Line(line) => line,
                Heard::Close(None, why) => return Ok(why),
                Heard::Close(Some(reply), why) => return self.close(&reply, why).await,
            };
            self.renew();
            match self.state.decide(line) {
                Step::Say(reply) => self.say(&reply).await?,
                Step::Begin(mail, reply) => {
                    self.begin(&mail);
                    let reply = self.with_room_for(&mail).unwrap_or(reply);
                    self.say(&reply).await?;
                }
                Step::LookUp(address) => {
                    let reply = self.look_up(address).await;
                    self.say(&reply).await?;
                }
                Step::RefuseMail(mail, refusal, reply) => {
                    self.begin(&mail);
                    self.note(None, &refusal);
                    self.say(&reply).await?;
                }
                Step::Refuse(address, refusal, reply) => {
                    self.note(Some(&address), &refusal);
                    self.say(&reply).await?;
                }
                Step::Receive => {
                    if let Some(why) = self.receive().await? {
                        return Ok(why);
                    }
                    self.state.transaction_ended();
                }
                Step::Close(reply) => return self.close(&reply, "by the protocol").await,
            }
        }
    }

    /// Between transactions the settings of the last reload are taken.
    fn renew(&mut self) {
        if self.state.transaction().is_none() {
            self.env = self.shared.env();
            let settings = &self.env.settings;
            let trust = trust(&self.peer, &self.env);
            self.state.renew(&settings.server.host_name, settings.lmtp.message_bytes_max, trust);
        }
    }

    async fn hear(&mut self) -> io::Result<Heard> {
        if self.shared.stop.is_here() {
            return Ok(self.stopping());
        }
        if let Some(line) = self.input.buffered_line() {
            return Ok(Heard::Line(read(line)));
        }
        self.output.flush().await?;
        let patience = Duration::from_secs(self.env.settings.lmtp.idle_seconds);
        tokio::select! {
            biased;
            line = timeout(patience, self.input.line()) => match line {
                Ok(Ok(Some(line))) => Ok(Heard::Line(read(line))),
                Ok(Ok(None)) => Ok(Heard::Close(None, "by the peer")),
                Ok(Err(error)) => Err(error),
                Err(_) => Ok(Heard::Close(Some(reply::IDLE), "idle")),
            },
            () = self.shared.stop.come() => Ok(self.stopping()),
        }
    }

    /// 421 may only be said between transactions: inside of one Postfix would take it for a recipient's answer.
    fn stopping(&self) -> Heard {
        let reply = self.state.transaction().is_none().then_some(reply::STOPPING);
        Heard::Close(reply, "server is going down")
    }

    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        reply.write(self.output.pending());
        self.output.flush_if_large().await
    }

    async fn close(&mut self, reply: &Reply, why: &'static str) -> io::Result<&'static str> {
        reply.write(self.output.pending());
        self.output.close().await?;
        Ok(why)
    }

    /// MAIL: a fresh envelope.
    fn begin(&mut self, mail: &MailFrom) {
        self.transactions += 1;
        self.rcpts = Vec::new();
        let forwarded = self.state.forwarded();
        self.session = mail::Session {
            reverse_path: mail.reverse_path.clone(),
            client: forwarded.client().clone(),
            queue_id: forwarded.queue_id().map(str::to_string),
            // RFC 6531 §4.3 names the protocol that takes addresses in UTF-8.
            protocol: if mail.smtputf8 { "UTF8LMTP" } else { "LMTP" }.to_string(),
            lhlo: self.state.lhlo().to_string(),
            received_at: deliver::now(),
            foreign_verdict: None,
            id: format!("s{}.{}", self.number, self.transactions),
        };
    }

    /// The refusal where the disk is too full for what is announced; the transaction is over then.
    fn with_room_for(&mut self, mail: &MailFrom) -> Option<Reply> {
        let refusal = deliver::has_room(mail.size.unwrap_or_default(), &self.env).err()?;
        self.note(None, &refusal);
        self.state.transaction_ended();
        Some(Reply::of(&refusal))
    }

    /// RCPT: who is it, and does the domain take a message of the announced size?
    async fn look_up(&mut self, address: Address) -> Reply {
        let asked = deliver::recipient(&address, &self.session, &self.env);
        let rcpt = match guard_future(asked).await {
            Ok(Ok(rcpt)) => rcpt,
            Ok(Err(refusal)) | Err(refusal) => return Reply::of(&refusal),
        };
        let announced = self.state.transaction().and_then(|transaction| transaction.mail.size).unwrap_or_default();
        if let Some(reply) = self.too_large_for(&rcpt.address, announced) {
            return reply;
        }
        self.rcpts.push(rcpt);
        self.state.rcpt_accepted();
        reply::RCPT_OK
    }

    /// The reply for a recipient whose domain takes less than the server, with a line in the journal.
    fn too_large_for(&self, address: &Address, bytes: u64) -> Option<Reply> {
        let bytes_max = self.env.settings.message_bytes_max(address.domain());
        if bytes <= bytes_max {
            return None;
        }
        let cause = format!("{bytes} bytes, the limit of {} is {bytes_max}", address.domain());
        self.note(Some(address), &Refusal::new(Kind::TooLarge, cause));
        Some(Reply::too_large(bytes_max, Whose::Domain))
    }

    /// DATA: takes the message and answers each recipient. `Some`: the connection is to be closed without a word.
    async fn receive(&mut self) -> io::Result<Option<&'static str>> {
        self.say(&reply::SEND_DATA).await?;
        self.output.flush().await?;
        let bytes_max = self.state.bytes_max();
        let limits = Limits { bytes_max, silence_seconds_max: self.env.settings.lmtp.data_seconds };
        let received = receive(&mut self.input, limits, &self.shared.budget, &mut self.shared.stop).await?;
        self.session.received_at = deliver::now();
        match received {
            Received::Gone(why) => return Ok(Some(why)),
            Received::Whole(bytes, lease) => self.deliver(bytes, lease).await?,
            Received::TooLarge(bytes) => {
                let refusal = Refusal::new(Kind::TooLarge, format!("{bytes} bytes, limit {bytes_max}"));
                self.refuse_all(&refusal, &Reply::too_large(bytes_max, Whose::Server)).await?;
            }
            Received::NoMemory => {
                let refusal = Refusal::new(Kind::NoMemory, "the memory for messages in flight is used up");
                self.refuse_all(&refusal, &Reply::of(&refusal)).await?;
            }
        }
        Ok(None)
    }

    async fn refuse_all(&mut self, refusal: &Refusal, reply: &Reply) -> io::Result<()> {
        for rcpt in std::mem::take(&mut self.rcpts) {
            self.note(Some(&rcpt.address), refusal);
            self.say(reply).await?;
        }
        self.output.flush().await
    }

    /// Exactly one reply for each accepted recipient, in order. A peer that has gone does not end the delivery.
    async fn deliver(&mut self, bytes: Arc<[u8]>, lease: Lease) -> io::Result<()> {
        if self.session.client.source == ClientSource::Unknown {
            let (client, queue_id) = mail::client_of(&bytes, &self.env.settings.server.mta_names);
            self.session.client = client;
            self.session.queue_id = queue_id;
        }
        let (mut rcpts, mut refused) = (Vec::new(), Vec::new());
        for rcpt in std::mem::take(&mut self.rcpts) {
            let reply = self.too_large_for(&rcpt.address, bytes.len() as u64);
            if reply.is_none() {
                rcpts.push(rcpt);
            }
            refused.push(reply);
        }
        let mail = Mail { bytes, session: self.session.clone(), rcpts };
        let mut answers = Answers::start(mail, Arc::clone(&self.env));
        let mut sent = Ok(());
        for reply in refused {
            let reply = match reply {
                Some(reply) => reply,
                None => answers.next().await,
            };
            if sent.is_ok() {
                reply.write(self.output.pending());
                sent = self.output.flush().await;
            }
        }
        drop(lease);
        sent
    }

    fn note(&self, address: Option<&Address>, refusal: &Refusal) {
        // A panic in the journal must not cost the peer its reply; it is in the log.
        let _ = guard(|| deliver::refused(address, &self.session, refusal, &self.env));
    }
}

fn read(line: Line) -> Result<Command, Fault> {
    match line {
        Line::Command(text) => command::parse(&text),
        Line::Fault(fault) => Err(Fault::Line(fault)),
    }
}

/// A unix peer is trusted by its user, where some are listed; a TCP peer by its address.
fn trust(peer: &Peer, env: &Env) -> Trust {
    let lmtp = &env.settings.lmtp;
    let trusted = match peer {
        Peer::Unix(uid) => lmtp.trusted_uids.is_empty() || uid.is_some_and(|uid| lmtp.trusted_uids.contains(&uid)),
        Peer::Tcp(address) => lmtp.trusted.iter().any(|trusted| trusted.to_canonical() == address.to_canonical()),
    };
    if trusted { Trust::Trusted } else { Trust::Stranger }
}
