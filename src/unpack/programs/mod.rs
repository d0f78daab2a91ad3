//! What runs when it is opened: programs, libraries, scripts, shortcuts. One file and one line here for each kind.
//!
//! Does not judge: a program is a note, what that means is a rule.

pub(in crate::unpack) mod bytecode;
pub(in crate::unpack) mod dos_com;
pub(in crate::unpack) mod elf;
pub(in crate::unpack) mod java;
mod languages;
pub(in crate::unpack) mod macho;
mod markup;
pub(in crate::unpack) mod packages;
pub(in crate::unpack) mod pe;
pub(in crate::unpack) mod script;
pub(in crate::unpack) mod shortcut;
mod signs;
mod starter;
pub(in crate::unpack) mod text;

use super::{Contents, Format};

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[
    pe::FORMAT,
    elf::FORMAT,
    macho::FORMAT,
    java::CLASS,
    java::DEX,
    shortcut::FORMAT,
    bytecode::FORMAT,
    packages::ZIPPED,
    packages::CHROME,
    packages::XAR,
    packages::DISK_IMAGE,
    dos_com::FORMAT,
    script::FORMAT,
    script::PAGE_SHORTCUT,
];

/// What contents say of themselves beside their type.
type Describe = fn(&Contents<'_>) -> Option<String>;

/// Which kinds of programs can say more of themselves than their type.
const DESCRIBED: [(&str, Describe); 4] = [
    (pe::PORTABLE_EXECUTABLE, pe::describe),
    (elf::ELF, elf::describe),
    (macho::MACH_O, macho::describe),
    (shortcut::SHORTCUT, shortcut::describe),
];

/// The true type of a program, and what more people should know of it: `application/x-ms-shortcut: cmd.exe /c …`.
pub(super) fn describe(contents: &Contents<'_>, true_type: &str) -> String {
    let known = DESCRIBED.iter().find(|(media_type, _)| *media_type == true_type);
    match known.and_then(|(_, describe)| describe(contents)) {
        Some(more) => format!("{true_type}: {more}"),
        None => true_type.to_string(),
    }
}
