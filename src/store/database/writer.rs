//! The writer's thread: gathers what waits, runs each write in its own savepoint, commits once, tells all.
//!
//! Does not decide what is written. The gain is the shared sync: while one COMMIT waits for the disk, the next batch
//! gathers by itself. Source of the commands: <https://www.sqlite.org/lang_savepoint.html>.

use super::{refusal_of, schema};
use crate::limits::{DATABASE_BATCH_MAX, DATABASE_LINGER_MILLIS};
use crate::refusal::{Kind, Refusal};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Whether a write waits for company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    Urgent,
    Lazy,
}

/// One write that waits.
pub(super) struct Job {
    pub(super) haste: Haste,
    run: Run,
}

/// Gets the connection inside a transaction, or why there is none.
type Run = Box<dyn FnOnce(Result<&Connection, Refusal>) -> Ran + Send>;
/// Gets whether the transaction was committed.
type Tell = Box<dyn FnOnce(Result<(), Refusal>) + Send>;

/// What a job made of its savepoint, and who wants to know.
enum Ran {
    Keep(Tell),
    Undo(Tell),
}

impl Job {
    /// `tell` is called exactly once: with the value of `work` after COMMIT, or with why it is not there.
    pub(super) fn new<T: Send + 'static>(
        haste: Haste,
        name: Arc<str>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        tell: impl FnOnce(Result<T, Refusal>) + Send + 'static,
    ) -> Self {
        let run = move |database: Result<&Connection, Refusal>| {
            let refusal = match database.map(|database| catch_unwind(AssertUnwindSafe(|| work(database)))) {
                Ok(Ok(Ok(value))) => return Ran::Keep(Box::new(move |committed| tell(committed.map(|()| value)))),
                Ok(Ok(Err(error))) => refusal_of(&name, "write to", &error),
                Ok(Err(_)) => Refusal::new(Kind::Panic, format!("write to {name}: the work panicked")),
                Err(refusal) => refusal,
            };
            Ran::Undo(Box::new(move |_| tell(Err(refusal))))
        };
        Self { haste, run: Box::new(run) }
    }

    /// Tells that it will never run.
    pub(super) fn turn_away(self, refusal: Refusal) {
        match (self.run)(Err(refusal)) {
            Ran::Keep(tell) | Ran::Undo(tell) => tell_one(tell, Ok(())),
        }
    }
}

/// What the thread owns.
pub(super) struct Writer {
    pub(super) database: Connection,
    pub(super) jobs: Receiver<Job>,
    pub(super) name: Arc<str>,
    pub(super) commits: Arc<AtomicU64>,
    pub(super) token: [u8; 16],
}

/// Whether more can come.
enum Queue {
    Open,
    Closed,
}

impl Writer {
    /// Serves until all senders are gone and everything is committed.
    pub(super) fn run(self) {
        let mut batch = Vec::new();
        loop {
            let queue = self.gather(&mut batch);
            if !batch.is_empty() {
                self.commit(std::mem::take(&mut batch));
            }
            match queue {
                Queue::Open => {}
                Queue::Closed => break,
            }
        }
        if let Err(error) = schema::mark_closed(&self.database, &self.token) {
            tracing::warn!(database = %self.name, %error, "the database could not be marked as closed; the next start checks it");
        }
    }

    /// Waits for a first job; lazy ones linger until an urgent one comes, then all that wait go together.
    fn gather(&self, batch: &mut Vec<Job>) -> Queue {
        let Ok(first) = self.jobs.recv() else { return Queue::Closed };
        let until = Instant::now() + Duration::from_millis(DATABASE_LINGER_MILLIS);
        let mut haste = first.haste;
        batch.push(first);
        while batch.len() < DATABASE_BATCH_MAX {
            let patience = match haste {
                Haste::Urgent => Duration::ZERO,
                Haste::Lazy => until.saturating_duration_since(Instant::now()),
            };
            match self.jobs.recv_timeout(patience) {
                Ok(job) => {
                    if job.haste == Haste::Urgent {
                        haste = Haste::Urgent;
                    }
                    batch.push(job);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Queue::Closed,
            }
        }
        Queue::Open
    }

    /// One transaction for all; then everyone is told.
    fn commit(&self, batch: Vec<Job>) {
        let mut tells = Vec::with_capacity(batch.len());
        let mut state = self.execute("BEGIN IMMEDIATE");
        for job in batch {
            match state.clone() {
                Ok(()) => state = self.run_one(job, &mut tells),
                Err(refusal) => job.turn_away(refusal),
            }
        }
        let result = state.and_then(|()| self.execute("COMMIT"));
        match &result {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(refusal) => {
                tracing::error!(cause = %refusal.cause, writes = tells.len(), "a transaction failed");
                if !self.database.is_autocommit()
                    && let Err(refusal) = self.execute("ROLLBACK")
                {
                    tracing::error!(cause = %refusal.cause, "a transaction could not be rolled back");
                }
            }
        }
        for tell in tells {
            tell_one(tell, result.clone());
        }
    }

    /// Runs a job in its own savepoint. An error means that the whole transaction is lost.
    fn run_one(&self, job: Job, tells: &mut Vec<Tell>) -> Result<(), Refusal> {
        if let Err(refusal) = self.execute("SAVEPOINT one") {
            job.turn_away(refusal.clone());
            return Err(refusal);
        }
        let undone = match (job.run)(Ok(&self.database)) {
            Ran::Keep(tell) => {
                tells.push(tell);
                Ok(())
            }
            Ran::Undo(tell) => {
                tells.push(tell);
                self.execute("ROLLBACK TO one")
            }
        };
        // SQLite ends the transaction by itself after errors such as a full disk; a closure could do it too.
        if self.database.is_autocommit() {
            return Err(Refusal::new(Kind::Storage, format!("write to {}: the transaction was ended", self.name)));
        }
        undone.and_then(|()| self.execute("RELEASE one"))
    }

    fn execute(&self, sql: &str) -> Result<(), Refusal> {
        let run = |sql| self.database.prepare_cached(sql)?.execute([]).map(drop);
        run(sql).map_err(|error| refusal_of(&self.name, sql, &error))
    }
}

/// A panic of whoever is told must not stop the writer.
fn tell_one(tell: Tell, result: Result<(), Refusal>) {
    if catch_unwind(AssertUnwindSafe(|| tell(result))).is_err() {
        tracing::error!("what follows a write panicked");
    }
}
