//! PowerPoint presentations of 1997 to 2003: embedded objects and VBA projects, which hide in compressed records.
//!
//! Does not read slides. Standards: MS-PPT §2.3.1 (record headers), §2.10.34 (ExOleObjStgCompressedAtom), §2.3.2
//! (CurrentUserAtom).

use super::compound::MARK;
use super::octets::{piece, size_at, u16_at, u32_at};
use super::vba;
use crate::limits::OFFICE_RECORDS_MAX;
use crate::unpack::{NoteKind, Opening};
use flate2::read::ZlibDecoder;
use memchr::memmem;
use std::io::Read;
use std::ops::ControlFlow;

const OBJECT: u16 = 0x1011;
const ENCRYPTED_TOKEN: u32 = 0xf3d1_c4df;
/// The kind of action of a click or a pointer that starts a program.
const INTERACTIVE: u16 = 0x0ff3;
const RUN_PROGRAM: u8 = 2;

/// Looks at the `Current User` stream: it says whether the presentation is encrypted.
pub(in crate::unpack) fn look_at_user(stream: &[u8], opening: &mut Opening<'_>) {
    if u32_at(stream, 12) == Some(ENCRYPTED_TOKEN) {
        opening.note(NoteKind::Encrypted, "a PowerPoint presentation with a password");
    }
}

/// Takes the objects of the `PowerPoint Document` stream.
pub(in crate::unpack) fn look(stream: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    const HEADER_BYTES: usize = 8;
    let mut at = 0_usize;
    let mut objects = 0;
    for _ in 0..OFFICE_RECORDS_MAX {
        let (Some(version), Some(kind), Some(size)) =
            (u16_at(stream, at), u16_at(stream, at + 2), size_at(stream, at + 4))
        else {
            break;
        };
        let is_container = version & 0x000f == 0x000f;
        let data = piece(stream, at + HEADER_BYTES, size);
        match (kind, data) {
            (OBJECT, Some(data)) => {
                objects += 1;
                object(data, version >> 4, objects, opening)?;
            }
            (INTERACTIVE, Some(data)) if data.get(8) == Some(&RUN_PROGRAM) => {
                opening.note(NoteKind::ExternalObject, "an action that starts a program");
            }
            (_, Some(_)) => {}
            // The rest is no list of records: its objects are searched by their own begin.
            (_, None) => return search(stream.get(at..).unwrap_or_default(), opening),
        }
        // What is in a container follows its header.
        at += HEADER_BYTES + if is_container { 0 } else { size };
    }
    ControlFlow::Continue(())
}

/// Takes one embedded file: packed (`instance` 1, behind its size) or as it is.
fn object(data: &[u8], instance: u16, number: usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let label = format!("object {number}");
    if instance == 0 && data.starts_with(MARK) {
        opening.take(&label, data)?;
    } else {
        // PowerPoint reads so many octets, whatever follows; real files end without a proper end.
        let said = size_at(data, 0).filter(|said| *said > 0).unwrap_or(usize::MAX);
        opening.take(&label, ZlibDecoder::new(data.get(4..).unwrap_or_default()).take(said as u64))?;
    }
    let has_macros = opening.members.last().is_some_and(|member| vba::holds_source(&member.bytes));
    if has_macros {
        opening.note(NoteKind::OldMacro, &label);
    }
    ControlFlow::Continue(())
}

/// Takes packed objects of a broken stream.
fn search(stream: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    const PACKED_OBJECT: &[u8] = b"\x10\0\x11\x10";
    opening.note(NoteKind::Damaged, "records of a presentation");
    let mut at = 0;
    let mut objects = 0;
    while let Some(found) = stream.get(at..).and_then(|rest| memmem::find(rest, PACKED_OBJECT)) {
        at += found + PACKED_OBJECT.len();
        let data = stream.get(at + 4..).unwrap_or_default();
        if matches!(data.get(4), Some(0x78)) {
            objects += 1;
            object(data, 1, objects, opening)?;
        }
    }
    ControlFlow::Continue(())
}
