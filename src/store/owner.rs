//! Whose files: takes a user's identity for the file system, for one thread and one piece of work.
//!
//! Only where we run as root and the files belong to somebody else; a process without root just goes on, because its
//! files are its own. Does not change the process's identity, so a thread beside this one notices nothing. The
//! supplementary groups stay ours. Standards: setfsuid(2), setfsgid(2).

use nix::unistd::{Gid, Uid, geteuid, setfsgid, setfsuid};
use std::io;
use std::marker::PhantomData;

/// Runs `work` as the owner and becomes ourselves again, after a panic too.
///
/// # Errors
/// PermissionDenied when the owner is root, or when the system does not let us take the identity.
pub(super) fn as_owner<T>(owner: Option<(u32, u32)>, work: impl FnOnce() -> T) -> io::Result<T> {
    let Some((uid, gid)) = owner else { return Ok(work()) };
    if uid == 0 {
        return Err(denied("mail is not delivered as root: uid 0 owns the mailbox"));
    }
    if !geteuid().is_root() {
        return Ok(work());
    }
    let _guard = Identity::take(Uid::from_raw(uid), Gid::from_raw(gid))?;
    Ok(work())
}

/// True where we may take any identity.
pub(super) fn may_be_anyone() -> bool {
    geteuid().is_root()
}

/// Bound to its thread: the identity is the thread's.
struct Identity {
    uid: Uid,
    gid: Gid,
    _thread: PhantomData<*const ()>,
}

impl Identity {
    fn take(uid: Uid, gid: Gid) -> io::Result<Self> {
        let before = Self { gid: setfsgid(gid), uid: setfsuid(uid), _thread: PhantomData };
        // The calls have no way to say no but to change nothing.
        if current() == (uid, gid) { Ok(before) } else { Err(denied(&format!("can't take uid {uid}, gid {gid}"))) }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        setfsuid(self.uid);
        setfsgid(self.gid);
        if current() != (self.uid, self.gid) {
            tracing::error!(uid = %self.uid, "this thread could not become itself again; no more work is safe in it");
            std::process::abort();
        }
    }
}

/// An identity that does not exist changes nothing, and the answer is the one in force.
fn current() -> (Uid, Gid) {
    let nobody = u32::MAX;
    (setfsuid(Uid::from_raw(nobody)), setfsgid(Gid::from_raw(nobody)))
}

fn denied(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn root_is_never_an_owner() {
        assert!(as_owner(Some((0, 0)), || ()).is_err());
        assert!(as_owner(Some((0, 1000)), || ()).is_err());
    }

    #[test]
    fn files_belong_to_the_owner_and_we_are_ourselves_again() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("f");
        if !geteuid().is_root() {
            println!("not root: only the way without a change of identity is tested");
            as_owner(Some((4711, 4712)), || std::fs::write(&file, "x")).unwrap().unwrap();
            return;
        }
        std::os::unix::fs::chown(place.path(), Some(4711), None).unwrap();
        as_owner(Some((4711, 4712)), || std::fs::write(&file, "x")).unwrap().unwrap();
        let made = std::fs::metadata(&file).unwrap();
        assert_eq!((made.uid(), made.gid()), (4711, 4712));

        let root_only = tempfile::tempdir().unwrap();
        let denied = as_owner(Some((4711, 4712)), || std::fs::write(root_only.path().join("f"), "x")).unwrap();
        assert_eq!(denied.map_err(|e| e.kind()), Err(io::ErrorKind::PermissionDenied));

        let panicked = std::panic::catch_unwind(|| as_owner(Some((4711, 4712)), || panic!("inside")).unwrap_or(()));
        assert!(panicked.is_err());
        assert_eq!(current(), (Uid::from_raw(0), Gid::from_raw(0)));
    }
}
