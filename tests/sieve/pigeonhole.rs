//! Bugs of Pigeonhole 0.5.19 that we don't share: which comparison each of them spoils.
//!
//! An entry is asked only where the programs differ, and it must recognise the difference, not only the script.

use crate::{letters::Letter, outcome::Outcome, script::Case};

struct Bug {
    name: &'static str,
    /// What the standard says.
    #[expect(dead_code, reason = "for people")]
    standard: &'static str,
    explains: fn(&Case, &Letter, &Outcome, &Outcome) -> bool,
}

const BUGS: &[Bug] = &[];

/// The name of the bug that explains a difference.
pub(crate) fn bug(case: &Case, letter: &Letter, theirs: &Outcome, ours: &Outcome) -> Option<&'static str> {
    BUGS.iter().find(|bug| (bug.explains)(case, letter, theirs, ours)).map(|bug| bug.name)
}
