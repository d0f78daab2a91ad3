//! One mailbox: a message is staged once in the root's `tmp/`, then published by one link per folder.
//!
//! Stage: write, fsync, check the size, under a name that carries the delivery's key and the number of links its plan
//! needs. Publish: link into each `new/` (or `cur/`, with flags), never overwriting; fsync every such folder; only then
//! is it stored. A publish that fails takes its links back as far as the disk lets it. The file in `tmp/` stays until
//! the key is on disk ([`super::sweep`]); what a crash leaves is told apart by its link count ([`super::leftovers`]).
//! Does not know quarantine or journal. Standards: Maildir, Maildir++.

use super::disk::{Dir, Disk, Written, is_symlink};
use super::leftovers::{Leftover, scan};
use super::names::{Names, Sizes};
use super::owner::as_owner;
use super::quota::{self, Room, Usage};
use super::syncs::DirSyncs;
use super::{Key, Place, folders};
use crate::limits::{MAILBOXES_KNOWN_MAX, NAME_TRIES_MAX};
use crate::plan::{Flags, FolderName, Mailbox};
use crate::refusal::{Kind, Refusal, of_io};
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All mailboxes.
pub(super) struct Maildirs {
    disk: Disk,
    names: Names,
    syncs: DirSyncs,
    known: Mutex<HashMap<PathBuf, Arc<Mutex<Known>>>>,
}

/// What this process knows of one mailbox.
#[derive(Default)]
struct Known {
    /// `tmp/` was read since the start, and nothing of a failed publish lies in it.
    scanned: bool,
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
    pub(super) message: &'a [u8],
    pub(super) key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) folder: FolderName,
    pub(super) flags: Flags,
}

/// What staging came to.
pub(super) enum Outcome {
    Staged(Box<StagedMail>),
    /// An earlier life had shown it in full.
    Already,
}

/// Written and synced in `tmp/`, seen by nobody. Dropped: it is gone.
pub(super) struct StagedMail {
    maildirs: Arc<Maildirs>,
    known: Arc<Mutex<Known>>,
    mailbox: Mailbox,
    root: Dir,
    tmp: Dir,
    name: String,
    key: Key,
    sizes: Sizes,
    written: Option<Written>,
    targets: Vec<(Target, Dir)>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing visible: the file in `tmp/` is ours to remove.
    Hidden,
    /// Visible in full, or a link could not be taken back: the file in `tmp/` is the record of that.
    Shown,
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
        let (tmp, targets) = {
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
        check_quota(&root, letter, targets.len())?;
        let doing = |error: io::Error| refuse("writing into", tmp.path(), &error);
        let name = self.names.staged(&letter.key, targets.len()).map_err(doing)?;
        let written = tmp.create_locked(&name, letter.message).map_err(doing)?;
        Ok(Outcome::Staged(Box::new(StagedMail {
            maildirs: Arc::clone(self),
            known,
            mailbox: letter.mailbox.clone(),
            root,
            tmp,
            name,
            key: letter.key,
            sizes: Sizes::of(letter.message),
            written: Some(written),
            targets,
            state: State::Hidden,
        })))
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
    fn open_targets(&self, root: &Dir, known: &mut Known, wanted: &[Target]) -> Result<Vec<(Target, Dir)>, Refusal> {
        let mut open: Vec<(Target, Dir)> = Vec::new();
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
            let dir = dir.map_err(|error| refuse(&doing, root.path(), &error))?;
            if !open.iter().any(|(other, _)| other.folder == target.folder) {
                open.push((target, dir));
            }
        }
        Ok(open)
    }
}

/// `new/`, or `cur/` where there are flags.
fn open_target(root: &Dir, known: &mut Known, target: &Target) -> io::Result<Dir> {
    let part = if target.flags == Flags::default() { "new" } else { "cur" };
    let name = folders::directory(&target.folder).map_err(|why| io::Error::new(ErrorKind::InvalidFilename, why))?;
    let Some(name) = name else { return root.sub(part) };
    if known.ready.contains(&name) {
        match root.sub(&name).and_then(|dir| dir.sub(part)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
    }
    folders::make(root, &name, &target.folder)?;
    known.ready.insert(name.clone());
    root.sub(&name)?.sub(part)
}

/// True where trying again can't help.
fn is_lasting(error: &io::Error) -> bool {
    use ErrorKind as E;
    matches!(error.kind(), E::InvalidFilename | E::NotADirectory | E::PermissionDenied) || is_symlink(error)
}

fn check_quota(root: &Dir, letter: &Letter<'_>, copies: usize) -> Result<(), Refusal> {
    let quota = letter.mailbox.quota;
    match quota::room(root, quota, usage(letter.message.len() as u64, copies), super::now()) {
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

fn usage(bytes: u64, copies: usize) -> Usage {
    let messages = copies as u64;
    Usage { bytes: bytes.saturating_mul(messages), messages }
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
        let mut linked: Vec<String> = Vec::new();
        if let Err(refusal) = self.show(&mut linked) {
            self.take_back(&linked);
            return Err(refusal);
        }
        self.state = State::Shown;
        quota::add(&self.root, self.mailbox.quota, usage(self.sizes.bytes, linked.len()));
        let places = self.targets.iter().zip(linked).map(|((target, dir), name)| Place::Folder {
            folder: target.folder.to_string(),
            file: dir.path().join(name),
        });
        Ok((places.collect(), self.leftover()))
    }

    /// Adds each name it made to `linked`, in the order of the targets.
    fn show(&mut self, linked: &mut Vec<String>) -> Result<(), Refusal> {
        for (target, dir) in &self.targets {
            let name = self.link(&target.flags, dir);
            linked.push(name.map_err(|error| refuse("linking into", dir.path(), &error))?);
        }
        for (_, dir) in &self.targets {
            self.maildirs.syncs.sync(dir).map_err(|error| refuse("syncing", dir.path(), &error))?;
        }
        match self.written.take().map(Written::close) {
            Some(Err(error)) => Err(refuse("closing a file in", self.tmp.path(), &error)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn link(&self, flags: &Flags, dir: &Dir) -> io::Result<String> {
        let mut taken = ErrorKind::AlreadyExists.into();
        for _ in 0..NAME_TRIES_MAX {
            let name = self.maildirs.names.stored(self.sizes, flags)?;
            match self.tmp.link(&self.name, dir, &name) {
                Ok(()) => return Ok(name),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    /// What can't be taken back stays visible, whole; then the file in `tmp/` stays too, so that the next delivery's
    /// scan finds a message that was shown in full, and its retry does not store it again.
    fn take_back(&mut self, linked: &[String]) {
        for ((_, dir), name) in self.targets.iter().zip(linked) {
            if let Err(error) = dir.unlink(name) {
                tracing::warn!(dir = ?dir.path(), name, %error, "a copy of a refused message can't be taken back");
                self.state = State::Shown;
            }
        }
        if self.state == State::Shown {
            // The scan leaves locked files alone.
            self.written = None;
            lock(&self.known).scanned = false;
        }
    }

    fn leftover(&self) -> Leftover {
        Leftover {
            key: self.key,
            name: self.name.clone(),
            tmp: self.tmp.path().to_path_buf(),
            owner: self.mailbox.owner,
        }
    }
}

impl Drop for StagedMail {
    fn drop(&mut self) {
        if self.state == State::Hidden {
            let result = as_owner(self.mailbox.owner, || self.tmp.unlink(&self.name)).and_then(|inner| inner);
            if let Err(error) = result {
                tracing::debug!(tmp = ?self.tmp.path(), %error, "staged file stays until the next start");
            }
        }
    }
}

/// A symlink or a file in the place of a folder of ours is the mailbox's trouble, not the disk's.
fn refuse(doing: &str, path: &Path, error: &io::Error) -> Refusal {
    let mut refusal = of_io(&format!("{doing} {}", path.display()), error);
    if is_symlink(error) || error.kind() == ErrorKind::NotADirectory {
        refusal.kind = Kind::Mailbox;
    }
    refusal
}

/// Nothing in here leaves half a change behind when it panics, so a poisoned lock holds sound values.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Quota;
    use std::fs;

    const MESSAGE: &[u8] = b"Subject: x\r\n\r\nbody\n";

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
            let letter = Letter { mailbox: &self.mailbox, targets, message: MESSAGE, key: Key([key; 32]) };
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
        Target { folder: FolderName::parse(folder).unwrap(), flags: Flags::from_names(flags.iter().copied()) }
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
        let targets = [target("way", &[]), target("file", &[]), target("dovecot.sieve", &[]), target("INBOX", &[])];
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
