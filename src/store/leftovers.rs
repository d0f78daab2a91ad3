//! What an earlier life left in `tmp/`: deliveries that were shown in full, deliveries that were not, others' files.
//!
//! The link count is the record: a file of ours that has a name in every folder of its plan was shown in full, and its
//! key is done although the reply may never have been sent. With fewer names it was never answered: it goes, and the
//! retry stores all copies (one of them may then be there twice; it can't be taken back, because a user may have deleted
//! the other copies of a message that *was* answered).
//!
//! *Limit:* a user who deletes or expunges a copy before the restart lowers the count, so a message that was shown but
//! not answered is stored again by the retry.

use super::Key;
use super::disk::{Dir, Kind};
use super::names::{is_scratch, read_staged};
use crate::limits::TMP_HOURS_MAX;
use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// One name of ours in a `tmp/`, of a delivery that was shown in full; to be removed when its key is on disk.
#[derive(Debug)]
pub(super) struct Leftover {
    pub(super) key: Key,
    pub(super) name: String,
    pub(super) tmp: PathBuf,
    pub(super) owner: Option<(u32, u32)>,
}

/// Reads a `tmp/` before this process puts anything into it, removes what is dead, and returns what was shown in full.
///
/// # Errors
/// When ours could not be told apart: the delivery that asked is then refused for now.
pub(super) fn scan(tmp: &Dir, owner: Option<(u32, u32)>, now: i64) -> io::Result<Vec<Leftover>> {
    let mut whole = Vec::new();
    let mut names: HashSet<Key> = HashSet::new();
    for name in tmp.names()? {
        match read_staged(&name) {
            Some((key, links)) => {
                if is_whole(tmp, &name, links)? && names.insert(key) {
                    whole.push(Leftover { key, name, tmp: tmp.path().to_path_buf(), owner });
                }
            }
            None if is_scratch(&name) => tmp.clean(&name),
            None => remove_if_abandoned(tmp, &name, now),
        }
    }
    // The process may have died between its links and their fsync while the machine went on: then the count is true
    // but not yet on disk. In which folders the links are is not known here.
    if !whole.is_empty() {
        tmp.sync_file_system()?;
    }
    Ok(whole)
}

/// True where all links were made; a file with fewer is removed unless somebody is still at work on it.
fn is_whole(tmp: &Dir, name: &str, links: u64) -> io::Result<bool> {
    let gone = |error: io::Error| if error.kind() == ErrorKind::NotFound { Ok(false) } else { Err(error) };
    match tmp.is_locked(name) {
        Ok(false) => {}
        Ok(true) => return Ok(false),
        Err(error) => return gone(error),
    }
    match tmp.links(name) {
        Ok(now) if links > 0 && now > links => Ok(true),
        Ok(_) => tmp.unlink(name).map(|()| false).or_else(gone),
        Err(error) => gone(error),
    }
}

/// The Maildir rule: what nobody changed for 36 hours is abandoned. By the time of change, because Dovecot sets the
/// time of modification of a file in `tmp/` to the message's date. A failure here is nobody's loss.
fn remove_if_abandoned(tmp: &Dir, name: &str, now: i64) {
    let oldest = now.saturating_sub(i64::try_from(TMP_HOURS_MAX.saturating_mul(3600)).unwrap_or(i64::MAX));
    let result = match tmp.stat(name) {
        Ok(stat) if stat.kind == Kind::File && stat.changed_at < oldest => tmp.unlink(name),
        other => other.map(|_| ()),
    };
    if let Err(error) = result {
        tracing::debug!(tmp = ?tmp.path(), name, %error, "abandoned file stays");
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Names;
    use super::super::{Disk, now};
    use super::*;

    #[test]
    fn the_link_count_says_what_was_shown() {
        let place = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        let (tmp, new) =
            (disk.make_dir(&place.path().join("tmp")).unwrap(), disk.make_dir(&place.path().join("new")).unwrap());
        let names = Names::new("mx");
        let staged = |key: u8, plan: usize, links: usize| {
            let name = names.staged(&Key([key; 32]), plan).unwrap();
            tmp.create(&name, b"x").unwrap();
            (0..links).for_each(|i| tmp.link(&name, &new, &format!("{key}.{i}")).unwrap());
            name
        };
        let whole = [staged(1, 1, 1), staged(2, 2, 2), staged(3, 2, 3)];
        let unfinished = [staged(4, 1, 0), staged(5, 2, 1), staged(6, 0, 0)];
        let in_use = names.staged(&Key([7; 32]), 1).unwrap();
        let held = tmp.create_locked(&in_use, b"x").unwrap();
        tmp.create("1.M2P3.dovecot", b"x").unwrap();

        let found = scan(&tmp, None, now()).unwrap();
        let mut keys: Vec<u8> = found.iter().map(|left| left.key.0[0]).collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 2, 3]);
        let left = tmp.names().unwrap();
        assert!(whole.iter().all(|name| left.contains(name)), "stays until its key is on disk");
        assert!(unfinished.iter().all(|name| !left.contains(name)));
        assert!(left.contains(&in_use) && left.contains(&"1.M2P3.dovecot".to_string()));
        assert_eq!(new.names().unwrap().len(), 7, "nothing that users see was touched");

        drop(held);
        scan(&tmp, None, now() + 35 * 3600).unwrap();
        assert!(tmp.names().unwrap().contains(&"1.M2P3.dovecot".to_string()));
        scan(&tmp, None, now() + 37 * 3600).unwrap();
        assert_eq!(tmp.names().unwrap().len(), 3, "old foreign file and unfinished delivery are gone");
    }
}
