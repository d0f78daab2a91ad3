//! The rows of the table `held`: from a [`Held`] and back.
//!
//! Does not touch bodies. SQL: `quarantine_add.sql`, and the columns that `quarantine_list.sql` names.

use super::Held;
use crate::filter::Class;
use crate::store::journal::{cut, finite};
use rusqlite::{Connection, params};

/// Cuts foreign texts at [`crate::limits::ROW_TEXT_BYTES_MAX`] and mends numbers that are none.
pub(super) fn bounded(mut held: Held) -> Held {
    let Held { user, rcpt, reverse_path, from_text, subject, message_id, why, .. } = &mut held;
    for text in [user, rcpt, reverse_path, from_text, subject, message_id, why] {
        cut(text);
    }
    held.score = finite(held.score);
    for finding in &mut held.findings {
        finding.weight = finite(finding.weight);
    }
    held
}

pub(super) fn insert(database: &Connection, held: &Held) -> rusqlite::Result<()> {
    let findings = serde_json::to_string(&held.findings)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    database
        .prepare_cached(include_str!("../quarantine_add.sql"))?
        .execute(params![
            held.id,
            held.at,
            held.expires_at,
            held.user,
            held.rcpt,
            held.reverse_path,
            held.from_text,
            held.subject,
            held.message_id,
            held.class.word(),
            held.score,
            held.why,
            held.operator_only,
            held.bytes.cast_signed(),
            held.released_at,
            held.session,
            findings,
        ])
        .map(drop)
}

/// A class or findings that can't be read become `UNSCANNED` and none: one bad row must not hide the others.
pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Held> {
    let id: String = row.get("id")?;
    let findings = serde_json::from_str(&row.get::<_, String>("findings")?).unwrap_or_else(|error| {
        tracing::warn!(id, %error, "the findings of a held message can't be read");
        Vec::new()
    });
    Ok(Held {
        id,
        at: row.get("at")?,
        expires_at: row.get("expires_at")?,
        user: row.get("user")?,
        rcpt: row.get("rcpt")?,
        reverse_path: row.get("reverse_path")?,
        from_text: row.get("from_text")?,
        subject: row.get("subject")?,
        message_id: row.get("message_id")?,
        class: Class::parse(&row.get::<_, String>("class")?).unwrap_or(Class::Unscanned),
        score: row.get("score")?,
        why: row.get("why")?,
        operator_only: row.get("operator_only")?,
        findings,
        bytes: row.get::<_, i64>("bytes")?.cast_unsigned(),
        released_at: row.get("released_at")?,
        session: row.get("session")?,
    })
}
