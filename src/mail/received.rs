//! The client of our own MTA, read from the topmost Received field that it wrote.
//!
//! Does not believe a field that another host wrote: everything below ours is a stranger's text. Standards: RFC 5321
//! §4.4; the forms of Postfix (smtpd), Sendmail and Exim.

use super::{Client, ClientSource, fields};
use crate::limits::HEADER_FIELDS_MAX;
use std::net::IpAddr;

/// Client and queue id from the topmost Received field, if its `by` name is one of `mta_names` (any case); unknown
/// otherwise. Where that field says that the message came over loopback (a content filter gave it back), the fields of
/// ours and of localhost right below it are read on for the client outside; the queue id stays the topmost one.
pub fn client_of(bytes: &[u8], mta_names: &[String]) -> (Client, Option<String>) {
    let mut hops = hops(bytes);
    let ours = |by: &str| mta_names.iter().any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(by));
    let Some(top) = hops.next().filter(|hop| ours(&hop.by)) else {
        return (Client::default(), None);
    };
    let queue_id = top.id.clone();
    if !top.is_loopback() {
        return (top.client(), queue_id);
    }
    // The filter's own fields and those of ours over loopback are passed; the first other field of ours knows.
    let outside = hops
        .take_while(|hop| ours(&hop.by) || hop.by.eq_ignore_ascii_case("localhost"))
        .find(|hop| ours(&hop.by) && !hop.is_loopback());
    (outside.unwrap_or(top).client(), queue_id)
}

/// What another filter said: the topmost `X-Spam-Flag` or `X-Spam-Status` above a Received field of a believed host. What
/// stands above that field was written by that host or behind it; what stands below, any sender could have written. Only
/// our own hops may lie between.
pub fn foreign_verdict(bytes: &[u8], mta_names: &[String], believed_hosts: &[String]) -> Option<String> {
    let named =
        |hosts: &[String], by: &str| hosts.iter().any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(by));
    if believed_hosts.is_empty() {
        return None;
    }
    let mut verdict = None;
    for field in fields(bytes).take(HEADER_FIELDS_MAX) {
        if field.is("X-Spam-Flag") || field.is("X-Spam-Status") {
            verdict = verdict.or_else(|| Some(field.text()));
        }
        if !field.is("Received") {
            continue;
        }
        let by = Hop::read(&field.text()).by;
        if named(believed_hosts, &by) && verdict.is_some() {
            return verdict;
        }
        if !named(believed_hosts, &by) && !named(mta_names, &by) {
            return None;
        }
    }
    None
}

/// The Received fields, topmost first, among those that a header block within our bounds may have.
fn hops(bytes: &[u8]) -> impl Iterator<Item = Hop> {
    let received = fields(bytes).take(HEADER_FIELDS_MAX).filter(|field| field.is("Received"));
    received.map(|field| Hop::read(&field.text()))
}

/// One Received field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    helo: Option<String>,
    name: Option<String>,
    address: Option<IpAddr>,
    by: String,
    protocol: Option<String>,
    id: Option<String>,
}

impl Hop {
    fn read(text: &str) -> Self {
        let mut hop = Self::default();
        let mut rest = text.trim();
        if let Some(from) = strip_word(rest, "from") {
            // The HELO name has no parentheses (Postfix replaces them), so the first comment is the MTA's own.
            let (helo, behind) = from.split_once('(').unwrap_or((from, ""));
            let (comment, behind) = comment_end(behind);
            hop.client_words(helo.trim(), comment);
            rest = behind;
        }
        let words = words_outside_comments(rest);
        let after = |key: &str| {
            let at = words.iter().position(|word| word.eq_ignore_ascii_case(key))?;
            words.get(at + 1).map(|word| word.trim_end_matches(';').to_string())
        };
        hop.by = after("by").unwrap_or_default().trim_end_matches('.').to_string();
        hop.protocol = after("with");
        hop.id = after("id");
        hop
    }

    /// `name` is what stands before the comment: the HELO name, or with Exim the verified name.
    fn client_words(&mut self, name: &str, comment: &str) {
        let inside: Vec<&str> = comment.split_whitespace().collect();
        let exim_helo = inside.iter().find_map(|word| word.strip_prefix("helo="));
        self.address = inside.iter().rev().find_map(|word| address(word)).or_else(|| address(name));
        match exim_helo {
            Some(helo) => {
                self.helo = known(helo);
                self.name = known(name).filter(|name| !name.starts_with('['));
            }
            None => {
                self.helo = known(name);
                self.name = inside.first().filter(|word| !word.contains('[')).and_then(|word| known(word));
            }
        }
    }

    /// True where the message came from this machine. A submission without a socket (`from userid`) is not: a local
    /// program may have written any field below.
    fn is_loopback(&self) -> bool {
        self.address.is_some_and(|address| address.is_loopback())
    }

    fn client(&self) -> Client {
        Client {
            address: self.address,
            name: self.name.clone(),
            helo: self.helo.clone(),
            protocol: self.protocol.clone(),
            source: ClientSource::Received,
        }
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

/// A name that says something; Postfix writes `unknown` for one that it could not verify.
fn known(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    (!name.is_empty() && !name.eq_ignore_ascii_case("unknown")).then(|| name.to_string())
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]`, `[192.0.2.1]:4321`.
fn address(word: &str) -> Option<IpAddr> {
    let inner = word.split_once('[')?.1.split_once(']')?.0;
    let inner = match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => inner.get(5..)?,
        Some(_) | None => inner,
    };
    inner.parse().ok()
}

/// Splits behind an open parenthesis: the comment's text, and what follows its end. Nested comments count.
fn comment_end(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth == 0 {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        }
    }
    (text, "")
}

/// The words at the outer level, up to the date.
fn words_outside_comments(text: &str) -> Vec<String> {
    let mut outside = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once('(') {
        outside.push_str(before);
        outside.push(' ');
        rest = comment_end(comment).1;
    }
    outside.push_str(rest);
    let outside = outside.split_once(';').map_or(outside.as_str(), |(words, _)| words);
    outside.split_whitespace().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `want`: helo, name, address, protocol, queue id; `-` for none.
    fn check(received: &[&str], want: &str) {
        let mail: String =
            received.iter().map(|r| format!("Received: {r}; Mon, 1 Sep 2025 10:00:00 +0200\r\n")).collect();
        let (client, id) = client_of(format!("{mail}\r\n").as_bytes(), &["mx.example.org".to_string()]);
        let text = |value: Option<String>| value.unwrap_or("-".to_string());
        let address = text(client.address.map(|a| a.to_string()));
        let got = [text(client.helo), text(client.name), address, text(client.protocol), text(id)].join(" ");
        assert_eq!(got, want, "{received:?}");
        assert_eq!(client.source == ClientSource::Unknown, want == "- - - - -");
    }

    const STRANGER: &str = "from evil (evil [203.0.113.9]) by mx.example.org (Postfix) with SMTP id FORGED";

    #[test]
    fn each_mta_form_gives_the_client() {
        for (received, want) in [
            (
                "from helo.example (rdns.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher X (256/256 bits))\r\n\t\
                 (No client certificate requested)\r\n\tby MX.example.org. (Postfix) with ESMTPS id 4Xy1\r\n\tfor <a@b>",
                "helo.example rdns.example 192.0.2.1 ESMTPS 4Xy1",
            ),
            (
                "from h (unknown [IPv6:2001:db8::1]) by mx.example.org (Postfix) with ESMTPSA id Q",
                "h - 2001:db8::1 ESMTPSA Q",
            ),
            (
                "from [10.0.0.1] (r.example [192.0.2.1]) by mx.example.org (Postfix) with SMTP id Q",
                "[10.0.0.1] r.example 192.0.2.1 SMTP Q",
            ),
            (
                "from a by mx.example.org with SMTP id X (r.example [192.0.2.1]) by mx.example.org (Postfix) with ESMTP id Q",
                "a by mx.example.org with SMTP id X r.example 192.0.2.1 ESMTP Q",
            ),
            (
                "from h.example (r.example [192.0.2.1] (may be forged)) by mx.example.org (8.17/8.17) with ESMTP id Q",
                "h.example r.example 192.0.2.1 ESMTP Q",
            ),
            ("from h.example ([192.0.2.1]) by mx.example.org with esmtp id Q", "h.example - 192.0.2.1 esmtp Q"),
            (
                "from r.example ([192.0.2.1]:4321 helo=h.example) by mx.example.org with esmtps (TLS1.3) (Exim 4.96) id Q",
                "h.example r.example 192.0.2.1 esmtps Q",
            ),
            ("from [192.0.2.1] (helo=h) by mx.example.org with smtp (Exim 4.96) id Q", "h - 192.0.2.1 smtp Q"),
            ("by mx.example.org (Postfix, from userid 1000) id Q", "- - - - Q"),
        ] {
            check(&[received, STRANGER], want);
        }
    }

    #[test]
    fn a_strangers_field_is_never_believed() {
        check(&["from a (b [192.0.2.1]) by other.example (Postfix) with ESMTP id Q", STRANGER], "- - - - -");
        check(&["from a (b [192.0.2.1]) by other.example with ESMTP id Q by mx.example.org"], "- - - - -");
        check(&[], "- - - - -");
        check(
            &["from h (r.example [192.0.2.1]) by mx.example.org (Postfix) with ESMTP id Q", STRANGER],
            "h r.example 192.0.2.1 ESMTP Q",
        );
    }

    #[test]
    fn a_filter_that_gives_the_message_back_is_passed_over() {
        let back = "from localhost (localhost [127.0.0.1]) by mx.example.org (Postfix) with ESMTP id Q2";
        let filter = "from mx.example.org ([127.0.0.1]) by localhost (mx.example.org [127.0.0.1]) (amavis, port 10024) with ESMTP id f";
        let first = "from h (r.example [192.0.2.1]) by mx.example.org (Postfix) with ESMTPS id Q1";
        check(&[back, filter, first, STRANGER], "h r.example 192.0.2.1 ESMTPS Q2");
        check(&[back, first], "h r.example 192.0.2.1 ESMTPS Q2");
        check(&[back], "localhost localhost 127.0.0.1 ESMTP Q2");
        check(
            &[back, "from a (b [192.0.2.1]) by other.example with SMTP id x", STRANGER],
            "localhost localhost 127.0.0.1 ESMTP Q2",
        );
    }

    #[test]
    fn a_foreign_verdict_counts_only_above_the_line_of_a_believed_host() {
        const OURS: &str = "Received: from a (a [192.0.2.1]) by mx.example (Postfix) with ESMTP id A\r\n";
        const RELAY: &str = "Received: from b (b [192.0.2.2]) by filter.example (Postfix) with ESMTP id B\r\n";
        const STRANGER: &str = "Received: from c (c [192.0.2.3]) by evil.example with ESMTP id C\r\n";
        const FLAG: &str = "X-Spam-Flag: YES\r\n";
        let check = |parts: &[&str], want: Option<&str>| {
            let mail = format!("{}\r\n", parts.concat());
            let hosts = (["mx.example".to_string()], ["Filter.example".to_string()]);
            assert_eq!(foreign_verdict(mail.as_bytes(), &hosts.0, &hosts.1).as_deref(), want, "{mail}");
        };
        check(&[OURS, FLAG, RELAY], Some("YES"));
        check(&[FLAG, OURS, RELAY], Some("YES"));
        check(&[OURS, RELAY, FLAG], None);
        check(&[OURS, RELAY, FLAG, STRANGER], None);
        check(&[OURS, FLAG, STRANGER], None);
        check(&[OURS, FLAG, STRANGER, RELAY], None);
        check(&[OURS, FLAG], None);
    }
}
