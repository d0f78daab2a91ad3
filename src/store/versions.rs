//! The history of users' Sieve scripts: every text that a script had, who changed it, when and how.
//!
//! Bounded for each script and each user; the oldest versions go first. Does not touch the scripts themselves. A history
//! follows its script to a new name, and outlives its deletion.

use super::{Database, ScriptName};
use crate::limits::{SCRIPT_BYTES_MAX, SCRIPT_HISTORY_BYTES_MAX, SCRIPT_HISTORY_ROWS_MAX, SCRIPT_VERSIONS_MAX};
use crate::refusal::Refusal;
use flate2::{Compression, read::GzDecoder, read::GzEncoder};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::io::Read;

/// How a script came to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Stored by an editor.
    Stored,
    /// Found on disk when an editor was about to change it: somebody had written it past us.
    Found,
    /// An older version again.
    Rollback,
    /// The same text under a new name.
    Renamed,
    /// There is no text any more.
    Deleted,
}

impl How {
    const ALL: [Self; 5] = [Self::Stored, Self::Found, Self::Rollback, Self::Renamed, Self::Deleted];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Found => "found",
            Self::Rollback => "rollback",
            Self::Renamed => "renamed",
            Self::Deleted => "deleted",
        }
    }
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    pub id: i64,
    /// Seconds since 1970.
    pub at: i64,
    pub how: How,
    pub who: String,
    /// Octets of the text; 0 where there is none.
    pub bytes: u64,
}

/// One change to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The mailbox's user.
    pub user: String,
    pub name: ScriptName,
    pub how: How,
    pub who: String,
    pub at: i64,
    /// `None`: it was deleted.
    pub text: Option<Vec<u8>>,
}

/// Adds one line; does nothing where the text is the one that was remembered last.
///
/// # Errors
/// As [`Database::write`].
pub fn record(database: &Database, change: Change) -> Result<(), Refusal> {
    database.write(move |c| {
        let user = change.user.to_lowercase();
        let unchanged = change.text.is_some() && newest(c, &user, &change.name)? == change.text;
        if unchanged && change.how != How::Renamed {
            return Ok(());
        }
        add(c, &user, &change)?;
        shorten(c, &user, &change.name)
    })
}

/// Lets the history of a script follow it to its new name.
///
/// # Errors
/// As [`Database::write`].
pub fn follow(database: &Database, user: &str, from: &ScriptName, to: &ScriptName) -> Result<(), Refusal> {
    let (user, from, to) = (user.to_lowercase(), from.to_string(), to.to_string());
    let sql = "UPDATE script_versions SET name = ?3 WHERE user = ?1 AND name = ?2";
    database.write(move |c| c.execute(sql, params![user, from, to]).map(drop))
}

/// The history of a script, newest first.
///
/// # Errors
/// As [`Database::read`].
pub fn list(database: &Database, user: &str, name: &ScriptName) -> Result<Vec<Version>, Refusal> {
    let sql = "SELECT id, at, how, who, bytes FROM script_versions WHERE user = ?1 AND name = ?2 ORDER BY id DESC";
    database.read(|c| {
        let mut statement = c.prepare_cached(sql)?;
        let rows = statement.query_map(params![user.to_lowercase(), name.as_str()], |row| {
            let how: String = row.get(2)?;
            let how = How::ALL.into_iter().find(|known| known.as_str() == how).unwrap_or(How::Stored);
            Ok(Version {
                id: row.get(0)?,
                at: row.get(1)?,
                how,
                who: row.get(3)?,
                bytes: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })?;
        rows.collect()
    })
}

/// The text of one version; `None` where there is no such version of that script, or it is a deletion.
///
/// # Errors
/// As [`Database::read`].
pub fn text(database: &Database, user: &str, name: &ScriptName, id: i64) -> Result<Option<Vec<u8>>, Refusal> {
    let sql = "SELECT text FROM script_versions WHERE user = ?1 AND name = ?2 AND id = ?3";
    let packed = database.read(|c| {
        let found = c.query_row(sql, params![user.to_lowercase(), name.as_str(), id], |row| row.get(0));
        Ok(found.optional()?.flatten())
    })?;
    Ok(packed.and_then(|packed: Vec<u8>| unpack(&packed)))
}

fn add(c: &Connection, user: &str, change: &Change) -> rusqlite::Result<()> {
    let sql = "INSERT INTO script_versions (user, name, at, how, who, bytes, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let bytes = change.text.as_ref().map_or(0, Vec::len) as i64;
    let text = change.text.as_deref().map(pack);
    let how = change.how.as_str();
    c.execute(sql, params![user, change.name.as_str(), change.at, how, change.who, bytes, text]).map(drop)
}

/// The text of the last line; `None` where there is none, or the script was deleted then.
fn newest(c: &Connection, user: &str, name: &ScriptName) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT text FROM script_versions WHERE user = ?1 AND name = ?2 ORDER BY id DESC LIMIT 1";
    let packed: Option<Option<Vec<u8>>> =
        c.query_row(sql, params![user, name.as_str()], |row| row.get(0)).optional()?;
    Ok(packed.flatten().and_then(|packed| unpack(&packed)))
}

/// The oldest lines of the script, then of the user, that are too many.
fn shorten(c: &Connection, user: &str, name: &ScriptName) -> rusqlite::Result<()> {
    let of_script = "DELETE FROM script_versions WHERE user = ?1 AND name = ?2 AND id NOT IN \
                     (SELECT id FROM script_versions WHERE user = ?1 AND name = ?2 ORDER BY id DESC LIMIT ?3)";
    c.execute(of_script, params![user, name.as_str(), SCRIPT_VERSIONS_MAX])?;
    let of_user = "DELETE FROM script_versions WHERE id IN (SELECT id FROM \
                   (SELECT id, row_number() OVER newest AS n, sum(coalesce(length(text), 0)) OVER newest AS total \
                    FROM script_versions WHERE user = ?1 WINDOW newest AS (ORDER BY id DESC)) \
                   WHERE n > ?2 OR total > ?3)";
    c.execute(of_user, params![user, SCRIPT_HISTORY_ROWS_MAX, SCRIPT_HISTORY_BYTES_MAX]).map(drop)
}

fn pack(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    // Reading from memory into memory can't fail.
    let _ = GzEncoder::new(text, Compression::default()).read_to_end(&mut packed);
    packed
}

/// `None` where the row is damaged.
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    GzDecoder::new(packed).take(SCRIPT_BYTES_MAX + 1).read_to_end(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("tamis.db")).unwrap();
        (folder, database)
    }

    fn name(text: &str) -> ScriptName {
        ScriptName::parse(text).unwrap()
    }

    fn put(database: &Database, user: &str, script: &str, text: &str) {
        let (user, who, text) = (user.to_string(), "test".into(), Some(text.as_bytes().to_vec()));
        record(database, Change { user, name: name(script), how: How::Stored, who, at: 7, text }).unwrap();
    }

    fn texts(database: &Database, user: &str, script: &str) -> Vec<String> {
        let list = list(database, user, &name(script)).unwrap();
        list.iter()
            .map(|version| text(database, user, &name(script), version.id).unwrap().unwrap_or_default())
            .map(|text| String::from_utf8(text).unwrap())
            .collect()
    }

    #[test]
    fn every_new_text_is_remembered_once_for_its_user_alone() {
        let (_folder, database) = fresh();
        for text in ["a", "b", "b", "a"] {
            put(&database, "Anna@x", "main", text);
        }
        put(&database, "ben@x", "main", "theirs");
        assert_eq!(texts(&database, "anna@x", "main"), ["a", "b", "a"]);
        let bens = list(&database, "ben@x", &name("main")).unwrap()[0].id;
        assert_eq!(text(&database, "anna@x", &name("main"), bens), Ok(None));
        let user = "anna@x".to_string();
        let gone = Change { user, name: name("main"), how: How::Deleted, who: "x".into(), at: 8, text: None };
        record(&database, gone).unwrap();
        put(&database, "anna@x", "main", "a");
        assert_eq!(texts(&database, "anna@x", "main"), ["a", "", "a", "b", "a"]);
        follow(&database, "anna@x", &name("main"), &name("new")).unwrap();
        assert_eq!(texts(&database, "anna@x", "main").len(), 0);
        assert_eq!(texts(&database, "anna@x", "new").len(), 5);
    }

    #[test]
    fn the_oldest_versions_go_when_there_are_too_many_or_too_large_ones() {
        let (_folder, database) = fresh();
        for n in 0..SCRIPT_VERSIONS_MAX + 5 {
            put(&database, "a", "main", &n.to_string());
        }
        let kept = texts(&database, "a", "main");
        assert_eq!(i64::try_from(kept.len()).unwrap(), SCRIPT_VERSIONS_MAX);
        assert_eq!(kept[0], (SCRIPT_VERSIONS_MAX + 4).to_string());
        // What can't be compressed, under ever new names.
        let mut state = 1_u32;
        for n in 0..12 {
            let noise: Vec<u8> = (0..SCRIPT_BYTES_MAX)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let change = Change {
                user: "a".into(),
                name: name(&format!("n{n}")),
                how: How::Stored,
                who: "x".into(),
                at: 1,
                text: Some(noise),
            };
            record(&database, change).unwrap();
        }
        let total: i64 = database
            .read(|c| c.query_row("SELECT sum(length(text)) FROM script_versions", [], |row| row.get(0)))
            .unwrap();
        assert!(total <= SCRIPT_HISTORY_BYTES_MAX, "{total}");
        assert_eq!(texts(&database, "a", "main").len(), 0, "the oldest went first");
    }
}
