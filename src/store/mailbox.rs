//! One mailbox: a message is staged once in the root's `tmp/`, then published by one link per folder.
//!
//! Stage: write, fsync, check the size, under a name that carries the delivery's key and the number of links its plan
//! needs. Publish ([`super::publish`]): link into each `new/` (or `cur/`, with flags), never overwriting; fsync every
//! such folder; only then is it stored. A publish that fails takes its links back as far as the disk lets it. The file
//! in `tmp/` stays until the key is on disk ([`super::sweep`]); what a crash leaves is told apart by its link count
//! ([`super::leftovers`]). Does not know quarantine or journal. Standards: Maildir, Maildir++.

use super::disk::{Dir, Disk, is_symlink};
use super::leftovers::{Leftover, scan};
use super::names::{Names, Sizes};
use super::owner::as_owner;
use super::publish::{Copy, StagedMail, State, Version};
use super::quota::{self, Room};
use super::syncs::DirSyncs;
use super::{Key, folders, keywords};
use crate::limits::MAILBOXES_KNOWN_MAX;
use crate::plan::{Flags, FolderName, Mailbox};
use crate::refusal::{Kind, Refusal, of_io};
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All mailboxes.
pub(super) struct Maildirs {
    disk: Disk,
    pub(super) names: Names,
    pub(super) syncs: DirSyncs,
    known: Mutex<HashMap<PathBuf, Arc<Mutex<Known>>>>,
}

/// What this process knows of one mailbox.
#[derive(Default)]
pub(super) struct Known {
    /// `tmp/` was read since the start, and nothing of a failed publish lies in it.
    pub(super) scanned: bool,
    /// Keys that the scan found done.
    recovered: HashSet<Key>,
    /// Directories of folders that are whole and whose way up is synced; the empty name is the root.
    ready: HashSet<String>,
}

/// One message for one mailbox.
pub(super) struct Letter<'a> {
    pub(super) mailbox: &'a Mailbox,
    /// Each folder once; not empty.
    pub(super) targets: &'a [Target],
    /// The message with so many changes of its header.
    pub(super) message: &'a dyn Fn(usize) -> Vec<u8>,
    pub(super) key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) folder: FolderName,
    pub(super) flags: Flags,
    /// How many changes of the header this copy has.
    pub(super) edits: usize,
}

/// What staging came to.
pub(super) enum Outcome {
    Staged(Box<StagedMail>),
    /// An earlier life had shown it in full.
    Already,
}

impl Maildirs {
    pub(super) fn new(disk: Disk, host: &str) -> Self {
        Self { disk, names: Names::new(host), syncs: DirSyncs::default(), known: Mutex::default() }
    }

    /// Writes and syncs the message where nobody sees it, and makes the folders that it goes to. The leftovers are those
    /// of an earlier life; their keys are done.
    ///
    /// # Errors
    /// The refusal that the disk's error asks for; OverQuota. Nothing is left of the message.
    pub(super) fn stage(
        self: &Arc<Self>,
        letter: &Letter<'_>,
        leftovers: &mut Vec<Leftover>,
    ) -> Result<Outcome, Refusal> {
        as_owner(letter.mailbox.owner, || self.stage_as_owner(letter, leftovers))
            .unwrap_or_else(|error| Err(refuse("taking the identity of the owner of", &letter.mailbox.maildir, &error)))
    }

    fn stage_as_owner(
        self: &Arc<Self>,
        letter: &Letter<'_>,
        leftovers: &mut Vec<Leftover>,
    ) -> Result<Outcome, Refusal> {
        let path = &letter.mailbox.maildir;
        let known = self.known(path);
        let root = self.disk.make_dir(path).map_err(|error| refuse("opening", path, &error))?;
        let (tmp, copies) = {
            let mut known = lock(&known);
            let tmp = self.ready_root(&root, &mut known).map_err(|error| refuse("preparing", path, &error))?;
            if !known.scanned {
                let found = scan(&tmp, letter.mailbox.owner, super::now());
                let found = found.map_err(|error| refuse("scanning", tmp.path(), &error))?;
                known.recovered.extend(found.iter().map(|leftover| leftover.key));
                known.scanned = true;
                leftovers.extend(found);
            }
            if known.recovered.contains(&letter.key) {
                return Ok(Outcome::Already);
            }
            (tmp, self.open_targets(&root, &mut known, letter.targets)?)
        };
        let key = letter.key;
        let (maildirs, mailbox, state) = (Arc::clone(self), letter.mailbox.clone(), State::Hidden);
        let mut mail = StagedMail { maildirs, known, mailbox, root, tmp, key, versions: Vec::new(), state };
        let versions = by_version(copies);
        let last = versions.len().saturating_sub(1);
        for (number, copies) in versions.into_iter().enumerate() {
            let links = if number == last { copies.len() } else { 0 };
            stage_version(&mut mail, letter, copies, links)?;
        }
        Ok(Outcome::Staged(Box::new(mail)))
    }

    fn known(&self, path: &Path) -> Arc<Mutex<Known>> {
        let mut all = lock(&self.known);
        if all.len() >= MAILBOXES_KNOWN_MAX && !all.contains_key(path) {
            all.clear();
        }
        Arc::clone(all.entry(path.to_path_buf()).or_default())
    }

    /// Makes `tmp`, `new` and `cur` and syncs the way up, once; opens `tmp`.
    fn ready_root(&self, root: &Dir, known: &mut Known) -> io::Result<Dir> {
        if known.ready.contains("") {
            match root.sub("tmp") {
                // Removed under us: everything is new again.
                Err(error) if error.kind() == ErrorKind::NotFound => *known = Known::default(),
                opened => return opened,
            }
        }
        for part in folders::PARTS {
            root.make_sub(part)?;
        }
        root.sync()?;
        // An earlier life may have made the root and died before it synced the parent.
        if let Some(parent) = root.path().parent() {
            match self.disk.dir(parent).and_then(|parent| parent.sync()) {
                // Not ours to open, so not ours to have made the root in.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
                other => other?,
            }
        }
        known.ready.insert(String::new());
        root.sub("tmp")
    }

    /// Opens where each copy goes. A folder that can't ever be opened (a symlink, a file, a forbidden name, not ours)
    /// becomes INBOX, as a script's `fileinto` that fails becomes `keep` (RFC 5228 §2.10.6).
    fn open_targets(&self, root: &Dir, known: &mut Known, wanted: &[Target]) -> Result<Vec<Copy>, Refusal> {
        let mut open: Vec<Copy> = Vec::new();
        for target in wanted {
            let mut target = target.clone();
            let dir = match open_target(root, known, &target) {
                Err(error) if !target.folder.is_inbox() && is_lasting(&error) => {
                    tracing::warn!(maildir = ?root.path(), folder = %target.folder, %error, "filed into INBOX instead");
                    target.folder = FolderName::inbox();
                    open_target(root, known, &target)
                }
                other => other,
            };
            let doing = format!("opening folder {} of", target.folder);
            let (dir, letters) = dir.map_err(|error| refuse(&doing, root.path(), &error))?;
            if !open.iter().any(|other| other.target.folder == target.folder) {
                open.push(Copy { target, dir, letters });
            }
        }
        Ok(open)
    }
}

/// The copies of each version together, in the order in which the versions come.
fn by_version(copies: Vec<Copy>) -> Vec<Vec<Copy>> {
    let mut versions: Vec<Vec<Copy>> = Vec::new();
    for copy in copies {
        let same = |others: &&mut Vec<Copy>| others.iter().all(|other| other.target.edits == copy.target.edits);
        match versions.iter_mut().find(same) {
            Some(others) => others.push(copy),
            None => versions.push(vec![copy]),
        }
    }
    versions
}

/// Writes and syncs one more version.
fn stage_version(mail: &mut StagedMail, letter: &Letter<'_>, copies: Vec<Copy>, links: usize) -> Result<(), Refusal> {
    let edits = copies.first().map_or(0, |copy| copy.target.edits);
    let message = (letter.message)(edits);
    let doing = |tmp: &Dir, error: &io::Error| refuse("writing into", tmp.path(), error);
    let name = mail.maildirs.names.staged(&letter.key, links).map_err(|error| doing(&mail.tmp, &error))?;
    mail.versions.push(Version { name: name.clone(), sizes: Sizes::of(&message), written: None, copies });
    let create = || mail.tmp.create_locked(&name, &message).map_err(|error| doing(&mail.tmp, &error));
    match (check_quota(mail).and_then(|()| create()), mail.versions.last_mut()) {
        (Ok(written), Some(version)) => version.written = Some(written),
        (Ok(_), None) => {}
        (Err(refusal), _) => {
            mail.versions.pop();
            return Err(refusal);
        }
    }
    Ok(())
}

/// `new/`, or `cur/` where there are flags, and their letters.
fn open_target(root: &Dir, known: &mut Known, target: &Target) -> io::Result<(Dir, String)> {
    let name = folders::directory(&target.folder).map_err(|why| io::Error::new(ErrorKind::InvalidFilename, why))?;
    let Some(name) = name else { return open_part(root, target) };
    if known.ready.contains(&name) {
        match root.sub(&name).and_then(|dir| open_part(&dir, target)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
    }
    folders::make(root, &name, &target.folder)?;
    known.ready.insert(name.clone());
    open_part(&root.sub(&name)?, target)
}

fn open_part(folder: &Dir, target: &Target) -> io::Result<(Dir, String)> {
    let letters = target.flags.letters() + &keywords::letters(folder, &target.flags.keywords);
    Ok((folder.sub(if letters.is_empty() { "new" } else { "cur" })?, letters))
}

/// True where trying again can't help.
fn is_lasting(error: &io::Error) -> bool {
    use ErrorKind as E;
    matches!(error.kind(), E::InvalidFilename | E::NotADirectory | E::PermissionDenied) || is_symlink(error)
}

fn check_quota(mail: &StagedMail) -> Result<(), Refusal> {
    let (root, quota) = (&mail.root, mail.mailbox.quota);
    match quota::room(root, quota, mail.usage(), super::now()) {
        Ok(Room::Enough) => Ok(()),
        Ok(Room::TooLittle(used)) => {
            let path = root.path().display();
            let (bytes, messages) = (used.bytes, used.messages);
            let cause = format!("{path} holds {bytes} bytes in {messages} messages, its quota is {quota:?}");
            Err(Refusal::new(Kind::OverQuota, cause))
        }
        Err(error) => Err(refuse("counting", root.path(), &error)),
    }
}

/// A symlink or a file in the place of a folder of ours is the mailbox's trouble, not the disk's.
pub(super) fn refuse(doing: &str, path: &Path, error: &io::Error) -> Refusal {
    let mut refusal = of_io(&format!("{doing} {}", path.display()), error);
    if is_symlink(error) || error.kind() == ErrorKind::NotADirectory {
        refusal.kind = Kind::Mailbox;
    }
    refusal
}

/// Nothing in here leaves half a change behind when it panics, so a poisoned lock holds sound values.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Quota;
    use crate::store::Place;
    use std::fs;

    const MESSAGE: &[u8] = b"Subject: x\r\n\r\nbody\n";

    /// Another header for each number of changes.
    fn edited_message(edits: usize) -> Vec<u8> {
        [b"X: 1\r\n".repeat(edits), MESSAGE.to_vec()].concat()
    }

    struct House {
        place: tempfile::TempDir,
        maildirs: Arc<Maildirs>,
        mailbox: Mailbox,
    }

    impl House {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            let home = place.path().join("home/anna");
            let mailbox = Mailbox {
                user: "anna".into(),
                domain: String::new(),
                maildir: home.join("Maildir"),
                home,
                owner: None,
                quota: Quota::default(),
            };
            Self { place, maildirs: Arc::new(Maildirs::new(Disk::default(), "mx")), mailbox }
        }
        fn stage(&self, key: u8, targets: &[Target]) -> Result<Outcome, Refusal> {
            let letter = Letter { mailbox: &self.mailbox, targets, message: &edited_message, key: Key([key; 32]) };
            self.maildirs.stage(&letter, &mut Vec::new())
        }
        fn deliver(&self, key: u8, targets: &[Target]) -> Result<Vec<Place>, Refusal> {
            match self.stage(key, targets)? {
                Outcome::Staged(mail) => mail.publish().map(|(places, _)| places),
                Outcome::Already => Ok(Vec::new()),
            }
        }
        fn names(&self, dir: &str) -> Vec<String> {
            let Ok(entries) = fs::read_dir(self.mailbox.maildir.join(dir)) else { return Vec::new() };
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        }
    }

    fn target(folder: &str, flags: &[&str]) -> Target {
        Target { folder: FolderName::parse(folder).unwrap(), flags: Flags::from_names(flags.iter().copied()), edits: 0 }
    }

    #[test]
    fn nobody_sees_a_message_before_it_is_published_and_then_everywhere() {
        let house = House::new();
        let targets = [target("INBOX", &[]), target("A.B", &["\\Seen"])];
        let Outcome::Staged(mail) = house.stage(1, &targets).unwrap() else { panic!("already") };
        assert_eq!((house.names("new").len(), house.names(".A.B/cur").len(), house.names("tmp").len()), (0, 0, 1));
        let (places, leftover) = mail.publish().unwrap();
        let [new, cur] = [house.names("new"), house.names(".A.B/cur")];
        assert!(new[0].contains(".mx,S=19,W=20"), "{new:?}");
        assert!(cur[0].ends_with(",S=19,W=20:2,S"), "{cur:?}");
        assert_eq!(house.names("tmp"), [leftover.name], "until its key is on disk");
        for (place, want) in places.iter().zip(["INBOX", "INBOX.A.B"]) {
            let Place::Folder { folder, file } = place else { panic!("{place:?}") };
            assert_eq!((folder.as_str(), fs::read(file).unwrap().as_slice()), (want, MESSAGE));
        }
    }

    #[test]
    fn each_version_is_written_once_and_the_last_is_the_record() {
        let mut house = House::new();
        let with = |folder, edits| Target { edits, ..target(folder, &[]) };
        let Outcome::Staged(mail) = house.stage(1, &[with("A", 1), with("INBOX", 2), with("B", 1)]).unwrap() else {
            panic!("already")
        };
        assert_eq!(house.names("tmp").len(), 2);
        let (places, leftover) = mail.publish().unwrap();
        let mut inodes = std::collections::BTreeSet::new();
        for (place, (folder, edits)) in places.iter().zip([("INBOX.A", 1), ("INBOX.B", 1), ("INBOX", 2)]) {
            let Place::Folder { folder: is, file } = place else { panic!("{place:?}") };
            assert_eq!((is.as_str(), fs::read(file).unwrap()), (folder, edited_message(edits)));
            inodes.insert(std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).unwrap()));
        }
        assert_eq!((places.len(), inodes.len()), (3, 2));
        assert!(leftover.name.ends_with(",L=1"), "{}", leftover.name);
        assert_eq!(house.names("tmp"), [leftover.name], "the other version is no record");
        house.maildirs = Arc::new(Maildirs::new(Disk::default(), "mx"));
        assert!(matches!(house.stage(1, &[with("A", 1)]), Ok(Outcome::Already)));
    }

    #[test]
    fn versions_that_were_shown_without_the_last_are_no_record_of_the_plan() {
        let mut house = House::new();
        let with = |folder, edits| Target { edits, ..target(folder, &[]) };
        house.deliver(1, &[with("A", 1), with("INBOX", 2)]).unwrap();
        // As if the process had died before the last link.
        fs::remove_file(house.mailbox.maildir.join("new").join(&house.names("new")[0])).unwrap();
        house.maildirs = Arc::new(Maildirs::new(Disk::default(), "mx"));
        assert_eq!(house.deliver(1, &[with("A", 1), with("INBOX", 2)]).unwrap().len(), 2);
    }

    #[test]
    fn keywords_are_letters_of_their_folder() {
        let house = House::new();
        house.deliver(1, &[target("A", &["\\Flagged", "$Label1", "work"]), target("INBOX", &["work"])]).unwrap();
        house.deliver(2, &[target("A", &["(no)"])]).unwrap();
        assert!(house.names(".A/cur")[0].ends_with(":2,Fab"), "{:?}", house.names(".A/cur"));
        assert!(house.names("cur")[0].ends_with(":2,a"), "{:?}", house.names("cur"));
        assert_eq!(house.names(".A/new").len(), 1, "a keyword that is none leaves no flag");
        let text = |dir: &str| fs::read_to_string(house.mailbox.maildir.join(dir).join("dovecot-keywords")).unwrap();
        assert_eq!((text(".A").as_str(), text("").as_str()), ("0 $Label1\n1 work\n", "0 work\n"));
    }

    #[test]
    fn what_is_staged_and_dropped_leaves_nothing() {
        let house = House::new();
        drop(house.stage(1, &[target("INBOX", &[])]).unwrap());
        assert_eq!((house.names("new").len(), house.names("tmp").len()), (0, 0));
    }

    #[test]
    fn what_an_earlier_life_published_is_not_published_again() {
        let mut house = House::new();
        house.deliver(1, &[target("INBOX", &[]), target("A", &[])]).unwrap();
        drop(house.stage(2, &[target("INBOX", &[])]).unwrap());
        house.maildirs = Arc::new(Maildirs::new(Disk::default(), "mx"));
        assert!(matches!(house.stage(1, &[target("INBOX", &[])]), Ok(Outcome::Already)));
        assert!(matches!(house.stage(2, &[target("INBOX", &[])]), Ok(Outcome::Staged(_))));
        assert_eq!((house.names("new").len(), house.names(".A/new").len()), (1, 1));
    }

    #[test]
    fn a_folder_that_leads_away_becomes_inbox_once() {
        let house = House::new();
        let other = house.place.path().join("other");
        fs::create_dir_all(other.join("new")).unwrap();
        fs::create_dir_all(&house.mailbox.maildir).unwrap();
        std::os::unix::fs::symlink(&other, house.mailbox.maildir.join(".way")).unwrap();
        fs::write(house.mailbox.maildir.join(".file"), "").unwrap();
        let targets = [target("way", &[]), target("file", &[]), target("INBOX", &[])];
        assert_eq!(house.deliver(1, &targets).unwrap().len(), 1);
        assert_eq!(house.names("new").len(), 1);
        assert_eq!(fs::read_dir(other.join("new")).unwrap().count(), 0);
    }

    #[test]
    fn an_inbox_that_leads_away_is_refused_for_now() {
        let house = House::new();
        let other = house.place.path().join("other");
        fs::create_dir_all(&other).unwrap();
        fs::create_dir_all(&house.mailbox.maildir).unwrap();
        std::os::unix::fs::symlink(&other, house.mailbox.maildir.join("new")).unwrap();
        let refusal = house.deliver(1, &[target("INBOX", &[])]).unwrap_err();
        assert_eq!(refusal.kind, Kind::Mailbox, "{refusal}");
        assert_eq!(fs::read_dir(other).unwrap().count(), 0);
    }

    #[test]
    fn a_full_mailbox_is_refused_and_each_copy_counts() {
        let mut house = House::new();
        house.mailbox.quota = Quota { bytes: Some(3 * 19), messages: None };
        let two = [target("INBOX", &[]), target("A", &[])];
        house.deliver(1, &two).unwrap();
        let refusal = house.deliver(2, &two).unwrap_err();
        assert_eq!((refusal.kind, refusal.reply().0), (Kind::OverQuota, 452));
        house.deliver(3, &[target("INBOX", &[])]).unwrap();
        assert_eq!((house.names("new").len(), house.names(".A/new").len(), house.names("tmp").len()), (2, 1, 2));
    }

    #[test]
    fn a_mailbox_that_was_removed_under_us_is_made_again() {
        let house = House::new();
        let targets = [target("INBOX", &[]), target("A", &[])];
        house.deliver(1, &targets).unwrap();
        fs::remove_dir_all(&house.mailbox.maildir).unwrap();
        house.deliver(2, &targets).unwrap();
        fs::remove_dir_all(house.mailbox.maildir.join(".A")).unwrap();
        house.deliver(3, &targets).unwrap();
        assert_eq!((house.names("new").len(), house.names(".A/new").len()), (2, 1));
    }

    #[test]
    fn files_belong_to_the_mailboxs_owner() {
        use std::os::unix::fs::MetadataExt;
        let mut house = House::new();
        if !nix::unistd::geteuid().is_root() {
            println!("not root: can't be tested here");
            return;
        }
        fs::create_dir_all(&house.mailbox.home).unwrap();
        std::os::unix::fs::chown(&house.mailbox.home, Some(4711), Some(4712)).unwrap();
        for dir in [house.place.path(), &house.place.path().join("home")] {
            fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        house.mailbox.owner = Some((4711, 4712));
        for place in house.deliver(1, &[target("INBOX", &[]), target("A", &[])]).unwrap() {
            let Place::Folder { file, .. } = place else { panic!("{place:?}") };
            for path in file.ancestors().take_while(|path| path.starts_with(&house.mailbox.home)) {
                let made = fs::metadata(path).unwrap();
                assert_eq!((made.uid(), made.gid()), (4711, 4712), "{path:?}");
            }
        }
        house.mailbox.owner = Some((0, 0));
        assert_eq!(house.deliver(2, &[target("INBOX", &[])]).unwrap_err().kind, Kind::Mailbox);
    }

    #[test]
    fn deliveries_side_by_side_into_new_folders_all_arrive() {
        let house = Arc::new(House::new());
        let threads: Vec<_> = (0..8_u8)
            .map(|thread| {
                let house = Arc::clone(&house);
                std::thread::spawn(move || {
                    for n in 0..10 {
                        let folders = [target("INBOX", &[]), target(&format!("F{}", (thread + n) % 3), &[])];
                        house.deliver(thread * 10 + n, &folders).unwrap();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(house.names("new").len(), 80);
        assert_eq!((0..3).map(|n| house.names(&format!(".F{n}/new")).len()).sum::<usize>(), 80);
        let subscribed = fs::read_to_string(house.mailbox.maildir.join("subscriptions")).unwrap();
        assert_eq!(subscribed.lines().filter(|line| line.starts_with('F')).count(), 3, "{subscribed}");
    }
}
