//! What became of a letter, in one form for both programs.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The script was not accepted: nothing runs.
    Refused(String),
    /// The script was accepted and broke off: the letter is kept, nothing else happens.
    Failed(String),
    /// Sorted, one line an action.
    Done(Vec<String>),
}

impl Outcome {
    pub(crate) fn done(mut actions: Vec<String>) -> Self {
        actions.sort();
        Self::Done(actions)
    }

    /// True where both programs did the same; the words of an error are each program's own.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Done(mine), Self::Done(theirs)) => mine == theirs,
            (Self::Refused(_), Self::Refused(_)) | (Self::Failed(_), Self::Failed(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(out, "refused: {why}"),
            Self::Failed(why) => write!(out, "failed, kept: {why}"),
            Self::Done(actions) => write!(out, "{}", actions.join("\n           ")),
        }
    }
}

/// A store, also by a keep. Flags have no order, and system flags no case (RFC 9051 §2.3.2).
pub(crate) fn store(is_implicit: bool, folder: &str, flags: &[String], marks: &[&str]) -> String {
    let mut flags: Vec<String> = flags.iter().map(|flag| flag.to_lowercase()).collect();
    flags.sort();
    flags.dedup();
    let is_inbox = folder.eq_ignore_ascii_case("INBOX");
    let folder = if is_inbox { "INBOX".to_string() } else { folder.replace('/', ".") };
    let how = if is_implicit { "implicit " } else { "" };
    let marks: String = marks.iter().map(|mark| format!(" {mark}")).collect();
    format!("{how}store `{folder}`{marks} flags [{}]", flags.join(" "))
}

/// Text without what line folding, encoding for the wire and printing for people do to it.
pub(crate) fn plain(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() || c == '?' { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}
