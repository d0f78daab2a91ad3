//! `tamis sieve`: what scripts say, do and did.
//!
//! Only prints: checking and running is the sieve room's, behind `admin`.

mod apply;
mod check;
mod differences;
mod extensions;
mod history;
mod stats;
mod test;
mod why;

use super::{Exit, Fault, program, settings, show};
use crate::admin::{self, NoRun, Sight};
use crate::mail::Address;
use std::path::Path;
use std::sync::Arc;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check a script: all errors and warnings at once, each with its place and, where known, its mend.
    Check(check::Args),
    /// Show what a script would do to a message, or to which messages of a Maildir it would do something else than the
    /// active one; writes and sends nothing.
    Test(Box<test::Args>),
    #[command(flatten)]
    History(history::Command),
    /// Say which line of which script put a message where it is.
    Why(why::Args),
    /// Count how often each rule of a user acted, and which never did.
    Stats(stats::Args),
    /// File the messages of a folder anew, as the scripts of their user say; nothing is sent or deleted.
    Apply(apply::Args),
    /// List the extensions that scripts may require.
    Extensions(extensions::Args),
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(config, args),
        Command::History(command) => history::run(config, command),
        Command::Why(args) => why::run(config, args),
        Command::Stats(args) => stats::run(config, args),
        Command::Apply(args) => apply::run(config, args),
        Command::Extensions(args) => Ok(extensions::run(args)),
    }
}

/// A script's text, and the name under which it is told.
fn script(path: &Path) -> Result<(String, String), Fault> {
    let bytes = super::scan::read(path)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error
            .as_bytes()
            .get(..error.utf8_error().valid_up_to())
            .unwrap_or_default()
            .iter()
            .filter(|b| **b == b'\n')
            .count();
        Fault::new(Exit::Data, format!("{}: line {line} is not UTF-8 (RFC 5228 §2.1)", path.display()))
    })?;
    let name = path.file_stem().map_or_else(|| "script".into(), |stem| stem.to_string_lossy().into_owned());
    Ok((name, text))
}

/// A script without errors; else they are shown.
fn good_script(path: &Path, json: bool) -> Result<(String, String), Fault> {
    let (name, text) = script(path)?;
    let report = admin::check_script(text.clone(), &[], &[]);
    if report.errors.is_empty() {
        return Ok((name, text));
    }
    match json {
        true => show::json(&serde_json::json!({ "compile": admin::compile_json(&report) })),
        false => report.errors.iter().for_each(|found| check::print(&name, "error", found)),
    }
    Err(Fault::new(Exit::Data, format!("{}: mend the script first; nothing was done", path.display())))
}

fn user(name: &str) -> Result<Address, Fault> {
    Address::parse(name).map_err(|_| Fault::new(Exit::Usage, format!("{name:?} is not an address")))
}

/// Everything that runs of scripts need beside a running server.
fn sight(config: &Path) -> Result<Arc<Sight>, Fault> {
    Sight::new(settings(config)?, program()?).map(Arc::new).map_err(|error| Fault::new(Exit::Config, error))
}

impl From<NoRun> for Fault {
    fn from(why: NoRun) -> Self {
        match why {
            NoRun::User(refusal) => refusal.into(),
            NoRun::Files(words) => Self::new(Exit::NoInput, words),
        }
    }
}
