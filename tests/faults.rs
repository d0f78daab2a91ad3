//! Faults: for n = 1, 2, 3 … the n-th call of the disk fails, or the process dies there, until a run passes untouched.
//!
//! Keeps invariants 1 to 3: what was answered with success is there; a crash or a failed try leaves a copy too many at
//! worst, never one too few, never a piece; our own trouble is answered 4xx. The database's own faults are tested beside
//! it. Method: How SQLite Is Tested, out-of-memory and I/O error tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "a test that can't run says so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tamis::filter::Class;
use tamis::mail::{Address, Stamp};
use tamis::plan::{Action, Edit, Flags, FolderName, Hold, Mailbox, Plan, Quota, Rcpt};
use tamis::refusal::Refusal;
use tamis::store::{Disk, Held, Key, Options, Order, Quarantine, Receipt, Store, quarantine};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const KEY: Key = Key([7; 32]);
const OTHER_KEY: Key = Key([8; 32]);
/// A run makes some dozens of calls; one that is still hit after this many would never end.
const CALLS_MAX: u64 = 500;

/// Where the copies of [`filed`] belong.
const FOLDERS: [&str; 3] = ["new", ".Lists.Rust/new", ".Kept/cur"];

fn message() -> Vec<u8> {
    format!("Subject: faults\r\n\r\n{}", "0123456789\n".repeat(20_000)).into_bytes()
}

/// keep, and two folders that are not there yet, one with flags; both with another header.
fn filed() -> Plan {
    let file = |folder: &str, flags: &[&str], edits| Action::File {
        folder: FolderName::parse(folder).unwrap(),
        flags: Flags::from_names(flags.iter().copied()),
        edits,
    };
    let actions = vec![file("INBOX", &[], 0), file("Lists.Rust", &[], 1), file("Kept", &["\\Seen", "work"], 1)];
    let edits = vec![Edit::Add { name: "X-Edited".into(), value: "yes".into(), last: false }];
    Plan { actions, edits, ..Plan::default() }
}

/// What the copy of [`filed`] in a folder holds.
fn copy_in(folder: &str) -> Vec<u8> {
    let head = if folder == "new" { "" } else { "X-Edited: yes\r\n" };
    [head.as_bytes(), &message()].concat()
}

fn held_and_kept() -> Plan {
    let hold = Hold { why: "test".into(), operator_only: false };
    let actions = [vec![Action::Quarantine { hold }], Plan::keep().actions].concat();
    Plan { actions, ..Plan::default() }
}

/// A fresh machine with one user.
struct House {
    place: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        // What is tested is the order of calls, not the disk: in memory, where that is possible, syncs cost nothing.
        let memory = Path::new("/dev/shm");
        let place = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        Self { place: place.unwrap() }
    }

    fn open(&self, disk: Disk) -> Result<Store, Refusal> {
        open(self.place.path(), disk)
    }

    /// Octets of every message that a user sees, by folder.
    fn visible(&self) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
        let maildir = mailbox(self.place.path()).maildir;
        FOLDERS.into_iter().map(|folder| (folder, files(&maildir.join(folder)))).collect()
    }

    /// How many copies each folder of the plan has; each must be whole.
    fn copies(&self, what: &str) -> Vec<usize> {
        let visible = self.visible();
        let count = |folder: &&str| {
            let (files, whole) = (&visible[folder], copy_in(folder));
            assert!(files.iter().all(|bytes| *bytes == whole), "{what}: a message in {folder} is not whole");
            files.len()
        };
        FOLDERS.iter().map(count).collect()
    }

    fn tmp(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(mailbox(self.place.path()).maildir.join("tmp")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn held(&self, quarantine: &Quarantine) -> usize {
        let rows = quarantine.list(&quarantine::Wanted { limit: 100, ..Default::default() }).unwrap();
        for row in &rows {
            assert_eq!(quarantine.get(&row.id).unwrap().unwrap().1, message(), "a held message is not whole");
        }
        rows.len()
    }
}

fn files(dir: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn open(place: &Path, disk: Disk) -> Result<Store, Refusal> {
    Store::open(&Options { dir: place.join("data"), host_name: "mx.example".into() }, disk)
}

fn mailbox(place: &Path) -> Mailbox {
    let home = place.join("home/anna");
    Mailbox {
        user: "anna".into(),
        domain: String::new(),
        maildir: home.join("Maildir"),
        home,
        owner: None,
        quota: Quota { bytes: Some(1 << 30), messages: None },
    }
}

/// One try, as the LMTP door makes it.
fn deliver(store: &Store, place: &Path, plan: &Plan, key: Key) -> Result<Receipt, Refusal> {
    let holds = plan.actions.iter().any(|action| matches!(action, Action::Quarantine { .. }));
    let (rcpt, message, stamp) = (rcpt(place), message(), Stamp::default());
    let held = holds.then(|| row(message.len() as u64));
    store.carry_out(&Order { plan, rcpt: &rcpt, message: &message, stamp: &stamp, key, held, leaving: None })
}

fn rcpt(place: &Path) -> Rcpt {
    Rcpt { address: Address::parse("anna@example.org").unwrap(), mailbox: mailbox(place) }
}

/// As Postfix does it: until it is taken. A fault that the first try did not reach hits a later one.
fn retry(store: &Store, house: &House, plan: &Plan, key: Key) -> Receipt {
    (0..5).find_map(|_| deliver(store, house.place.path(), plan, key).ok()).expect("no try was taken")
}

fn row(bytes: u64) -> Held {
    Held {
        id: Held::new_id().unwrap(),
        at: 1_700_000_000,
        expires_at: i64::MAX,
        user: "anna".into(),
        rcpt: "anna@example.org".into(),
        reverse_path: String::new(),
        from_text: String::new(),
        subject: "faults".into(),
        message_id: String::new(),
        class: Class::Spam,
        score: 9.0,
        why: "test".into(),
        operator_only: false,
        findings: vec![],
        bytes,
        released_at: None,
        session: "{}".into(),
    }
}

fn assert_try_again(refusal: &Refusal, what: &str) {
    assert!((400..500).contains(&refusal.reply().0), "{what}: {refusal}");
}

/// A store that could not be opened answers nothing; the machine is started again with a sound disk.
fn open_or_restart(house: &House, disk: &Disk, what: &str) -> Store {
    house.open(disk.clone()).unwrap_or_else(|refusal| {
        assert_try_again(&refusal, what);
        house.open(Disk::default()).unwrap()
    })
}

/// The next message arrives once, and nothing is left in `tmp/`.
fn assert_goes_on(house: &House, store: Store, what: &str) {
    retry(&store, house, &Plan::keep(), OTHER_KEY);
    drop(store);
    let store = house.open(Disk::default()).unwrap();
    deliver(&store, house.place.path(), &Plan::keep(), Key([9; 32])).unwrap();
    drop(store);
    assert_eq!(house.tmp(), Vec::<String>::new(), "{what}: left in tmp/");
}

#[test]
fn nothing_is_answered_before_every_file_and_every_folder_is_synced() {
    let house = House::new();
    let disk = Disk::recording();
    let store = house.open(disk.clone()).unwrap();
    deliver(&store, house.place.path(), &filed(), KEY).unwrap();
    deliver(&store, house.place.path(), &held_and_kept(), OTHER_KEY).unwrap();
    let log = disk.log();
    let synced = |path: &Path, from: usize, to: usize| {
        log.iter().take(to).skip(from).any(|(what, synced)| what == "fsync" && synced == path)
    };
    let mut seen = [0, 0];
    for (at, (what, path)) in log.iter().enumerate() {
        let parent = path.parent().unwrap();
        match what.as_str() {
            "link" => {
                assert!(synced(parent, at, log.len()), "the folder of {path:?} was not synced after the link");
                let written = log[..at].iter().rposition(|(what, _)| what == "write").unwrap();
                let file = &log[written].1;
                assert!(synced(file, written, at), "{file:?} was linked before it was synced");
                seen[0] += 1;
            }
            "mkdir" => {
                assert!(synced(parent, at, log.len()), "the parent of {path:?} was not synced after it was made");
                seen[1] += 1;
            }
            _ => {}
        }
    }
    // Three folders, quarantine and INBOX; at least home, Maildir, two folders with three parts each and the data.
    assert!(seen[0] == 5 && seen[1] > 12, "{seen:?}");
}

#[test]
fn a_call_that_fails_once_is_answered_with_try_again_and_the_retry_stores_each_copy_once() {
    for errno in [EIO, ENOSPC] {
        for call in 1..=CALLS_MAX {
            let what = format!("errno {errno} at call {call}");
            let house = House::new();
            let disk = Disk::failing_at(call, errno);
            let store = open_or_restart(&house, &disk, &what);
            if let Err(refusal) = deliver(&store, house.place.path(), &filed(), KEY) {
                assert_try_again(&refusal, &what);
                assert_eq!(house.copies(&what), [0, 0, 0], "{what}: a refused message is seen");
                let receipt = deliver(&store, house.place.path(), &filed(), KEY).unwrap();
                assert!(!receipt.already, "{what}: nothing was stored before");
            }
            assert_eq!(house.copies(&what), [1, 1, 1], "{what}");
            assert_goes_on(&house, store, &what);
            if disk.calls() < call {
                println!("errno {errno}: {} calls failed one by one", call - 1);
                break;
            }
            assert!(call < CALLS_MAX, "no end");
        }
    }
}

#[test]
fn a_disk_that_fails_for_good_keeps_what_is_shown_whole_and_the_restart_completes_it() {
    for call in 1..=CALLS_MAX {
        let what = format!("EIO from call {call} on");
        let house = House::new();
        let disk = Disk::failing_from(call, EIO);
        let result = house.open(disk.clone()).and_then(|store| deliver(&store, house.place.path(), &filed(), KEY));
        if let Err(refusal) = &result {
            assert_try_again(refusal, &what);
        }
        let before = house.copies(&what);
        let store = house.open(Disk::default()).unwrap();
        let retry = deliver(&store, house.place.path(), &filed(), KEY).unwrap();
        assert_retried(&before, &house.copies(&what), &retry, &what);
        assert_goes_on(&house, store, &what);
        if disk.calls() < call {
            println!("{} calls failed with all after them", call - 1);
            return;
        }
    }
    panic!("no end");
}

#[test]
fn links_that_could_not_be_taken_back_are_found_by_the_next_try_without_a_restart() {
    let mut found = 0;
    for call in 1..=CALLS_MAX {
        let what = format!("EIO at calls {call} to {}", call + 3);
        let house = House::new();
        // The call, and the three that take the links back.
        let disk = Disk::failing_between(call, call + 3, EIO);
        let Ok(store) = house.open(disk.clone()) else { continue };
        let result = deliver(&store, house.place.path(), &filed(), KEY);
        let before = house.copies(&what);
        let retried = retry(&store, &house, &filed(), KEY);
        assert_retried(&before, &house.copies(&what), &retried, &what);
        found += usize::from(result.is_err() && retried.already);
        assert_goes_on(&house, store, &what);
        if disk.calls() < call {
            assert!(found > 0, "the way that this is about was never walked");
            return;
        }
    }
    panic!("no end");
}

/// After a crash or a lasting fault: whole plans are not repeated, others are completed.
fn assert_retried(before: &[usize], after: &[usize], retry: &Receipt, what: &str) {
    if before.iter().all(|copies| *copies == 1) {
        assert!(retry.already, "{what}: the whole plan was shown, and the retry did not know");
        assert_eq!(after, [1, 1, 1], "{what}");
    } else {
        assert!(!retry.already, "{what}: {before:?} was taken for the whole plan");
        // Those that were shown can't be taken back (see store/leftovers.rs): a copy too many.
        let want: Vec<usize> = before.iter().map(|copies| copies + 1).collect();
        assert_eq!(after, want, "{what}");
    }
}

#[test]
fn a_process_killed_at_any_call_loses_nothing_and_repeats_no_whole_plan() {
    let mut whole = 0;
    for call in 1..=CALLS_MAX {
        let what = format!("killed at call {call}");
        let house = House::new();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_child_that_is_killed", "--nocapture", "--test-threads=1"])
            .env("TAMIS_FAULTS_PLACE", house.place.path())
            .env("TAMIS_FAULTS_CALL", call.to_string())
            .current_dir(house.place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let before = house.copies(&what);
        let store = house.open(Disk::default()).unwrap();
        let retry = deliver(&store, house.place.path(), &filed(), KEY).unwrap();
        assert_retried(&before, &house.copies(&what), &retry, &what);
        assert_goes_on(&house, store, &what);
        whole += u64::from(retry.already);
        if status.success() {
            println!("killed at each of {} calls, {whole} times after the whole plan was shown", call - 1);
            assert!(whole > 1, "never killed between showing and sweeping");
            return;
        }
    }
    panic!("no end");
}

/// Only with the environment of the test above.
#[test]
fn the_child_that_is_killed() {
    let Ok(place) = std::env::var("TAMIS_FAULTS_PLACE") else { return };
    let call: u64 = std::env::var("TAMIS_FAULTS_CALL").unwrap().parse().unwrap();
    let place = PathBuf::from(place);
    let store = open(&place, Disk::aborting_at(call)).unwrap();
    deliver(&store, &place, &filed(), KEY).unwrap();
}

#[test]
fn a_plan_that_holds_and_keeps_is_carried_out_whole_or_not_at_all() {
    for call in 1..=CALLS_MAX {
        let what = format!("EIO at call {call}");
        let house = House::new();
        let disk = Disk::failing_at(call, EIO);
        let store = open_or_restart(&house, &disk, &what);
        let result = deliver(&store, house.place.path(), &held_and_kept(), KEY);
        if let Err(refusal) = &result {
            assert_try_again(refusal, &what);
            assert_eq!((house.copies(&what)[0], house.held(&store.quarantine)), (0, 0), "{what}: refused, but there");
            deliver(&store, house.place.path(), &held_and_kept(), KEY).unwrap();
        }
        drop(store);
        let store = house.open(Disk::default()).unwrap();
        assert_eq!((house.copies(&what)[0], house.held(&store.quarantine)), (1, 1), "{what}");
        if disk.calls() < call {
            return;
        }
    }
    panic!("no end");
}
