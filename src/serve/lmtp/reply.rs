//! Replies: fixed sentences and numbers of ours, so that none can carry foreign text, CR or LF; and the words of a
//! recipient who rejects a message, on one line.
//!
//! Does not decide which reply is given. Every 2xx, 4xx and 5xx but the greeting and the answer to LHLO has an enhanced
//! code with the same first digit, because Postfix decides by that digit whether a message bounces. Standards: RFC 5321
//! §4.2 and §4.5.3.1.5, RFC 2034, RFC 3463, RFC 5248.

use super::command::Fault;
use crate::limits::REPLY_LINE_BYTES_MAX;
use crate::mail::AddressError;
use crate::refusal::{Kind, Refusal};
use crate::serve::line::LineFault;
use std::borrow::Cow;

/// One reply of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    /// Empty: none.
    enhanced: &'static str,
    text: Cow<'static, str>,
    /// The lines after the first.
    more: Vec<String>,
}

pub(super) const OK: Reply = Reply::new(250, "2.0.0", "Ok");
pub(super) const SENDER_OK: Reply = Reply::new(250, "2.1.0", "Sender ok");
pub(super) const RCPT_OK: Reply = Reply::new(250, "2.1.5", "Recipient ok");
pub(super) const SEND_DATA: Reply = Reply::new(354, "", "End the message with <CR><LF>.<CR><LF>");
pub(super) const BYE: Reply = Reply::new(221, "2.0.0", "Bye");
pub(super) const HELP: Reply =
    Reply::new(214, "2.0.0", "LHLO MAIL RCPT DATA RSET NOOP VRFY XFORWARD HELP QUIT; this is LMTP, RFC 2033");
pub(super) const NOT_VERIFIED: Reply = Reply::new(252, "2.3.3", "Addresses are not verified here, send and see");
pub(super) const NOT_LMTP: Reply = Reply::new(500, "5.5.1", "This is LMTP: say LHLO");
pub(super) const LHLO_FIRST: Reply = Reply::new(503, "5.5.1", "Say LHLO first");
pub(super) const IN_TRANSACTION: Reply = Reply::new(503, "5.5.1", "A transaction is open: DATA or RSET comes first");
pub(super) const NO_TRANSACTION: Reply = Reply::new(503, "5.5.1", "MAIL comes first");
pub(super) const NO_RECIPIENT: Reply = Reply::new(503, "5.5.1", "No recipient was accepted");
pub(super) const NOT_TRUSTED: Reply = Reply::new(550, "5.7.14", "XFORWARD is not for you");
pub(super) const NOT_OFFERED: Reply = Reply::new(502, "5.5.1", "Command is not offered");
pub(super) const TOO_MANY_FAULTS: Reply = Reply::new(421, "4.7.0", "Too many bad commands, closing");
pub(super) const IDLE: Reply = Reply::new(421, "4.4.2", "Waited too long for a command, closing");
pub(super) const STOPPING: Reply = Reply::new(421, "4.3.2", "Server is going down, try again later");

impl Reply {
    const fn new(code: u16, enhanced: &'static str, text: &'static str) -> Self {
        Self { code, enhanced, text: Cow::Borrowed(text), more: Vec::new() }
    }

    pub(super) fn greeting(host_name: &str) -> Self {
        Self { text: Cow::Owned(format!("{host_name} LMTP tamis")), ..Self::new(220, "", "") }
    }

    /// The answer to LHLO: our name and what we offer.
    pub(super) fn welcome(host_name: &str, offers: Vec<String>) -> Self {
        Self { text: Cow::Owned(host_name.to_string()), more: offers, ..Self::new(250, "", "") }
    }

    /// One recipient has it; the session's id finds the message in our log.
    pub(super) fn delivered(session_id: &str) -> Self {
        Self { text: Cow::Owned(format!("Delivered {session_id}")), ..Self::new(250, "2.1.5", "") }
    }

    /// The message is larger than `bytes_max`, the limit of the server or of one domain.
    pub(super) fn too_large(bytes_max: u64, whose: Whose) -> Self {
        let whose = match whose {
            Whose::Server => "server",
            Whose::Domain => "domain",
        };
        let text = format!("Message is larger than the {} that this {whose} accepts", size_in_words(bytes_max));
        Self { text: Cow::Owned(text), ..Self::new(552, "5.3.4", "") }
    }

    /// The reply for one recipient. 421 becomes 451: it would announce a close, and more replies may have to follow.
    pub(super) fn of(refusal: &Refusal) -> Self {
        match (refusal.kind, refusal.reply()) {
            (Kind::ShuttingDown, (_, _, text)) => Self::new(451, "4.3.2", text),
            (_, (code, enhanced, text)) => match &refusal.words {
                Some(words) => {
                    Self { text: Cow::Owned(format!("{text}: {}", one_line(words))), ..Self::new(code, enhanced, "") }
                }
                None => Self::new(code, enhanced, text),
            },
        }
    }

    pub(super) fn of_fault(fault: Fault) -> Self {
        match fault {
            Fault::Line(LineFault::BareLf) => Self::new(500, "5.5.2", "Lines end with CR LF"),
            Fault::Line(LineFault::TooLong) => Self::new(500, "5.5.2", "Line is too long"),
            Fault::Line(LineFault::Control) => Self::new(500, "5.5.2", "Line holds control characters"),
            Fault::Unknown => Self::new(500, "5.5.1", "Command is unknown"),
            Fault::NotOffered | Fault::Chunk => NOT_OFFERED,
            Fault::Usage(usage) => Self::new(501, "5.5.4", usage),
            Fault::Parameter => Self::new(501, "5.5.4", "Parameter is malformed"),
            Fault::UnknownParameter => Self::new(555, "5.5.4", "Parameter is unknown or not offered"),
            Fault::Sender(error) => Self::of_address(error, "5.1.7"),
            Fault::Rcpt(error) => Self::of_address(error, "5.1.3"),
        }
    }

    fn of_address(error: AddressError, enhanced: &'static str) -> Self {
        match error {
            AddressError::Syntax => Self::new(501, enhanced, "Address is malformed"),
            AddressError::TooLong => Self::new(501, enhanced, "Address is too long"),
            AddressError::NeedsSmtputf8 => Self::new(553, "5.6.7", "Address needs the parameter SMTPUTF8 of MAIL"),
        }
    }

    /// Appends the reply as it goes over the wire.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut lines = std::iter::once(self.text.as_ref()).chain(self.more.iter().map(String::as_str)).peekable();
        while let Some(text) = lines.next() {
            let dash = if lines.peek().is_some() { '-' } else { ' ' };
            let line = match self.enhanced_code() {
                Some(enhanced) => format!("{}{dash}{enhanced} {text}", self.code),
                None => format!("{}{dash}{text}", self.code),
            };
            let printable = |byte: u8| if (b' '..=b'~').contains(&byte) { byte } else { b'?' };
            out.extend(line.bytes().take(REPLY_LINE_BYTES_MAX).map(printable));
            out.extend_from_slice(b"\r\n");
        }
    }

    /// The enhanced code, with its first digit that of the code. A mismatch would turn a delay into a bounce.
    fn enhanced_code(&self) -> Option<String> {
        let class = (self.code / 100).to_string();
        match self.enhanced.split_once('.') {
            Some((digit, _)) if digit == class => Some(self.enhanced.to_string()),
            Some(_) => Some(format!("{class}.0.0")),
            None => None,
        }
    }
}

/// Foreign words for one line; what is not printable ASCII becomes `?` when it is written.
fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whose limit a message is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Server,
    Domain,
}

/// `50 MiB`, `1.5 MiB`, `64 KiB`, `10 bytes`; rounded down.
fn size_in_words(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        MIB.. if bytes % MIB < MIB / 10 => format!("{} MiB", bytes / MIB),
        MIB.. => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
        KIB.. => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_size_limit_is_said_in_words_a_person_understands() {
        for (bytes, want) in [
            (50 << 20, "552 5.3.4 Message is larger than the 50 MiB that this server accepts\r\n"),
            (3 << 19, "552 5.3.4 Message is larger than the 1.5 MiB that this server accepts\r\n"),
            (64 << 10, "552 5.3.4 Message is larger than the 64 KiB that this server accepts\r\n"),
            (10, "552 5.3.4 Message is larger than the 10 bytes that this server accepts\r\n"),
        ] {
            assert_eq!(wire(&Reply::too_large(bytes, Whose::Server)), want);
        }
    }

    #[test]
    fn no_reply_carries_line_ends_controls_or_more_than_a_line() {
        let hostile = Reply::welcome("a\r\n250 b\0\u{1b}é", vec!["x\ny".into(), "z".repeat(2000)]);
        let text = wire(&hostile);
        assert_eq!(text.matches('\n').count(), 3, "{text:?}");
        assert!(text.starts_with("250-a??250 b????\r\n250-x?y\r\n250 zzz"), "{text:?}");
        assert!(text.lines().all(|line| line.len() <= REPLY_LINE_BYTES_MAX));
    }

    #[test]
    fn the_first_digits_of_both_codes_agree() {
        assert_eq!(wire(&Reply::new(550, "4.2.0", "x")), "550 5.0.0 x\r\n");
        assert_eq!(wire(&Reply::new(451, "5.1.1", "x")), "451 4.0.0 x\r\n");
        assert_eq!(wire(&SEND_DATA), "354 End the message with <CR><LF>.<CR><LF>\r\n");
    }

    #[test]
    fn a_refusal_for_one_recipient_never_announces_a_close() {
        let reply = Reply::of(&Refusal::rejected("Not here.\r\n250 2.0.0 Ok\r\n\u{e9}"));
        assert_eq!(wire(&reply), "550 5.7.1 Message was rejected by its recipient: Not here. 250 2.0.0 Ok ??\r\n");
        let reply = Reply::of(&Refusal::new(Kind::ShuttingDown, "stop"));
        assert!(wire(&reply).starts_with("451 4.3.2 "), "{}", wire(&reply));
    }
}
