//! Notifications by mail.
//!
//! Other methods don't exist here. Standards: RFC 5435 §3 and §6, RFC 5436 (`mailto`).

pub(in crate::sieve) use super::mailto::{Mailto, parse_mailto};

use super::{Letter, Named, Origin, begin, clean, clean_body, finish};
use crate::plan::{Content, Outgoing, OutgoingKind};
use crate::sieve::address;
use mail_builder::headers::address::Address;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

/// The arguments of one `notify` action beside its URI.
#[derive(Clone, Debug, Default)]
pub(in crate::sieve) struct Notify {
    pub(in crate::sieve) from: Option<String>,
    pub(in crate::sieve) message: Option<String>,
    /// 1 is high, 3 is low.
    pub(in crate::sieve) importance: u8,
}

/// The notification of a message. The first of the recipient's own addresses is its owner.
///
/// # Errors
/// Why none is sent: a sentence for the trace.
pub(in crate::sieve) fn notification(
    notify: &Notify,
    mailto: &Mailto,
    letter: &Letter<'_>,
    origin: &Origin<'_>,
) -> Result<Outgoing, String> {
    // RFC 5436 §2.7.1: no notification of what a program sent, or two users could notify each other for ever.
    letter.is_by_a_person()?;
    let to: Vec<String> = mailto.recipients().map(|named| named.mailbox.to_string()).collect();
    if to.is_empty() {
        return Err("the URI names nobody to notify".into());
    }
    let owner = letter.own.iter().find_map(|text| address::parse_one(text).ok());
    let owner = owner.ok_or("the user has no address to notify from")?;
    let kind =
        format!("auto-notified; owner-email=\"{}\"", owner.to_string().replace('\\', "\\\\").replace('"', "\\\""));
    let from = match notify.from.as_deref() {
        Some(from) => Named::parse(from).map_err(|why| format!(":from {from:?} is no address: {why}"))?,
        None => Named::plain(owner),
    };
    let mut message = begin(origin, "notification", &from, &subject(notify, mailto, letter), &kind);
    for (name, list) in [("To", &mailto.to), ("Cc", &mailto.cc)] {
        if !list.is_empty() {
            message = message.header(name, Address::new_list(list.iter().map(Named::header).collect()));
        }
    }
    let (importance, priority) = match notify.importance {
        1 => ("High", "1 (Highest)"),
        3 => ("Low", "5 (Lowest)"),
        _ => ("Normal", "3 (Normal)"),
    };
    message = message.header("Importance", Text::new(importance)).header("X-Priority", Text::new(priority));
    for (name, value) in &mailto.fields {
        message = message.header(name.clone(), Text::new(clean(value)));
    }
    Ok(Outgoing {
        kind: OutgoingKind::Notify,
        // RFC 5436 §2.7.1: nobody answers it.
        from: String::new(),
        to,
        content: Content::Text(finish(message, MimePart::new("text/plain", body(mailto, letter)))?),
        once: None,
    })
}

/// RFC 5436 §2.3: `:message`, or the subject of the URI, or that of the message.
fn subject(notify: &Notify, mailto: &Mailto, letter: &Letter<'_>) -> String {
    match notify.message.as_ref().or(mailto.subject.as_ref()) {
        Some(words) => words.clone(),
        None => format!("Notification: {}", letter.text("Subject").unwrap_or_else(|| "(no subject)".into())),
    }
}

fn body(mailto: &Mailto, letter: &Letter<'_>) -> String {
    if let Some(body) = &mailto.body {
        return clean_body(body) + "\r\n";
    }
    let line = |name: &str| letter.text(name).map(|text| format!("{name}: {}\r\n", clean(&text))).unwrap_or_default();
    format!("A new message has come.\r\n\r\n{}{}{}", line("From"), line("Subject"), line("Date"))
}

/// The `:encodeurl` modifier of `set` (RFC 5435 §6): all octets but the unreserved ones of RFC 3986 §2.3.
pub(in crate::sieve) fn encode_url(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
