//! Many recipients, good, unknown and full: one reply each, in order (RFC 2033 §4.2).

use crate::world::{Ledger, World};

/// What each recipient is by its number: every seventh unknown, every fifth of the rest full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Good,
    Unknown,
    Full,
}

fn kind(n: usize) -> Is {
    match (n % 7, n % 5) {
        (6, _) => Is::Unknown,
        (_, 1) => Is::Full,
        _ => Is::Good,
    }
}

fn answers_come_one_each_in_order(count: usize) {
    let address = |n: usize| format!("user{n}@example.test");
    let users: Vec<(String, &str)> = (0..count)
        .filter(|n| kind(*n) != Is::Unknown)
        .map(|n| (address(n), if kind(n) == Is::Full { "userdb_quota_rule=*:bytes=100" } else { "" }))
        .collect();
    let mut world = World::new();
    let passwd = world.passwd_file(&users);
    world.set(&format!("[users]\npasswd_file = {passwd:?}\n"));
    world.start();

    let letter = b"From: <x@friends.example>\r\nTo: <all@example.test>\r\nDate: Fri, 21 Nov 2025 10:00:00 +0000\r\n\
        Message-ID: <1@friends.example>\r\nSubject: to all\r\n\r\nHello all\r\n";
    let rcpts: Vec<String> = (0..count).map(address).collect();
    let mut ledger = Ledger::default();
    world.lmtp().deliver(&mut ledger, "x@friends.example", &rcpts, letter).unwrap();

    for (n, reply) in ledger.rcpts.iter().enumerate() {
        let want = if kind(n) == Is::Unknown { "550 5.1.1 " } else { "250 2.1.5 " };
        assert!(reply.to_string().starts_with(want), "RCPT {n}: {reply}, not {want}");
    }
    let accepted: Vec<usize> = (0..count).filter(|n| kind(*n) != Is::Unknown).collect();
    assert_eq!(ledger.answers.len(), accepted.len(), "one answer per accepted recipient");
    for (n, (_, reply)) in accepted.iter().zip(&ledger.answers) {
        let want = if kind(*n) == Is::Full { "452 4.2.2 " } else { "250 2." };
        assert!(reply.to_string().starts_with(want), "answer of recipient {n}: {reply}, not {want}");
        let copies = world.mail_of(&address(*n)).len();
        assert_eq!(copies, usize::from(kind(*n) == Is::Good), "copies of recipient {n}");
    }
    // The next transaction on a new line is not out of step.
    let mut ledger = Ledger::default();
    world.lmtp().deliver(&mut ledger, "", &rcpts[..1], b"Subject: one more\r\n\r\nx\r\n").unwrap();
    assert_eq!(ledger.answers.len(), 1);
}

#[test]
fn two_recipients_are_answered_one_each_in_order() {
    answers_come_one_each_in_order(2);
}

#[test]
fn fifty_recipients_are_answered_one_each_in_order() {
    answers_come_one_each_in_order(50);
}

#[test]
fn a_thousand_recipients_are_answered_one_each_in_order() {
    answers_come_one_each_in_order(1000);
}
