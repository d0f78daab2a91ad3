//! A text file of the operator that is read again when it has changed: a table of users or of passwords.
//!
//! Reads it whole on the blocking pool and keeps what was made of it. Never writes it. What the lines mean is the
//! caller's business.

use crate::limits::USER_FILE_BYTES_MAX;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A file and what was made of its text.
pub(super) struct Watched<T> {
    path: Arc<Path>,
    parse: fn(&str) -> Option<T>,
    read: Arc<Mutex<Option<Read<T>>>>,
}

/// The file as it was at one time.
struct Read<T> {
    state: State,
    value: Arc<T>,
}

/// By this we notice a change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// `parse` returns `None` where nobody is in the file: perhaps it is just being written, and nobody is unknown for
    /// that.
    pub(super) fn new(path: PathBuf, parse: fn(&str) -> Option<T>) -> Self {
        Self { path: path.into(), parse, read: Arc::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in the file now.
    ///
    /// # Errors
    /// Path and reason, in words for the log.
    pub(super) async fn read(&self) -> Result<Arc<T>, String> {
        let (path, parse, read) = (Arc::clone(&self.path), self.parse, Arc::clone(&self.read));
        let value = tokio::task::spawn_blocking(move || read_of(&path, parse, &read)).await;
        let in_words = |error: String| format!("{}: {error}", self.path.display());
        value.map_err(|error| in_words(error.to_string()))?.map_err(|error| in_words(error.to_string()))
    }
}

/// Blocking.
fn read_of<T>(path: &Path, parse: fn(&str) -> Option<T>, read: &Mutex<Option<Read<T>>>) -> io::Result<Arc<T>> {
    // Held while reading: others wait for the same file instead of reading it too.
    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
    let state = state_of(&fs::metadata(path)?);
    if let Some(known) = read.as_ref().filter(|known| known.state == state) {
        return Ok(Arc::clone(&known.value));
    }
    if state.size > USER_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{} bytes, at most {USER_FILE_BYTES_MAX} are read", state.size)));
    }
    // A change during the read is noticed next time: the state is older than the text.
    let text = fs::read(path)?;
    let value = parse(&String::from_utf8_lossy(&text)).ok_or_else(|| io::Error::other("there is no user in it"))?;
    let value = Arc::new(value);
    *read = Some(Read { state, value: Arc::clone(&value) });
    Ok(value)
}

fn state_of(file: &fs::Metadata) -> State {
    State {
        device: file.dev(),
        inode: file.ino(),
        size: file.size(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
    }
}
