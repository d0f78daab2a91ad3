//! Names of attachments and archive members that promise something else than what opens, or open what harms.
//!
//! Only names: what is really inside is `inside`'s. The list is `config/lists/extensions.txt`.

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "attachment_names",
    about: "Dangerous, doubled, disguised endings of attachment names, in archives too.",
    finds: &["dangerous_extension", "double_extension", "right_to_left_name", "padded_name"],
    look,
};

/// Endings that people take for harmless; before a dangerous one they are a lie.
const HARMLESS: &[&str] = &[
    "avi", "bmp", "csv", "doc", "docx", "eml", "gif", "htm", "html", "ics", "jpeg", "jpg", "mov", "mp3", "mp4", "odt",
    "pdf", "png", "ppt", "pptx", "rtf", "tif", "tiff", "txt", "wav", "webp", "xls", "xlsx", "xml", "zip",
];
/// Spaces in a row that push the true ending out of sight.
const PADDING_SPACES: usize = 8;

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let mut names: Vec<&str> = message.parts.iter().filter_map(|p| p.name.as_deref()).collect();
    names.extend(facts.inside.items.iter().filter_map(|item| item.name.as_deref()));
    names.sort_unstable();
    names.dedup();
    names.into_iter().flat_map(|name| look_at_name(name, facts)).collect()
}

fn look_at_name(name: &str, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if name.contains(['\u{202e}', '\u{202d}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{200f}']) {
        found.push(Finding::new("right_to_left_name", name));
    }
    // Windows drops dots and spaces at the end of a name, so `x.exe. ` starts like `x.exe`.
    let bare = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let mut endings = bare.rsplit('.').map(|e| e.trim().to_lowercase());
    let (last, before) = (endings.next().unwrap_or_default(), endings.next().unwrap_or_default());
    let is_whole_name = last.len() >= bare.len();
    let danger = facts.lists.extension(&last).filter(|_| !is_whole_name);
    if let Some(what) = danger {
        found.push(Finding::new("dangerous_extension", format!("{name}: {what}")));
        if HARMLESS.contains(&before.as_str()) {
            found.push(Finding::new("double_extension", name));
        }
    }
    if (danger.is_some() && bare.len() < name.len()) || bare.contains(&" ".repeat(PADDING_SPACES)) {
        found.push(Finding::new("padded_name", name));
    }
    found
}
