//! Rejections: our words to the sender instead of a delivery.
//!
//! *Deviation:* `ereject` makes the same message. RFC 5429 §2.1 would rather have the transaction refused, but by then
//! other recipients are accepted, and content never bounces here. Standards: RFC 5429 §2, RFC 8098 (disposition
//! notifications), RFC 6522 (multipart/report).

use super::{Letter, Named, Origin, begin, clean, clean_body, finish, in_reply_to};
use crate::limits::REPLY_HEADER_BYTES_MAX;
use crate::mail::fields;
use crate::plan::{Content, Outgoing, OutgoingKind};
use crate::sieve::address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;

/// The rejection of a message with this reason. `recipient` is the address of RCPT TO, `from` whose name it is sent under,
/// such as `Postmaster <postmaster@example.org>`.
///
/// # Errors
/// Why none is sent: a sentence for the trace. The message is then discarded or kept, as the caller decides.
pub(in crate::sieve) fn rejection(
    reason: &str,
    recipient: &str,
    from: &str,
    letter: &Letter<'_>,
    origin: &Origin<'_>,
) -> Result<Outgoing, String> {
    let sender = letter.sender()?;
    if letter.is_spam {
        return Err("the message is spam, whose sender is forged as a rule".into());
    }
    // RFC 5429 §2.2.1 and RFC 3834 §2: a rejection is an automatic answer, which must not meet another one.
    letter.is_by_a_person()?;
    let recipient = address::parse_one(recipient).map_err(|why| format!("{recipient:?} is no address: {why}"))?;
    let from = Named::parse(from).map_err(|why| format!("{from:?} is no address: {why}"))?;
    let words = format!("Your message to {recipient} was automatically rejected:\r\n\r\n{}\r\n", clean_body(reason));
    let kind = ContentType::new("multipart/report")
        .attribute("report-type", "disposition-notification")
        .attribute("boundary", origin.unique("rejection boundary"));
    let report = MimePart::new("message/disposition-notification", report(&recipient.to_string(), letter, origin))
        .transfer_encoding("7bit");
    let parts = vec![MimePart::new("text/plain", words), report, headers(letter)];
    let message = begin(origin, "rejection", &from, "Automatically rejected mail", "auto-replied (rejected)");
    let message = in_reply_to(message.header("To", Named::plain(sender.clone()).header()), letter);
    Ok(Outgoing {
        kind: OutgoingKind::Reject,
        from: String::new(),
        to: vec![sender.to_string()],
        content: Content::Text(finish(message, MimePart::new(kind, parts))?),
        once: None,
    })
}

/// RFC 8098 §3: the part for programs. A recipient beyond ASCII has the address type utf-8 (RFC 6533 §3).
fn report(recipient: &str, letter: &Letter<'_>, origin: &Origin<'_>) -> String {
    let (kind, recipient) = match recipient.is_ascii() {
        true => ("rfc822", recipient.to_string()),
        false => ("utf-8", xtext(recipient)),
    };
    let host = clean(origin.host).replace(|c: char| !c.is_ascii_graphic(), "-");
    let mut lines = vec![format!("Reporting-UA: {host}; tamis"), format!("Final-Recipient: {kind}; {recipient}")];
    lines.extend(letter.message_ids("Message-ID").first().map(|id| format!("Original-Message-ID: <{id}>")));
    lines.push("Disposition: automatic-action/MDN-sent-automatically; deleted".into());
    lines.join("\r\n") + "\r\n"
}

/// RFC 6533 §3: `utf-8-addr-xtext`.
fn xtext(text: &str) -> String {
    let quote = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\x{{{:X}}}", u32::from(c)) };
    text.chars().map(quote).collect()
}

/// The header of the message, so that its sender knows which one it was (RFC 6522 §4). The body stays away: a rejection
/// must not carry it to somebody whose name was forged.
fn headers(letter: &Letter<'_>) -> MimePart<'static> {
    let mut text = String::new();
    for field in fields(letter.bytes).filter(|field| !field.name.is_empty()) {
        let name = String::from_utf8_lossy(field.name);
        let line = format!("{}: {}\r\n", clean(&name), clean(&field.text()));
        if text.len() + line.len() > REPLY_HEADER_BYTES_MAX {
            break;
        }
        text.push_str(&line);
    }
    let is_ascii = text.is_ascii();
    let kind = ContentType::new("text/rfc822-headers").attribute("charset", "utf-8");
    MimePart::new(kind, text).transfer_encoding(if is_ascii { "7bit" } else { "8bit" })
}
