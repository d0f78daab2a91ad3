//! What the user wants: scripts become a plan. Pure; sieve-rs inside; nothing is carried out here.
//!
//! A script that fails in any way ends in a keep with the reason, and no answer of the engine alone can lose a message
//! (see `mend`). Several scripts run one after another: the next only while keep, implicit or explicit, is in effect.
//! Standards: RFC 5228 §2.10, draft-degener-sieve-multiscript, RFC 5232 (flags), and those of the extensions in
//! `mend`. *Reading:* a keep of an earlier script is what the later ones start with, as in Pigeonhole: they may file or
//! discard the message instead.

mod compile;
mod expand;
mod lex;
mod lower;
mod mend;
mod report;
mod run;
#[cfg(test)]
mod tests;

pub use compile::Cache;
pub use report::{Diagnostic, Question, Report, announced, report};

use crate::limits::SCRIPT_ACTIONS_MAX;
use crate::mail::{self, Stamp};
use crate::plan::{Action, Flags, FolderName, Plan, Step};
use run::{Wishes, run};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The script of users who have none: the vendor's, verbatim.
pub const DEFAULT_SCRIPT: &str = include_str!("../../sieve-scripts/default.sieve");

/// Everything a run needs beside the message: values only, so that it may happen in a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// In the order in which they run; the next runs only while keep is still in effect.
    pub scripts: Vec<Script>,
    /// What `include` may name.
    pub includes: Vec<Include>,
    /// Names of the folders that exist, as [`crate::plan::FolderName`] prints them.
    pub folders: Vec<String>,
    /// MAIL FROM, empty for the null reverse-path.
    pub from: String,
    /// RCPT TO.
    pub to: String,
    pub recipient_delimiter: String,
    /// What goes on top of the message before the script sees it.
    pub stamp: Stamp,
    /// Seconds since 1970.
    pub now: i64,
    /// The keys of `duplicate` tests that were seen before (RFC 7352).
    pub seen: std::collections::BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    pub name: String,
    pub text: String,
}

impl Script {
    /// [`DEFAULT_SCRIPT`] under the name `default`.
    pub fn vendor() -> Self {
        Self { name: "default".into(), text: DEFAULT_SCRIPT.into() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Include {
    pub name: String,
    pub global: bool,
    pub text: String,
}

/// Runs the scripts over the message. Never fails: what goes wrong becomes [`Plan::keep_after`]. No scripts: keep.
pub fn plan(message: &[u8], request: &Request) -> Plan {
    plan_with(&mut Cache::default(), message, request)
}

/// As [`plan`], with scripts that may be compiled already.
pub fn plan_with(cache: &mut Cache, message: &[u8], request: &Request) -> Plan {
    let stamped = request.stamp.on(message);
    // The engine parses the message by recursion: what the screen refuses may not come near it.
    if let Err(hostile) = mail::screen(&stamped) {
        return Plan::keep_after(format!("no script was run over a message of hostile structure ({hostile})"));
    }
    catch_unwind(AssertUnwindSafe(|| sequence(cache, &stamped, request)))
        .unwrap_or_else(|_| Plan::keep_after("the Sieve engine failed inside; no script was run"))
}

/// Compiles a script without running it.
///
/// # Errors
/// The first mistake, as `line 3, column 5: …`.
pub fn check(text: &str) -> Result<(), String> {
    catch_unwind(|| compile::compile("script", text))
        .unwrap_or_else(|_| {
            Err(compile::Mistake { line: 0, column: 0, words: "the Sieve compiler failed inside".into() })
        })
        .map(|_| ())
        .map_err(|mistake| mistake.to_string())
}

/// Runs script after script and puts their wishes together.
fn sequence(cache: &mut Cache, message: &[u8], request: &Request) -> Plan {
    let mut all = Wishes { keep: Some(Flags::default()), ..Wishes::default() };
    for script in &request.scripts {
        let mut wishes = Wishes::default();
        let result = run(message, script, request, cache, &mut wishes);
        all.steps.append(&mut wishes.steps);
        if let Err(trouble) = result {
            // What earlier scripts have decided stays; of the failed one nothing is done.
            return finish(all, Some(trouble));
        }
        all.filed.append(&mut wishes.filed);
        all.discarded = wishes.discarded.or(all.discarded);
        all.keep = match (all.keep, wishes.keep) {
            (Some(before), Some(now)) => Some(before.united(&now)),
            (_, now) => now,
        };
        if all.keep.is_none() {
            break;
        }
    }
    finish(all, None)
}

/// The plan of all wishes: each folder once, INBOX where keep is in effect or something went wrong, a discard only
/// where nothing else is done.
fn finish(wishes: Wishes, trouble: Option<String>) -> Plan {
    let mut plan = Plan { trace: wishes.steps, trouble, ..Plan::default() };
    let mut filed = wishes.filed;
    if let Some(flags) = wishes.keep {
        filed.push((FolderName::inbox(), flags));
    }
    if filed.is_empty() {
        match wishes.discarded.filter(|_| plan.trouble.is_none()) {
            Some(why) => plan.actions.push(Action::Discard { why }),
            None => filed.push((FolderName::inbox(), Flags::default())),
        }
    }
    for (folder, flags) in filed {
        file(&mut plan.actions, folder, flags);
    }
    if plan.actions.len() > SCRIPT_ACTIONS_MAX {
        let words =
            format!("the scripts file into {} folders, at most {SCRIPT_ACTIONS_MAX} are served", plan.actions.len());
        return Plan { trace: plan.trace, ..Plan::keep_after(words) };
    }
    if plan.trouble.is_some() {
        plan.trace.push(Step { script: String::new(), line: 0, what: "keep after trouble".into() });
    }
    plan
}

/// RFC 5228 §2.10.3: the same folder gets one copy; it has the flags of all.
fn file(actions: &mut Vec<Action>, folder: FolderName, flags: Flags) {
    for action in actions.iter_mut() {
        if let Action::File { folder: known, flags: have, .. } = action
            && *known == folder
        {
            *have = std::mem::take(have).united(&flags);
            return;
        }
    }
    actions.push(Action::File { folder, flags, edits: 0 });
}
