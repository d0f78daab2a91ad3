//! Bodies without a row: what a crash between body and row, or between row and body, leaves behind.
//!
//! Does not touch files that are young (a delivery may be under way), that are older than the database (they belong to
//! one before it), or whose names are not ours.

use super::{Shared, id_of, remove};
use crate::limits::ORPHAN_SECONDS;
use crate::refusal::{Refusal, of_io};
use crate::store::disk::Kind as FileKind;
use rusqlite::Connection;

/// Removes such files, at most `limit` per folder, once they are older than [`ORPHAN_SECONDS`].
///
/// # Errors
/// As [`super::Database::read`]; what the disk's error asks for where a folder can't be listed.
pub(super) fn collect(shared: &Shared, now: i64, limit: usize) -> Result<(), Refusal> {
    let Shared { database, dir, tmp } = shared;
    let made_at: i64 = database.read(|c| c.query_row("SELECT at FROM made", [], |row| row.get(0)))?;
    // The clock of the file system may be a little behind.
    let old = made_at - 1..now.saturating_sub(ORPHAN_SECONDS);
    for folder in [dir, tmp] {
        let failed = |error| of_io(&format!("list {}", folder.path().display()), &error);
        let mut names: Vec<String> = folder.names().map_err(failed)?;
        names.retain(|name| id_of(name).is_some());
        if std::ptr::eq(folder, dir) {
            names = database.read(|c| without_row(c, names))?;
        }
        names.retain(|name| {
            folder.stat(name).is_ok_and(|stat| stat.kind == FileKind::File && old.contains(&stat.modified_at))
        });
        for name in names.iter().take(limit) {
            tracing::warn!(path = ?folder.path().join(name), "removes a file that a crash left");
            remove(folder, name);
        }
    }
    Ok(())
}

fn without_row(database: &Connection, names: Vec<String>) -> rusqlite::Result<Vec<String>> {
    let mut ask = database.prepare_cached("SELECT 1 FROM held WHERE id = ?1")?;
    let mut without = Vec::new();
    for name in names {
        if !ask.exists([id_of(&name)])? {
            without.push(name);
        }
    }
    Ok(without)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{files, fresh, hold, sample, unix_now};
    use super::super::*;
    use super::*;

    #[test]
    fn orphans_are_collected_when_old_and_nothing_else_is() {
        let (_folder, quarantine) = fresh();
        let held = Held { expires_at: i64::MAX, subject: "s".into(), ..sample(1) };
        hold(&quarantine, &held, &b"s".repeat(1000));
        for folder in [&quarantine.shared.dir, &quarantine.shared.tmp] {
            folder.create("00000000000000aa.eml", b"left").unwrap();
            folder.create("notes.txt", b"the operator's").unwrap();
        }
        let now = unix_now();
        let kept = format!("{}.eml", held.id);
        let all = |orphans: &[&str]| {
            let mut names: Vec<_> = orphans.iter().map(ToString::to_string).collect();
            names.push("notes.txt".into());
            names.sort_unstable();
            names
        };
        quarantine.expire(now + ORPHAN_SECONDS - 60, 100).unwrap();
        assert_eq!(files(&quarantine).1, all(&["00000000000000aa.eml"]));
        quarantine.expire(now + ORPHAN_SECONDS + 60, 100).unwrap();
        assert_eq!(files(&quarantine), (all(&[&kept]), all(&[])));
    }

    #[test]
    fn bodies_of_an_earlier_database_stay() {
        let (_folder, quarantine) = fresh();
        quarantine.shared.dir.create("00000000000000aa.eml", b"quarantined before").unwrap();
        let later = unix_now() + 60;
        quarantine.shared.database.write(move |c| c.execute("UPDATE made SET at = ?1", [later])).unwrap();
        quarantine.expire(later + 10 * ORPHAN_SECONDS, 100).unwrap();
        assert_eq!(files(&quarantine).0, ["00000000000000aa.eml"]);
    }
}
