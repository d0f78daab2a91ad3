//! The memory for messages in flight, shared by all connections.
//!
//! A message that finds nothing left is put off, never waited for: two half-received messages that wait for each other's
//! memory would wait for ever. Counts octets; allocates nothing itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, MutexGuard};

/// What is left.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
    /// Held while a message is copied into its final form, so that only one message exists twice at any time.
    copying: Mutex<()>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(bytes), copying: Mutex::new(()) })
    }

    /// A lease of nothing yet.
    pub(crate) fn lease(self: &Arc<Self>) -> Lease {
        Lease { budget: Arc::clone(self), held: 0 }
    }

    pub(crate) async fn copying(&self) -> MutexGuard<'_, ()> {
        self.copying.lock().await
    }
}

/// What one message holds; goes back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<Budget>,
    held: u64,
}

impl Lease {
    /// Takes `bytes` more; false where they are not left, and then nothing is taken.
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let taken =
            self.budget.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(bytes)).is_ok();
        self.held += if taken { bytes } else { 0 };
        taken
    }

    /// Gives back what is held beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let surplus = self.held.saturating_sub(bytes);
        self.held -= surplus;
        self.budget.left.fetch_add(surplus, Ordering::AcqRel);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_and_no_more_is_given_than_there_is() {
        let budget = Budget::new(100);
        let (mut a, mut b) = (budget.lease(), budget.lease());
        assert!(a.grow(60) && !b.grow(41) && b.grow(40) && !a.grow(1));
        a.shrink_to(10);
        assert!(b.grow(50));
        drop(b);
        assert!(a.grow(90));
        drop(a);
        assert_eq!(budget.left.load(Ordering::Relaxed), 100);
    }
}
