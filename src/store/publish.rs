//! A message that is staged in one mailbox: shown by one link per folder, or gone without a trace.
//!
//! Scripts may change the header between two actions, so a plan may have several versions of its message: each is one
//! file in `tmp/`. All but the last are shown first and synced; their names promise 0 links, so that they are no record
//! of anything. The last one's name carries the number of its links, and is the record of the whole plan
//! ([`super::leftovers`]). Does not choose folders ([`super::mailbox`] does).

use super::disk::{Dir, Written};
use super::leftovers::Leftover;
use super::mailbox::{Known, Maildirs, Target, lock, refuse};
use super::names::Sizes;
use super::owner::as_owner;
use super::quota::{self, Usage};
use super::{Key, Place};
use crate::limits::NAME_TRIES_MAX;
use crate::plan::Mailbox;
use crate::refusal::Refusal;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

/// Written and synced in `tmp/`, seen by nobody. Dropped: it is gone.
pub(super) struct StagedMail {
    pub(super) maildirs: Arc<Maildirs>,
    pub(super) known: Arc<Mutex<Known>>,
    pub(super) mailbox: Mailbox,
    pub(super) root: Dir,
    pub(super) tmp: Dir,
    pub(super) key: Key,
    /// In the order in which they are shown; not empty when it is published.
    pub(super) versions: Vec<Version>,
    pub(super) state: State,
}

/// One file in `tmp/`.
pub(super) struct Version {
    pub(super) name: String,
    pub(super) sizes: Sizes,
    pub(super) written: Option<Written>,
    pub(super) copies: Vec<Copy>,
}

/// Where a copy goes: `new/`, or `cur/` where there are letters.
pub(super) struct Copy {
    pub(super) target: Target,
    pub(super) dir: Dir,
    pub(super) letters: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing visible: the files in `tmp/` are ours to remove.
    Hidden,
    /// Visible in full, or a link could not be taken back: the last version's file in `tmp/` is the record of that.
    Shown,
}

/// A name that a user sees: of which version, for which of its copies.
struct Link {
    version: usize,
    copy: usize,
    name: String,
}

impl StagedMail {
    /// Shows it in every folder, durably. Returns where, and the file in `tmp/` to be swept.
    ///
    /// # Errors
    /// The refusal that the disk's error asks for; the links are taken back as far as the disk lets us.
    pub(super) fn publish(mut self) -> Result<(Vec<Place>, Leftover), Refusal> {
        let maildir = self.mailbox.maildir.clone();
        as_owner(self.mailbox.owner, || self.publish_as_owner())
            .unwrap_or_else(|error| Err(refuse("taking the identity of the owner of", &maildir, &error)))
    }

    fn publish_as_owner(&mut self) -> Result<(Vec<Place>, Leftover), Refusal> {
        let mut links = Vec::new();
        if let Err(refusal) = self.show(&mut links) {
            self.take_back(&links);
            return Err(refusal);
        }
        self.state = State::Shown;
        quota::add(&self.root, self.mailbox.quota, self.usage());
        let places = links.into_iter().filter_map(|link| {
            let copy = self.copy(&link)?;
            Some(Place::Folder { folder: copy.target.folder.to_string(), file: copy.dir.path().join(link.name) })
        });
        let places = places.collect();
        let leftover = self.leftover().ok_or_else(|| self.none())?;
        Ok((places, leftover))
    }

    /// Adds each name it made to `links`. A version's links are on disk before those of the next one are made.
    fn show(&mut self, links: &mut Vec<Link>) -> Result<(), Refusal> {
        let tmp = self.tmp.path().to_path_buf();
        for (number, version) in self.versions.iter_mut().enumerate() {
            for (copy, Copy { dir, letters, .. }) in version.copies.iter().enumerate() {
                let name = link(&self.maildirs, &self.tmp, version, letters, dir);
                let name = name.map_err(|error| refuse("linking into", dir.path(), &error))?;
                links.push(Link { version: number, copy, name });
            }
            for Copy { dir, .. } in &version.copies {
                self.maildirs.syncs.sync(dir).map_err(|error| refuse("syncing", dir.path(), &error))?;
            }
            if let Some(Err(error)) = version.written.take().map(Written::close) {
                return Err(refuse("closing a file in", &tmp, &error));
            }
        }
        Ok(())
    }

    /// What can't be taken back stays visible, whole. Where that is the whole last version, its file in `tmp/` says that
    /// the plan was carried out: then the other versions stay visible too, and the next delivery's scan finds it, so that
    /// a retry does not store it again.
    fn take_back(&mut self, links: &[Link]) {
        let last = self.versions.len().saturating_sub(1);
        let promised = self.versions.last().map_or(0, |version| version.copies.len());
        let (of_last, before): (Vec<&Link>, Vec<&Link>) = links.iter().partition(|link| link.version == last);
        let left = of_last.into_iter().filter(|link| !self.remove(link)).count();
        if left > 0 {
            self.state = State::Shown;
            // The scan leaves locked files alone.
            self.versions.iter_mut().for_each(|version| version.written = None);
            lock(&self.known).scanned = false;
        }
        if left == 0 || left < promised {
            before.into_iter().for_each(|link| {
                self.remove(link);
            });
        }
    }

    /// True where it is gone.
    fn remove(&self, link: &Link) -> bool {
        let Some(Copy { dir, .. }) = self.copy(link) else { return true };
        let result = dir.unlink(&link.name);
        if let Err(error) = &result {
            let name = &link.name;
            tracing::warn!(dir = ?dir.path(), name, %error, "a copy of a refused message can't be taken back");
        }
        result.is_ok()
    }

    fn copy(&self, link: &Link) -> Option<&Copy> {
        self.versions.get(link.version)?.copies.get(link.copy)
    }

    /// What it takes of the mailbox's quota.
    pub(super) fn usage(&self) -> Usage {
        self.versions.iter().fold(Usage { bytes: 0, messages: 0 }, |sum, version| {
            let messages = version.copies.len() as u64;
            let bytes = version.sizes.bytes.saturating_mul(messages);
            Usage { bytes: sum.bytes.saturating_add(bytes), messages: sum.messages.saturating_add(messages) }
        })
    }

    fn leftover(&self) -> Option<Leftover> {
        let name = self.versions.last()?.name.clone();
        let (key, owner) = (self.key, self.mailbox.owner);
        Some(Leftover { key, name, tmp: self.tmp.path().to_path_buf(), owner })
    }

    fn none(&self) -> Refusal {
        refuse("publishing from", self.tmp.path(), &ErrorKind::InvalidInput.into())
    }
}

fn link(maildirs: &Maildirs, tmp: &Dir, version: &Version, letters: &str, dir: &Dir) -> io::Result<String> {
    let mut taken = ErrorKind::AlreadyExists.into();
    for _ in 0..NAME_TRIES_MAX {
        let name = maildirs.names.stored(version.sizes, letters)?;
        match tmp.link(&version.name, dir, &name) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

impl Drop for StagedMail {
    fn drop(&mut self) {
        // The record of what was shown stays until its key is on disk; the other versions are no record.
        let of_use = usize::from(self.state == State::Shown);
        let dead = self.versions.len().saturating_sub(of_use);
        let result = as_owner(self.mailbox.owner, || {
            for Version { name, .. } in self.versions.iter().take(dead) {
                if let Err(error) = self.tmp.unlink(name) {
                    tracing::debug!(tmp = ?self.tmp.path(), %error, "staged file stays until the next start");
                }
            }
        });
        if let Err(error) = result {
            tracing::debug!(tmp = ?self.tmp.path(), %error, "staged files stay until the next start");
        }
    }
}
