//! The journal's rows: every transaction of the last days.
//!
//! Rows are written behind, listed newest first, and deleted when they are old. Does not decide what is worth a row or
//! what the record in [`Row::details`] says (`crate::journal` does).

use super::Database;
use crate::limits::{JOURNAL_DETAILS_BYTES_MAX, LIST_ROWS_MAX, ROW_TEXT_BYTES_MAX};
use crate::refusal::Refusal;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// One line of the journal: one recipient of one transaction, or one refused command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Given by the database.
    pub id: i64,
    /// Seconds since 1970.
    pub at: i64,
    pub session: String,
    pub queue_id: String,
    pub client: String,
    pub reverse_path: String,
    pub rcpt: String,
    pub user: String,
    pub message_id: String,
    pub from_text: String,
    pub subject: String,
    pub bytes: u64,
    /// `CLEAN` …, empty where no verdict was made.
    pub class: String,
    pub score: f64,
    /// Where it went, in words: `INBOX.Spams`, `quarantine 4f2a…`, `refused 550 5.1.1`.
    pub outcome: String,
    /// Findings, trace, plan, places, times: the whole record as JSON.
    pub details: String,
    pub millis: u64,
}

/// Which rows to list; newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A piece of the recipient's address, in any ASCII case.
    pub rcpt: Option<String>,
    /// A piece of MAIL FROM or of the From field, in any ASCII case.
    pub from: Option<String>,
    /// A whole word such as `SPAM`, in any case.
    pub class: Option<String>,
    /// Seconds since 1970: rows of this time and later.
    pub since: Option<i64>,
    /// At most [`LIST_ROWS_MAX`], which is also what 0 means.
    pub limit: usize,
}

/// Which rows of one user or message to read; newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// The whole name, in any ASCII case.
    pub user: Option<String>,
    /// The whole Message-ID without its brackets.
    pub message_id: Option<String>,
    /// Seconds since 1970: rows of this time and later.
    pub since: i64,
}

/// Written behind: a reply does not wait for it, but where the database's queue is full. Texts are cut at
/// [`ROW_TEXT_BYTES_MAX`]; a record beyond [`JOURNAL_DETAILS_BYTES_MAX`] is replaced by its size. The id of `row` is
/// ignored.
pub fn append(database: &Database, row: Row) {
    let row = bounded(row);
    database.write_later(move |c| insert(c, &row));
}

/// As [`append`], and returns after COMMIT.
///
/// # Errors
/// As [`Database::write`].
pub fn append_now(database: &Database, row: Row) -> Result<(), Refusal> {
    let row = bounded(row);
    database.write(move |c| insert(c, &row))
}

fn insert(c: &Connection, row: &Row) -> rusqlite::Result<()> {
    c.prepare_cached(include_str!("journal_append.sql"))?
        .execute(params![
            row.at,
            row.session,
            row.queue_id,
            row.client,
            row.reverse_path,
            row.rcpt,
            row.user,
            row.message_id,
            row.from_text,
            row.subject,
            row.bytes.cast_signed(),
            row.class,
            row.score,
            row.outcome,
            row.details,
            row.millis.cast_signed(),
        ])
        .map(drop)
}

/// The newest rows that are wanted.
///
/// # Errors
/// As [`Database::read`].
pub fn list(database: &Database, wanted: &Wanted) -> Result<Vec<Row>, Refusal> {
    list_from(database, wanted, (i64::MAX, i64::MAX))
}

/// The next page: the newest wanted rows that are older than `last`, the last row of the page before.
///
/// # Errors
/// As [`Database::read`].
pub fn list_after(database: &Database, wanted: &Wanted, last: &Row) -> Result<Vec<Row>, Refusal> {
    list_from(database, wanted, (last.at, last.id))
}

fn list_from(database: &Database, wanted: &Wanted, (at, id): (i64, i64)) -> Result<Vec<Row>, Refusal> {
    let pieces = [&wanted.rcpt, &wanted.from];
    if pieces.iter().any(|piece| piece.as_ref().is_some_and(|piece| piece.len() > ROW_TEXT_BYTES_MAX)) {
        return Ok(Vec::new());
    }
    let [rcpt, from] = pieces.map(|piece| piece.as_deref().map(containing));
    let class = wanted.class.as_ref().map(|class| class.to_uppercase());
    let since = wanted.since.unwrap_or(i64::MIN);
    let limit = limited(wanted.limit);
    database.read(|c| {
        c.prepare_cached(include_str!("journal_list.sql"))?
            .query_map(params![rcpt, from, class, since, at, id, limit], read)?
            .collect()
    })
}

/// The newest rows that are sought and older than `last`, at most `limit`. Reads all rows of that time: for people.
///
/// # Errors
/// As [`Database::read`].
pub fn seek(database: &Database, sought: &Sought, last: Option<&Row>, limit: usize) -> Result<Vec<Row>, Refusal> {
    let (at, id) = last.map_or((i64::MAX, i64::MAX), |last| (last.at, last.id));
    let Sought { user, message_id, since } = sought;
    database.read(|c| {
        c.prepare_cached(include_str!("journal_seek.sql"))?
            .query_map(params![user, message_id, since, at, id, limited(limit)], read)?
            .collect()
    })
}

/// One row; None where there is none of this id.
///
/// # Errors
/// As [`Database::read`].
pub fn get(database: &Database, id: i64) -> Result<Option<Row>, Refusal> {
    database.read(|c| c.prepare_cached(include_str!("journal_get.sql"))?.query_row([id], read).optional())
}

/// Deletes rows older than `before`, at most `limit`, the oldest first; returns how many.
///
/// # Errors
/// As [`Database::write`].
pub fn expire(database: &Database, before: i64, limit: usize) -> Result<usize, Refusal> {
    let limit = limit as i64;
    let sql = "DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE at < ?1 ORDER BY at, id LIMIT ?2)";
    database.write(move |c| c.execute(sql, params![before, limit]))
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get("id")?,
        at: row.get("at")?,
        session: row.get("session")?,
        queue_id: row.get("queue_id")?,
        client: row.get("client")?,
        reverse_path: row.get("reverse_path")?,
        rcpt: row.get("rcpt")?,
        user: row.get("user")?,
        message_id: row.get("message_id")?,
        from_text: row.get("from_text")?,
        subject: row.get("subject")?,
        bytes: row.get::<_, i64>("bytes")?.cast_unsigned(),
        class: row.get("class")?,
        score: row.get("score")?,
        outcome: row.get("outcome")?,
        details: row.get("details")?,
        millis: row.get::<_, i64>("millis")?.cast_unsigned(),
    })
}

fn bounded(mut row: Row) -> Row {
    for text in [
        &mut row.session,
        &mut row.queue_id,
        &mut row.client,
        &mut row.reverse_path,
        &mut row.rcpt,
        &mut row.user,
        &mut row.message_id,
        &mut row.from_text,
        &mut row.subject,
        &mut row.class,
        &mut row.outcome,
    ] {
        cut(text);
    }
    if row.details.len() > JOURNAL_DETAILS_BYTES_MAX {
        row.details = format!("{{\"too_large\":{}}}", row.details.len());
    }
    row.score = finite(row.score);
    row
}

/// Cuts a text at [`ROW_TEXT_BYTES_MAX`], between characters.
pub(super) fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(ROW_TEXT_BYTES_MAX));
}

/// SQLite has no NaN, and JSON has no infinity either.
pub(super) fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

/// What a list's limit means for SQL.
pub(super) fn limited(limit: usize) -> i64 {
    if limit == 0 { LIST_ROWS_MAX as i64 } else { limit.min(LIST_ROWS_MAX) as i64 }
}

/// A LIKE pattern for texts that contain `piece`, with `\` as its escape.
fn containing(piece: &str) -> String {
    let mut pattern = String::from("%");
    for c in piece.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("tamis.db")).unwrap();
        (folder, database)
    }

    fn with(rows: impl IntoIterator<Item = Row>) -> (tempfile::TempDir, Database) {
        let (folder, database) = fresh();
        rows.into_iter().for_each(|row| append(&database, row));
        database.flush().unwrap();
        (folder, database)
    }

    #[test]
    fn a_row_comes_back_as_it_went_in() {
        let row = Row {
            id: 77,
            at: 1_700_000_000,
            session: "s-1".into(),
            queue_id: "4Zxq".into(),
            client: "192.0.2.1".into(),
            reverse_path: "o'hara\"x@x.example".into(),
            rcpt: "b@y.example".into(),
            user: "b".into(),
            message_id: "<1@x>".into(),
            from_text: "Ö <a@x>".into(),
            subject: "'; DROP TABLE journal; --".into(),
            bytes: 1234,
            class: "SPAM".into(),
            score: 7.25,
            outcome: "INBOX.Spams".into(),
            details: r#"{"findings":[]}"#.into(),
            millis: 12,
        };
        let (_folder, database) = with([row.clone()]);
        let listed = list(&database, &Wanted::default()).unwrap();
        let want = Row { id: listed[0].id, ..row };
        assert_eq!(listed, std::slice::from_ref(&want));
        assert_eq!(get(&database, want.id), Ok(Some(want)));
        assert_eq!(get(&database, 999), Ok(None));
    }

    #[test]
    fn a_piece_of_an_address_is_found_literally() {
        let addresses = [
            "100%@x.example",
            "1000@x.example",
            "a_b@x.example",
            "axb@x.example",
            r"o'h\a@x.example",
            "\"j d\"@x.example",
            "ANNA@x.example",
        ];
        let rows = addresses.map(|a| Row { rcpt: a.into(), from_text: format!("<{a}>"), ..Row::default() });
        let (_folder, database) = with(rows);
        let check = |piece: &str, want: &[&str]| {
            for (wanted, column) in [
                (Wanted { rcpt: Some(piece.into()), ..Wanted::default() }, "rcpt"),
                (Wanted { from: Some(piece.into()), ..Wanted::default() }, "from"),
            ] {
                let mut found: Vec<_> = list(&database, &wanted).unwrap().into_iter().map(|row| row.rcpt).collect();
                found.reverse();
                assert_eq!(found, want, "{column} {piece}");
            }
        };
        check("%", &["100%@x.example"]);
        check("0%@", &["100%@x.example"]);
        check("_", &["a_b@x.example"]);
        check("a_b", &["a_b@x.example"]);
        check("'", &[r"o'h\a@x.example"]);
        check("\\", &[r"o'h\a@x.example"]);
        check("\"j", &["\"j d\"@x.example"]);
        check("anna", &["ANNA@x.example"]);
        check("' OR 1=1 --", &[]);
        check(&"%".repeat(60_000), &[]);
        check("", &addresses);
    }

    #[test]
    fn from_finds_the_envelope_and_the_field() {
        let (_folder, database) = with([
            Row { reverse_path: "bounce@list.example".into(), ..Row::default() },
            Row { from_text: "List <post@LIST.example>".into(), ..Row::default() },
            Row { rcpt: "me@list.example".into(), ..Row::default() },
        ]);
        let wanted = Wanted { from: Some("list.example".into()), ..Wanted::default() };
        assert_eq!(list(&database, &wanted).unwrap().len(), 2);
    }

    #[test]
    fn filters_join_and_pages_follow_each_other_newest_first() {
        let rows = (0..30).map(|n| Row {
            // Three rows of each second: the id decides among them.
            at: n / 3,
            subject: n.to_string(),
            class: if n % 2 == 0 { "SPAM".into() } else { "CLEAN".into() },
            ..Row::default()
        });
        let (_folder, database) = with(rows);
        let subjects = |rows: &[Row]| rows.iter().map(|row| row.subject.clone()).collect::<Vec<_>>();
        let wanted = Wanted { class: Some("spam".into()), since: Some(5), limit: 4, ..Wanted::default() };
        let first = list(&database, &wanted).unwrap();
        assert_eq!(subjects(&first), ["28", "26", "24", "22"]);
        let second = list_after(&database, &wanted, &first[3]).unwrap();
        assert_eq!(subjects(&second), ["20", "18", "16"]);
        assert!(list_after(&database, &wanted, &second[2]).unwrap().is_empty());
        assert_eq!(list(&database, &Wanted::default()).unwrap().len(), 30);
    }

    #[test]
    fn rows_of_one_user_and_of_one_message_are_found_page_by_page() {
        let rows = (0..6).map(|at| Row {
            at,
            user: if at % 2 == 0 { "Anna@x".into() } else { "ben@x".into() },
            message_id: format!("{}@x", at / 2),
            ..Row::default()
        });
        let (_folder, database) = with(rows);
        let times = |sought: &Sought, last: Option<&Row>| -> Vec<i64> {
            seek(&database, sought, last, 2).unwrap().iter().map(|row| row.at).collect()
        };
        let anna = Sought { user: Some("anna@x".into()), ..Sought::default() };
        assert_eq!(times(&anna, None), [4, 2]);
        let last = seek(&database, &anna, None, 2).unwrap().remove(1);
        assert_eq!(times(&anna, Some(&last)), [0]);
        assert_eq!(times(&Sought { since: 1, ..anna }, Some(&last)), [0; 0]);
        assert_eq!(times(&Sought { message_id: Some("1@x".into()), ..Sought::default() }, None), [3, 2]);
    }

    #[test]
    fn old_rows_go_a_few_at_a_time_the_oldest_first() {
        let (_folder, database) = with((0..10).map(|at| Row { at, ..Row::default() }));
        assert_eq!(expire(&database, 8, 5), Ok(5));
        assert_eq!(list(&database, &Wanted::default()).unwrap().iter().map(|r| r.at).min(), Some(5));
        assert_eq!(expire(&database, 8, 5), Ok(3));
        assert_eq!(expire(&database, 8, 5), Ok(0));
        assert_eq!(list(&database, &Wanted::default()).unwrap().len(), 2);
    }

    #[test]
    fn foreign_texts_have_an_end_and_numbers_that_are_none_are_stored() {
        let (_folder, database) = with([Row {
            subject: "é".repeat(2000),
            details: "x".repeat(JOURNAL_DETAILS_BYTES_MAX + 1),
            score: f64::NAN,
            ..Row::default()
        }]);
        let row = list(&database, &Wanted::default()).unwrap().remove(0);
        assert_eq!((row.subject.len(), row.score), (ROW_TEXT_BYTES_MAX, 0.0));
        assert_eq!(row.details, format!("{{\"too_large\":{}}}", JOURNAL_DETAILS_BYTES_MAX + 1));
    }

    #[test]
    fn the_search_reads_only_its_index() {
        let (_folder, database) = fresh();
        let sql = format!("EXPLAIN QUERY PLAN {}", include_str!("journal_list.sql"));
        let plan: Vec<String> = database
            .read(|c| {
                c.prepare(&sql)?
                    .query_map(params!["%a%", "%b%", "SPAM", 1, 2, 3, 4], |row| row.get("detail"))?
                    .collect()
            })
            .unwrap();
        assert!(plan.iter().any(|step| step.contains("COVERING INDEX journal_search (at>? AND")), "{plan:#?}");
    }
}
