//! Merged syncs of folders: deliveries that linked into the same folder share one fsync that began after their links.
//!
//! A delivery never joins a sync that is already running, because that one may have begun before its link; it joins the
//! next. A failed sync fails for everybody who shared it.

use super::Dir;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// POSIX EIO, where an error has no number of its own.
const EIO: i32 = 5;

#[derive(Default)]
pub(super) struct DirSyncs {
    /// By device and inode, only while somebody syncs it.
    folders: Mutex<HashMap<(u64, u64), Arc<Folder>>>,
}

#[derive(Default)]
struct Folder {
    state: Mutex<State>,
    finished: Condvar,
}

#[derive(Default)]
struct State {
    running: bool,
    /// The round that has not begun; whoever comes now is in it.
    next: Arc<Round>,
}

/// One fsync: its errno, or none when it worked.
#[derive(Default)]
struct Round {
    errno: OnceLock<Option<i32>>,
}

impl DirSyncs {
    /// Returns after an fsync of this folder that began after this call.
    pub(super) fn sync(&self, dir: &Dir) -> io::Result<()> {
        let identity = dir.identity()?;
        let folder = lock(&self.folders).entry(identity).or_default().clone();
        let result = folder.sync(|| dir.sync());
        let mut folders = lock(&self.folders);
        // The table's and ours: nobody else waits.
        if Arc::strong_count(&folder) == 2 {
            folders.remove(&identity);
        }
        result
    }
}

impl Folder {
    fn sync(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut state = lock(&self.state);
        let round = Arc::clone(&state.next);
        while state.running {
            if let Some(errno) = round.errno.get() {
                return as_result(*errno);
            }
            state = self.finished.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(errno) = round.errno.get() {
            return as_result(*errno);
        }
        state.running = true;
        state.next = Arc::default();
        drop(state);
        let errno = work().err().map(|error| error.raw_os_error().unwrap_or(EIO));
        let errno = *round.errno.get_or_init(|| errno);
        lock(&self.state).running = false;
        self.finished.notify_all();
        as_result(errno)
    }
}

fn as_result(errno: Option<i32>) -> io::Result<()> {
    errno.map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(errno)))
}

/// Nothing in here panics while it holds a lock, so a poisoned one holds sound values.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;

    /// One sync runs; three more come meanwhile; then the first ends.
    fn three_during_one(errno: Option<i32>) -> (io::Result<()>, Vec<io::Result<()>>, usize) {
        let folder = Arc::new(Folder::default());
        let rounds = Arc::new(AtomicUsize::new(0));
        let (begun, wait_begun) = channel();
        let (go, wait_go) = channel::<()>();
        let first = std::thread::spawn({
            let folder = Arc::clone(&folder);
            move || {
                folder.sync(|| {
                    begun.send(()).unwrap();
                    wait_go.recv().unwrap();
                    Ok(())
                })
            }
        });
        wait_begun.recv().unwrap();
        let others: Vec<_> = (0..3)
            .map(|_| {
                let (folder, rounds) = (Arc::clone(&folder), Arc::clone(&rounds));
                std::thread::spawn(move || {
                    folder.sync(|| {
                        rounds.fetch_add(1, Ordering::SeqCst);
                        as_result(errno)
                    })
                })
            })
            .collect();
        // Each waiter holds the next round once it has joined it: one in the state, three of theirs.
        while Arc::strong_count(&lock(&folder.state).next) < 4 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        let others = others.into_iter().map(|t| t.join().unwrap()).collect();
        (first.join().unwrap(), others, rounds.load(Ordering::SeqCst))
    }

    #[test]
    fn who_comes_during_a_sync_shares_the_next() {
        let (first, others, rounds) = three_during_one(None);
        assert!(first.is_ok() && others.iter().all(Result::is_ok));
        assert_eq!(rounds, 1, "three waiters, one sync");
    }

    #[test]
    fn a_failed_sync_fails_for_all_who_shared_it_and_for_nobody_else() {
        let (first, others, rounds) = three_during_one(Some(28));
        assert!(first.is_ok(), "its own sync worked");
        assert_eq!(rounds, 1);
        for other in others {
            assert_eq!(other.map_err(|e| e.raw_os_error()), Err(Some(28)));
        }
    }

    #[test]
    fn the_table_is_empty_when_nobody_syncs() {
        let place = tempfile::tempdir().unwrap();
        let syncs = Arc::new(DirSyncs::default());
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (syncs, path) = (Arc::clone(&syncs), place.path().to_path_buf());
                std::thread::spawn(move || syncs.sync(&super::super::Disk::default().dir(&path).unwrap()).unwrap())
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert!(lock(&syncs.folders).is_empty());
    }
}
