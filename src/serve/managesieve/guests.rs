//! How many connections each address has: one address must not take all places.
//!
//! Webmails are not counted, because one speaks for many people.

use crate::limits::SIEVE_CONNECTIONS_PER_PEER_MAX;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All that are connected.
#[derive(Debug, Default)]
pub(in crate::serve) struct Guests {
    connected: Mutex<HashMap<IpAddr, usize>>,
}

/// One that is; dropped when the connection ends.
#[derive(Debug)]
pub(super) struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    /// `None` where this address has enough; `many`: it speaks for many.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, many: bool) -> Option<Guest> {
        let address = address.to_canonical();
        let mut connected = self.lock();
        let count = connected.entry(address).or_default();
        if *count >= SIEVE_CONNECTIONS_PER_PEER_MAX && !many {
            return None;
        }
        *count += 1;
        Some(Guest { guests: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut connected = self.guests.lock();
        match connected.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(connected.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_its_share_and_a_webmail_all_it_wants() {
        let guests = Arc::new(Guests::default());
        let (there, here) = ("192.0.2.1".parse().unwrap(), "::1".parse().unwrap());
        let taken: Vec<_> = (0..SIEVE_CONNECTIONS_PER_PEER_MAX).map(|_| guests.take(there, false).unwrap()).collect();
        assert!(guests.take(there, false).is_none() && guests.take("192.0.2.2".parse().unwrap(), false).is_some());
        let many: Vec<_> = (0..500).map(|_| guests.take(here, true).unwrap()).collect();
        drop(taken);
        assert!(guests.take(there, false).is_some());
        drop(many);
        assert!(guests.lock().is_empty());
    }
}
