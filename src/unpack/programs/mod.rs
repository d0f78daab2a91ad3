//! What runs when it is opened: programs, libraries, scripts, shortcuts. One file and one line here for each kind.
//!
//! Does not judge: a program is a note, what that means is a rule.

pub(in crate::unpack) mod elf;
pub(in crate::unpack) mod java;
pub(in crate::unpack) mod macho;
pub(in crate::unpack) mod pe;
pub(in crate::unpack) mod script;
pub(in crate::unpack) mod shortcut;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] =
    &[pe::FORMAT, elf::FORMAT, macho::FORMAT, java::CLASS, java::DEX, shortcut::FORMAT, script::FORMAT];
