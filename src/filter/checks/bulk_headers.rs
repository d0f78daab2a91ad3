//! Header fields by which programs for lists and mass mail are known. None is proof alone: each earns some points of
//! bulk, and a discussion list takes some back.
//!
//! Standards: RFC 2369 (List-*), RFC 2919 (List-Id), RFC 8058 (one click), RFC 3834 (Auto-Submitted); Precedence and
//! Feedback-ID are customs.

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "bulk_headers",
    about: "Headers of mailing lists, newsletters and machines.",
    finds: &[
        "list_id",
        "list_post",
        "list_unsubscribe",
        "one_click_unsubscribe",
        "feedback_id",
        "precedence_bulk",
        "precedence_list",
        "auto_submitted",
        "mass_mailer",
    ],
    look,
};

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let value = |name: &str| message.field(name).map(|field| field.text()).filter(|text| !text.is_empty());
    let simple = [
        ("List-Id", "list_id"),
        ("List-Unsubscribe", "list_unsubscribe"),
        ("List-Unsubscribe-Post", "one_click_unsubscribe"),
        ("Feedback-ID", "feedback_id"),
    ];
    let mut found: Vec<Finding> =
        simple.iter().filter_map(|(field, name)| Some(Finding::new(name, value(field)?))).collect();
    // RFC 2369 §3.4: `List-Post: NO` is a list to which nobody may write, so no discussion.
    found
        .extend(value("List-Post").filter(|text| text.contains("mailto:")).map(|text| Finding::new("list_post", text)));
    found.extend(value("Precedence").and_then(|text| match text.to_ascii_lowercase().as_str() {
        "bulk" | "junk" => Some(Finding::new("precedence_bulk", text)),
        "list" => Some(Finding::new("precedence_list", text)),
        _ => None,
    }));
    let by_machine = value("Auto-Submitted").filter(|text| !text.to_ascii_lowercase().starts_with("no"));
    found.extend(by_machine.map(|text| Finding::new("auto_submitted", text)));
    found.extend(look_at_mailers(message, facts));
    found
}

fn look_at_mailers(message: &Message<'_>, facts: &Facts) -> Option<Finding> {
    let (header, _, who) = facts.lists.mailers().find(|(header, wanted, _)| {
        message.all(header).any(|field| match wanted {
            Some(wanted) => field.text().to_lowercase().contains(wanted),
            None => true,
        })
    })?;
    Some(Finding::new("mass_mailer", format!("{header}: {who}")))
}
