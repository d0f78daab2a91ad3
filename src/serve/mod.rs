//! Who may talk to us: sockets and protocols. Each connection is a task of its own; one that fails harms no other.
//!
//! Does not judge, store or ask: `deliver` does. [`bind`] first, so that a mistake in the settings is told before anything
//! runs; then [`serve`] until the stop.

mod budget;
mod line;
mod listen;
mod lmtp;
mod managesieve;
mod output;
mod tls;

pub use listen::{Listeners, bind};

use crate::deliver::Env;
use crate::limits::{ACCEPT_PAUSE_MILLISECONDS, STOP_SECONDS_MAX};
use budget::Budget;
use futures_util::FutureExt;
use listen::{Connection, Door, Service};
use managesieve::Guests;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tls::Tls;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    envs: watch::Receiver<Arc<Env>>,
    stop: Stop,
    budget: Arc<Budget>,
    /// Numbers of connections, for the log.
    connections: Arc<AtomicU64>,
    tls: Arc<Tls>,
    guests: Arc<Guests>,
}

impl Shared {
    /// The surroundings of the last reload.
    fn env(&self) -> Arc<Env> {
        Arc::clone(&self.envs.borrow())
    }
}

/// The wish of the operator that we stop.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    pub(crate) fn is_here(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for it; a sender that is gone counts as a stop.
    pub(crate) async fn come(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Serves until `shutdown` becomes true, then finishes what has been received. Each transaction takes the latest of
/// `envs`; the number of connections and the memory for messages are those of the first.
///
/// A stop closes the sockets, says 421 to peers between two messages, closes those in the middle of one without a word,
/// and waits at most [`STOP_SECONDS_MAX`] for those whose message is being delivered.
///
/// # Errors
/// Where a socket can't be used at all; trouble of single connections is logged.
pub async fn serve(
    envs: watch::Receiver<Arc<Env>>,
    shutdown: watch::Receiver<bool>,
    listeners: Listeners,
) -> io::Result<()> {
    let env = Arc::clone(&envs.borrow());
    let (lmtp, sieve) = (&env.settings.lmtp, &env.settings.managesieve);
    let shared = Shared {
        envs,
        stop: Stop::new(shutdown),
        budget: Budget::new(lmtp.memory_bytes_max),
        connections: Arc::default(),
        tls: Arc::default(),
        guests: Arc::default(),
    };
    let doors = listeners.open()?;
    let lmtp_doors = doors.iter().filter(|door| door.service() == Service::Lmtp).count();
    let lmtp_places = Places::new("lmtp.connections_max", lmtp.connections_max, lmtp_doors);
    let sieve_doors = doors.len() - lmtp_doors;
    let sieve_places = Places::new("managesieve.connections_max", sieve.connections_max, sieve_doors);
    if sieve_doors > 0 {
        shared.tls.acceptor(&env).await.map_err(io::Error::other)?;
    }
    drop(env);
    let mut keepers = JoinSet::new();
    for door in doors {
        let places = match door.service() {
            Service::Lmtp => lmtp_places.clone(),
            Service::ManageSieve | Service::ManageSieveTls => sieve_places.clone(),
        };
        keepers.spawn(keep(door, places, shared.clone()));
    }
    while let Some(ended) = keepers.join_next().await {
        ended.map_err(io::Error::other)?;
    }
    Ok(())
}

/// Accepts on one socket until the stop, then waits for its connections.
async fn keep(door: Door, places: Places, shared: Shared) {
    let mut talks = JoinSet::new();
    let mut stop = shared.stop.clone();
    loop {
        tokio::select! {
            biased;
            () = stop.come() => break,
            Some(ended) = talks.join_next() => report(ended),
            (connection, place) = next(&door, &places) => {
                let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::debug!(session = %format_args!("s{number}"), peer = ?connection.peer, "connected");
                let talk = match door.service() {
                    Service::Lmtp => lmtp::converse(connection, shared.clone(), number).boxed(),
                    service @ (Service::ManageSieve | Service::ManageSieveTls) => {
                        managesieve::converse(connection, shared.clone(), service, number).boxed()
                    }
                };
                // The place goes back when the talk ends, also by a panic.
                talks.spawn(talk.map(move |()| drop(place)));
            }
        }
    }
    door.close();
    let finish = async {
        while let Some(ended) = talks.join_next().await {
            report(ended);
        }
    };
    if timeout(Duration::from_secs(STOP_SECONDS_MAX), finish).await.is_err() {
        tracing::warn!(connections = talks.len(), "closed before their deliveries ended");
        talks.shutdown().await;
    }
}

/// Waits for a place, then for a connection; may be dropped without losing one. Where all places are taken, peers wait in
/// the kernel's queue: a 421 would make Postfix put off the whole destination for minutes, a wait only for as long as it
/// takes.
async fn next(door: &Door, places: &Places) -> (Connection, Option<OwnedSemaphorePermit>) {
    let place = places.take().await;
    let mut pause = ACCEPT_PAUSE_MILLISECONDS.0;
    loop {
        match door.accept().await {
            Ok(connection) => return (connection, place),
            Err(error) => {
                // No handle or memory for it: the connection stays in the queue, and asking again at once would spin.
                tracing::warn!(error = %error, pause_milliseconds = pause, "can't accept a connection");
                tokio::time::sleep(Duration::from_millis(pause)).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MILLISECONDS.1);
            }
        }
    }
}

/// One place for each connection that may be open.
#[derive(Clone)]
struct Places {
    setting: &'static str,
    free: Arc<Semaphore>,
    /// True while all are taken: said once in the log.
    full: Arc<AtomicBool>,
}

impl Places {
    /// Each waiting door holds a place for its next connection, so every door but the first brings one more: they would
    /// take the last ones from each other.
    fn new(setting: &'static str, connections_max: usize, doors: usize) -> Self {
        let places = connections_max.max(1).saturating_add(doors.saturating_sub(1)).min(Semaphore::MAX_PERMITS);
        Self { setting, free: Arc::new(Semaphore::new(places)), full: Arc::default() }
    }

    /// `None` only where the semaphore is closed, which nobody does.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            self.full.store(false, Ordering::Relaxed);
            return Some(place);
        }
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::warn!("all connections are in use, new peers wait (settings: {})", self.setting);
        }
        Arc::clone(&self.free).acquire_owned().await.ok()
    }
}

/// A panic of one connection is logged and harms no other.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended.map_err(|error| error.to_string()) {
        tracing::error!(error, "a connection panicked; this is a defect of tamis");
    }
}
