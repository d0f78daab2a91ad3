//! Settings that are each right and wrong together, and those that are right but surprising.
//!
//! Does not read values; looks at the finished settings. Standards: RFC 5321 §4.5.3.2.7.

use super::layers::Layer;
use super::{Settings, SignatureSettings};
use crate::filter::{ClassPolicy, Conduct, Policy};
use std::collections::BTreeMap;

/// Seconds that RFC 5321 §4.5.3.2.7 gives a peer between commands.
const IDLE_SECONDS_RFC: u64 = 300;

/// Seconds that RFC 5804 §1.1 gives a signed-in peer between commands.
const SIEVE_IDLE_SECONDS_RFC: u64 = 1800;

/// Two or more settings that can't both be meant.
#[derive(Debug)]
pub(super) struct Contradiction {
    pub(super) layer: Layer,
    /// The settings in question; the place of the first one that the layer gives is shown.
    pub(super) keys: Vec<&'static str>,
    pub(super) problem: String,
}

/// All contradictions of the settings.
pub(super) fn contradictions(settings: &Settings) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let mut say = |layer: &Layer, keys, problem| found.push(Contradiction { layer: layer.clone(), keys, problem });
    let lmtp = &settings.lmtp;
    if let Some(open) = lmtp.tcp.iter().find(|a| !lmtp.allow_remote && !a.ip().to_canonical().is_loopback()) {
        let problem = format!(
            "{open} can be reached by other machines, and LMTP asks nobody who they are; \
             use 127.0.0.1 or [::1], or set lmtp.allow_remote = true behind a firewall"
        );
        say(&Layer::Server, vec!["lmtp.tcp"], problem);
    }
    let sieve = &settings.managesieve;
    if sieve.tls_certificate.is_some() != sieve.tls_key.is_some() {
        let problem = "a certificate needs its key and a key its certificate; set both or neither".to_string();
        say(&Layer::Server, vec!["managesieve.tls_certificate", "managesieve.tls_key"], problem);
    }
    if settings.clamd.socket.is_some() && settings.clamd.tcp.is_some() {
        let problem =
            "clamd is reached by its socket or its address; set one of clamd.socket and clamd.tcp".to_string();
        say(&Layer::Server, vec!["clamd.socket", "clamd.tcp"], problem);
    }
    for problem in wrong_sources(&settings.signatures) {
        say(&Layer::Server, vec!["signatures.sources"], problem);
    }
    if settings.unpack.member_bytes > settings.unpack.bytes {
        let (member, all) = (settings.unpack.member_bytes, settings.unpack.bytes);
        let problem = format!(
            "one member may have {member} octets, but all together {all}; raise unpack.bytes or lower unpack.member_bytes"
        );
        say(&Layer::Server, vec!["unpack.member_bytes", "unpack.bytes"], problem);
    }
    if lmtp.memory_bytes_max < lmtp.message_bytes_max {
        let problem = format!(
            "all messages together may take {} octets, but one alone may have {}; \
             raise lmtp.memory_bytes_max or lower lmtp.message_bytes_max",
            lmtp.memory_bytes_max, lmtp.message_bytes_max
        );
        say(&Layer::Server, vec!["lmtp.memory_bytes_max", "lmtp.message_bytes_max"], problem);
    }
    for layer in settings.layers() {
        let personal = match &layer {
            Layer::Server => settings.personal(),
            Layer::Domain(domain) => settings.personal_of("", domain),
            Layer::User(user) => settings.personal_of(user, ""),
        };
        if personal.message_bytes_max > lmtp.message_bytes_max {
            let problem = format!(
                "a domain may take less than the server's lmtp.message_bytes_max ({} octets), not more",
                lmtp.message_bytes_max
            );
            say(&layer, vec!["lmtp.message_bytes_max"], problem);
        }
        if let Some((keys, problem)) = scores_out_of_order(&personal.policy) {
            say(&layer, keys, problem);
        }
    }
    found
}

/// Sources of signature files that are each right and don't go together, or have no place to be put.
fn wrong_sources(signatures: &SignatureSettings) -> Vec<String> {
    let mut found = Vec::new();
    if signatures.dir.is_none() && !signatures.sources.is_empty() {
        let problem = "there is no folder to put the files of the sources in; set signatures.dir, such as \
                       \"/var/lib/tamis/signatures\"";
        found.push(problem.to_string());
    }
    let mut first_of = BTreeMap::new();
    for source in &signatures.sources {
        let file = source.rsplit('/').next().unwrap_or_default();
        if let Some(first) = first_of.insert(file, source) {
            found.push(format!(
                "{first:?} and {source:?} are both kept as {file}, so one would replace the other; leave one of them out"
            ));
        }
    }
    found
}

/// The first step of spam that comes before the one below it, with the keys of both.
fn scores_out_of_order(policy: &Policy) -> Option<(Vec<&'static str>, String)> {
    let steps = [
        ("class.spam.score", Some(policy.spam_score)),
        ("class.spam.quarantine_score", policy.quarantine_score),
        ("class.spam.discard_score", policy.discard_score),
    ];
    let mut below: Option<(&'static str, f64)> = None;
    for (name, score) in steps.into_iter().filter_map(|(name, score)| score.map(|s| (name, s))) {
        if let Some((lower_name, lower)) = below.filter(|(_, lower)| score < *lower) {
            let problem = format!("{name} is {score}, but must not be below {lower_name}, which is {lower}");
            return Some((vec![name, lower_name], problem));
        }
        below = Some((name, score));
    }
    None
}

impl Settings {
    /// What is allowed but probably not meant, one sentence each; for the log at start and `tamis config check`.
    pub fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let users = &self.users;
        if users.passwd_file.is_none() && users.dovecot_socket.is_none() && !users.system && users.domains.is_empty() {
            found.push(
                "no user source is set, so nobody is a user here: set users.passwd_file, users.dovecot_socket, \
                 users.system or users.domains"
                    .to_string(),
            );
        }
        if self.lmtp.idle_seconds < IDLE_SECONDS_RFC {
            found.push(format!(
                "lmtp.idle_seconds is {}; RFC 5321 §4.5.3.2.7 gives a peer at least {IDLE_SECONDS_RFC}",
                self.lmtp.idle_seconds
            ));
        }
        let sieve = &self.managesieve;
        let serves_sieve = !sieve.listen.is_empty() || !sieve.tls_listen.is_empty();
        if serves_sieve && self.login.dovecot_socket.is_none() && self.login.passwd_file.is_none() {
            found.push(
                "managesieve is on, but nobody can sign in: set login.dovecot_socket or login.passwd_file".to_string(),
            );
        }
        if serves_sieve && sieve.tls_certificate.is_none() {
            found.push(
                "managesieve shows a certificate that tamis made itself, which clients don't trust by themselves: set \
                 managesieve.tls_certificate and managesieve.tls_key"
                    .to_string(),
            );
        }
        if sieve.idle_seconds < SIEVE_IDLE_SECONDS_RFC {
            found.push(format!(
                "managesieve.idle_seconds is {}; RFC 5804 §1.1 gives a peer at least {SIEVE_IDLE_SECONDS_RFC}",
                sieve.idle_seconds
            ));
        }
        if self.lmtp.allow_remote {
            found.push("lmtp.allow_remote is on: whoever reaches lmtp.tcp can deliver mail to every user".to_string());
        }
        found.extend(self.warnings_of_clamd());
        for layer in self.layers() {
            let policy = match &layer {
                Layer::Server => self.policy.clone(),
                Layer::Domain(domain) => self.policy_of("", domain),
                Layer::User(user) => self.policy_of(user, ""),
            };
            found.extend(thrown_away(&layer, &policy));
        }
        found
    }

    fn warnings_of_clamd(&self) -> Option<String> {
        let (clamd, largest) = (&self.clamd, self.lmtp.message_bytes_max);
        let is_short = clamd.door().is_some() && clamd.stream_bytes_max < largest;
        is_short.then(|| {
            format!(
                "clamd scans messages up to clamd.stream_bytes_max ({} octets), and larger ones up to \
                 lmtp.message_bytes_max ({largest}) are not scanned: raise StreamMaxLength, MaxFileSize and MaxScanSize \
                 in clamd.conf, and then clamd.stream_bytes_max",
                clamd.stream_bytes_max
            )
        })
    }
}

/// Classes that hold wanted mail and are discarded all the same.
fn thrown_away(layer: &Layer, policy: &Policy) -> Vec<String> {
    let classes: [(&str, &ClassPolicy); 4] = [
        ("clean", &policy.clean),
        ("bulk", &policy.bulk),
        ("unscanned", &policy.unscanned),
        ("hostile", &policy.hostile),
    ];
    classes
        .into_iter()
        .filter(|(_, class)| class.conduct == Conduct::Discard)
        .map(|(name, _)| format!("{layer}class.{name}.action is \"discard\": wanted mail of this class is lost"))
        .collect()
}
