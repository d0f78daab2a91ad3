//! Sweeping `tmp/` behind deliveries: a staged file goes only when its delivery's key is on disk.
//!
//! Until then the file's link count is what keeps a retry from storing the message twice. One thread, so that no reply
//! waits for it. What is not swept (queue full, process dies) is found by the scan of the next start.

use super::leftovers::Leftover;
use super::{Database, Disk, Done, owner::as_owner};
use crate::limits::SWEEP_QUEUE_MAX;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The way to the sweeping thread. Dropped, it sweeps what is left and ends the thread.
pub(super) struct Sweep {
    done: Done,
    database: Database,
    sender: Option<SyncSender<Leftover>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweep {
    /// # Errors
    /// When no thread can be had.
    pub(super) fn start(disk: Disk, done: Done, database: Database) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(SWEEP_QUEUE_MAX);
        let work = move || receiver.iter().for_each(|leftover| remove(&disk, &leftover));
        let thread = std::thread::Builder::new().name("tamis-sweep".into()).spawn(work)?;
        Ok(Self { done, database, sender: Some(sender), thread: Some(thread) })
    }

    /// Marks the key as done and removes the file some time after that is on disk. Waits only where the database's queue is full.
    pub(super) fn later(&self, leftover: Leftover) {
        let Some(sender) = self.sender.clone() else { return };
        let key = leftover.key;
        self.done.recover_then(&key, move || {
            if sender.try_send(leftover).is_err() {
                tracing::debug!("a staged file stays in tmp/ until the next start");
            }
        });
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.sender = None;
        // Else the last keys linger for company that no longer comes. An error says that it was closed before.
        drop(self.database.flush());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the sweeping thread panicked; staged files stay in tmp/ until the next start");
        }
    }
}

/// A file that stays is found by the next start, so a failure is no more than a word in the log.
fn remove(disk: &Disk, leftover: &Leftover) {
    let result = as_owner(leftover.owner, || disk.dir(&leftover.tmp)?.unlink(&leftover.name));
    if let Err(error) = result.and_then(|inner| inner) {
        tracing::debug!(tmp = ?leftover.tmp, name = leftover.name, %error, "staged file stays until the next start");
    }
}
