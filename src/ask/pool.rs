//! The pool of sandboxed workers: kept processes of this same program that look at hostile content and run scripts.
//!
//! Each question has a deadline. A worker that is late, dead or talks nonsense is killed and replaced; its question
//! gets a [`Trouble`], and no other question notices. Waiting for a free worker is a fair queue. Does not decide what
//! becomes of a message that was not looked at.

use super::answers::{check_look, check_plan, check_report};
use super::cage::{Attempt, Cage, Outcome};
use super::frame::Kind;
use super::kept::Kept;
use super::outfit::Outfit;
use super::slow::SlowScripts;
use crate::filter::Look;
use crate::limits::{SLOW_SCRIPT_SECONDS, WORKER_ANSWER_SECONDS, WORKER_QUESTIONS_MAX};
use crate::mail::Session;
use crate::plan::Plan;
use crate::sieve::{Question, Report, Request};
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No worker could be started.
    Start(String),
    /// The worker ended or panicked; its last words, escaped.
    Died(String),
    /// No answer within so many seconds.
    TooSlow(u64),
    /// The answer was none.
    Nonsense(String),
    /// Not asked: the script used up its time a moment ago.
    LeftOut,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(why) => write!(f, "worker can't be started: {why}"),
            Self::Died(words) => write!(f, "worker died: {words}"),
            Self::TooSlow(seconds) => write!(f, "worker gave no answer within {seconds} s"),
            Self::Nonsense(what) => write!(f, "worker talked nonsense: {what}"),
            Self::LeftOut => {
                let minutes = SLOW_SCRIPT_SECONDS / 60;
                write!(f, "it used up its time on an earlier message and is left out for {minutes} minutes")
            }
        }
    }
}

impl std::error::Error for Trouble {}

/// How a pool works; [`Options::new`] has the values of the program, tests choose shorter ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Started as `PROGRAM worker`.
    pub program: PathBuf,
    /// Processes at once; at least 1.
    pub workers: usize,
    pub outfit: Outfit,
    /// For one question, the start of a worker included.
    pub answer_seconds: u64,
    /// Questions after which a worker is replaced; 1 is one process for each question.
    pub questions_max: u32,
}

impl Options {
    pub fn new(program: PathBuf, workers: usize) -> Self {
        let (answer_seconds, questions_max) = (WORKER_ANSWER_SECONDS, WORKER_QUESTIONS_MAX);
        Self { program, workers, outfit: Outfit::default(), answer_seconds, questions_max }
    }
}

/// Kept worker processes of the same binary; cheap to clone. Dropping the last clone kills them.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    /// One for each worker, in the order in which they were asked for.
    turns: Semaphore,
    /// One fewer, where there are several: scripts never keep all workers from looks.
    script_turns: Semaphore,
    slow: SlowScripts,
    /// The oldest first.
    idle: Mutex<Vec<Kept>>,
    /// What is missing of the cage is said once.
    cage_told: AtomicBool,
}

impl Pool {
    /// The same kind of pool with another outfit and number of workers; this one where nothing differs.
    pub fn like(&self, workers: usize, outfit: Outfit) -> Self {
        let options = Options { workers, outfit, ..self.inner.options.clone() };
        if options == self.inner.options { self.clone() } else { Self::with(options) }
    }

    /// Starts nothing yet: the first question does, or [`Pool::warm`].
    pub fn new(program: PathBuf, workers: usize) -> Self {
        Self::with(Options::new(program, workers))
    }

    pub fn with(options: Options) -> Self {
        let turns = Semaphore::new(options.workers.max(1));
        let idle = Mutex::new(Vec::new());
        let script_turns = Semaphore::new(options.workers.saturating_sub(1).max(1));
        let (slow, cage_told) = (SlowScripts::default(), AtomicBool::new(false));
        Self { inner: Arc::new(Inner { options, turns, script_turns, slow, idle, cage_told }) }
    }

    /// Looks at a message.
    ///
    /// # Errors
    /// [`Trouble`], when the worker died, took too long or answered nonsense.
    pub async fn look(&self, message: &Arc<[u8]>, session: &Session) -> Result<Look, Trouble> {
        let question = serde_json::to_vec(session).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        self.ask(Some(message), Kind::Look, &question, check_look).await
    }

    /// Runs scripts over a message.
    ///
    /// # Errors
    /// As [`Pool::look`].
    pub async fn sieve(&self, message: &Arc<[u8]>, request: &Request) -> Result<Plan, Trouble> {
        let question = serde_json::to_vec(request).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        let script = SlowScripts::key(&request.to, &request.scripts);
        // Never closed; an error can't come.
        let _turn = self.inner.script_turns.acquire().await.map_err(|error| Trouble::Start(error.to_string()))?;
        if self.inner.slow.is_left_out(&script) {
            return Err(Trouble::LeftOut);
        }
        let answer = self.ask(Some(message), Kind::Sieve, &question, check_plan).await;
        if let Err(Trouble::Died(_) | Trouble::TooSlow(_)) = answer {
            self.inner.slow.note(script);
        }
        answer
    }

    /// Checks the text of a script before it is stored.
    ///
    /// # Errors
    /// As [`Pool::look`].
    pub async fn check(&self, question: &Question) -> Result<Report, Trouble> {
        let question = serde_json::to_vec(question).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        let _turn = self.inner.script_turns.acquire().await.map_err(|error| Trouble::Start(error.to_string()))?;
        self.ask(None, Kind::Check, &question, check_report).await
    }

    /// Lets a worker try to break out or to die; for tests and for the operator ([`Pool::test_cage`]).
    ///
    /// # Errors
    /// As [`Pool::look`].
    pub async fn attempt(&self, attempt: Attempt) -> Result<Outcome, Trouble> {
        let question = serde_json::to_vec(&attempt).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        self.ask(None, Kind::Attempt, &question, |_| Ok(())).await
    }

    /// Proves the cage from inside: each escape must end as [`Outcome::Stopped`] or kill the worker.
    pub async fn test_cage(&self) -> Vec<(Attempt, Result<Outcome, Trouble>)> {
        let mut results = Vec::new();
        for attempt in Attempt::ESCAPES {
            results.push((attempt, self.attempt(attempt).await));
        }
        results
    }

    /// Starts all workers now, so that the first messages don't wait for them. What of the cage is in force is the
    /// same for all.
    ///
    /// # Errors
    /// [`Trouble::Start`] of the first that doesn't start.
    pub async fn warm(&self) -> Result<Cage, Trouble> {
        let mut cage = Cage::default();
        let mut started = Vec::new();
        let idle = self.idle().len();
        for _ in idle..self.inner.options.workers.max(1) {
            let Ok(turn) = self.inner.turns.try_acquire() else { break };
            let kept = self.within_deadline(self.start()).await?;
            cage = kept.cage.clone();
            started.push((turn, kept));
        }
        for (_turn, kept) in started {
            self.idle().push(kept);
        }
        Ok(cage)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        message: Option<&Arc<[u8]>>,
        kind: Kind,
        question: &[u8],
        check: fn(&T) -> Result<(), String>,
    ) -> Result<T, Trouble> {
        // Never closed; an error can't come.
        let _turn = self.inner.turns.acquire().await.map_err(|error| Trouble::Start(error.to_string()))?;
        // Where this future is dropped or in trouble, the worker is dropped with it, which kills it.
        let (kept, answer) = self
            .within_deadline(async {
                let mut kept = match self.take(message) {
                    Some(kept) => kept,
                    None => self.start().await?,
                };
                let answer = kept.ask(message, kind, question).await?;
                Ok((kept, answer))
            })
            .await?;
        let answer: T = serde_json::from_slice(&answer).map_err(|error| Trouble::Nonsense(error.to_string()))?;
        check(&answer).map_err(Trouble::Nonsense)?;
        self.give_back(kept);
        Ok(answer)
    }

    async fn within_deadline<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let seconds = self.inner.options.answer_seconds;
        timeout(Duration::from_secs(seconds), work).await.unwrap_or(Err(Trouble::TooSlow(seconds)))
    }

    async fn start(&self) -> Result<Kept, Trouble> {
        let kept = Kept::start(&self.inner.options.program, &self.inner.options.outfit).await?;
        if !kept.cage.missing.is_empty() && !self.inner.cage_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(missing = kept.cage.missing.join("; "), "workers run in a weaker cage");
        }
        Ok(kept)
    }

    /// The idle worker that has the message; else one whose message nobody needs any more; else the one that has
    /// been idle for longest.
    fn take(&self, message: Option<&Arc<[u8]>>) -> Option<Kept> {
        let mut idle = self.idle();
        idle.retain_mut(|kept| !kept.is_dead());
        // All are asked, because asking lets go of messages that are done with.
        let free: Vec<bool> = idle.iter_mut().map(Kept::is_free).collect();
        let at = message
            .and_then(|message| idle.iter().position(|kept| kept.has(message)))
            .or_else(|| free.iter().position(|free| *free))
            .or_else(|| (!idle.is_empty()).then_some(0))?;
        // One whose message is still in use is spared while there may be more workers.
        let others = free.get(at) != Some(&true) && message.is_none_or(|m| !idle.get(at).is_some_and(|k| k.has(m)));
        let busy = self.inner.options.workers.max(1).saturating_sub(self.inner.turns.available_permits() + 1);
        if others && idle.len() + busy < self.inner.options.workers {
            return None;
        }
        Some(idle.remove(at))
    }

    fn give_back(&self, kept: Kept) {
        if kept.questions < self.inner.options.questions_max {
            self.idle().push(kept);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
