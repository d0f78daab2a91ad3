//! The header fields that every program for mail writes: are they there, once, and well-formed? Is the date possible?
//!
//! Does not judge their contents. Standards: RFC 5322 §3.6 (which fields, how often), §3.3 (dates), §3.6.4 (msg-id).

use super::{Check, Facts, Finding};
use crate::limits::{DATE_AHEAD_SECONDS_MAX, DATE_BEHIND_SECONDS_MAX};
use crate::mail::{Message, caught};
use jiff::fmt::rfc2822;
use mail_parser::DateTime;

pub(super) const CHECK: Check = Check {
    name: "essential_headers",
    about: "From, Date, Message-ID, To, Subject: missing, malformed, repeated; dates that can't be.",
    finds: &[
        "missing_from",
        "malformed_from",
        "missing_to",
        "undisclosed_recipients",
        "missing_date",
        "malformed_date",
        "date_in_future",
        "date_in_past",
        "missing_message_id",
        "malformed_message_id",
        "repeated_fields",
    ],
    look,
};

/// Fields that RFC 5322 §3.6 allows once at most.
const ONCE: &[&str] =
    &["From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "Date"];

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(look_at_from(message));
    found.extend(look_at_recipients(message));
    found.extend(look_at_date(message, facts));
    found.extend(look_at_message_id(message));
    let repeated: Vec<&str> = ONCE.iter().copied().filter(|name| message.all(name).count() > 1).collect();
    if !repeated.is_empty() {
        found.push(Finding::new("repeated_fields", repeated.join(", ")));
    }
    found
}

fn look_at_from(message: &Message<'_>) -> Option<Finding> {
    let Some(field) = message.field("From") else { return Some(Finding::new("missing_from", "")) };
    let addresses = message.addresses("From");
    let is_address = |address: &str| {
        address.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace)
        })
    };
    let fair = !addresses.is_empty() && addresses.iter().all(|(_, address)| is_address(address));
    (!fair).then(|| Finding::new("malformed_from", field.text()))
}

fn look_at_recipients(message: &Message<'_>) -> Option<Finding> {
    let fields: Vec<String> = ["To", "Cc"].iter().filter_map(|n| message.field(n)).map(|f| f.text()).collect();
    if fields.is_empty() {
        return Some(Finding::new("missing_to", ""));
    }
    let nobody = fields.iter().all(|text| !text.contains('@'));
    nobody.then(|| Finding::new("undisclosed_recipients", fields.join(", ")))
}

fn look_at_date(message: &Message<'_>, facts: &Facts) -> Option<Finding> {
    let Some(field) = message.field("Date") else { return Some(Finding::new("missing_date", "")) };
    let text = field.text();
    let Some(sent) = seconds_of(&text) else { return Some(Finding::new("malformed_date", text)) };
    let received = facts.session.received_at;
    // 0 is unknown: a message from a file, not from a peer.
    match sent.saturating_sub(received) {
        _ if received == 0 => None,
        ahead if ahead > DATE_AHEAD_SECONDS_MAX => Some(Finding::new("date_in_future", text)),
        ahead if ahead < -DATE_BEHIND_SECONDS_MAX => Some(Finding::new("date_in_past", text)),
        _ => None,
    }
}

/// Seconds since 1970; the strict reader knows all forms of the standard, the other what real programs make of them.
fn seconds_of(date: &str) -> Option<i64> {
    let strict = rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(date).ok();
    strict.map(|time| time.as_second()).or_else(|| {
        let line = format!("{date}\n");
        caught(|| DateTime::parse_rfc822(&line).filter(DateTime::is_valid).map(|date| date.to_timestamp()))?
    })
}

fn look_at_message_id(message: &Message<'_>) -> Option<Finding> {
    let Some(field) = message.field("Message-ID") else { return Some(Finding::new("missing_message_id", "")) };
    let text = field.text();
    let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
    let fair = inner.and_then(|id| id.split_once('@')).is_some_and(|(left, right)| {
        let clean = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>".contains(c));
        clean(left) && clean(right)
    });
    (!fair).then(|| Finding::new("malformed_message_id", text))
}
