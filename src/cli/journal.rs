//! `tamis journal`: what happened to every message of the last days, and why.

use super::{Exit, Fault, open_without_rules, show};
use crate::admin::{self, Class, JournalWanted, Row};
use std::path::Path;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Transactions, newest first.
    List {
        /// Recipient address, or a part of it.
        #[arg(long)]
        to: Option<String>,
        /// Envelope or visible sender, or a part of it.
        #[arg(long)]
        from: Option<String>,
        /// CLEAN, BULK, SPAM, VIRUS or UNSCANNED.
        #[arg(long, value_parser = |word: &str| Class::parse(word).ok_or("no such class"))]
        class: Option<Class>,
        /// Only of the last so many hours.
        #[arg(long, value_name = "HOURS")]
        since: Option<u32>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// One JSON object per line.
        #[arg(long)]
        json: bool,
    },
    /// One transaction with findings, script trace, plan and times.
    Show {
        id: i64,
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    let env = open_without_rules(config)?;
    match command {
        Command::List { to, from, class, since, limit, json } => {
            let wanted = JournalWanted {
                rcpt: to.clone(),
                from: from.clone(),
                class: class.map(|class| class.word().to_string()),
                since: since.map(|hours| crate::deliver::now() - i64::from(hours) * 3600),
                limit: *limit,
            };
            list(&admin::journal_list(&wanted, &env)?, *json);
        }
        Command::Show { id, json } => {
            let row = admin::journal_show(*id, &env)?;
            let row = row.ok_or_else(|| Fault::new(Exit::Data, format!("the journal has no entry {id}")))?;
            if *json { show::json(&value(&row)) } else { print(&row) }
        }
    }
    Ok(Exit::Ok)
}

/// The row with its details as JSON, not as text in JSON.
fn value(row: &Row) -> serde_json::Value {
    let mut value = serde_json::to_value(row).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("details".into(), serde_json::from_str(&row.details).unwrap_or_default());
    }
    value
}

fn list(rows: &[Row], json: bool) {
    if json {
        return rows.iter().for_each(|row| show::json(&value(row)));
    }
    let cells = rows.iter().map(|r| {
        let class = if r.class.is_empty() { String::new() } else { format!("{} {:.1}", r.class, r.score) };
        let from = if r.from_text.is_empty() { &r.reverse_path } else { &r.from_text };
        vec![
            r.id.to_string(),
            show::time(r.at),
            from.clone(),
            r.rcpt.clone(),
            r.subject.clone(),
            class,
            r.outcome.clone(),
        ]
    });
    show::table(&["id", "at", "from", "to", "subject", "class", "outcome"], cells);
}

fn print(row: &Row) {
    let rows = [
        ("at", show::time(row.at)),
        ("session", row.session.clone()),
        ("queue id", row.queue_id.clone()),
        ("client", row.client.clone()),
        ("envelope from", row.reverse_path.clone()),
        ("to", row.rcpt.clone()),
        ("user", row.user.clone()),
        ("from", row.from_text.clone()),
        ("subject", row.subject.clone()),
        ("message-id", row.message_id.clone()),
        ("size", show::size(row.bytes)),
        ("class", format!("{} {:.1}", row.class, row.score)),
        ("outcome", row.outcome.clone()),
        ("took", format!("{} ms", row.millis)),
    ];
    show::table(&["", "journal entry"], rows.map(|(name, value)| vec![name.to_string(), value]));
    let details: serde_json::Value = serde_json::from_str(&row.details).unwrap_or_default();
    show::say(show::safe_lines(&serde_json::to_string_pretty(&details).unwrap_or_default()));
}
