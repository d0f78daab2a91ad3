//! Words and phrases of the rules themselves (`phrases` in `config/rules`): a sign that is made of words needs no code.

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "phrases",
    about: "Words that a rule lists.",
    // The names are those of the rules with phrases.
    finds: &[],
    look,
};

fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let found = facts.lists.phrases.found_in(&facts.text);
    found.into_iter().map(|(rule, phrases)| Finding::new(rule, phrases.join(", "))).collect()
}
