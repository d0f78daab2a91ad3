//! `tamis sieve test SCRIPT MAILDIR`: which messages a script would treat differently from the active one.

use super::super::{Exit, Fault, runtime, show};
use crate::admin::{self, Compared, Comparison};
use crate::mail::Address;
use futures_util::StreamExt;
use serde_json::json;
use std::path::Path;

/// What is compared.
pub(super) struct Wanted<'a> {
    /// The new script: name and text.
    pub(super) new: (String, String),
    /// What it is compared with, where that is not the user's active script.
    pub(super) active: Option<(String, String)>,
    pub(super) user: Option<Address>,
    pub(super) maildir: &'a Path,
    /// All folders, where none is named.
    pub(super) folder: Option<&'a str>,
    pub(super) json: bool,
}

pub(super) fn run(config: &Path, wanted: Wanted<'_>) -> Result<Exit, Fault> {
    if wanted.user.is_none() && wanted.active.is_none() {
        let words = "with what shall it be compared? Name the user with --user, or a script with --active";
        return Err(Fault::new(Exit::Usage, words));
    }
    let sight = super::sight(config)?;
    let Wanted { new, active, user, maildir, folder, json } = wanted;
    runtime()?.block_on(async {
        let comparison = admin::compare(new, active, user.as_ref(), maildir, folder, &sight).await?;
        tell(comparison, json).await;
        Ok(Exit::Ok)
    })
}

async fn tell(comparison: Comparison, json: bool) {
    let bar = show::bar(comparison.count());
    let (mut messages, mut different) = (0, 0);
    let mut rows = Vec::new();
    let mut run = comparison.run();
    while let Some(compared) = run.next().await {
        bar.inc(1);
        // One that somebody moved meanwhile is no message of this Maildir any more.
        let Some(it) = compared else { continue };
        messages += 1;
        if it.old == it.new {
            continue;
        }
        different += 1;
        match json {
            true => bar.suspend(|| show::json(&it)),
            false => rows.push(row(&it)),
        }
    }
    bar.finish_and_clear();
    if json {
        return show::json(&json!({ "summary": { "messages": messages, "different": different } }));
    }
    if !rows.is_empty() {
        show::table(&["message", "subject", "old", "new"], rows);
    }
    let (different, messages) = (show::count(different), show::count(messages));
    show::say(format!("this script would treat {different} of {messages} messages differently"));
}

fn row(it: &Compared) -> Vec<String> {
    let name = if it.known.message_id.is_empty() { &it.known.file } else { &it.known.message_id };
    vec![name.clone(), it.known.subject.clone(), it.old.join(", "), format!("→ {}", it.new.join(", "))]
}
