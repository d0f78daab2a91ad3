//! What is wrong with a script, and what may be: all at once, for people and for editors.
//!
//! Does not run anything. Standards: RFC 5228 §2.10.5, RFC 5804 §2.6 (what a client is told).

use super::notes::{Notes, Span};
use super::{check, engine, lex, parse};
use crate::limits::SCRIPT_BYTES_MAX;
use serde::{Deserialize, Serialize};

/// One script to check, and what is known around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    pub text: String,
    /// The user's folders, as [`crate::plan::FolderName`] prints them; `None`: unknown, and no folder is doubted.
    pub folders: Option<Vec<String>>,
    /// The user's own addresses: a redirect to one of them is doubted.
    pub addresses: Vec<String>,
    /// The user's own scripts, which `include` may name; `None`: unknown, and none is doubted.
    pub scripts: Option<Vec<String>>,
    /// Are there annotations of mailboxes to test?
    pub metadata: bool,
    /// Octets of the script, where the settings allow less than the program.
    pub bytes_max: Option<u64>,
}

/// Everything that was found; a script without errors may be stored and runs as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// In the order of the text.
    pub errors: Vec<Diagnostic>,
    pub warnings: Vec<Diagnostic>,
}

/// One finding of the checker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Stable, such as `unknown-test`.
    pub code: String,
    /// One sentence without a final dot.
    pub words: String,
    /// What would mend it, where that is known: `add require "fileinto"`.
    pub mend: Option<String>,
    /// The line of the script, and below it a line with carets; empty where there is none.
    pub excerpt: String,
}

/// Checks a script.
pub fn report(question: &Question) -> Report {
    let text = question.text.as_str();
    let mut notes = Notes::new(text);
    let bytes_max = question.bytes_max.unwrap_or(SCRIPT_BYTES_MAX).min(SCRIPT_BYTES_MAX);
    if text.len() as u64 > bytes_max {
        let words = format!("the script has {} octets, at most {bytes_max} are taken", text.len());
        notes.error("too-long", Span::default(), words);
        return notes.into_report();
    }
    let commands = parse::parse(&lex::tokens(text, &mut notes), &mut notes);
    let program = check::check(&commands, question, &mut notes);
    let mut report = notes.into_report();
    if !report.errors.is_empty() {
        // Doubts about a script that can't run yet only hide what is wrong.
        report.warnings.retain(|found| {
            !["unknown-folder", "vacation-addresses", "unused-require", "never-matches"].contains(&found.code.as_str())
        });
    }
    if report.errors.is_empty()
        && let Err(words) = engine::engine_form(&program)
    {
        let mut notes = Notes::new(text);
        notes.error("engine", Span::default(), words);
        return Report { warnings: report.warnings, ..notes.into_report() };
    }
    report
}
