//! Old messages into other folders: a link under the new name first, then the old name goes.
//!
//! A batch is linked, the folders that got links are synced, then the old names are removed: a crash leaves a copy too
//! many, never one too few. The file stays the same file, so that a copy which is there already (a second run, a
//! delivery into several folders) is known by its inode and not made again. Does not decide what goes where. Standards:
//! Maildir (`:2,` and letters in ASCII order); Dovecot's `dovecot-keywords`, whose letters mean something else in each
//! folder.

use super::old_mail::instead_of_none;
use super::quota::{self, Room, Usage};
use super::{Dir, Disk, Homes, OldMail, disk, folders, keywords, old_mail, owner};
use crate::limits::NAME_TRIES_MAX;
use crate::plan::{Flags, FolderName, Mailbox};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, ErrorKind};

/// What becomes of one old message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refile {
    pub mail: OldMail,
    /// Where it shall lie, each folder once; flags are added to those that it has. It leaves its own folder where that
    /// isn't named. Never empty.
    pub targets: Vec<(FolderName, Flags)>,
}

impl Refile {
    /// True where it lies already where it shall, with these flags. Keywords are looked up only when it is carried out.
    pub fn changes_nothing(&self) -> bool {
        let has = letters_of(&self.mail.name);
        let stays = |(folder, flags): &(FolderName, Flags)| {
            *folder == self.mail.folder && flags.keywords.is_empty() && flags.letters().chars().all(|c| has.contains(c))
        };
        self.targets.iter().all(stays)
    }
}

impl Homes {
    /// Carries out a batch; one answer each: why it stayed as it was.
    pub fn refile(&self, mailbox: &Mailbox, batch: &[Refile]) -> Vec<Result<(), String>> {
        let all = || Refiling::new(&self.disk, mailbox).map(|mut refiling| refiling.carry_out(batch));
        let done = owner::as_owner(mailbox.owner, all).and_then(|inner| inner);
        done.unwrap_or_else(|error| vec![Err(error.to_string()); batch.len()])
    }
}

struct Refiling<'a> {
    disk: &'a Disk,
    mailbox: &'a Mailbox,
    root: Dir,
    open: BTreeMap<FolderName, Folder>,
}

/// A folder held open.
struct Folder {
    /// Holds `dovecot-keywords`.
    whole: Dir,
    new: Dir,
    cur: Dir,
    /// Device and inode of what lies in it, read where that is asked.
    files: Option<HashSet<(u64, u64)>>,
}

/// One message whose links are made.
struct Linked {
    links: Vec<Link>,
    /// Folders that hold it already; nobody has synced them perhaps.
    there: Vec<FolderName>,
    leaves: bool,
    bytes: u64,
}

/// A name that was made.
struct Link {
    folder: FolderName,
    in_new: bool,
    name: String,
}

impl<'a> Refiling<'a> {
    fn new(disk: &'a Disk, mailbox: &'a Mailbox) -> io::Result<Self> {
        Ok(Self { disk, mailbox, root: disk.dir(&mailbox.maildir)?, open: BTreeMap::new() })
    }

    fn carry_out(&mut self, batch: &[Refile]) -> Vec<Result<(), String>> {
        let linked: Vec<_> = batch.iter().map(|refile| self.link_all(refile)).collect();
        let synced = self.sync_targets(linked.iter().filter_map(|linked| linked.as_ref().ok()));
        let mut answers: Vec<Result<(), String>> = Vec::new();
        for (refile, linked) in batch.iter().zip(linked) {
            answers.push(match (linked, &synced) {
                (Err(error), _) => Err(error.to_string()),
                (Ok(linked), Err(error)) => {
                    self.take_back(&linked.links);
                    Err(error.to_string())
                }
                (Ok(linked), Ok(())) => self.leave(refile, &linked).map_err(|error| error.to_string()),
            });
        }
        if let Err(error) = self.sync_sources(batch) {
            return vec![Err(error.to_string()); batch.len()];
        }
        answers
    }

    /// Makes all links of one message, or none.
    fn link_all(&mut self, refile: &Refile) -> io::Result<Linked> {
        let mail = &refile.mail;
        self.ready(&mail.folder, false)?;
        let source = self.folder(&mail.folder)?;
        let stat = source.part(mail.is_new).stat(&mail.name);
        let stat = stat.map_err(|error| instead_of_none(error, "somebody moved it meanwhile; run it again"))?;
        let mut linked = Linked { links: Vec::new(), there: Vec::new(), leaves: true, bytes: stat.size };
        for (folder, flags) in &refile.targets {
            self.ready(folder, true)?;
            let letters = self.letters(mail, folder, flags)?;
            let is_same_folder = *folder == mail.folder;
            if is_same_folder && letters == letters_of(&mail.name) {
                linked.leaves = false;
                continue;
            }
            let id = (stat.device, stat.inode);
            if !is_same_folder && stat.links > 1 && self.holds(folder, id)? {
                linked.there.push(folder.clone());
                continue;
            }
            match self.link(mail, folder, &letters) {
                Ok(link) => linked.links.push(link),
                Err(error) => {
                    self.take_back(&linked.links);
                    return Err(error);
                }
            }
        }
        self.check_quota(&linked).inspect_err(|_| self.take_back(&linked.links))?;
        Ok(linked)
    }

    /// `new/` is for what no mail program has seen and what has no flags.
    fn link(&self, mail: &OldMail, folder: &FolderName, letters: &str) -> io::Result<Link> {
        let in_new = mail.is_new && letters.is_empty();
        let (base, _) = split(&mail.name);
        let info = if in_new { String::new() } else { format!(":2,{letters}") };
        let (source, target) = (self.folder(&mail.folder)?.part(mail.is_new), self.folder(folder)?.part(in_new));
        let mut name = format!("{base}{info}");
        let mut taken = ErrorKind::AlreadyExists.into();
        for _ in 0..NAME_TRIES_MAX {
            match source.link(&mail.name, target, &name) {
                Ok(()) => return Ok(Link { folder: folder.clone(), in_new, name }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
            // Another message of that name: ours gets a new one, the sizes stay behind it.
            let at = base.find(',').unwrap_or(base.len());
            let (unique, sizes) = base.split_at_checked(at).unwrap_or((base, ""));
            name = format!("{unique}R{:016x}{sizes}{info}", disk::random()?);
        }
        Err(taken)
    }

    /// The letters that the message has and those of the flags; keywords by what they mean in the new folder.
    fn letters(&self, mail: &OldMail, folder: &FolderName, flags: &Flags) -> io::Result<String> {
        let (source, target) = (&self.folder(&mail.folder)?.whole, &self.folder(folder)?.whole);
        let has = letters_of(&mail.name);
        let (keyword, system): (String, String) = has.chars().partition(char::is_ascii_lowercase);
        let mut letters: BTreeSet<char> = system.chars().chain(flags.letters().chars()).collect();
        let mut wanted = flags.keywords.clone();
        if *folder == mail.folder {
            letters.extend(keyword.chars());
        } else {
            wanted.extend(keywords::names(source, &keyword));
        }
        letters.extend(keywords::letters(target, &wanted).chars());
        Ok(letters.into_iter().collect())
    }

    fn check_quota(&self, linked: &Linked) -> io::Result<()> {
        let more = linked.more();
        if more.messages == 0 {
            return Ok(());
        }
        match quota::room(&self.root, self.mailbox.quota, more, super::now())? {
            Room::Enough => quota::add(&self.root, self.mailbox.quota, more),
            Room::TooLittle(_) => {
                return Err(io::Error::new(ErrorKind::QuotaExceeded, "the mailbox has no room for a copy"));
            }
        }
        Ok(())
    }

    fn sync_targets<'l>(&self, linked: impl Iterator<Item = &'l Linked>) -> io::Result<()> {
        let mut parts: BTreeSet<(&FolderName, bool)> = BTreeSet::new();
        for linked in linked {
            parts.extend(linked.links.iter().map(|link| (&link.folder, link.in_new)));
            parts.extend(linked.there.iter().flat_map(|folder| [(folder, true), (folder, false)]));
        }
        parts.into_iter().try_for_each(|(folder, in_new)| self.folder(folder)?.part(in_new).sync())
    }

    /// Removes the old name, where the message is no longer to lie there.
    fn leave(&self, refile: &Refile, linked: &Linked) -> io::Result<()> {
        if !linked.leaves {
            return Ok(());
        }
        let mail = &refile.mail;
        let removed = self.folder(&mail.folder)?.part(mail.is_new).unlink(&mail.name);
        let words = "somebody moved it meanwhile; there may be a copy too many now";
        removed.map_err(|error| instead_of_none(error, words))
    }

    fn sync_sources(&self, batch: &[Refile]) -> io::Result<()> {
        let parts: BTreeSet<(&FolderName, bool)> =
            batch.iter().map(|refile| (&refile.mail.folder, refile.mail.is_new)).collect();
        // One that could not be opened was answered before.
        let open = parts.into_iter().filter_map(|(folder, is_new)| Some((self.open.get(folder)?, is_new)));
        open.into_iter().try_for_each(|(folder, is_new)| folder.part(is_new).sync())
    }

    fn take_back(&self, links: &[Link]) {
        for link in links {
            if let Ok(folder) = self.folder(&link.folder) {
                folder.part(link.in_new).clean(&link.name);
            }
        }
    }

    /// Opens a folder, and makes it where that is wanted.
    fn ready(&mut self, folder: &FolderName, make: bool) -> io::Result<()> {
        if self.open.contains_key(folder) {
            return Ok(());
        }
        if make
            && let Some(name) =
                folders::directory(folder).map_err(|why| io::Error::new(ErrorKind::InvalidFilename, why))?
        {
            folders::make(&self.root, &name, folder)?;
        }
        let whole = old_mail::open(self.disk, &self.mailbox.maildir, folder)?;
        let (new, cur) = (whole.sub("new")?, whole.sub("cur")?);
        self.open.insert(folder.clone(), Folder { whole, new, cur, files: None });
        Ok(())
    }

    fn folder(&self, folder: &FolderName) -> io::Result<&Folder> {
        self.open.get(folder).ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// Does the very same file lie in this folder?
    fn holds(&mut self, folder: &FolderName, id: (u64, u64)) -> io::Result<bool> {
        let Some(folder) = self.open.get_mut(folder) else { return Ok(false) };
        if folder.files.is_none() {
            folder.files = Some(folder.ids()?);
        }
        Ok(folder.files.as_ref().is_some_and(|files| files.contains(&id)))
    }
}

impl Folder {
    fn part(&self, is_new: bool) -> &Dir {
        if is_new { &self.new } else { &self.cur }
    }

    fn ids(&self) -> io::Result<HashSet<(u64, u64)>> {
        let mut ids = HashSet::new();
        for part in [&self.new, &self.cur] {
            for name in part.names()? {
                // One that is gone by now is no copy.
                ids.extend(part.stat(&name).ok().map(|stat| (stat.device, stat.inode)));
            }
        }
        Ok(ids)
    }
}

impl Linked {
    /// What the mailbox holds more than before.
    fn more(&self) -> Usage {
        let messages = (self.links.len() as u64).saturating_sub(u64::from(self.leaves));
        Usage { bytes: self.bytes.saturating_mul(messages), messages }
    }
}

/// The name without its flags, and these.
fn split(name: &str) -> (&str, &str) {
    name.split_once(":2,").unwrap_or((name.split(':').next().unwrap_or(name), ""))
}

fn letters_of(name: &str) -> String {
    split(name).1.chars().collect::<BTreeSet<char>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    struct House {
        place: tempfile::TempDir,
        mailbox: Mailbox,
    }

    impl House {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            let mailbox = Mailbox {
                user: "anna".into(),
                domain: String::new(),
                home: place.path().into(),
                maildir: place.path().into(),
                owner: None,
                quota: Default::default(),
            };
            for part in ["tmp", "new", "cur"] {
                fs::create_dir(place.path().join(part)).unwrap();
            }
            Self { place, mailbox }
        }

        fn with(file: &str) -> Self {
            let house = Self::new();
            fs::write(house.place.path().join(file), "letter").unwrap();
            house
        }

        fn refile(&self, disk: Disk, folder: &str, file: &str, targets: &[(&str, &[&str])]) -> Result<(), String> {
            let (part, name) = file.split_once('/').unwrap();
            let mail = OldMail { folder: named(folder), name: name.into(), is_new: part == "new" };
            let flags = |names: &[&str]| Flags::from_names(names.iter().copied());
            let targets = targets.iter().map(|(folder, names)| (named(folder), flags(names))).collect();
            Homes::new(disk).refile(&self.mailbox, &[Refile { mail, targets }]).remove(0)
        }

        /// All messages, below the Maildir.
        fn files(&self) -> Vec<String> {
            let mut found = Vec::new();
            for folder in ["", ".A", ".B.C"] {
                for part in ["new", "cur"] {
                    let dir = Path::new(folder).join(part);
                    let Ok(entries) = fs::read_dir(self.place.path().join(&dir)) else { continue };
                    found.extend(entries.map(|entry| dir.join(entry.unwrap().file_name())));
                }
            }
            found.sort();
            found.into_iter().map(|path: PathBuf| path.to_str().unwrap().to_string()).collect()
        }
    }

    fn named(folder: &str) -> FolderName {
        FolderName::parse(folder).unwrap()
    }

    #[test]
    fn names_keep_their_sizes_and_flags_and_get_the_scripts() {
        let check = |file: &str, targets: &[(&str, &[&str])], want: &[&str]| {
            let house = House::with(file);
            house.refile(Disk::default(), "INBOX", file, targets).unwrap();
            assert_eq!(house.files(), want, "{file} to {targets:?}");
        };
        check("new/1.x,S=6,W=6", &[("A", &[])], &[".A/new/1.x,S=6,W=6"]);
        check("new/1.x,S=6,W=6", &[("A", &["\\Seen"])], &[".A/cur/1.x,S=6,W=6:2,S"]);
        check("cur/1.x,S=6:2,PS", &[("A", &["\\Flagged"])], &[".A/cur/1.x,S=6:2,FPS"]);
        check("cur/1.x:2,", &[("B.C", &[])], &[".B.C/cur/1.x:2,"]);
        check("cur/1.x:2,S", &[("INBOX", &["\\Flagged"])], &["cur/1.x:2,FS"]);
        check("cur/1.x:2,S", &[("INBOX", &["\\Seen"])], &["cur/1.x:2,S"]);
        check("cur/1.x:2,S", &[("INBOX", &[]), ("A", &[])], &[".A/cur/1.x:2,S", "cur/1.x:2,S"]);
        check("new/1.x", &[("A", &[]), ("B.C", &["\\Seen"])], &[".A/new/1.x", ".B.C/cur/1.x:2,S"]);
    }

    #[test]
    fn keywords_keep_their_meaning_and_get_the_letters_of_the_new_folder() {
        let house = House::with("cur/1.x:2,Sb");
        fs::write(house.place.path().join("dovecot-keywords"), "0 work\n1 home\n").unwrap();
        house.refile(Disk::default(), "INBOX", "cur/1.x:2,Sb", &[("A", &["new"])]).unwrap();
        assert_eq!(house.files(), [".A/cur/1.x:2,Sab"]);
        let keywords = fs::read_to_string(house.place.path().join(".A/dovecot-keywords")).unwrap();
        assert_eq!(keywords, "0 new\n1 home\n");
    }

    #[test]
    fn a_second_run_makes_no_second_copy() {
        let house = House::with("cur/1.x:2,S");
        for _ in 0..2 {
            house.refile(Disk::default(), "INBOX", "cur/1.x:2,S", &[("INBOX", &[]), ("A", &[])]).unwrap();
        }
        assert_eq!(house.files(), [".A/cur/1.x:2,S", "cur/1.x:2,S"]);
        house.refile(Disk::default(), "INBOX", "cur/1.x:2,S", &[("A", &[])]).unwrap();
        assert_eq!(house.files(), [".A/cur/1.x:2,S"], "the copy is there, so the message only leaves");
    }

    #[test]
    fn a_name_that_another_message_has_is_not_overwritten() {
        let house = House::with("cur/1.x,S=6:2,S");
        fs::create_dir_all(house.place.path().join(".A/cur")).unwrap();
        fs::write(house.place.path().join(".A/cur/1.x,S=6:2,S"), "other").unwrap();
        house.refile(Disk::default(), "INBOX", "cur/1.x,S=6:2,S", &[("A", &[])]).unwrap();
        let files = house.files();
        assert_eq!(files.len(), 2, "{files:?}");
        assert!(files.iter().any(|file| file.starts_with(".A/cur/1.xR") && file.ends_with(",S=6:2,S")), "{files:?}");
    }

    #[test]
    fn what_somebody_moved_meanwhile_and_what_has_no_room_stays_as_it_is() {
        let mut house = House::with("cur/1.x:2,S");
        let gone = house.refile(Disk::default(), "INBOX", "cur/1.x:2,", &[("A", &[])]).unwrap_err();
        assert!(gone.contains("meanwhile"), "{gone}");
        house.mailbox.quota.messages = Some(1);
        let full = house.refile(Disk::default(), "INBOX", "cur/1.x:2,S", &[("INBOX", &[]), ("A", &[])]).unwrap_err();
        assert!(full.contains("no room"), "{full}");
        assert_eq!(house.files(), ["cur/1.x:2,S"]);
        house.refile(Disk::default(), "INBOX", "cur/1.x:2,S", &[("A", &[])]).unwrap();
        assert_eq!(house.files(), [".A/cur/1.x:2,S"], "a move needs no room");
    }

    #[test]
    fn wherever_the_disk_fails_or_dies_the_message_is_still_there() {
        for dies in [false, true] {
            let mut failed = 0;
            for call in 1.. {
                let house = House::with("cur/1.x:2,S");
                let disk = if dies { Disk::failing_from(call, 5) } else { Disk::failing_at(call, 5) };
                let targets: &[(&str, &[&str])] = &[("A", &["\\Flagged"]), ("B.C", &[])];
                let answer = house.refile(disk.clone(), "INBOX", "cur/1.x:2,S", targets);
                let files = house.files();
                assert!(!files.is_empty(), "call {call}");
                if answer.is_ok() {
                    assert_eq!(files, [".A/cur/1.x:2,FS", ".B.C/cur/1.x:2,S"], "call {call}");
                }
                if disk.calls() < call {
                    break;
                }
                failed += usize::from(answer.is_err());
                // Run again, it ends as it ought to.
                if files.contains(&"cur/1.x:2,S".to_string()) {
                    house.refile(Disk::default(), "INBOX", "cur/1.x:2,S", targets).unwrap();
                    let all = house.files();
                    assert!(!all.contains(&"cur/1.x:2,S".to_string()) && all.len() >= 2, "call {call}: {all:?}");
                }
            }
            assert!(failed > 20, "{failed} calls were made to fail");
        }
    }
}
