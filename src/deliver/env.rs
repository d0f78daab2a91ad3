//! Everything that a delivery needs, opened once and shared; a reload makes a new one beside it.
//!
//! Does not decide anything. Messages under way keep the environment they began with.

use super::signatures::SignatureSet;
use crate::ask::{Clamd, Outfit, Pool, login::Logins, users::Answer, users::Users};
use crate::config::{Settings, rule_overlays};
use crate::filter::Rules;
use crate::journal;
use crate::limits::STAMPED_BYTES_MAX;
use crate::mail::{Address, Session};
use crate::plan::Rcpt;
use crate::refusal::{Kind, Refusal};
use crate::store::{Disk, Homes, Options, Store, now};
use jiff::{Timestamp, tz::TimeZone};
use std::{ops::Deref, path::PathBuf, sync::Arc, sync::OnceLock};
use tokio::sync::Semaphore;

/// Everything that a decision needs: settings, rules, and the doors to users, workers, clamd and homes. Writes nothing.
#[derive(Clone)]
pub struct Sight {
    pub settings: Settings,
    pub rules: Rules,
    pub users: Users,
    pub logins: Logins,
    pub pool: Pool,
    pub clamd: Clamd,
    pub homes: Homes,
    pub signatures: Arc<SignatureSet>,
}

/// Everything that a delivery needs: to decide, and to keep.
#[derive(Clone)]
pub struct Env {
    pub sight: Arc<Sight>,
    pub store: Store,
    /// Kilobytes of [`STAMPED_BYTES_MAX`] that are free.
    pub(super) room: Arc<Semaphore>,
}

/// Why nothing can be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Settings or rules are wrong: the same next time.
    Settings(String),
    /// The store can't be opened now.
    Store(Refusal),
}

impl Sight {
    /// # Errors
    /// The first mistake in the rules.
    pub fn new(settings: Settings, program: PathBuf) -> Result<Self, String> {
        let pool = Pool::new(program, workers(settings.look.workers));
        let (logins, clamd) = (Logins::new(&settings.login), Clamd::new(&settings.clamd));
        let signatures = SignatureSet::load(&settings.signatures)?;
        Self::with(settings, &pool, logins, clamd, Arc::new(signatures))
    }

    fn with(
        settings: Settings,
        pool: &Pool,
        logins: Logins,
        clamd: Clamd,
        signatures: Arc<SignatureSet>,
    ) -> Result<Self, String> {
        let overlays = rule_overlays(&settings)?;
        let rules = Rules::load(&overlays).map_err(|e| e.to_string())?;
        let (allowance, compiled) = (settings.unpack.clone(), signatures.compiled.clone());
        let outfit = Outfit { overlays, allowance, signatures: compiled };
        let pool = pool.like(workers(settings.look.workers), outfit);
        let users = Users::new(&settings.users, &settings.lmtp.recipient_delimiter);
        Ok(Self { settings, rules, users, logins, pool, clamd, homes: Homes::default(), signatures })
    }

    /// Who is a recipient, with the quota of the settings where the user source has none.
    ///
    /// # Errors
    /// `UnknownUser` only on a definite no, `UsersUnreachable` otherwise.
    pub async fn rcpt(&self, address: &Address) -> Result<Rcpt, Refusal> {
        match self.users.find(address).await {
            Answer::Known(mut mailbox) => {
                let set = self.settings.quota_of(&mailbox.user, &mailbox.domain);
                mailbox.quota.bytes = mailbox.quota.bytes.or(set.bytes);
                mailbox.quota.messages = mailbox.quota.messages.or(set.messages);
                mailbox.owner = mailbox.owner.or_else(|| self.homes.owner_of(&mailbox));
                Ok(Rcpt { address: address.clone(), mailbox })
            }
            Answer::Unknown => Err(Refusal::new(Kind::UnknownUser, format!("no user source knows {address}"))),
            Answer::Unreachable(why) => Err(Refusal::new(Kind::UsersUnreachable, why)),
        }
    }

    /// Runs disk work where it may block.
    ///
    /// # Errors
    /// What `work` says, or `Panic` where it panicked.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let sight = Arc::clone(self);
        off_the_loop(move || work(&sight)).await
    }
}

impl Env {
    /// Opens the store and readies the workers.
    ///
    /// # Errors
    /// Which file or folder, and what the system said.
    pub fn open(settings: Settings, program: PathBuf) -> Result<Self, OpenError> {
        let options = Options { dir: settings.server.data_dir.clone(), host_name: settings.server.host_name.clone() };
        let sight = Arc::new(Sight::new(settings, program).map_err(OpenError::Settings)?);
        let store = Store::open(&options, Disk::default()).map_err(OpenError::Store)?;
        Ok(Self { sight, store, room: Arc::new(Semaphore::new(1 + STAMPED_BYTES_MAX / 1024)) })
    }

    /// The same store and workers under new settings.
    ///
    /// # Errors
    /// A sentence for the operator; the old environment stays as it is.
    pub fn reload(&self, settings: Settings) -> Result<Self, String> {
        if settings.server.data_dir != self.settings.server.data_dir {
            return Err("server.data_dir can't change while tamis runs; restart it instead".into());
        }
        let logins = self.logins.renewed(&settings.login);
        let clamd = self.clamd.renewed(&settings.clamd);
        let signatures = SignatureSet::renewed(&self.signatures, &settings.signatures)?;
        let sight = Arc::new(Sight::with(settings, &self.pool, logins, clamd, signatures)?);
        Ok(Self { sight, ..self.clone() })
    }

    /// The same settings and store with other signatures.
    ///
    /// # Errors
    /// A sentence for the operator; the old environment stays as it is.
    pub fn with_signatures(&self, signatures: Arc<SignatureSet>) -> Result<Self, String> {
        let settings = self.settings.clone();
        let logins = self.logins.renewed(&settings.login);
        let sight = Arc::new(Sight::with(settings, &self.pool, logins, self.clamd.clone(), signatures)?);
        Ok(Self { sight, ..self.clone() })
    }

    /// Runs disk and database work where it may block.
    ///
    /// # Errors
    /// What `work` says, or `Panic` where it panicked.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let env = Arc::clone(self);
        off_the_loop(move || work(&env)).await
    }
}

impl Deref for Env {
    type Target = Arc<Sight>;
    fn deref(&self) -> &Arc<Sight> {
        &self.sight
    }
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|e| Err(Refusal::new(Kind::Panic, e.to_string())))
}

fn workers(set: usize) -> usize {
    if set > 0 { set } else { std::thread::available_parallelism().map_or(2, usize::from) }
}

/// The server's time zone since 1970: from when on (seconds since 1970) how many minutes east of Greenwich.
pub fn zone() -> Vec<(i64, i32)> {
    static ZONE: OnceLock<Vec<(i64, i32)>> = OnceLock::new();
    ZONE.get_or_init(|| {
        let zone = TimeZone::system();
        let next_year = Timestamp::from_second(now() + 366 * 86_400).unwrap_or(Timestamp::MAX);
        let transitions = zone.preceding(next_year).take_while(|t| t.timestamp().as_second() > 0);
        let mut offsets: Vec<(i64, i32)> =
            transitions.map(|t| (t.timestamp().as_second(), t.offset().seconds() / 60)).collect();
        offsets.push((0, zone.to_offset(Timestamp::UNIX_EPOCH).seconds() / 60));
        offsets.reverse();
        offsets
    })
    .clone()
}

/// Is there room for a message of so many octets?
///
/// # Errors
/// `DiskFull`.
pub fn has_room(bytes: u64, env: &Env) -> Result<(), Refusal> {
    env.store.has_room(bytes)
}

/// Writes a refusal that came before or instead of a delivery into log and journal.
pub fn refused(rcpt: Option<&Address>, session: &Session, refusal: &Refusal, env: &Env) {
    // The journal's queue may be full for a moment; others go on meanwhile.
    tokio::task::block_in_place(|| journal::refused(rcpt, session, refusal, &env.store));
}
