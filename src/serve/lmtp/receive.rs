//! Takes a message from 354 to its final dot within the limits of size, memory and time.
//!
//! A message beyond a limit is read on to its end in constant memory, because a reply in the middle of it would be taken
//! for the answer of the first recipient. Does not say replies. Standards: RFC 5321 §4.5.3.1.7, RFC 1870 §6.3.

use super::data::Unstuffer;
use crate::limits::{COMMAND_BLOCK_BYTES, DATA_BLOCK_BYTES, DATA_BYTES_PER_SECOND_MIN};
use crate::serve::Stop;
use crate::serve::budget::{Budget, Lease};
use crate::serve::line::Input;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What became of a message.
#[derive(Debug)]
pub(super) enum Received {
    /// The lease keeps its memory accounted for until it is delivered.
    Whole(Arc<[u8]>, Lease),
    /// It has this many octets, more than the limit.
    TooLarge(u64),
    /// The memory for messages in flight was used up.
    NoMemory,
    /// The final dot did not come; the words are for the log.
    Gone(&'static str),
}

/// The limits of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes_max: u64,
    /// Seconds without a single octet.
    pub(super) silence_seconds_max: u64,
}

/// Waits for the whole message. What follows its end stays in `input`.
///
/// # Errors
/// What the socket says.
pub(super) async fn receive(
    input: &mut Input,
    limits: Limits,
    budget: &Arc<Budget>,
    stop: &mut Stop,
) -> io::Result<Received> {
    input.resize(DATA_BLOCK_BYTES);
    let mut incoming = Incoming::new(limits, budget.lease());
    let gone = tokio::select! {
        biased;
        gone = incoming.take(input) => gone?,
        () = stop.come() => Some("server is going down"),
    };
    input.resize(COMMAND_BLOCK_BYTES);
    match gone {
        None => Ok(incoming.finish(budget).await),
        Some(why) => Ok(Received::Gone(why)),
    }
}

/// A message that is coming in.
struct Incoming {
    unstuffer: Unstuffer,
    message: Vec<u8>,
    lease: Lease,
    bytes_max: u64,
    silence: Duration,
    started: Instant,
    /// Octets of the message so far, kept or not.
    bytes: u64,
    kept: bool,
}

impl Incoming {
    fn new(limits: Limits, lease: Lease) -> Self {
        Self {
            unstuffer: Unstuffer::new(),
            message: Vec::new(),
            lease,
            bytes_max: limits.bytes_max,
            silence: Duration::from_secs(limits.silence_seconds_max),
            started: Instant::now(),
            bytes: 0,
            kept: true,
        }
    }

    /// Reads to the end of the message; `Some`: the peer went away before.
    async fn take(&mut self, input: &mut Input) -> io::Result<Option<&'static str>> {
        loop {
            if input.unread().is_empty() {
                match timeout_at(self.deadline(), input.fill()).await {
                    Ok(Ok(0)) => return Ok(Some("peer closed in the middle of a message")),
                    Ok(count) => count?,
                    Err(_) => return Ok(Some("message took too long")),
                };
            }
            let block = input.unread();
            let rest = self.push(block);
            let taken = block.len() - rest.unwrap_or_default();
            input.consume(taken);
            if rest.is_some() {
                return Ok(None);
            }
        }
    }

    /// The end of the next silence; sooner for a peer that only drips ([`DATA_BYTES_PER_SECOND_MIN`]).
    fn deadline(&self) -> Instant {
        let dripping = Duration::from_secs(self.bytes / DATA_BYTES_PER_SECOND_MIN);
        let latest = self.started.checked_add(self.silence.saturating_add(dripping));
        let next = Instant::now() + self.silence;
        latest.map_or(next, |latest| latest.min(next))
    }

    /// Takes one block; returns how many octets of it follow the end of the message, once it was seen.
    fn push(&mut self, block: &[u8]) -> Option<usize> {
        if self.kept && !self.make_room(block.len() + 1) {
            self.let_go();
        }
        let before = self.message.len();
        let rest = self.unstuffer.push(block, &mut self.message).map(<[u8]>::len);
        self.bytes += (self.message.len() - before) as u64;
        if !self.kept {
            self.message.clear();
        } else if self.bytes > self.bytes_max {
            self.let_go();
        }
        rest
    }

    /// Doubles the room, up to the limit and one block, or takes what is needed; false where there is no memory.
    fn make_room(&mut self, more: usize) -> bool {
        let (needed, now) = (self.message.len() + more, self.message.capacity());
        if needed <= now {
            return true;
        }
        let most = usize::try_from(self.bytes_max).unwrap_or(usize::MAX).saturating_add(DATA_BLOCK_BYTES);
        let doubled = needed.max(now.saturating_mul(2).min(most));
        let taken = [doubled, needed].into_iter().find(|wanted| self.lease.grow((wanted - now) as u64));
        taken.is_some_and(|wanted| self.message.try_reserve_exact(wanted - self.message.len()).is_ok())
    }

    /// From here on the message is only counted.
    fn let_go(&mut self) {
        self.kept = false;
        self.message = Vec::new();
        self.lease.shrink_to(0);
    }

    async fn finish(mut self, budget: &Budget) -> Received {
        if self.bytes > self.bytes_max {
            return Received::TooLarge(self.bytes);
        }
        if !self.kept {
            return Received::NoMemory;
        }
        let _one_at_a_time = budget.copying().await;
        let bytes: Arc<[u8]> = Arc::from(self.message);
        self.lease.shrink_to(bytes.len() as u64);
        Received::Whole(bytes, self.lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives `wire` in one piece; returns what became of it and what is left.
    fn run(wire: &[u8], bytes_max: u64, memory: u64) -> (Received, Vec<u8>, Arc<Budget>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let budget = Budget::new(memory);
        let mut input = Input::new(Box::new(std::io::Cursor::new(wire.to_vec())));
        let (_sender, receiver) = tokio::sync::watch::channel(false);
        let limits = Limits { bytes_max, silence_seconds_max: 60 };
        let received = runtime.block_on(receive(&mut input, limits, &budget, &mut Stop::new(receiver))).unwrap();
        while runtime.block_on(input.fill()).is_ok_and(|count| count > 0) {}
        (received, input.unread().to_vec(), budget)
    }

    fn lines(count: usize) -> Vec<u8> {
        b"0123456789abcde\r\n".repeat(count)
    }

    #[test]
    fn a_message_comes_whole_and_leaves_what_follows() {
        let body = lines(20_000);
        let wire = [&body[..], b".\r\nQUIT\r\n"].concat();
        let (received, rest, budget) = run(&wire, 1 << 20, 1 << 20);
        let Received::Whole(bytes, lease) = received else { panic!("{received:?}") };
        assert!(bytes[..] == body[..] && rest == b"QUIT\r\n");
        assert!(!budget.lease().grow((1 << 20) - body.len() as u64 + 1));
        drop(lease);
        assert!(budget.lease().grow(1 << 20));
    }

    #[test]
    fn the_limit_itself_is_still_accepted() {
        let body = lines(1000);
        let wire = [&body[..], b".\r\n"].concat();
        assert!(matches!(run(&wire, body.len() as u64, 1 << 20).0, Received::Whole(..)));
        assert!(matches!(run(&wire, body.len() as u64 - 1, 1 << 20).0, Received::TooLarge(17_000)));
    }

    #[test]
    fn a_message_beyond_a_limit_is_read_to_its_end() {
        let wire = [&lines(100_000)[..], b".\r\nNOOP\r\n"].concat();
        let (received, rest, budget) = run(&wire, 1000, 1 << 20);
        assert!(matches!(received, Received::TooLarge(1_700_000)) && rest == b"NOOP\r\n", "{received:?}");
        assert!(budget.lease().grow(1 << 20));
        let (received, rest, _) = run(&wire, 1 << 30, 1 << 20);
        assert!(matches!(received, Received::NoMemory) && rest == b"NOOP\r\n", "{received:?}");
        let (received, ..) = run(&wire, 1_500_000, 1 << 20);
        assert!(matches!(received, Received::TooLarge(_)), "too large for ever is said rather than no memory now");
    }

    #[test]
    fn a_peer_that_only_drips_is_given_up_although_it_is_never_silent_for_long() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let mut incoming =
            Incoming::new(Limits { bytes_max: 1 << 20, silence_seconds_max: 100 }, Budget::new(0).lease());
        incoming.started -= Duration::from_secs(200);
        assert!(incoming.deadline() <= Instant::now());
        incoming.bytes = 150 * DATA_BYTES_PER_SECOND_MIN;
        let left = incoming.deadline() - Instant::now();
        assert!(left > Duration::from_secs(40) && left <= Duration::from_secs(50), "{left:?}");
    }

    #[test]
    fn a_message_without_its_end_is_no_message() {
        assert!(matches!(run(b"Subject: x\r\n\r\nhello\r\n.", 1000, 1 << 20).0, Received::Gone(_)));
    }
}
