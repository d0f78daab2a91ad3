//! Answers that would go to somebody else than the writer.
//!
//! Mailing lists and newsletters set Reply-To in good faith, so a letter through a list is left out. Standards: RFC 5322
//! §3.6.2.

use super::{Check, Facts, Finding};
use crate::filter::domains;
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "reply_to",
    about: "Answers go to another owner's domain, or to an address that anybody can have.",
    finds: &["reply_to_differs", "reply_to_free_mail"],
    look,
};

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    if message.field("List-Post").is_some() {
        return Vec::new();
    }
    let from = message.addresses("From");
    let Some(from) = from.first().and_then(|(_, address)| domains::of_address(address)) else { return Vec::new() };
    let differing = message.addresses("Reply-To").into_iter().filter_map(|(_, address)| {
        let reply = domains::of_address(&address)?;
        if reply == from || domains::same_owner(&reply, &from) {
            return None;
        }
        let free = facts.lists.is_free_mail(&reply) && !facts.lists.is_free_mail(&from);
        let name = if free { "reply_to_free_mail" } else { "reply_to_differs" };
        Some(Finding::new(name, format!("from {from}, answers to {address}")))
    });
    differing.collect()
}
