//! What shall happen to one message for one recipient: values only, no acts.
//!
//! A plan is made by `sieve` (what the user wants) or by the judge (what must be held); `store` carries it out. Does
//! not know disks or sockets. Standards: RFC 5228 §2.10, RFC 3501 §5.1 (names), Maildir++ (folders).

pub use crate::mail::Edit;

use crate::limits::{FOLDER_BYTES_MAX, FOLDER_LEVELS_MAX};
use crate::mail::Address;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Whose message it is and where it lives: what a user source answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The name under which the user signs in, as the source spells it.
    pub user: String,
    /// The domain part, lower case; empty where users have none.
    pub domain: String,
    /// Where scripts live (`~/sieve`, `~/.dovecot.sieve`).
    pub home: PathBuf,
    /// The root of the Maildir++ (holds `cur`, `new`, `tmp`).
    pub maildir: PathBuf,
    /// Uid and gid that own the files, where the source says so and we may take them.
    pub owner: Option<(u32, u32)>,
    /// Limits, where the source or the settings set some.
    pub quota: Quota,
}

/// Limits of one mailbox; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub bytes: Option<u64>,
    pub messages: Option<u64>,
}

/// One recipient of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rcpt {
    /// The address of RCPT TO.
    pub address: Address,
    pub mailbox: Mailbox,
}

/// Everything that shall happen, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// In the order in which they were decided. Never empty in a plan that is carried out.
    pub actions: Vec<Action>,
    /// Changes of the header that the script made (RFC 5293), in order; an action says how many of them it sees.
    pub edits: Vec<Edit>,
    /// What the `duplicate` tests of the run asked (RFC 7352): remembered when all of the plan is done.
    pub asked: Vec<Asked>,
    /// Which line of which script did what, for `explain` and the journal.
    pub trace: Vec<Step>,
    /// What went wrong in the script, in words for its owner; the plan is then a keep.
    pub trouble: Option<String>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Store a copy in a folder, made if it isn't there.
    File {
        folder: FolderName,
        flags: Flags,
        /// How many of [`Plan::edits`] are in this copy.
        edits: usize,
    },
    /// Hand a message over to Postfix.
    Send(Outgoing),
    /// Hold it away from the user; see [`Hold`].
    Quarantine { hold: Hold },
    /// Store nothing; the journal remembers.
    Discard { why: String },
}

/// One message that leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    pub kind: OutgoingKind,
    /// MAIL FROM; empty for the null reverse-path.
    pub from: String,
    /// RCPT TO; never empty.
    pub to: Vec<String>,
    pub content: Content,
    /// Where it may be sent but once in a while: the memory decides when the plan is carried out.
    pub once: Option<Once>,
}

/// Why a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingKind {
    /// The message itself, for another address: must be handed over before its sender is answered.
    Redirect,
    /// Our words to its sender, in its place (RFC 5429): as [`OutgoingKind::Redirect`].
    Reject,
    /// Our words to its sender (RFC 5230): lost where it can't be handed over.
    Vacation,
    /// Our words to whom the user names (RFC 5436): as [`OutgoingKind::Vacation`].
    Notify,
}

impl OutgoingKind {
    /// For log, journal and database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Reject => "reject",
            Self::Vacation => "vacation",
            Self::Notify => "notify",
        }
    }

    /// Must it be handed over before the sender is answered?
    pub fn is_must(self) -> bool {
        match self {
            Self::Redirect | Self::Reject => true,
            Self::Vacation | Self::Notify => false,
        }
    }
}

/// Why a message could not be handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It may work later.
    Later(String),
    /// It would be refused again.
    Never(String),
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The message as it would be stored, with so many of [`Plan::edits`].
    Message { edits: usize },
    /// A whole message of ours, header and body, with CRLF.
    Text(String),
}

/// A key of a user's memory, and for how long it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    /// Hexadecimal digits.
    pub key: String,
    pub seconds: i64,
}

/// What one `duplicate` test asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Hexadecimal digits.
    pub key: String,
    /// For how long it shall be remembered.
    pub seconds: i64,
    /// `:last`: a message that is a duplicate lengthens the memory, too (RFC 7352 §3.3).
    pub last: bool,
}

/// Why a message is held, and who may let it go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub why: String,
    /// True where only the operator may release it.
    pub operator_only: bool,
}

/// One step of a script's run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The script's name, such as `main` or `default`.
    pub script: String,
    /// 1-based; 0 where the engine doesn't say.
    pub line: usize,
    pub what: String,
}

impl Plan {
    /// Store it in INBOX.
    pub fn keep() -> Self {
        Self::of(Action::File { folder: FolderName::inbox(), flags: Flags::default(), edits: 0 })
    }

    /// Store it in INBOX because a script failed; says why.
    pub fn keep_after(trouble: impl Into<String>) -> Self {
        Self { trouble: Some(trouble.into()), ..Self::keep() }
    }

    pub fn of(action: Action) -> Self {
        Self { actions: vec![action], ..Self::default() }
    }
}

/// The flags of one copy: those that Maildir has letters for (RFC 3501 §2.3.2; Dovecot: D F R S T), and keywords, which
/// get theirs from the folder's `dovecot-keywords`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    pub seen: bool,
    pub answered: bool,
    pub flagged: bool,
    pub draft: bool,
    pub deleted: bool,
    /// As the script wrote them, each once in whatever case.
    #[serde(default)]
    pub keywords: Vec<String>,
}

impl Flags {
    /// Reads IMAP names such as `\Seen`, in any case; unknown names with a backslash are left out.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut flags = Self::default();
        for name in names {
            match name.to_ascii_lowercase().as_str() {
                "\\seen" => flags.seen = true,
                "\\answered" => flags.answered = true,
                "\\flagged" => flags.flagged = true,
                "\\draft" => flags.draft = true,
                "\\deleted" => flags.deleted = true,
                other if other.starts_with('\\') || other.is_empty() => {}
                _ => flags.add_keyword(name),
            }
        }
        flags
    }

    fn add_keyword(&mut self, name: &str) {
        if !self.keywords.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.keywords.push(name.to_string());
        }
    }

    /// All flags of both: two actions that file into one folder make one copy (RFC 5228 §2.10.3).
    pub fn united(mut self, other: &Self) -> Self {
        self.seen |= other.seen;
        self.answered |= other.answered;
        self.flagged |= other.flagged;
        self.draft |= other.draft;
        self.deleted |= other.deleted;
        other.keywords.iter().for_each(|name| self.add_keyword(name));
        self
    }

    /// The letters of the system flags in a Maildir name, in ASCII order as Maildir asks.
    pub fn letters(&self) -> String {
        [(self.draft, 'D'), (self.flagged, 'F'), (self.answered, 'R'), (self.seen, 'S'), (self.deleted, 'T')]
            .into_iter()
            .filter_map(|(set, letter)| set.then_some(letter))
            .collect()
    }

    /// The IMAP names, system flags first.
    pub fn names(&self) -> Vec<String> {
        [
            (self.answered, "\\Answered"),
            (self.deleted, "\\Deleted"),
            (self.draft, "\\Draft"),
            (self.flagged, "\\Flagged"),
            (self.seen, "\\Seen"),
        ]
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| name.to_string())
        .chain(self.keywords.iter().cloned())
        .collect()
    }
}

/// The name of a folder below INBOX that is safe to become a directory: levels without separators, dots at the edge,
/// controls or path tricks. An empty list is INBOX itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FolderName(Vec<String>);

impl FolderName {
    pub fn inbox() -> Self {
        Self(Vec::new())
    }

    pub fn is_inbox(&self) -> bool {
        self.0.is_empty()
    }

    /// The levels below INBOX.
    pub fn levels(&self) -> &[String] {
        &self.0
    }

    /// Reads `A.B`, `A/B`, `INBOX.A.B`, `INBOX/A/B` and `INBOX` (in any case), as users write them.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the name: an empty level, a control character, `\`, or a length beyond [`FOLDER_BYTES_MAX`] or [`FOLDER_LEVELS_MAX`].
    pub fn parse(text: &str) -> Result<Self, String> {
        use unicode_normalization::UnicodeNormalization;
        let text: String = text.nfc().collect();
        let mut levels: Vec<&str> = text.split(['.', '/']).collect();
        if levels.first().is_some_and(|l| l.eq_ignore_ascii_case("INBOX")) {
            levels.remove(0);
        }
        if levels.len() > FOLDER_LEVELS_MAX {
            return Err(format!("folder name has {} levels, at most {FOLDER_LEVELS_MAX}", levels.len()));
        }
        // Modified UTF-7 takes up to 3 octets and 2 signs more than the UTF-16 of a level: checked generously.
        let encoded: usize =
            levels.iter().map(|l| 3 + l.chars().map(|c| if c.is_ascii() { 1 } else { 6 }).sum::<usize>()).sum();
        if encoded > FOLDER_BYTES_MAX {
            return Err(format!("folder name is too long, at most {FOLDER_BYTES_MAX} bytes on disk"));
        }
        for level in &levels {
            check_level(level)?;
        }
        // `.dovecot.sieve` and its kin lie beside the folders where home is the Maildir.
        if levels.len() > 1 && levels.first() == Some(&"dovecot") {
            return Err(format!("folder names that begin with \"dovecot.\" are files of the mail server: {text:?}"));
        }
        Ok(Self(levels.into_iter().map(str::to_string).collect()))
    }
}

fn check_level(level: &str) -> Result<(), String> {
    let trimmed = level.trim();
    if trimmed.is_empty() {
        return Err("folder name has an empty level".into());
    }
    if trimmed.len() != level.len() {
        return Err(format!("folder level {level:?} begins or ends with a space"));
    }
    // Marks of the reading direction make one name look like another.
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if let Some(bad) = level.chars().find(|c| c.is_control() || *c == '\\' || turns(*c)) {
        return Err(format!("folder level {level:?} holds {bad:?}, which is not allowed"));
    }
    Ok(())
}

impl TryFrom<String> for FolderName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<FolderName> for String {
    fn from(name: FolderName) -> Self {
        name.to_string()
    }
}

impl std::fmt::Display for FolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("INBOX")?;
        for level in &self.0 {
            write!(f, ".{level}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_read_as_users_write_them() {
        for (text, want) in [
            ("INBOX", "INBOX"),
            ("inbox", "INBOX"),
            ("INBOX.Spams", "INBOX.Spams"),
            ("Spams", "INBOX.Spams"),
            ("A/B", "INBOX.A.B"),
            ("Inbox/A.B", "INBOX.A.B"),
            ("e\u{301}te\u{301}", "INBOX.été"),
        ] {
            assert_eq!(FolderName::parse(text).map(|f| f.to_string()), Ok(want.to_string()), "{text}");
        }
    }

    #[test]
    fn folder_names_that_could_leave_the_maildir_are_refused() {
        for text in [
            "",
            "..",
            "../../etc",
            "INBOX..x",
            "INBOX/../x",
            ".",
            "a\0b",
            "a\\b",
            "a ",
            "x\u{85}",
            "a\nb",
            "dovecot.index",
            "INBOX.dovecot.x",
            "a\u{202e}b",
        ] {
            assert!(FolderName::parse(text).is_err(), "{text:?} passed");
        }
        assert!(FolderName::parse(&"a".repeat(300)).is_err());
        assert!(FolderName::parse(&vec!["a"; 17].join(".")).is_err());
    }
}
