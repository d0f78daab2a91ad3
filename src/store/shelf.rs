//! The shelf of a user's Sieve scripts, in Dovecot's layout: listed, read, put, renamed, deleted, made active.
//!
//! One writer at a time for a user; what each act does to the folders stands in `shelf/files.rs`. Does not know whether
//! a script is right, and keeps no history. Standards: RFC 5804 §1.4 (active script), §1.6 (names), §2 (answers).

mod files;

use super::disk::Disk;
use super::owner::as_owner;
use super::scripts::{ScriptPaths, expand};
use crate::limits::SCRIPT_NAME_CHARS_MAX;
use crate::plan::Mailbox;
use crate::refusal::{Kind, Refusal, of_io};
use files::{Missing, Places, Shelf};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Octets that a file system takes in one name.
const FILE_NAME_BYTES_MAX: usize = 255;
/// What the file of a script ends with.
const ENDING: &str = ".sieve";

/// The name of a script: what RFC 5804 §1.6 allows, without `/`, and short enough for a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptName(String);

impl ScriptName {
    /// `None` where it is empty, too long, or holds a control, a `/` or a separator of lines or paragraphs.
    pub fn parse(name: &str) -> Option<Self> {
        let bad = |c: char| c.is_control() || matches!(c, '/' | '\u{2028}' | '\u{2029}');
        let fits = name.len() + ENDING.len() <= FILE_NAME_BYTES_MAX && name.chars().count() <= SCRIPT_NAME_CHARS_MAX;
        (!name.is_empty() && fits && !name.contains(bad)).then(|| Self(name.to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn file(&self) -> String {
        format!("{}{ENDING}", self.0)
    }

    /// The script that a file holds; `None` where it holds none.
    fn of_file(file: &str) -> Option<Self> {
        file.strip_suffix(ENDING).and_then(Self::parse)
    }
}

impl fmt::Display for ScriptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One script of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelved {
    pub name: ScriptName,
    pub active: bool,
    pub bytes: u64,
}

/// What one user may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShelfLimits {
    /// How many scripts.
    pub scripts: u64,
    /// Octets of one script.
    pub script_bytes: u64,
    /// Octets of all of them together.
    pub bytes: u64,
}

/// Why something was not done with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShelfError {
    NonExistent,
    AlreadyExists,
    /// The active script can't be deleted.
    Active,
    /// There would be more scripts than this.
    TooMany(u64),
    /// The script has more octets than this.
    TooLarge(u64),
    /// All scripts together would have more octets than this.
    Full(u64),
    /// Disk or settings said no.
    Refused(Refusal),
}

impl fmt::Display for ShelfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonExistent => write!(f, "there is no such script"),
            Self::AlreadyExists => write!(f, "there is a script of this name already"),
            Self::Active => write!(f, "the active script can't be deleted"),
            Self::TooMany(max) => write!(f, "a user may have {max} scripts"),
            Self::TooLarge(max) => write!(f, "a script may have {max} octets"),
            Self::Full(max) => write!(f, "all scripts of a user may have {max} octets"),
            Self::Refused(refusal) => write!(f, "{}", refusal.cause),
        }
    }
}

impl From<io::Error> for ShelfError {
    fn from(error: io::Error) -> Self {
        Self::Refused(of_io("on the disk", &error))
    }
}

/// Whose shelf, and where the settings put it.
#[derive(Clone, Copy)]
pub struct Owned<'a> {
    pub mailbox: &'a Mailbox,
    pub paths: &'a ScriptPaths,
}

/// The shelves of all users; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shelves {
    disk: Disk,
    /// One writer at a time for a user; users share a few locks.
    writers: Arc<[Mutex<()>; 64]>,
}

impl Shelves {
    pub fn new(disk: Disk) -> Self {
        Self { disk, writers: Arc::new(std::array::from_fn(|_| Mutex::default())) }
    }

    /// All scripts, in byte order of their names.
    ///
    /// # Errors
    /// [`ShelfError::Refused`].
    pub fn list(&self, of: Owned<'_>) -> Result<Vec<Shelved>, ShelfError> {
        self.reading(of, Vec::new(), |shelf| Ok(shelf.list()?))
    }

    /// The bytes of a script.
    ///
    /// # Errors
    /// [`ShelfError::NonExistent`], [`ShelfError::Refused`].
    pub fn get(&self, of: Owned<'_>, name: &ScriptName) -> Result<Vec<u8>, ShelfError> {
        self.reading(of, None, |shelf| Ok(shelf.read(name)?))?.ok_or(ShelfError::NonExistent)
    }

    /// May a script of so many octets be put under that name?
    ///
    /// # Errors
    /// Which limit stands in the way.
    pub fn has_space(&self, of: Owned<'_>, name: &ScriptName, bytes: u64, max: ShelfLimits) -> Result<(), ShelfError> {
        room(&self.list(of)?, name, bytes, max)
    }

    /// Stores a script under a name, new or not; it is on disk when this returns.
    ///
    /// # Errors
    /// As [`Shelves::has_space`]; the old text is untouched then.
    pub fn put(&self, of: Owned<'_>, name: &ScriptName, text: &[u8], max: ShelfLimits) -> Result<(), ShelfError> {
        let _turn = self.turn(of);
        self.writing(of, |shelf| {
            room(&shelf.list()?, name, text.len() as u64, max)?;
            Ok(shelf.write(name, text)?)
        })
    }

    /// Deletes a script for good.
    ///
    /// # Errors
    /// [`ShelfError::NonExistent`], [`ShelfError::Active`], [`ShelfError::Refused`].
    pub fn delete(&self, of: Owned<'_>, name: &ScriptName) -> Result<(), ShelfError> {
        let _turn = self.turn(of);
        self.writing(of, |shelf| {
            if !shelf.has(name)? {
                return Err(ShelfError::NonExistent);
            }
            if shelf.active()?.as_ref() == Some(name) {
                return Err(ShelfError::Active);
            }
            Ok(shelf.delete(name)?)
        })
    }

    /// Gives a script another name; the active one stays active.
    ///
    /// # Errors
    /// [`ShelfError::NonExistent`], [`ShelfError::AlreadyExists`], [`ShelfError::Refused`].
    pub fn rename(&self, of: Owned<'_>, from: &ScriptName, to: &ScriptName) -> Result<(), ShelfError> {
        let _turn = self.turn(of);
        self.writing(of, |shelf| {
            if !shelf.has(from)? {
                return Err(ShelfError::NonExistent);
            }
            if shelf.has(to)? || !shelf.is_free(to) {
                return Err(ShelfError::AlreadyExists);
            }
            Ok(shelf.rename(from, to)?)
        })
    }

    /// Lets that script be the active one; `None`: no script is. A plain file in the place of the link is kept as a
    /// script `dovecot.orig`.
    ///
    /// # Errors
    /// [`ShelfError::NonExistent`], [`ShelfError::Refused`].
    pub fn activate(&self, of: Owned<'_>, name: Option<&ScriptName>) -> Result<(), ShelfError> {
        let _turn = self.turn(of);
        self.writing(of, |shelf| match name {
            Some(name) if !shelf.has(name)? => Err(ShelfError::NonExistent),
            Some(_) | None => Ok(shelf.activate(name)?),
        })
    }

    fn turn(&self, of: Owned<'_>) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        of.mailbox.user.to_lowercase().hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % self.writers.len() as u64).unwrap_or_default();
        self.writers.get(at).map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// With the shelf as it is; `absent` where there is none yet.
    fn reading<T>(
        &self,
        of: Owned<'_>,
        absent: T,
        work: impl FnOnce(&Shelf) -> Result<T, ShelfError>,
    ) -> Result<T, ShelfError> {
        within(of, |places| match Shelf::open(&self.disk, places, Missing::Leave) {
            Ok(shelf) => work(&shelf),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(absent),
            Err(error) => Err(error.into()),
        })
    }

    /// With the shelf, made where there is none.
    fn writing<T>(&self, of: Owned<'_>, work: impl FnOnce(&Shelf) -> Result<T, ShelfError>) -> Result<T, ShelfError> {
        within(of, |places| work(&Shelf::open(&self.disk, places, Missing::Make)?))
    }
}

/// Runs `work` with the rights of the mailbox's owner; a refusal says whose shelf it was.
fn within<T>(of: Owned<'_>, work: impl FnOnce(Places<'_>) -> Result<T, ShelfError>) -> Result<T, ShelfError> {
    let unset = |what: String| ShelfError::Refused(Refusal::new(Kind::Mailbox, what));
    let expanded = |name: &str, template: &str| match template {
        "" => Err(unset(format!("{name} is off, so there is no place for scripts"))),
        template => expand(template, of.mailbox).map_err(unset),
    };
    let done = (|| {
        let (dir, active) = (expanded("sieve.dir", &of.paths.dir)?, expanded("sieve.active", &of.paths.active)?);
        let places = Places { home: &of.mailbox.home, dir: &dir, active: &active };
        as_owner(of.mailbox.owner, || work(places))?
    })();
    done.map_err(|error| {
        if let ShelfError::Refused(refusal) = error {
            let cause = format!("scripts of {}: {}", of.mailbox.user, refusal.cause);
            return ShelfError::Refused(Refusal { cause, ..refusal });
        }
        error
    })
}

/// RFC 5804 §2.5: a script that replaces another needs only the difference.
fn room(shelf: &[Shelved], name: &ScriptName, bytes: u64, max: ShelfLimits) -> Result<(), ShelfError> {
    let others = shelf.iter().filter(|script| script.name != *name);
    let (count, used) =
        others.fold((0_u64, 0_u64), |(count, used), script| (count + 1, used.saturating_add(script.bytes)));
    if bytes > max.script_bytes {
        return Err(ShelfError::TooLarge(max.script_bytes));
    }
    if count >= max.scripts && !shelf.iter().any(|script| script.name == *name) {
        return Err(ShelfError::TooMany(max.scripts));
    }
    if used.saturating_add(bytes) > max.bytes {
        return Err(ShelfError::Full(max.bytes));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
