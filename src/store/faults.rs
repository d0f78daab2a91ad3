//! What a test may do to the disk: count its calls, remember them, let one fail, or end the process there.
//!
//! In a running server it counts and does nothing else. Does not call the file system.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub(super) struct State {
    calls: AtomicU64,
    fault: Fault,
    /// What was called, on which path; only where a test asked for it.
    log: Option<Mutex<Vec<(String, PathBuf)>>>,
}

/// What shall go wrong; calls are counted from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Fault {
    #[default]
    Never,
    Fail {
        first: u64,
        last: u64,
        errno: i32,
    },
    Abort {
        call: u64,
    },
}

impl State {
    pub(super) fn with(fault: Fault) -> Self {
        Self { fault, ..Self::default() }
    }

    pub(super) fn recording() -> Self {
        Self { log: Some(Mutex::default()), ..Self::default() }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(super) fn log(&self) -> Vec<(String, PathBuf)> {
        self.log.as_ref().map(|log| log.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    /// Notes one call; the errno that it shall fail with, if any.
    pub(super) fn step(&self, what: &str, path: &Path) -> Option<i32> {
        let now = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(log) = &self.log {
            log.lock().unwrap_or_else(PoisonError::into_inner).push((what.to_string(), path.to_path_buf()));
        }
        match self.fault {
            Fault::Fail { first, last, errno } if (first..=last).contains(&now) => {
                tracing::debug!(call = now, what, path = ?path, errno, "fails because a test asked for it");
                Some(errno)
            }
            Fault::Abort { call } if now == call => std::process::abort(),
            Fault::Never | Fault::Fail { .. } | Fault::Abort { .. } => None,
        }
    }
}
