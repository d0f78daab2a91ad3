//! What a format is given: contents to look at, and where to put the members it finds.
//!
//! Does not know any format. All that a format reads goes through here and is paid for.

use super::budget::{Budget, Extent, Timer};
use super::{Note, NoteKind};
use crate::limits::{MEMBER_NAME_BYTES_MAX, UNPACK_NOTES_PER_KIND_MAX};
use std::io::Read;
use std::ops::ControlFlow;

/// Contents of one item.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    pub bytes: &'a [u8],
    pub name: Option<&'a str>,
    /// As the message declares it; empty for members of containers.
    pub declared_type: &'a str,
    pub role: Role,
}

/// How a reader meets contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Shown as the text of the message.
    Body,
    /// Saved or opened as a file.
    File,
}

/// One member, in memory.
pub(super) struct Member {
    /// How it goes by in paths.
    pub(super) label: String,
    pub(super) name: Option<String>,
    pub(super) declared_type: String,
    pub(super) role: Role,
    pub(super) bytes: Vec<u8>,
    /// What it would have if it were whole.
    pub(super) size: u64,
    pub(super) state: State,
}

/// What can be said about a member's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Whole,
    /// The end is missing; what is there may be opened.
    Broken,
    /// Only the begin is there: its type can be told.
    Part,
    /// Nothing is there: encrypted, broken, or of a method that is not read.
    Closed,
}

/// One container being opened.
pub struct Opening<'b> {
    path: &'b [String],
    budget: &'b mut Budget,
    pub(super) members: Vec<Member>,
    pub(super) notes: Vec<Note>,
}

impl<'b> Opening<'b> {
    pub(super) fn new(path: &'b [String], budget: &'b mut Budget) -> Self {
        Self { path, budget, members: Vec::new(), notes: Vec::new() }
    }

    /// Notes something about the container; once for each kind and detail.
    pub fn note(&mut self, kind: NoteKind, detail: &str) {
        let mut same = self.notes.iter().filter(|note| note.kind == kind);
        // Hostile documents could say something else a million times.
        if same.clone().count() < UNPACK_NOTES_PER_KIND_MAX && same.all(|note| note.detail != detail) {
            self.notes.push(Note { path: self.path.to_vec(), kind, detail: detail.to_string() });
        }
    }

    /// Pays for a member without contents, such as a folder. Breaks where too many members were seen.
    pub fn skip(&mut self) -> ControlFlow<()> {
        self.pay_entry("")
    }

    /// Takes a member: reads it to its end or to a bound. Breaks where too many were seen or the time is over.
    pub fn take(&mut self, name: &str, reader: impl Read) -> ControlFlow<()> {
        let label = shorten(name);
        self.pay_entry(&label)?;
        if self.budget.is_spent() {
            // Its name can still be looked at.
            self.note(NoteKind::TooBig, "no octets left to unpack");
            self.push(label, Vec::new(), State::Closed);
            return ControlFlow::Continue(());
        }
        let (bytes, extent) = self.budget.read(reader);
        let state = match extent {
            Extent::Whole => State::Whole,
            Extent::Broken => {
                self.note(NoteKind::Damaged, &format!("can't be read to its end: {label}"));
                if bytes.is_empty() { State::Closed } else { State::Broken }
            }
            Extent::CutOff => {
                self.note(NoteKind::TooBig, &format!("cut off: {label}"));
                State::Part
            }
            Extent::OutOfTime => {
                self.note(NoteKind::TooLong, &format!("cut off: {label}"));
                State::Part
            }
        };
        self.push(label, bytes, state);
        ControlFlow::Continue(())
    }

    /// Takes a member that is known by its name only: encrypted, or of a method that is not read.
    pub fn take_closed(&mut self, name: &str, size: u64, kind: NoteKind, detail: &str) -> ControlFlow<()> {
        let label = shorten(name);
        self.pay_entry(&label)?;
        self.note(kind, detail);
        self.push(label, Vec::new(), State::Closed);
        if let Some(member) = self.members.last_mut() {
            member.size = size;
        }
        ControlFlow::Continue(())
    }

    /// Takes a part of a message, which goes by its number. Breaks where the budget is spent.
    pub fn take_part(&mut self, part: crate::mail::Part) -> ControlFlow<()> {
        self.pay_entry(&part.number)?;
        if !self.budget.pay_bytes(part.contents.len() as u64) {
            self.note(NoteKind::TooBig, "no octets left to unpack");
            return ControlFlow::Break(());
        }
        let role = if part.is_body() { Role::Body } else { Role::File };
        self.members.push(Member {
            label: part.number,
            name: part.name,
            declared_type: part.declared_type,
            role,
            size: part.contents.len() as u64,
            bytes: part.contents,
            state: State::Whole,
        });
        ControlFlow::Continue(())
    }

    /// Octets that one more member may have: what a decoder may be asked to hold in memory.
    pub fn member_bytes_left(&self) -> u64 {
        self.budget.member_bytes_left()
    }

    /// For decoders that give what they decode while this is out of their reach.
    pub(super) fn timer(&self) -> Timer {
        self.budget.timer()
    }

    /// Breaks, with a note, where the time is over; for readers that work long between two members.
    pub fn pay_time(&mut self) -> ControlFlow<()> {
        if self.budget.has_time() {
            return ControlFlow::Continue(());
        }
        self.note(NoteKind::TooLong, "no time left to unpack");
        ControlFlow::Break(())
    }

    fn pay_entry(&mut self, label: &str) -> ControlFlow<()> {
        self.pay_time()?;
        let path_bytes = self.path.iter().map(String::len).sum::<usize>() + label.len();
        if self.budget.pay_entry(path_bytes) {
            return ControlFlow::Continue(());
        }
        self.note(NoteKind::TooMany, "no members left to unpack");
        ControlFlow::Break(())
    }

    fn push(&mut self, label: String, bytes: Vec<u8>, state: State) {
        self.members.push(Member {
            name: Some(label.clone()),
            label,
            declared_type: String::new(),
            role: Role::File,
            size: bytes.len() as u64,
            bytes,
            state,
        });
    }
}

/// The end of a long name, where the extension is.
fn shorten(name: &str) -> String {
    let mut from = name.len().saturating_sub(MEMBER_NAME_BYTES_MAX);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    name.get(from..).unwrap_or_default().to_string()
}
