//! What differs by domain and user: the server's value, the domain's on top of it, the user's on top of both.
//!
//! Does not read files. A value is laid on by the reader of its setting, which has accepted it when the file was read.

use super::Settings;
use super::setting::Read;
use super::table::find;
use super::value::Value;
use crate::filter::Policy;
use crate::mail::Address;
use crate::plan::Quota;
use std::fmt;

/// The settings that may differ by domain or user.
#[derive(Clone, Debug, PartialEq)]
pub struct Personal {
    /// The judge's settings.
    pub policy: Policy,
    /// Limits of the mailbox, where its user source says nothing.
    pub quota: Quota,
    /// Octets of the largest message; differs by domain at most, because it is known before the recipient is.
    pub message_bytes_max: u64,
}

/// One key that the file gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The setting's name.
    pub key: &'static str,
    pub value: Value,
    /// Where the value stands; 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
}

/// For whom a key is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    Server,
    /// In lower case.
    Domain(String),
    /// In lower case, with or without domain.
    User(String),
}

impl fmt::Display for Layer {
    /// What stands before the key: nothing, `domain."example.org".` or `user."anna@example.org".`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => Ok(()),
            Self::Domain(name) => write!(f, "domain.{name:?}."),
            Self::User(name) => write!(f, "user.{name:?}."),
        }
    }
}

impl Settings {
    /// The judge's settings for one recipient: the server's, then the domain's, then the user's.
    ///
    /// `user` is a full address or a bare name, `domain` may be empty; case doesn't matter. `[user."anna"]` is for
    /// users whose source knows them without a domain (system users), and never for `anna@example.org`.
    pub fn policy_of(&self, user: &str, domain: &str) -> Policy {
        self.personal_of(user, domain).policy
    }

    /// The limits of one mailbox, for a user whose source sets none.
    pub fn quota_of(&self, user: &str, domain: &str) -> Quota {
        self.personal_of(user, domain).quota
    }

    /// Octets of the largest message that a domain takes; never more than the server's `lmtp.message_bytes_max`.
    pub fn message_bytes_max(&self, domain: &str) -> u64 {
        self.personal_of("", domain).message_bytes_max.min(self.lmtp.message_bytes_max)
    }

    /// All of what may differ, for one recipient; see [`Settings::policy_of`] for the names.
    pub fn personal_of(&self, user: &str, domain: &str) -> Personal {
        let user = user_key(user);
        let own_domain = user.rsplit_once('@').map(|(_, domain)| domain);
        let domain = if domain.is_empty() { own_domain.unwrap_or_default() } else { domain }.to_lowercase();
        let mut personal = self.personal();
        lay(&mut personal, self.of_domains.get(&domain));
        lay(&mut personal, self.of_users.get(&user));
        if own_domain.is_none() && !domain.is_empty() {
            lay(&mut personal, self.of_users.get(&format!("{user}@{domain}")));
        }
        personal
    }

    /// The server's own values of what may differ.
    pub(super) fn personal(&self) -> Personal {
        Personal { policy: self.policy.clone(), quota: self.quota, message_bytes_max: self.lmtp.message_bytes_max }
    }

    pub(super) fn set_personal(&mut self, personal: Personal) {
        self.policy = personal.policy;
        self.quota = personal.quota;
        self.lmtp.message_bytes_max = personal.message_bytes_max;
    }

    /// What the file gives in one layer.
    pub(super) fn given_in(&self, layer: &Layer) -> &[Given] {
        match layer {
            Layer::Server => &self.given,
            Layer::Domain(name) => self.of_domains.get(name).map_or(&[], Vec::as_slice),
            Layer::User(name) => self.of_users.get(name).map_or(&[], Vec::as_slice),
        }
    }

    /// The layers that the file speaks of: the server, then domains, then users, each in order of its name.
    pub(super) fn layers(&self) -> Vec<Layer> {
        let domains = self.of_domains.keys().cloned().map(Layer::Domain);
        let users = self.of_users.keys().cloned().map(Layer::User);
        std::iter::once(Layer::Server).chain(domains).chain(users).collect()
    }
}

/// The name under which a user's section is found.
pub(super) fn user_key(user: &str) -> String {
    Address::parse(user).map_or_else(|_| user.to_lowercase(), |address| address.key())
}

fn lay(personal: &mut Personal, given: Option<&Vec<Given>>) {
    for given in given.into_iter().flatten() {
        let Some(setting) = find(given.key) else { continue };
        match setting.read {
            // Read once already when the file was loaded; a reader leaves the wider layer's value when it refuses.
            Read::Domain(read) | Read::User(read) => drop(read(personal, &given.value)),
            Read::Server(_) => {}
        }
    }
}
