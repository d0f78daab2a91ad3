//! The command line: one file per group of commands; each prints what `admin` returns.
//!
//! Does not decide anything. Exit codes are those of BSD sysexits; tables for people, `--json` for programs.

mod config;
mod deliver;
mod demo;
mod docs;
mod exit;
mod explain;
mod formats;
mod journal;
mod quarantine;
mod rules;
mod scan;
mod serve;
mod show;
mod sieve;
mod signatures;

use crate::config::{SETTINGS_FILE, Settings};
use crate::deliver::Env;
use clap::{Parser, Subcommand};
use exit::{Exit, Fault};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Mail delivery agent: LMTP in, one look at each message, Sieve, Maildir++ out.
#[derive(Parser)]
#[command(name = "tamis", version, about, max_term_width = 100)]
struct Line {
    /// Settings file; the defaults are used where the default file isn't there.
    #[arg(long, short, global = true, env = "TAMIS_CONFIG", default_value = SETTINGS_FILE, value_name = "FILE")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve LMTP until SIGTERM; SIGHUP reads the settings again.
    Serve(serve::Args),
    /// Start a server on loopback with data in ./tamis-demo, send it messages of many kinds, show what became of them.
    Demo(demo::Args),
    /// Look at message files and say what we think.
    Scan(scan::Args),
    /// The kinds of contents that are known, and what is done with each.
    Formats(formats::Args),
    /// Show all that would happen to a message for one user, and why; writes nothing.
    Explain(explain::Args),
    /// Deliver one message from standard input.
    Deliver(deliver::Args),
    /// Messages that are held: list, show, release, delete.
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// What happened to every message of the last days.
    #[command(subcommand)]
    Journal(journal::Command),
    /// Show, check and explain settings.
    #[command(subcommand)]
    Config(config::Command),
    /// List and check rules.
    #[command(subcommand)]
    Rules(rules::Command),
    /// Antivirus signatures that are matched inside tamis: list, check, update.
    #[command(subcommand)]
    Signatures(signatures::Command),
    /// Sieve scripts: what they say, do and did.
    #[command(subcommand)]
    Sieve(sieve::Command),
    /// Print the manual page or shell completions.
    #[command(subcommand)]
    Docs(docs::Command),
    /// A caged helper that `serve` starts for hostile content; speaks on standard input and output.
    #[command(hide = true)]
    Worker,
}

/// Runs one command; the exit code is from sysexits.
pub fn run() -> u8 {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way, too; clap prints them and knows where.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.code() } else { Exit::Ok.code() };
        }
    };
    let done = match line.command {
        Command::Serve(args) => serve::run(&line.config, &args),
        Command::Demo(args) => demo::run(&args),
        Command::Scan(args) => scan::run(&line.config, &args),
        Command::Formats(args) => Ok(formats::run(&args)),
        Command::Explain(args) => explain::run(&line.config, &args),
        Command::Deliver(args) => deliver::run(&line.config, &args),
        Command::Quarantine(command) => quarantine::run(&line.config, &command),
        Command::Journal(command) => journal::run(&line.config, &command),
        Command::Config(command) => Ok(config::run(&line.config, &command)),
        Command::Rules(command) => rules::run(&line.config, &command),
        Command::Signatures(command) => signatures::run(&line.config, &command),
        Command::Sieve(command) => sieve::run(&line.config, &command),
        Command::Docs(command) => docs::run(&command),
        Command::Worker => return crate::ask::worker_main(),
    };
    done.unwrap_or_else(|fault| fault.print()).code()
}

/// Settings in force: the file's, or the defaults where the default file isn't there.
fn settings(file: &Path) -> Result<Settings, Fault> {
    if file == Path::new(SETTINGS_FILE) && !file.exists() {
        return Ok(Settings::embedded());
    }
    Settings::load(file).map_err(|errors| {
        Fault::new(Exit::Config, errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// Settings, store and workers, for commands beside a running server.
fn open(config: &Path) -> Result<Arc<Env>, Fault> {
    Ok(Arc::new(Env::open(settings(config)?, program()?)?))
}

/// As [`open`], for commands that need no rules: a mistake in one must not lock the operator out.
fn open_without_rules(config: &Path) -> Result<Arc<Env>, Fault> {
    let settings = Settings { rules_dir: None, signatures: Default::default(), ..settings(config)? };
    Ok(Arc::new(Env::open(settings, program()?)?))
}

/// This program, for its workers.
fn program() -> Result<PathBuf, Fault> {
    std::env::current_exe()
        .map_err(|e| Fault::new(Exit::Software, format!("the program's own file can't be found: {e}")))
}

/// An async runtime for commands that ask workers or users.
fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(64)
        .build()
        .map_err(|e| Fault::new(Exit::Software, format!("no threads: {e}")))
}
