//! What is known of clamd's health: after failures in a row it is asked a short question now and then, not about mail.
//!
//! A message that takes clamd too long does not shut out the others: clamd that answers PING is asked again at once.

use crate::limits::{CLAMD_FAILURES_MAX, CLAMD_PAUSE_SECONDS};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures since the last answer.
#[derive(Default)]
pub(super) struct Health {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    last: String,
    pinged: Option<Instant>,
}

/// What may be asked now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Ask,
    /// Only with PING first.
    Ping,
    /// Nothing; what failed the last time.
    Wait(String),
}

impl Health {
    pub(super) fn turn(&self) -> Turn {
        let mut state = self.state();
        if state.failures < CLAMD_FAILURES_MAX {
            return Turn::Ask;
        }
        if state.pinged.is_some_and(|at| at.elapsed() < Duration::from_secs(CLAMD_PAUSE_SECONDS)) {
            return Turn::Wait(state.last.clone());
        }
        state.pinged = Some(Instant::now());
        Turn::Ping
    }

    pub(super) fn answered(&self) {
        *self.state() = State::default();
    }

    pub(super) fn failed(&self, why: &str) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        // While nothing is asked, the reason is the one of the last question.
        if state.failures <= CLAMD_FAILURES_MAX {
            state.last = why.to_string();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_in_a_row_one_question_goes_out_and_an_answer_ends_it() {
        let health = Health::default();
        for _ in 0..CLAMD_FAILURES_MAX {
            assert_eq!(health.turn(), Turn::Ask);
            health.failed("refused");
        }
        assert_eq!(health.turn(), Turn::Ping);
        for _ in 0..3 {
            assert_eq!(health.turn(), Turn::Wait("refused".into()));
            health.failed("it was away a moment ago: refused");
        }
        health.answered();
        assert_eq!(health.turn(), Turn::Ask);
    }
}
