//! What the signatures found, under the class that the list of names gives each.
//!
//! Does not match anything itself: `signatures` did, while the contents were open.

use super::{Check, Facts, Finding};
use crate::mail::Message;
use crate::signatures::{Class, Hit};

pub(super) const CHECK: Check = Check {
    name: "signatures",
    about: "Antivirus signatures that fit, by the class of their names.",
    finds: &[
        "signature_virus",
        "signature_phishing",
        "signature_spam",
        "signature_pua",
        "signature_allowed",
        "signatures_gave_up",
    ],
    look,
};

fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let names = &facts.lists.signatures;
    let finding = |hit: &Hit| {
        let class = match (names.class_of(&hit.name), hit.class) {
            // What the operator allows, no rule may forbid.
            (Class::Allowed, _) => Class::Allowed,
            (_, Some(own)) => own,
            (listed, None) => listed,
        };
        Finding::new(class.finding(), detail(&hit.name, &hit.path))
    };
    let gave_up = |path: &Vec<String>| Finding::new("signatures_gave_up", path.join("/"));
    facts.signatures.hits.iter().map(finding).chain(facts.signatures.gave_up.iter().map(gave_up)).collect()
}

fn detail(name: &str, path: &[String]) -> String {
    if path.is_empty() { name.to_string() } else { format!("{name} in {}", path.join("/")) }
}
