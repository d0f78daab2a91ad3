//! What mail systems make: messages, mailboxes, encoded texts. One file and one line here for each kind.
//!
//! Does not judge.

mod applefile;
#[cfg(test)]
mod attacks;
mod encoded;
#[cfg(test)]
mod evasions;
pub(in crate::unpack) mod mbox;
pub(in crate::unpack) mod message;
pub(in crate::unpack) mod packed_rtf;
mod signed;
mod tnef;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] =
    &[tnef::FORMAT, applefile::FORMAT, signed::FORMAT, mbox::FORMAT, message::FORMAT, encoded::FORMAT];
