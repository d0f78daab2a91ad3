//! Messages that lie in a Maildir: finding and reading them, for people who ask what scripts would make of them.
//!
//! Read only, with the rights of the mailbox's owner. Standards: Maildir (names, `new/`, `cur/`), Maildir++.

use super::{Dir, Disk, Homes, folders, owner};
use crate::limits::SCAN_FILE_BYTES_MAX;
use crate::plan::{FolderName, Mailbox};
use std::io::{self, ErrorKind};
use std::path::Path;

/// One message of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldMail {
    pub folder: FolderName,
    /// The file's name, with its flags.
    pub name: String,
    /// It lies in `new/`: no mail program has seen it yet.
    pub is_new: bool,
}

impl OldMail {
    /// `new` or `cur`.
    pub(super) fn part(&self) -> &'static str {
        if self.is_new { "new" } else { "cur" }
    }
}

impl Homes {
    /// The messages of one folder, or of all, in byte order of their names.
    ///
    /// # Errors
    /// What the system says; InvalidInput where there is no Maildir.
    pub fn old_mail(&self, mailbox: &Mailbox, folder: Option<&FolderName>) -> io::Result<Vec<OldMail>> {
        owner::as_owner(mailbox.owner, || {
            let known = folders::list(&self.disk.dir(&mailbox.maildir)?)?;
            let all = || known.iter().filter_map(|name| FolderName::parse(name).ok()).collect();
            let wanted: Vec<FolderName> = folder.map_or_else(all, |folder| vec![folder.clone()]);
            let mut found = Vec::new();
            for folder in wanted {
                let dir = open(&self.disk, &mailbox.maildir, &folder)?;
                list(&dir, &folder, &mut found).map_err(|error| no_maildir(&dir, &error))?;
            }
            Ok(found)
        })?
    }

    /// The message as it lies there.
    ///
    /// # Errors
    /// What the system says: NotFound where somebody has moved it or changed its flags meanwhile.
    pub fn read_old_mail(&self, mailbox: &Mailbox, mail: &OldMail) -> io::Result<Vec<u8>> {
        owner::as_owner(mailbox.owner, || {
            open(&self.disk, &mailbox.maildir, &mail.folder)?.sub(mail.part())?.read(&mail.name, SCAN_FILE_BYTES_MAX)
        })?
    }
}

/// A folder that must be there.
pub(super) fn open(disk: &Disk, maildir: &Path, folder: &FolderName) -> io::Result<Dir> {
    let root = disk.dir(maildir)?;
    let name = folders::directory(folder).map_err(|why| io::Error::new(ErrorKind::InvalidFilename, why))?;
    let Some(name) = name else { return Ok(root) };
    root.sub(&name).map_err(|error| instead_of_none(error, &format!("there is no folder {folder}")))
}

/// The same error, in better words where it says that something isn't there.
pub(super) fn instead_of_none(error: io::Error, words: &str) -> io::Error {
    if error.kind() == ErrorKind::NotFound { io::Error::new(ErrorKind::NotFound, words) } else { error }
}

fn list(dir: &Dir, folder: &FolderName, found: &mut Vec<OldMail>) -> io::Result<()> {
    for is_new in [true, false] {
        let part = dir.sub(if is_new { "new" } else { "cur" })?;
        let names = part.names()?.into_iter().filter(|name| !name.starts_with('.'));
        found.extend(names.map(|name| OldMail { folder: folder.clone(), name, is_new }));
    }
    Ok(())
}

fn no_maildir(dir: &Dir, error: &io::Error) -> io::Error {
    let words = format!("{} is no Maildir with cur, new and tmp: {error}", dir.path().display());
    io::Error::new(ErrorKind::InvalidInput, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn messages_of_all_folders_or_of_one_are_found_and_read() {
        let place = tempfile::tempdir().unwrap();
        let mailbox = Mailbox {
            user: "anna".into(),
            domain: String::new(),
            home: place.path().into(),
            maildir: place.path().into(),
            owner: None,
            quota: Default::default(),
        };
        let homes = Homes::new(Disk::default());
        let bad = homes.old_mail(&mailbox, None).unwrap_err();
        assert!(bad.to_string().contains("is no Maildir"), "{bad}");
        for part in ["tmp", "new", "cur", ".A.B/new", ".A.B/cur", ".A.B/tmp", ".dovecot.x"] {
            fs::create_dir_all(place.path().join(part)).unwrap();
        }
        for (file, text) in [("new/2.x", "two"), ("cur/1.x:2,S", "one"), (".A.B/cur/3.x:2,", "three"), ("tmp/4", "no")]
        {
            fs::write(place.path().join(file), text).unwrap();
        }
        let found = homes.old_mail(&mailbox, None).unwrap();
        let names: Vec<(String, &str, bool)> =
            found.iter().map(|mail| (mail.folder.to_string(), mail.name.as_str(), mail.is_new)).collect();
        let [inbox, folder] = ["INBOX", "INBOX.A.B"].map(str::to_string);
        assert_eq!(names, [(inbox.clone(), "2.x", true), (inbox, "1.x:2,S", false), (folder, "3.x:2,", false)]);
        assert_eq!(homes.read_old_mail(&mailbox, &found[2]).unwrap(), b"three");
        assert_eq!(homes.old_mail(&mailbox, Some(&found[2].folder)).unwrap(), found[2..]);
        let gone = homes.old_mail(&mailbox, Some(&FolderName::parse("Gone").unwrap())).unwrap_err();
        assert_eq!(gone.to_string(), "there is no folder INBOX.Gone");
    }
}
