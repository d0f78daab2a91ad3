//! What a session answers to each command: pure decisions over a small state.
//!
//! Does no input or output and asks nobody: what needs the world is a [`Step`]. Standards: RFC 5804 §1.7 (capabilities),
//! §2 (which command is allowed when), §1.3 (codes).

use super::command::{Act, Command, Fault};
use super::reply::Reply;
use crate::limits::{SIEVE_BAD_COMMANDS_MAX, SIEVE_LOGINS_MAX};

/// What protects the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// Nothing: nobody signs in.
    None,
    /// Nothing, but the peer is on this machine and the operator allowed it.
    Here,
    Tls,
}

/// What shall be done about one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Say(Reply),
    /// Say what we can, then OK.
    Capability,
    /// Say OK, encrypt, say what we can.
    StartTls,
    /// Speak SASL, then tell [`State::signed_in`] or [`State::refused`].
    Authenticate {
        mechanism: String,
        initial: Option<Vec<u8>>,
    },
    /// Forget who signed in, then say this.
    Forget(Reply),
    Act(Act),
    /// Say this and close.
    Close(Reply),
}

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    protection: Protection,
    signed_in: bool,
    wrong_logins: u32,
    bad_commands: u32,
}

impl State {
    pub(super) fn new(protection: Protection) -> Self {
        Self { protection, signed_in: false, wrong_logins: 0, bad_commands: 0 }
    }

    pub(super) fn protection(&self) -> Protection {
        self.protection
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.signed_in
    }

    pub(super) fn encrypted(&mut self) {
        self.protection = Protection::Tls;
    }

    pub(super) fn signed_in(&mut self) {
        self.signed_in = true;
        self.wrong_logins = 0;
    }

    /// A wrong password; true where it was the last one that we listen to.
    pub(super) fn refused(&mut self) -> bool {
        self.wrong_logins += 1;
        self.wrong_logins >= SIEVE_LOGINS_MAX
    }

    /// Decides about one command.
    pub(super) fn decide(&mut self, command: Result<Command, Fault>) -> Step {
        match command {
            Ok(command) => self.command(command),
            Err(Fault::Unknown) => self.bad(Reply::no("Command is unknown")),
            Err(Fault::Usage(form)) => self.bad(Reply::no(form)),
            // A name that can't be is one script's trouble, not a lost peer.
            Err(Fault::Name) => {
                Step::Say(Reply::no("Script can't have this name: up to 249 octets without / and controls"))
            }
        }
    }

    fn command(&mut self, command: Command) -> Step {
        match command {
            Command::Capability => Step::Capability,
            Command::Logout => Step::Close(Reply::ok("Bye")),
            Command::Noop(None) => Step::Say(Reply::ok("Done")),
            Command::Noop(Some(tag)) => Step::Say(Reply::ok("Done").with_code_of("TAG", &tag)),
            Command::StartTls => match (self.protection, self.signed_in) {
                (Protection::Tls, _) => self.bad(Reply::no("TLS is on already")),
                // RFC 5804 §2.2: only before a peer has signed in.
                (Protection::None | Protection::Here, true) => self.bad(Reply::no("TLS comes before signing in")),
                (Protection::None | Protection::Here, false) => Step::StartTls,
            },
            Command::Authenticate { mechanism, initial } => match (self.protection, self.signed_in) {
                (_, true) => self.bad(Reply::no("You have signed in already")),
                (Protection::None, false) => {
                    self.bad(Reply::no("STARTTLS comes before signing in").with_code("ENCRYPT-NEEDED"))
                }
                (Protection::Here | Protection::Tls, false) => Step::Authenticate { mechanism, initial },
            },
            Command::Unauthenticate if self.signed_in => {
                self.signed_in = false;
                Step::Forget(Reply::ok("Signed out"))
            }
            Command::Script(act) if self.signed_in => Step::Act(act),
            Command::Unauthenticate | Command::Script(_) => self.bad(Reply::no("Sign in first")),
        }
    }

    /// A line that can't be read.
    pub(super) fn faulty(&mut self, words: &'static str) -> Step {
        self.bad(Reply::no(words))
    }

    fn bad(&mut self, reply: Reply) -> Step {
        self.bad_commands = self.bad_commands.saturating_add(1);
        if self.bad_commands > SIEVE_BAD_COMMANDS_MAX {
            return Step::Close(Reply::bye("Too many commands that can't be obeyed"));
        }
        Step::Say(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::managesieve::{command::parse, words::cut};

    fn step(state: &mut State, line: &str) -> String {
        let mut words = Vec::new();
        cut(line.as_bytes(), &mut words).unwrap();
        let wire = |reply: Reply| {
            let mut out = Vec::new();
            reply.write(&mut out);
            String::from_utf8(out).unwrap().trim_end().to_string()
        };
        match state.decide(parse(words)) {
            Step::Say(reply) => wire(reply),
            Step::Forget(reply) => format!("forget {}", wire(reply)),
            Step::Close(reply) => format!("close {}", wire(reply)),
            Step::Capability => "capability".into(),
            Step::StartTls => {
                state.encrypted();
                "tls".into()
            }
            Step::Authenticate { .. } => {
                state.signed_in();
                "in".into()
            }
            Step::Act(_) => "act".into(),
        }
    }

    fn check(protection: Protection, talk: &[(&str, &str)]) {
        let mut state = State::new(protection);
        for (line, want) in talk {
            let said = step(&mut state, line);
            assert!(said.starts_with(want), "{line}: {said}, not {want}");
        }
    }

    #[test]
    fn nobody_signs_in_without_protection_and_nobody_edits_without_signing_in() {
        check(
            Protection::None,
            &[
                ("CAPABILITY", "capability"),
                ("NOOP \"x\"", "OK (TAG \"x\")"),
                ("LISTSCRIPTS", "NO \"Sign in first\""),
                ("UNAUTHENTICATE", "NO"),
                ("AUTHENTICATE \"PLAIN\"", "NO (ENCRYPT-NEEDED)"),
                ("STARTTLS", "tls"),
                ("STARTTLS", "NO"),
                ("PUTSCRIPT \"a\" \"\"", "NO"),
                ("AUTHENTICATE \"PLAIN\"", "in"),
                ("AUTHENTICATE \"PLAIN\"", "NO"),
                ("LISTSCRIPTS", "act"),
                ("GETSCRIPT \"a/b\"", "NO \"Script can't"),
                ("UNAUTHENTICATE", "forget OK"),
                ("LISTSCRIPTS", "NO"),
                ("AUTHENTICATE \"PLAIN\"", "in"),
                ("LOGOUT", "close OK"),
            ],
        );
        check(Protection::Here, &[("AUTHENTICATE \"PLAIN\"", "in"), ("STARTTLS", "NO"), ("LISTSCRIPTS", "act")]);
    }

    #[test]
    fn a_lost_peer_and_a_guesser_are_sent_away() {
        let mut state = State::new(Protection::Tls);
        for _ in 0..SIEVE_BAD_COMMANDS_MAX {
            assert!(step(&mut state, "GET").starts_with("NO"));
        }
        assert!(step(&mut state, "GET").starts_with("close BYE"));
        let mut state = State::new(Protection::Tls);
        let last: Vec<bool> = (0..SIEVE_LOGINS_MAX).map(|_| state.refused()).collect();
        assert_eq!(last, [false, false, true]);
    }
}
