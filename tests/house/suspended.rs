//! A script that fails again and again: its user is told once, loses nothing, and a changed script runs at once.

use crate::world::{Ledger, World, header_values};
use tamis::limits::SCRIPT_FAILURES_MAX;

fn deliver(world: &World, number: u32) {
    let letter = format!(
        "From: <x@friends.example>\r\nTo: <anna@example.org>\r\nDate: Fri, 21 Nov 2025 10:00:00 +0000\r\n\
         Message-ID: <{number}@friends.example>\r\nSubject: number {number}\r\n\r\nHello\r\n"
    );
    let mut ledger = Ledger::default();
    let rcpts = ["anna@example.org".to_string()];
    world.lmtp().deliver(&mut ledger, "x@friends.example", &rcpts, letter.as_bytes()).unwrap();
    assert_eq!(ledger.answers[0].1.code, 250, "{ledger:?}");
}

#[test]
fn a_script_that_always_fails_is_suspended_with_one_letter_until_it_is_changed() {
    let mut world = World::new();
    world.accept_domains(&["example.org"]);
    world.make_home("anna@example.org");
    world.own_file("mail/anna/.dovecot.sieve", "fileinto \"Work\";\n");
    world.start();
    let told = |world: &World| {
        let subject = |bytes: &[u8]| header_values(bytes, "Subject").concat();
        let mail = world.mail_of("anna@example.org");
        mail.into_iter().filter(|mail| subject(&mail.bytes).contains("switched off")).collect::<Vec<_>>()
    };
    for number in 1..SCRIPT_FAILURES_MAX {
        deliver(&world, number);
    }
    assert_eq!(told(&world).len(), 0, "told too early");
    for number in SCRIPT_FAILURES_MAX..SCRIPT_FAILURES_MAX + 3 {
        deliver(&world, number);
    }
    let [letter] = &told(&world)[..] else { panic!("{} letters", told(&world).len()) };
    assert_eq!(letter.folder, "INBOX");
    let words = String::from_utf8_lossy(&letter.bytes).into_owned();
    assert!(words.contains(&format!("last {SCRIPT_FAILURES_MAX} messages")) && words.contains("fileinto"), "{words}");
    assert_eq!(letter.header("Auto-Submitted"), ["auto-generated"]);
    let kept = world.mail_of("anna@example.org");
    assert_eq!(kept.len(), usize::try_from(SCRIPT_FAILURES_MAX).unwrap() + 3, "22 messages and the letter");
    let suspended = |bytes: &[u8]| header_values(bytes, "X-PM-Sieve").concat().contains("suspended");
    assert_eq!(kept.iter().filter(|mail| suspended(&mail.bytes)).count(), 2, "those after the one too many");

    world.own_file("mail/anna/.dovecot.sieve", "require \"fileinto\";\nfileinto \"Work\";\n");
    deliver(&world, 100);
    let filed: Vec<String> = world.mail_of("anna@example.org").into_iter().map(|mail| mail.folder).collect();
    assert_eq!(filed.iter().filter(|folder| *folder == "INBOX.Work").count(), 1, "{filed:?}");
    assert_eq!(told(&world).len(), 1);
}
