//! What became of a letter, in one form for both programs.

use crate::{letters::Letter, script::Case};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The script was not accepted: nothing runs.
    Refused(String),
    /// The script was accepted and broke off: the letter is kept, nothing else happens.
    Failed(String),
    /// The same in another script than the main one, which may also be a script that isn't accepted.
    Late(String),
    /// Sorted, one line an action.
    Done(Vec<String>),
}

impl Outcome {
    pub(crate) fn done(case: &Case, mut actions: Vec<String>) -> Self {
        // In a chain Pigeonhole calls every keep implicit, and doesn't print its flags.
        if !case.before.is_empty() || !case.after.is_empty() {
            let is_inbox = |action: &String| action.trim_start_matches("implicit ").starts_with("store `INBOX`");
            actions.iter_mut().filter(|action| is_inbox(action)).for_each(|action| *action = "store `INBOX`".into());
        }
        actions.sort();
        Self::Done(actions)
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::Late(_) => "late",
            Self::Done(_) => "done",
        }
    }

    /// True where more is known only of what is really sent: a vacation, a letter with edited fields, a notification
    /// of a letter that a machine sent.
    pub(crate) fn sends(&self, case: &Case, letter: &Letter) -> bool {
        let is_sent = |action: &String| {
            action.starts_with("vacation")
                || action.starts_with("redirect") && case.edits()
                || action.starts_with("notify") && letter.text.contains("Auto-Submitted:")
        };
        matches!(self, Self::Done(all) if all.iter().any(is_sent))
    }

    /// True where both programs did the same; the words of an error are each program's own.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Done(mine), Self::Done(theirs)) => mine == theirs,
            (Self::Refused(_), Self::Refused(_)) | (Self::Failed(_), Self::Failed(_)) => true,
            (Self::Refused(_) | Self::Failed(_), Self::Late(_)) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(out, "refused: {why}"),
            Self::Failed(why) | Self::Late(why) => write!(out, "failed, kept: {why}"),
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
    let clean: String =
        text.chars().map(|c| if c.is_control() || matches!(c, '?' | '\u{fffd}') { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fields that generated scripts edit, as a redirected message has them.
pub(crate) fn edited(message: &str) -> String {
    let fields = ["x-added", "x-number", "x-spam-score", "x-folded", "subject"];
    let Some(parsed) = mail_parser::MessageParser::default().parse(message.as_bytes()) else {
        return " no message".into();
    };
    let shown = parsed.headers().iter().filter(|field| fields.contains(&field.name().to_lowercase().as_str()));
    let shown: Vec<String> = shown
        .map(|field| {
            let raw = message.get(field.offset_start() as usize..field.offset_end() as usize).unwrap_or_default();
            // Encoded words are decoded in a subject.
            let subject = Reply::read(&format!("Subject: {}\r\n\r\n", raw.trim())).subject;
            format!(" {}[{subject}]", field.name().to_lowercase())
        })
        .collect();
    shown.concat()
}

/// A message that a script sends, as far as it is compared.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) importance: String,
}

impl Reply {
    pub(crate) fn read(message: &str) -> Self {
        let Some(parsed) = mail_parser::MessageParser::default().parse(message.as_bytes()) else {
            return Self::default();
        };
        let first = |list: Option<&mail_parser::Address<'_>>| {
            list.and_then(|list| list.first()).and_then(|one| one.address()).unwrap_or_default().to_lowercase()
        };
        Self {
            to: first(parsed.to()),
            from: first(parsed.from()),
            // What a letter without a subject is answered under is everyone's own choice.
            subject: plain(parsed.subject().unwrap_or_default()).replace("Automated reply", "Auto:"),
            text: plain(&parsed.body_text(0).unwrap_or_default()),
            importance: parsed.header_raw("Importance").unwrap_or_default().trim().to_lowercase(),
        }
    }

    pub(crate) fn vacation(&self) -> String {
        format!("vacation to {} from {} subject [{}] text [{}]", self.to, self.from, self.subject, self.text)
    }

    pub(crate) fn notification(&self) -> String {
        let importance = match self.importance.as_str() {
            "high" => "1",
            "low" => "3",
            _ => "2",
        };
        format!("notify {} importance {importance} subject [{}]", self.to, self.subject)
    }
}
