//! The tests, one by one: values from the message or around it, and their comparison.
//!
//! Standards: RFC 5228 §5 and those of the extensions.

use super::super::address::AddressPart;
use super::super::body;
use super::super::program::{Ask, DuplicateId, How, Look, MatchType, Texts, Transform};
use super::super::reply::{self, notify};
use super::super::{date, template::Template};
use super::{Answer, Run, shown};
use crate::limits::SCRIPT_BODIES_KEPT_MAX;
use crate::plan::{Asked, FolderName};
use std::sync::Arc;

impl Run<'_> {
    /// Tests of the message, its envelope, or what the script has made.
    pub(super) fn look(&mut self, test: &Look, line: usize) -> Answer {
        match test {
            Look::Header { fields, keys, how, index, mime } => {
                let names = self.expand_all(fields);
                let values = self.header_values(&names, *index, mime.as_ref());
                self.any(&format!("header {}", names.join(", ")), &values, keys, how, line)
            }
            Look::Address { part, fields, keys, how, index, mime } => {
                let names = self.expand_all(fields);
                // RFC 5231 §4.2: addresses are counted, whatever part is asked for.
                let part = if matches!(how.match_type, MatchType::Count(_)) { AddressPart::All } else { *part };
                let values = self.address_values(&names, part, *index, mime.as_ref());
                self.any(&format!("address {}", names.join(", ")), &values, keys, how, line)
            }
            Look::Envelope { part, fields, keys, how } => {
                let names = self.expand_all(fields);
                // RFC 5231 §4.2: addresses are counted, whatever part is asked for.
                let part = if matches!(how.match_type, MatchType::Count(_)) { AddressPart::All } else { *part };
                let values: Vec<String> = names.iter().flat_map(|name| self.envelope(name, part)).collect();
                self.any(&format!("envelope {}", names.join(", ")), &values, keys, how, line)
            }
            Look::Exists { fields, mime } => Ok(self.exist(fields, mime.as_ref())),
            Look::Size { over, limit } => {
                let size = self.letter.raw().len() as u64;
                Ok(if *over { size > *limit } else { size < *limit })
            }
            Look::Body { transform, keys, how } => self.body(transform, keys, how, line),
            Look::String { values, keys, how } => {
                let mut values = self.expand_all(values);
                if let MatchType::Count(_) = how.match_type {
                    // RFC 5229 §5: empty strings are not counted.
                    values.retain(|value| !value.is_empty());
                }
                self.any("string", &values, keys, how, line)
            }
            Look::HasFlag { variables, keys, how } => self.has_flag(variables.as_ref(), keys, how, line),
            Look::Date { field, zone, part, keys, how, index } => {
                let name = self.expand(field);
                let moment = self.date_of(&name, *index).and_then(|moment| self.in_zone(moment, zone));
                let values: Vec<String> =
                    moment.and_then(|moment| date::date_part(&moment, &self.expand(part))).into_iter().collect();
                self.any(&format!("date {name}"), &values, keys, how, line)
            }
            Look::CurrentDate { zone, part, keys, how } => {
                let moment = self.in_zone(self.now(), zone);
                let values: Vec<String> =
                    moment.and_then(|moment| date::date_part(&moment, &self.expand(part))).into_iter().collect();
                self.any("currentdate", &values, keys, how, line)
            }
            Look::Environment { item, keys, how } => {
                let item = self.expand(item);
                // RFC 5183 §4: a test of an unknown item is false.
                let Some(value) = self.environment(&item) else { return Ok(false) };
                self.any(&format!("environment {item}"), &[value], keys, how, line)
            }
        }
    }

    /// Tests of what surrounds the message.
    pub(super) fn ask(&mut self, test: &Ask, line: usize) -> Answer {
        match test {
            Ask::MailboxExists { folders } => Ok(self.expand_all(folders).iter().all(|name| self.folder_exists(name))),
            Ask::Metadata { mailbox, annotation, keys, how } => {
                let values: Vec<String> = self.annotation(mailbox.as_ref(), annotation).into_iter().collect();
                self.any("metadata", &values, keys, how, line)
            }
            Ask::MetadataExists { mailbox, annotations } => {
                Ok(annotations.iter().all(|annotation| self.annotation(mailbox.as_ref(), annotation).is_some()))
            }
            Ask::SpecialUseExists { mailbox, uses } => {
                let folder = mailbox.as_ref().map(|mailbox| self.expand(mailbox));
                Ok(self.expand_all(uses).iter().all(|use_| self.has_special_use(folder.as_deref(), use_)))
            }
            Ask::Spam { percent, key, how } => {
                let value = self.spam_value(*percent)?;
                self.score("spamtest", value, key, how, line)
            }
            Ask::Virus { key, how } => {
                let value = self.virus_value()?;
                self.score("virustest", value, key, how, line)
            }
            Ask::Duplicate { handle, id, seconds, last } => self.duplicate(handle.as_ref(), id, *seconds, *last, line),
            Ask::ValidNotifyMethod { uris } => {
                Ok(self.expand_all(uris).iter().all(|uri| notify::parse_mailto(uri).is_ok()))
            }
            Ask::NotifyMethodCapability { uri, capability, keys, how } => {
                let online = self.expand(capability).eq_ignore_ascii_case("online");
                if !online || notify::parse_mailto(&self.expand(uri)).is_err() {
                    return Ok(false);
                }
                // RFC 5436 §2.4: whether a mail is read at once is not known.
                self.any("notify_method_capability", &["maybe".to_string()], keys, how, line)
            }
            Ask::ValidExtList { names } => {
                let known = |name: &String| self.request.lists.iter().any(|list| list.name == *name);
                Ok(self.expand_all(names).iter().all(known))
            }
        }
    }

    fn body(&mut self, transform: &Transform, keys: &Texts, how: &How, line: usize) -> Answer {
        let transform = match transform {
            Transform::Raw => body::Transform::Raw,
            Transform::Text => body::Transform::Text,
            Transform::Content(types) => body::Transform::Content(self.expand_all(types)),
        };
        let values = self.body_values(transform);
        // RFC 5173 §6: a body test sets no match values.
        let before = self.scopes.last().map(|scope| scope.matches.clone());
        let answer = self.any("body", &values, keys, how, line);
        if let (Some(scope), Some(before)) = (self.scopes.last_mut(), before) {
            scope.matches = before;
        }
        answer
    }

    /// Decoded once for all tests of the run.
    fn body_values(&mut self, transform: body::Transform) -> Arc<Vec<String>> {
        if let Some((_, values)) = self.bodies.iter().find(|(known, _)| *known == transform) {
            return Arc::clone(values);
        }
        let values = Arc::new(body::values(self.letter.raw(), self.letter.parts(), &transform));
        if self.bodies.len() < SCRIPT_BODIES_KEPT_MAX {
            self.bodies.push((transform, Arc::clone(&values)));
        }
        values
    }

    /// RFC 5235 §3.1: what was not tested is 0, and is not counted.
    fn score(&mut self, what: &str, value: Option<String>, key: &Template, how: &How, line: usize) -> Answer {
        let values: Vec<String> = match how.match_type {
            MatchType::Count(_) => value.into_iter().collect(),
            MatchType::Is
            | MatchType::Contains
            | MatchType::Matches
            | MatchType::Regex
            | MatchType::Value(_)
            | MatchType::List => vec![value.unwrap_or_else(|| "0".into())],
        };
        self.any(what, &values, &vec![key.clone()], how, line)
    }

    pub(super) fn folder_exists(&self, name: &str) -> bool {
        FolderName::parse(name).is_ok_and(|name| {
            let shown = name.to_string();
            name.is_inbox() || self.made.contains(&shown) || self.request.folders.contains(&shown)
        })
    }

    fn annotation(&self, mailbox: Option<&Template>, annotation: &Template) -> Option<String> {
        let mailbox = mailbox.map(|mailbox| self.expand(mailbox)).unwrap_or_default();
        let annotation = self.expand(annotation);
        let mut known = self.request.metadata.iter();
        let found = known.find(|(of, name, _)| *of == mailbox && name.eq_ignore_ascii_case(&annotation));
        found.map(|(_, _, value)| value.clone())
    }

    fn has_special_use(&self, folder: Option<&str>, use_: &str) -> bool {
        let canonical = folder.and_then(|folder| FolderName::parse(folder).ok()).map(|name| name.to_string());
        self.request.special_uses.iter().any(|(known, of)| {
            known.eq_ignore_ascii_case(use_)
                && (folder.is_none() || canonical.as_ref() == Some(of))
                && self.folder_exists(of)
        })
    }

    fn duplicate(
        &mut self,
        handle: Option<&Template>,
        id: &DuplicateId,
        seconds: Option<u64>,
        last: bool,
        line: usize,
    ) -> Answer {
        let (kind, value) = match id {
            DuplicateId::Unique(id) => ("unique", Some(self.expand(id))),
            DuplicateId::Header(name) => {
                ("header", self.header_values(&[self.expand(name)], None, None).into_iter().next())
            }
            DuplicateId::MessageId => {
                ("header", self.header_values(&["Message-ID".into()], None, None).into_iter().next())
            }
        };
        // RFC 7352 §3.1: without the field there is nothing that could be a duplicate.
        let Some(value) = value else { return Ok(false) };
        let handle = handle.map(|handle| self.expand(handle)).unwrap_or_default();
        let key = reply::hex_digest(&["duplicate", &handle, kind, &value]);
        let options = &self.request.options;
        let seconds = seconds.unwrap_or(options.duplicate_seconds_default).min(options.duplicate_seconds_max);
        let is_known = self.request.seen.contains(&key);
        if is_known {
            self.note(line, format!("duplicate: {} was there before", shown(&value)));
        }
        if !self.asked.iter().any(|asked| asked.key == key) {
            self.asked.push(Asked { key, seconds: i64::try_from(seconds).unwrap_or(i64::MAX), last });
        }
        Ok(is_known)
    }
}
