//! Hosts of links that honest senders don't write: bare addresses, machine names, a user name that
//! looks like a host; and hosts that anybody can use in a minute (`config/lists`).
//!
//! Standards: RFC 3986 §3.2.1 and §7.6 (misleading userinfo), WHATWG URL (address spellings).

use super::{Check, Facts, Finding};
use crate::filter::domains;
use crate::mail::{Link, Message};

pub(super) const CHECK: Check = Check {
    name: "link_hosts",
    about: "Links to bare addresses, machine names, free hosts, shorteners, or with a user name before the host.",
    finds: &["link_to_address", "link_to_machine", "link_userinfo", "link_to_free_host", "link_shortener"],
    look,
};

/// Endings of pictures and fonts: what a page loads, not where a reader is led.
const LOADED: &[&str] =
    &[".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".ico", ".css", ".woff2", ".woff", ".ttf"];

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let sender = message.addresses("From").first().and_then(|(_, address)| domains::of_address(address));
    let foreign = |link: &&Link| !sender.as_deref().is_some_and(|sender| domains::same_owner(sender, &link.host));
    facts.links.iter().filter(foreign).flat_map(|link| look_at_link(link, facts)).collect()
}

fn look_at_link(link: &Link, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let of_web = link.url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
    let path = link.url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if !of_web || LOADED.iter().any(|ending| path.ends_with(ending)) {
        return found;
    }
    if domains::is_address_literal(&link.host) {
        found.push(Finding::new("link_to_address", &link.url));
    } else if is_machine_name(&link.host) {
        found.push(Finding::new("link_to_machine", &link.host));
    } else if facts.lists.is_free_host(&link.host) {
        found.push(Finding::new("link_to_free_host", &link.host));
    } else if facts.lists.is_shortener(&link.host) {
        found.push(Finding::new("link_shortener", &link.url));
    }
    let authority = link.url.split_once("//").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if authority.contains('@') {
        found.push(Finding::new("link_userinfo", &link.url));
    }
    found
}

/// Four numbers of an IPv4 address in a row, as providers name the machines of their customers.
fn is_machine_name(host: &str) -> bool {
    let mut run = 0;
    host.split(['.', '-']).any(|label| {
        run = if label.parse::<u8>().is_ok() { run + 1 } else { 0 };
        run == 4
    })
}
