//! What leaves, against a server that takes it, delays it, refuses it or breaks off, while the disk fails or the process
//! dies: nothing is acknowledged with a missing action, and no retry sends again what was taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "a test says how far it came")]

#[path = "world/takes_mail.rs"]
mod takes_mail;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use takes_mail::Server;
use tamis::ask::Submission;
use tamis::config::Settings;
use tamis::mail::{Address, REDIRECTED, Stamp};
use tamis::plan::{
    Action, Asked, Content, Edit, Flags, FolderName, Mailbox, Once, Outgoing, OutgoingKind, Plan, Quota, Rcpt,
};
use tamis::refusal::{Kind, Refusal};
use tamis::store::{Disk, Key, Leaving, Options, Order, Parcel, PerDay, Place, Receipt, Store};
use tokio::runtime::Runtime;

const EIO: i32 = 5;
const KEY: Key = Key([7; 32]);
const CALLS_MAX: u64 = 500;
const MESSAGE: &[u8] =
    b"From: Ben <ben@friends.example>\r\nMessage-ID: <1@friends.example>\r\nSubject: hi\r\n\r\n.\r\n..dots\r\nbare\nline\r\n";

fn send(kind: OutgoingKind, to: &str, content: Content) -> Action {
    let once = (kind == OutgoingKind::Vacation).then(|| Once { key: "aa".into(), seconds: 86_400 });
    let from = if kind == OutgoingKind::Redirect { "ben@friends.example" } else { "" };
    Action::Send(Outgoing { kind, from: from.into(), to: vec![to.into()], content, once })
}

fn redirect(to: &str) -> Action {
    send(OutgoingKind::Redirect, to, Content::Message { edits: 1 })
}

fn words(kind: OutgoingKind) -> Action {
    send(kind, "ben@friends.example", Content::Text("Subject: away\r\n\r\nI'm away.\r\n".into()))
}

fn keep() -> Action {
    Action::File { folder: FolderName::inbox(), flags: Flags::default(), edits: 0 }
}

fn plan(actions: Vec<Action>) -> Plan {
    let edits = vec![Edit::Add { name: "X-Edited".into(), value: "yes".into(), last: true }];
    let asked = vec![Asked { key: "bb".into(), seconds: 3600, last: false }];
    Plan { actions, edits, asked, ..Plan::default() }
}

/// keep, redirect, reject, vacation: all kinds at once, which no script asks for.
fn all() -> Plan {
    let text = Content::Text("Subject: rejected\r\n\r\nNot here.\r\n".into());
    let reject = send(OutgoingKind::Reject, "carla@friends.example", text);
    plan(vec![words(OutgoingKind::Vacation), keep(), redirect("anna@elsewhere.example"), reject])
}

/// One user of a fresh machine, and the server beside it.
struct House {
    place: tempfile::TempDir,
    server: Server,
}

impl House {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let place = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap();
        Self { place, server: Server::start() }
    }

    fn open(&self, disk: Disk) -> Result<Store, Refusal> {
        open(self.place.path(), disk)
    }

    fn deliver(&self, store: &Store, plan: &Plan, key: Key) -> Result<Receipt, Refusal> {
        deliver(store, self.place.path(), self.server.port, plan, MESSAGE, key)
    }

    /// Everything in INBOX.
    fn inbox(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = std::fs::read_dir(rcpt(self.place.path()).mailbox.maildir.join("new")) else {
            return Vec::new();
        };
        entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// How often each address was sent something.
    fn sent_to(&self, address: &str) -> usize {
        self.server.taken().iter().filter(|taken| taken.to == address).count()
    }
}

fn open(place: &Path, disk: Disk) -> Result<Store, Refusal> {
    Store::open(&Options { dir: place.join("data"), host_name: "mx.example".into() }, disk)
}

fn rcpt(place: &Path) -> Rcpt {
    let home = place.join("home/anna");
    let (maildir, quota) = (home.join("Maildir"), Quota::default());
    let mailbox = Mailbox { user: "anna".into(), domain: String::new(), maildir, home, owner: None, quota };
    Rcpt { address: Address::parse("anna@example.org").unwrap(), mailbox }
}

/// One try, as the LMTP door makes it, with the real way out.
fn deliver(store: &Store, place: &Path, port: u16, plan: &Plan, message: &[u8], key: Key) -> Result<Receipt, Refusal> {
    let mut settings = Settings::embedded();
    settings.leaving.submission = ([127, 0, 0, 1], port).into();
    let (submission, runtime) = (Submission::new(&settings), Runtime::new().unwrap());
    let post = |parcel: &Parcel<'_>| {
        runtime.block_on(submission.hand_over(parcel.from, parcel.to, parcel.message, parcel.patience))
    };
    let per_day = PerDay { redirects: 3, vacations: 3, notifications: 1 };
    let leaving = Leaving { post: &post, redirect_from: None, per_day };
    let (rcpt, stamp) = (rcpt(place), Stamp::default());
    store.carry_out(&Order { plan, rcpt: &rcpt, message, stamp: &stamp, key, held: None, leaving: Some(&leaving) })
}

fn assert_try_again(refusal: &Refusal, what: &str) {
    assert!((400..500).contains(&refusal.reply().0), "{what}: {refusal}");
}

/// The first of a few tries that is taken, each after a restart.
fn retried(house: &House, plan: &Plan, what: &str) -> Receipt {
    (0..5)
        .find_map(|_| {
            let store = house.open(Disk::default()).unwrap();
            house.deliver(&store, plan, KEY).inspect_err(|refusal| assert_try_again(refusal, what)).ok()
        })
        .unwrap_or_else(|| panic!("{what}: no try was taken"))
}

#[test]
fn what_is_sent_arrives_as_it_was_with_its_mark_and_its_dots() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let receipt = house.deliver(&store, &all(), KEY).unwrap();
    let taken = house.server.taken();
    let [first, _, second] = taken.as_slice() else { panic!("{taken:?}") };
    let text = String::from_utf8_lossy(MESSAGE).replace("bare\n", "bare\r\n");
    let want = format!("{REDIRECTED}: anna@example.org\r\n{}", text.replace("hi\r\n", "hi\r\nX-Edited: yes\r\n"));
    assert_eq!((first.from.as_str(), first.to.as_str()), ("ben@friends.example", "anna@elsewhere.example"));
    assert_eq!(String::from_utf8_lossy(&first.message), want);
    assert_eq!((second.from.as_str(), second.to.as_str()), ("", "ben@friends.example"));
    assert_eq!(house.inbox(), [MESSAGE], "the copy in INBOX has no edits");
    let shown = receipt.to_string();
    assert_eq!(
        shown,
        "INBOX, redirect to anna@elsewhere.example, reject to carla@friends.example, vacation to ben@friends.example"
    );
    store.database.flush().unwrap();
    let now = tamis::store::now();
    assert_eq!(store.memory.known("anna", &all().asked, now).unwrap().len(), 1);
}

#[test]
fn a_disk_that_fails_anywhere_neither_loses_an_action_nor_repeats_one() {
    for call in 1..=CALLS_MAX {
        let what = format!("EIO at call {call}");
        let house = House::new();
        let disk = Disk::failing_at(call, EIO);
        let result = house.open(disk.clone()).and_then(|store| house.deliver(&store, &all(), KEY));
        if let Err(refusal) = &result {
            assert_try_again(refusal, &what);
            assert!(house.inbox().is_empty(), "{what}: a refused message is seen");
            retried(&house, &all(), &what);
        }
        assert_all_done(&house, &what);
        if disk.calls() < call {
            println!("{} calls failed one by one", call - 1);
            return;
        }
    }
    panic!("no end");
}

fn assert_all_done(house: &House, what: &str) {
    assert_eq!(house.inbox().len(), 1, "{what}");
    for address in ["anna@elsewhere.example", "carla@friends.example", "ben@friends.example"] {
        assert_eq!(house.sent_to(address), 1, "{what}: {address}: {:?}", house.server.taken());
    }
}

#[test]
fn a_process_killed_at_any_call_of_the_disk_sends_nothing_twice_and_loses_nothing() {
    let mut sent_before = 0;
    for call in 1..=CALLS_MAX {
        let what = format!("killed at call {call}");
        let house = House::new();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_child_that_is_killed", "--nocapture", "--test-threads=1"])
            .env("TAMIS_LEAVING_PLACE", house.place.path())
            .env("TAMIS_LEAVING_PORT", house.server.port.to_string())
            .env("TAMIS_LEAVING_CALL", call.to_string())
            .current_dir(house.place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        sent_before += house.sent_to("anna@elsewhere.example");
        retried(&house, &all(), &what);
        for address in ["anna@elsewhere.example", "carla@friends.example"] {
            assert_eq!(house.sent_to(address), 1, "{what}: {address}: {:?}", house.server.taken());
        }
        // Shown in full and then killed: the reply to its sender may be lost, as RFC 5230 lets it.
        assert!(house.sent_to("ben@friends.example") <= 1 && !house.inbox().is_empty(), "{what}");
        if status.success() {
            println!("killed at each of {} calls, {sent_before} times after the redirect", call - 1);
            assert!(sent_before > 1, "never killed between sending and showing");
            return;
        }
    }
    panic!("no end");
}

/// Only with the environment of the test above.
#[test]
fn the_child_that_is_killed() {
    let Ok(place) = std::env::var("TAMIS_LEAVING_PLACE") else { return };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let place = PathBuf::from(place);
    let store = open(&place, Disk::aborting_at(number("TAMIS_LEAVING_CALL"))).unwrap();
    let port = u16::try_from(number("TAMIS_LEAVING_PORT")).unwrap();
    deliver(&store, &place, port, &all(), MESSAGE, KEY).unwrap();
}

#[test]
fn a_server_that_is_not_ready_refuses_the_delivery_for_now_and_the_retry_sends_once() {
    for (command, reply) in [
        ("connect", "421 4.3.2 busy"),
        ("connect", "554 5.7.1 not you"),
        ("EHLO", ""),
        ("MAIL", "451 4.3.0 later"),
        ("RCPT", "450 4.7.1 greylisted"),
        ("DATA", ""),
        (".", "451 4.3.0 later"),
        (".", ""),
        ("RCPT", "nonsense"),
    ] {
        let what = format!("{reply:?} to {command}");
        let house = House::new();
        house.server.answer_once(command, reply);
        let store = house.open(Disk::default()).unwrap();
        let refusal = house.deliver(&store, &all(), KEY).unwrap_err();
        assert_eq!((refusal.kind, refusal.reply().0), (Kind::Unsent, 451), "{what}: {refusal}");
        assert!(house.inbox().is_empty(), "{what}: a refused message is seen");
        drop(store);
        retried(&house, &all(), &what);
        assert_all_done(&house, &what);
    }
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let refusal = deliver(&store, house.place.path(), 1, &all(), MESSAGE, KEY).unwrap_err();
    assert_eq!(refusal.kind, Kind::Unsent, "nobody is there: {refusal}");
}

#[test]
fn what_is_refused_for_good_is_kept_in_inbox_with_the_reason() {
    for (kind, command) in
        [(OutgoingKind::Redirect, "RCPT"), (OutgoingKind::Reject, "."), (OutgoingKind::Redirect, "MAIL")]
    {
        let house = House::new();
        house.server.answer_once(command, "550 5.1.1 No such user here");
        let store = house.open(Disk::default()).unwrap();
        let action = if kind == OutgoingKind::Redirect { redirect("gone@elsewhere.example") } else { words(kind) };
        let receipt = house.deliver(&store, &plan(vec![action]), KEY).unwrap();
        let [Place::Folder { folder, .. }, Place::Unsent { what, .. }] = receipt.places.as_slice() else {
            panic!("{receipt:?}")
        };
        assert_eq!((folder.as_str(), *what), ("INBOX", kind));
        let [kept] = &house.inbox()[..] else { panic!("{receipt:?}") };
        let kept = String::from_utf8_lossy(kept).replace("\r\n ", " ");
        assert!(kept.starts_with("X-PM-Sieve: ") && kept.contains("550 No such user here"), "{kept}");
        assert!(house.server.taken().is_empty());
    }
}

#[test]
fn of_two_redirects_the_refused_one_is_kept_and_the_other_is_sent_once() {
    let house = House::new();
    house.server.answer_once("RCPT", "250 2.1.5 Ok");
    house.server.answer_once("RCPT", "550 5.1.1 no");
    let store = house.open(Disk::default()).unwrap();
    let both = plan(vec![redirect("one@elsewhere.example"), redirect("two@elsewhere.example")]);
    house.deliver(&store, &both, KEY).unwrap();
    assert_eq!((house.sent_to("one@elsewhere.example"), house.server.taken().len(), house.inbox().len()), (1, 1, 1));
}

#[test]
fn of_several_addresses_the_refused_one_is_told_to_the_user_and_to_nobody_else() {
    let house = House::new();
    house.server.answer_once("RCPT", "550 5.1.1 no");
    let store = house.open(Disk::default()).unwrap();
    let mut all = plan(vec![redirect("one@elsewhere.example")]);
    if let Action::Send(outgoing) = &mut all.actions[0] {
        outgoing.to.push("two@elsewhere.example".into());
    }
    house.deliver(&store, &all, KEY).unwrap();
    let (taken, inbox) = (house.server.taken(), house.inbox());
    assert_eq!((taken.len(), taken[0].to.as_str(), inbox.len()), (1, "two@elsewhere.example", 1));
    assert!(!String::from_utf8_lossy(&taken[0].message).contains("X-PM-Sieve"));
    assert!(String::from_utf8_lossy(&inbox[0]).contains("one@elsewhere.example"));
}

#[test]
fn a_plan_of_replies_alone_keeps_the_message() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    house.deliver(&store, &plan(vec![words(OutgoingKind::Vacation)]), KEY).unwrap();
    assert_eq!((house.inbox().len(), house.server.taken().len()), (1, 1));
}

#[test]
fn a_message_that_comes_back_or_goes_round_is_kept() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let alone = plan(vec![redirect("anna@elsewhere.example")]);
    let marked = [format!("{REDIRECTED}: anna@example.org\r\n").as_bytes(), MESSAGE].concat();
    let hops = ["Received: from a by b\r\n".repeat(60).as_bytes(), MESSAGE].concat();
    for (number, message) in [marked, hops].into_iter().enumerate() {
        let key = Key([10 + u8::try_from(number).unwrap(); 32]);
        deliver(&store, house.place.path(), house.server.port, &alone, &message, key).unwrap();
        assert_eq!((house.inbox().len(), house.server.taken().len()), (number + 1, 0));
    }
}

#[test]
fn the_same_message_goes_to_the_same_address_once_a_day_and_others_go_too() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let alone = plan(vec![redirect("anna@elsewhere.example")]);
    let by_another_way = [b"Received: from a by b\r\n", MESSAGE].concat();
    let other_body = [MESSAGE, b"more\r\n"].concat();
    for (key, message, sent) in [(1, MESSAGE, 1), (2, &by_another_way, 1), (3, &other_body, 2)] {
        let (place, port) = (house.place.path(), house.server.port);
        let receipt = deliver(&store, place, port, &alone, message, Key([key; 32])).unwrap();
        assert_eq!((house.server.taken().len(), receipt.places.len()), (sent, 1), "{receipt}");
    }
    assert!(house.inbox().is_empty());
}

#[test]
fn beyond_the_days_share_redirects_are_kept_and_replies_are_not_sent() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let numbered = |n: u8| [format!("X: {n}\r\nMessage-ID: <{n}@x>\r\n").as_bytes(), MESSAGE].concat();
    for n in 1..=5 {
        let (place, port) = (house.place.path(), house.server.port);
        let actions = vec![redirect("anna@elsewhere.example"), words(OutgoingKind::Notify)];
        deliver(&store, place, port, &plan(actions), &numbered(n), Key([n; 32])).unwrap();
    }
    assert_eq!((house.sent_to("anna@elsewhere.example"), house.inbox().len()), (3, 2));
    assert_eq!(house.sent_to("ben@friends.example"), 1, "one notification a day");
    assert!(house.inbox().iter().all(|kept| String::from_utf8_lossy(kept).contains("X-PM-Sieve: ")));
}

#[test]
fn a_reply_is_sent_once_in_its_time_and_its_failure_costs_nothing_else() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let away = plan(vec![keep(), words(OutgoingKind::Vacation)]);
    house.server.answer_once("RCPT", "550 5.1.1 no");
    for n in 1..=3 {
        let receipt = house.deliver(&store, &away, Key([n; 32])).unwrap();
        assert!(matches!(receipt.places.last(), Some(Place::Unsent { .. })), "{receipt}");
    }
    assert_eq!((house.inbox().len(), house.server.taken().len()), (3, 0), "remembered before it was sent");
}

#[test]
fn a_redirect_comes_from_the_recipient_where_the_settings_say_so_and_a_null_sender_stays_null() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    let post = |parcel: &Parcel<'_>| {
        seen.borrow_mut().push(parcel.from.to_string());
        Ok(())
    };
    let per_day = PerDay { redirects: 9, vacations: 9, notifications: 9 };
    let leaving = Leaving { post: &post, redirect_from: Some("anna@example.org".into()), per_day };
    let mut null = plan(vec![redirect("two@elsewhere.example")]);
    if let Action::Send(outgoing) = &mut null.actions[0] {
        outgoing.from.clear();
    }
    let plans = [plan(vec![redirect("one@elsewhere.example")]), null, plan(vec![keep(), words(OutgoingKind::Notify)])];
    let (rcpt, stamp) = (&rcpt(house.place.path()), &Stamp::default());
    for (number, plan) in plans.iter().enumerate() {
        let (key, leaving) = (Key([u8::try_from(number).unwrap(); 32]), Some(&leaving));
        store.carry_out(&Order { plan, rcpt, message: MESSAGE, stamp, key, held: None, leaving }).unwrap();
    }
    assert_eq!(*seen.borrow(), ["anna@example.org", "", ""]);
}

#[test]
fn a_plan_that_sends_without_a_way_out_is_refused_for_now() {
    let house = House::new();
    let store = house.open(Disk::default()).unwrap();
    let (rcpt, stamp, plan) = (rcpt(house.place.path()), Stamp::default(), all());
    let (plan, rcpt, stamp) = (&plan, &rcpt, &stamp);
    let order = Order { plan, rcpt, message: MESSAGE, stamp, key: KEY, held: None, leaving: None };
    assert_try_again(&store.carry_out(&order).unwrap_err(), "no way out");
    assert!(house.inbox().is_empty());
}

#[test]
fn of_a_hundred_taken_messages_none_is_mixed_up() {
    let house = House::new();
    let settings = {
        let mut settings = Settings::embedded();
        settings.leaving.submission = ([127, 0, 0, 1], house.server.port).into();
        settings
    };
    let (submission, runtime) = (Submission::new(&settings), Runtime::new().unwrap());
    let patience = std::time::Duration::from_secs(30);
    for n in 0..100 {
        let (to, message) = (format!("user{n}@x.example"), format!("N: {n}\r\n\r\n{}", ".\r\n".repeat(n)));
        runtime.block_on(submission.hand_over("", &to, message.as_bytes(), patience)).unwrap();
    }
    for (n, taken) in house.server.taken().iter().enumerate() {
        assert_eq!(taken.to, format!("user{n}@x.example"));
        assert_eq!(String::from_utf8_lossy(&taken.message), format!("N: {n}\r\n\r\n{}", ".\r\n".repeat(n)));
    }
    assert_eq!(house.server.taken().len(), 100);
}
