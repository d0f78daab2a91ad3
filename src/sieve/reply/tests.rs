//! What our own messages say, to whom, and what never gets into them.

use super::notify::{Notify, encode_url, notification, parse_mailto};
use super::reject::rejection;
use super::vacation::{Vacation, answer};
use super::{Letter, Origin};
use crate::plan::{Content, Outgoing};
use mail_parser::{Message, MessageParser};

const ORIGIN: Origin<'static> = Origin { now: 1_767_225_600, seed: "delivery 1 of anna", host: "mx.example.org" };
const LETTER: &str = "From: Bob <bob@example.net>\r\nTo: Anna <anna@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
    Message-ID: <1@example.net>\r\nReferences: <0@example.net>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nHello\r\n";

fn own() -> Vec<String> {
    vec!["anna@example.org".to_string(), "a.lias@example.org".to_string()]
}

fn letter<'a>(bytes: &'a str, own: &'a [String]) -> Letter<'a> {
    Letter { bytes: bytes.as_bytes(), from: "bob@example.net", own, is_spam: false }
}

fn text(outgoing: &Outgoing) -> &str {
    let Content::Text(text) = &outgoing.content else { panic!("no text of ours") };
    text
}

fn parse(outgoing: &Outgoing) -> Message<'_> {
    MessageParser::new().parse(text(outgoing)).unwrap()
}

fn raw(outgoing: &Outgoing, name: &str) -> Option<String> {
    crate::mail::fields(text(outgoing).as_bytes()).find(|field| field.is(name)).map(|field| field.text())
}

#[test]
fn a_vacation_answers_the_sender_in_the_users_name() {
    let (own, vacation) =
        (own(), Vacation { reason: "Ich bin weg.\nÄrger!".into(), seconds: 7, ..Vacation::default() });
    let sent = answer(&vacation, &letter(LETTER, &own), &ORIGIN).unwrap();
    assert_eq!((sent.from.as_str(), sent.to.as_slice()), ("", &["bob@example.net".to_string()][..]));
    let message = parse(&sent);
    assert_eq!(message.subject(), Some("Auto: Grüße"));
    assert_eq!(message.body_text(0).unwrap(), "Ich bin weg.\r\nÄrger!");
    for (name, want) in [
        ("From", "<anna@example.org>"),
        ("To", "<bob@example.net>"),
        ("In-Reply-To", "<1@example.net>"),
        ("References", "<0@example.net> <1@example.net>"),
        ("Auto-Submitted", "auto-replied (vacation)"),
        ("Precedence", "bulk"),
        ("Date", "Thu, 1 Jan 2026 00:00:00 +0000"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(raw(&sent, name).as_deref(), Some(want), "{name}");
    }
    assert!(text(&sent).is_ascii() && text(&sent).lines().all(|line| line.len() <= 78), "{}", text(&sent));
    assert_eq!(sent, answer(&vacation, &letter(LETTER, &own), &ORIGIN).unwrap(), "the same delivery, the same message");
    let other = answer(&vacation, &letter(LETTER, &own), &Origin { seed: "2", ..ORIGIN }).unwrap();
    assert_ne!(raw(&sent, "Message-ID"), raw(&other, "Message-ID"));
    assert_eq!(sent.once, other.once);
}

#[test]
fn a_vacation_is_sent_only_to_people_who_wrote_to_the_user() {
    let own = own();
    let vacation = Vacation { reason: "away".into(), addresses: vec!["Team <team@x>".into()], ..Vacation::default() };
    let why = |header: &str, from: &str, is_spam: bool| {
        let bytes = format!("{header}\r\nSubject: x\r\n\r\n");
        answer(&vacation, &Letter { from, is_spam, ..letter(&bytes, &own) }, &ORIGIN).map(|_| ())
    };
    let to = "To: anna@example.org";
    for header in [
        to.to_string(),
        "Cc: x@y, A.Lias@EXAMPLE.org".into(),
        "Resent-To: g: team@x;".into(),
        format!("{to}\r\nAuto-Submitted: No; x=y\r\nPrecedence: normal\r\nX-Auto-Response-Suppress: DR, RN"),
    ] {
        assert_eq!(why(&header, "bob@example.net", false), Ok(()), "{header}");
    }
    for header in [
        "To: other@x",
        "Subject: y",
        "To: anna@example.org\r\nList-Id: <l.x>",
        "To: anna@example.org\r\nLIST-Post: x",
        "To: anna@example.org\r\nAuto-Submitted: auto-replied",
        "To: anna@example.org\r\nAuto-Submitted: no\r\nAuto-Submitted: auto-generated",
        "To: anna@example.org\r\nAuto-Submitted:",
        "To: anna@example.org\r\nPrecedence: Bulk",
        "To: anna@example.org\r\nX-Auto-Response-Suppress: DR, OOF",
    ] {
        assert!(why(header, "bob@example.net", false).is_err(), "{header}");
    }
    for from in [
        "",
        "MAILER-DAEMON@x",
        "owner-l@x",
        "l-request@x",
        "LISTSERV@x",
        "majordomo@x",
        "no-reply@x",
        "noreply+1@x",
        "anna@Example.org",
        "team@x",
        "a.lias@example.org",
        "no address",
    ] {
        assert!(why(to, from, false).is_err(), "{from}");
    }
    assert!(why(to, "bob@example.net", true).is_err(), "spam");
}

#[test]
fn vacations_with_the_same_words_or_handle_are_the_same() {
    let own = own();
    let base = Vacation { reason: "away".into(), ..Vacation::default() };
    let key = |vacation: &Vacation, from: &str| {
        answer(vacation, &Letter { from, ..letter(LETTER, &own) }, &ORIGIN).unwrap().once.unwrap().key
    };
    let first = key(&base, "bob@x");
    assert_eq!(first.len(), 64);
    assert_eq!(first, key(&base, "BOB@x"));
    for other in [
        Vacation { written: ["".into(), "".into(), "gone".into()], ..base.clone() },
        Vacation { written: ["s".into(), "".into(), "".into()], ..base.clone() },
        Vacation { written: ["".into(), "anna@example.org".into(), "".into()], ..base.clone() },
        Vacation { is_mime: true, ..base.clone() },
        Vacation { handle: Some("away".into()), ..base.clone() },
    ] {
        assert_ne!(first, key(&other, "bob@x"), "{other:?}");
    }
    assert_ne!(first, key(&base, "eve@x"));
    // RFC 5230 §4.2: what the variables held is not compared.
    assert_eq!(first, key(&Vacation { reason: "gone".into(), subject: Some("s".into()), ..base.clone() }, "bob@x"));
    let handle = |reason: &str| Vacation { reason: reason.into(), handle: Some("h".into()), ..Vacation::default() };
    assert_eq!(key(&handle("one"), "bob@x"), key(&handle("two"), "bob@x"));
}

#[test]
fn a_mime_reason_keeps_its_own_header() {
    let own = own();
    let sent = |reason: &str| {
        let vacation = Vacation { reason: reason.into(), is_mime: true, ..Vacation::default() };
        answer(&vacation, &letter(LETTER, &own), &ORIGIN).unwrap()
    };
    let html = sent("Content-Type: text/html; charset=utf-8\nBcc: evil@x\n\n<b>Ä</b>");
    assert_eq!(raw(&html, "Content-Type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(raw(&html, "Bcc"), None);
    assert_eq!(parse(&html).body_html(0).unwrap(), "<b>Ä</b>");
    let multipart = sent(
        "Content-Type: multipart/alternative; boundary=x\n\n--x\n\nÄ\n--x\nContent-Type: text/html\n\n<p>\n--x--\n",
    );
    assert_eq!(raw(&multipart, "Content-Transfer-Encoding").as_deref(), Some("8bit"));
    assert_eq!(parse(&multipart).parts.len(), 3);
    let encoded = sent("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nw4Q=\n");
    assert_eq!(parse(&encoded).body_text(0).unwrap(), "Ä");
    assert_eq!(text(&encoded).matches("Content-Transfer-Encoding").count(), 1);
    for plain in ["just words", "words\n\nmore words: two", "\n\nContent-Type: x"] {
        assert!(raw(&sent(plain), "Content-Type").unwrap().starts_with("text/plain"), "{plain}");
    }
}

#[test]
fn a_rejection_is_a_disposition_notification() {
    let own = own();
    let make = |letter: &Letter<'_>| {
        rejection("Nö.\nNever.", "anna@example.org", "Postmaster <postmaster@example.org>", letter, &ORIGIN)
    };
    let sent = make(&letter(LETTER, &own)).unwrap();
    assert_eq!((sent.from.as_str(), sent.to.as_slice()), ("", &["bob@example.net".to_string()][..]));
    let message = parse(&sent);
    assert_eq!(message.parts.len(), 4);
    assert!(raw(&sent, "Content-Type").unwrap().contains("multipart/report"), "{}", text(&sent));
    assert!(message.parts[1].text_contents().unwrap().ends_with("\r\n\r\nNö.\r\nNever.\r\n"));
    let report = message.parts[2].contents();
    let report = String::from_utf8_lossy(report);
    for line in [
        "Final-Recipient: rfc822; anna@example.org",
        "Original-Message-ID: <1@example.net>",
        "Disposition: automatic-action/MDN-sent-automatically; deleted",
    ] {
        assert!(report.lines().any(|found| found == line), "{line} is not in {report}");
    }
    assert!(message.parts[3].text_contents().unwrap().contains("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?="));
    assert!(!text(&sent).contains("Hello"), "the body stays away");
    assert!(make(&Letter { from: "", ..letter(LETTER, &own) }).is_err());
    assert!(make(&Letter { is_spam: true, ..letter(LETTER, &own) }).is_err());
    assert!(make(&letter("Auto-Submitted: auto-replied\r\n\r\n", &own)).is_err());
}

#[test]
fn a_notification_says_what_the_script_wants() {
    let own = own();
    let mailto = parse_mailto("mailto:x@y?cc=z@y&X-Foo=%C3%A4&body=b%0Ac").unwrap();
    let notify = Notify { message: Some("Post für dich".into()), importance: 1, ..Notify::default() };
    let sent = notification(&notify, &mailto, &letter(LETTER, &own), &ORIGIN).unwrap();
    assert_eq!((sent.from.as_str(), sent.to.as_slice()), ("", &["x@y".to_string(), "z@y".to_string()][..]));
    let message = parse(&sent);
    assert_eq!(message.subject(), Some("Post für dich"));
    assert_eq!(message.body_text(0).unwrap(), "b\r\nc\r\n");
    for (name, want) in [
        ("From", "<anna@example.org>"),
        ("To", "<x@y>"),
        ("Cc", "<z@y>"),
        ("Importance", "High"),
        ("Auto-Submitted", "auto-notified; owner-email=\"anna@example.org\""),
        ("X-Foo", "=?utf-8?B?w6Q=?="),
    ] {
        assert_eq!(raw(&sent, name).as_deref(), Some(want), "{name}");
    }
    let plain = parse_mailto("mailto:x@y").unwrap();
    let sent = notification(&Notify::default(), &plain, &letter(LETTER, &own), &ORIGIN).unwrap();
    assert_eq!(parse(&sent).subject(), Some("Notification: Grüße"));
    assert!(parse(&sent).body_text(0).unwrap().contains("From: Bob <bob@example.net>"));
    let automatic = letter("Auto-Submitted: auto-notified\r\n\r\n", &own);
    assert!(notification(&notify, &mailto, &automatic, &ORIGIN).is_err());
}

/// Every control character in every text that scripts, users and foreign headers give us.
#[test]
fn no_control_character_reaches_a_header() {
    let controls = (0..32_u8).chain([127, 128, 133, 159]).map(char::from).chain(['\u{2028}', '\u{2029}']);
    for control in controls {
        for evil in [format!("x{control}Evil: 1"), format!("x{control}{control}\n\r\nEvil: 1"), format!("{control}")] {
            let own = vec!["anna@example.org".to_string(), evil.clone()];
            let quoted = evil.bytes().map(|byte| format!("={byte:02X}")).collect::<String>();
            let encoded = format!("=?utf-8?q?{quoted}?=");
            let one_line = evil.replace(['\r', '\n'], " ");
            let bytes = format!(
                "From: {encoded} <bob@example.net>\r\nTo: anna@example.org\r\nSubject: {encoded}\r\nMessage-ID: <a{one_line}@b>\r\n\
                 References: <c@d> <{one_line}>\r\nX-{one_line}: {one_line}\r\nX-Y: {encoded}\r\n\r\n"
            );
            let origin = Origin { seed: &evil, host: &evil, ..ORIGIN };
            let letter = letter(&bytes, &own);
            let named = format!("\"{evil}\" <a@b>");
            let mut sent = Vec::new();
            for (subject, from, is_mime) in
                [(None, None, false), (Some(&evil), None, false), (None, Some(&named), false), (None, None, true)]
            {
                let vacation = Vacation {
                    reason: if is_mime {
                        format!("Content-Type: text/html; a={one_line}\nContent-X: {encoded}\n\nx")
                    } else {
                        evil.clone()
                    },
                    subject: subject.cloned(),
                    from: from.cloned(),
                    addresses: vec![evil.clone()],
                    handle: Some(evil.clone()),
                    written: [evil.clone(), evil.clone(), evil.clone()],
                    is_mime,
                    seconds: 1,
                };
                sent.extend(answer(&vacation, &letter, &origin));
            }
            sent.push(rejection(&evil, "anna@example.org", "Postmaster <p@x>", &letter, &origin).unwrap());
            sent.extend(rejection(&evil, "anna@example.org", &named, &letter, &origin));
            let mailto = parse_mailto("mailto:x@y?X-Foo=bar").unwrap();
            for from in [None, Some(named.clone())] {
                for message in [None, Some(evil.clone())] {
                    sent.extend(notification(
                        &Notify { from: from.clone(), message, importance: 2 },
                        &mailto,
                        &letter,
                        &origin,
                    ));
                }
            }
            assert!(sent.len() >= 6, "{control:?}: {}", sent.len());
            for outgoing in &sent {
                holds_no_control(text(outgoing), control);
            }
        }
    }
}

fn holds_no_control(message: &str, control: char) {
    let (header, _) = message.split_once("\r\n\r\n").unwrap();
    for line in header.split("\r\n") {
        let line = line.strip_prefix('\t').unwrap_or(line);
        assert!(!line.chars().any(|c| c.is_control()), "{control:?} in {line:?}");
        assert!(!line.to_ascii_lowercase().starts_with("evil"), "{control:?}: {message}");
    }
    assert!(!message.contains('\0') && !message.replace("\r\n", "").contains(['\r', '\n']), "{control:?}: {message:?}");
    let parsed = MessageParser::new().parse(message).unwrap();
    for part in &parsed.parts {
        for field in &part.headers {
            assert!(!field.name.as_str().eq_ignore_ascii_case("evil"), "{control:?}: {message}");
        }
    }
}

#[test]
fn url_encoding_leaves_the_unreserved_alone() {
    assert_eq!(encode_url("aZ09-._~"), "aZ09-._~");
    assert_eq!(encode_url("a b&c=ü/%"), "a%20b%26c%3D%C3%BC%2F%25");
}
