//! The table of checks: one file each. A check notices; what that weighs is data (`config/rules`).
//!
//! A new check is one file and one line here, and a rule with samples for each finding that it can give.

use super::{Facts, look::Finding};
use crate::mail::Message;

mod attachment_names;
mod brands;
mod bulk_headers;
mod declared_types;
mod display_name;
mod eicar;
mod essential_headers;
mod foreign_verdict;
mod gtube;
mod hardly_any_text;
mod header_tricks;
mod inside;
mod link_hosts;
mod link_text;
mod mime;
mod oversize_part;
mod phrases;
mod reply_to;
mod sender_domain;
mod signatures;
mod subject;

pub(super) use eicar::EICAR;
pub(super) use gtube::GTUBE;

/// One check. It may give several findings, under the names listed in `finds`.
pub struct Check {
    pub name: &'static str,
    pub about: &'static str,
    /// Names of the findings it can give; each must be a rule.
    pub finds: &'static [&'static str],
    pub look: fn(&Message<'_>, &Facts) -> Vec<Finding>,
}

pub const CHECKS: &[Check] = &[
    gtube::CHECK,
    eicar::CHECK,
    inside::CHECK,
    signatures::CHECK,
    attachment_names::CHECK,
    declared_types::CHECK,
    essential_headers::CHECK,
    subject::CHECK,
    mime::CHECK,
    oversize_part::CHECK,
    hardly_any_text::CHECK,
    header_tricks::CHECK,
    display_name::CHECK,
    sender_domain::CHECK,
    brands::CHECK,
    reply_to::CHECK,
    link_hosts::CHECK,
    link_text::CHECK,
    bulk_headers::CHECK,
    phrases::CHECK,
    foreign_verdict::CHECK,
];
