//! What an LMTP session answers to each line: pure decisions over a small state.
//!
//! Does no input or output and asks nobody: where a recipient must be looked up or a message received, it says so with a
//! [`Step`]. Standards: RFC 2033 §4, RFC 5321 §4.1.4 (order of commands), RFC 1870, RFC 6531.

use super::command::{Command, Fault, MailFrom};
use super::reply::{self, Reply, Whose};
use super::xforward::{self, Forwarded};
use crate::limits::{BAD_COMMANDS_MAX, RCPT_COMMANDS_MAX, RCPTS_MAX};
use crate::mail::{Address, AddressError};
use crate::refusal::{Kind, Refusal};

/// Whether a peer may tell us about its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Trusted,
    Stranger,
}

/// What shall be done about one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Say(Reply),
    /// MAIL was accepted: a transaction begins; say this.
    Begin(MailFrom, Reply),
    /// Ask who this is, say so, and tell [`State::rcpt_accepted`] if the recipient was accepted.
    LookUp(Address),
    /// Write the refusal into the journal, then say the reply.
    Refuse(Address, Refusal, Reply),
    /// The same for MAIL: no transaction begins.
    RefuseMail(MailFrom, Refusal, Reply),
    /// Say 354 and receive the message, answer each recipient, then call [`State::transaction_ended`].
    Receive,
    /// Say this and close.
    Close(Reply),
}

/// One open transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) mail: MailFrom,
    rcpt_commands: usize,
    accepted: usize,
    /// True once the journal has it that there were too many recipients.
    too_many_noted: bool,
}

/// One session.
#[derive(Clone, Debug)]
pub(super) struct State {
    host_name: String,
    bytes_max: u64,
    trust: Trust,
    lhlo: Option<String>,
    forwarded: Forwarded,
    transaction: Option<Transaction>,
    bad_commands: u32,
}

impl State {
    pub(super) fn new(host_name: &str, bytes_max: u64, trust: Trust) -> Self {
        let host_name = host_name.to_string();
        let (lhlo, forwarded, transaction) = (None, Forwarded::default(), None);
        Self { host_name, bytes_max, trust, lhlo, forwarded, transaction, bad_commands: 0 }
    }

    /// Takes the settings of a reload; an open transaction keeps its own.
    pub(super) fn renew(&mut self, host_name: &str, bytes_max: u64, trust: Trust) {
        if self.transaction.is_none() {
            (self.bytes_max, self.trust) = (bytes_max, trust);
            if self.host_name != host_name {
                self.host_name = host_name.to_string();
            }
        }
    }

    pub(super) fn transaction(&self) -> Option<&Transaction> {
        self.transaction.as_ref()
    }

    pub(super) fn forwarded(&self) -> &Forwarded {
        &self.forwarded
    }

    /// The name the peer gave itself; empty before LHLO.
    pub(super) fn lhlo(&self) -> &str {
        self.lhlo.as_deref().unwrap_or_default()
    }

    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub(super) fn rcpt_accepted(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.accepted += 1;
        }
    }

    /// All recipients are answered. A peer that gets a message across is not lost: its faults are forgotten.
    pub(super) fn transaction_ended(&mut self) {
        self.reset();
        self.bad_commands = 0;
    }

    /// Decides about one line.
    pub(super) fn decide(&mut self, line: Result<Command, Fault>) -> Step {
        let step = match line {
            Ok(command) => self.command(command),
            // It would read the chunk as commands: RFC 3030 §2 sends it at once.
            Err(Fault::Chunk) => return Step::Close(Reply::of_fault(Fault::Chunk)),
            // A malformed address is one recipient's trouble, not a lost peer.
            Err(fault @ (Fault::Sender(_) | Fault::Rcpt(_))) => Step::Say(Reply::of_fault(fault)),
            Err(
                fault @ (Fault::Line(_)
                | Fault::Unknown
                | Fault::NotOffered
                | Fault::Usage(_)
                | Fault::Parameter
                | Fault::UnknownParameter),
            ) => self.bad(Reply::of_fault(fault)),
        };
        if self.bad_commands > BAD_COMMANDS_MAX { Step::Close(reply::TOO_MANY_FAULTS) } else { step }
    }

    fn command(&mut self, command: Command) -> Step {
        match command {
            Command::Lhlo(name) => self.lhlo_command(name),
            // RFC 2033 §4.1: HELO and EHLO are answered with 500.
            Command::Smtp => self.bad(reply::NOT_LMTP),
            Command::Xforward(attributes) => match (self.trust, &self.transaction) {
                (Trust::Stranger, _) => self.bad(reply::NOT_TRUSTED),
                (Trust::Trusted, Some(_)) => self.bad(reply::IN_TRANSACTION),
                (Trust::Trusted, None) => {
                    self.forwarded.take(attributes);
                    Step::Say(reply::OK)
                }
            },
            Command::Mail(mail) => self.mail_command(mail),
            Command::Rcpt(address) => self.rcpt_command(address),
            Command::Data => match &self.transaction {
                None => self.bad(reply::NO_TRANSACTION),
                // RFC 2033 §4.2: MUST be 503. Not a fault of the peer, which may have pipelined it behind RCPTs.
                Some(transaction) if transaction.accepted == 0 => Step::Say(reply::NO_RECIPIENT),
                Some(_) => Step::Receive,
            },
            Command::Rset => {
                self.reset();
                Step::Say(reply::OK)
            }
            Command::Noop => Step::Say(reply::OK),
            Command::Vrfy => Step::Say(reply::NOT_VERIFIED),
            Command::Help => Step::Say(reply::HELP),
            Command::Quit => Step::Close(reply::BYE),
        }
    }

    /// RFC 5321 §4.1.4: a second LHLO clears the state as RSET does.
    fn lhlo_command(&mut self, name: String) -> Step {
        self.reset();
        self.lhlo = Some(name);
        let mut offers: Vec<String> =
            ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"].map(String::from).into();
        offers.push(format!("SIZE {}", self.bytes_max));
        if self.trust == Trust::Trusted {
            offers.push(xforward::OFFER.to_string());
        }
        Step::Say(Reply::welcome(&self.host_name, offers))
    }

    fn mail_command(&mut self, mail: MailFrom) -> Step {
        if self.lhlo.is_none() {
            return self.bad(reply::LHLO_FIRST);
        }
        if self.transaction.is_some() {
            return self.bad(reply::IN_TRANSACTION);
        }
        if let Some(size) = mail.size.filter(|size| *size > self.bytes_max) {
            let refusal = Refusal::new(Kind::TooLarge, format!("announced {size} bytes, limit {}", self.bytes_max));
            return Step::RefuseMail(mail, refusal, Reply::too_large(self.bytes_max, Whose::Server));
        }
        let begun = Step::Begin(mail.clone(), reply::SENDER_OK);
        self.transaction = Some(Transaction { mail, rcpt_commands: 0, accepted: 0, too_many_noted: false });
        begun
    }

    fn rcpt_command(&mut self, address: Address) -> Step {
        let Some(transaction) = &mut self.transaction else { return self.bad(reply::NO_TRANSACTION) };
        if !address.is_ascii() && !transaction.mail.smtputf8 {
            return Step::Say(Reply::of_fault(Fault::Rcpt(AddressError::NeedsSmtputf8)));
        }
        transaction.rcpt_commands = transaction.rcpt_commands.saturating_add(1);
        if transaction.accepted < RCPTS_MAX && transaction.rcpt_commands <= RCPT_COMMANDS_MAX {
            return Step::LookUp(address);
        }
        // RFC 5321 §4.5.3.1.10: 452, never 5xx. One line in the journal is enough.
        let refusal = Refusal::new(Kind::TooManyRecipients, format!("after {} recipients", transaction.accepted));
        let reply = Reply::of(&refusal);
        if std::mem::replace(&mut transaction.too_many_noted, true) {
            return Step::Say(reply);
        }
        Step::Refuse(address, refusal, reply)
    }

    fn bad(&mut self, reply: Reply) -> Step {
        self.bad_commands = self.bad_commands.saturating_add(1);
        Step::Say(reply)
    }

    fn reset(&mut self) {
        self.transaction = None;
        self.forwarded = Forwarded::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::lmtp::command::parse;

    /// Runs lines through a fresh state; every address whose local part begins with `u` is accepted.
    fn talk(trust: Trust, lines: &str) -> (State, Vec<String>) {
        let mut state = State::new("mail.example", 1000, trust);
        let said = lines.split(';').map(|line| step(&mut state, line.trim())).collect();
        (state, said)
    }

    fn step(state: &mut State, line: &str) -> String {
        let step = state.decide(parse(line.as_bytes()));
        let wire = |reply: &Reply| {
            let mut out = Vec::new();
            reply.write(&mut out);
            String::from_utf8(out).unwrap().trim_end().replace("\r\n", "|")
        };
        match step {
            Step::Say(reply) | Step::Begin(_, reply) => wire(&reply),
            Step::Refuse(_, _, reply) | Step::RefuseMail(_, _, reply) => format!("noted {}", wire(&reply)),
            Step::Close(reply) => format!("{} close", wire(&reply)),
            Step::LookUp(address) if address.local().starts_with('u') => {
                state.rcpt_accepted();
                "accepted".into()
            }
            Step::LookUp(_) => "unknown".into(),
            Step::Receive => {
                state.transaction_ended();
                "354".into()
            }
        }
    }

    fn check(lines: &str, want: &[&str]) {
        let (_, said) = talk(Trust::Stranger, lines);
        assert_eq!(said.len(), want.len());
        for (said, want) in said.iter().zip(want) {
            assert!(said.starts_with(want), "{lines}: {said:?}, not {want:?}");
        }
    }

    #[test]
    fn commands_are_taken_in_their_order_only() {
        check("MAIL FROM:<a@x>; LHLO c; RCPT TO:<u@x>; DATA", &["503 5.5.1", "250-", "503 5.5.1", "503 5.5.1"]);
        check(
            "LHLO c; MAIL FROM:<a@x>; MAIL FROM:<b@x>; RCPT TO:<u@x>; DATA; DATA",
            &["250-", "250 2.1.0", "503 5.5.1", "accepted", "354", "503 5.5.1"],
        );
        check(
            "EHLO c; HELO c; VRFY u; HELP; NOOP; RSET; QUIT",
            &["500 5.5.1", "500 5.5.1", "252 2.3.3", "214 2.0.0", "250 2.0.0", "250 2.0.0", "221 2.0.0"],
        );
    }

    #[test]
    fn data_without_an_accepted_recipient_is_503() {
        check(
            "LHLO c; MAIL FROM:<>; RCPT TO:<x@x>; DATA; RCPT TO:<u@x>; DATA",
            &["250-", "250", "unknown", "503 5.5.1", "accepted", "354"],
        );
        check("LHLO c; MAIL FROM:<>; RCPT TO:<u@x>; RSET; DATA", &["250-", "250", "accepted", "250", "503 5.5.1"]);
        check("LHLO c; MAIL FROM:<>; RCPT TO:<u@x>; LHLO d; DATA", &["250-", "250", "accepted", "250-", "503 5.5.1"]);
    }

    #[test]
    fn a_size_beyond_the_limit_is_refused_before_the_message_comes() {
        check(
            "LHLO c; MAIL FROM:<a@x> SIZE=1001; MAIL FROM:<a@x> SIZE=1000",
            &["250-", "noted 552 5.3.4", "250 2.1.0"],
        );
        check("LHLO c; MAIL FROM:<a@x> SIZE=99999999999999999999", &["250-", "noted 552 5.3.4"]);
    }

    #[test]
    fn xforward_is_for_trusted_peers_and_lasts_one_transaction() {
        check("LHLO c; XFORWARD NAME=a", &["250-", "550 5.7.14"]);
        let (state, said) =
            talk(Trust::Trusted, "LHLO c; XFORWARD NAME=a; XFORWARD IDENT=q; MAIL FROM:<>; XFORWARD NAME=b");
        assert!(said[0].ends_with("|250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"), "{}", said[0]);
        assert!(said[4].starts_with("503 5.5.1"), "{}", said[4]);
        assert_eq!((state.forwarded().client().name.as_deref(), state.forwarded().queue_id()), (Some("a"), Some("q")));
        for end in ["RSET", "LHLO d", "MAIL FROM:<>; RCPT TO:<u@x>; DATA"] {
            let (state, _) = talk(Trust::Trusted, &format!("LHLO c; XFORWARD NAME=a IDENT=q; {end}"));
            assert_eq!(state.forwarded(), &Forwarded::default(), "{end}");
        }
        let (_, said) = talk(Trust::Stranger, "LHLO c");
        assert_eq!(
            said[0],
            "250-mail.example|250-PIPELINING|250-ENHANCEDSTATUSCODES|250-8BITMIME|250-SMTPUTF8|250 SIZE 1000"
        );
    }

    #[test]
    fn letters_beyond_ascii_need_smtputf8_in_the_same_transaction() {
        check("LHLO c; MAIL FROM:<a@x>; RCPT TO:<ü@x>", &["250-", "250", "553 5.6.7"]);
        check("LHLO c; MAIL FROM:<a@x> SMTPUTF8; RCPT TO:<uü@x>", &["250-", "250", "accepted"]);
    }

    #[test]
    fn recipients_beyond_the_limit_are_put_off_and_noted_once() {
        let (mut state, _) = talk(Trust::Stranger, "LHLO c; MAIL FROM:<a@x>");
        for _ in 0..RCPTS_MAX {
            assert_eq!(step(&mut state, "RCPT TO:<u@x>"), "accepted");
        }
        assert!(step(&mut state, "RCPT TO:<u@x>").starts_with("noted 452 4.5.3"));
        for _ in 0..1000 {
            assert!(step(&mut state, "RCPT TO:<u@x>").starts_with("452 4.5.3"));
        }
        assert_eq!(step(&mut state, "DATA"), "354");
    }

    #[test]
    fn refused_recipients_are_bounded_too() {
        let (mut state, _) = talk(Trust::Stranger, "LHLO c; MAIL FROM:<a@x>");
        for _ in 0..RCPT_COMMANDS_MAX {
            assert_eq!(step(&mut state, "RCPT TO:<x@x>"), "unknown");
        }
        assert!(step(&mut state, "RCPT TO:<u@x>").starts_with("noted 452 4.5.3"));
    }

    #[test]
    fn a_lost_peer_is_sent_away() {
        let (mut state, _) = talk(Trust::Stranger, "LHLO c");
        for _ in 0..BAD_COMMANDS_MAX {
            assert!(step(&mut state, "GET / HTTP/1.1").starts_with("500 5.5.1"));
        }
        assert_eq!(step(&mut state, "Host: x"), "421 4.7.0 Too many bad commands, closing close");
        check("BDAT 10 LAST", &["502 5.5.1 Command is not offered close"]);
    }

    #[test]
    fn malformed_recipients_do_not_make_a_lost_peer() {
        let (mut state, _) = talk(Trust::Stranger, "LHLO c; MAIL FROM:<a@x>");
        for _ in 0..1000 {
            assert!(step(&mut state, "RCPT TO:<a b@x>").starts_with("501 5.1.3"));
        }
        assert_eq!(step(&mut state, "RCPT TO:<u@x>"), "accepted");
    }
}
