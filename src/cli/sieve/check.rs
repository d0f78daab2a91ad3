//! `tamis sieve check`: all that is wrong with a script, with carets below the places.

use super::super::{Exit, Fault, show};
use crate::admin::{self, Diagnostic};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Script files; `-` is standard input.
    #[arg(required = true)]
    scripts: Vec<PathBuf>,
    /// One JSON object per line and script.
    #[arg(long)]
    json: bool,
    /// A folder that exists, so that others are doubted. Repeatable.
    #[arg(long, value_name = "NAME")]
    mailbox: Vec<String>,
    /// An address of the user, so that a redirect to it is doubted. Repeatable.
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Fault> {
    let mut exit = Exit::Ok;
    for path in &args.scripts {
        let (name, text) = super::script(path)?;
        let report = admin::check_script(text, &args.mailbox, &args.address);
        if args.json {
            let mut value = serde_json::json!({ "compile": admin::compile_json(&report) });
            if args.scripts.len() > 1
                && let Some(fields) = value.as_object_mut()
            {
                fields.insert("file".into(), path.to_string_lossy().into());
            }
            show::json(&value);
        } else {
            report.errors.iter().for_each(|found| print(&name, "error", found));
            report.warnings.iter().for_each(|found| print(&name, "warning", found));
            if report.errors.is_empty() && report.warnings.is_empty() {
                show::say(format!("{}: good", path.display()));
            }
        }
        if !report.errors.is_empty() {
            exit = Exit::Data;
        }
    }
    Ok(exit)
}

/// `main:3:5: error: … [code]`, the line with carets, and the mend.
pub(super) fn print(name: &str, kind: &str, found: &Diagnostic) {
    let style = console::Style::new().for_stdout().bold();
    let style = if kind == "error" { style.red() } else { style.yellow() };
    let place = show::safe(&format!("{name}:{}:{}", found.line, found.column));
    show::say(format!("{place}: {}: {} [{}]", style.apply_to(kind), show::safe(&found.words), found.code));
    for line in found.excerpt.lines() {
        show::say(format!("    {}", show::safe(&line.replace('\t', " "))));
    }
    if let Some(mend) = &found.mend {
        show::say(show::safe(&format!("    = {mend}")));
    }
}
