//! Answers for a user who is away.
//!
//! Decides whether one is sent and what it says; whether the sender got one lately is asked of the memory under the key
//! in [`crate::plan::Once`]. Standards: RFC 5230 §4, RFC 6131 (seconds), RFC 3834.

use super::letter::is_same;
use super::{Letter, Named, Origin, begin, clean, clean_body, finish, hex_digest, in_reply_to};
use crate::mail::{fields, header_end};
use crate::plan::{Content, Once, Outgoing, OutgoingKind};
use crate::sieve::address::{self, Mailbox};
use mail_builder::headers::HeaderType;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};

/// The arguments of one `vacation` action.
#[derive(Clone, Debug, Default)]
pub(in crate::sieve) struct Vacation {
    pub(in crate::sieve) reason: String,
    pub(in crate::sieve) subject: Option<String>,
    pub(in crate::sieve) from: Option<String>,
    pub(in crate::sieve) addresses: Vec<String>,
    pub(in crate::sieve) handle: Option<String>,
    /// Subject, from and reason as they were written: answers with the same words are the same, whatever the variables
    /// in them hold (RFC 5230 §4.2).
    pub(in crate::sieve) written: [String; 3],
    /// True where the reason is a MIME entity with its own header.
    pub(in crate::sieve) is_mime: bool,
    /// How long a sender waits for the next answer, within the bounds of the settings.
    pub(in crate::sieve) seconds: i64,
}

/// The answer to a message.
///
/// # Errors
/// Why none is sent: a sentence for the trace.
pub(in crate::sieve) fn answer(
    vacation: &Vacation,
    letter: &Letter<'_>,
    origin: &Origin<'_>,
) -> Result<Outgoing, String> {
    let sender = letter.sender()?;
    let own = letter.own.iter().chain(&vacation.addresses).filter_map(|text| address::parse_one(text).ok());
    let own: Vec<Mailbox> = own.collect();
    if own.iter().any(|mailbox| is_same(mailbox, &sender)) {
        return Err("the message comes from the user".into());
    }
    if letter.is_spam {
        return Err("the message is spam".into());
    }
    letter.is_for_people(&sender)?;
    // RFC 5230 §4.5: only where the message names the user.
    let addressee = letter.addressee(&own).ok_or("the message is not addressed to the user")?;
    let from = match vacation.from.as_deref().filter(|from| !from.trim().is_empty()) {
        Some(from) => Named::parse(from).map_err(|why| format!(":from {from:?} is no address: {why}"))?,
        None => Named::plain(addressee),
    };
    let message = begin(origin, "vacation", &from, &subject(vacation, letter), "auto-replied (vacation)");
    let message = in_reply_to(message.header("To", Named::plain(sender.clone()).header()), letter);
    Ok(Outgoing {
        kind: OutgoingKind::Vacation,
        // RFC 3834 §3.3: nobody answers an answer.
        from: String::new(),
        to: vec![sender.to_string()],
        content: Content::Text(finish(message, body(vacation))?),
        once: Some(Once { key: key(vacation, &sender), seconds: vacation.seconds }),
    })
}

fn subject(vacation: &Vacation, letter: &Letter<'_>) -> String {
    let own = vacation.subject.as_deref().map(clean).filter(|subject| !subject.is_empty());
    let theirs = || letter.text("Subject").map(|subject| clean(&subject)).filter(|subject| !subject.is_empty());
    // RFC 5230 §4.4 suggests "Auto: ".
    own.or_else(|| theirs().map(|subject| format!("Auto: {subject}"))).unwrap_or_else(|| "Automated reply".into())
}

/// RFC 5230 §4.2: answers with the same handle are the same; without one, those of the same words.
fn key(vacation: &Vacation, sender: &Mailbox) -> String {
    let sender = sender.to_string().to_lowercase();
    match &vacation.handle {
        Some(handle) => hex_digest(&["vacation handle", &sender, handle]),
        None => {
            let mime = if vacation.is_mime { "mime" } else { "" };
            let [subject, from, reason] = &vacation.written;
            hex_digest(&["vacation", &sender, subject, from, mime, reason])
        }
    }
}

fn body(vacation: &Vacation) -> MimePart<'static> {
    let entity = if vacation.is_mime { entity(&vacation.reason) } else { None };
    entity.unwrap_or_else(|| MimePart::new("text/plain", clean_body(&vacation.reason)))
}

/// A reason that brings its own MIME header. Only Content-* fields are taken (RFC 5230 §4.3); `None` where it has no
/// header, and then it is plain text.
fn entity(reason: &str) -> Option<MimePart<'static>> {
    let reason = clean_body(reason);
    let (header, body) = reason.split_at_checked(header_end(reason.as_bytes()))?;
    let mut part = MimePart { headers: Vec::new(), contents: BodyPart::Text("".into()) };
    let mut is_encoded = false;
    let mut is_multipart = false;
    for field in fields(header.as_bytes()) {
        let name = String::from_utf8_lossy(field.name).into_owned();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let value = clean(&field.text());
        let typed = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        is_multipart |= typed("Content-Type") && value.to_ascii_lowercase().starts_with("multipart/");
        if typed("Content-Transfer-Encoding") {
            is_encoded = true;
            part.headers.push(("Content-Transfer-Encoding".into(), Raw::new(value).into()));
        } else if name.to_ascii_lowercase().starts_with("content-") {
            let value: HeaderType<'static> =
                if value.is_ascii() { Raw::new(value).into() } else { Text::new(value).into() };
            part.headers.push((name.into(), value));
        }
    }
    let has_type = part.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    if !has_type {
        part.headers.push(("Content-Type".into(), Raw::new("text/plain; charset=utf-8").into()));
    }
    if is_multipart && !is_encoded {
        // RFC 2045 §6.4: a multipart may not be encoded, only say what is in it.
        let encoding = if body.is_ascii() { "7bit" } else { "8bit" };
        part.headers.push(("Content-Transfer-Encoding".into(), Raw::new(encoding).into()));
    }
    part.contents = BodyPart::Text(body.strip_prefix("\r\n").unwrap_or(body).to_string().into());
    Some(part)
}
