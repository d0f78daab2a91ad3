//! What a run of scripts is told: values from the envelope, the verdict, the settings and the user's home.
//!
//! Decides nothing. Standards: RFC 5228 §5.4 (envelope), RFC 5183 (environment), RFC 6134 (lists).

use super::{Mail, Sight, look::Looked, now};
use crate::filter::Verdict;
use crate::limits::HEADER_FIELDS_MAX;
use crate::mail::{Address, Stamp, fields};
use crate::plan::Rcpt;
use crate::sieve::{Include, List, Request, Scan, Script};
use crate::store::Scripts;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One message and one recipient, as far as they are known before the script runs.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) rcpt: &'a Rcpt,
    pub(super) mail: &'a Arc<Mail>,
    pub(super) looked: &'a Looked,
    pub(super) verdict: &'a Verdict,
    pub(super) stamp: &'a Stamp,
}

impl Facts<'_> {
    /// Everything that a run needs beside the message.
    pub(super) fn request(&self, scripts: Scripts, folders: Vec<String>, sight: &Sight) -> Request {
        let from = self.mail.session.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut request = request(self.rcpt, from, scripts, folders, sight);
        request.orig_to = self.original_recipient();
        request.stamp = Some(self.stamp.clone());
        request.scan = Some(self.scan(sight));
        request.environment.extend(self.client());
        request.seed = self.seed();
        request
    }

    /// The address before aliases: Postfix writes it above its Received, where no sender can.
    fn original_recipient(&self) -> Option<String> {
        let above = fields(&self.mail.bytes).take(HEADER_FIELDS_MAX).take_while(|field| !field.is("Received"));
        let field = above.into_iter().find(|field| field.is("X-Original-To"))?;
        Address::parse(&field.text()).ok().map(|address| address.to_string())
    }

    fn scan(&self, sight: &Sight) -> Scan {
        let mailbox = &self.rcpt.mailbox;
        Scan {
            class: self.verdict.class.word().to_string(),
            score: self.verdict.score,
            spam_score: sight.settings.policy_of(&mailbox.user, &mailbox.domain).spam_score,
            findings: self.verdict.findings.iter().map(|finding| finding.name.clone()).collect(),
        }
    }

    /// RFC 5183 §4.1: who handed it over.
    fn client(&self) -> impl Iterator<Item = (String, String)> {
        let client = &self.mail.session.client;
        let address = client.address.map(|address| address.to_string());
        let items = [("remote-host", client.name.clone()), ("remote-ip", address)];
        items.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?)))
    }

    /// The same when a delivery is tried again, and another for each message and recipient.
    fn seed(&self) -> String {
        let digest: String = self.looked.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{digest} {}", self.rcpt.address.key())
    }
}

/// Everything that a run needs beside a message of which nothing more is known than its envelope.
pub fn request(rcpt: &Rcpt, from: String, scripts: Scripts, folders: Vec<String>, sight: &Sight) -> Request {
    let settings = &sight.settings;
    let special_uses = settings.special_use.iter().map(|(use_, folder)| (use_.clone(), folder.to_string()));
    Request {
        lists: lists(&scripts.lists),
        includes: includes(&scripts),
        scripts: in_order(scripts),
        folders,
        from,
        to: rcpt.address.to_string(),
        auth: None,
        user: rcpt.mailbox.user.clone(),
        user_email: main_address(rcpt, &settings.lmtp.recipient_delimiter),
        recipient_delimiter: settings.lmtp.recipient_delimiter.clone(),
        now: now(),
        zone: super::zone(),
        special_uses: special_uses.collect(),
        environment: environment(sight),
        // Whose MAIL FROM a redirect has is decided where it leaves.
        options: settings.sieve.clone(),
        ..Request::default()
    }
}

/// The name under which the user signs in, where it is an address; else that of the envelope without its detail.
fn main_address(rcpt: &Rcpt, delimiters: &str) -> String {
    let own = Address::parse(&rcpt.mailbox.user).ok().filter(|address| !address.domain().is_empty());
    let address = &rcpt.address;
    own.or_else(|| address.without_detail(delimiters)).unwrap_or_else(|| address.clone()).to_string()
}

/// RFC 5183 §4.1: who we are.
fn environment(sight: &Sight) -> BTreeMap<String, String> {
    let host = &sight.settings.server.host_name;
    let domain = host.split_once('.').map_or(host.as_str(), |(_, domain)| domain);
    BTreeMap::from([("host".to_string(), host.clone()), ("domain".to_string(), domain.to_string())])
}

/// Operator, user, operator; last what files spam where nobody has decided.
fn in_order(scripts: Scripts) -> Vec<Script> {
    let last =
        scripts.last.map_or_else(Script::vendor, |(name, text)| Script { last: true, ..Script::new(name, text) });
    let named = scripts.before.into_iter().chain(scripts.personal).chain(scripts.after);
    named.map(|(name, text)| Script::new(name, text)).chain([last]).collect()
}

fn includes(scripts: &Scripts) -> Vec<Include> {
    let of = |list: &[(String, String)], global: bool| -> Vec<Include> {
        list.iter().map(|(name, text)| Include { name: name.clone(), global, text: text.clone() }).collect()
    };
    [of(&scripts.personal_includes, false), of(&scripts.global_includes, true)].concat()
}

/// One address or domain a line; `#` begins a comment.
fn lists(texts: &[(String, String)]) -> Vec<List> {
    let entry = |line: &str| line.split('#').next().unwrap_or_default().trim().to_lowercase();
    let list = |(name, text): &(String, String)| List {
        name: name.clone(),
        entries: text.lines().map(entry).filter(|entry| !entry.is_empty()).collect(),
    };
    texts.iter().map(list).collect()
}
