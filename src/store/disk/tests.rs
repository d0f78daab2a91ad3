//! Tests of the disk: no way out of a held folder, nothing half-written.

use super::*;

fn dir() -> (tempfile::TempDir, Dir) {
    let place = tempfile::tempdir().unwrap();
    let dir = Disk::default().dir(place.path()).unwrap();
    (place, dir)
}

#[test]
fn a_name_with_a_way_out_is_refused() {
    let (_place, dir) = dir();
    for name in ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b"] {
        assert_eq!(dir.create(name, b"").map_err(|e| e.kind()), Err(io::ErrorKind::InvalidInput), "{name:?}");
        assert!(dir.sub(name).is_err() && dir.unlink(name).is_err() && dir.read(name, 9).is_err(), "{name:?}");
    }
}

#[test]
fn symlinks_are_never_followed_below_a_held_folder() {
    let (place, dir) = dir();
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(other.path(), place.path().join("way")).unwrap();
    std::os::unix::fs::symlink(other.path().join("secret"), place.path().join("file")).unwrap();
    assert!(dir.sub("way").is_err());
    assert!(dir.read("file", 9).is_err());
    assert!(dir.append("file", b"x").is_err());
    assert_eq!(dir.create("file", b"x").map_err(|e| e.kind()), Err(io::ErrorKind::AlreadyExists));
    assert!(dir.read_beneath(Path::new("way/secret"), 9).is_err());
    assert!(dir.read_beneath(Path::new("../secret"), 9).is_err());
    assert_eq!(dir.stat("file").unwrap().kind, Kind::Symlink);
}

#[test]
fn links_that_stay_below_are_followed_where_that_is_asked_for() {
    let (place, dir) = dir();
    dir.make_sub("sieve").unwrap();
    dir.sub("sieve").unwrap().create("main.sieve", b"keep;").unwrap();
    std::os::unix::fs::symlink("sieve/main.sieve", place.path().join(".dovecot.sieve")).unwrap();
    assert_eq!(dir.read_beneath(Path::new(".dovecot.sieve"), 9).unwrap(), b"keep;");
    assert_eq!(dir.read_link(".dovecot.sieve").unwrap(), Path::new("sieve/main.sieve"));
}

#[test]
fn files_and_folders_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (place, dir) = dir();
    dir.create("f", b"x").unwrap();
    Disk::default().make_dir(&place.path().join("a/b")).unwrap();
    let mode = |p: &str| std::fs::metadata(place.path().join(p)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("f"), mode("a"), mode("a/b")), (0o600, 0o700, 0o700));
}

#[test]
fn a_file_that_is_too_large_or_no_file_is_not_read() {
    let (_place, dir) = dir();
    dir.create("f", b"12345").unwrap();
    assert_eq!(dir.read("f", 5).unwrap(), b"12345");
    assert_eq!(dir.read("f", 4).map_err(|e| e.kind()), Err(io::ErrorKind::FileTooLarge));
    dir.make_sub("d").unwrap();
    assert_eq!(dir.read("d", 4).map_err(|e| e.kind()), Err(io::ErrorKind::InvalidInput));
}

#[test]
fn each_failing_call_of_a_create_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut failed = 0;
    for call in 2.. {
        let disk = Disk::failing_at(call, 5);
        let dir = disk.dir(place.path()).unwrap();
        if dir.create("f", b"text").is_ok() {
            assert_eq!(std::fs::read(place.path().join("f")).unwrap(), b"text");
            break;
        }
        failed += 1;
        assert_eq!(dir.names().unwrap(), Vec::<String>::new(), "call {call}");
    }
    assert_eq!(failed, 7, "open, lock, write, fsync, stat, unlock, close");
}

#[test]
fn an_interrupted_call_is_tried_again() {
    let place = tempfile::tempdir().unwrap();
    for call in 1..8 {
        let disk = Disk::failing_at(call, 4);
        disk.dir(place.path()).unwrap().create(&format!("f{call}"), b"x").unwrap();
    }
    assert!(Disk::failing_from(1, 4).dir(place.path()).is_err(), "without end it is an error");
}

#[test]
fn replace_shows_the_old_or_the_new_whatever_fails() {
    let place = tempfile::tempdir().unwrap();
    for call in 2.. {
        std::fs::write(place.path().join("f"), "old").unwrap();
        let dir = Disk::failing_at(call, 28).dir(place.path()).unwrap();
        let result = dir.replace("f", b"new");
        let now = std::fs::read(place.path().join("f")).unwrap();
        assert!(now == b"old" || now == b"new");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "call {call}");
        if result.is_ok() {
            assert_eq!(now, b"new");
            break;
        }
    }
}

#[test]
fn a_file_in_use_is_seen_to_be_in_use() {
    let (_place, dir) = dir();
    let written = dir.create_locked("f", b"x").unwrap();
    assert!(dir.is_locked("f").unwrap());
    let in_a_process_not_yet_executed = written.fd.as_ref().unwrap().try_clone().unwrap();
    written.close().unwrap();
    assert!(!dir.is_locked("f").unwrap());
    drop(in_a_process_not_yet_executed);
}

#[test]
fn a_replaced_link_shows_the_old_or_the_new_target_whatever_fails() {
    let place = tempfile::tempdir().unwrap();
    for call in 2.. {
        let _ = std::fs::remove_file(place.path().join("l"));
        std::os::unix::fs::symlink("old", place.path().join("l")).unwrap();
        let dir = Disk::failing_at(call, 28).dir(place.path()).unwrap();
        let result = dir.replace_link(Path::new("new"), "l");
        let now = std::fs::read_link(place.path().join("l")).unwrap();
        assert!(now == Path::new("old") || now == Path::new("new"));
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "call {call}");
        if result.is_ok() {
            assert_eq!(now, Path::new("new"));
            break;
        }
    }
}
