//! What we keep: Maildirs, quarantine, journal. Blocking; the only part that touches the disk.
//!
//! Stage everything, then publish (invariant 2); 250 means safe (invariant 1). Does not decide what goes where: the plan
//! does. A delivery is [`Store::carry_out`]: [`Store::begin`], [`Store::stage`], what must leave, [`Staged::publish`],
//! [`Turn::done`]; only then its reply.

mod certificate;
mod database;
pub mod disk;
mod done;
mod dotlock;
pub mod failing;
mod faults;
mod folders;
mod homes;
pub mod journal;
mod keywords;
mod leaving;
mod leftovers;
mod mailbox;
mod memory;
mod names;
mod old_mail;
mod owner;
mod publish;
pub mod quarantine;
mod quota;
mod refile;
mod scripts;
mod shelf;
pub mod signature_files;
mod staged;
mod sweep;
mod syncs;
pub mod tries;
pub mod versions;

pub use certificate::{Certificate, CertificateFiles};
pub use database::{Before, Database};
pub use disk::{Dir, Disk};
pub use done::{Begin, Done, Key, Turn, digest};
pub use homes::{FolderCount, Homes};
pub use leaving::{Leaving, Parcel, PerDay};
pub use memory::{Allowed, Memory};
pub use old_mail::OldMail;
pub use quarantine::{Claim, Held, Quarantine};
pub use refile::Refile;
pub use scripts::{ScriptPaths, Scripts, expand};
pub use shelf::{Owned, ScriptName, ShelfError, ShelfLimits, Shelved, Shelves};
pub use staged::Staged;

use crate::limits::{EXPIRE_AT_ONCE, FREE_BYTES_MIN};
use crate::mail::{Stamp, edited};
use crate::plan::{OutgoingKind, Plan, Rcpt};
use crate::refusal::{Kind, Refusal, of_io};
use mailbox::Maildirs;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use sweep::Sweep;

/// Where and how to keep things.
#[derive(Clone, Debug)]
pub struct Options {
    /// Holds `tamis.db` and `quarantine/`; made with mode 0700 if it isn't there.
    pub dir: PathBuf,
    /// The host part of file names in Maildirs.
    pub host_name: String,
}

/// The store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub database: Database,
    pub quarantine: Quarantine,
    pub done: Done,
    pub memory: Memory,
    pub shelves: Shelves,
    disk: Disk,
    dir: PathBuf,
    maildirs: Arc<Maildirs>,
    sweep: Arc<Sweep>,
}

/// One delivery to carry out.
pub struct Order<'a> {
    pub plan: &'a Plan,
    pub rcpt: &'a Rcpt,
    /// As it was received.
    pub message: &'a [u8],
    /// What goes on top of what is delivered or sent on; what is held stays as it came.
    pub stamp: &'a Stamp,
    pub key: Key,
    /// The row for the quarantine, where the plan holds the message.
    pub held: Option<Held>,
    /// The way out; without it a plan that sends is not carried out.
    pub leaving: Option<&'a Leaving<'a>>,
}

impl Order<'_> {
    /// The message as it is delivered, with so many of the plan's changes of the header.
    fn version(&self, trouble: Option<&str>, edits: usize) -> Vec<u8> {
        let stamped = self.stamp.clone().with_trouble(trouble).on(self.message);
        edited(&stamped, self.plan.edits.get(..edits).unwrap_or(&self.plan.edits)).into_owned()
    }
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub places: Vec<Place>,
    /// True where an earlier try had stored it already.
    pub already: bool,
}

impl Receipt {
    /// An earlier try had stored it.
    pub fn already() -> Self {
        Self { places: Vec::new(), already: true }
    }
}

/// Where a copy went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Place {
    Folder {
        folder: String,
        file: PathBuf,
    },
    Quarantine {
        id: String,
    },
    Discarded {
        why: String,
    },
    /// It left; `what` is why.
    Sent {
        what: OutgoingKind,
        to: String,
    },
    /// It did not leave, and why; a redirect or reject that failed is kept in INBOX then.
    Unsent {
        what: OutgoingKind,
        to: String,
        why: String,
    },
}

impl Store {
    /// # Errors
    /// A refusal with the path when the folder or database can't be opened, or isn't durable.
    pub fn open(options: &Options, disk: Disk) -> Result<Self, Refusal> {
        let at = |doing: &str, error: std::io::Error| of_io(&format!("{doing} {}", options.dir.display()), &error);
        disk.make_dir(&options.dir).map_err(|error| at("opening", error))?;
        let database = Database::open(&options.dir.join("tamis.db"))?;
        let quarantine = Quarantine::open(disk.clone(), &options.dir.join("quarantine"), database.clone())?;
        let done = Done::new(database.clone());
        let memory = Memory::new(database.clone());
        let maildirs = Arc::new(Maildirs::new(disk.clone(), &options.host_name));
        let sweep = Sweep::start(disk.clone(), done.clone(), database.clone());
        let sweep = Arc::new(sweep.map_err(|error| at("starting the thread that sweeps behind", error))?);
        let shelves = Shelves::new(disk.clone());
        Ok(Self { database, quarantine, done, memory, shelves, disk, dir: options.dir.clone(), maildirs, sweep })
    }

    /// Waits for an earlier try of the same delivery that is still under way, then says whether it is done.
    pub fn begin(&self, key: &Key) -> Begin {
        self.done.begin(key)
    }

    /// Carries out an order once per key: stages everything, hands over what must leave, then publishes; does nothing where
    /// an earlier try had done it and only its answer was lost. What may be lost leaves last (see `leaving.rs`).
    ///
    /// # Errors
    /// The refusal that disk, database or submission server ask for; the next try may go then.
    pub fn carry_out(&self, order: &Order<'_>) -> Result<Receipt, Refusal> {
        let turn = match self.begin(&order.key) {
            Begin::Already => return Ok(Receipt::already()),
            Begin::Busy(refusal) => return Err(refusal),
            Begin::Go(turn) => turn,
        };
        let mut receipt = leaving::carry(self, order)?;
        turn.done();
        if !receipt.already {
            self.memory.remember(&order.rcpt.mailbox.user, &order.plan.asked, now());
            receipt.places.extend(leaving::courtesies(self, order));
        }
        Ok(receipt)
    }

    /// Writes and syncs all copies of the plan where nobody sees them yet.
    /// # Errors
    /// The refusal that the disk's error asks for; nothing is left behind.
    pub fn stage(&self, order: &Order<'_>) -> Result<Staged, Refusal> {
        staged::stage(self, order, order.plan)
    }

    /// Is there room for a message of so many octets? Asked of the file system of `data_dir`; what a Maildir's says is
    /// known when the message is staged.
    ///
    /// # Errors
    /// `DiskFull`, with what is free. Where the system doesn't tell, there is room.
    pub fn has_room(&self, bytes: u64) -> Result<(), Refusal> {
        match self.disk.free_bytes(&self.dir) {
            Ok(free) if free < bytes.saturating_add(FREE_BYTES_MIN) => {
                Err(Refusal::new(Kind::DiskFull, format!("{}: {free} octets are free", self.dir.display())))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Removes a bounded number of expired entries everywhere; true where more may be left.
    ///
    /// # Errors
    /// What database or disk said.
    pub fn expire(&self, now: i64, journal_before: i64) -> Result<bool, Refusal> {
        let counts = [
            self.quarantine.expire(now, EXPIRE_AT_ONCE)?,
            journal::expire(&self.database, journal_before, EXPIRE_AT_ONCE)?,
            self.done.expire(now, EXPIRE_AT_ONCE)?,
            tries::expire(&self.database, now, EXPIRE_AT_ONCE)?,
            self.memory.expire(now, EXPIRE_AT_ONCE)?,
            failing::expire(&self.database, now, EXPIRE_AT_ONCE)?,
        ];
        Ok(counts.into_iter().any(|count| count >= EXPIRE_AT_ONCE))
    }

    /// Commits what waits and marks the database as closed in good order.
    pub fn close(&self) {
        // First the keys, so that the files they stand for may be swept behind.
        if let Err(refusal) = self.database.flush() {
            tracing::warn!(%refusal, "the last journal rows and delivery keys are not on disk");
        }
        self.database.close();
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
