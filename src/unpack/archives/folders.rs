//! The folders of an image that wait to be read.
//!
//! Does not know any file system. Each folder is read once, whatever points at it, and all together have a bound.

use crate::limits::{IMAGE_FOLDER_BYTES_MAX, IMAGE_PATH_BYTES_MAX};
use crate::unpack::{NoteKind, Opening};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

pub(super) struct Folders<P> {
    waiting: Vec<(P, String)>,
    seen: BTreeSet<P>,
    octets_left: u64,
}

impl<P: Ord + Clone> Folders<P> {
    /// From the place of the top folder.
    pub(super) fn new(top: P) -> Self {
        let mut folders = Self { waiting: Vec::new(), seen: BTreeSet::new(), octets_left: IMAGE_FOLDER_BYTES_MAX };
        folders.push(top, String::new());
        folders
    }

    /// Remembers a folder, unless it is known.
    pub(super) fn push(&mut self, place: P, path: String) {
        if self.seen.insert(place.clone()) {
            self.waiting.push((place, path));
        }
    }

    pub(super) fn next(&mut self) -> Option<(P, String)> {
        self.waiting.pop()
    }

    /// Octets of folders that may still be read.
    pub(super) fn octets_left(&self) -> u64 {
        self.octets_left
    }

    /// Pays for octets of a folder; breaks where they are too many.
    pub(super) fn pay(&mut self, octets: u64, opening: &mut Opening<'_>) -> ControlFlow<()> {
        opening.pay_time()?;
        match self.octets_left.checked_sub(octets) {
            Some(left) => {
                self.octets_left = left;
                ControlFlow::Continue(())
            }
            None => {
                opening.note(NoteKind::TooBig, "the folders of an image");
                ControlFlow::Break(())
            }
        }
    }
}

/// The way to a member of a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
    let mut from = path.len().saturating_sub(IMAGE_PATH_BYTES_MAX);
    while !path.is_char_boundary(from) {
        from += 1;
    }
    path.get(from..).unwrap_or_default().to_string()
}
