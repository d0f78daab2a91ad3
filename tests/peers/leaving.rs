//! What scripts send goes to an own Postfix, which brings it to its recipients by our own LMTP.

use crate::{
    is_missing,
    postfix::Postfix,
    world::{World, header_values, wait_until},
};
use std::time::Duration;
use tamis::ask::Submission;
use tamis::config::Settings;
use tamis::mail::{Address, REDIRECTED, Stamp};
use tamis::plan::{Action, Content, Mailbox, Once, Outgoing, OutgoingKind, Plan, Quota, Rcpt};
use tamis::store::{Disk, Key, Leaving, Options, Order, Parcel, PerDay, Place, Receipt, Store};
use tokio::runtime::Runtime;

const MESSAGE: &str = "From: Ben <ben@example.test>\r\nTo: <anna@example.org>\r\nMessage-ID: <leaving@friends.example>\r\n\
    Subject: Grüße\r\n\r\n.\r\n..dots\r\nünïcödé\r\n";

fn send(kind: OutgoingKind, to: &str, content: Content) -> Plan {
    let once = (kind == OutgoingKind::Vacation).then(|| Once { key: "aa".into(), seconds: 86_400 });
    let from = if kind == OutgoingKind::Redirect { "carla@example.test" } else { "" };
    let outgoing = Outgoing { kind, from: from.into(), to: vec![to.into()], content, once };
    let keep = matches!(kind, OutgoingKind::Vacation).then(|| Plan::keep().actions).unwrap_or_default();
    Plan { actions: [keep, vec![Action::Send(outgoing)]].concat(), ..Plan::default() }
}

fn words(subject: &str) -> Content {
    Content::Text(format!("From: <anna@example.org>\r\nSubject: {subject}\r\n\r\nWords of ours\r\n"))
}

/// Carries plans out as a delivery for anna@example.org does, in a house of its own.
struct Sender {
    folder: tempfile::TempDir,
    store: Store,
    submission: Submission,
    runtime: Runtime,
}

impl Sender {
    fn to(smtp_port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { dir: folder.path().join("data"), host_name: "tamis.example".into() };
        let mut settings = Settings::embedded();
        settings.leaving.submission = ([127, 0, 0, 1], smtp_port).into();
        let (store, submission) = (Store::open(&options, Disk::default()).unwrap(), Submission::new(&settings));
        Self { folder, store, submission, runtime: Runtime::new().unwrap() }
    }

    fn carry_out(&self, plan: &Plan, key: u8) -> Receipt {
        let home = self.folder.path().join("anna");
        let (maildir, quota) = (home.join("Maildir"), Quota::default());
        let mailbox = Mailbox { user: "anna".into(), domain: String::new(), home, maildir, owner: None, quota };
        let rcpt = Rcpt { address: Address::parse("anna@example.org").unwrap(), mailbox };
        let post = |parcel: &Parcel<'_>| {
            let patience = Duration::from_secs(30);
            self.runtime.block_on(self.submission.hand_over(parcel.from, parcel.to, parcel.message, patience))
        };
        let per_day = PerDay { redirects: 9, vacations: 9, notifications: 9 };
        let leaving = Leaving { post: &post, redirect_from: None, per_day };
        let (stamp, key) = (Stamp::default(), Key([key; 32]));
        let (rcpt, stamp, leaving, message) = (&rcpt, &stamp, Some(&leaving), MESSAGE.as_bytes());
        self.store.carry_out(&Order { plan, rcpt, message, stamp, key, held: None, leaving }).unwrap()
    }
}

#[test]
fn a_redirect_a_vacation_and_a_reject_reach_their_mailboxes_by_postfix() {
    if is_missing(&["postfix", "postqueue"], true) {
        return;
    }
    let mut world = World::new();
    world.accept_domains(&["example.test"]);
    let postfix = Postfix::start(&world);
    world.set(&format!("[lmtp]\ntrusted_uids = [{}]\n", postfix.uid()));
    world.start();
    let sender = Sender::to(postfix.smtp_port);

    sender.carry_out(&send(OutgoingKind::Redirect, "dora@example.test", Content::Message { edits: 0 }), 1);
    sender.carry_out(&send(OutgoingKind::Vacation, "ben@example.test", words("away")), 2);
    sender.carry_out(&send(OutgoingKind::Reject, "emil@example.test", words("rejected")), 3);
    // Every try of the same delivery sends no second copy.
    assert!(sender.carry_out(&send(OutgoingKind::Reject, "emil@example.test", words("rejected")), 3).already);
    let refused =
        sender.carry_out(&send(OutgoingKind::Redirect, "x@elsewhere.example", Content::Message { edits: 0 }), 4);
    let [Place::Folder { folder, .. }, Place::Unsent { why, .. }] = refused.places.as_slice() else {
        panic!("Postfix does not relay there, and its letter is kept: {refused}")
    };
    assert!(folder == "INBOX" && why.contains("554"), "{refused}");

    let arrived = |user: &str| world.mail_of(&format!("{user}@example.test"));
    let all = ["dora", "ben", "emil"];
    wait_until(60, "all have arrived", || all.iter().all(|user| !arrived(user).is_empty()));
    wait_until(60, "Postfix's queue is empty", || postfix.queue().is_empty());
    let [dora, ben, emil] = all.map(|user| {
        let mut mail = arrived(user);
        assert_eq!(mail.len(), 1, "{user}");
        mail.remove(0)
    });
    assert_eq!(dora.header(REDIRECTED), ["anna@example.org"]);
    assert_eq!(dora.header("Return-Path"), ["<carla@example.test>"]);
    let below = dora.bytes.get(dora.bytes.len() - MESSAGE.len()..).unwrap();
    assert_eq!(String::from_utf8_lossy(below), MESSAGE);
    for (mail, subject) in [(&ben, "away"), (&emil, "rejected")] {
        assert_eq!(mail.header("Subject"), [subject]);
        assert_eq!(header_values(&mail.bytes, "Return-Path"), ["<>"]);
        assert!(mail.bytes.ends_with(b"\r\nWords of ours\r\n"));
    }
}
