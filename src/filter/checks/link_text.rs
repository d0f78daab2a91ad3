//! A link that shows one host and leads to another owner's.
//!
//! Newsletters count clicks in good faith: known trackers (`config/lists/trackers.txt`), the sender's own domain as
//! target, and mere names of firms are left out. Does not follow any link.

use super::{Check, Facts, Finding};
use crate::filter::domains::{self, Shown};
use crate::mail::{Link, Message};

pub(super) const CHECK: Check = Check {
    name: "link_text",
    about: "The text of a link shows another host than the one it leads to.",
    finds: &["link_text_differs"],
    look,
};

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let sender = message.addresses("From").first().and_then(|(_, address)| domains::of_address(address));
    let differs = |link: &&Link| {
        let Some((shown, how)) = domains::shown_host(&link.text) else { return false };
        let leads_home = sender.as_deref().is_some_and(|sender| domains::same_owner(sender, &link.host));
        let is_trusted_name = || facts.lists.brands.iter().any(|brand| brand.owns(&shown));
        let leads_to_owner = || facts.lists.brands.iter().any(|b| b.owns(&shown) && b.owns(&link.host));
        !link.host.is_empty()
            && !domains::same_owner(&shown, &link.host)
            && !leads_home
            && !facts.lists.is_tracker(&link.host)
            && (how == Shown::AsUrl || is_trusted_name())
            && !leads_to_owner()
    };
    let finding =
        |link: &Link| Finding::new("link_text_differs", format!("{} leads to {}", link.text.trim(), link.host));
    facts.links.iter().filter(differs).map(finding).collect()
}
