//! Names that people trust (`config/lists/brands.txt`) where their owner doesn't stand behind them: in the sender's
//! display name, or in the host of a link.
//!
//! Does not know look-alike letters, and does not know whether the From address itself is forged (DMARC's).

use super::{Check, Facts, Finding};
use crate::filter::text::fold;
use crate::filter::{Brand, domains};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "brands",
    about: "A well-known name in the sender's name or in a link's host, but not its owner's domain.",
    finds: &["brand_in_name", "brand_in_host", "brand_domain_in_host"],
    look,
};

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let mut found = look_at_sender(message, facts);
    let sender = message.addresses("From").first().and_then(|(_, address)| domains::of_address(address));
    for link in &facts.links {
        let own = sender.as_deref().is_some_and(|sender| domains::same_owner(sender, &link.host));
        if own || link.host.is_empty() || facts.lists.is_tracker(&link.host) {
            continue;
        }
        found.extend(look_at_host(&link.host, &facts.lists.brands));
    }
    found
}

fn look_at_sender(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, address) in message.addresses("From") {
        let (Some(name), Some(domain)) = (name, domains::of_address(&address)) else { continue };
        let folded = fold(&name);
        // A reseller may name two brands; one that owns the address is enough.
        let named: Vec<&Brand> = facts.lists.brands_named(&folded).collect();
        if !named.is_empty() && !named.iter().any(|brand| brand.owns(&domain)) {
            found.push(Finding::new("brand_in_name", format!("{name} <{address}>")));
        }
    }
    found
}

fn look_at_host(host: &str, brands: &[Brand]) -> Option<Finding> {
    if brands.iter().any(|brand| brand.owns(host)) {
        return None;
    }
    let shows_domain = |brand: &&Brand| {
        brand
            .domains
            .iter()
            .any(|domain| host.starts_with(&format!("{domain}.")) || host.contains(&format!(".{domain}.")))
    };
    if brands.iter().any(|brand| shows_domain(&brand)) {
        return Some(Finding::new("brand_domain_in_host", host));
    }
    let words: Vec<&str> = host.split(['.', '-']).collect();
    let named = brands.iter().any(|brand| words.contains(&brand.name.as_str()));
    named.then(|| Finding::new("brand_in_host", host))
}
