//! What stands in no field of the message: the envelope, the environment, the date.
//!
//! Standards: RFC 5228 §5.4, RFC 5183 §4, RFC 5260 §4, vnd.dovecot.environment.

use super::super::address::{self, AddressPart};
use super::super::date::{self, Moment};
use super::super::program::Zone;
use super::Run;

impl Run<'_> {
    /// The parts of the envelope that a test compares; none where the envelope has none.
    pub(super) fn envelope(&self, name: &str, part: AddressPart) -> Vec<String> {
        let request = self.request;
        let orig_to = || request.orig_to.clone().unwrap_or_else(|| request.to.clone());
        let value = match name.to_ascii_lowercase().as_str() {
            "from" => request.from.clone(),
            // RFC 5228 §5.4: as the recipient was before anybody rewrote it.
            "to" | "orig_to" => orig_to(),
            "auth" => match &request.auth {
                Some(auth) => auth.clone(),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        if value.is_empty() {
            // RFC 5228 §5.4: the null reverse-path is the empty string, whatever part is asked for.
            return vec![value];
        }
        let Some((local, domain)) = value.rsplit_once('@') else {
            let plain = address::Mailbox { local: value.clone(), domain: String::new() };
            return match part {
                AddressPart::All => vec![value],
                AddressPart::LocalPart | AddressPart::Domain | AddressPart::User | AddressPart::Detail => {
                    address::part(&plain, part, &request.recipient_delimiter).into_iter().collect()
                }
            };
        };
        let mailbox = address::Mailbox { local: unquoted(local), domain: domain.to_string() };
        if part == AddressPart::All {
            return vec![value];
        }
        address::part(&mailbox, part, &request.recipient_delimiter).into_iter().collect()
    }

    /// An item of the environment; `None` where it is unknown.
    pub(super) fn environment(&self, item: &str) -> Option<String> {
        let item = item.to_ascii_lowercase();
        let scan = self.request.scan.as_ref();
        let value = match item.as_str() {
            "name" => "tamis".to_string(),
            "version" => env!("CARGO_PKG_VERSION").to_string(),
            "location" => "MDA".to_string(),
            "phase" => "during".to_string(),
            "vnd.tamis.verdict" => scan.map_or("UNSCANNED", |scan| scan.class.as_str()).to_string(),
            "vnd.tamis.score" => scan.map(|scan| format!("{:.1}", scan.score))?,
            "vnd.tamis.findings" => scan.map(|scan| scan.findings.join(" "))?,
            "vnd.dovecot.username" => self.request.user.clone(),
            "vnd.dovecot.default-mailbox" => "INBOX".to_string(),
            _ => return self.request.environment.get(&item).cloned(),
        };
        Some(value)
    }

    /// The moment in the zone that a test asks for; `None` where the zone can't be read.
    pub(super) fn in_zone(&self, moment: Moment, zone: &Zone) -> Option<Moment> {
        match zone {
            Zone::Original => Some(moment),
            Zone::Local => Some(moment.in_zone(self.local_offset(moment.seconds))),
            Zone::Given(template) => date::parse_zone(&self.expand(template)).map(|offset| moment.in_zone(offset)),
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment { seconds: self.request.now, offset_minutes: 0 }
    }

    fn local_offset(&self, seconds: i64) -> i32 {
        let zone = &self.request.zone;
        let since = zone.iter().rev().find(|(from, _)| *from <= seconds).or(zone.first());
        since.map_or(0, |(_, offset)| *offset)
    }
}

/// The local part without its quotes.
fn unquoted(local: &str) -> String {
    match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => {
            let mut out = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                out.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            out
        }
        None => local.to_string(),
    }
}
