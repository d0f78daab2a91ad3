//! The quarantine: raw messages held away from users, durable, with why and until when.
//!
//! A body is the file `<id>.eml`, its row is in the table `held`. Body before row, row deleted before body: a crash
//! leaves at most a body without a row, which [`Quarantine::expire`] collects; never a row without its body. Does not
//! deliver: who releases a message does so in this order, and each step may be repeated after a crash:
//!
//! 1. [`Quarantine::claim`], so that two people do not release it at once;
//! 2. deliver under [`super::Key::of_release`]: the same key for every try, so that the done set catches a repeated one;
//! 3. [`Quarantine::released`], after the delivery is durable; or [`Quarantine::unclaim`] where it failed.

#[cfg(test)]
mod crashes;
mod orphans;
mod rows;

use super::disk::Dir;
use super::done::{self, Key};
use super::journal::limited;
use super::{Database, Disk};
use crate::filter::{Class, Weighed};
use crate::limits::RELEASE_SECONDS_MAX;
use crate::refusal::{Kind, Refusal, of_io};
use rows::{bounded, insert, read};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// One held message for one recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Of [`Held::new_id`]: 16 hexadecimal digits in lower case; file name and handle for people.
    pub id: String,
    /// Seconds since 1970.
    pub at: i64,
    /// Seconds since 1970.
    pub expires_at: i64,
    pub user: String,
    pub rcpt: String,
    /// Empty for the null reverse-path.
    pub reverse_path: String,
    pub from_text: String,
    pub subject: String,
    pub message_id: String,
    pub class: Class,
    pub score: f64,
    pub why: String,
    pub operator_only: bool,
    pub findings: Vec<Weighed>,
    /// Octets of the stored message; set by [`Quarantine::stage`].
    pub bytes: u64,
    /// When it was released, if it was. Seconds since 1970.
    pub released_at: Option<i64>,
    /// The envelope's session, as JSON, for the release.
    pub session: String,
}

impl Held {
    /// An id that nobody can guess (64 bits).
    ///
    /// # Errors
    /// Resources, when the system has no randomness to give.
    pub fn new_id() -> Result<String, Refusal> {
        let refuse = |error| Refusal::new(Kind::Resources, format!("make an id for the quarantine: {error}"));
        super::disk::random().map(|number| format!("{number:016x}")).map_err(refuse)
    }
}

/// Which rows to list; newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub user: Option<String>,
    pub class: Option<Class>,
    /// At most [`crate::limits::LIST_ROWS_MAX`], which is also what 0 means.
    pub limit: usize,
}

/// Who may release a message now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The asker; until `released` or `unclaim`, at most [`RELEASE_SECONDS_MAX`].
    Yours,
    /// Someone else is just doing it.
    Taken,
    /// It was released then; seconds since 1970.
    Released(i64),
    /// There is no such message.
    Unknown,
}

/// The quarantine, open; cheap to clone.
#[derive(Clone)]
pub struct Quarantine {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    dir: Dir,
    tmp: Dir,
}

/// A body written and synced under `tmp/`, without a row yet. Dropped: nothing stays.
#[must_use]
pub struct StagedHold {
    shared: Arc<Shared>,
    held: Held,
    file: String,
}

impl StagedHold {
    /// Body in its place first, then the row, committed.
    ///
    /// # Errors
    /// The refusal that the disk's or database's error asks for.
    pub fn publish(self) -> Result<(), Refusal> {
        self.show(None)
    }

    /// As [`StagedHold::publish`], and marks the delivery as done in the same transaction: after a crash before the
    /// reply, the retry finds it. Only where nothing else of the plan is published later.
    ///
    /// # Errors
    /// As [`StagedHold::publish`].
    pub fn publish_as(self, key: &Key) -> Result<(), Refusal> {
        self.show(Some(*key))
    }

    fn show(&self, key: Option<Key>) -> Result<(), Refusal> {
        let Shared { database, dir, tmp } = &*self.shared;
        let failed = |error| of_io(&format!("hold {}", dir.path().join(&self.file).display()), &error);
        tmp.link(&self.file, dir, &self.file).map_err(failed)?;
        if let Err(error) = dir.sync() {
            remove(dir, &self.file);
            return Err(failed(error));
        }
        let held = self.held.clone();
        // Where this fails the body stays: COMMIT may have worked all the same, and a row must have its body.
        database.write(move |c| {
            insert(c, &held)?;
            key.map_or(Ok(()), |key| done::insert(c, &key, held.at))
        })
    }
}

impl Drop for StagedHold {
    fn drop(&mut self) {
        remove(&self.shared.tmp, &self.file);
    }
}

impl Quarantine {
    /// Opens the folder `dir` of the quarantine, made with mode 0700 if it isn't there.
    ///
    /// # Errors
    /// The refusal that the disk's error asks for, with the path.
    pub fn open(disk: Disk, dir: &Path, database: Database) -> Result<Self, Refusal> {
        let failed = |error| of_io(&format!("open the quarantine {}", dir.display()), &error);
        let tmp = disk.make_dir(&dir.join("tmp")).map_err(failed)?;
        let dir = disk.dir(dir).map_err(failed)?;
        Ok(Self { shared: Arc::new(Shared { database, dir, tmp }) })
    }

    /// Writes and syncs the body where nobody sees it. Texts of the row are cut at
    /// [`crate::limits::ROW_TEXT_BYTES_MAX`]; its `bytes` become the message's.
    ///
    /// # Errors
    /// The refusal that the disk's error asks for; nothing is left behind.
    pub fn stage(&self, held: &Held, message: &[u8]) -> Result<StagedHold, Refusal> {
        let held = bounded(Held { bytes: message.len() as u64, ..held.clone() });
        let Some(file) = file_of(&held.id) else {
            return Err(Refusal::new(Kind::Storage, format!("hold a message: {:?} is no id", held.id)));
        };
        let tmp = &self.shared.tmp;
        tmp.create(&file, message)
            .map_err(|error| of_io(&format!("write {}", tmp.path().join(&file).display()), &error))?;
        Ok(StagedHold { shared: self.shared.clone(), held, file })
    }

    /// The newest rows that are wanted.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn list(&self, wanted: &Wanted) -> Result<Vec<Held>, Refusal> {
        self.list_from(wanted, None)
    }

    /// The next page: the newest wanted rows that are older than `last`, the last row of the page before.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn list_after(&self, wanted: &Wanted, last: &Held) -> Result<Vec<Held>, Refusal> {
        self.list_from(wanted, Some(last))
    }

    fn list_from(&self, wanted: &Wanted, last: Option<&Held>) -> Result<Vec<Held>, Refusal> {
        let class = wanted.class.map(Class::word);
        let (at, id) = (last.map(|last| last.at), last.map(|last| &last.id));
        self.shared.database.read(|c| {
            c.prepare_cached(include_str!("quarantine_list.sql"))?
                .query_map(params![wanted.user, class, at, id, limited(wanted.limit)], read)?
                .collect()
        })
    }

    /// The row alone; None where there is none of this id.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn row(&self, id: &str) -> Result<Option<Held>, Refusal> {
        let sql = include_str!("quarantine_get.sql");
        self.shared.database.read(|c| c.prepare_cached(sql)?.query_row([id], read).optional())
    }

    /// The row and the raw message.
    ///
    /// # Errors
    /// As [`Database::read`]; Storage or what the disk's error asks for where the body can't be read whole.
    pub fn get(&self, id: &str) -> Result<Option<(Held, Vec<u8>)>, Refusal> {
        let (Some(held), Some(file)) = (self.row(id)?, file_of(id)) else { return Ok(None) };
        let doing = || format!("read {}", self.shared.dir.path().join(&file).display());
        match self.shared.dir.read(&file, held.bytes) {
            Ok(message) if message.len() as u64 == held.bytes => Ok(Some((held, message))),
            Ok(message) => {
                let cause = format!("{}: {} bytes, the row says {}", doing(), message.len(), held.bytes);
                Err(Refusal::new(Kind::Storage, cause))
            }
            // Deleted between the two looks.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.row(id)?.is_none() => Ok(None),
            Err(error) => Err(of_io(&doing(), &error)),
        }
    }

    /// Asks for the right to release it.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn claim(&self, id: &str, now: i64) -> Result<Claim, Refusal> {
        let id = id.to_string();
        self.shared.database.write(move |c| {
            let dead = now.saturating_sub(RELEASE_SECONDS_MAX);
            if c.execute(include_str!("quarantine_claim.sql"), params![id, now, dead])? == 1 {
                return Ok(Claim::Yours);
            }
            let released: Option<Option<i64>> =
                c.query_row("SELECT released_at FROM held WHERE id = ?1", [&id], |row| row.get(0)).optional()?;
            Ok(match released {
                Some(Some(at)) => Claim::Released(at),
                Some(None) => Claim::Taken,
                None => Claim::Unknown,
            })
        })
    }

    /// Gives the right back after a release that failed.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn unclaim(&self, id: &str) -> Result<(), Refusal> {
        let id = id.to_string();
        self.shared
            .database
            .write(move |c| c.execute("UPDATE held SET claimed_at = NULL WHERE id = ?1", [id]).map(drop))
    }

    /// Marks it as released; after the delivery is durable. The first time stays.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn released(&self, id: &str, at: i64) -> Result<(), Refusal> {
        let id = id.to_string();
        let sql = "UPDATE held SET released_at = coalesce(released_at, ?2) WHERE id = ?1";
        self.shared.database.write(move |c| c.execute(sql, params![id, at]).map(drop))
    }

    /// Row first, then the file. False where there was none.
    ///
    /// # Errors
    /// As [`Database::write`]. A file that can't be removed is logged and collected later.
    pub fn delete(&self, id: &str) -> Result<bool, Refusal> {
        let row = id.to_string();
        let deleted = self.shared.database.write(move |c| c.execute("DELETE FROM held WHERE id = ?1", [row]))?;
        if deleted > 0 {
            self.remove_bodies(&[id.to_string()]);
        }
        Ok(deleted > 0)
    }

    /// Deletes what has expired, at most `limit`, and collects files without a row that a crash left; returns how many
    /// rows were deleted. Times are seconds since 1970.
    ///
    /// # Errors
    /// As [`Database::write`] and [`Database::read`]; what the disk's error asks for where the folder can't be listed.
    pub fn expire(&self, now: i64, limit: usize) -> Result<usize, Refusal> {
        let dead = now.saturating_sub(RELEASE_SECONDS_MAX);
        let (sql, limit_rows) = (include_str!("quarantine_expire.sql"), limit as i64);
        let ids: Vec<String> = self.shared.database.write(move |c| {
            c.prepare_cached(sql)?.query_map(params![now, limit_rows, dead], |row| row.get(0))?.collect()
        })?;
        self.remove_bodies(&ids);
        orphans::collect(&self.shared, now, limit)?;
        Ok(ids.len())
    }

    fn remove_bodies(&self, ids: &[String]) {
        for file in ids.iter().filter_map(|id| file_of(id)) {
            remove(&self.shared.dir, &file);
        }
    }
}

/// The file of an id; None where it is no id, and so can't lead to another file.
fn file_of(id: &str) -> Option<String> {
    let fair = id.len() == 16 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    fair.then(|| format!("{id}.eml"))
}

fn id_of(file: &str) -> Option<&str> {
    file.strip_suffix(".eml").filter(|id| file_of(id).is_some())
}

/// Removes a file that nobody needs; where that fails it is an orphan, and collected later.
fn remove(folder: &Dir, file: &str) {
    match folder.unlink(file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(path = ?folder.path().join(file), %error, "a file could not be removed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Begin, Done};

    pub(super) fn open(folder: &Path, disk: Disk) -> Result<(Database, Quarantine), Refusal> {
        let database = Database::open(&folder.join("tamis.db"))?;
        let quarantine = Quarantine::open(disk, &folder.join("quarantine"), database.clone())?;
        Ok((database, quarantine))
    }

    pub(super) fn fresh() -> (tempfile::TempDir, Quarantine) {
        let folder = tempfile::tempdir().unwrap();
        let (_, quarantine) = open(folder.path(), Disk::default()).unwrap();
        (folder, quarantine)
    }

    pub(super) fn sample(at: i64) -> Held {
        Held {
            id: Held::new_id().unwrap(),
            at,
            expires_at: at + 100,
            user: "anna".into(),
            rcpt: "anna+x@x.example".into(),
            reverse_path: String::new(),
            from_text: "Bad \"Guy\" <b@y.example>".into(),
            subject: "Größe'; --".into(),
            message_id: "<1@y>".into(),
            class: Class::Virus,
            score: 12.5,
            why: "it is EICAR".into(),
            operator_only: true,
            findings: vec![Weighed { name: "eicar".into(), weight: 12.5, detail: "a.com".into() }],
            bytes: 0,
            released_at: None,
            session: "{}".into(),
        }
    }

    pub(super) fn hold(quarantine: &Quarantine, held: &Held, message: &[u8]) {
        quarantine.stage(held, message).unwrap().publish().unwrap();
    }

    /// Names of both folders, and the promise: every row has its whole body.
    pub(super) fn files(quarantine: &Quarantine) -> (Vec<String>, Vec<String>) {
        for held in quarantine.list(&Wanted::default()).unwrap() {
            let (_, message) = quarantine.get(&held.id).unwrap().unwrap();
            assert_eq!(message, held.subject.as_bytes().repeat(1000), "{}", held.id);
        }
        let mut names = quarantine.shared.dir.names().unwrap();
        names.retain(|name| name != "tmp");
        (names, quarantine.shared.tmp.names().unwrap())
    }

    #[test]
    fn what_is_held_comes_back_byte_for_byte() {
        let (_folder, quarantine) = fresh();
        let held = sample(1000);
        let message = b"Subject: x\r\n\r\n\0\xff not UTF-8\n";
        hold(&quarantine, &held, message);
        let want = Held { bytes: message.len() as u64, ..held.clone() };
        assert_eq!(quarantine.get(&held.id), Ok(Some((want, message.to_vec()))));
        assert_eq!(quarantine.shared.tmp.names().unwrap(), Vec::<String>::new());
        assert!(quarantine.stage(&held, message).unwrap().publish().is_err(), "an id was used twice");
        assert_eq!(quarantine.get(&held.id).unwrap().unwrap().1, message);
    }

    #[test]
    fn ids_that_are_none_lead_nowhere() {
        let (_folder, quarantine) = fresh();
        for id in ["", "..", "../tamis.db", "0123456789abcdeF", "0123456789abcde", "' OR 1=1", "0123456789abcdef"] {
            assert_eq!(quarantine.get(id), Ok(None), "{id}");
            assert_eq!(quarantine.delete(id), Ok(false), "{id}");
        }
        assert!(quarantine.stage(&Held { id: "../x".into(), ..sample(1) }, b"").is_err());
        assert_ne!(Held::new_id(), Held::new_id());
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let (_folder, quarantine) = fresh();
        drop(quarantine.stage(&sample(1), b"x").unwrap());
        assert_eq!(files(&quarantine), (vec![], vec![]));
        assert!(quarantine.list(&Wanted::default()).unwrap().is_empty());
    }

    #[test]
    fn lists_are_filtered_and_paged_newest_first() {
        let (_folder, quarantine) = fresh();
        for n in 0..12 {
            let user = if n % 2 == 0 { "anna" } else { "ben" };
            let class = if n < 6 { Class::Spam } else { Class::Virus };
            hold(&quarantine, &Held { user: user.into(), class, why: n.to_string(), ..sample(n / 3) }, b"x");
        }
        let wanted = Wanted { user: Some("anna".into()), limit: 4, ..Wanted::default() };
        let first = quarantine.list(&wanted).unwrap();
        let second = quarantine.list_after(&wanted, &first[3]).unwrap();
        let times: Vec<_> = first.iter().chain(&second).map(|held| held.at).collect();
        assert_eq!(times, [3, 2, 2, 1, 0, 0]);
        let mut whys: Vec<_> = first.iter().chain(&second).map(|held| held.why.clone()).collect();
        whys.sort_unstable();
        assert_eq!(whys, ["0", "10", "2", "4", "6", "8"]);
        let both = Wanted { user: Some("ben".into()), class: Some(Class::Virus), limit: 0 };
        assert_eq!(quarantine.list(&both).unwrap().len(), 3);
        assert!(quarantine.list(&Wanted { user: Some("%".into()), ..wanted }).unwrap().is_empty());
    }

    #[test]
    fn one_release_at_a_time_and_a_dead_one_can_be_repeated() {
        let (_folder, quarantine) = fresh();
        let held = sample(1);
        hold(&quarantine, &held, b"x");
        let claim = |now| quarantine.claim(&held.id, now).unwrap();
        assert_eq!((claim(1000), claim(1001)), (Claim::Yours, Claim::Taken));
        quarantine.unclaim(&held.id).unwrap();
        assert_eq!((claim(1002), claim(1003)), (Claim::Yours, Claim::Taken));
        assert_eq!(claim(1003 + RELEASE_SECONDS_MAX), Claim::Yours);
        assert_eq!(quarantine.expire(1003 + RELEASE_SECONDS_MAX, 10), Ok(0), "expired while it was being released");
        quarantine.released(&held.id, 2000).unwrap();
        quarantine.released(&held.id, 3000).unwrap();
        assert_eq!(claim(9000), Claim::Released(2000));
        assert_eq!(quarantine.row(&held.id).unwrap().unwrap().released_at, Some(2000));
        assert_eq!(quarantine.claim("0123456789abcdef", 1), Ok(Claim::Unknown));
    }

    #[test]
    fn the_key_is_done_with_the_row_and_not_without_it() {
        let (_folder, quarantine) = fresh();
        let held = sample(unix_now());
        let key = Key::of(b"x", None, "anna");
        quarantine.stage(&held, b"x").unwrap().publish_as(&key).unwrap();
        let done = || Done::new(quarantine.shared.database.clone());
        assert!(matches!(done().begin(&key), Begin::Already));
        let other = Key::of(b"y", None, "anna");
        assert!(quarantine.stage(&held, b"y").unwrap().publish_as(&other).is_err());
        assert!(matches!(done().begin(&other), Begin::Go(_)));
    }

    #[test]
    fn what_has_expired_goes_with_its_body_a_few_at_a_time() {
        let (_folder, quarantine) = fresh();
        let subject = "s".to_string();
        for at in 0..5 {
            hold(&quarantine, &Held { subject: subject.clone(), ..sample(at) }, &b"s".repeat(1000));
        }
        assert_eq!(quarantine.expire(103, 3), Ok(3));
        assert_eq!(quarantine.expire(103, 3), Ok(1));
        assert_eq!(files(&quarantine).0.len(), 1);
        let left = quarantine.list(&Wanted::default()).unwrap();
        assert_eq!(quarantine.delete(&left[0].id), Ok(true));
        assert_eq!(quarantine.delete(&left[0].id), Ok(false));
        assert_eq!(files(&quarantine), (vec![], vec![]));
    }

    #[test]
    fn a_body_that_is_gone_or_changed_is_said_and_not_handed_out() {
        let (_folder, quarantine) = fresh();
        let held = sample(1);
        hold(&quarantine, &held, b"12345");
        let (dir, file) = (&quarantine.shared.dir, format!("{}.eml", held.id));
        for bytes in [&b"1234"[..], b"123456"] {
            dir.unlink(&file).unwrap();
            dir.create(&file, bytes).unwrap();
            assert!(quarantine.get(&held.id).unwrap_err().cause.contains(&held.id));
        }
        dir.unlink(&file).unwrap();
        assert!(quarantine.get(&held.id).is_err());
    }

    pub(super) fn unix_now() -> i64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed()
    }
}
