//! What unpacking one message may cost in octets, members, names and time.
//!
//! Does not read a clock: who opens a message brings one, so that this part stays pure.

use crate::limits::{
    UNPACK_BYTES_MAX, UNPACK_CPU_SECONDS, UNPACK_DEPTH_MAX, UNPACK_ENTRIES_MAX, UNPACK_MEMBER_BYTES_MAX,
    UNPACK_PATH_BYTES_MAX, UNPACK_PREFIX_BYTES, UNPACK_RATIO_FREE_BYTES, UNPACK_RATIO_MAX, UNPACK_SECONDS,
};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

/// What looking into one message may cost: the settings `[unpack]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Containers in each other.
    pub depth: usize,
    /// Octets that all containers yield together.
    pub bytes: u64,
    /// Octets of one member.
    pub member_bytes: u64,
    /// Members of all containers together.
    pub entries: usize,
    /// Octets out for each octet of the message; [`UNPACK_RATIO_FREE_BYTES`] are always paid.
    pub ratio: u64,
    /// Seconds of a processor.
    pub cpu_seconds: u64,
    /// Seconds of the clock.
    pub seconds: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            depth: UNPACK_DEPTH_MAX,
            bytes: UNPACK_BYTES_MAX,
            member_bytes: UNPACK_MEMBER_BYTES_MAX,
            entries: UNPACK_ENTRIES_MAX,
            ratio: UNPACK_RATIO_MAX,
            cpu_seconds: UNPACK_CPU_SECONDS,
            seconds: UNPACK_SECONDS,
        }
    }
}

/// Time used since the look at the message began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub cpu: Duration,
    pub wall: Duration,
}

/// What is left for the whole message.
pub struct Budget {
    pub(super) depth: usize,
    bytes: u64,
    member_bytes_max: u64,
    entries: usize,
    path_bytes: usize,
    time: Timer,
}

/// How long the look may take; readers that can't reach the budget while they decode have a copy.
#[derive(Clone)]
pub(super) struct Timer {
    most: Spent,
    clock: Rc<dyn Fn() -> Spent>,
}

impl Timer {
    /// False where the time is over.
    pub(super) fn has_time(&self) -> bool {
        let spent = (self.clock)();
        spent.cpu <= self.most.cpu && spent.wall <= self.most.wall
    }
}

/// How much of a member could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// The reader failed: what came before stays.
    Broken,
    /// A bound cut it off: only the first [`UNPACK_PREFIX_BYTES`] stay.
    CutOff,
    /// As [`Extent::CutOff`], because the time is over.
    OutOfTime,
}

/// Octets that are read between two looks at the clock: the slowest decoders give a few MiB in a second.
const STEP_BYTES: u64 = 128 << 10;
/// The same at the begin: a decoder that fails gives nothing of the step in which it does, and the begin tells the type.
const CAREFUL_STEP_BYTES: u64 = 1 << 10;

impl Budget {
    /// The budget of a message of so many octets; `clock` says what was used since the look at it began.
    pub fn new(allowance: &Allowance, message_bytes: usize, clock: impl Fn() -> Spent + 'static) -> Self {
        let by_ratio = (message_bytes as u64).saturating_mul(allowance.ratio).max(UNPACK_RATIO_FREE_BYTES);
        Self {
            depth: allowance.depth,
            bytes: allowance.bytes.min(by_ratio),
            member_bytes_max: allowance.member_bytes,
            entries: allowance.entries,
            path_bytes: UNPACK_PATH_BYTES_MAX,
            time: Timer {
                most: Spent {
                    cpu: Duration::from_secs(allowance.cpu_seconds),
                    wall: Duration::from_secs(allowance.seconds),
                },
                clock: Rc::new(clock),
            },
        }
    }

    /// False where the time is over.
    pub(super) fn has_time(&self) -> bool {
        self.time.has_time()
    }

    pub(super) fn timer(&self) -> Timer {
        self.time.clone()
    }

    /// Pays for one member with a path of so many octets; false where too many were seen.
    pub(super) fn pay_entry(&mut self, path_bytes: usize) -> bool {
        let left = self.entries.checked_sub(1).zip(self.path_bytes.checked_sub(path_bytes));
        (self.entries, self.path_bytes) = left.unwrap_or((0, 0));
        left.is_some()
    }

    /// True where not one octet more may be read.
    pub(super) fn is_spent(&self) -> bool {
        self.bytes == 0
    }

    /// Octets that one more member may have.
    pub(super) fn member_bytes_left(&self) -> u64 {
        self.bytes.min(self.member_bytes_max)
    }

    /// Reads a member to its end or to what is left, and pays for what was read.
    pub(super) fn read(&mut self, reader: impl Read) -> (Vec<u8>, Extent) {
        let most = self.member_bytes_left();
        let mut reader = reader.take(most + 1);
        let mut bytes = Vec::new();
        let extent = loop {
            let before = bytes.len();
            let step = if before < UNPACK_PREFIX_BYTES { CAREFUL_STEP_BYTES } else { STEP_BYTES };
            if reader.by_ref().take(step).read_to_end(&mut bytes).is_err() {
                break Extent::Broken;
            }
            if bytes.len() == before {
                break Extent::Whole;
            }
            if !self.has_time() {
                break Extent::OutOfTime;
            }
        };
        let count = bytes.len() as u64;
        self.bytes = self.bytes.saturating_sub(count);
        let extent = if count > most { Extent::CutOff } else { extent };
        if matches!(extent, Extent::CutOff | Extent::OutOfTime) {
            bytes.truncate(UNPACK_PREFIX_BYTES);
            bytes.shrink_to_fit();
        }
        (bytes, extent)
    }

    /// Pays for octets that are in memory already; false where they are more than is left.
    pub(super) fn pay_bytes(&mut self, count: u64) -> bool {
        let left = self.bytes.checked_sub(count);
        self.bytes = left.unwrap_or(0);
        left.is_some() && count <= self.member_bytes_max
    }
}
