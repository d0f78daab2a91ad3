//! A sender whose domain cannot exist, or can be had by anybody in a minute.
//!
//! Asks nobody whether it does exist. Standards: RFC 2606 and RFC 6761 (names for documents and private nets), the public
//! suffix list.

use super::{Check, Facts, Finding};
use crate::filter::domains;
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "sender_domain",
    about: "The sender's domain cannot exist, or is a free subdomain.",
    finds: &["impossible_sender_domain", "sender_at_free_host"],
    look,
};

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let look_at = |(_, address): (Option<String>, String)| {
        let domain = domains::of_address(&address)?;
        if !domains::can_exist(&domain) {
            return Some(Finding::new("impossible_sender_domain", domain));
        }
        facts.lists.is_free_host(&domain).then(|| Finding::new("sender_at_free_host", domain))
    };
    message.addresses("From").into_iter().filter_map(look_at).collect()
}
