//! What is inside a message's parts: true types, members of containers, programs, macros.
//!
//! Pure and in memory: nothing is written to a path, nothing runs. Every step pays from a [`Budget`]; what could not be
//! looked into is noted, never silently clean. Does not judge: a program is a note, what that means is a rule. A new
//! kind of contents is one file with one [`Format`] and one line in [`FORMATS`].

mod archives;
mod budget;
mod documents;
mod eicar;
mod fields;
mod hidden;
#[cfg(test)]
mod hostile;
mod kinds;
mod letters;
mod look;
mod opening;
mod pieces;
mod plain;
mod programs;
#[cfg(test)]
mod samples;
mod streams;

pub use budget::{Allowance, Budget, Spent};
pub use kinds::NoteKind;
pub(crate) use look::hex;
pub use look::{open, open_with};
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
    /// Has one member, compressed. With an archive in it, it counts as one level of depth.
    Stream(fn(&Contents<'_>, &mut Opening<'_>)),
    /// Known by name only: the function says so, and gives what can be had all the same.
    Unread(fn(&Contents<'_>, &mut Opening<'_>)),
    /// Runs when opened: always noted.
    Program,
    /// A container that runs as well.
    ProgramContainer(fn(&Contents<'_>, &mut Opening<'_>)),
    /// Neither.
    Plain,
}

/// All kinds, in the order in which they are asked: the first that recognises contents has them; the last knows all.
const FORMATS: [&[Format]; 6] =
    [programs::FORMATS, documents::FORMATS, archives::FORMATS, streams::FORMATS, letters::FORMATS, &[plain::FORMAT]];

/// Every kind of contents that is known.
pub fn formats() -> impl Iterator<Item = &'static Format> {
    FORMATS.into_iter().flatten()
}

impl Nature {
    /// What is done with contents of this kind, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Container(_) | Self::Stream(_) => "opened",
            Self::Program => "runs",
            Self::Unread(_) => "known by name only",
            Self::ProgramContainer(_) => "runs, opened",
            Self::Plain => "named",
        }
    }

    /// True for what runs when it is opened.
    pub fn runs(self) -> bool {
        match self {
            Self::Program | Self::ProgramContainer(_) => true,
            Self::Container(_) | Self::Stream(_) | Self::Unread(_) | Self::Plain => false,
        }
    }
}

/// One part of the message, or one member of a container in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The way to it: the part's number, then the names of the members: `["2", "a.zip", "b.exe"]` for b.exe in a.zip in part 2.
    /// A part of a message that is a member goes by its number; what only other readings of the message show goes by how it
    /// was found, with a count: `lenient.1` (another boundary, encoding or header end), `carved.2` (a file in the bare text),
    /// `preamble.1`, `epilogue.1`, `name.1` (a part under another name).
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
