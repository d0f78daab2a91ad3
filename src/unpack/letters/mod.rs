//! What mail systems make: messages, mailboxes, encoded texts. One file and one line here for each kind.
//!
//! Does not judge.

mod encoded;
#[cfg(test)]
mod evasions;
pub(in crate::unpack) mod mbox;
pub(in crate::unpack) mod message;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[mbox::FORMAT, message::FORMAT, encoded::FORMAT];
