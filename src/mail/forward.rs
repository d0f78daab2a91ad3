//! A message that goes on to another address: the mark that ends loops, and what says that it goes round.
//!
//! Does not send anything. Standards: RFC 5321 §4.4 (Return-Path is the last host's alone), §6.3 (loops are counted by
//! Received); `X-Sieve-Redirected-From` as Pigeonhole writes it.

use super::Address;
use super::fields::fields;
use super::stamp::line_end_of;
use crate::limits::{HEADER_FIELDS_MAX, REDIRECT_RECEIVED_MAX};

/// Names the address whose script sent the message on.
pub const REDIRECTED: &str = "X-Sieve-Redirected-From";

/// The message as it leaves: our mark on top, without Return-Path.
pub fn forwarded(message: &[u8], by: &Address) -> Vec<u8> {
    let mark = format!("{REDIRECTED}: {}", by.to_string().replace(char::is_control, "?"));
    let mut out = mark.into_bytes();
    out.extend_from_slice(line_end_of(message));
    let mut from = 0;
    for field in fields(message).filter(|field| field.is("Return-Path")) {
        out.extend_from_slice(message.get(from..field.start).unwrap_or_default());
        from = field.end;
    }
    out.extend_from_slice(message.get(from..).unwrap_or_default());
    out
}

/// Why the message must not be sent on again for this address; `None` where it may.
pub fn goes_round(message: &[u8], by: &Address) -> Option<String> {
    let by_us = |text: &str| Address::parse(text).is_ok_and(|marked| marked.key() == by.key());
    let mut received = 0;
    for field in fields(message).take(HEADER_FIELDS_MAX) {
        if field.is(REDIRECTED) && by_us(&field.text()) {
            return Some(format!("it was sent on from {by} before and came back"));
        }
        received += usize::from(field.is("Received"));
    }
    (received > REDIRECT_RECEIVED_MAX).then(|| format!("it has been through {received} hosts, probably in a circle"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_sent_on_once_is_known_when_it_comes_back() {
        let anna = Address::parse("Anna@example.org").unwrap();
        let mail = b"Return-Path: <a@b>\r\nSubject: x\r\nreturn-path: <c@d>\r\n\r\nReturn-Path: body\r\n";
        let sent = forwarded(mail, &anna);
        let want = "X-Sieve-Redirected-From: Anna@example.org\r\nSubject: x\r\n\r\nReturn-Path: body\r\n";
        assert_eq!(String::from_utf8_lossy(&sent), want);
        assert_eq!(goes_round(mail, &anna), None);
        assert!(goes_round(&sent, &Address::parse("anna@EXAMPLE.org").unwrap()).is_some());
        assert_eq!(goes_round(&sent, &Address::parse("ben@example.org").unwrap()), None);
        assert_eq!(forwarded(b"", &anna), b"X-Sieve-Redirected-From: Anna@example.org\r\n");
    }

    #[test]
    fn a_message_that_has_seen_too_many_hosts_is_not_sent_on() {
        let anna = Address::parse("anna@example.org").unwrap();
        let hosts = |count| "Received: from a by b\r\n".repeat(count) + "\r\n";
        assert_eq!(goes_round(hosts(REDIRECT_RECEIVED_MAX).as_bytes(), &anna), None);
        assert!(goes_round(hosts(REDIRECT_RECEIVED_MAX + 1).as_bytes(), &anna).is_some());
    }
}
