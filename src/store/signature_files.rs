//! The folder of signature files: read as a whole, replaced one by one so that a reader sees the old or the new.
//!
//! Does not know what is in a file. These are no letters: they may be fetched again, so the counted disk of deliveries
//! is not used. Standards: POSIX.1-2024 rename, fsync.

use crate::limits::{SIGNATURE_FILES_BYTES_MAX, SIGNATURE_FILES_MAX};
use crate::signatures::is_signature_file;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that changed less than this long ago may still be being written.
const QUIET: Duration = Duration::from_secs(2);
/// Taken while files are fetched, so that two updates don't overlap.
const LOCK: &str = ".update.lock";
/// What the files before the last update are called behind their name.
const OLD: &str = ".old";

/// What is known about the files without reading them; differs when one of them changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureFilesState {
    /// By name: octets, inode, time of the last change, also of its owner and mode, in nanoseconds.
    files: BTreeMap<String, (u64, u64, i128)>,
    /// When the youngest changed.
    youngest: Option<SystemTime>,
}

impl SignatureFilesState {
    /// True where nobody seems to be writing any more.
    pub fn is_quiet(&self) -> bool {
        self.youngest.is_none_or(|at| SystemTime::now().duration_since(at).unwrap_or(QUIET) >= QUIET)
    }
}

/// All files of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureFiles {
    pub state: SignatureFilesState,
    /// (name, contents), by name.
    pub files: Vec<(String, Vec<u8>)>,
    /// Files beyond the bounds.
    pub left_out: Vec<String>,
    /// Files that could not be read, with what the system said.
    pub unread: Vec<(String, String)>,
}

/// The state of a folder.
///
/// # Errors
/// The path and what the system said.
pub fn state(dir: &Path) -> Result<SignatureFilesState, String> {
    let mut state = SignatureFilesState::default();
    for entry in fs::read_dir(dir).map_err(|error| words(dir, &error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(meta) = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file) else { continue };
        if !is_signature_file(&name) {
            continue;
        }
        let at = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
        state.youngest = state.youngest.max(meta.modified().ok());
        state.files.insert(name, (meta.len(), meta.ino(), at));
    }
    Ok(state)
}

/// Reads all files of a folder, within [`SIGNATURE_FILES_MAX`] and [`SIGNATURE_FILES_BYTES_MAX`].
///
/// # Errors
/// The folder that can't be read and what the system said.
pub fn read(dir: &Path) -> Result<SignatureFiles, String> {
    let mut all = SignatureFiles { state: state(dir)?, ..SignatureFiles::default() };
    let mut bytes_left = SIGNATURE_FILES_BYTES_MAX;
    for (name, (size, _, _)) in &all.state.files {
        if all.files.len() >= SIGNATURE_FILES_MAX || *size > bytes_left {
            all.left_out.push(name.clone());
            continue;
        }
        let mut contents = Vec::new();
        let opened = File::open(dir.join(name));
        if let Err(error) = opened.and_then(|file| file.take(bytes_left).read_to_end(&mut contents)) {
            all.unread.push((name.clone(), error.to_string()));
            continue;
        }
        bytes_left = bytes_left.saturating_sub(contents.len() as u64);
        all.files.push((name.clone(), contents));
    }
    Ok(all)
}

/// One file that somebody names; none of more than [`SIGNATURE_FILES_BYTES_MAX`].
///
/// # Errors
/// The path and what the system said.
pub fn read_one(path: &Path) -> Result<Vec<u8>, String> {
    let meta = fs::metadata(path).map_err(|error| words(path, &error))?;
    if !meta.is_file() || meta.len() > SIGNATURE_FILES_BYTES_MAX {
        return Err(format!("{}: not a file of at most {SIGNATURE_FILES_BYTES_MAX} octets", path.display()));
    }
    fs::read(path).map_err(|error| words(path, &error))
}

/// Held while files are fetched.
#[derive(Debug)]
pub struct UpdateLock {
    _file: File,
}

/// Takes the lock of a folder, which is made where it is missing; `None` while somebody else has it.
///
/// # Errors
/// The path and what the system said.
pub fn lock(dir: &Path) -> Result<Option<UpdateLock>, String> {
    fs::create_dir_all(dir).map_err(|error| words(dir, &error))?;
    let path = dir.join(LOCK);
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = open.map_err(|error| words(&path, &error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(UpdateLock { _file: file })),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(words(&path, &error.into())),
    }
}

/// The contents of a file of the folder, or of one that stands beside it for an update; `None` where it isn't there.
///
/// # Errors
/// The path and what the system said.
pub fn current(dir: &Path, name: &str) -> Result<Option<Vec<u8>>, String> {
    let path = dir.join(name);
    match read_one(&path) {
        Ok(contents) => Ok(Some(contents)),
        Err(_) if !path.exists() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a file in the place of another, which stays beside it as `NAME.old`: readers see the one or the other, also
/// after a power cut.
///
/// # Errors
/// The path and what the system said.
pub fn replace(dir: &Path, name: &str, contents: &[u8]) -> Result<(), String> {
    let (path, new) = (dir.join(name), dir.join(format!(".{name}.new")));
    let written = (|| {
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&new)?;
        file.write_all(contents)?;
        file.sync_all()?;
        if path.exists() && !name.starts_with('.') {
            let (old, aside) = (dir.join(format!("{name}{OLD}")), dir.join(format!(".{name}{OLD}")));
            let _ = fs::remove_file(&aside);
            fs::hard_link(&path, &aside)?;
            fs::rename(&aside, &old)?;
        }
        fs::rename(&new, &path)?;
        File::open(dir)?.sync_all()
    })();
    written.map_err(|error: io::Error| {
        let _ = fs::remove_file(&new);
        words(&path, &error)
    })
}

/// A folder for what rsync and gpgv need as files; emptied first.
///
/// # Errors
/// The path and what the system said.
pub fn scratch(dir: &Path) -> Result<PathBuf, String> {
    let path = dir.join(".update");
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).map_err(|error| words(&path, &error))?;
    Ok(path)
}

/// Writes a file into a folder of [`scratch`].
///
/// # Errors
/// The path and what the system said.
pub fn write_scratch(path: &Path, contents: &[u8]) -> Result<(), String> {
    fs::write(path, contents).map_err(|error| words(path, &error))
}

/// Removes a folder of [`scratch`]; what is left is removed by the next update.
pub fn remove_scratch(path: &Path) {
    let _ = fs::remove_dir_all(path);
}

fn words(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_the_old_one_stays_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        replace(dir, "a.ndb", b"one").unwrap();
        let before = state(dir).unwrap();
        replace(dir, "a.ndb", b"two").unwrap();
        let after = read(dir).unwrap();
        assert_ne!(before, after.state);
        assert_eq!(after.files, [("a.ndb".to_string(), b"two".to_vec())]);
        assert_eq!(fs::read(dir.join("a.ndb.old")).unwrap(), b"one");
        assert_eq!(state(dir).unwrap(), after.state);
        assert!(!after.state.is_quiet());
        assert_eq!(current(dir, "b.ndb"), Ok(None));
    }

    #[test]
    fn two_updates_do_not_overlap() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(&dir.path().join("new")).unwrap();
        assert!(held.is_some());
        assert!(lock(&dir.path().join("new")).unwrap().is_none());
        drop(held);
        assert!(lock(&dir.path().join("new")).unwrap().is_some());
    }
}
