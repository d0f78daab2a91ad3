//! A display name that shows a mail address of another owner than the address behind it.
//!
//! Mailing lists that rewrite From write such names in good faith (`"anna@home.example via Choir" <choir@…>`): those
//! with a list header are left out. Standards: RFC 5322 §3.4, RFC 6377 §5.3 (lists).

use super::{Check, Facts, Finding};
use crate::filter::domains;
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "display_name",
    about: "The visible name of the sender shows another address than the real one.",
    finds: &["forged_display_name"],
    look,
};

/// The words between a writer and the list, in the languages of the lists that rewrite.
const VIA: &[&str] = &[" via ", " über ", " par "];

fn look(message: &Message<'_>, _facts: &Facts) -> Vec<Finding> {
    let through_list = message.field("List-Id").is_some() || message.field("List-Post").is_some();
    let forged = message.addresses("From").into_iter().filter_map(|(name, address)| {
        let name = name?;
        let real = domains::of_address(&address)?;
        if through_list && VIA.iter().any(|via| name.contains(via)) {
            return None;
        }
        let shown = domains::shown_addresses(&name);
        let foreign = shown
            .iter()
            .filter_map(|shown| domains::of_address(shown))
            .any(|d| domains::registrable(&d).is_some() && !domains::same_owner(&d, &real));
        foreign.then(|| Finding::new("forged_display_name", format!("{name} <{address}>")))
    });
    forged.collect()
}
