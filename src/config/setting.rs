//! What a setting is: its name, default, meaning and reader, and for whom it may be set.
//!
//! Does not know any setting: those stand in `table.rs`.

use super::Settings;
use super::layers::Personal;
use super::value::Value;

/// One setting.
pub struct Setting {
    /// Section and key, such as `lmtp.unix`.
    pub name: &'static str,
    /// The default as a TOML literal.
    pub default: &'static str,
    /// Meaning for a person: units, range, and what a peer is answered beyond it.
    pub about: &'static str,
    /// For whom it may be set, and how it is read.
    pub read: Read,
}

/// How a setting is read, which also says for whom it may be set.
#[derive(Clone, Copy)]
pub enum Read {
    /// Once for the server.
    Server(fn(&mut Settings, &Value) -> Result<(), String>),
    /// For the server, and again in `[domain."…"]`.
    Domain(fn(&mut Personal, &Value) -> Result<(), String>),
    /// For the server, and again in `[domain."…"]` and `[user."…"]`.
    User(fn(&mut Personal, &Value) -> Result<(), String>),
}

/// For whom a setting may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Global,
    Domain,
    User,
}

impl Setting {
    pub fn scope(&self) -> Scope {
        match self.read {
            Read::Server(_) => Scope::Global,
            Read::Domain(_) => Scope::Domain,
            Read::User(_) => Scope::User,
        }
    }

    /// The name without its last part.
    pub fn section(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The last part of the name.
    pub fn key(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, key)| key)
    }
}
