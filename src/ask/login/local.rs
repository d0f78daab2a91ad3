//! Signing in with the passwords of a passwd-file: PLAIN, LOGIN and, where everybody's password allows it, SCRAM-SHA-256.
//!
//! Few passwords are hashed at a time, because each takes a processor. Names that nobody has are hashed, too. Standards:
//! RFC 4616 §2 (PLAIN), RFC 5802 (SCRAM).

use super::passwords::{Entry, Passwords};
use super::scheme::Scheme;
use super::scram::{First, Keys, Server};
use super::{Channel, No, Turn};
use crate::ask::watched::Watched;
use crate::limits::PASSWORD_HASHES_AT_ONCE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// The passwd-file.
pub(super) struct Local {
    inner: Arc<Inner>,
}

struct Inner {
    passwords: Watched<Passwords>,
    turns: Semaphore,
    /// Makes the salts of those whom nobody knows; new with every start.
    secret: OnceLock<[u8; 32]>,
}

/// One exchange under way.
pub(super) struct Talk {
    inner: Arc<Inner>,
    channel: Channel,
    state: State,
}

enum State {
    Plain,
    LoginUser,
    LoginPassword {
        user: String,
    },
    ScramFirst,
    /// `user`: who it is, where somebody is.
    ScramFinal {
        user: Option<String>,
        server: Box<Server>,
    },
}

impl Local {
    pub(super) fn new(path: PathBuf) -> Self {
        let passwords = Watched::new(path, Passwords::parse);
        let turns = Semaphore::new(PASSWORD_HASHES_AT_ONCE);
        Self { inner: Arc::new(Inner { passwords, turns, secret: OnceLock::new() }) }
    }

    pub(super) async fn mechanisms(&self) -> Result<Vec<String>, String> {
        let passwords = self.inner.passwords.read().await?;
        let names: &[&str] =
            if passwords.all_scram { &["SCRAM-SHA-256", "PLAIN", "LOGIN"] } else { &["PLAIN", "LOGIN"] };
        Ok(names.iter().map(|name| (*name).to_string()).collect())
    }

    pub(super) async fn begin(
        &self,
        mechanism: &str,
        initial: Option<Vec<u8>>,
        channel: &Channel,
    ) -> (Option<Talk>, Turn) {
        let (state, first) = match mechanism {
            "PLAIN" => (State::Plain, ""),
            "LOGIN" => (State::LoginUser, "Username:"),
            "SCRAM-SHA-256" => match self.inner.passwords.read().await {
                Ok(passwords) if passwords.all_scram => (State::ScramFirst, ""),
                Ok(_) => return (None, Turn::No(No::Mechanism)),
                Err(why) => return (None, Turn::No(No::Unreachable(why))),
            },
            _ => return (None, Turn::No(No::Mechanism)),
        };
        let mut talk = Talk { inner: Arc::clone(&self.inner), channel: *channel, state };
        let turn = match initial {
            Some(initial) => talk.answer(initial).await,
            None => Turn::Challenge(first.as_bytes().to_vec()),
        };
        (Some(talk), turn)
    }
}

impl Talk {
    pub(super) async fn answer(&mut self, response: Vec<u8>) -> Turn {
        match std::mem::replace(&mut self.state, State::Plain) {
            State::Plain => match plain(&response) {
                Some((user, password)) => self.check(user, password).await,
                None => Turn::No(No::Malformed),
            },
            State::LoginUser => match String::from_utf8(response) {
                Ok(user) => {
                    self.state = State::LoginPassword { user };
                    Turn::Challenge(b"Password:".to_vec())
                }
                Err(_) => Turn::No(No::Malformed),
            },
            State::LoginPassword { user } => self.check(user, response).await,
            State::ScramFirst => self.scram_first(&response).await,
            State::ScramFinal { user, server } => match (server.last(&response), user) {
                (Some(last), Some(user)) => Turn::Yes { user, last: Some(last.into_bytes()) },
                (Some(_) | None, _) => Turn::No(No::Wrong),
            },
        }
    }

    async fn check(&self, user: String, password: Vec<u8>) -> Turn {
        let passwords = match self.inner.passwords.read().await {
            Ok(passwords) => passwords,
            Err(why) => return Turn::No(No::Unreachable(why)),
        };
        // Never closed; an error can't come.
        let Ok(_turn) = self.inner.turns.acquire().await else { return Turn::No(No::Wrong) };
        let address = self.channel.peer.ip();
        let verified = tokio::task::spawn_blocking(move || match passwords.find(&user) {
            Some(entry) => (entry.scheme.verify(&password) && entry.may_come_from(address)).then(|| entry.user.clone()),
            None => {
                passwords.decoy.verify(&password);
                None
            }
        });
        match verified.await {
            Ok(Some(user)) => Turn::Yes { user, last: None },
            Ok(None) => Turn::No(No::Wrong),
            Err(error) => Turn::No(No::Unreachable(error.to_string())),
        }
    }

    async fn scram_first(&mut self, response: &[u8]) -> Turn {
        let Some(first) = First::parse(response) else { return Turn::No(No::Malformed) };
        let passwords = match self.inner.passwords.read().await {
            Ok(passwords) => passwords,
            Err(why) => return Turn::No(No::Unreachable(why)),
        };
        let Some(secret) = self.inner.secret() else { return Turn::No(No::Unreachable("no random numbers".into())) };
        let mut nonce = [0; 18];
        if getrandom::fill(&mut nonce).is_err() {
            return Turn::No(No::Unreachable("no random numbers".into()));
        }
        let entry = passwords.find(&first.user).filter(|entry| entry.may_come_from(self.channel.peer.ip())).cloned();
        let nobody = Keys::of_nobody(&first.user, &secret);
        let made = tokio::task::spawn_blocking(move || keys_of(entry.as_ref(), nobody)).await;
        let Ok((user, keys)) = made else { return Turn::No(No::Unreachable("keys could not be made".into())) };
        let server = Box::new(Server::new(first, &STANDARD.encode(nonce), keys));
        let challenge = server.challenge.clone().into_bytes();
        self.state = State::ScramFinal { user, server };
        Turn::Challenge(challenge)
    }
}

/// The keys of an entry, or those of nobody; a password that is stored as it is gets nobody's salt, which is the same
/// every time.
fn keys_of(entry: Option<&Entry>, nobody: Keys) -> (Option<String>, Keys) {
    match entry.map(|entry| (&entry.user, &entry.scheme)) {
        Some((user, Scheme::Plain(password))) => (Some(user.clone()), nobody.with_password(password.as_bytes())),
        Some((user, Scheme::Scram(keys))) => (Some(user.clone()), keys.clone()),
        Some((_, Scheme::Crypt(..) | Scheme::Digest { .. } | Scheme::Pbkdf2 { .. } | Scheme::None)) | None => {
            // As long as for somebody.
            let _ = nobody.with_password(b"nobody");
            (None, nobody)
        }
    }
}

impl Inner {
    fn secret(&self) -> Option<[u8; 32]> {
        if let Some(secret) = self.secret.get() {
            return Some(*secret);
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).ok()?;
        Some(*self.secret.get_or_init(|| secret))
    }
}

/// RFC 4616 §2: `authzid NUL authcid NUL password`; nobody may act for another.
fn plain(message: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut fields = message.splitn(3, |byte| *byte == 0);
    let (authzid, user, password) = (fields.next()?, fields.next()?, fields.next()?);
    let user = std::str::from_utf8(user).ok().filter(|user| !user.is_empty())?;
    let acts_for_itself = authzid.is_empty() || authzid.eq_ignore_ascii_case(user.as_bytes());
    (acts_for_itself && !password.contains(&0)).then(|| (user.to_string(), password.to_vec()))
}

/// The name that an initial response gives, for counting guesses; empty where it gives none.
pub(super) fn named(mechanism: &str, initial: Option<&[u8]>) -> String {
    match (mechanism, initial) {
        ("PLAIN", Some(initial)) => plain(initial).map(|(user, _)| user).unwrap_or_default(),
        ("SCRAM-SHA-256", Some(initial)) => First::parse(initial).map(|first| first.user).unwrap_or_default(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel() -> Channel {
        Channel {
            peer: "192.0.2.1:9".parse().unwrap(),
            local: "192.0.2.2:4190".parse().unwrap(),
            encrypted: true,
            many: false,
        }
    }

    fn local(dir: &tempfile::TempDir, text: &str) -> Local {
        let path = dir.path().join("passwords");
        std::fs::write(&path, text).unwrap();
        Local::new(path)
    }

    async fn says(local: &Local, mechanism: &str, responses: &[&[u8]]) -> String {
        let mut responses = responses.iter().map(|response| response.to_vec());
        let (talk, mut turn) = local.begin(mechanism, responses.next(), &channel()).await;
        let mut talk = talk;
        for response in responses {
            turn = talk.as_mut().unwrap().answer(response).await;
        }
        match turn {
            Turn::Yes { user, .. } => user,
            Turn::No(no) => format!("{no:?}"),
            Turn::Challenge(challenge) => format!("? {}", String::from_utf8(challenge).unwrap()),
        }
    }

    #[tokio::test]
    async fn plain_and_login_take_the_right_password_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let local = local(&dir, "anna@x.example:{PLAIN}secret\nben:{PLAIN}geheim::::::nologin\ncarl:\n");
        for (response, want) in [
            (&b"\0anna@x.example\0secret"[..], "anna@x.example"),
            (b"Anna@X.example\0anna@x.example\0secret", "anna@x.example"),
            (b"ben\0anna@x.example\0secret", "Malformed"),
            (b"\0anna@x.example\0Secret", "Wrong"),
            (b"\0anna@x.example\0", "Wrong"),
            (b"\0anna@x.example\0secret\0", "Malformed"),
            (b"\0\0secret", "Malformed"),
            (b"anna@x.example secret", "Malformed"),
            (b"\0ben\0geheim", "Wrong"),
            (b"\0carl\0", "Wrong"),
            (b"\0dora\0secret", "Wrong"),
            (b"", "Malformed"),
        ] {
            assert_eq!(says(&local, "PLAIN", &[response]).await, want, "{response:?}");
        }
        assert_eq!(says(&local, "LOGIN", &[]).await, "? Username:");
        assert_eq!(says(&local, "LOGIN", &[b"anna@x.example"]).await, "? Password:");
        assert_eq!(says(&local, "LOGIN", &[b"anna@x.example", b"secret"]).await, "anna@x.example");
        assert_eq!(says(&local, "LOGIN", &[b"anna@x.example", b"wrong"]).await, "Wrong");
        assert_eq!(says(&local, "GSSAPI", &[]).await, "Mechanism");
    }

    #[tokio::test]
    async fn a_table_that_is_gone_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let local = local(&dir, "anna:{PLAIN}secret\n");
        std::fs::remove_file(dir.path().join("passwords")).unwrap();
        assert!(says(&local, "PLAIN", &[b"\0anna\0secret"]).await.starts_with("Unreachable"));
        assert!(local.mechanisms().await.is_err());
    }

    #[tokio::test]
    async fn scram_looks_the_same_for_those_whom_nobody_knows() {
        let dir = tempfile::tempdir().unwrap();
        let local = local(&dir, "anna:{PLAIN}secret\n");
        assert_eq!(local.mechanisms().await.unwrap(), ["SCRAM-SHA-256", "PLAIN", "LOGIN"]);
        for user in ["anna", "nobody"] {
            let first = format!("n,,n={user},r=abc");
            let salt = |said: String| said.split(',').nth(1).unwrap().to_string();
            let said = says(&local, "SCRAM-SHA-256", &[first.as_bytes()]).await;
            assert!(said.starts_with("? r=abc") && said.ends_with(",i=4096"), "{said}");
            assert_eq!(salt(said), salt(says(&local, "SCRAM-SHA-256", &[first.as_bytes()]).await), "{user}");
            let proof = format!("c=biws,r=abc,p={}", STANDARD.encode([0; 32]));
            assert_eq!(says(&local, "SCRAM-SHA-256", &[first.as_bytes(), proof.as_bytes()]).await, "Wrong");
        }
    }
}
