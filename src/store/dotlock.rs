//! A small file that Dovecot changes too: its new contents go into `NAME.lock`, which is renamed over it.
//!
//! Waits a moment for somebody else's lock, and removes one that its owner left behind. Does not know what is in the
//! file. Standards: Dovecot's `subscriptions` and `dovecot-keywords`.

use super::disk::Dir;
use crate::limits::{DOTLOCK_SECONDS_MAX, DOTLOCK_TRIES_MAX};
use std::io::{self, ErrorKind};
use std::time::Duration;

const WAIT: Duration = Duration::from_millis(20);

/// Makes the new contents of the file from the old ones (empty where there is no file; `None`: it stays as it is), and
/// returns what is then in it. At most `max` octets are read.
///
/// # Errors
/// WouldBlock where somebody else holds the lock for long; what the disk said; InvalidData where it is not UTF-8. The
/// file is as it was.
pub(super) fn change(dir: &Dir, name: &str, max: u64, new: impl Fn(&str) -> Option<String>) -> io::Result<String> {
    let lock = format!("{name}.lock");
    for _ in 0..DOTLOCK_TRIES_MAX {
        let old = read(dir, name, max)?;
        let Some(new) = new(&old) else { return Ok(old) };
        match dir.create(&lock, new.as_bytes()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                remove_dead(dir, &lock)?;
                std::thread::sleep(WAIT);
                continue;
            }
            Err(error) => return Err(error),
        }
        // Somebody may have written between our reading and our lock.
        let result = match read(dir, name, max) {
            Ok(now) if now == old => {
                return dir.rename(&lock, dir, name).map(|()| new).inspect_err(|_| unlock(dir, &lock));
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        unlock(dir, &lock);
        result?;
    }
    Err(io::Error::new(ErrorKind::WouldBlock, format!("{lock} is held by somebody else")))
}

fn read(dir: &Dir, name: &str, max: u64) -> io::Result<String> {
    match dir.read(name, max) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "not UTF-8")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn remove_dead(dir: &Dir, lock: &str) -> io::Result<()> {
    match dir.stat(lock) {
        Ok(stat) if super::now() - stat.changed_at > DOTLOCK_SECONDS_MAX => dir.unlink(lock),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn unlock(dir: &Dir, lock: &str) {
    if let Err(error) = dir.unlink(lock) {
        tracing::debug!(dir = ?dir.path(), lock, %error, "the lock stays; it is dead after a while");
    }
}
