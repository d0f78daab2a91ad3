//! What hides in contents of another kind: programs and archives at any place in pictures, documents, unknown bytes or
//! behind a program's own end, and programs written out in letters inside text.
//!
//! A mark counts only where the structure behind it holds, because compressed data is full of short marks. Pieces with
//! an end of their own don't overlap, and what a piece holds is looked for when that piece is looked at, so that the
//! work stays linear. Looks only before and behind archives, and not into messages: their readers
//! give all that is in them.

mod encoded;
mod ends;
mod marks;
mod unreadable;

use super::programs::shortcut;
use super::{Contents, Format, archives, documents, letters, streams};
use crate::limits::HIDDEN_PIECES_MAX;
use marks::Sought;
use std::borrow::Cow;

/// Something of another kind inside contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Where it begins in its surroundings.
    pub(super) at: usize,
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) found: Found,
}

/// What made a piece known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A mark: the piece's own type tells what it is.
    Mark,
    /// Words of a script, where no text should be.
    Script,
    /// What follows the end of the contents' own structure: counts only if it is of a kind that is opened or runs.
    Tail,
    /// Written in letters.
    Encoded,
    /// A script of this type that was made unreadable.
    Decoded(&'static str),
}

/// All pieces, and whether there are more than [`HIDDEN_PIECES_MAX`].
#[derive(Debug, Default)]
pub(super) struct Pieces<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) more: bool,
}

impl<'a> Pieces<'a> {
    /// False where no more may be added.
    fn add(&mut self, at: usize, bytes: impl Into<Cow<'a, [u8]>>, found: Found) -> bool {
        if self.pieces.len() >= HIDDEN_PIECES_MAX {
            self.more = true;
            return false;
        }
        self.pieces.push(Piece { at, bytes: bytes.into(), found });
        true
    }
}

/// Looks for pieces in contents that were recognised as this.
pub(super) fn find<'a>(contents: &Contents<'a>, format: &Format, true_type: &'static str) -> Pieces<'a> {
    let mut pieces = Pieces::default();
    let bytes = contents.bytes;
    if is_unpacked_whole(format, true_type, bytes) {
        let (begin, end) = ends::of_archive(bytes, true_type);
        marks::find(bytes, 0..begin, Sought::All, &mut pieces);
        marks::find(bytes, end..bytes.len(), Sought::All, &mut pieces);
        return pieces;
    }
    let end = ends::end(bytes, true_type);
    // The reader of a setup gives all that is in it; parts of it alone can't be read.
    let setup = end.filter(|end| bytes.get(*end..).is_some_and(archives::installshield::begins_as_setup));
    // Sectors of a compound file may lie in any order, so that archives in it are in pieces; its reader gives them.
    let sectors = ends::of_compound(bytes).unwrap_or(0);
    marks::find(bytes, 0..sectors, Sought::Programs, &mut pieces);
    marks::find(bytes, sectors..setup.unwrap_or(bytes.len()), Sought::All, &mut pieces);
    if may_hold_no_text(true_type) {
        marks::find_words(bytes, &mut pieces);
    }
    if let Some(end) = end {
        let tail = bytes.get(end..).unwrap_or_default().trim_ascii_start();
        let at = bytes.len() - tail.len();
        let is_known = pieces.pieces.iter().any(|piece| piece.at == at);
        if !is_known && tail.iter().any(|byte| *byte != 0) {
            pieces.add(at, tail, Found::Tail);
        }
    }
    if is_textual(true_type) || true_type == shortcut::SHORTCUT {
        unreadable::find(contents, true_type, &mut pieces);
    }
    if documents::reads_scripts(format) {
        encoded::find_programs(bytes, &mut pieces);
    } else if is_textual(true_type) {
        encoded::find(bytes, &mut pieces);
    }
    pieces
}

/// Archives, streams and messages: their readers give every octet that means anything.
fn is_unpacked_whole(format: &Format, true_type: &str, bytes: &[u8]) -> bool {
    let readers = [archives::FORMATS, streams::FORMATS, letters::FORMATS];
    let has_reader = readers.into_iter().flatten().any(|known| known.name == format.name);
    (has_reader && true_type != "text/plain") || bytes.starts_with(b"PK\x03\x04")
}

/// Kinds in which the words of a script have nothing to do.
fn may_hold_no_text(true_type: &str) -> bool {
    let kinds = ["image/", "audio/", "video/", "font/"];
    let is_svg = true_type.starts_with("image/svg");
    (kinds.iter().any(|kind| true_type.starts_with(kind)) && !is_svg) || true_type == shortcut::SHORTCUT
}

fn is_textual(true_type: &str) -> bool {
    let kinds = ["text/", "image/svg", "application/json", "application/rtf", "application/hta"];
    kinds.iter().any(|kind| true_type.starts_with(kind))
}

#[cfg(test)]
#[path = "test.rs"]
pub(in crate::unpack) mod tests;
