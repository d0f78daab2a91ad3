//! Users' homes, read only: their scripts and the names of their folders.
//!
//! Needs no database, so `tamis explain` may read without writing anything.

use super::{Disk, ScriptPaths, Scripts, folders, owner, scripts};
use crate::plan::{FolderName, Mailbox};
use maildir::Maildir;
use std::path::PathBuf;

/// How many messages a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderCount {
    pub folder: String,
    pub path: PathBuf,
    /// Not yet seen by any mail program.
    pub new: usize,
    pub all: usize,
}

/// Reads what users keep in their homes.
#[derive(Clone, Debug, Default)]
pub struct Homes {
    pub(super) disk: Disk,
}

impl Homes {
    pub fn new(disk: Disk) -> Self {
        Self { disk }
    }

    /// Who shall own a mailbox for which the user source names nobody: where we are root, whoever owns the nearest folder
    /// above it that exists; else, and where that is root, ourselves (`None`).
    pub fn owner_of(&self, mailbox: &Mailbox) -> Option<(u32, u32)> {
        if !owner::may_be_anyone() {
            return None;
        }
        let nearest = mailbox.maildir.ancestors().find_map(|path| self.disk.owner(path).ok());
        nearest.filter(|(uid, _)| *uid != 0)
    }

    /// The scripts of a user and of the operator.
    pub fn scripts(&self, mailbox: &Mailbox, paths: &ScriptPaths) -> Scripts {
        owner::as_owner(mailbox.owner, || scripts::read(&self.disk, mailbox, paths)).unwrap_or_else(|error| Scripts {
            unreadable: vec![(mailbox.home.clone(), error.to_string())],
            ..Scripts::default()
        })
    }

    /// As [`Homes::scripts`], with another script, (name, text), in the place of the user's.
    pub fn scripts_with(&self, mailbox: &Mailbox, paths: &ScriptPaths, personal: (String, String)) -> Scripts {
        let read = || scripts::read_with(&self.disk, mailbox, paths, Some(personal));
        owner::as_owner(mailbox.owner, read).unwrap_or_else(|error| Scripts {
            unreadable: vec![(mailbox.home.clone(), error.to_string())],
            ..Scripts::default()
        })
    }

    /// The folders of a mailbox, as [`FolderName`] prints them; INBOX alone where it can't be read.
    pub fn folders(&self, mailbox: &Mailbox) -> Vec<String> {
        let list = || self.disk.dir(&mailbox.maildir).and_then(|root| folders::list(&root));
        owner::as_owner(mailbox.owner, list).and_then(|listed| listed).unwrap_or_else(|error| {
            tracing::debug!(maildir = ?mailbox.maildir, %error, "folders can't be listed");
            vec![FolderName::inbox().to_string()]
        })
    }

    /// The folders of a mailbox with their numbers of messages.
    pub fn counts(&self, mailbox: &Mailbox) -> Vec<FolderCount> {
        let count = |folder: String| {
            let directory = FolderName::parse(&folder).and_then(|name| folders::directory(&name)).ok()?;
            let path = mailbox.maildir.join(directory.unwrap_or_default());
            let maildir = Maildir::from(path.clone());
            let new = maildir.count_new();
            Some(FolderCount { folder, path, new, all: new + maildir.count_cur() })
        };
        self.folders(mailbox).into_iter().filter_map(count).collect()
    }
}
