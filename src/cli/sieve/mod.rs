//! `tamis sieve`: what scripts say, do and did.
//!
//! Only prints: checking and running is the sieve room's, behind `admin`.

mod check;
mod history;
mod test;

use super::{Exit, Fault};
use std::path::Path;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check a script: all errors and warnings at once, each with its place and, where known, its mend.
    Check(check::Args),
    /// Show what a script would do to a message; writes and sends nothing.
    Test(Box<test::Args>),
    #[command(flatten)]
    History(history::Command),
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(config, args),
        Command::History(command) => history::run(config, command),
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
