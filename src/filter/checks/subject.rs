//! The form of the subject: there, and not shouting. What it says is `phrases`'.

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "subject",
    about: "A subject that is missing or shouts.",
    finds: &["missing_subject", "subject_shouts"],
    look,
};

/// Letters from which on capitals alone are shouting and not an abbreviation.
const SHOUTED_LETTERS_MIN: usize = 12;

fn look(message: &Message<'_>, _facts: &Facts) -> Vec<Finding> {
    let subject = message.subject();
    if subject.trim().is_empty() {
        return vec![Finding::new("missing_subject", "")];
    }
    let letters: Vec<char> = subject.chars().filter(|c| c.is_uppercase() || c.is_lowercase()).collect();
    let loud = letters.iter().filter(|c| c.is_uppercase()).count();
    let shouts = letters.len() >= SHOUTED_LETTERS_MIN && loud * 10 >= letters.len() * 9;
    if shouts { vec![Finding::new("subject_shouts", subject)] } else { Vec::new() }
}
