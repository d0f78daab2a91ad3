//! What `unpack` noted of the contents: programs, macros, and what could not be opened, so that it is never silently
//! clean. Does not open anything itself.

use super::{Check, Facts, Finding};
use crate::mail::Message;
use crate::unpack::NoteKind;

pub(super) const CHECK: Check = Check {
    name: "inside",
    about: "Programs and macros inside, by content; containers that could not be opened.",
    finds: &[
        "program_inside",
        "macro_inside",
        "encrypted_inside",
        "too_deep_inside",
        "too_big_inside",
        "too_many_inside",
        "damaged_inside",
    ],
    look,
};

fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let finding = |note: &crate::unpack::Note| {
        let name = match note.kind {
            NoteKind::Program => "program_inside",
            NoteKind::Macro => "macro_inside",
            NoteKind::Encrypted => "encrypted_inside",
            NoteKind::TooDeep => "too_deep_inside",
            NoteKind::TooBig => "too_big_inside",
            NoteKind::TooMany => "too_many_inside",
            NoteKind::Damaged => "damaged_inside",
            // Has a check of its own.
            NoteKind::Eicar => return None,
        };
        let detail = [note.path.join("/"), note.detail.clone()];
        Some(Finding::new(name, detail.iter().filter(|d| !d.is_empty()).cloned().collect::<Vec<_>>().join(": ")))
    };
    facts.inside.notes.iter().filter_map(finding).collect()
}
