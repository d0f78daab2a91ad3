//! Tricks with the two fields that everybody reads, sender's name and subject: invisible characters between letters, and
//! the recipient's whole address.
//!
//! Standards: Unicode general categories Cf and Mn; emoji may be joined by invisible characters, letters need none in the
//! languages that are looked at here (Latin, Greek, Cyrillic).

use super::{Check, Facts, Finding};
use crate::filter::text::is_invisible;
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "header_tricks",
    about: "Invisible characters in the sender's name or subject; the recipient's address in the subject.",
    finds: &["hidden_letters", "recipient_in_subject"],
    look,
};

fn look(message: &Message<'_>, _facts: &Facts) -> Vec<Finding> {
    let subject = message.subject();
    let mut found = Vec::new();
    let names = message.addresses("From").into_iter().filter_map(|(name, _)| name);
    let hidden = names.chain([subject.clone()]).find(|text| hides_letters(text));
    found.extend(hidden.map(|text| Finding::new("hidden_letters", text)));
    let lower = subject.to_lowercase();
    let shown =
        ["To", "Cc"].iter().flat_map(|field| message.addresses(field)).map(|(_, address)| address.to_lowercase());
    let shown = shown.filter(|address| address.contains('@')).find(|address| lower.contains(address.as_str()));
    found.extend(shown.map(|address| Finding::new("recipient_in_subject", address)));
    found
}

/// An invisible character right between two letters of an alphabet that needs none.
fn hides_letters(text: &str) -> bool {
    let is_letter = |c: &char| matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}');
    let mut before_hidden = false;
    let mut last: Option<char> = None;
    for c in text.chars() {
        if is_invisible(c) {
            before_hidden |= last.as_ref().is_some_and(is_letter);
        } else {
            if before_hidden && is_letter(&c) {
                return true;
            }
            before_hidden = false;
            last = Some(c);
        }
    }
    false
}
