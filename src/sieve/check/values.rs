//! Values that are wrong whatever the message: addresses, names, folders, dates, patterns.
//!
//! Only what is written out is checked; what has variables in it is checked at the run. Standards: RFC 5322 §2.2 (field
//! names), RFC 5260 §4 (date parts, zones), RFC 5293 §4 to §6, RFC 5435 §3.

use super::super::notes::use_nearest;
use super::super::parse::{Argument, Value};
use super::super::program::{How, MatchType, Texts};
use super::super::reply::notify;
use super::super::{address, date};
use super::Checker;
use super::arguments::Given;
use crate::mail::{is_field_name, may_be_added, may_be_deleted};
use crate::plan::FolderName;
use std::sync::Arc;

pub(super) const COMPARATORS: &[&str] = &["i;octet", "i;ascii-casemap", "i;ascii-numeric", "i;unicode-casemap"];
/// What `envelope` may ask for; the last one is ours: the address before aliases, where the server knows it.
pub(super) const ENVELOPE_PARTS: &[&str] = &["from", "to", "auth", "orig_to"];
/// RFC 6154 §2.
pub(super) const SPECIAL_USES: &[&str] =
    &["\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Important", "\\Junk", "\\Sent", "\\Trash"];
/// RFC 5228 §5.1: what must be there, and other fields that hold addresses.
const ADDRESS_FIELDS: &[&str] = &[
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "reply-to",
    "resent-from",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "resent-sender",
    "resent-reply-to",
    "delivered-to",
    "x-original-to",
    "errors-to",
    "return-receipt-to",
    "disposition-notification-to",
    "apparently-to",
    "x-apparently-to",
    "for-handling",
    "for-comment",
    "mail-followup-to",
    "mail-reply-to",
    "x-beenthere",
    "abuse-reports-to",
    "x-confirm-reading-to",
    "x-complaints-to",
    "read-receipt-to",
    "x-admin",
    "envelope-to",
    "x-envelope-to",
    "return-path",
];

pub(super) fn is_address_field(name: &str) -> bool {
    ADDRESS_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

pub(super) fn number(argument: &Argument) -> Option<u64> {
    match argument.value {
        Value::Number(number) => Some(number),
        Value::Tag(_) | Value::Text(_) | Value::List(_) => None,
    }
}

impl Checker<'_, '_> {
    /// A name that no field can have never matches.
    pub(super) fn check_fields(&mut self, argument: Option<&Argument>) {
        for (name, span) in argument.map(super::arguments::plain).unwrap_or_default() {
            if name.contains("${") || is_field_name(name) {
                continue;
            }
            match name.trim().strip_suffix(':') {
                Some(bare) => {
                    let words = format!("the name of a field has no colon: {name:?} is never found");
                    self.notes.warning("header-colon", span, words, Some(format!("write \"{bare}\"")));
                }
                None => {
                    let words = format!("{name:?} can't be the name of a header field; it is never found");
                    self.notes.warning("bad-header-name", span, words, None);
                }
            }
        }
    }

    pub(super) fn check_address(&mut self, argument: Option<&Argument>, what: &str) {
        for (text, span) in argument.map(super::arguments::plain).unwrap_or_default() {
            if !text.contains("${")
                && let Err(why) = address::parse_one(text)
            {
                self.notes.error("bad-address", span, format!("{what} is wrong: {text:?}: {why}"));
            }
        }
    }

    pub(super) fn check_folder(&mut self, given: &Given<'_>) {
        if let Some((name, span)) = given.plain_texts(0).first()
            && !name.contains("${")
            && let Err(why) = FolderName::parse(name)
        {
            self.notes.error("bad-folder", *span, why);
        }
    }

    pub(super) fn check_zone(&mut self, given: &Given<'_>) {
        if let Some((zone, span)) = given.plain_tag("zone")
            && !zone.contains("${")
            && date::parse_zone(zone).is_none()
        {
            let words = format!("{zone:?} is no time zone; write it as \"+0100\"");
            self.notes.warning("bad-zone", span, words, None);
        }
    }

    pub(super) fn check_date_part(&mut self, given: &Given<'_>, n: usize, keys: &Texts, how: &How) {
        let Some((part, span)) = given.plain_texts(n).first().copied().filter(|(part, _)| !part.contains("${")) else {
            return;
        };
        if !date::PARTS.iter().any(|known| known.eq_ignore_ascii_case(part)) {
            let mend = use_nearest(part, date::PARTS.iter().copied());
            self.notes.warning("bad-date-part", span, format!("{part:?} is no part of a date"), mend);
            return;
        }
        self.doubt_date_keys(given, n + 1, part, keys, how);
    }

    pub(super) fn check_flag_variables(&mut self, given: &Given<'_>) {
        if given.argument(0).is_some() {
            self.needs("variables", "a variable for flags", given.span);
        }
    }

    /// `:options` of `notify`: `name=value`; `mailto` has none of its own.
    pub(super) fn check_options(&mut self, given: &Given<'_>) {
        for (option, span) in given.value("options").map(super::arguments::plain).unwrap_or_default() {
            let name = option.split_once('=').map(|(name, _)| name);
            let fair =
                |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
            match name.filter(|name| fair(name)) {
                Some(name) => {
                    let words = format!("\"mailto\" has no option {name:?}; it is left out");
                    self.notes.warning("unknown-option", span, words, None);
                }
                None if !option.contains("${") => {
                    self.notes.error("wrong-argument", span, format!("an option is \"name=value\", not {option:?}"));
                }
                None => {}
            }
        }
    }

    pub(super) fn check_method(&mut self, given: &Given<'_>) {
        let Some((uri, span)) = given.plain_texts(0).first().copied().filter(|(uri, _)| !uri.contains("${")) else {
            return;
        };
        match notify::parse_mailto(uri) {
            Err(why) => self.notes.error("bad-uri", span, format!("{uri:?} can't be notified: {why}")),
            Ok(mailto) => {
                for words in mailto.warnings {
                    self.notes.warning("bad-uri", span, words, None);
                }
            }
        }
    }

    /// RFC 5293 §4: `addheader`.
    pub(super) fn check_new_field(&mut self, given: &Given<'_>) {
        if let Some((name, span)) = given.plain_texts(0).first()
            && !name.contains("${")
        {
            if !is_field_name(name) {
                self.notes.error("bad-header-name", *span, format!("{name:?} can't be the name of a header field"));
            } else if !may_be_added(name) {
                let words = format!("the field {name:?} may not be added; the command does nothing");
                self.notes.warning("protected-header", *span, words, None);
            }
        }
        if let Some((value, span)) = given.plain_texts(1).first()
            && !value.contains("${")
            && value.contains(|c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t'))
        {
            self.notes.error("wrong-argument", *span, "the value of a header field can't hold control characters");
        }
    }

    /// RFC 5293 §5: `deleteheader`.
    pub(super) fn check_old_field(&mut self, given: &Given<'_>) {
        if let Some((name, span)) = given.plain_texts(0).first()
            && !name.contains("${")
        {
            if !is_field_name(name) {
                self.notes.error("bad-header-name", *span, format!("{name:?} can't be the name of a header field"));
            } else if !may_be_deleted(name) {
                let words = format!("the field {name:?} may not be deleted; the command does nothing");
                self.notes.warning("protected-header", *span, words, None);
            }
        }
    }

    /// Patterns that can't be read.
    pub(super) fn check_regexes(&mut self, given: &Given<'_>, n: usize, keys: &Texts, how: &How) {
        if how.match_type != MatchType::Regex {
            return;
        }
        for ((_, span), key) in given.plain_texts(n).into_iter().zip(keys) {
            let Some(pattern) = key.constant() else { continue };
            match super::super::compare::regex(pattern, how.comparator) {
                Ok(regex) => {
                    self.program.regexes.insert((pattern.to_string(), how.comparator), Arc::new(regex));
                }
                Err(why) => self.notes.error("bad-regex", span, format!("{pattern:?} is no regular expression: {why}")),
            }
        }
    }
}
