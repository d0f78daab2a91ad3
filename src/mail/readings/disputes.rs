//! Letters that programs read differently, each with the kinds of dispute; and letters that only look so.
//!
//! Not in the program.

use crate::mail::{Message, links};

const HEAD: &str = "From: a@b.example\r\nDate: Mon, 1 Sep 2025 10:00:00 +0200\r\nMIME-Version: 1.0\r\n";
/// `PK\x03\x04` and a tail.
const ZIP: &str = "UEsDBAoAAAAAAAAAIQAAAAAAAAAAAAAAAAAFAAAAZW1wdHk=";

fn kinds(mail: &str) -> Vec<&'static str> {
    Message::parse(mail.as_bytes()).ambiguities.iter().map(|kind| kind.name()).collect()
}

fn single(fields: &str, body: &str) -> String {
    format!("{HEAD}{fields}\r\n{body}\r\n")
}

fn multipart(parameters: &str, body: &str) -> String {
    format!("{HEAD}Content-Type: multipart/mixed; {parameters}\r\n\r\n{body}")
}

#[test]
fn each_dispute_has_its_kind() {
    let base64 = "Content-Transfer-Encoding: base64\r\n";
    let part = format!("{base64}\r\n{ZIP}\r\n");
    let inside = format!("--o\r\n{part}--o--\r\n");
    for (mail, want) in [
        (single("Content-Type: text/html\r\nContent-Type: text/plain\r\n", "x"), "doubled_content_type"),
        (single(&format!("{base64}Content-Transfer-Encoding: 7bit\r\n"), "x"), "doubled_encoding"),
        (single("Content-Transfer-Encoding: (x) base64\r\n", ZIP), "odd_encoding"),
        (single("Content-Transfer-Encoding: \"base64\"\r\n", ZIP), "odd_encoding"),
        (single("Content-Transfer-Encoding: =?us-ascii?q?base64?=\r\n", ZIP), "odd_encoding"),
        (single("Content-Transfer-Encoding: base64; x\r\n", ZIP), "odd_encoding"),
        (single("Content-Type: a/b; name=x.txt; name=x.exe\r\n", "x"), "doubled_name"),
        (single("Content-Disposition: attachment; filename=x.txt; filename*=''x.exe\r\n", "x"), "doubled_name"),
        (single(base64, &format!("UEsDBA==\r\n{ZIP}")), "junk_in_base64"),
        (single(base64, &format!("{ZIP}\r\n***\r\n{ZIP}")), "junk_in_base64"),
        (multipart("boundary=p; boundary=o", &inside), "doubled_boundary"),
        (multipart("boundary*0=o", &inside), "pieced_boundary"),
        (multipart("boundary*=us-ascii''o", &inside), "pieced_boundary"),
        (multipart("x=y", &format!("--o\r\nContent-Type: a/b\r\n{part}--o--\r\n")), "missing_boundary"),
        (multipart("boundary=o", &format!("{part}--o\r\n\r\nx\r\n--o--\r\n")), "hidden_part"),
        (multipart("boundary=o", &format!("--o\r\n\r\nx\r\n--o--\r\n{part}")), "hidden_part"),
        (multipart("boundary=o", "<html><body>hi</body></html>\r\n--o\r\n\r\nx\r\n--o--\r\n"), "preamble"),
        (multipart("boundary=o", "--o\r\n\r\nx\r\n--o--\r\n<html><body>hi</body></html>"), "epilogue"),
        (single("Content-Type: text/plain; boundary=o\r\n", &inside), "undeclared_multipart"),
        (multipart("boundary=o", &format!("--o\r\nX: y\r\n\r\n{part}--o--\r\n")), "odd_header_end"),
        (
            multipart("boundary=o", &format!("--o\r\nContent-Transfer\0-Encoding: base64\r\n\r\n{ZIP}\r\n--o--\r\n")),
            "odd_field_name",
        ),
    ] {
        assert!(kinds(&mail).contains(&want), "{want}: {:?}\n{mail}", kinds(&mail));
    }
}

#[test]
fn what_honest_programs_write_is_no_dispute() {
    let footer = "\r\n_______________\r\nThe list\r\nhttps://lists.example/\r\n";
    let text = "aGVsbG8gYW5kIGdvb2QgYnllLCBhbmQgYWxsIHRoYXQgaXMgdG8gYmUgc2FpZCBpbiBhIGxldHRl\r\ncg==";
    for mail in [
        single("Content-Transfer-Encoding: base64\r\n", &format!("{text}{footer}")),
        single("Content-Transfer-Encoding: BASE64 \r\n", text),
        single("Content-Transfer-Encoding: 8BIT\r\n", "x"),
        single("Content-Type: text/plain\r\nContent-Type: text/plain\r\n", "x"),
        single("Content-Type: text/plain; charset=utf-8\r\n", "width=3D means =\r\na number"),
        multipart("boundary=o", "This is a multi-part message.\r\n--o\r\n\r\nx\r\n--o--\r\n"),
        multipart("boundary=o", &format!("--o\r\n\r\nx\r\n--o--\r\n{footer}")),
        multipart("boundary=o", "--o\r\n\r\nx\r\n"),
        multipart("boundary=o", "--o\r\n\r\n-- \r\nAnna\r\n--- a/x\r\n+++ b/x\r\n--o--\r\n"),
        multipart(
            "boundary=o",
            "--o\r\nContent-Type: text/rfc822-headers\r\n\r\nContent-Type: text/html\r\nX: y\r\n--o--\r\n",
        ),
        multipart(
            "boundary=o",
            "--o\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: x\r\n\r\nContent-Type: a/b\r\n--o--\r\n",
        ),
    ] {
        assert_eq!(kinds(&mail), [""; 0], "{mail}");
    }
}

#[test]
fn a_link_that_only_some_readers_show_is_a_link() {
    let page = "PGh0bWw+PGEgaHJlZj0iaHR0cHM6Ly9ldmlsLmV4YW1wbGUvIj5oaTwvYT48L2h0bWw+";
    let fields = "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n";
    for fields in [fields.to_string(), fields.replace("base64", "x").replace("7bit", "base64")] {
        let mail = single(&fields, page);
        let found = links(&Message::parse(mail.as_bytes()));
        assert_eq!(found.first().map(|link| link.host.as_str()), Some("evil.example"), "{mail}");
    }
}

#[test]
fn the_usual_reading_is_not_shown_twice() {
    let mail = multipart(
        "boundary=o",
        &format!("--o\r\n\r\nhello\r\n--o\r\nContent-Transfer-Encoding: base64\r\n\r\n{ZIP}\r\n--o--\r\n"),
    );
    let message = Message::parse(mail.as_bytes());
    assert_eq!((message.parts.len(), message.readings.len()), (2, 0));
}
