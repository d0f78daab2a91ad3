//! What the database file must be before anyone trusts it: ours, durable, whole and of the newest schema.
//!
//! Settings are asked for and read back, because a setting that silently does nothing loses mail. Does not know what
//! the tables are for. Sources: <https://www.sqlite.org/pragma.html>, <https://www.sqlite.org/wal.html>.

use super::refusal_of;
use crate::limits::{DATABASE_BUSY_MILLIS, DATABASE_CHECKPOINT_PAGES, DATABASE_LOG_BYTES_MAX};
use crate::refusal::{Kind, Refusal};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One script per version, in order; each runs once, in one transaction.
const VERSIONS: &[&str] =
    &[include_str!("../schema/001.sql"), include_str!("../schema/002.sql"), include_str!("../schema/003.sql")];
/// `tami`, written by the first script.
const APPLICATION_ID: i64 = 0x7461_6d69;
/// What `PRAGMA synchronous` answers for FULL.
const SYNCHRONOUS_FULL: i64 = 2;

/// How the process before us left the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    New,
    Clean,
    /// It was killed, or the machine stopped; the file was checked and is whole.
    Unclean,
}

/// Everything between opening the file and the first write.
///
/// # Errors
/// One sentence that says what is wrong with the file and what to do.
pub(super) fn prepare(database: &Connection, name: &str) -> Result<Before, Refusal> {
    let failed = |error: rusqlite::Error| refusal_of(name, "open", &error);
    settle(database).map_err(failed)?;
    let version = own_version(database, name)?;
    ask_durability(database).map_err(failed)?;
    check_durability(database, name)?;
    let before = match version {
        0 => Before::New,
        _ if forget_dead(database).map_err(failed)? == 0 => Before::Clean,
        _ => Before::Unclean,
    };
    if before == Before::Unclean {
        tracing::warn!(database = %name, "the last stop was not clean; checking the database");
        check_whole(database, name)?;
    }
    migrate(database).map_err(failed)?;
    Ok(before)
}

/// What every connection gets.
fn settle(database: &Connection) -> rusqlite::Result<()> {
    database.busy_timeout(Duration::from_millis(DATABASE_BUSY_MILLIS))?;
    database.pragma_update(None, "trusted_schema", false)?;
    database.pragma_update(None, "foreign_keys", true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

/// What a read-only connection gets.
pub(super) fn settle_reader(database: &Connection) -> rusqlite::Result<()> {
    settle(database)?;
    database.pragma_update(None, "query_only", true)
}

/// The schema version of a file that is ours or empty; nothing is changed.
fn own_version(database: &Connection, name: &str) -> Result<usize, Refusal> {
    let failed = |error: rusqlite::Error| refusal_of(name, "open", &error);
    // One look at all of it: another process may just be making the tables.
    let database = database.unchecked_transaction().map_err(failed)?;
    let number = |pragma| database.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    let tables: i64 = database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let refuse = |what: String| Err(Refusal::new(Kind::Storage, format!("{name} {what}")));
    match usize::try_from(version) {
        Ok(0) if application == 0 && tables == 0 => Ok(0),
        Ok(known @ 1..) if application == APPLICATION_ID && known <= VERSIONS.len() => Ok(known),
        Ok(1..) if application == APPLICATION_ID => refuse(format!(
            "has schema version {version}, this program knows {}: it was written by a newer one; install that again, \
             or put back the copy of the database from before the upgrade",
            VERSIONS.len()
        )),
        Ok(_) | Err(_) => refuse("is a database of another program: point data_dir to a folder of its own".into()),
    }
}

fn ask_durability(database: &Connection) -> rusqlite::Result<()> {
    database.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update_and_check(None, "wal_autocheckpoint", DATABASE_CHECKPOINT_PAGES, |_| Ok(()))?;
    database.pragma_update_and_check(None, "journal_size_limit", DATABASE_LOG_BYTES_MAX, |_| Ok(()))
}

/// Reads back what was asked for.
fn check_durability(database: &Connection, name: &str) -> Result<(), Refusal> {
    let failed = |error: rusqlite::Error| refusal_of(name, "open", &error);
    let mode: String = database.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(failed)?;
    let synchronous: i64 = database.pragma_query_value(None, "synchronous", |row| row.get(0)).map_err(failed)?;
    if mode == "wal" && synchronous == SYNCHRONOUS_FULL {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::Storage,
        format!(
            "{name} has journal_mode={mode} and synchronous={synchronous} where wal and {SYNCHRONOUS_FULL} were asked \
             for: a power cut could lose accepted mail; put data_dir on a local file system"
        ),
    ))
}

/// Brings the file to the newest version. Two processes may try at once: the second finds it done.
fn migrate(database: &Connection) -> rusqlite::Result<()> {
    for (version, script) in (1_i64..).zip(VERSIONS) {
        database.execute_batch("BEGIN IMMEDIATE")?;
        let result = migrate_one(database, version, script);
        database.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        result?;
    }
    Ok(())
}

fn migrate_one(database: &Connection, version: i64, script: &str) -> rusqlite::Result<()> {
    let there: i64 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if there >= version {
        return Ok(());
    }
    database.execute_batch(script)?;
    database.pragma_update(None, "user_version", version)
}

/// Forgets processes that are gone without closing; returns how many.
fn forget_dead(database: &Connection) -> rusqlite::Result<usize> {
    let pids: Vec<i64> = database
        .prepare("SELECT DISTINCT pid FROM opened")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut dead = 0;
    for pid in pids.into_iter().filter(|pid| !is_another_alive(*pid)) {
        dead += database.execute("DELETE FROM opened WHERE pid = ?1", [pid])?;
    }
    Ok(dead)
}

/// Our own number is not another's: in a container every start may have the same one.
fn is_another_alive(pid: i64) -> bool {
    use rustix::{io::Errno, process};
    let pid = i32::try_from(pid).ok().filter(|pid| i64::from(*pid) != i64::from(std::process::id()));
    match pid.and_then(process::Pid::from_raw).map(process::test_kill_process) {
        Some(Ok(()) | Err(Errno::PERM)) => true,
        Some(Err(_)) | None => false,
    }
}

/// Checks the pages of the whole file (about a second for a gigabyte on a fast disk).
fn check_whole(database: &Connection, name: &str) -> Result<(), Refusal> {
    let said = database.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let said = said.unwrap_or_else(|error| error.to_string());
    if said == "ok" {
        return Ok(());
    }
    Err(Refusal::new(
        Kind::Storage,
        format!(
            "{name} is damaged ({said}): put back a copy, or move it away to start with an empty one; save the folder \
             quarantine before, because files that a copy does not know are removed after a while"
        ),
    ))
}

/// Writes that this process has the database open; the token is for [`mark_closed`].
pub(super) fn mark_open(database: &Connection, pid: u32) -> rusqlite::Result<[u8; 16]> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().cast_signed();
    let sql = "INSERT INTO opened (token, pid, at) VALUES (randomblob(16), ?1, ?2) RETURNING token";
    database.query_row(sql, params![pid, at], |row| row.get(0))
}

/// Takes the mark back and moves the write-ahead log into the file, where no reader is in the way.
pub(super) fn mark_closed(database: &Connection, token: &[u8; 16]) -> rusqlite::Result<()> {
    database.execute("DELETE FROM opened WHERE token = ?1", [token])?;
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Database;
    use rusqlite::types::Value;
    use std::path::PathBuf;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tamis.db");
        (folder, path)
    }

    fn refused(path: &std::path::Path) -> String {
        Database::open(path).map(drop).unwrap_err().cause
    }

    #[test]
    fn every_setting_is_in_force_after_the_start() {
        let (_folder, path) = folder();
        let database = Connection::open(&path).unwrap();
        assert_eq!(prepare(&database, "it"), Ok(Before::New));
        for (pragma, want) in [
            ("synchronous", Value::from(2)),
            ("journal_mode", Value::from("wal".to_string())),
            ("trusted_schema", Value::from(0)),
            ("foreign_keys", Value::from(1)),
            ("busy_timeout", Value::from(5000)),
            ("wal_autocheckpoint", Value::from(1000)),
            ("user_version", Value::from(VERSIONS.len() as i64)),
        ] {
            let is = database.pragma_query_value(None, pragma, |row| row.get::<_, Value>(0));
            assert_eq!(is, Ok(want), "{pragma}");
        }
    }

    #[test]
    fn a_start_without_durability_is_refused_with_a_sentence() {
        let memory = Connection::open_in_memory().unwrap();
        let said = prepare(&memory, "it").unwrap_err().cause;
        assert!(said.contains("journal_mode=memory") && said.contains("power cut"), "{said}");
        let (_folder, path) = folder();
        let database = Connection::open(&path).unwrap();
        ask_durability(&database).unwrap();
        database.pragma_update(None, "synchronous", "NORMAL").unwrap();
        let said = check_durability(&database, "it").unwrap_err().cause;
        assert!(said.contains("synchronous=1"), "{said}");
    }

    #[test]
    fn a_newer_schema_and_foreign_files_are_refused_and_left_alone() {
        let (_folder, path) = folder();
        Database::open(&path).unwrap().close();
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
        let said = refused(&path);
        assert!(said.contains("schema version 9") && said.contains("newer"), "{said}");

        let (_folder, path) = folder();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
        let said = refused(&path);
        assert!(said.contains("another program"), "{said}");

        let (folder, path) = folder();
        crate::store::Disk::default().dir(folder.path()).unwrap().create("tamis.db", &[b'x'; 5000]).unwrap();
        let said = refused(&path);
        assert!(said.contains("not a database"), "{said}");
    }

    #[test]
    fn a_failed_step_of_the_schema_leaves_the_version_before_it() {
        let (_folder, path) = folder();
        let database = Connection::open(&path).unwrap();
        database.execute_batch("BEGIN").unwrap();
        assert!(migrate_one(&database, 1, "CREATE TABLE a (b); CREATE TABLE a (b);").is_err());
        database.execute_batch("ROLLBACK").unwrap();
        migrate(&database).unwrap();
        migrate(&database).unwrap();
        assert_eq!(
            database.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)),
            Ok(VERSIONS.len() as i64)
        );
    }

    #[test]
    fn a_database_of_the_first_version_keeps_its_rows_and_gets_the_new_tables() {
        let (_folder, path) = folder();
        let old = Connection::open(&path).unwrap();
        migrate_one(&old, 1, VERSIONS[0]).unwrap();
        old.execute("INSERT INTO done VALUES (?1, 7)", [[1_u8; 32]]).unwrap();
        drop(old);
        let database = Database::open(&path).unwrap();
        let count = |sql: &str| database.read(|c| c.query_row(sql, [], |row| row.get::<_, i64>(0)));
        assert_eq!(count("SELECT at FROM done"), Ok(7));
        for table in ["memory", "sent", "failing"] {
            assert_eq!(count(&format!("SELECT count(*) FROM {table}")), Ok(0), "{table}");
        }
    }

    #[test]
    fn an_unclean_stop_is_noticed_and_a_damaged_file_refused() {
        let (folder, path) = folder();
        let database = Database::open(&path).unwrap();
        for _ in 0..100 {
            database.write(|c| c.execute("INSERT INTO tries VALUES (randomblob(900), 1, 1)", []).map(drop)).unwrap();
        }
        database.close();
        // Nobody has this number: it is beyond what Linux gives (2^22).
        let opened_by = |path: &PathBuf, pid| mark_open(&Connection::open(path).unwrap(), pid).unwrap();
        opened_by(&path, std::os::unix::process::parent_id());
        assert_eq!(Database::open(&path).unwrap().before(), Before::Clean, "another living process is no crash");
        let kill = |path: &PathBuf| opened_by(path, 1 << 30);
        kill(&path);
        assert_eq!(Database::open(&path).unwrap().before(), Before::Unclean);
        assert_eq!(Database::open(&path).unwrap().before(), Before::Clean);

        kill(&path);
        let dir = crate::store::Disk::default().dir(folder.path()).unwrap();
        let mut bytes = dir.read("tamis.db", 1 << 30).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 8192].fill(0x5a);
        dir.replace("tamis.db", &bytes).unwrap();
        let said = refused(&path);
        assert!(said.contains("is damaged"), "{said}");
    }
}
