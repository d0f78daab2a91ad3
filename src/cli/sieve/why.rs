//! `tamis sieve why`: which line of which script put a message where it is, with the values that matched.

use super::super::{Exit, Fault, open_without_rules, runtime, show};
use crate::admin::{self, Reason};
use std::path::Path;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Its Message-ID, with or without < and >.
    message_id: String,
    /// Only this user's copies.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// One JSON object per line and copy.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    let user = args.user.as_deref().map(super::user).transpose()?;
    let env = open_without_rules(config)?;
    let reasons = runtime()?.block_on(admin::why(&args.message_id, user.as_ref(), &env))?;
    if reasons.is_empty() {
        let days = env.settings.journal_days;
        return Err(Fault::new(
            Exit::Data,
            format!(
                "the journal of the last {days} days (journal.days) has no delivery of {:?}; \
                 `tamis journal list --from SENDER` shows what came and under which Message-ID",
                args.message_id
            ),
        ));
    }
    match args.json {
        true => reasons.iter().for_each(show::json),
        false => reasons.iter().for_each(print),
    }
    Ok(Exit::Ok)
}

fn print(it: &Reason) {
    let head = format!("{}  {} → {}  {:?}", show::time(it.at), it.rcpt, it.outcome, it.subject);
    show::say(show::safe(&head));
    for step in &it.steps {
        show::say(show::safe(&format!("  {}:{} {}", step.script, step.line, step.what)));
        if let Some(text) = &step.text {
            show::say(show::safe(&format!("      {text}")));
        }
    }
    match &it.trouble {
        Some(trouble) => show::say(show::safe(&format!("  kept, because the script failed: {trouble}"))),
        None if it.steps.is_empty() => {
            show::say(format!("  no script decided this: see `tamis journal show {}`", it.id));
        }
        None => {}
    }
}
