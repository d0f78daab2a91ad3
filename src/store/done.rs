//! Which deliveries are done: a retry after a lost reply does not deliver twice.
//!
//! A key is in flight while one try holds its [`Turn`], and done from [`Turn::done`] on: at once in memory, a little
//! later in the table. Losing what was not yet in the table needs a crash, and after a crash the names left in `tmp/`
//! say it again ([`Done::recover`]): so a name in `tmp/` goes only after its key is committed ([`Turn::done_then`]).
//! Does not store messages and does not know what a delivery is.
//!
//! Honest limit: a copy too many where power was lost, the reply was lost and the user had already removed the message,
//! or after [`DONE_KEY_DAYS`].

use super::{Database, now};
use crate::limits::{DELIVERY_SECONDS_MAX, DONE_KEY_DAYS, DONE_KEYS_MAX};
use crate::refusal::{Kind, Refusal};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Names one delivery: SHA-256 of the message's bytes, MAIL FROM and RCPT TO. A retry of Postfix has the same bytes; a
/// true second message has another queue id in its Received field, and so another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The key of a message as it was received; `None` is an envelope without MAIL FROM, `Some("")` the null
    /// reverse-path. Where a message has many recipients, hash it once: [`digest`] and [`Key::of_digest`].
    pub fn of(message: &[u8], reverse_path: Option<&str>, rcpt: &str) -> Self {
        Self::of_digest(&digest(message), reverse_path, rcpt)
    }

    /// As [`Key::of`], for a message whose [`digest`] is known.
    pub fn of_digest(digest: &[u8; 32], reverse_path: Option<&str>, rcpt: &str) -> Self {
        let from: &[&[u8]] = match reverse_path {
            Some(path) => &[b"from", path.as_bytes()],
            None => &[b"no from"],
        };
        Self::of_parts(
            [b"delivery", digest.as_slice()].into_iter().chain(from.iter().copied()).chain([rcpt.as_bytes()]),
        )
    }

    /// The key of the release of a message from the quarantine: the same for every try.
    pub fn of_release(id: &str) -> Self {
        Self::of_parts([b"release", id.as_bytes()])
    }

    /// The key of one message that leaves within a delivery: the same for every try, so that a retry does not send it again.
    pub fn of_send(delivery: &Self, kind: &str, to: &str) -> Self {
        Self::of_parts([b"send", delivery.0.as_slice(), kind.as_bytes(), to.as_bytes()])
    }

    /// The key of the letter that tells a user about a script: once for each script.
    pub fn of_notice(script: &[u8; 32]) -> Self {
        Self::of_parts([b"notice", script.as_slice()])
    }

    /// Each part with its length before it, so that no two lists of parts give the same bytes.
    fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Reads what [`fmt::Display`] wrote: 64 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let mut key = [0; 32];
        if pairs.len() != key.len() {
            return None;
        }
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(key))
    }
}

fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// SHA-256 of a message's bytes.
pub fn digest(message: &[u8]) -> [u8; 32] {
    Sha256::digest(message).into()
}

/// What a try may do.
#[must_use]
pub enum Begin {
    /// An earlier try stored it; answer as it would have been answered.
    Already,
    Go(Turn),
    /// An earlier try is still under way, or the table can't be asked: try again later (451).
    Busy(Refusal),
}

/// The right to deliver under a key; dropped without [`Turn::done`], the next try may go.
#[must_use]
pub struct Turn {
    done: Done,
    /// None once done.
    key: Option<Key>,
}

impl Turn {
    /// It is stored.
    pub fn done(self) {
        self.done_then(|| {});
    }

    /// It is stored; `after` runs once that is committed (on the database's thread: be short), and never where it could
    /// not be.
    pub fn done_then(mut self, after: impl FnOnce() + Send + 'static) {
        if let Some(key) = self.key.take() {
            self.done.remember(key, now(), after);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.done.shared.free(&key);
        }
    }
}

/// The set of deliveries that are done; cheap to clone.
#[derive(Clone)]
pub struct Done {
    shared: Arc<Shared>,
    database: Database,
    /// How long a try waits for an earlier one of the same key.
    patience: Duration,
}

#[derive(Default)]
struct Shared {
    states: Mutex<States>,
    changed: Condvar,
}

#[derive(Default)]
struct States {
    keys: HashMap<Key, State>,
    /// Keys that the table has too, oldest first: those that memory may forget.
    settled: VecDeque<(i64, Key)>,
}

#[derive(Clone, Copy)]
enum State {
    InFlight,
    Done { at: i64 },
}

impl Done {
    pub fn new(database: Database) -> Self {
        Self { shared: Arc::default(), database, patience: Duration::from_secs(DELIVERY_SECONDS_MAX) }
    }

    /// Waits for an earlier try of the same delivery that is still under way (at most [`DELIVERY_SECONDS_MAX`]), then
    /// says whether it is done.
    pub fn begin(&self, key: &Key) -> Begin {
        self.begin_at(key, now())
    }

    fn begin_at(&self, key: &Key, now: i64) -> Begin {
        match self.shared.enter(key, now, self.patience) {
            Entered::Already => return Begin::Already,
            Entered::TooLong => {
                let cause = format!("an earlier try of delivery {key} is still under way");
                return Begin::Busy(Refusal::new(Kind::Deadline, cause));
            }
            Entered::Mine => {}
        }
        let turn = Turn { done: self.clone(), key: Some(*key) };
        let bytes = key.0;
        let sql = "SELECT 1 FROM done WHERE key = ?1 AND at >= ?2";
        let known = self
            .database
            .read(|c| c.prepare_cached(sql)?.query_row(params![bytes, oldest(now)], |_| Ok(())).optional());
        match known {
            Ok(None) => Begin::Go(turn),
            Ok(Some(())) => Begin::Already,
            Err(refusal) => Begin::Busy(refusal),
        }
    }

    /// Marks a delivery as done that a crash left half told: its name was found in `tmp/` with a second link.
    pub fn recover(&self, key: &Key) {
        self.recover_then(key, || {});
    }

    /// As [`Done::recover`], and runs `after` once it is committed, as [`Turn::done_then`] does.
    pub fn recover_then(&self, key: &Key, after: impl FnOnce() + Send + 'static) {
        self.remember(*key, now(), after);
    }

    fn remember(&self, key: Key, at: i64, after: impl FnOnce() + Send + 'static) {
        self.shared.mark(key, at);
        // Only the states: a closure in the database's queue must not keep the database open.
        let shared = self.shared.clone();
        let told = move |result: Result<(), Refusal>| {
            shared.settle(key, at);
            match result {
                Ok(()) => after(),
                Err(refusal) => tracing::error!(%key, cause = %refusal.cause, "a delivery could not be marked as done"),
            }
        };
        self.database.write_later_then(move |c| insert(c, &key, at), told);
    }

    /// Forgets keys older than [`DONE_KEY_DAYS`], at most `limit` of the table; returns how many.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn expire(&self, now: i64, limit: usize) -> Result<usize, Refusal> {
        let before = oldest(now);
        self.shared.forget(|at| at < before);
        let limit = limit as i64;
        let sql = "DELETE FROM done WHERE key IN (SELECT key FROM done WHERE at < ?1 ORDER BY at LIMIT ?2)";
        self.database.write(move |c| c.execute(sql, params![before, limit]))
    }
}

/// Marks a key in a transaction of the caller's. Where the key is there already, the time is renewed.
pub(super) fn insert(database: &Connection, key: &Key, at: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO done (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET at = max(at, excluded.at)";
    database.prepare_cached(sql)?.execute(params![key.0, at]).map(drop)
}

/// What memory says at the door.
enum Entered {
    Already,
    Mine,
    TooLong,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, key: &Key, now: i64, patience: Duration) -> Entered {
        let in_flight = |states: &mut States| matches!(states.keys.get(key), Some(State::InFlight));
        let (mut states, _) =
            self.changed.wait_timeout_while(self.lock(), patience, in_flight).unwrap_or_else(PoisonError::into_inner);
        match states.keys.get(key) {
            Some(State::InFlight) => return Entered::TooLong,
            Some(State::Done { at }) if *at >= oldest(now) => return Entered::Already,
            Some(State::Done { .. }) | None => {}
        }
        states.keys.insert(*key, State::InFlight);
        Entered::Mine
    }

    fn mark(&self, key: Key, at: i64) {
        self.lock().keys.insert(key, State::Done { at });
        self.changed.notify_all();
    }

    /// The table has it (or could not take it, which was logged): memory may forget it.
    fn settle(&self, key: Key, at: i64) {
        let too_many = {
            let mut states = self.lock();
            states.settled.push_back((at, key));
            states.settled.len() > DONE_KEYS_MAX
        };
        if too_many {
            let mut one = Some(());
            self.forget(|_| one.take().is_some());
        }
    }

    fn free(&self, key: &Key) {
        let mut states = self.lock();
        // It may have been recovered meanwhile, and then is done.
        if matches!(states.keys.get(key), Some(State::InFlight)) {
            states.keys.remove(key);
        }
        drop(states);
        self.changed.notify_all();
    }

    /// Forgets the oldest settled keys as long as `is_due` says so of their time.
    fn forget(&self, mut is_due: impl FnMut(i64) -> bool) {
        let mut states = self.lock();
        while let Some((at, key)) = states.settled.front().copied().filter(|(at, _)| is_due(*at)) {
            states.settled.pop_front();
            // A later try of the same key is not ours to forget.
            if matches!(states.keys.get(&key), Some(State::Done { at: is }) if *is == at) {
                states.keys.remove(&key);
            }
        }
    }
}

/// The time before which a key is forgotten.
pub(super) fn oldest(now: i64) -> i64 {
    now.saturating_sub(DONE_KEY_DAYS * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    fn fresh() -> (tempfile::TempDir, Done) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("tamis.db")).unwrap();
        (folder, Done::new(database))
    }

    fn key(name: &str) -> Key {
        Key::of(name.as_bytes(), Some("a@x.example"), "b@y.example")
    }

    fn go(begin: Begin) -> Turn {
        match begin {
            Begin::Go(turn) => turn,
            Begin::Already => panic!("already done"),
            Begin::Busy(refusal) => panic!("{refusal}"),
        }
    }

    fn is_already(begin: &Begin) -> bool {
        matches!(begin, Begin::Already)
    }

    #[test]
    fn a_done_delivery_stays_done_in_memory_in_the_table_and_after_a_restart() {
        let (folder, done) = fresh();
        go(done.begin(&key("m"))).done();
        assert!(is_already(&done.begin(&key("m"))));
        done.database.flush().unwrap();
        assert!(is_already(&Done::new(done.database.clone()).begin(&key("m"))), "not in the table");
        done.database.close();
        let again = Done::new(Database::open(&folder.path().join("tamis.db")).unwrap());
        assert!(is_already(&again.begin(&key("m"))));
        go(again.begin(&key("other"))).done();
    }

    #[test]
    fn a_turn_that_fails_lets_the_next_try_go() {
        let (_folder, done) = fresh();
        drop(go(done.begin(&key("m"))));
        let caught = thread::scope(|scope| {
            let turn = go(done.begin(&key("m")));
            scope
                .spawn(move || {
                    let _turn = turn;
                    panic!("a delivery went wrong");
                })
                .join()
        });
        assert!(caught.is_err());
        go(done.begin(&key("m"))).done();
    }

    #[test]
    fn of_many_tries_at_once_one_delivers_and_the_others_wait_for_it() {
        let (_folder, done) = fresh();
        let turn = go(done.begin(&key("m")));
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..8 {
                let (done, tell) = (done.clone(), tell.clone());
                scope.spawn(move || tell.send(is_already(&done.begin(&key("m")))).unwrap());
            }
            assert!(told.try_recv().is_err(), "a second try did not wait");
            go(done.begin(&key("another message is not held up"))).done();
            turn.done();
        });
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), [true; 8]);
    }

    #[test]
    fn a_try_that_waited_takes_over_where_the_first_failed() {
        let (_folder, done) = fresh();
        let turn = go(done.begin(&key("m")));
        thread::scope(|scope| {
            let second = scope.spawn(|| go(done.begin(&key("m"))));
            drop(turn);
            second.join().unwrap().done();
        });
        assert!(is_already(&done.begin(&key("m"))));
    }

    #[test]
    fn a_delivery_that_is_recovered_while_it_is_tried_again_stays_done() {
        let (_folder, done) = fresh();
        let turn = go(done.begin(&key("m")));
        done.recover(&key("m"));
        drop(turn);
        assert!(done.shared.lock().keys.contains_key(&key("m")));
        assert!(is_already(&done.begin(&key("m"))));
    }

    #[test]
    fn waiting_ends_with_try_again_later() {
        let (_folder, mut done) = fresh();
        done.patience = Duration::from_millis(10);
        let turn = go(done.begin(&key("m")));
        match done.begin(&key("m")) {
            Begin::Busy(refusal) => assert_eq!(refusal.reply().0, 451),
            Begin::Already | Begin::Go(_) => panic!("it did not wait"),
        }
        turn.done();
    }

    #[test]
    fn a_table_that_cannot_be_asked_is_no_licence_to_deliver() {
        let (_folder, done) = fresh();
        done.database.write(|c| c.execute_batch("DROP TABLE done")).unwrap();
        assert!(matches!(done.begin(&key("m")), Begin::Busy(_)));
    }

    #[test]
    fn what_follows_runs_once_the_key_is_committed_and_not_where_it_is_not() {
        let (_folder, done) = fresh();
        let (tell, told) = mpsc::channel();
        let other = done.database.clone();
        let count = move || other.read(|c| c.query_row("SELECT count(*) FROM done", [], |row| row.get::<_, i64>(0)));
        go(done.begin(&key("m"))).done_then(move || tell.send(count()).unwrap());
        assert_eq!(told.recv().unwrap(), Ok(1));

        let (tell, told) = mpsc::channel::<()>();
        let turn = go(done.begin(&key("n")));
        done.database.close();
        turn.done_then(move || tell.send(()).unwrap());
        assert!(told.recv().is_err(), "it ran without a commit");
    }

    #[test]
    fn keys_expire_from_memory_and_table_after_their_days() {
        let (_folder, done) = fresh();
        let days = |days: i64| now() + days * 86_400;
        for number in 0..10 {
            done.recover(&key(&number.to_string()));
        }
        done.database.flush().unwrap();
        assert_eq!(done.expire(days(DONE_KEY_DAYS - 1), 100), Ok(0));
        assert!(is_already(&done.begin_at(&key("3"), days(DONE_KEY_DAYS - 1))));
        drop(go(done.begin_at(&key("3"), days(DONE_KEY_DAYS + 1))));
        assert_eq!(done.expire(days(DONE_KEY_DAYS + 1), 4), Ok(4));
        assert_eq!(done.expire(days(DONE_KEY_DAYS + 1), 100), Ok(6));
        assert!(done.shared.lock().keys.is_empty());
        drop(go(done.begin(&key("4"))));
    }

    #[test]
    fn memory_is_bounded_and_the_table_remembers_the_rest() {
        let (_folder, done) = fresh();
        for number in 0..DONE_KEYS_MAX + 20 {
            done.recover(&key(&number.to_string()));
        }
        done.database.flush().unwrap();
        assert_eq!(done.shared.lock().keys.len(), DONE_KEYS_MAX);
        assert_eq!(done.shared.lock().settled.len(), DONE_KEYS_MAX);
        assert!(is_already(&done.begin(&key("0"))));
    }

    #[test]
    fn keys_differ_in_every_part_and_in_where_the_parts_end() {
        let all = [
            Key::of(b"m", Some("a"), "b"),
            Key::of(b"m2", Some("a"), "b"),
            Key::of(b"m", Some("ab"), ""),
            Key::of(b"m", Some(""), "ab"),
            Key::of(b"m", None, "ab"),
            Key::of(b"m", Some("a"), "B"),
            Key::of_release("m"),
        ];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(Key::of(b"m", Some("a"), "b"), all[0]);
        for key in all {
            assert_eq!(Key::parse(&key.to_string()), Some(key));
            assert_eq!(Key::parse(key.to_string().get(1..).unwrap()), None);
        }
        assert_eq!(Key::parse(&"F".repeat(64)), None);
        assert_eq!(Key::parse(&"g".repeat(64)), None);
    }
}
