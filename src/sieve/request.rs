//! Everything that a run of scripts needs beside the message: values only, so that it may happen in a worker.

use crate::limits::SCRIPT_BYTES_MAX;
use crate::mail::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The script that runs last, behind those of operator and user: the vendor's, verbatim.
pub const DEFAULT_SCRIPT: &str = include_str!("../../sieve-scripts/default.sieve");

/// What is run, for whom, and what is known around it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// In the order in which they run; the next runs only while keep is still in effect.
    pub scripts: Vec<Script>,
    /// What `include` may name.
    pub includes: Vec<Include>,
    /// Names of the folders that exist, as [`crate::plan::FolderName`] prints them.
    pub folders: Vec<String>,
    /// MAIL FROM, empty for the null reverse-path.
    pub from: String,
    /// RCPT TO.
    pub to: String,
    /// The address before aliases, where it is known.
    pub orig_to: Option<String>,
    /// Who signed in to send it, where that is known.
    pub auth: Option<String>,
    /// The name under which the user signs in.
    pub user: String,
    /// The address from which the user's answers come; empty: that of the envelope.
    pub user_email: String,
    pub recipient_delimiter: String,
    /// What goes on top of the message before the script sees it; `None`: the message is whole as it is.
    pub stamp: Option<Stamp>,
    /// Seconds since 1970.
    pub now: i64,
    /// The server's time zone: from when on (seconds since 1970) how many minutes east of Greenwich; the oldest first.
    pub zone: Vec<(i64, i32)>,
    /// What the scan said; `None`: it was not scanned.
    pub scan: Option<Scan>,
    /// Keys of `duplicate` that the user's memory holds.
    pub seen: BTreeSet<String>,
    /// Which folder has which special use, such as (`\Junk`, `INBOX.Spams`).
    pub special_uses: Vec<(String, String)>,
    /// What `:list` may name.
    pub lists: Vec<List>,
    /// (mailbox, annotation, value); an empty mailbox is the server.
    pub metadata: Vec<(String, String, String)>,
    /// Items of `environment` beside those that are always there.
    pub environment: BTreeMap<String, String>,
    pub options: Options,
    /// Makes the Message-IDs of our own messages unlike all others.
    pub seed: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    pub name: String,
    pub text: String,
    /// Runs only where no script before has decided anything, not even an explicit keep: the filing of spam.
    #[serde(default)]
    pub last: bool,
}

impl Script {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), last: false }
    }

    /// [`DEFAULT_SCRIPT`] under the name `default`.
    pub fn vendor() -> Self {
        Self { last: true, ..Self::new("default", DEFAULT_SCRIPT) }
    }
}

/// A script that others may include.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Include {
    pub name: String,
    pub global: bool,
    pub text: String,
}

/// A list of `:list` (RFC 6134).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    pub name: String,
    /// Addresses or domains, each in lower case.
    pub entries: BTreeSet<String>,
}

/// What the scan said of the message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// `CLEAN`, `BULK`, `SPAM`, `VIRUS` or `UNSCANNED`.
    pub class: String,
    pub score: f64,
    /// Points from which a message is SPAM.
    pub spam_score: f64,
    /// Names of the findings, the strongest first.
    pub findings: Vec<String>,
}

/// The settings of the section `[sieve]` that a run obeys. Bounds are inclusive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Octets of one script.
    pub script_bytes_max: u64,
    /// Actions of one run; 0: no limit but the program's.
    pub actions_max: usize,
    /// Redirects of one run.
    pub redirects_max: usize,
    /// Seconds.
    pub vacation_seconds_min: u64,
    /// Seconds; 0: no bound.
    pub vacation_seconds_max: u64,
    /// Seconds, where the script says nothing.
    pub vacation_seconds_default: u64,
    /// Octets of a variable's value.
    pub variable_bytes_max: usize,
    /// Seconds that `duplicate` remembers, where the script says nothing.
    pub duplicate_seconds_default: u64,
    /// Seconds.
    pub duplicate_seconds_max: u64,
    /// Fields that scripts may neither add nor delete, beside those that nobody may.
    pub editheader_protected: Vec<String>,
    /// Whose MAIL FROM a redirected message has: true for the recipient's, false for the sender's.
    pub redirect_from_recipient: bool,
    pub spamtest: ScoreField,
    pub virustest: ScoreField,
    /// Extensions beside those that are announced.
    pub metadata: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            script_bytes_max: SCRIPT_BYTES_MAX,
            actions_max: 32,
            redirects_max: 4,
            vacation_seconds_min: 86_400,
            vacation_seconds_max: 60 * 86_400,
            vacation_seconds_default: 7 * 86_400,
            variable_bytes_max: 4096,
            duplicate_seconds_default: 12 * 3600,
            duplicate_seconds_max: 2 * 86_400,
            editheader_protected: Vec::new(),
            redirect_from_recipient: false,
            spamtest: ScoreField::default(),
            virustest: ScoreField::default(),
            metadata: false,
        }
    }
}

/// A header field of another filter that `spamtest` or `virustest` reads instead of our own scan (Pigeonhole:
/// sieve_spamtest_*, sieve_virustest_*).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScoreField {
    /// `Name`, or `Name: regular expression` whose first group is the value; empty: our own scan.
    pub status_header: String,
    /// How the value is read: `score`, `strlen` or `text`.
    pub status_type: String,
    /// As [`ScoreField::status_header`], for a field that holds the highest value.
    pub max_header: String,
    /// The highest value.
    pub max_value: String,
    /// The texts of the values 0, 1, 2 …
    pub text_values: Vec<String>,
}
