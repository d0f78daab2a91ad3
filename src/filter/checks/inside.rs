//! What `unpack` noted of the contents: programs, macros, and what could not be opened, so that it is never silently
//! clean. Does not open anything itself.

use super::{Check, Facts, Finding};
use crate::mail::Message;
use crate::unpack::{Note, NoteKind};

pub(super) const CHECK: Check = Check {
    name: "inside",
    about: "Programs, macros and tricks inside, by content; containers that could not be opened.",
    finds: &FINDS,
    look,
};

/// The finding that each kind of note gives. EICAR has a check of its own.
const FINDINGS: [(NoteKind, &str); 31] = [
    (NoteKind::TooDeep, "too_deep_inside"),
    (NoteKind::TooBig, "too_big_inside"),
    (NoteKind::TooMany, "too_many_inside"),
    (NoteKind::TooLong, "too_long_inside"),
    (NoteKind::Encrypted, "encrypted_inside"),
    (NoteKind::Damaged, "damaged_inside"),
    (NoteKind::Lying, "lying_inside"),
    (NoteKind::Unread, "unread_inside"),
    (NoteKind::Program, "program_inside"),
    (NoteKind::HiddenProgram, "hidden_program_inside"),
    (NoteKind::Macro, "macro_inside"),
    (NoteKind::OldMacro, "old_macro_inside"),
    (NoteKind::AutoMacro, "auto_macro_inside"),
    (NoteKind::MacroStarts, "macro_starts_inside"),
    (NoteKind::MacroLoads, "macro_loads_inside"),
    (NoteKind::MacroHides, "macro_hides_inside"),
    (NoteKind::ExcelMacro, "excel_macro_inside"),
    (NoteKind::Dde, "dde_inside"),
    (NoteKind::RemoteTemplate, "remote_template_inside"),
    (NoteKind::ExternalObject, "external_object_inside"),
    (NoteKind::Package, "package_inside"),
    (NoteKind::RtfTrick, "rtf_trick_inside"),
    (NoteKind::PdfScript, "pdf_script_inside"),
    (NoteKind::PdfLaunch, "pdf_launch_inside"),
    (NoteKind::PdfFile, "pdf_file_inside"),
    (NoteKind::OneNoteFile, "onenote_file_inside"),
    (NoteKind::Smuggling, "smuggling_inside"),
    (NoteKind::SvgScript, "svg_script_inside"),
    (NoteKind::CalendarLink, "calendar_link_inside"),
    (NoteKind::Ambiguous, "ambiguous_inside"),
    (NoteKind::PartialMessage, "partial_message_inside"),
];

#[expect(clippy::indexing_slicing, reason = "a constant: an index beyond the end does not compile")]
const FINDS: [&str; FINDINGS.len()] = {
    let mut names = [""; FINDINGS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = FINDINGS[at].1;
        at += 1;
    }
    names
};

fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let finding = |note: &Note| {
        let (_, name) = FINDINGS.iter().find(|(kind, _)| *kind == note.kind)?;
        let detail = [note.path.join("/"), note.detail.clone()];
        Some(Finding::new(name, detail.iter().filter(|d| !d.is_empty()).cloned().collect::<Vec<_>>().join(": ")))
    };
    facts.inside.notes.iter().filter_map(finding).collect()
}
