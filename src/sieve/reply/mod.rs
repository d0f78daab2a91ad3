//! Messages of our own: answers for an absent user, rejections, notifications.
//!
//! Decides what is sent and what it says; sends nothing. No text of a script or of a foreign header reaches a header of
//! ours with a control character in it. Standards: RFC 3834 (automatic answers), RFC 5322, RFC 2047.

mod letter;
mod mailto;
pub(super) mod notify;
pub(super) mod reject;
#[cfg(test)]
mod tests;
pub(super) mod vacation;

pub(super) use letter::Letter;

use super::address::{self, Mailbox};
use crate::limits::{REPLY_FIELD_CHARACTERS_MAX, REPLY_REFERENCES_MAX};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;
use sha2::{Digest, Sha256};

/// What makes a message of ours unlike any other.
#[derive(Clone, Debug)]
pub(super) struct Origin<'a> {
    /// Seconds since 1970.
    pub(super) now: i64,
    /// Unlike for each message that we may make; the same when a delivery is tried again.
    pub(super) seed: &'a str,
    /// The name of this machine, for Message-ID.
    pub(super) host: &'a str,
}

impl Origin<'_> {
    /// A word that nobody else uses.
    fn unique(&self, purpose: &str) -> String {
        hex_digest(&[purpose, self.seed]).chars().take(32).collect()
    }

    fn message_id(&self, purpose: &str) -> String {
        format!("{}@{}", self.unique(purpose), clean(self.host).replace(|c: char| !is_host(c), "-"))
    }
}

fn is_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-')
}

/// Hexadecimal SHA-256 of some texts, told apart by their lengths.
pub(super) fn hex_digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text for a header: one line, without control characters, of a bounded length.
fn clean(text: &str) -> String {
    let is_bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let spaced = text.chars().map(|c| if is_bad(c) { ' ' } else { c });
    spaced.take(REPLY_FIELD_CHARACTERS_MAX).collect::<String>().trim().to_string()
}

/// Text for a body: lines that end in CRLF, without other control characters than tabs.
fn clean_body(text: &str) -> String {
    let lines = text.replace("\r\n", "\n");
    let kept: String = lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    kept.replace('\n', "\r\n")
}

/// An address with its display name, such as `Anna <a@b>`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    name: Option<String>,
    mailbox: Mailbox,
}

impl Named {
    fn parse(text: &str) -> Result<Self, String> {
        let mailbox = address::parse_one(text)?;
        let name = text.rfind('<').and_then(|at| text.get(..at)).map(clean).unwrap_or_default();
        let unquoted = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let name =
            unquoted.map_or_else(|| letter::decode(&name), |text| text.replace("\\\"", "\"").replace("\\\\", "\\"));
        let name = Some(clean(&name)).filter(|name| !name.is_empty());
        Ok(Self { name, mailbox })
    }

    fn plain(mailbox: Mailbox) -> Self {
        Self { name: None, mailbox }
    }

    fn header(&self) -> Address<'static> {
        Address::new_address(self.name.clone(), self.mailbox.to_string())
    }
}

/// The fields that all messages of ours have. `kind` is the value of Auto-Submitted (RFC 3834 §5).
fn begin(origin: &Origin<'_>, purpose: &str, from: &Named, subject: &str, kind: &str) -> MessageBuilder<'static> {
    MessageBuilder::new()
        .header("Date", Date::new(origin.now))
        .header("Message-ID", MessageId::new(origin.message_id(purpose)))
        .header("From", from.header())
        .header("Subject", Text::new(clean(subject)))
        .header("Auto-Submitted", Text::new(clean(kind)))
        .header("Precedence", Text::new("bulk"))
        .header("X-Auto-Response-Suppress", Text::new("All"))
}

/// RFC 5322 §3.6.4: what is answered, and the thread that it stands in.
fn in_reply_to(message: MessageBuilder<'static>, letter: &Letter<'_>) -> MessageBuilder<'static> {
    let parent = letter.message_ids("Message-ID").into_iter().next();
    let mut thread = letter.message_ids("References");
    if thread.is_empty() {
        thread = letter.message_ids("In-Reply-To");
    }
    thread.extend(parent.clone());
    let late = thread.len().saturating_sub(REPLY_REFERENCES_MAX);
    let thread: Vec<String> = thread.into_iter().skip(late).collect();
    let message = match parent {
        Some(id) => message.header("In-Reply-To", MessageId::new(id)),
        None => message,
    };
    if thread.is_empty() { message } else { message.header("References", MessageId::new_list(thread.into_iter())) }
}

/// The whole message.
///
/// # Errors
/// Where it can't be written, which never happens in memory.
fn finish(message: MessageBuilder<'static>, body: MimePart<'static>) -> Result<String, String> {
    message.body(body).write_to_string().map_err(|error| format!("the message could not be written: {error}"))
}
