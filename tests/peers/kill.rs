//! The process dies in the middle, several times: what was answered 250 is there once, whole.

use crate::world::{
    Ledger, Wire, World,
    letters::{self, Letter},
    wire::as_received,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

const LETTERS: usize = 200;
const SENDERS: usize = 8;
const USERS: usize = 10;
/// The server is killed when this many letters in all have their 250; the last round runs to the end.
const KILLED_AT: [usize; 5] = [1, 23, 60, 111, 170];

/// (letter, recipient) that got a 250.
type Safe = BTreeSet<(String, String)>;

#[test]
fn after_kills_every_acknowledged_letter_is_there_once_and_whole() {
    let users: Vec<String> = (0..USERS).map(|n| format!("user{n}@example.test")).collect();
    let mut world = World::new();
    world.accept_domains(&["example.test"]);
    let letters = letters::mixed(LETTERS, &users);
    let safe = Mutex::new(Safe::new());
    for kill_at in KILLED_AT.into_iter().map(Some).chain([None]) {
        world.start();
        round(&mut world, &letters, &safe, kill_at, World::kill);
        let acknowledged = safe.lock().unwrap().clone();
        assert_whole(&world, &letters, &users, &acknowledged);
        world.kill();
    }
    let safe = safe.into_inner().unwrap();
    let wanted: Safe = letters.iter().flat_map(|l| l.rcpts.iter().map(|r| (l.id.clone(), r.clone()))).collect();
    assert_eq!(safe.len(), wanted.len(), "after the last round everything is acknowledged");
}

#[test]
fn a_stop_finishes_what_has_arrived_and_loses_nothing() {
    let users: Vec<String> = (0..USERS).map(|n| format!("user{n}@example.test")).collect();
    let mut world = World::new();
    world.accept_domains(&["example.test"]);
    let letters = letters::mixed(LETTERS, &users);
    let safe = Mutex::new(Safe::new());
    world.start();
    round(&mut world, &letters, &safe, Some(40), |world| {
        let ended = world.stop();
        assert!(ended.success(), "the server ended with {ended}:\n{}", world.log());
    });
    let safe = safe.into_inner().unwrap();
    assert_whole(&world, &letters, &users, &safe);
    assert!(safe.len() >= 40);
    // Every stored letter has had its answer: nothing will come twice.
    let stored: usize = users.iter().map(|user| world.mail_of(user).len()).sum();
    assert_eq!(stored, safe.len(), "stored, and answered 250");
}

/// Sends all that has no 250 yet under several senders, and ends the server as soon as so many letters have one.
fn round(world: &mut World, letters: &[Letter], safe: &Mutex<Safe>, end_at: Option<usize>, end: impl Fn(&mut World)) {
    let next = AtomicUsize::new(0);
    let (event, events) = mpsc::channel();
    let socket = world.socket();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            let (event, next, socket) = (event.clone(), &next, &socket);
            scope.spawn(move || {
                // A broken connection ends this sender's round; what has no 250 is sent again in the next.
                let wire = Wire::unix(socket).and_then(|w| w.greeted("LHLO mx.tamis.example"));
                let Ok(mut wire) = wire else { return };
                while let Some(letter) = letters.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !send(&mut wire, letter, safe) {
                        return;
                    }
                    event.send(()).ok();
                }
            });
        }
        drop(event);
        let mut end_at = end_at;
        while events.recv().is_ok() {
            if end_at.is_some_and(|at| safe.lock().unwrap().len() >= at) {
                end(world);
                end_at = None;
            }
        }
    });
}

/// Sends to those recipients that have no 250 yet, and books every reply that came. False where the line broke.
fn send(wire: &mut Wire, letter: &Letter, safe: &Mutex<Safe>) -> bool {
    let open: Vec<String> = {
        let safe = safe.lock().unwrap();
        letter.rcpts.iter().filter(|r| !safe.contains(&(letter.id.clone(), (*r).clone()))).cloned().collect()
    };
    if open.is_empty() {
        return true;
    }
    let mut ledger = Ledger::default();
    let sent = wire.deliver(&mut ledger, &letter.from, &open, &letter.bytes);
    for (rcpt, reply) in ledger.answers {
        assert_eq!(reply.code, 250, "{} to {rcpt}: {reply}", letter.id);
        safe.lock().unwrap().insert((letter.id.clone(), rcpt));
    }
    sent.is_ok()
}

/// Every acknowledged letter once and whole; nothing half; nothing twice.
fn assert_whole(world: &World, letters: &[Letter], users: &[String], acknowledged: &Safe) {
    let by_id: BTreeMap<&str, &Letter> = letters.iter().map(|l| (l.id.as_str(), l)).collect();
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for user in users {
        for stored in world.mail_of(user) {
            let id = stored.header("X-Test-Id").join(",");
            let letter = by_id.get(id.as_str()).unwrap_or_else(|| panic!("{user}: {id:?} was never sent"));
            assert!(letter.rcpts.contains(user), "{id} is not for {user}");
            assert!(stored.bytes.ends_with(&as_received(&letter.bytes)), "{id} of {user} is not whole");
            assert_eq!(stored.folder, letter.kind.folder(), "{id} of {user}");
            *found.entry((id, user.clone())).or_default() += 1;
        }
    }
    for pair in acknowledged {
        assert_eq!(found.get(pair), Some(&1), "{pair:?} was answered 250; how often it is there");
    }
    let twice: Vec<_> = found.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "there more than once: {twice:?}");
}
