//! A parsed script becomes a program, or a list of all that is wrong with it.
//!
//! Tells everything at once, goes on behind each mistake, and doubts what is legal but hardly meant (`doubts`). Runs
//! nothing. Standards: RFC 5228 §2.10.5, RFC 5463 (`ihave`), those of the extensions.

mod actions;
mod arguments;
mod control;
mod doubts;
mod tests;
mod values;

use super::extensions::{self, Required};
use super::notes::{Notes, Span};
use super::parse::Command;
use super::program::{Act, ActId, Placed, Program, Step, Test, TestId};
use super::report::Question;
use std::collections::BTreeSet;

/// Checks all commands; the program is whole where no error was noted.
pub(super) fn check(commands: &[Command], question: &Question, notes: &mut Notes<'_>) -> Program {
    let mut checker = Checker {
        notes,
        question,
        required: Required::default(),
        requires: Vec::new(),
        missing: BTreeSet::new(),
        loops: Vec::new(),
        variables: doubts::Variables::default(),
        program: Program::default(),
    };
    let steps = checker.script(commands);
    checker.program.steps = steps;
    checker.program.remembers_matches = checker.required.has("variables");
    checker.doubt_requires();
    checker.doubt_variables();
    checker.program
}

struct Checker<'a, 's> {
    notes: &'a mut Notes<'s>,
    question: &'a Question,
    required: Required,
    /// What stands in `require`, where, and whether anything used it.
    requires: Vec<(String, Span, bool)>,
    /// Extensions whose absence was told.
    missing: BTreeSet<String>,
    /// The names of the `foreverypart` around, from the outermost.
    loops: Vec<Option<String>>,
    variables: doubts::Variables,
    program: Program,
}

impl Checker<'_, '_> {
    /// Requires at the top, then everything else.
    fn script(&mut self, commands: &[Command]) -> Vec<Step> {
        let is_require = |command: &Command| command.name.eq_ignore_ascii_case("require");
        let top = commands.iter().take_while(|command| is_require(command)).count();
        let (requires, rest) = commands.split_at_checked(top).unwrap_or((commands, &[]));
        requires.iter().for_each(|command| self.require(command));
        self.block(rest)
    }

    fn require(&mut self, command: &Command) {
        let Some(given) = self.given_command(command) else { return };
        for (name, span) in given.plain_texts(0) {
            self.requires.push((name.to_string(), span, false));
            let there = |name: &str| !METADATA.contains(&name) || self.question.metadata;
            match extensions::find(name).filter(|extension| there(extension.name)) {
                Some(extension) => self.required.add(extension),
                None => self.unknown_extension(name, span),
            }
        }
    }

    fn unknown_extension(&mut self, name: &str, span: Span) {
        // What it brings would only be told as missing again.
        self.missing.insert(name.to_string());
        if let Some(new) = extensions::new_name(name) {
            let words = format!("\"{name}\" is the draft of an extension that is called \"{new}\" today");
            return self.notes.error_with("unknown-extension", span, words, Some(format!("require \"{new}\"")));
        }
        let mend = super::notes::use_nearest(name, extensions::names());
        let code =
            if REFUSED.contains(&name) || METADATA.contains(&name) { "not-supported" } else { "unknown-extension" };
        let what = if code == "not-supported" { "is not supported" } else { "is unknown" };
        self.notes.error_with(code, span, format!("the extension \"{name}\" {what}"), mend);
    }

    /// Is the extension there? Says once where it is not, and goes on as if it were.
    fn needs(&mut self, extension: &str, what: &str, span: Span) {
        if extension.is_empty() {
            return;
        }
        for (name, _, used) in &mut self.requires {
            *used |= extensions::find(name).is_some_and(|required| required.brings(extension));
        }
        if !self.required.has(extension) && self.missing.insert(extension.to_string()) {
            let words = format!("{what} needs require \"{extension}\"");
            self.notes.error_with("missing-require", span, words, Some(format!("add require \"{extension}\"")));
        }
    }

    fn act(&mut self, span: Span, act: Act) -> ActId {
        self.program.acts.push(Placed { line: self.notes.line(span), it: act });
        self.program.acts.len() - 1
    }

    fn test_id(&mut self, span: Span, test: Test) -> TestId {
        self.program.tests.push(Placed { line: self.notes.line(span), it: test });
        self.program.tests.len() - 1
    }
}

/// Annotations of mailboxes, which are known to tests of scripts alone.
const METADATA: &[&str] = &["mboxmetadata", "servermetadata"];
/// Extensions that others have and that can't be run rightly here.
const REFUSED: &[&str] = &[
    "replace",
    "enclose",
    "convert",
    "imapsieve",
    "mailboxid",
    "fcc",
    "redirect-dsn",
    "redirect-deliverby",
    "envelope-dsn",
    "envelope-deliverby",
    "processcalendar",
    "vnd.dovecot.pipe",
    "vnd.dovecot.filter",
    "vnd.dovecot.execute",
    "vnd.dovecot.report",
];
