//! What is inside a message's parts: true types, members of containers, programs, macros.
//!
//! Pure and in memory: nothing is written to a path, nothing runs. Every step pays from a [`Budget`]; what could not be
//! looked into is noted, never silently clean. Does not judge: a program is a note, what that means is a rule. A new
//! kind of contents is one file with one [`Format`] and one line in [`FORMATS`].

mod budget;
mod eicar;
mod elf;
mod gzip;
#[cfg(test)]
mod hostile;
mod java;
mod look;
mod macho;
mod message;
mod ole;
mod opening;
mod pe;
mod plain;
#[cfg(test)]
mod samples;
mod script;
mod shortcut;
mod tar;
mod zip;
mod zip_document;
mod zip_local;

pub use budget::Budget;
pub use look::open;
pub use opening::{Contents, Opening, Role};

use serde::{Deserialize, Serialize};

/// One kind of contents.
pub struct Format {
    /// Short name, for people: `zip`.
    pub name: &'static str,
    /// One sentence for the manual.
    pub about: &'static str,
    /// The media type, where the contents are of this kind. Looks at the bytes; the declared type only helps where bytes
    /// can't tell (messages).
    pub recognise: fn(&Contents<'_>) -> Option<&'static str>,
    pub nature: Nature,
}

/// What contents of a kind can do.
#[derive(Clone, Copy)]
pub enum Nature {
    /// Has members: the function gives them, with notes.
    Container(fn(&Contents<'_>, &mut Opening<'_>)),
    /// Runs when opened: always noted.
    Program,
    /// A container that runs as well.
    ProgramContainer(fn(&Contents<'_>, &mut Opening<'_>)),
    /// Neither.
    Plain,
}

/// All kinds, the most certain first; the last knows every content.
pub const FORMATS: &[Format] = &[
    pe::FORMAT,
    elf::FORMAT,
    macho::FORMAT,
    java::CLASS,
    java::DEX,
    shortcut::FORMAT,
    script::FORMAT,
    ole::INSTALLER,
    ole::FORMAT,
    zip_document::OOXML,
    zip_document::OPEN_DOCUMENT,
    zip_document::ANDROID,
    zip_document::JAR,
    zip::FORMAT,
    gzip::FORMAT,
    tar::FORMAT,
    message::FORMAT,
    plain::FORMAT,
];

/// One part of the message, or one member of a container in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The way to it: the part's number, then the names of the members: `["2", "a.zip", "b.exe"]` for b.exe in a.zip in part 2.
    /// A part of a message that is a member goes by its number.
    pub path: Vec<String>,
    pub name: Option<String>,
    /// As the message declares it; empty for members of containers.
    pub declared_type: String,
    /// By content: a media type; `application/octet-stream` where the contents could not be read.
    pub true_type: String,
    /// Octets; for contents that were cut off or are encrypted, what the container says or what was read.
    pub size: u64,
    /// Lower-case hex; empty where not all contents could be read.
    pub sha256: String,
}

/// Everything inside a message, and what could not be looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Each before its members, in the order of the message.
    pub items: Vec<Item>,
    pub notes: Vec<Note>,
}

/// Why something was noticed inside, or could not be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub path: Vec<String>,
    pub kind: NoteKind,
    /// The true type of a program, the storage of a macro, the reason for the rest; may hold foreign text.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Beyond [`crate::limits::UNPACK_DEPTH_MAX`], or a message whose structure the screen refused.
    TooDeep,
    TooBig,
    TooMany,
    Encrypted,
    /// Broken, lying or of a method that is not read.
    Damaged,
    Macro,
    Program,
    Eicar,
}
