//! The walk through all parts and members: a work list, not recursion, so that depth costs no stack.
//!
//! Does not know any format: the table does. A panic inside a format's reader is the note *damaged*.

use super::hidden::{self, Found, Pieces};
use super::opening::{Member, State};
use super::{
    Allowance, Budget, Contents, Format, Inside, Item, Nature, Note, NoteKind, Opening, Role, Spent, eicar, formats,
    programs,
};
use crate::limits::UNPACK_NOTES_PER_KIND_MAX;
use crate::mail::{Message, Part, caught};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is true of contents that could not be read.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Opens every part of a message, and what is in it, within the usual allowance and without a clock.
pub fn open(message: &Message<'_>) -> Inside {
    let budget = Budget::new(&Allowance::default(), message.bytes.len(), Spent::default);
    open_with(message, budget, &mut |_, _| {})
}

/// Opens every part of a message, and what is in it, to any depth that the budget pays. Shows each distinct contents
/// to `inspect` once, while it is in memory.
pub fn open_with(message: &Message<'_>, mut budget: Budget, inspect: &mut dyn FnMut(&Item, &Contents<'_>)) -> Inside {
    let mut walk = Walk { inside: Inside::default(), seen: BTreeMap::new(), cut_by_depth: false, inspect };
    let mut work: Vec<Work<'_>> = message.all_parts().map(Work::part).collect();
    work.reverse();
    while let Some(mut next) = work.pop() {
        if next.depth == 0 && !budget.pay_entry(next.path.iter().map(String::len).sum()) {
            walk.note(Note { path: next.path, kind: NoteKind::TooMany, detail: "parts of the message".to_string() });
            break;
        }
        let members = walk.look(&mut next, &mut budget);
        work.extend(members.into_iter().rev().map(|member| next.member(member)));
    }
    walk.inside
}

/// One item that waits to be looked at.
struct Work<'a> {
    path: Vec<String>,
    name: Option<Cow<'a, str>>,
    declared_type: Cow<'a, str>,
    role: Role,
    bytes: Cow<'a, [u8]>,
    size: u64,
    state: State,
    /// Containers around it.
    depth: usize,
    /// It is the member of a compressed stream.
    in_stream: bool,
    /// It is a compressed stream itself.
    is_stream: bool,
}

impl<'a> Work<'a> {
    fn part(part: &'a Part) -> Self {
        Self {
            path: vec![part.number.clone()],
            name: part.name.as_deref().map(Cow::Borrowed),
            declared_type: Cow::Borrowed(&part.declared_type),
            role: if part.is_body() { Role::Body } else { Role::File },
            bytes: Cow::Borrowed(&part.contents),
            size: part.contents.len() as u64,
            state: State::Whole,
            depth: 0,
            in_stream: false,
            is_stream: false,
        }
    }

    fn member<'m>(&self, member: Member) -> Work<'m> {
        let mut path = self.path.clone();
        path.push(member.label);
        Work {
            path,
            name: member.name.map(Cow::Owned),
            declared_type: Cow::Owned(member.declared_type),
            role: member.role,
            bytes: Cow::Owned(member.bytes),
            size: member.size,
            state: member.state,
            depth: self.depth + 1,
            in_stream: self.is_stream,
            is_stream: false,
        }
    }

    fn contents(&self) -> Contents<'_> {
        Contents { bytes: &self.bytes, name: self.name.as_deref(), declared_type: &self.declared_type, role: self.role }
    }
}

/// What was seen so far, and who is shown it.
struct Walk<'i> {
    inside: Inside,
    /// Contents that were opened, and at which depth: the same bytes of the same kind in the same role hold the same.
    seen: BTreeMap<([u8; 32], Role, &'static str), usize>,
    /// Something was too deep: contents that come again less deep are opened again.
    cut_by_depth: bool,
    inspect: &'i mut dyn FnMut(&Item, &Contents<'_>),
}

impl Walk<'_> {
    /// Looks at one item: lists it, notes what it is, and gives its members.
    fn look(&mut self, work: &mut Work<'_>, budget: &mut Budget) -> Vec<Member> {
        let known = match work.state {
            State::Whole | State::Broken | State::Part => recognise(&work.contents()),
            State::Closed => None,
        };
        let nature = known.map(|(format, _)| format.nature);
        work.is_stream = matches!(nature, Some(Nature::Stream(_)));
        if work.in_stream && matches!(nature, Some(Nature::Container(_) | Nature::ProgramContainer(_))) {
            // An archive and the stream around it count as one: tar.gz.
            work.depth -= 1;
        }
        let contents = work.contents();
        let true_type = known.map_or(UNKNOWN_TYPE, |(_, true_type)| true_type);
        let digest: [u8; 32] = Sha256::digest(contents.bytes).into();
        let item = Item {
            path: work.path.clone(),
            name: work.name.as_deref().map(str::to_string),
            declared_type: work.declared_type.to_string(),
            true_type: true_type.to_string(),
            size: work.size,
            sha256: match work.state {
                State::Whole => hex(&digest),
                State::Broken | State::Part | State::Closed => String::new(),
            },
        };
        if eicar::is_eicar(contents.bytes) {
            self.say(work, NoteKind::Eicar, true_type);
        }
        let key = (digest, work.role, known.map_or("", |(format, _)| format.name));
        let seen = self.seen.get(&key).copied();
        let is_new = seen.is_none();
        let opens = seen.is_none_or(|depth| self.cut_by_depth && work.depth < depth);
        if opens {
            self.seen.insert(key, work.depth);
        }
        if is_new && work.state != State::Closed {
            (self.inspect)(&item, &contents);
        }
        self.inside.items.push(item);
        if nature.is_some_and(Nature::runs) {
            self.say(work, NoteKind::Program, &programs::describe(&contents, true_type));
        }
        if !opens || work.state == State::Closed {
            return Vec::new();
        }
        let mut members = match nature {
            // Its reader would take the cut for damage.
            _ if work.state == State::Part => Vec::new(),
            Some(
                Nature::Container(open) | Nature::Stream(open) | Nature::Unread(open) | Nature::ProgramContainer(open),
            ) => self.open(work, open, budget),
            Some(Nature::Program | Nature::Plain) | None => Vec::new(),
        };
        if let Some((format, true_type)) = known {
            members.extend(self.uncover(work, format, true_type, budget));
        }
        members
    }

    /// Gives what hides in contents of another kind, and says so where it is a program.
    fn uncover(
        &mut self,
        work: &Work<'_>,
        format: &Format,
        true_type: &'static str,
        budget: &mut Budget,
    ) -> Vec<Member> {
        let Pieces { mut pieces, more } =
            caught(|| hidden::find(&work.contents(), format, true_type)).unwrap_or_default();
        let runs = format.nature.runs();
        pieces.retain(|piece| {
            let found = recognise(&Contents { bytes: &piece.bytes, name: None, declared_type: "", role: Role::File });
            let is_program = found.is_some_and(|(format, _)| format.nature.runs());
            let is_opened = found.is_some_and(|(format, _)| !matches!(format.nature, Nature::Plain));
            let hides = match piece.found {
                Found::Script => true,
                Found::Encoded => is_program,
                Found::Decoded(_) => false,
                // A program may hold others: installers do.
                Found::Mark | Found::Tail => is_program && !runs,
            };
            if hides {
                let inner = found.map_or(UNKNOWN_TYPE, |(_, inner)| inner);
                self.say(work, NoteKind::HiddenProgram, &format!("{inner} at {} in {true_type}", piece.at));
            }
            piece.found != Found::Tail || is_opened
        });
        if more {
            self.say(work, NoteKind::TooMany, "contents of another kind inside");
        }
        if pieces.is_empty() {
            return Vec::new();
        }
        let mut members = self.give(work, budget, |opening| {
            for piece in &pieces {
                let (label, declared_type) = match piece.found {
                    Found::Decoded(language) => ("decoded".to_string(), language),
                    Found::Mark | Found::Script | Found::Tail | Found::Encoded => (format!("@{}", piece.at), ""),
                };
                if opening.take(&label, piece.bytes.as_ref()).is_break() {
                    return;
                }
                if let Some(member) = opening.members.last_mut() {
                    member.declared_type = declared_type.to_string();
                }
            }
        });
        if work.state == State::Part {
            // The cut may go through each of them.
            members.iter_mut().filter(|member| member.state == State::Whole).for_each(|m| m.state = State::Broken);
        }
        members
    }

    fn open(&mut self, work: &Work<'_>, open: fn(&Contents<'_>, &mut Opening<'_>), budget: &mut Budget) -> Vec<Member> {
        self.give(work, budget, |opening| open(&work.contents(), opening))
    }

    /// Gives the members that `take` takes, unless they would lie too deep.
    fn give(&mut self, work: &Work<'_>, budget: &mut Budget, take: impl FnOnce(&mut Opening<'_>)) -> Vec<Member> {
        if work.depth >= budget.depth {
            self.cut_by_depth = true;
            self.say(work, NoteKind::TooDeep, &format!("more than {} containers", budget.depth));
            return Vec::new();
        }
        let mut opening = Opening::new(&work.path, budget);
        if caught(|| take(&mut opening)).is_none() {
            opening.note(NoteKind::Damaged, "its reader failed");
        }
        let Opening { members, notes, .. } = opening;
        notes.into_iter().for_each(|found| self.note(found));
        members
    }

    fn say(&mut self, work: &Work<'_>, kind: NoteKind, detail: &str) {
        self.note(Note { path: work.path.clone(), kind, detail: detail.to_string() });
    }

    fn note(&mut self, note: Note) {
        if self.inside.notes.iter().filter(|other| other.kind == note.kind).count() < UNPACK_NOTES_PER_KIND_MAX {
            self.inside.notes.push(note);
        }
    }
}

fn recognise(contents: &Contents<'_>) -> Option<(&'static Format, &'static str)> {
    formats().find_map(|format| Some((format, caught(|| (format.recognise)(contents)).flatten()?)))
}

/// Octets as digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value & 15)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::documents::ole;
    use super::super::eicar;
    use super::super::samples::{gzip, letter, tar, zip};
    use super::*;

    /// Items as `path name? type`, then notes as `kind path`.
    fn seen(name: &str, contents: &[u8]) -> (Vec<String>, Vec<String>) {
        let bytes = letter(name, contents);
        let inside = open(&Message::parse(&bytes));
        let items = inside.items.iter().map(|i| format!("{} {}", i.path.join("/"), i.true_type)).collect();
        let notes = inside.notes.iter().map(|n| format!("{:?} {}", n.kind, n.path.join("/"))).collect();
        (items, notes)
    }

    fn check(name: &str, contents: &[u8], items: &[&str], notes: &[&str]) {
        let (found, noted) = seen(name, contents);
        let items: Vec<String> = ["1 text/plain"].iter().chain(items).map(ToString::to_string).collect();
        assert_eq!(found, items, "{name}");
        assert_eq!(noted, notes, "{name}");
    }

    const PE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0PE\0\0";

    #[test]
    fn programs_are_known_by_content_whatever_their_name() {
        for (contents, want) in [
            (PE, "application/vnd.microsoft.portable-executable"),
            (b"MZ\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/x-dosexec"),
            (b"\x7fELF\x02\x01\x01", "application/x-elf"),
            (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "application/x-mach-binary"),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", "application/x-mach-binary"),
            (b"\xca\xfe\xba\xbe\0\0\0\x34", "application/java-vm"),
            (b"dex\n035\0", "application/vnd.android.dex"),
            (b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46rest", "application/x-ms-shortcut"),
            (b"#!/bin/sh\nexit\n", "text/x-shellscript"),
        ] {
            check("picture.png", contents, &[&format!("2 {want}")], &["Program 2"]);
        }
    }

    #[test]
    fn plain_contents_are_named_and_not_noted() {
        for (contents, want) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"MZ is how this text begins, and it goes on for a while.\n", "text/plain"),
            (b"BM also begins a text\n", "text/plain"),
            (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>", "application/pdf"),
            (b"{\\rtf1 x}", "application/rtf"),
            (b"<!DOCTYPE html><p>", "text/html"),
            (b"<?xml version=\"1.0\"?><svg xmlns=\"x\"/>", "image/svg+xml"),
            (b"gr\xfc\xdfe aus dem alten charset\n", "text/plain"),
            (b"\0\x01\x02\x03", "application/octet-stream"),
            (b"", "application/x-empty"),
        ] {
            check("x.exe", contents, &[&format!("2 {want}")], &[]);
        }
    }

    #[test]
    fn a_program_two_archives_deep_is_found_with_its_path() {
        let inner = zip(&[("b.txt", b"text"), ("dir/setup.jpg", PE)]);
        check(
            "o.zip",
            &zip(&[("inner.zip", &inner)]),
            &[
                "2 application/zip",
                "2/inner.zip application/zip",
                "2/inner.zip/b.txt text/plain",
                "2/inner.zip/dir/setup.jpg application/vnd.microsoft.portable-executable",
            ],
            &["Program 2/inner.zip/dir/setup.jpg"],
        );
        check(
            "a.tgz",
            &gzip(&tar(&[("bin/run", b"#!/usr/bin/python3\n")])),
            &["2 application/gzip", "2/a.tar application/x-tar", "2/a.tar/bin/run text/x-python"],
            &["Program 2/a.tar/bin/run"],
        );
    }

    #[test]
    fn archives_in_messages_in_archives_are_opened() {
        let attached = letter("in.zip", &zip(&[("x.com", &eicar::sample())]));
        check(
            "o.zip",
            &zip(&[("saved.eml", &attached)]),
            &[
                "2 application/zip",
                "2/saved.eml message/rfc822",
                "2/saved.eml/1 text/plain",
                "2/saved.eml/2 application/zip",
                "2/saved.eml/2/x.com text/plain",
            ],
            &["Eicar 2/saved.eml/2/x.com"],
        );
    }

    #[test]
    fn macros_are_noted_where_a_vba_project_lies() {
        let project = ole::tests::ole(&["VBA/dir", "VBA/_VBA_PROJECT", "PROJECT"]);
        let types =
            b"<Types><Override ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>";
        let document =
            zip(&[("[Content_Types].xml", types), ("word/vbaProject.bin", &project), ("word/document.xml", b"<w/>")]);
        let (items, notes) = seen("report.docx", &document);
        assert_eq!(items[1], "2 application/vnd.ms-word.document.macroenabled.12");
        assert_eq!(notes, ["Lying 2", "Macro 2/word/vbaProject.bin"]);
        check(
            "r.doc",
            &ole::tests::ole(&["WordDocument", "Macros/VBA/dir"]),
            &["2 application/msword", "2/VBA/Module1.bas text/x-vba"],
            &["Macro 2", "OldMacro 2"],
        );
        check(
            "r.xls",
            &ole::tests::ole(&["Workbook", "_VBA_PROJECT_CUR/VBA/dir"]),
            &["2 application/vnd.ms-excel", "2/VBA/Module1.bas text/x-vba"],
            &["Macro 2", "OldMacro 2"],
        );
        check("plain.doc", &ole::tests::ole(&["WordDocument", "dir"]), &["2 application/msword"], &[]);
        let plain =
            zip(&[("[Content_Types].xml", b"wordprocessingml.document.main+xml"), ("word/document.xml", b"<w/>")]);
        assert_eq!(seen("p.docx", &plain).1, [""; 0]);
    }

    #[test]
    fn a_locked_archive_shows_its_names_and_says_so() {
        let mut archive = zip(&[("invoice.exe", PE)]);
        let flags: Vec<usize> = memchr::memmem::find_iter(&archive, b"PK\x03\x04")
            .map(|at| at + 6)
            .chain(memchr::memmem::find_iter(&archive, b"PK\x01\x02").map(|at| at + 8))
            .collect();
        flags.into_iter().for_each(|at| archive[at] |= 1);
        check("l.zip", &archive, &["2 application/zip", "2/invoice.exe application/octet-stream"], &["Encrypted 2"]);
        check(
            "l.docx",
            &ole::tests::ole(&["EncryptedPackage"]),
            &["2 application/vnd.ms-office-encrypted"],
            &["Encrypted 2"],
        );
    }

    #[test]
    fn eicar_in_the_body_counts() {
        let bytes = [&b"From: a@b\r\n\r\n"[..], &eicar::sample(), b"\r\n"].concat();
        let notes = open(&Message::parse(&bytes)).notes;
        assert_eq!(notes.iter().map(|n| n.kind).collect::<Vec<_>>(), [NoteKind::Eicar]);
    }

    #[test]
    fn a_script_as_the_text_of_a_message_is_no_program() {
        let inside = open(&Message::parse(b"From: a@b\r\n\r\n#!/bin/sh\nexit\n"));
        assert_eq!((inside.items[0].true_type.as_str(), inside.notes), ("text/plain", vec![]));
    }

    #[test]
    fn the_hash_is_of_the_decoded_contents() {
        let bytes = letter("abc.bin", b"abc");
        let inside = open(&Message::parse(&bytes));
        assert_eq!(inside.items[1].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((inside.items[1].size, inside.items[1].name.as_deref()), (3, Some("abc.bin")));
    }
}
