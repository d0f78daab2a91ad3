//! Letters that are built to exhaust their reader: depth, breadth, odd octets. Each must come back, and what is kept of it
//! stays within its bounds.
//!
//! Not in the program. No clock: work is bounded by what `limits` says of octets and parts.

use super::message::tests::base64_lines;
use crate::limits::{READING_KEPT_RATIO, READING_WORK_FREE_BYTES, READINGS_MAX};
use crate::mail::{Message, screen};
use crate::unpack::{NoteKind, eicar, open};

const TOP: &str = "From: a@b.example\r\nDate: Mon, 1 Sep 2025 10:00:00 +0200\r\nMIME-Version: 1.0\r\n";

/// Every attack with its name.
fn attacks() -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = nesting();
    all.extend(breadth().into_iter().map(|(name, text)| (name, text.into_bytes())));
    all.extend(octets());
    all
}

fn nesting() -> Vec<(&'static str, Vec<u8>)> {
    let mime = |depth: usize| {
        let parts: String =
            (0..depth).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
        format!("{TOP}{parts}\r\nx\r\n")
    };
    let message = |depth: usize| format!("{TOP}{}\r\nx\r\n", "Content-Type: message/rfc822\r\n\r\n".repeat(depth));
    let mut encoded = b"From: a@b.example\r\n\r\ninnermost\r\n".to_vec();
    for _ in 0..25 {
        let head = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        encoded = format!("{TOP}{head}{}\r\n", base64_lines(&encoded)).into_bytes();
    }
    vec![
        ("mime-depth-10000", mime(10_000).into_bytes()),
        ("mime-depth-90", mime(90).into_bytes()),
        ("rfc822-depth-10000", message(10_000).into_bytes()),
        ("rfc822-depth-200", message(200).into_bytes()),
        ("rfc822-b64-depth-25", encoded),
    ]
}

fn breadth() -> Vec<(&'static str, String)> {
    let multipart = |body: String| format!("{TOP}Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}");
    let many = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<String>();
    vec![
        ("parts-200k", multipart("--b\r\n\r\nx\r\n".repeat(200_000))),
        ("parts-15k", multipart("--b\r\n\r\nx\r\n".repeat(15_000))),
        (
            "attachments-15k",
            multipart("--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n".repeat(15_000)),
        ),
        ("headers-200k", format!("{}\r\nx\r\n", "X-A: b\r\n".repeat(200_000))),
        ("types-100k", format!("{TOP}{}\r\nx\r\n", many(100_000, |n| format!("Content-Type: text/x{n}\r\n")))),
        ("addresses-100k", format!("{TOP}To: {}\r\n\r\nx\r\n", "a@b.example, ".repeat(100_000))),
        ("addr-parens-100k", format!("{TOP}To: {}a@b\r\n\r\nx\r\n", "(".repeat(100_000))),
        ("encoded-words-100k", format!("{TOP}Subject: {}\r\n\r\nx\r\n", "=?utf-8?q?a?= ".repeat(100_000))),
        ("rfc2231-params-100k", {
            let parameters = many(100_000, |n| format!("boundary*{n}=x;"));
            format!("{TOP}Content-Type: multipart/mixed; {parameters}\r\n\r\nx\r\n")
        }),
        ("boundaries-100k", multipart(many(100_000, |n| format!("boundary=b{n}\r\n--b{n}\r\n")))),
        ("header-fold-200k", format!("{TOP}X: y{}\r\n\r\nx\r\n", "\r\n z".repeat(200_000))),
        ("header-line-10MB", format!("{TOP}X: {}\r\n\r\nx\r\n", "y".repeat(10 << 20))),
        ("boundary-overlap", multipart(many(5_000, |n| format!("--{}\r\n\r\nx\r\n", "b".repeat(1 + n % 100))))),
        ("html-depth-100k", format!("{TOP}Content-Type: text/html\r\n\r\n{}", "<div>".repeat(100_000))),
        (
            "html-attributes-100k",
            format!("{TOP}Content-Type: text/html\r\n\r\n<a {}>", many(100_000, |n| format!("a{n}=b "))),
        ),
        ("uuencode-20k", format!("{TOP}\r\n{}", "begin 644 x\r\n".repeat(20_000))),
        ("yenc-20k", format!("{TOP}\r\n{}", "=ybegin line=1 size=1 name=x\r\n".repeat(20_000))),
        ("binhex-20k", format!("{TOP}\r\n{}", "(This file must be converted with BinHex 4.0)\r\n:".repeat(20_000))),
        ("pads-50k", format!("{TOP}Content-Transfer-Encoding: base64\r\n\r\n{}", "eA==\r\n".repeat(50_000))),
        ("dashes-1MB", format!("{TOP}\r\n{}", "-".repeat(1 << 20))),
    ]
}

fn octets() -> Vec<(&'static str, Vec<u8>)> {
    let with = |body: &[u8]| [TOP.as_bytes(), b"\r\n", body].concat();
    vec![
        ("nul", with(&[0; 1 << 20])),
        ("utf8-bad", with(&[0xff, 0xfe, 0xc0, 0x80].repeat(100_000))),
        ("bare-cr-lf", with(&b"a\rb\nc\n\r".repeat(100_000))),
        ("cr-200k", with(&b"\r".repeat(200_000))),
        ("only-dotlines", b".\r\n".repeat(100_000)),
        ("no-eoh", b"From: a@b\r\nSubject: x".to_vec()),
        ("empty", Vec::new()),
        ("noise", (0..1_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ]
}

#[test]
fn every_attack_comes_back_within_its_bounds() {
    for (name, bytes) in attacks() {
        let message = if screen(&bytes).is_ok() { Message::parse(&bytes) } else { Message::unparsed(&bytes) };
        let kept: usize = message.readings.iter().map(|part| part.contents.len()).sum();
        assert!(message.readings.len() <= READINGS_MAX, "{name}");
        assert!(kept <= bytes.len() * READING_KEPT_RATIO + READING_WORK_FREE_BYTES, "{name}");
        let inside = open(&message);
        assert!(inside.items.len() <= message.parts.len() + message.readings.len() + 10_100, "{name}");
    }
}

#[test]
fn a_file_in_a_refused_letter_is_seen() {
    let parts = "--b\r\n\r\nx\r\n".repeat(30_000);
    let file = base64_lines(&eicar::sample());
    let letter = format!(
        "{TOP}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n{parts}"
    );
    assert!(screen(letter.as_bytes()).is_err());
    let notes = open(&Message::unparsed(letter.as_bytes())).notes;
    assert!(notes.iter().any(|note| note.kind == NoteKind::Eicar));
}

#[test]
fn a_message_that_is_encoded_many_times_is_opened_to_the_bound() {
    let (_, letter) = nesting().pop().unwrap();
    let inside = open(&Message::parse(&letter));
    assert!(inside.items.iter().any(|item| item.path.len() > 10), "{:?}", inside.items.last());
    assert!(inside.notes.iter().any(|note| note.kind == NoteKind::TooDeep));
}
