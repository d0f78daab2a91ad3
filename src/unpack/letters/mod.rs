//! What mail systems make: messages, mailboxes, encoded texts. One file and one line here for each kind.
//!
//! Does not judge.

#[cfg(test)]
mod attacks;
mod encoded;
#[cfg(test)]
mod evasions;
pub(in crate::unpack) mod message;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[message::FORMAT, encoded::FORMAT];
