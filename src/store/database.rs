//! The SQLite database: one writer thread with group commit, read-only connections for the rest.
//!
//! A write is a closure that runs inside the writer's transaction; [`Database::write`] returns after COMMIT with
//! `synchronous=FULL`, so what it says is on disk. Everything that waits shares one COMMIT. Does not know any table:
//! journal, quarantine, done and tries bring their own SQL. Blocking: never call it on a thread of the async runtime.

mod schema;
mod writer;

use super::Disk;
use crate::limits::{DATABASE_QUEUE_MAX, DATABASE_READERS};
use crate::refusal::{Kind, Refusal, of_io};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use writer::{Haste, Job, Writer};

pub use schema::Before;

/// The database, open; cheap to clone. The last clone that goes commits what waits and closes it.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    /// The path, for causes.
    name: Arc<str>,
    /// None once closed.
    jobs: Mutex<Option<SyncSender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    writer_id: ThreadId,
    readers: Mutex<Vec<Connection>>,
    returned: Condvar,
    commits: Arc<AtomicU64>,
    before: Before,
}

impl Database {
    /// Opens the database, makes it (0600, in a folder 0700) or brings it to the newest schema.
    ///
    /// # Errors
    /// With a sentence for the operator: when it can't be opened, is damaged, belongs to another program, has a newer
    /// schema, or WAL with synchronous=FULL is not in force.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let name: Arc<str> = path.display().to_string().into();
        make_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| refusal_of(&name, "open", &error);
        let writing = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
        let before = schema::prepare(&writing, &name)?;
        let token = schema::mark_open(&writing, std::process::id()).map_err(failed)?;
        let readers = (0..DATABASE_READERS)
            .map(|_| {
                let reading = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                schema::settle_reader(&reading)?;
                Ok(reading)
            })
            .collect::<rusqlite::Result<Vec<_>>>()
            .map_err(failed)?;
        let (sender, receiver) = sync_channel(DATABASE_QUEUE_MAX);
        let commits = Arc::new(AtomicU64::new(0));
        let writer = Writer { database: writing, jobs: receiver, name: name.clone(), commits: commits.clone(), token };
        let thread = thread::Builder::new()
            .name("database".into())
            .spawn(move || writer.run())
            .map_err(|error| of_io("start the database's thread", &error))?;
        Ok(Self {
            inner: Arc::new(Inner {
                name,
                jobs: Mutex::new(Some(sender)),
                writer_id: thread.thread().id(),
                writer: Mutex::new(Some(thread)),
                readers: Mutex::new(readers),
                returned: Condvar::new(),
                commits,
                before,
            }),
        })
    }

    /// Runs `work` in the writer's transaction and returns after COMMIT. An error or a panic of `work` undoes what it
    /// did and nothing else. Must not be called inside another `work`.
    ///
    /// # Errors
    /// DiskFull, Resources or Storage, with what SQLite said; Panic. Storage may also mean that COMMIT itself failed:
    /// the row is then most likely not there, but could be.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (tell, told) = sync_channel(1);
        let tell = move |result| {
            // The asker waits below until it is told, so this send finds it.
            let _ = tell.send(result);
        };
        self.inner.send(Job::new(Haste::Urgent, self.inner.name.clone(), work, tell));
        told.recv().unwrap_or_else(|_| Err(self.inner.refusal("the writer has stopped")))
    }

    /// Runs `work` some time soon (within [`crate::limits::DATABASE_LINGER_MILLIS`] where the disk keeps up, in the
    /// order of the calls); a failure is logged. Waits only while the queue is full.
    pub fn write_later(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        self.write_later_then(work, |result| {
            if let Err(refusal) = result {
                tracing::error!(cause = %refusal.cause, "a row could not be written");
            }
        });
    }

    /// As [`Database::write_later`], and calls `after` on the writer's thread once it is committed, or with why not.
    /// `after` must be short, and must not call [`Database::write`].
    pub fn write_later_then(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
        after: impl FnOnce(Result<(), Refusal>) + Send + 'static,
    ) {
        self.inner.send(Job::new(Haste::Lazy, self.inner.name.clone(), work, after));
    }

    /// Runs `work` on a read-only connection. It sees what is committed; see [`Database::flush`].
    ///
    /// # Errors
    /// Storage or Resources, with what SQLite said.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Refusal> {
        let lent = Lent::wait(&self.inner);
        let result = match &lent.connection {
            Some(connection) => work(connection),
            None => Err(rusqlite::Error::InvalidQuery),
        };
        result.map_err(|error| refusal_of(&self.inner.name, "read", &error))
    }

    /// Waits until everything that was queued before is committed.
    ///
    /// # Errors
    /// Storage, when the writer has stopped or its COMMIT failed.
    pub fn flush(&self) -> Result<(), Refusal> {
        self.write(|_| Ok(()))
    }

    /// Commits what waits and closes the database in good order; later writes fail. The second call does nothing.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Transactions committed since the start.
    pub fn commits(&self) -> u64 {
        self.inner.commits.load(Ordering::Relaxed)
    }

    /// How the process before us left the database.
    pub fn before(&self) -> Before {
        self.inner.before
    }
}

impl Inner {
    fn send(&self, job: Job) {
        let sender = lock(&self.jobs).clone();
        let Some(sender) = sender else {
            return job.turn_away(self.refusal("the database is closed"));
        };
        if thread::current().id() != self.writer_id {
            if let Err(unsent) = sender.send(job) {
                unsent.0.turn_away(self.refusal("the writer has stopped"));
            }
            return;
        }
        // The writer itself can't wait for itself: neither for an answer nor for room in the queue.
        match job.haste {
            Haste::Urgent => job.turn_away(self.refusal("a write was asked for inside a write")),
            Haste::Lazy => match sender.try_send(job) {
                Ok(()) => {}
                Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                    job.turn_away(self.refusal("the queue is full"));
                }
            },
        }
    }

    fn refusal(&self, what: &str) -> Refusal {
        Refusal::new(Kind::Storage, format!("write to {}: {what}", self.name))
    }

    fn close(&self) {
        drop(lock(&self.jobs).take());
        let writer = lock(&self.writer).take();
        // A queued closure may hold the last clone: then the writer itself is here and ends by itself.
        if let Some(writer) = writer.filter(|_| thread::current().id() != self.writer_id)
            && writer.join().is_err()
        {
            tracing::error!(database = %self.name, "the database's thread panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// A read-only connection, given back even where its user panics.
struct Lent<'a> {
    from: &'a Inner,
    connection: Option<Connection>,
}

impl<'a> Lent<'a> {
    fn wait(from: &'a Inner) -> Self {
        let mut readers = from
            .returned
            .wait_while(lock(&from.readers), |readers| readers.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        Self { from, connection: readers.pop() }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        lock(&self.from.readers).extend(self.connection.take());
        self.from.returned.notify_one();
    }
}

/// Makes the file before SQLite does, so that its mode is ours; SQLite gives its log the same one.
fn make_file(path: &Path) -> Result<(), Refusal> {
    let doing = format!("make {}", path.display());
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(Refusal::new(Kind::Storage, format!("{doing}: not a path of a file in a folder")));
    };
    let folder = Disk::default().make_dir(folder).map_err(|error| of_io(&doing, &error))?;
    match folder.create(name, b"") {
        Ok(()) => folder.sync().map_err(|error| of_io(&doing, &error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(of_io(&doing, &error)),
    }
}

/// An error of SQLite becomes the refusal that its code asks for.
fn refusal_of(name: &str, doing: &str, error: &rusqlite::Error) -> Refusal {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Kind::DiskFull,
        Some(ErrorCode::OutOfMemory) => Kind::Resources,
        _ => Kind::Storage,
    };
    Refusal::new(kind, format!("{doing} {name}: {error}"))
}

/// A panic while the lock was held leaves nothing half done in what we guard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn fresh() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("data/tamis.db")).unwrap();
        (folder, database)
    }

    fn add(at: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static {
        move |c| c.execute("INSERT INTO tries VALUES (randomblob(32), 1, ?1)", [at]).map(drop)
    }

    fn rows(database: &Database) -> i64 {
        database.read(|c| c.query_row("SELECT count(*) FROM tries", [], |row| row.get(0))).unwrap()
    }

    #[test]
    fn what_waits_shares_one_commit_with_the_next_urgent_write() {
        let (_folder, database) = fresh();
        let (running, runs) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let before = database.commits();
        let blocked = thread::spawn({
            let database = database.clone();
            move || {
                database.write(move |_| {
                    running.send(()).unwrap();
                    gone.recv().unwrap();
                    Ok(())
                })
            }
        });
        runs.recv().unwrap();
        for at in 0..200 {
            database.write_later(add(at));
        }
        go.send(()).unwrap();
        database.flush().unwrap();
        blocked.join().unwrap().unwrap();
        assert_eq!(rows(&database), 200);
        let commits = database.commits() - before;
        assert!((2..=3).contains(&commits), "{commits} commits for 202 writes");
    }

    #[test]
    fn a_full_queue_makes_writers_wait_and_loses_nothing() {
        let (_folder, database) = fresh();
        let (running, runs) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        database.write_later(move |_| {
            running.send(()).unwrap();
            gone.recv().unwrap();
            Ok(())
        });
        runs.recv().unwrap();
        let queued = AtomicU64::new(0);
        let full = DATABASE_QUEUE_MAX as u64;
        thread::scope(|scope| {
            scope.spawn(|| {
                for at in 0..2 * full {
                    database.write_later(add(at.cast_signed()));
                    queued.fetch_add(1, Ordering::SeqCst);
                }
            });
            while queued.load(Ordering::SeqCst) < full {
                thread::yield_now();
            }
            assert_eq!(queued.load(Ordering::SeqCst), full, "the queue has no end");
            go.send(()).unwrap();
        });
        database.flush().unwrap();
        assert_eq!(rows(&database), 2 * full.cast_signed());
    }

    #[test]
    fn many_threads_write_at_once_and_nothing_is_lost() {
        let (_folder, database) = fresh();
        thread::scope(|scope| {
            for number in 0..8 {
                let database = &database;
                scope.spawn(move || (0..200).for_each(|_| database.write(add(number)).unwrap()));
            }
        });
        assert_eq!(rows(&database), 1600);
        assert!(database.commits() < 1600, "{} commits: none was shared", database.commits());
    }

    #[test]
    fn an_error_or_a_panic_undoes_its_own_write_and_no_other() {
        let (_folder, database) = fresh();
        database.write_later(add(1));
        database.write_later(|c| {
            add(2)(c)?;
            Err(rusqlite::Error::InvalidQuery)
        });
        database.write_later(|c| {
            add(3)(c)?;
            panic!("a closure went wrong")
        });
        let failed = database.write(|c| {
            add(4)(c)?;
            c.execute("INSERT INTO nowhere VALUES (1)", []).map(drop)
        });
        assert!(failed.unwrap_err().cause.contains("no such table: nowhere"));
        database.write(add(5)).unwrap();
        let kept: Vec<i64> = database
            .read(|c| c.prepare("SELECT at FROM tries ORDER BY at")?.query_map([], |row| row.get(0))?.collect())
            .unwrap();
        assert_eq!(kept, [1, 5]);
        assert_eq!(database.write(|_| -> rusqlite::Result<()> { panic!("again") }).unwrap_err().kind, Kind::Panic);
        database.write(add(6)).unwrap();
    }

    #[test]
    fn a_write_that_ends_the_transaction_is_not_told_as_safe() {
        let (_folder, database) = fresh();
        let (tell, told) = mpsc::channel();
        database.write_later_then(add(1), move |result| tell.send(result).unwrap());
        assert!(database.write(|c| c.execute_batch("ROLLBACK")).is_err());
        assert!(told.recv().unwrap().is_err());
        database.write(add(2)).unwrap();
        assert_eq!(rows(&database), 1);
    }

    #[test]
    fn lazy_writes_come_by_themselves_and_tell_when_they_are_committed() {
        let (_folder, database) = fresh();
        let (tell, told) = mpsc::channel();
        let other = database.clone();
        database.write_later_then(add(1), move |result| tell.send((result, rows(&other))).unwrap());
        assert_eq!(told.recv().unwrap(), (Ok(()), 1));
    }

    #[test]
    fn a_write_inside_a_write_is_refused_instead_of_waiting_for_itself() {
        let (_folder, database) = fresh();
        let inner = database.clone();
        let refusal = database.write(move |_| Ok(inner.write(add(1)).unwrap_err())).unwrap();
        assert!(refusal.cause.contains("inside a write"), "{}", refusal.cause);
    }

    #[test]
    fn closing_commits_what_waits_and_the_next_start_finds_it_clean() {
        let (folder, database) = fresh();
        assert_eq!(database.before(), Before::New);
        (0..50).for_each(|at| database.write_later(add(at)));
        database.close();
        assert!(database.write(add(1)).unwrap_err().cause.contains("closed"));
        let again = Database::open(&folder.path().join("data/tamis.db")).unwrap();
        assert_eq!((again.before(), rows(&again)), (Before::Clean, 50));
    }

    #[test]
    fn a_reader_that_panics_gives_its_connection_back() {
        let (_folder, database) = fresh();
        for _ in 0..4 {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                database.read(|_| -> rusqlite::Result<()> { panic!("while reading") })
            }));
            assert!(caught.is_err());
        }
        assert_eq!(rows(&database), 0);
        assert!(database.read(|c| c.execute("DELETE FROM tries", [])).is_err(), "a reader could write");
    }

    #[test]
    fn file_and_folder_are_ours_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, database) = fresh();
        database.write(add(1)).unwrap();
        for (name, want) in [("data", 0o700), ("data/tamis.db", 0o600), ("data/tamis.db-wal", 0o600)] {
            let mode = folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, want, "{name} has mode {mode:o}");
        }
    }
}
