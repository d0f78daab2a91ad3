//! How often the look at a message failed, by the SHA-256 of its bytes ([`super::digest`]).
//!
//! Postfix brings a message again after 451; without this count a message that kills every worker would be looked at
//! for days. Does not decide what happens after the last try (a setting does).

use super::Database;
use super::done::oldest;
use crate::refusal::Refusal;
use rusqlite::params;

/// Counts one more failure, durably, and returns how many there were with it. A count that is older than
/// [`crate::limits::DONE_KEY_DAYS`] begins anew.
///
/// # Errors
/// As [`Database::write`].
pub fn failed(database: &Database, key: &[u8; 32], now: i64) -> Result<u32, Refusal> {
    let key = *key;
    let sql = "INSERT INTO tries (key, count, at) VALUES (?1, 1, ?2) \
               ON CONFLICT (key) DO UPDATE SET at = ?2, count = CASE WHEN at < ?3 THEN 1 ELSE count + 1 END \
               RETURNING count";
    database.write(move |c| c.prepare_cached(sql)?.query_row(params![key, now, oldest(now)], |row| row.get(0)))
}

/// The look worked: the count is gone, some time soon.
pub fn forget(database: &Database, key: &[u8; 32]) {
    let key = *key;
    database.write_later(move |c| c.prepare_cached("DELETE FROM tries WHERE key = ?1")?.execute([key]).map(drop));
}

/// Forgets counts older than [`crate::limits::DONE_KEY_DAYS`], at most `limit`; returns how many.
///
/// # Errors
/// As [`Database::write`].
pub fn expire(database: &Database, now: i64, limit: usize) -> Result<usize, Refusal> {
    let (before, limit) = (oldest(now), limit as i64);
    let sql = "DELETE FROM tries WHERE key IN (SELECT key FROM tries WHERE at < ?1 ORDER BY at LIMIT ?2)";
    database.write(move |c| c.execute(sql, params![before, limit]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::DONE_KEY_DAYS;

    #[test]
    fn failures_are_counted_over_restarts_until_forgotten_or_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tamis.db");
        let database = Database::open(&path).unwrap();
        assert_eq!(failed(&database, &[1; 32], 1000), Ok(1));
        assert_eq!(failed(&database, &[1; 32], 1001), Ok(2));
        assert_eq!(failed(&database, &[2; 32], 1001), Ok(1));
        database.close();

        let database = Database::open(&path).unwrap();
        assert_eq!(failed(&database, &[1; 32], 1002), Ok(3));
        forget(&database, &[1; 32]);
        assert_eq!(failed(&database, &[1; 32], 1003), Ok(1));

        let later = 1001 + DONE_KEY_DAYS * 86_400 + 1;
        assert_eq!(failed(&database, &[2; 32], later), Ok(1));
        assert_eq!(expire(&database, later + 1, 10), Ok(0));
        assert_eq!(expire(&database, later + 2, 10), Ok(1));
    }
}
