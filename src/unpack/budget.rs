//! What unpacking one message may cost in octets, members and names.
//!
//! Does not measure time: octets and members bound it, and the worker's cage ends what they don't.

use crate::limits::{
    UNPACK_BYTES_MAX, UNPACK_ENTRIES_MAX, UNPACK_MEMBER_BYTES_MAX, UNPACK_PATH_BYTES_MAX, UNPACK_PREFIX_BYTES,
};
use std::io::Read;

/// What is left for the whole message.
pub struct Budget {
    bytes: u64,
    member_bytes_max: u64,
    entries: usize,
    path_bytes: usize,
}

/// How much of a member could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// The reader failed: what came before stays.
    Broken,
    /// A bound cut it off: only the first [`UNPACK_PREFIX_BYTES`] stay.
    CutOff,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: UNPACK_BYTES_MAX,
            member_bytes_max: UNPACK_MEMBER_BYTES_MAX,
            entries: UNPACK_ENTRIES_MAX,
            path_bytes: UNPACK_PATH_BYTES_MAX,
        }
    }
}

impl Budget {
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

    /// Reads a member to its end or to what is left, and pays for what was read.
    pub(super) fn read(&mut self, reader: impl Read) -> (Vec<u8>, Extent) {
        let most = self.bytes.min(self.member_bytes_max);
        let mut bytes = Vec::new();
        let outcome = reader.take(most + 1).read_to_end(&mut bytes);
        let count = bytes.len() as u64;
        self.bytes = self.bytes.saturating_sub(count);
        if count > most {
            bytes.truncate(UNPACK_PREFIX_BYTES);
            bytes.shrink_to_fit();
            return (bytes, Extent::CutOff);
        }
        (bytes, if outcome.is_ok() { Extent::Whole } else { Extent::Broken })
    }

    /// Pays for octets that are in memory already; false where they are more than is left.
    pub(super) fn pay_bytes(&mut self, count: u64) -> bool {
        let left = self.bytes.checked_sub(count);
        self.bytes = left.unwrap_or(0);
        left.is_some() && count <= self.member_bytes_max
    }
}
