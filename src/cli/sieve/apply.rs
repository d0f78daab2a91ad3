//! `tamis sieve apply`: the messages of a folder filed anew, as the scripts of their user say.
//!
//! Messages go into other folders and get flags; nothing is sent, answered, changed or deleted, and that is told.

use super::super::{Exit, Fault, runtime, show};
use crate::admin::{self, Application, Applied};
use futures_util::StreamExt;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The user's address.
    #[arg(long, value_name = "USER")]
    user: String,
    /// The folder whose messages are filed anew.
    #[arg(long, value_name = "NAME")]
    folder: String,
    /// A script that runs in the place of the active one.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Only show what would become of them.
    #[arg(long)]
    dry_run: bool,
    /// Put messages that the scripts discard into the folder for trash (sieve.special_use); else they stay.
    #[arg(long)]
    allow_discard: bool,
    /// One JSON object per line and message that doesn't stay as it is, and one at the end.
    #[arg(long)]
    json: bool,
}

#[derive(Default)]
struct Sum {
    messages: usize,
    moved: usize,
    skipped: usize,
    failed: usize,
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    let user = super::user(&args.user)?;
    let script = args.script.as_deref().map(|path| super::good_script(path, args.json)).transpose()?;
    let sight = super::sight(config)?;
    let how = (args.allow_discard, args.dry_run);
    let sum = runtime()?.block_on(async {
        let application = admin::apply(&user, &args.folder, script, how, &sight).await?;
        Ok::<Sum, Fault>(tell(application, args).await)
    })?;
    if args.json {
        let Sum { messages, moved, skipped, failed } = sum;
        let summary = json!({ "messages": messages, "moved": moved, "skipped": skipped, "failed": failed, "dry_run": args.dry_run });
        show::json(&json!({ "summary": summary }));
    } else {
        say(&sum, args);
    }
    Ok(if sum.failed > 0 { Exit::TempFail } else { Exit::Ok })
}

async fn tell(application: Application, args: &Args) -> Sum {
    let mut sum = Sum::default();
    let bar = show::bar(application.count());
    let mut rows = Vec::new();
    let mut run = application.run();
    while let Some(it) = run.next().await {
        bar.inc(1);
        sum.messages += 1;
        sum.failed += usize::from(it.failed.is_some());
        sum.moved += usize::from(it.failed.is_none() && !it.stays);
        sum.skipped += usize::from(!it.skipped.is_empty());
        if it.stays && it.failed.is_none() && it.skipped.is_empty() {
            continue;
        }
        match args.json {
            true => bar.suspend(|| show::json(&it)),
            false => rows.push(row(&it)),
        }
    }
    bar.finish_and_clear();
    if !rows.is_empty() {
        show::table(&["message", "subject", "to", "not done"], rows);
    }
    sum
}

fn row(it: &Applied) -> Vec<String> {
    let name = if it.known.message_id.is_empty() { &it.known.file } else { &it.known.message_id };
    let to = if it.stays { "stays".into() } else { it.to.join(", ") };
    let not_done = it.skipped.iter().chain(&it.failed).cloned().collect::<Vec<_>>().join(", ");
    vec![name.clone(), it.known.subject.clone(), to, not_done]
}

fn say(sum: &Sum, args: &Args) {
    let (moved, messages) = (show::count(sum.moved), show::count(sum.messages));
    let verb = if args.dry_run { "would be filed" } else { "were filed" };
    show::say(show::safe(&format!("{moved} of {messages} messages of {} {verb} anew", args.folder)));
    if sum.skipped > 0 {
        let what = "ask for something that is not done on old mail (sending, answering, discarding, editing)";
        show::say(format!("the scripts of {} {what}", show::count(sum.skipped)));
    }
    if sum.failed > 0 {
        show::say(format!("{} could not be filed and are where they were", show::count(sum.failed)));
    }
}
