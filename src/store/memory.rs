//! What scripts remember from one message to the next, and how much leaves for a user in a day.
//!
//! Keys are those of the script, hashed with what they are for, so that a vacation can't be silenced by a `duplicate`
//! and a captured worker can't write anything long. Does not send and does not decide what is a duplicate: the script
//! does. Standards: RFC 5230 §4.2 (vacation), RFC 7352 §3.3 (duplicate).

use super::{Database, Key, done};
use crate::limits::{MEMORY_KEYS_MAX, MEMORY_SECONDS_MAX};
use crate::plan::{Asked, Once, OutgoingKind};
use crate::refusal::Refusal;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const DAY: i64 = 86_400;

/// What is remembered, open; cheap to clone.
#[derive(Clone)]
pub struct Memory {
    database: Database,
}

/// May a message leave that leaves but once in a while?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Yes, and it is remembered as sent.
    Yes,
    /// It was sent a while ago.
    Known,
    /// The user's share of this day is used up.
    Spent,
}

/// What a key is for.
#[derive(Clone, Copy, Debug)]
enum Use {
    Duplicate,
    Once,
    Redirect,
}

impl Memory {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Which of the keys that the `duplicate` tests asked are remembered for this user.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn known(&self, user: &str, asked: &[Asked], now: i64) -> Result<BTreeSet<String>, Refusal> {
        if asked.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.database.read(|c| {
            let mut known = BTreeSet::new();
            for Asked { key, .. } in asked.iter().take(MEMORY_KEYS_MAX) {
                if is_known(c, user, &hashed(Use::Duplicate, key), now)? {
                    known.insert(key.clone());
                }
            }
            Ok(known)
        })
    }

    /// Remembers what the `duplicate` tests asked: after the delivery, which is durable by then, and before its answer,
    /// because a second copy often comes within the same second. A key that is known lives longer only with `:last`
    /// (RFC 7352 §3.3). What can't be written is a duplicate that is not known, which the log says.
    pub fn remember(&self, user: &str, asked: &[Asked], now: i64) {
        if asked.is_empty() {
            return;
        }
        let (user, asked) = (user.to_string(), asked.iter().take(MEMORY_KEYS_MAX).cloned().collect::<Vec<_>>());
        let written = self.database.write(move |c| {
            for Asked { key, seconds, last } in &asked {
                let key = hashed(Use::Duplicate, key);
                if *last || !is_known(c, &user, &key, now)? {
                    keep(c, &user, &key, until(now, *seconds))?;
                }
            }
            Ok(())
        });
        if let Err(refusal) = written {
            tracing::warn!(%refusal, "what a script asked to remember could not be written");
        }
    }

    /// Asks whether a vacation reply or a notification may leave, and remembers it as sent in the same transaction,
    /// durably: a lost record would cost a reply too many, a storm of them if it came late.
    ///
    /// # Errors
    /// As [`Database::write`]: it may not leave then.
    pub fn allow(
        &self,
        user: &str,
        kind: OutgoingKind,
        once: Option<&Once>,
        per_day: u64,
        now: i64,
    ) -> Result<Allowed, Refusal> {
        let (user, once) = (user.to_string(), once.cloned());
        self.database.write(move |c| {
            let key = once.as_ref().map(|once| hashed(Use::Once, &once.key));
            if let Some(key) = &key
                && is_known(c, &user, key, now)?
            {
                return Ok(Allowed::Known);
            }
            if count(c, &user, kind, now)? >= per_day {
                return Ok(Allowed::Spent);
            }
            if let (Some(key), Some(once)) = (&key, &once) {
                keep(c, &user, key, until(now, once.seconds))?;
            }
            add(c, &user, kind, now)?;
            Ok(Allowed::Yes)
        })
    }

    /// How many messages of this kind left for the user today (UTC).
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn sent_today(&self, user: &str, kind: OutgoingKind, now: i64) -> Result<u64, Refusal> {
        self.database.read(|c| count(c, user, kind, now))
    }

    /// True where the same message was sent on to the same address a while ago.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub(super) fn was_redirected(&self, user: &str, key: &str, now: i64) -> Result<bool, Refusal> {
        self.database.read(|c| is_known(c, user, &hashed(Use::Redirect, key), now))
    }

    /// A message was handed over: its own key, the day's count and, for a redirect, the message are remembered, durably.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub(super) fn handed_over(
        &self,
        user: &str,
        kind: OutgoingKind,
        own: Key,
        redirect: Option<Once>,
        now: i64,
    ) -> Result<(), Refusal> {
        let user = user.to_string();
        self.database.write(move |c| {
            done::insert(c, &own, now)?;
            if let Some(once) = &redirect {
                keep(c, &user, &hashed(Use::Redirect, &once.key), until(now, once.seconds))?;
            }
            add(c, &user, kind, now)
        })
    }

    /// Forgets what has expired, at most `limit` of each table; returns how many rows of the larger.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub(super) fn expire(&self, now: i64, limit: usize) -> Result<usize, Refusal> {
        let (limit, yesterday) = (limit as i64, now / DAY - 1);
        self.database.write(move |c| {
            let keys = "DELETE FROM memory WHERE (user, key) IN \
                        (SELECT user, key FROM memory WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
            let days = "DELETE FROM sent WHERE (user, kind, day) IN \
                        (SELECT user, kind, day FROM sent WHERE day < ?1 ORDER BY day LIMIT ?2)";
            Ok(c.execute(keys, params![now, limit])?.max(c.execute(days, params![yesterday, limit])?))
        })
    }
}

/// A key that names one message for one address.
pub(super) fn hex_digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hashed(what: Use, key: &str) -> [u8; 32] {
    let word = match what {
        Use::Duplicate => "duplicate",
        Use::Once => "once",
        Use::Redirect => "redirect",
    };
    Sha256::new().chain_update(word).chain_update([0]).chain_update(key).finalize().into()
}

fn until(now: i64, seconds: i64) -> i64 {
    now.saturating_add(seconds.clamp(0, MEMORY_SECONDS_MAX))
}

fn is_known(c: &Connection, user: &str, key: &[u8; 32], now: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM memory WHERE user = ?1 AND key = ?2 AND expires_at > ?3";
    Ok(c.prepare_cached(sql)?.query_row(params![user, key, now], |_| Ok(())).optional()?.is_some())
}

fn keep(c: &Connection, user: &str, key: &[u8; 32], expires_at: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO memory (user, key, expires_at) VALUES (?1, ?2, ?3) \
               ON CONFLICT (user, key) DO UPDATE SET expires_at = excluded.expires_at";
    c.prepare_cached(sql)?.execute(params![user, key, expires_at]).map(drop)
}

fn count(c: &Connection, user: &str, kind: OutgoingKind, now: i64) -> rusqlite::Result<u64> {
    let sql = "SELECT count FROM sent WHERE user = ?1 AND kind = ?2 AND day = ?3";
    let count = c.prepare_cached(sql)?.query_row(params![user, kind.word(), now / DAY], |row| row.get::<_, i64>(0));
    Ok(count.optional()?.unwrap_or(0).cast_unsigned())
}

fn add(c: &Connection, user: &str, kind: OutgoingKind, now: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sent (user, kind, day, count) VALUES (?1, ?2, ?3, 1) \
               ON CONFLICT (user, kind, day) DO UPDATE SET count = count + 1";
    c.prepare_cached(sql)?.execute(params![user, kind.word(), now / DAY]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, Memory) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("tamis.db")).unwrap();
        (folder, Memory::new(database))
    }

    fn asked(key: &str, seconds: i64, last: bool) -> Asked {
        Asked { key: key.into(), seconds, last }
    }

    #[test]
    fn a_key_is_known_to_its_user_until_it_expires_and_longer_with_last() {
        let (_folder, memory) = fresh();
        let knows = |user: &str, key: &str, now| memory.known(user, &[asked(key, 0, false)], now).unwrap().len() == 1;
        memory.remember("anna", &[asked("aa", 100, false), asked("bb", 100, true)], 1000);
        memory.database.flush().unwrap();
        assert!(knows("anna", "aa", 1099) && !knows("anna", "aa", 1100));
        assert!(!knows("ben", "aa", 1001) && !knows("anna", "cc", 1001));
        memory.remember("anna", &[asked("aa", 100, false), asked("bb", 100, true)], 1050);
        memory.database.flush().unwrap();
        assert!(!knows("anna", "aa", 1120) && knows("anna", "bb", 1120));
        assert_eq!(memory.expire(1150, 10), Ok(2));
        assert_eq!(memory.expire(1150, 10), Ok(0));
    }

    #[test]
    fn a_reply_leaves_once_in_its_time_and_so_many_a_day() {
        let (_folder, memory) = fresh();
        let once = |key: &str| Once { key: key.into(), seconds: 7 * DAY };
        let ask = |key: &str, now| memory.allow("anna", OutgoingKind::Vacation, Some(&once(key)), 2, now).unwrap();
        let noon = 1000 * DAY + DAY / 2;
        assert_eq!(ask("aa", noon), Allowed::Yes);
        assert_eq!(ask("aa", noon + 1), Allowed::Known);
        assert_eq!(ask("bb", noon + 2), Allowed::Yes);
        assert_eq!(ask("cc", noon + 3), Allowed::Spent);
        assert_eq!(ask("cc", noon + DAY), Allowed::Yes);
        assert_eq!(ask("aa", noon + 7 * DAY + 1), Allowed::Yes);
        assert_eq!(memory.allow("anna", OutgoingKind::Notify, None, 1, noon), Ok(Allowed::Yes));
        assert_eq!(memory.allow("anna", OutgoingKind::Notify, None, 1, noon), Ok(Allowed::Spent));
        assert_eq!(memory.sent_today("anna", OutgoingKind::Vacation, noon), Ok(2));
    }

    #[test]
    fn what_one_use_remembers_no_other_knows() {
        let (_folder, memory) = fresh();
        let once = Once { key: "aa".into(), seconds: 100 };
        memory.handed_over("anna", OutgoingKind::Redirect, Key([1; 32]), Some(once.clone()), 10).unwrap();
        assert_eq!(memory.was_redirected("anna", "aa", 11), Ok(true));
        assert_eq!(memory.was_redirected("anna", "aa", 111), Ok(false));
        assert!(memory.known("anna", &[asked("aa", 1, false)], 11).unwrap().is_empty());
        assert_eq!(memory.allow("anna", OutgoingKind::Vacation, Some(&once), 9, 11), Ok(Allowed::Yes));
    }
}
