//! Scripts that fail: how often in a row, since when, and whether their user was told.
//!
//! A row is of one script's words; a script that was changed is another one, and one that runs well is forgotten. Does
//! not suspend anything: the delivery does.

use super::Database;
use crate::limits::SCRIPT_FAILURE_DAYS;
use crate::refusal::Refusal;
use rusqlite::{OptionalExtension, Row, params};

/// The record of one failing script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Different messages in a row.
    pub count: u32,
    /// Seconds since 1970.
    pub since: i64,
    pub told: bool,
}

const COLUMNS: &str = "count, since, told";

fn read(row: &Row<'_>) -> rusqlite::Result<Failing> {
    Ok(Failing { count: row.get(0)?, since: row.get(1)?, told: row.get(2)? })
}

/// What is known of a script; `None`: it did not fail lately.
///
/// # Errors
/// As [`Database::read`].
pub fn find(database: &Database, key: &[u8; 32], now: i64) -> Result<Option<Failing>, Refusal> {
    let sql = format!("SELECT {COLUMNS} FROM failing WHERE key = ?1 AND at > ?2");
    database.read(|c| c.prepare_cached(&sql)?.query_row(params![key, oldest(now)], read).optional())
}

/// Counts one more failure, durably; a retry of the message that failed last is not counted again.
///
/// # Errors
/// As [`Database::write`].
pub fn failed(database: &Database, key: &[u8; 32], message: &[u8; 32], now: i64) -> Result<Failing, Refusal> {
    let (key, message) = (*key, *message);
    let sql = format!(
        "INSERT INTO failing (key, count, since, at, message) VALUES (?1, 1, ?3, ?3, ?2) \
         ON CONFLICT (key) DO UPDATE SET \
             count = CASE WHEN at <= ?4 THEN 1 WHEN message = ?2 THEN count ELSE count + 1 END, \
             since = CASE WHEN at <= ?4 THEN ?3 ELSE since END, \
             told = CASE WHEN at <= ?4 THEN 0 ELSE told END, at = ?3, message = ?2 \
         RETURNING {COLUMNS}"
    );
    database.write(move |c| c.prepare_cached(&sql)?.query_row(params![key, message, now, oldest(now)], read))
}

/// The user was told, some time soon.
pub fn told(database: &Database, key: &[u8; 32]) {
    let key = *key;
    database
        .write_later(move |c| c.prepare_cached("UPDATE failing SET told = 1 WHERE key = ?1")?.execute([key]).map(drop));
}

/// It ran well: the row is gone, some time soon.
pub fn forget(database: &Database, key: &[u8; 32]) {
    let key = *key;
    database.write_later(move |c| c.prepare_cached("DELETE FROM failing WHERE key = ?1")?.execute([key]).map(drop));
}

/// Forgets scripts that did not fail for [`SCRIPT_FAILURE_DAYS`], at most `limit`; returns how many.
///
/// # Errors
/// As [`Database::write`].
pub fn expire(database: &Database, now: i64, limit: usize) -> Result<usize, Refusal> {
    let (before, limit) = (oldest(now), limit as i64);
    let sql = "DELETE FROM failing WHERE key IN (SELECT key FROM failing WHERE at <= ?1 ORDER BY at LIMIT ?2)";
    database.write(move |c| c.execute(sql, params![before, limit]))
}

fn oldest(now: i64) -> i64 {
    now.saturating_sub(SCRIPT_FAILURE_DAYS * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_messages_in_a_row_are_counted_until_it_runs_well_or_rests() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("tamis.db")).unwrap();
        let (key, start) = ([1; 32], 100 * 86_400);
        let fail = |message: u8, at| failed(&database, &key, &[message; 32], at).unwrap().count;
        assert_eq!(find(&database, &key, start), Ok(None));
        assert_eq!((fail(1, start), fail(1, start + 1), fail(2, start + 2), fail(3, start + 3)), (1, 1, 2, 3));
        told(&database, &key);
        database.flush().unwrap();
        assert_eq!(find(&database, &key, start + 4), Ok(Some(Failing { count: 3, since: start, told: true })));
        let later = start + 3 + SCRIPT_FAILURE_DAYS * 86_400;
        assert_eq!(find(&database, &key, later), Ok(None));
        assert_eq!(failed(&database, &key, &[4; 32], later), Ok(Failing { count: 1, since: later, told: false }));
        forget(&database, &key);
        database.flush().unwrap();
        assert_eq!(find(&database, &key, later), Ok(None));
        fail(5, start);
        assert_eq!((expire(&database, start + 1, 9), expire(&database, later, 9)), (Ok(0), Ok(1)));
    }
}
