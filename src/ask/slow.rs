//! Scripts that used up their time: left out for a while, so that one user's script doesn't keep the workers from the
//! others.
//!
//! Remembers only in memory, and a bounded number; a script that was changed is another one.

use crate::limits::{SLOW_SCRIPT_SECONDS, SLOW_SCRIPTS_MAX};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

type Key = [u8; 32];

/// The scripts that are left out, and since when.
#[derive(Debug, Default)]
pub(super) struct SlowScripts {
    since: Mutex<HashMap<Key, Instant>>,
}

impl SlowScripts {
    /// What names the scripts of one recipient.
    pub(super) fn key(recipient: &str, scripts: &[crate::sieve::Script]) -> Key {
        let mut hash = Sha256::new();
        for text in scripts.iter().map(|script| script.text.as_str()).chain([recipient]) {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }

    pub(super) fn is_left_out(&self, key: &Key) -> bool {
        self.since().get(key).is_some_and(|since| since.elapsed() < Duration::from_secs(SLOW_SCRIPT_SECONDS))
    }

    pub(super) fn note(&self, key: Key) {
        let mut since = self.since();
        if since.len() >= SLOW_SCRIPTS_MAX {
            since.retain(|_, since| since.elapsed() < Duration::from_secs(SLOW_SCRIPT_SECONDS));
        }
        if since.len() < SLOW_SCRIPTS_MAX {
            since.insert(key, Instant::now());
        }
    }

    fn since(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
