//! Quota by `maildirsize`: how full a mailbox is, and whether one more message fits.
//!
//! Only where a limit is set. All folders count, Trash too, as in Dovecot. The file is a cache: when it is missing,
//! wrong, too long or suspiciously full, the messages are counted. Deliveries side by side may each find room, so a
//! mailbox can end a few messages over its limit. Standards: Maildir++ quota (`maildirsize`).

use super::disk::{Dir, Kind, is_symlink};
use super::{folders, names};
use crate::limits::{MAILDIRSIZE_BYTES_MAX, MAILDIRSIZE_SECONDS_MAX};
use crate::plan::Quota;
use std::io::{self, ErrorKind};

const FILE: &str = "maildirsize";

/// Octets and messages, used or to be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) bytes: u64,
    pub(super) messages: u64,
}

/// Whether something fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    /// With what is used now.
    TooLittle(Usage),
}

impl Usage {
    fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), messages: self.messages.saturating_add(other.messages) }
    }

    fn is_within(self, quota: Quota) -> bool {
        quota.bytes.is_none_or(|most| self.bytes <= most) && quota.messages.is_none_or(|most| self.messages <= most)
    }
}

/// Asks whether `more` fits into the mailbox.
///
/// # Errors
/// When the mailbox had to be counted and could not be.
pub(super) fn room(root: &Dir, quota: Quota, more: Usage, now: i64) -> io::Result<Room> {
    if quota == Quota::default() {
        return Ok(Room::Enough);
    }
    if let Some(used) = remembered(root, quota)? {
        if used.plus(more).is_within(quota) {
            return Ok(Room::Enough);
        }
        let age = root.stat(FILE).map_or(i64::MAX, |stat| now - stat.modified_at);
        if age <= MAILDIRSIZE_SECONDS_MAX {
            return Ok(Room::TooLittle(used));
        }
    }
    let used = count(root)?;
    if let Err(error) = remember(root, quota, used) {
        tracing::warn!(maildir = ?root.path(), %error, "maildirsize can't be written; each delivery counts anew");
    }
    Ok(if used.plus(more).is_within(quota) { Room::Enough } else { Room::TooLittle(used) })
}

/// Notes what was added. A file that can't be added to is removed, so that the next delivery counts anew.
pub(super) fn add(root: &Dir, quota: Quota, more: Usage) {
    if quota == Quota::default() {
        return;
    }
    match root.append(FILE, format!("{} {}\n", more.bytes, more.messages).as_bytes()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            let removed = root.unlink(FILE);
            tracing::warn!(maildir = ?root.path(), %error, ?removed, "maildirsize can't be added to");
        }
    }
}

/// What the file says; `None` where it has to be counted.
fn remembered(root: &Dir, quota: Quota) -> io::Result<Option<Usage>> {
    match root.read(FILE, MAILDIRSIZE_BYTES_MAX) {
        Ok(bytes) => Ok(std::str::from_utf8(&bytes).ok().and_then(|text| sum(text, quota))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::FileTooLarge) => Ok(None),
        Err(error) => Err(error),
    }
}

/// First the limits, then lines of octets and messages, some negative, to be summed.
fn sum(text: &str, quota: Quota) -> Option<Usage> {
    let mut lines = text.lines();
    if limits(lines.next()?)? != quota {
        return None;
    }
    let (mut bytes, mut messages) = (0_i64, 0_i64);
    for line in lines {
        let mut words = line.split_whitespace();
        bytes = bytes.checked_add(words.next()?.parse().ok()?)?;
        messages = messages.checked_add(words.next()?.parse().ok()?)?;
    }
    Some(Usage { bytes: u64::try_from(bytes).ok()?, messages: u64::try_from(messages).ok()? })
}

/// `1000S,10C` in any order; a zero or a missing one is no limit, other letters are others' business.
fn limits(line: &str) -> Option<Quota> {
    let mut quota = Quota::default();
    for word in line.split(',').filter(|word| !word.is_empty()) {
        if let Some(number) = word.strip_suffix('S') {
            quota.bytes = Some(number.parse().ok()?).filter(|most| *most > 0);
        } else if let Some(number) = word.strip_suffix('C') {
            quota.messages = Some(number.parse().ok()?).filter(|most| *most > 0);
        }
    }
    Some(quota)
}

fn remember(root: &Dir, quota: Quota, used: Usage) -> io::Result<()> {
    let limits: Vec<String> =
        [quota.bytes.map(|most| format!("{most}S")), quota.messages.map(|most| format!("{most}C"))]
            .into_iter()
            .flatten()
            .collect();
    let text = format!("{}\n{} {}\n", limits.join(","), used.bytes, used.messages);
    // Maildir++: written in tmp/ and renamed.
    let tmp = root.sub("tmp")?;
    let name = names::scratch(FILE)?;
    tmp.create(&name, text.as_bytes())?;
    tmp.rename(&name, root, FILE).inspect_err(|_| tmp.clean(&name))
}

/// Counts `new/` and `cur/` of INBOX and of every folder.
fn count(root: &Dir) -> io::Result<Usage> {
    let mut used = count_maildir(root)?;
    for name in root.names()?.iter().filter(|name| name.starts_with('.')) {
        match root.sub(name).and_then(|dir| count_maildir(&dir)) {
            Ok(more) => used = used.plus(more),
            // No folder: a file, a symlink, or gone meanwhile.
            Err(error) if is_no_folder(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(used)
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) || is_symlink(error)
}

fn count_maildir(dir: &Dir) -> io::Result<Usage> {
    let mut used = Usage::default();
    for part in folders::PARTS.into_iter().filter(|part| *part != "tmp") {
        let part = match dir.sub(part) {
            Ok(part) => part,
            Err(error) if is_no_folder(&error) => continue,
            Err(error) => return Err(error),
        };
        for name in part.names()? {
            let bytes = match names::size_in(&name) {
                Some(bytes) => bytes,
                None => match part.stat(&name) {
                    Ok(stat) if stat.kind == Kind::File => stat.size,
                    Ok(_) => continue,
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
            };
            used = used.plus(Usage { bytes, messages: 1 });
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::super::Disk;
    use super::*;
    use std::fs;

    const NOW: i64 = 4_000_000_000;

    fn maildir() -> (tempfile::TempDir, Dir) {
        let place = tempfile::tempdir().unwrap();
        for dir in ["tmp", "new", "cur", ".Trash/cur", ".Trash/new"] {
            fs::create_dir_all(place.path().join(dir)).unwrap();
        }
        fs::write(place.path().join("new/1.M1.h,S=100,W=100"), "x").unwrap();
        fs::write(place.path().join("cur/2.M1.h:2,S"), "12345").unwrap();
        fs::write(place.path().join(".Trash/cur/3.M1.h,S=7:2,T"), "x").unwrap();
        fs::write(place.path().join(".Trash/maildirfolder"), "").unwrap();
        let root = Disk::default().dir(place.path()).unwrap();
        (place, root)
    }

    fn quota(bytes: u64, messages: u64) -> Quota {
        Quota { bytes: Some(bytes).filter(|n| *n > 0), messages: Some(messages).filter(|n| *n > 0) }
    }

    const ONE: Usage = Usage { bytes: 10, messages: 1 };

    #[test]
    fn without_a_limit_nothing_is_read_or_written() {
        let (place, root) = maildir();
        assert_eq!(room(&root, Quota::default(), ONE, NOW).unwrap(), Room::Enough);
        add(&root, Quota::default(), ONE);
        assert!(!place.path().join(FILE).exists());
    }

    #[test]
    fn a_missing_file_is_counted_with_trash_and_the_next_delivery_adds_to_it() {
        let (place, root) = maildir();
        assert_eq!(room(&root, quota(1000, 5), ONE, NOW).unwrap(), Room::Enough);
        add(&root, quota(1000, 5), ONE);
        assert_eq!(fs::read_to_string(place.path().join(FILE)).unwrap(), "1000S,5C\n112 3\n10 1\n");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_what_just_fits_is_not() {
        let used = Usage { bytes: 112, messages: 3 };
        for (limit, want) in [
            (quota(122, 0), Room::Enough),
            (quota(121, 0), Room::TooLittle(used)),
            (quota(0, 4), Room::Enough),
            (quota(0, 3), Room::TooLittle(used)),
            (quota(122, 3), Room::TooLittle(used)),
        ] {
            let (_place, root) = maildir();
            assert_eq!(room(&root, limit, ONE, NOW).unwrap(), want, "{limit:?}");
        }
    }

    #[test]
    fn the_file_is_believed_only_while_that_is_wise() {
        let fresh = super::super::now();
        let full = "200S\n195 1\n";
        for (text, now, want, why) in [
            (full.to_string(), fresh, Room::TooLittle(Usage { bytes: 195, messages: 1 }), "a fresh file is believed"),
            (full.to_string(), fresh + 901, Room::Enough, "an old one that says full is counted anew"),
            ("300S\n295 1\n".into(), fresh, Room::Enough, "other limits: counted anew"),
            ("nonsense".into(), fresh, Room::Enough, "nonsense: counted anew"),
            ("200S\n300 2\n-105 -1\n".into(), fresh, Room::TooLittle(Usage { bytes: 195, messages: 1 }), "sums"),
            (format!("200S\n195 1\n{}", "0 0\n".repeat(1300)), fresh, Room::Enough, "over 5120 bytes: counted anew"),
        ] {
            let (place, root) = maildir();
            fs::write(place.path().join(FILE), text).unwrap();
            assert_eq!(room(&root, quota(200, 0), ONE, now).unwrap(), want, "{why}");
        }
    }

    #[test]
    fn a_symlink_among_the_folders_is_not_counted_and_hurts_nobody() {
        let (place, root) = maildir();
        std::os::unix::fs::symlink("/", place.path().join(".way")).unwrap();
        assert_eq!(count(&root).unwrap(), Usage { bytes: 112, messages: 3 });
    }
}
