//! Dialogues by swaks, which reads one answer per recipient.

use crate::{
    is_missing, program,
    world::{World, run},
};
use std::process::Command;

fn swaks(words: &[&str]) -> (i32, String) {
    let mut command = Command::new(program("swaks").unwrap());
    command.args(["--protocol", "LMTP", "--helo", "mx.tamis.example", "--timeout", "60"]).args(words);
    let (status, text) = run(&mut command);
    (status.code().unwrap_or(-1), text)
}

/// A world with the users anna and ben.
fn world() -> World {
    let mut world = World::new();
    let passwd = world.passwd_file(&[("anna@example.test".into(), ""), ("ben@example.test".into(), "")]);
    world.set(&format!("[users]\npasswd_file = {passwd:?}\n"));
    world.start();
    world
}

/// Every line of the dialogue that the server said.
fn said(text: &str) -> Vec<&str> {
    text.lines().filter_map(|l| l.strip_prefix("<-  ").or_else(|| l.strip_prefix("<** "))).collect()
}

#[test]
fn swaks_is_answered_once_per_recipient_over_the_unix_socket() {
    if is_missing(&["swaks"], false) {
        return;
    }
    let world = world();
    let socket = world.socket();
    let socket = socket.to_str().unwrap();
    let (code, text) =
        swaks(&["--socket", socket, "--from", "x@friends.example", "--to", "anna@example.test,ben@example.test"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(said(&text).iter().filter(|l| l.starts_with("250 2.1.5 Delivered")).count(), 2, "{text}");
    for user in ["anna@example.test", "ben@example.test"] {
        let mail = world.mail_of(user);
        assert_eq!(mail.len(), 1, "{user}: {text}");
        assert_eq!(mail[0].header("Delivered-To"), [user]);
        assert_eq!(mail[0].header("Return-Path"), ["<x@friends.example>"]);
    }
}

#[test]
fn swaks_hears_that_a_user_is_unknown_and_the_others_get_their_mail() {
    if is_missing(&["swaks"], false) {
        return;
    }
    let world = world();
    let port = format!("127.0.0.1:{}", world.tcp_port);
    let to = "nobody@example.test,anna@example.test";
    let (_, text) = swaks(&["--server", &port, "--from", "x@friends.example", "--to", to]);
    assert!(said(&text).iter().any(|l| l.starts_with("550 5.1.1 ")), "{text}");
    assert_eq!(world.mail_of("anna@example.test").len(), 1, "{text}");

    let (code, text) = swaks(&["--server", &port, "--from", "x@friends.example", "--to", "nobody@example.test"]);
    assert_ne!(code, 0, "{text}");
    assert!(!text.contains("354"), "DATA without a recipient must be refused: {text}");
}

#[test]
fn swaks_sees_the_extensions_and_its_eight_bit_text_stays() {
    if is_missing(&["swaks"], false) {
        return;
    }
    let world = world();
    let socket = world.socket();
    let body = "Grüße\n.a dot\n\nfin";
    let (code, text) = swaks(&[
        "--socket",
        socket.to_str().unwrap(),
        "--from",
        "<>",
        "--to",
        "anna@example.test",
        "--body",
        body,
        "--add-header",
        "Content-Type: text/plain; charset=utf-8",
    ]);
    assert_eq!(code, 0, "{text}");
    for word in ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "SIZE", "XFORWARD"] {
        assert!(said(&text).iter().any(|l| l.get(4..).unwrap_or_default().starts_with(word)), "no {word}: {text}");
    }
    for word in ["CHUNKING", "DSN", "STARTTLS"] {
        assert!(!said(&text).iter().any(|l| l.get(4..).unwrap_or_default().starts_with(word)), "{word}: {text}");
    }
    let mail = world.mail_of("anna@example.test");
    assert_eq!(mail[0].header("Return-Path"), ["<>"]);
    let stored = String::from_utf8(mail[0].bytes.clone()).unwrap();
    assert!(stored.contains("\r\n\r\nGrüße\r\n.a dot\r\n\r\nfin\r\n"), "{stored}");
}
