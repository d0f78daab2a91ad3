//! A link with hardly any words around it: a picture tells the rest, which no filter of words can read.

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "hardly_any_text",
    about: "HTML with a picture and a link, and hardly any words.",
    finds: &["hardly_any_text"],
    look,
};

/// Words below which a message with picture and link says nothing by itself.
const WORDS_MIN: usize = 15;

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let html: Vec<&str> = message
        .parts
        .iter()
        .filter(|part| part.declared_type == "text/html" && !part.is_attachment)
        .filter_map(|part| part.text.as_deref())
        .collect();
    let holds = |what: &str| {
        html.iter().any(|text| memchr::memmem::find(text.to_ascii_lowercase().as_bytes(), what.as_bytes()).is_some())
    };
    let words = facts.text.body.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).count();
    let has_link = facts.links.iter().any(|link| link.url.starts_with("http"));
    if words < WORDS_MIN && has_link && holds("<img") {
        vec![Finding::new("hardly_any_text", format!("{words} words"))]
    } else {
        Vec::new()
    }
}
