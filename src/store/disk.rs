//! The disk: the only place that calls the file system; can be made to fail.
//!
//! A folder is held open ([`Dir`]) and everything in it is named by one plain component, so that no symlink and no
//! `..` leads out of it. Every call goes through [`Disk::step`], which counts it and lets a test fail it or end the
//! process there. Does not decide what an error means. Standards: POSIX.1-2024 fsync, link, rename; openat2(2).

use super::faults::{Fault, State};
use crate::limits::{DIR_NAMES_MAX, INTERRUPTS_MAX};
use rustix::fs::{self as sys, AtFlags, FileType, FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// For the user alone: other people's mail is nobody's business.
const DIR_MODE: Mode = Mode::RWXU;
const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const OPEN_DIR: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// NONBLOCK: a named pipe in the place of a file must not stop us.
const OPEN_FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);
const NO_WAY_OUT: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// The file system; cheap to clone, clones share the count of calls.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    state: Arc<State>,
}

/// A folder held open, so that nobody can swap it under us.
#[derive(Debug)]
pub struct Dir {
    disk: Disk,
    fd: OwnedFd,
    path: PathBuf,
}

/// A file that was just written, held open and locked (flock), so that another process sees that it is in use.
#[derive(Debug)]
pub struct Written {
    disk: Disk,
    /// `None` once closed.
    fd: Option<OwnedFd>,
    path: PathBuf,
}

/// What the file system knows about a name; symlinks are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Octets.
    pub size: u64,
    /// Seconds since 1970.
    pub modified_at: i64,
    /// Seconds since 1970 of the last change of anything about it; nobody can set it, unlike the one above.
    pub changed_at: i64,
    /// Names that this file has.
    pub links: u64,
    pub device: u64,
    pub inode: u64,
    pub uid: u32,
    pub kind: Kind,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Dir,
    Symlink,
    /// A socket, pipe or device: nothing of ours.
    Other,
}

impl Disk {
    /// A disk whose `call`-th call fails once with this errno.
    pub fn failing_at(call: u64, errno: i32) -> Self {
        Self::failing_between(call, call, errno)
    }

    /// A disk on which every call from the `call`-th on fails with this errno.
    pub fn failing_from(call: u64, errno: i32) -> Self {
        Self::failing_between(call, u64::MAX, errno)
    }

    /// A disk on which the calls from the `first` to the `last`, both too, fail with this errno.
    pub fn failing_between(first: u64, last: u64, errno: i32) -> Self {
        Self::with(Fault::Fail { first, last, errno })
    }

    /// A disk that ends the process (SIGABRT) in place of its `call`-th call.
    pub fn aborting_at(call: u64) -> Self {
        Self::with(Fault::Abort { call })
    }

    /// A disk that remembers what was called, for tests of the order of calls.
    pub fn recording() -> Self {
        Self { state: Arc::new(State::recording()) }
    }

    fn with(fault: Fault) -> Self {
        Self { state: Arc::new(State::with(fault)) }
    }

    /// How many calls were made, failed ones too.
    pub fn calls(&self) -> u64 {
        self.state.calls()
    }

    /// What was called (`open`, `write`, `fsync`, `link` …) and on which path; empty unless recording.
    pub fn log(&self) -> Vec<(String, PathBuf)> {
        self.state.log()
    }

    /// Opens an existing folder that the operator or a user source names; symlinks on the way are theirs and followed.
    pub fn dir(&self, path: &Path) -> io::Result<Dir> {
        let fd = self.step("open", path, || sys::open(path, OPEN_DIR, Mode::empty()))?;
        Ok(Dir { disk: self.clone(), fd, path: path.to_path_buf() })
    }

    /// Octets that we may still write where the path lies.
    pub fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let stat = self.step("statvfs", path, || sys::statvfs(path))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Uid and gid of what a path leads to.
    pub fn owner(&self, path: &Path) -> io::Result<(u32, u32)> {
        self.step("stat", path, || sys::stat(path)).map(|stat| (stat.st_uid, stat.st_gid))
    }

    /// Makes a folder and its parents (0700), syncing every parent up to the first old one, and opens it.
    pub fn make_dir(&self, path: &Path) -> io::Result<Dir> {
        match self.dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            known => return known,
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no last name in UTF-8"));
        };
        let parent = if parent.as_os_str().is_empty() { self.dir(Path::new("."))? } else { self.make_dir(parent)? };
        parent.make_sub(name)?;
        parent.sync()?;
        parent.sub(name)
    }

    /// A regular file that the operator names, at most `max` octets; symlinks are followed.
    ///
    /// # Errors
    /// As [`Dir::read`].
    pub fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        let fd = self.step("open", path, || sys::open(path, OPEN_FILE, Mode::empty()))?;
        self.read_all(&fd, path, max)
    }

    /// The one way to the system: counts the call, fails it where a test asked for that, and tries again after EINTR.
    fn step<T>(&self, what: &str, path: &Path, mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
        for _ in 0..INTERRUPTS_MAX {
            let result = match self.state.step(what, path) {
                Some(errno) => Err(Errno::from_raw_os_error(errno)),
                None => call(),
            };
            match result {
                Err(Errno::INTR) => {}
                other => return other.map_err(io::Error::from),
            }
        }
        Err(Errno::INTR.into())
    }

    fn read_all(&self, fd: &OwnedFd, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        let stat = self.step("stat", path, || sys::fstat(fd))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut bytes = Vec::new();
        let mut piece = vec![0; 64 * 1024];
        loop {
            let count = self.step("read", path, || rustix::io::read(fd, &mut piece))?;
            bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
            if bytes.len() as u64 > max {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {max} bytes")));
            }
            if count == 0 {
                return Ok(bytes);
            }
        }
    }

    fn write_all(&self, fd: &OwnedFd, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.step("write", path, || rustix::io::write(fd, rest))?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Closes a file that was written: an error here may be the only word of a lost write (NFS). After EINTR Linux has
    /// closed it all the same, so it is not tried again.
    fn close(&self, fd: OwnedFd, path: &Path) -> io::Result<()> {
        let mut fd = Some(fd);
        self.step("close", path, || match fd.take() {
            Some(fd) => match nix::unistd::close(fd) {
                Ok(()) | Err(nix::errno::Errno::EINTR) => Ok(()),
                Err(errno) => Err(Errno::from_raw_os_error(errno as i32)),
            },
            None => Ok(()),
        })
    }
}

impl Dir {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a folder in this one; never leaves it, never follows a symlink.
    pub fn sub(&self, name: &str) -> io::Result<Dir> {
        let path = self.plain(name)?;
        let fd = self.open(name, &path, OPEN_DIR | OFlags::NOFOLLOW, Mode::empty())?;
        Ok(Dir { disk: self.disk.clone(), fd, path })
    }

    /// Makes it if it isn't there; true where it was made. The caller syncs this folder.
    pub fn make_sub(&self, name: &str) -> io::Result<bool> {
        let path = self.plain(name)?;
        match self.disk.step("mkdir", &path, || sys::mkdirat(&self.fd, name, DIR_MODE)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A new file (O_EXCL, O_NOFOLLOW, 0600) with these bytes, written, synced and its size checked.
    /// After any error nothing is left: a file whose fsync failed is never believed.
    pub fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let written = self.create_locked(name, bytes)?;
        written.close().inspect_err(|_| self.clean(name))
    }

    /// As [`Dir::create`], and the file stays open and locked until the handle is closed or dropped.
    pub fn create_locked(&self, name: &str, bytes: &[u8]) -> io::Result<Written> {
        let path = self.plain(name)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = self.open(name, &path, flags, FILE_MODE)?;
        match self.fill(&fd, &path, bytes) {
            Ok(()) => Ok(Written { disk: self.disk.clone(), fd: Some(fd), path }),
            Err(error) => {
                self.clean(name);
                Err(error)
            }
        }
    }

    fn fill(&self, fd: &OwnedFd, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.step("lock", path, || sys::flock(fd, FlockOperation::LockExclusive))?;
        self.disk.write_all(fd, path, bytes)?;
        self.disk.step("fsync", path, || sys::fsync(fd))?;
        let stat = self.disk.step("stat", path, || sys::fstat(fd))?;
        if u64::try_from(stat.st_size).ok() == Some(bytes.len() as u64) {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::WriteZero, format!("{} of {} bytes", stat.st_size, bytes.len())))
        }
    }

    /// Takes back what a failed act or a crash left. A failure here is only a word in the log: the scan of `tmp/` by
    /// the next start finds it.
    pub fn clean(&self, name: &str) {
        if let Err(error) = self.unlink(name) {
            tracing::debug!(path = ?self.path.join(name), %error, "could not be taken back");
        }
    }

    /// True where another process or thread holds the file open through [`Dir::create_locked`].
    pub fn is_locked(&self, name: &str) -> io::Result<bool> {
        let path = self.plain(name)?;
        let fd = self.open(name, &path, OPEN_FILE | OFlags::NOFOLLOW, Mode::empty())?;
        match self.disk.step("lock", &path, || sys::flock(&fd, FlockOperation::NonBlockingLockShared)) {
            Ok(()) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// A second name for a file; `AlreadyExists` where it is taken, never overwrites.
    pub fn link(&self, name: &str, to: &Dir, new_name: &str) -> io::Result<()> {
        self.plain(name)?;
        let path = to.plain(new_name)?;
        self.disk.step("link", &path, || sys::linkat(&self.fd, name, &to.fd, new_name, AtFlags::empty()))
    }

    /// Moves a name; what had the new name is gone.
    pub fn rename(&self, name: &str, to: &Dir, new_name: &str) -> io::Result<()> {
        self.plain(name)?;
        let path = to.plain(new_name)?;
        self.disk.step("rename", &path, || sys::renameat(&self.fd, name, &to.fd, new_name))
    }

    pub fn unlink(&self, name: &str) -> io::Result<()> {
        let path = self.plain(name)?;
        self.disk.step("unlink", &path, || sys::unlinkat(&self.fd, name, AtFlags::empty()))
    }

    /// fsync of the folder itself.
    pub fn sync(&self) -> io::Result<()> {
        self.disk.step("fsync", &self.path, || sys::fsync(&self.fd))
    }

    /// syncfs: all that was written on this file system, whoever wrote it. Slow; errors reported since Linux 5.8.
    pub fn sync_file_system(&self) -> io::Result<()> {
        self.disk.step("syncfs", &self.path, || sys::syncfs(&self.fd))
    }

    /// Device and inode: the same for every handle of this folder.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        let stat = self.disk.step("stat", &self.path, || sys::fstat(&self.fd))?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// Names in it, without `.` and `..`, in byte order. Names that are not UTF-8 are not ours and left out; beyond
    /// [`DIR_NAMES_MAX`] an error.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.disk.step("list", &self.path, || {
            let mut names = Vec::new();
            for entry in sys::Dir::read_from(&self.fd)? {
                if let Ok(name) = entry?.file_name().to_str()
                    && !matches!(name, "." | "..")
                {
                    names.push(name.to_string());
                }
                if names.len() > DIR_NAMES_MAX {
                    return Err(Errno::TOOBIG);
                }
            }
            Ok(names)
        })?;
        names.sort_unstable();
        Ok(names)
    }

    /// A regular file's bytes, at most `max`; beyond it an error of kind FileTooLarge.
    pub fn read(&self, name: &str, max: u64) -> io::Result<Vec<u8>> {
        let path = self.plain(name)?;
        let fd = self.open(name, &path, OPEN_FILE | OFlags::NOFOLLOW, Mode::empty())?;
        self.disk.read_all(&fd, &path, max)
    }

    /// As [`Dir::read`] of a path of several names with symlinks, all of which stay below this folder; one that leaves
    /// it, and an absolute one, is an error (EXDEV).
    pub fn read_beneath(&self, below: &Path, max: u64) -> io::Result<Vec<u8>> {
        let path = self.path.join(below);
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let fd = self.disk.step("open", &path, || sys::openat2(&self.fd, below, OPEN_FILE, Mode::empty(), how))?;
        self.disk.read_all(&fd, &path, max)
    }

    /// Opens a folder as [`Dir::read_beneath`] opens a file.
    pub fn sub_beneath(&self, below: &Path) -> io::Result<Dir> {
        let path = self.path.join(below);
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let fd = self.disk.step("open", &path, || sys::openat2(&self.fd, below, OPEN_DIR, Mode::empty(), how))?;
        Ok(Dir { disk: self.disk.clone(), fd, path })
    }

    /// Where a symlink points; an error of kind InvalidInput where the name is no symlink.
    pub fn read_link(&self, name: &str) -> io::Result<PathBuf> {
        use std::os::unix::ffi::OsStringExt;
        let path = self.plain(name)?;
        let target = self.disk.step("readlink", &path, || sys::readlinkat(&self.fd, name, Vec::new()))?;
        Ok(PathBuf::from(std::ffi::OsString::from_vec(target.into_bytes())))
    }

    /// Gives a name new contents so that a reader or a power cut sees the old or the new, never a piece: new file,
    /// fsync, rename, fsync of the folder. A crash may leave `NAME.tamis-RANDOM` behind.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = format!("{name}.tamis-{:016x}", random()?);
        self.create(&beside, bytes)?;
        self.rename(&beside, self, name).inspect_err(|_| self.clean(&beside))?;
        self.sync()
    }

    /// A new symlink; `AlreadyExists` where the name is taken, never overwrites. The target is not looked at.
    pub fn link_to(&self, target: &Path, name: &str) -> io::Result<()> {
        let path = self.plain(name)?;
        self.disk.step("symlink", &path, || sys::symlinkat(target, &self.fd, name))
    }

    /// Lets a name be a symlink to that target: whoever looks, and a power cut, sees what was there before or the new
    /// link. A crash may leave `NAME.tamis-RANDOM` behind.
    pub fn replace_link(&self, target: &Path, name: &str) -> io::Result<()> {
        let beside = format!("{name}.tamis-{:016x}", random()?);
        self.link_to(target, &beside)?;
        self.rename(&beside, self, name).inspect_err(|_| self.clean(&beside))?;
        self.sync()
    }

    /// Adds bytes to an existing regular file in one write; not synced.
    ///
    /// # Errors
    /// NotFound where it isn't there; WriteZero where not all of it was written.
    pub fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.plain(name)?;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = self.open(name, &path, flags, Mode::empty())?;
        let count = self.disk.step("write", &path, || rustix::io::write(&fd, bytes))?;
        if count == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// What the file system knows about a name; a symlink is not followed.
    pub fn stat(&self, name: &str) -> io::Result<Stat> {
        let path = self.plain(name)?;
        let stat = self.disk.step("stat", &path, || sys::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW))?;
        Ok(Stat {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified_at: stat.st_mtime,
            changed_at: stat.st_ctime,
            links: stat.st_nlink,
            device: stat.st_dev,
            inode: stat.st_ino,
            uid: stat.st_uid,
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Dir,
                FileType::Symlink => Kind::Symlink,
                FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown => Kind::Other,
            },
        })
    }

    /// How many names the file has.
    pub fn links(&self, name: &str) -> io::Result<u64> {
        Ok(self.stat(name)?.links)
    }

    fn open(&self, name: &str, path: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        self.disk.step("open", path, || sys::openat2(&self.fd, name, flags, mode, NO_WAY_OUT))
    }

    /// The full path, for messages, of a name that can't lead anywhere else.
    fn plain(&self, name: &str) -> io::Result<PathBuf> {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is not a plain file name")));
        }
        Ok(self.path.join(name))
    }
}

impl Written {
    /// # Errors
    /// What close said; the file is then not to be believed.
    pub fn close(mut self) -> io::Result<()> {
        self.unlock()?;
        self.fd.take().map_or(Ok(()), |fd| self.disk.close(fd, &self.path))
    }

    /// Closing alone would not do: a process that we are just starting (a worker) shares the lock until its exec.
    fn unlock(&self) -> io::Result<()> {
        let Some(fd) = &self.fd else { return Ok(()) };
        self.disk.step("unlock", &self.path, || sys::flock(fd, FlockOperation::Unlock))
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if let Err(error) = self.unlock() {
            tracing::debug!(path = ?self.path, %error, "stays locked until it is closed");
        }
    }
}

/// True where a symlink stood in the place of a file or folder of ours (ELOOP).
pub fn is_symlink(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// 64 bits that nobody can guess.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random() -> io::Result<u64> {
    getrandom::u64().map_err(|error| io::Error::other(format!("no random numbers: {error}")))
}

#[cfg(test)]
mod tests;
