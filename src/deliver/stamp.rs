//! What goes on top of a message: trace fields and our verdict.
//!
//! Standards: RFC 5321 §4.4 (Return-Path, Received), RFC 3848 and RFC 6531 §3.7.3 (the word after `with`).

use super::Sight;
use crate::filter::{Fate, Verdict};
use crate::mail::{Line, Session, Stamp};
use crate::plan::Rcpt;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

/// The stamp for one recipient.
pub(super) fn of(session: &Session, rcpt: &Rcpt, verdict: &Verdict, sight: &Sight) -> Stamp {
    let mut lines = trace(session, rcpt, sight);
    lines.extend(verdict.stamp_lines());
    let tag = match &verdict.fate {
        Fate::Deliver { tag } => tag.clone(),
        Fate::Quarantine { .. } | Fate::Discard { .. } => None,
    };
    Stamp { lines, tag }
}

/// `Return-Path`, `Delivered-To` and `Received`, top to bottom.
fn trace(session: &Session, rcpt: &Rcpt, sight: &Sight) -> Vec<Line> {
    let from = session.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default();
    let received = [
        format!("from {}", if session.lhlo.is_empty() { "localhost" } else { &session.lhlo }),
        format!("by {}", sight.settings.server.host_name),
        format!("with {} (tamis)", session.protocol),
        format!("id {}", session.id),
        format!("for <{}>;", rcpt.address),
        date(session.received_at),
    ];
    vec![
        Line::verbatim("Return-Path", [format!("<{from}>")]),
        Line::verbatim("Delivered-To", [rcpt.address.to_string()]),
        Line::verbatim("Received", received),
    ]
}

/// RFC 5322 §3.3, in the machine's time zone.
pub(super) fn date(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::system());
    rfc2822::to_string(&at).unwrap_or_default()
}
