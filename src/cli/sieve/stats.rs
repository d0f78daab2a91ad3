//! `tamis sieve stats`: how often each rule of a user acted, when last, and which never did.

use super::super::{Exit, Fault, open_without_rules, runtime, show};
use crate::admin::{self, Hits, RuleHits};
use std::path::Path;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The user's address.
    user: String,
    /// Of so many days, at most those that the journal keeps.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    let user = super::user(&args.user)?;
    let env = open_without_rules(config)?;
    let hits = runtime()?.block_on(admin::stats(&user, args.days.into(), &env))?;
    if args.json {
        show::json(&hits)
    } else {
        print(&hits)
    }
    Ok(Exit::Ok)
}

fn print(hits: &Hits) {
    let messages = show::count(hits.messages);
    show::say(show::safe(&format!("{}: {messages} messages in {} days", hits.user, hits.days)));
    if hits.failed > 0 {
        show::say(format!("{} of them were kept because a script failed", show::count(hits.failed)));
    }
    if hits.rules.is_empty() {
        return show::say("no rule acted, and there is no active script with rules");
    }
    show::table(&["rule", "line", "hits", "last hit", "share", "action"], hits.rules.iter().map(row));
}

fn row(rule: &RuleHits) -> Vec<String> {
    let action = match &rule.text {
        Some(text) => text.clone(),
        None => format!("{} (the script has changed since)", rule.action),
    };
    vec![
        rule.name.clone(),
        format!("{}:{}", rule.script, rule.line),
        show::count(rule.hits),
        rule.last.map_or_else(|| "never".into(), show::time),
        format!("{:.1} %", rule.share * 100.0),
        action,
    ]
}
