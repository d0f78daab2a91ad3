//! How often somebody guessed wrong, and how long the next try from there waits.
//!
//! Counts by address, of IPv6 by the /64 that one customer has; webmails by the name they try, because one of them
//! speaks for many. Nobody is locked out: a wait ends, and other addresses don't notice. A try that
//! hangs up early has taken its turn all the same. Does not know whether a guess is right.

use crate::limits::{
    GUESS_SECONDS_MAX, GUESS_WAIT_SECONDS_MAX, GUESSES_FORGOTTEN_SECONDS, GUESSES_FREE, GUESSES_KEPT_MAX,
};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    known: Mutex<HashMap<Key, Known>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(String),
}

#[derive(Clone, Copy, Debug)]
struct Known {
    wrong: u32,
    last: Instant,
    /// Before this moment no further try is looked at.
    next: Instant,
}

/// One try's turn.
pub(super) struct Slot {
    guesses: Arc<Guesses>,
    key: Option<Key>,
    wait: Option<Duration>,
}

impl Guesses {
    /// Takes a turn for a try from that address, or for a name where one address speaks for many; the name is empty where
    /// it is not known yet, and then nothing is counted.
    pub(super) fn slot(self: &Arc<Self>, address: IpAddr, name: Option<&str>) -> Slot {
        let key = key(address.to_canonical(), name);
        let wait = key.as_ref().map_or(Some(Duration::ZERO), |key| self.reserve(key, Instant::now()));
        Slot { guesses: Arc::clone(self), key, wait }
    }

    /// How long that try waits; `None` where too many wait already.
    fn reserve(&self, key: &Key, now: Instant) -> Option<Duration> {
        let mut known = self.lock();
        let Some(of) = known.get_mut(key).filter(|of| !is_old(of, now)) else { return Some(Duration::ZERO) };
        let penalty = penalty(of.wrong);
        let at = of.next.max(now);
        let wait = at.saturating_duration_since(now);
        if wait > Duration::from_secs(GUESS_WAIT_SECONDS_MAX) {
            return None;
        }
        of.next = at + penalty;
        Some(wait)
    }

    fn wrong(&self, key: &Key, now: Instant) {
        let mut known = self.lock();
        if known.len() >= GUESSES_KEPT_MAX && !known.contains_key(key) {
            known.retain(|_, of| !is_old(of, now));
            if known.len() >= GUESSES_KEPT_MAX {
                known.clear();
            }
        }
        let of = known.entry(key.clone()).or_insert(Known { wrong: 0, last: now, next: now });
        of.wrong = if is_old(of, now) { 1 } else { of.wrong.saturating_add(1) };
        of.last = now;
        of.next = of.next.max(now + penalty(of.wrong));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// How long to wait before looking; `None`: not at all.
    pub(super) fn wait(&self) -> Option<Duration> {
        self.wait
    }

    pub(super) fn wrong(&self) {
        if let Some(key) = &self.key {
            self.guesses.wrong(key, Instant::now());
        }
    }

    /// Forgets what was guessed under that name; an address may try many names, so it is not forgiven.
    pub(super) fn right(&self) {
        if let Some(key @ Key::Name(_)) = &self.key {
            self.guesses.lock().remove(key);
        }
    }
}

fn key(address: IpAddr, name: Option<&str>) -> Option<Key> {
    if let Some(name) = name {
        return (!name.is_empty()).then(|| Key::Name(name.to_lowercase()));
    }
    Some(Key::Address(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }))
}

/// Doubled with every wrong answer after the first few.
fn penalty(wrong: u32) -> Duration {
    let seconds = match wrong.checked_sub(GUESSES_FREE) {
        None | Some(0) => 0,
        Some(more) => 1_u64.checked_shl(more - 1).unwrap_or(u64::MAX).min(GUESS_SECONDS_MAX),
    };
    Duration::from_secs(seconds)
}

fn is_old(of: &Known, now: Instant) -> bool {
    now.saturating_duration_since(of.last) > Duration::from_secs(GUESSES_FORGOTTEN_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Key {
        key(text.parse().unwrap(), None).unwrap()
    }

    #[test]
    fn penalties_grow_and_end() {
        let seconds: Vec<u64> = (0..12).map(|wrong| penalty(wrong).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15, 15]);
        assert_eq!(penalty(u32::MAX).as_secs(), GUESS_SECONDS_MAX);
    }

    #[test]
    fn a_guesser_waits_in_line_and_others_do_not() {
        let guesses = Guesses::default();
        let (now, bad) = (Instant::now(), address("192.0.2.1"));
        assert_eq!(guesses.reserve(&bad, now), Some(Duration::ZERO));
        (0..6).for_each(|_| guesses.wrong(&bad, now));
        // 4 s after the sixth; tries side by side wait one behind the other, whether they hang up or not.
        let waits: Vec<_> = (0..10).map(|_| guesses.reserve(&bad, now).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits[..3], [Some(4), Some(8), Some(12)]);
        assert_eq!(waits.last(), Some(&None));
        assert_eq!(guesses.reserve(&address("192.0.2.2"), now), Some(Duration::ZERO));
        let later = now + Duration::from_secs(GUESSES_FORGOTTEN_SECONDS + 1);
        assert_eq!(guesses.reserve(&bad, later), Some(Duration::ZERO));
    }

    #[test]
    fn one_customer_is_one_guesser_and_one_webmail_is_many() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:2"));
        assert_ne!(address("2001:db8:0:1::1"), address("2001:db8::1"));
        let here = "127.0.0.1".parse().unwrap();
        assert_eq!(key(here, Some("Anna")), Some(Key::Name("anna".into())));
        assert_eq!(key(here, Some("")), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for n in 0..=GUESSES_KEPT_MAX {
            guesses.wrong(&Key::Name(n.to_string()), now);
        }
        assert!(guesses.lock().len() <= GUESSES_KEPT_MAX);
    }
}
