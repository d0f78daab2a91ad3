//! What the user wants: scripts become a plan. Pure; sieve-rs inside; nothing is carried out here.
//!
//! A script goes this way: words (`lex`), commands (`parse`), a program or all that is wrong with it (`check`), the
//! engine's form (`lower`), a run (`engine`, which calls `eval` for each test and action), an [`Outcome`], a plan. A
//! script that fails in any way ends in a keep with the reason. Standards: RFC 5228, draft-degener-sieve-multiscript, and
//! those that `extensions` lists.

mod address;
mod body;
mod check;
mod compare;
mod content;
mod date;
mod engine;
mod eval;
mod extensions;
mod grammar;
mod letter;
mod lex;
mod lower;
mod mime;
mod notes;
mod outcome;
mod parse;
mod pattern;
mod program;
mod reply;
mod report;
mod request;
mod rfc822;
mod rules;
mod template;
#[cfg(test)]
mod tests;

pub use engine::Cache;
pub use extensions::announced;
pub use outcome::{Done, DoneAct, Fault, Outcome};
pub use report::{Diagnostic, Question, Report, report};
pub use request::{DEFAULT_SCRIPT, Include, List, Options, Request, Scan, ScoreField, Script};
pub use rules::{Rule, action_of, keeps, rules_of};

use crate::mail;
use crate::plan::{Flags, Plan};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the scripts over the message. Never fails: what goes wrong becomes [`Plan::keep_after`]. No scripts: keep.
pub fn plan(message: &[u8], request: &Request) -> Plan {
    plan_with(&mut Cache::default(), message, request)
}

/// As [`plan`], with scripts that may be compiled already.
pub fn plan_with(cache: &mut Cache, message: &[u8], request: &Request) -> Plan {
    run(cache, message, request).into_plan()
}

/// Runs the scripts over the message, for those who want to know each step. Never fails, as [`plan`].
pub fn run(cache: &mut Cache, message: &[u8], request: &Request) -> Outcome {
    let stamped = request.stamp.as_ref().map_or(Cow::Borrowed(message), |stamp| Cow::Owned(stamp.on(message)));
    // What the screen refuses may not come near a parser.
    if let Err(hostile) = mail::screen(&stamped) {
        return failed(format!("no script was run over a message of hostile structure ({hostile})"));
    }
    catch_unwind(AssertUnwindSafe(|| engine::sequence(cache, &stamped, request)))
        .unwrap_or_else(|_| failed("the Sieve engine failed inside; no script was run".into()))
}

fn failed(words: String) -> Outcome {
    let fault = Fault { words, ..Fault::default() };
    Outcome { keep: Some(Flags::default()), fault: Some(fault), ..Outcome::default() }
}
