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

const BUGS: &[Bug] = &[Bug {
    name: "a loop over parts in another one breaks off the script",
    standard: "RFC 5703 §3: foreverypart commands may be nested, each inner one over the parts of the part at hand",
    explains: |case, _, theirs, _| {
        matches!(theirs, Outcome::Failed(why) if why.contains("corrupt binary deleted"))
            && case.text().matches("foreverypart").count() > 2
    },
}];

/// The name of the bug that explains a difference.
pub(crate) fn bug(case: &Case, letter: &Letter, theirs: &Outcome, ours: &Outcome) -> Option<&'static str> {
    BUGS.iter().find(|bug| (bug.explains)(case, letter, theirs, ours)).map(|bug| bug.name)
}
