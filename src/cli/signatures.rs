//! `tamis signatures list`, `check` and `update`: the antivirus signatures that are matched inside tamis.
//!
//! Only prints. `update` ends with 0 where all is well, also where nothing is new; with 75 where a source could not be
//! asked or another update runs, and with 65 where a file was refused.

use super::{Exit, Fault, settings, show};
use crate::admin::signatures::{self, FileReport, Outcome, Shrinking, SignatureList, Updated};
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// The files in use: signatures taken and skipped, memory, and how long it takes to load them.
    List {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Tell every line that is wrong, with its place, and what is not served.
    Check {
        /// Signature files; all of signatures.dir where none is named.
        files: Vec<PathBuf>,
    },
    /// Fetch the files of signatures.sources, check them, and put those that are new in place.
    Update {
        /// Take a file also where it has less than half of the signatures that the one in use has.
        #[arg(long)]
        force: bool,
        /// One JSON object per line and source.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    let settings = settings(config)?.signatures;
    let wrong = |why: String| Fault::new(Exit::Config, why);
    match command {
        Command::List { json } => {
            let list = signatures::list(&settings).map_err(wrong)?;
            if *json {
                show::json(&list)
            } else {
                print_list(&list)
            }
            Ok(Exit::Ok)
        }
        Command::Check { files } => {
            let reports = signatures::check(&settings, files).map_err(|why| Fault::new(Exit::NoInput, why))?;
            Ok(print_check(&reports))
        }
        Command::Update { force, json } => {
            let shrinking = if *force { Shrinking::Allowed } else { Shrinking::Refused };
            let rows = signatures::update(&settings, shrinking).map_err(wrong)?;
            let rows = rows.ok_or_else(|| Fault::new(Exit::TempFail, "another update runs; try again later"))?;
            if *json {
                rows.iter().for_each(show::json)
            } else {
                print_update(&rows)
            }
            let has = |outcome| rows.iter().any(|row| row.outcome == outcome);
            Ok(if has(Outcome::Failed) {
                Exit::TempFail
            } else if has(Outcome::Refused) {
                Exit::Data
            } else {
                Exit::Ok
            })
        }
    }
}

fn print_list(list: &SignatureList) {
    let row = |file: &FileReport| {
        let skipped: usize = file.unserved.values().sum();
        vec![
            file.name.clone(),
            if file.kind.is_empty() { "not read".to_string() } else { file.kind.to_string() },
            show::size(file.bytes as u64),
            show::count(file.loaded),
            show::count(skipped),
            show::count(file.wrong),
        ]
    };
    show::table(&["file", "holds", "size", "signatures", "not served", "wrong"], list.files.iter().map(row));
    show::say("");
    for file in &list.left_out {
        show::say(format!("not used, because all files together are too large: {}", show::safe(file)));
    }
    show::say(format!(
        "{} signatures, {} in memory for each worker; compiled in {:.0} ms, ready in a worker in {:.0} ms",
        show::count(list.loaded),
        show::size(list.compiled_bytes as u64),
        list.compile_ms,
        list.open_ms
    ));
}

fn print_check(reports: &[FileReport]) -> Exit {
    for file in reports {
        for problem in &file.problems {
            // 0 is the file as a whole.
            let line = if problem.line == 0 { String::new() } else { format!("{}:", problem.line) };
            show::say(show::safe(&format!("{}:{line} {}", file.name, problem.what)));
        }
        let more = file.wrong.saturating_sub(file.problems.len());
        if more > 0 {
            show::say(format!("{}: {more} more", show::safe(&file.name)));
        }
        for (why, count) in &file.unserved {
            show::say(show::safe(&format!("{}: {count} not served: {why}", file.name)));
        }
    }
    let sum = |of: fn(&FileReport) -> usize| show::count(reports.iter().map(of).sum());
    let (loaded, wrong) = (sum(|file| file.loaded), sum(|file| file.wrong));
    let unserved = sum(|file| file.unserved.values().sum());
    show::say(format!("{} files, {loaded} signatures, {unserved} not served, {wrong} wrong", reports.len()));
    if reports.iter().all(|file| file.wrong == 0) { Exit::Ok } else { Exit::Data }
}

fn print_update(rows: &[Updated]) {
    let row = |row: &Updated| {
        let outcome = match row.outcome {
            Outcome::New => "new",
            Outcome::Unchanged => "unchanged",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
        };
        vec![row.file.clone(), outcome.to_string(), show::count(row.loaded), row.source.clone(), row.why.clone()]
    };
    show::table(&["file", "outcome", "signatures", "source", "why"], rows.iter().map(row));
}
