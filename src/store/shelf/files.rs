//! One open shelf: the folder of scripts, the link to the active one, and what each act does to them on disk.
//!
//! A script is written to `tmp/` in the folder, synced, renamed, and its folder synced: whoever reads, and a power cut,
//! sees the old text or the new one. The active script is a relative symbolic link that is swapped by a rename; a crash
//! leaves it pointing to a script that is there. What lies in the user's home is reached beneath it, so that no link
//! leads out of it. Standards: Pigeonhole's `sieve = file:DIR;active=LINK`.

use super::{ENDING, ScriptName, Shelved};
use crate::limits::{SCRIPT_BYTES_MAX, SCRIPT_LEFTOVER_SECONDS, SCRIPT_RESCUES_MAX};
use crate::store::disk::{Dir, Disk, Kind, random};
use crate::store::now;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The name under which a plain file in the place of the active link is kept, as by Pigeonhole.
const RESCUED: &str = "dovecot.orig";
/// Where scripts are written before they get their name.
const TMP: &str = "tmp";
/// What the names of such files begin with.
const WRITING: &str = "tamis-";

/// Where a user's shelf is, with all names filled in.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) home: &'a Path,
    pub(super) dir: &'a Path,
    pub(super) active: &'a Path,
}

/// What to do where the folder is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Leave,
}

/// A folder, and the one above it that no link may leave.
struct Held {
    base: Dir,
    /// The way from there; empty where it is the base itself.
    below: PathBuf,
    dir: Dir,
}

/// A user's scripts.
pub(super) struct Shelf {
    scripts: Held,
    /// The folder of the link.
    links: Held,
    /// The name of the link.
    link: String,
    /// The way from the link's folder to the scripts' folder.
    way: PathBuf,
}

impl Shelf {
    pub(super) fn open(disk: &Disk, places: Places<'_>, missing: Missing) -> io::Result<Self> {
        let no_name = || io::Error::new(ErrorKind::InvalidInput, "sieve.active is no file name");
        let link = places.active.file_name().and_then(|name| name.to_str()).ok_or_else(no_name)?;
        let parent = places.active.parent().ok_or_else(no_name)?;
        Ok(Self {
            scripts: Held::open(disk, places.home, places.dir, missing)?,
            links: Held::open(disk, places.home, parent, missing)?,
            link: link.to_string(),
            way: way(parent, places.dir),
        })
    }

    pub(super) fn list(&self) -> io::Result<Vec<Shelved>> {
        let active = self.active()?;
        let mut found = Vec::new();
        for file in self.scripts.dir.names()? {
            let Some(name) = ScriptName::of_file(&file).filter(|name| self.is_free(name)) else { continue };
            let stat = match self.scripts.dir.stat(&file) {
                Ok(stat) => stat,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if matches!(stat.kind, Kind::File | Kind::Symlink) {
                let active = active.as_ref() == Some(&name);
                found.push(Shelved { name, active, bytes: stat.size });
            }
        }
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// `None` where there is no such script.
    pub(super) fn read(&self, name: &ScriptName) -> io::Result<Option<Vec<u8>>> {
        if !self.is_free(name) {
            return Ok(None);
        }
        match self.scripts.read(Path::new(&name.file())) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn has(&self, name: &ScriptName) -> io::Result<bool> {
        match self.scripts.dir.stat(&name.file()) {
            Ok(stat) => Ok(matches!(stat.kind, Kind::File | Kind::Symlink) && self.is_free(name)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Where link and scripts share a folder, the link's own name is nobody's.
    pub(super) fn is_free(&self, name: &ScriptName) -> bool {
        !self.way.as_os_str().is_empty() || name.file() != self.link
    }

    pub(super) fn write(&self, name: &ScriptName, text: &[u8]) -> io::Result<()> {
        if !self.is_free(name) {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the name is that of the active link"));
        }
        let dir = &self.scripts.dir;
        dir.make_sub(TMP)?;
        let tmp = dir.sub(TMP)?;
        self.sweep(&tmp);
        let writing = format!("{WRITING}{:016x}{ENDING}", random()?);
        tmp.create(&writing, text)?;
        tmp.rename(&writing, dir, &name.file()).inspect_err(|_| tmp.clean(&writing))?;
        dir.sync()
    }

    pub(super) fn delete(&self, name: &ScriptName) -> io::Result<()> {
        self.scripts.dir.unlink(&name.file())?;
        self.scripts.dir.sync()
    }

    /// First a second name, then the link to it, then the old name goes: the active script is always there.
    pub(super) fn rename(&self, from: &ScriptName, to: &ScriptName) -> io::Result<()> {
        let dir = &self.scripts.dir;
        dir.link(&from.file(), dir, &to.file())?;
        dir.sync()?;
        if self.active()?.as_ref() == Some(from) {
            let pointed = self.point_to(to);
            // The link may have been swapped before its folder could be synced.
            if pointed.is_err() && self.active()?.as_ref() == Some(from) {
                dir.clean(&to.file());
            }
            pointed?;
        }
        dir.unlink(&from.file())?;
        dir.sync()
    }

    /// The script that runs; `None` where the link is missing, broken or leads elsewhere, or is a plain file.
    pub(super) fn active(&self) -> io::Result<Option<ScriptName>> {
        let target = match self.links.dir.read_link(&self.link) {
            Ok(target) => target,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(name) = target.file_name().and_then(|file| file.to_str()).and_then(ScriptName::of_file) else {
            return Ok(None);
        };
        let parent = target.parent().unwrap_or(Path::new(""));
        // An absolute link is as good as a relative one.
        let parent = if parent.is_absolute() { parent.to_path_buf() } else { self.links.dir.path().join(parent) };
        let leads_here = plain(&parent) == plain(self.scripts.dir.path());
        Ok(if leads_here && self.has(&name)? { Some(name) } else { None })
    }

    /// `None`: no script is active from now on.
    pub(super) fn activate(&self, name: Option<&ScriptName>) -> io::Result<()> {
        self.rescue()?;
        match name {
            Some(name) => self.point_to(name),
            None => match self.links.dir.unlink(&self.link) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => self.links.dir.sync(),
            },
        }
    }

    fn point_to(&self, name: &ScriptName) -> io::Result<()> {
        self.links.dir.replace_link(&self.way.join(name.file()), &self.link)
    }

    /// A plain file in the place of the link becomes a script, before the link takes its place: a crash between leaves
    /// both.
    fn rescue(&self) -> io::Result<()> {
        match self.links.dir.stat(&self.link) {
            Ok(stat) if stat.kind == Kind::File => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        let text = self.links.dir.read(&self.link, SCRIPT_BYTES_MAX)?;
        for number in 0..SCRIPT_RESCUES_MAX {
            let name = if number == 0 { RESCUED.to_string() } else { format!("{RESCUED}.{number}") };
            let Some(name) = ScriptName::parse(&name) else { continue };
            match self.read(&name)? {
                Some(kept) if kept == text => return Ok(()),
                Some(_) => {}
                None => return self.write(&name, &text),
            }
        }
        Err(io::Error::new(
            ErrorKind::AlreadyExists,
            format!("there are {SCRIPT_RESCUES_MAX} scripts {RESCUED} already"),
        ))
    }

    /// What a crash left in `tmp/`, ours or Pigeonhole's, and is old enough to be nobody's.
    fn sweep(&self, tmp: &Dir) {
        for name in tmp.names().unwrap_or_default() {
            let old = |modified_at| now() - modified_at > SCRIPT_LEFTOVER_SECONDS;
            if tmp.stat(&name).is_ok_and(|stat| stat.kind == Kind::File && old(stat.modified_at)) {
                tmp.clean(&name);
            }
        }
    }
}

impl Held {
    /// Home for what lies in it, else the named folder itself, which the operator has chosen.
    fn open(disk: &Disk, home: &Path, path: &Path, missing: Missing) -> io::Result<Self> {
        let in_home = (!home.as_os_str().is_empty()).then(|| path.strip_prefix(home).ok()).flatten();
        let (base, below) = match in_home {
            Some(below) => (home, below.to_path_buf()),
            None => (path, PathBuf::new()),
        };
        let base = match missing {
            Missing::Make => disk.make_dir(base)?,
            Missing::Leave => disk.dir(base)?,
        };
        let dir = match base.sub_beneath(if in_home.is_some() && !below.as_os_str().is_empty() {
            &below
        } else {
            Path::new(".")
        }) {
            Err(error) if error.kind() == ErrorKind::NotFound && missing == Missing::Make => make_below(&base, &below)?,
            opened => opened?,
        };
        Ok(Self { base, below, dir })
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        self.base.read_beneath(&self.below.join(file), SCRIPT_BYTES_MAX)
    }
}

/// Makes the folders of a way that are not there; each is synced into the one above it.
fn make_below(base: &Dir, below: &Path) -> io::Result<Dir> {
    let mut path = PathBuf::new();
    let mut held = base.sub_beneath(Path::new("."))?;
    for step in below.components() {
        let Component::Normal(name) = step else { continue };
        let name =
            name.to_str().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "a folder's name is not UTF-8"))?;
        path.push(name);
        if held.make_sub(name)? {
            held.sync()?;
        }
        held = base.sub_beneath(&path)?;
    }
    Ok(held)
}

/// The way from one folder to another, both absolute; empty where they are the same.
fn way(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (plain(from), plain(to));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// Without `.`, and with each `..` taken at its word.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for step in path.components() {
        match step {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(step),
        }
    }
    plain
}
