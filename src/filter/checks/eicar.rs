//! EICAR, the harmless file that every virus scanner must find: anywhere inside, as `unpack` noted it.
//!
//! Does not search itself; the string is here for samples only, in two halves so that no scanner finds it in our program.

use super::{Check, Facts, Finding};
use crate::mail::Message;
use crate::unpack::NoteKind;

pub(super) const CHECK: Check =
    Check { name: "eicar", about: "The test file for virus scanners, at any depth.", finds: &["eicar"], look };

pub(in crate::filter) const EICAR: [&str; 2] =
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let notes = facts.inside.notes.iter().filter(|note| note.kind == NoteKind::Eicar);
    notes.map(|note| Finding::new("eicar", note.path.join("/"))).collect()
}
