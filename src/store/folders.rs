//! Folders of a mailbox: their names on disk, making them, subscribing to them, listing them.
//!
//! A folder `A.B` is the directory `.A.B` in the Maildir's root (Maildir++), each level in modified UTF-7 as Dovecot
//! writes it. Does not decide what goes where. Standards: Maildir++, RFC 3501 §5.1.3 (modified UTF-7), §6.3.6
//! (subscriptions); Dovecot's `subscriptions` file, version 2 and the one before.

use super::disk::{Dir, Kind};
use super::dotlock;
use crate::limits::{FOLDER_BYTES_MAX, SUBSCRIPTIONS_BYTES_MAX};
use crate::plan::FolderName;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{Engine, GeneralPurpose, general_purpose::NO_PAD};
use std::io::{self, ErrorKind};

/// RFC 3501 §5.1.3: base64 with `,` in the place of `/`, without padding.
const MODIFIED: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);
/// What every Maildir has; `tmp` first, because a reader takes `cur` and `new` for a whole Maildir.
pub(super) const PARTS: [&str; 3] = ["tmp", "new", "cur"];
const MARKER: &str = "maildirfolder";
const SUBSCRIPTIONS: &str = "subscriptions";
const VERSION_2: &str = "V\t2\n";

/// The directory of a folder in the Maildir's root; `None` for INBOX, which is the root itself.
///
/// # Errors
/// A sentence, where the name is too long.
pub(super) fn directory(folder: &FolderName) -> Result<Option<String>, String> {
    if folder.is_inbox() {
        return Ok(None);
    }
    let name: String = folder.levels().iter().map(|level| format!(".{}", encode(level))).collect();
    if name.len() > FOLDER_BYTES_MAX {
        return Err(format!("{folder} is too long, at most {FOLDER_BYTES_MAX} bytes on disk"));
    }
    Ok(Some(name))
}

/// Makes what is missing of a folder and syncs it and the root. A folder that was not there is subscribed to, as well as
/// that goes: a failure there is logged and nothing more.
pub(super) fn make(root: &Dir, name: &str, folder: &FolderName) -> io::Result<()> {
    if root.make_sub(name)?
        && let Err(error) = subscribe(root, folder)
    {
        tracing::warn!(maildir = ?root.path(), %folder, %error, "new folder is not subscribed");
    }
    let dir = root.sub(name)?;
    for part in PARTS {
        dir.make_sub(part)?;
    }
    match dir.create(MARKER, b"") {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    dir.sync()?;
    root.sync()
}

/// INBOX and the folders below it as [`FolderName`] prints them, in byte order of their directories. Directories whose
/// name is no folder's are left out.
pub(super) fn list(root: &Dir) -> io::Result<Vec<String>> {
    let mut folders = vec![FolderName::inbox().to_string()];
    for name in root.names()? {
        if let Some(folder) = folder_of(&name)
            && root.stat(&name).is_ok_and(|stat| stat.kind == Kind::Dir)
        {
            folders.push(folder.to_string());
        }
    }
    Ok(folders)
}

/// The folder that a directory stands for, if it is one.
fn folder_of(name: &str) -> Option<FolderName> {
    let levels: Option<Vec<String>> = name.strip_prefix('.')?.split('.').map(decode).collect();
    let folder = FolderName::parse(&format!("INBOX.{}", levels?.join("."))).ok()?;
    // A name that we would write differently can't be filed into, so it is not offered.
    (directory(&folder).ok()?.as_deref() == Some(name)).then_some(folder)
}

/// Adds a folder to the user's subscriptions, as Dovecot does it.
fn subscribe(root: &Dir, folder: &FolderName) -> io::Result<()> {
    dotlock::change(root, SUBSCRIPTIONS, SUBSCRIPTIONS_BYTES_MAX, |old| subscribed(old, folder)).map(drop)
}

/// The file with the folder in it; `None` where it is in already, or where the file is of a version we don't know.
/// Dovecot 2.3 writes `V<TAB>2`, an empty line, then one name per line with levels parted by TAB; older ones `A.B`.
fn subscribed(old: &str, folder: &FolderName) -> Option<String> {
    let levels: Vec<String> = folder.levels().iter().map(|level| encode(level)).collect();
    let version_2 = old.is_empty() || old.starts_with(VERSION_2);
    if !version_2 && old.starts_with("V\t") {
        return None;
    }
    let line = levels.join(if version_2 { "\t" } else { "." });
    if line.is_empty() || old.lines().any(|known| known == line) {
        return None;
    }
    let head = if old.is_empty() { format!("{VERSION_2}\n") } else { String::new() };
    let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    Some(format!("{head}{old}{gap}{line}\n"))
}

/// RFC 3501 §5.1.3: printable US-ASCII stands for itself but `&`, which is `&-`; all else is UTF-16 in modified base64.
fn encode(level: &str) -> String {
    let mut out = String::new();
    let mut wide: Vec<u8> = Vec::new();
    for c in level.chars() {
        if !matches!(c, ' '..='~') {
            let mut units = [0; 2];
            wide.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        flush(&mut out, &mut wide);
        out.push(c);
        if c == '&' {
            out.push('-');
        }
    }
    flush(&mut out, &mut wide);
    out
}

fn flush(out: &mut String, wide: &mut Vec<u8>) {
    if !wide.is_empty() {
        out.push('&');
        out.push_str(&MODIFIED.encode(&*wide));
        out.push('-');
        wide.clear();
    }
}

/// The reverse; `None` for what is not modified UTF-7.
fn decode(level: &str) -> Option<String> {
    if !level.is_ascii() {
        return None;
    }
    let mut out = String::new();
    let mut rest = level;
    while let Some((plain, coded)) = rest.split_once('&') {
        out.push_str(plain);
        let (coded, after) = coded.split_once('-')?;
        rest = after;
        if coded.is_empty() {
            out.push('&');
            continue;
        }
        let bytes = MODIFIED.decode(coded).ok()?;
        let pairs = bytes.chunks(2).map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
        let units: Vec<u16> = pairs.collect::<Option<_>>()?;
        out.push_str(&String::from_utf16(&units).ok()?);
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::Disk;
    use super::*;

    fn folder(name: &str) -> FolderName {
        FolderName::parse(name).unwrap()
    }

    #[test]
    fn folders_have_the_directories_that_dovecot_gives_them() {
        for (name, want) in [
            ("INBOX", None),
            ("Spams", Some(".Spams")),
            ("A/B", Some(".A.B")),
            ("a b", Some(".a b")),
            ("x&y", Some(".x&-y")),
            ("été", Some(".&AOk-t&AOk-")),
            ("台北.日本語", Some(".&U,BTFw-.&ZeVnLIqe-")),
            ("😀", Some(".&2D3eAA-")),
            ("&Jjo-", Some(".&-Jjo-")),
            ("tmp", Some(".tmp")),
            ("dovecot", Some(".dovecot")),
        ] {
            assert_eq!(directory(&folder(name)), Ok(want.map(str::to_string)), "{name}");
            if let Some(directory) = want {
                assert_eq!(folder_of(directory), Some(folder(name)), "{directory}");
            }
        }
    }

    #[test]
    fn directories_that_are_no_folders_are_not_listed() {
        for name in ["cur", ".", "..", ".dovecot.sieve", ".&", ".&Jjo", ".&AGE-", ".a..b", ".a\u{e9}", ".a ", "..a"] {
            assert_eq!(folder_of(name), None, "{name}");
        }
    }

    #[test]
    fn subscriptions_are_written_in_the_version_that_is_there() {
        for (old, name, want) in [
            ("", "A.B", Some("V\t2\n\nA\tB\n")),
            ("V\t2\n\nA\tB\n", "été", Some("V\t2\n\nA\tB\n&AOk-t&AOk-\n")),
            ("V\t2\n\nA\tB\n", "A.B", None),
            ("Old\n", "A.B", Some("Old\nA.B\n")),
            ("Old", "A.B", Some("Old\nA.B\n")),
            ("A.B\n", "A.B", None),
            ("V\t3\n\n", "A.B", None),
        ] {
            assert_eq!(subscribed(old, &folder(name)).as_deref(), want, "{old:?} + {name}");
        }
    }

    #[test]
    fn a_new_folder_is_whole_and_subscribed_once() {
        let place = tempfile::tempdir().unwrap();
        let root = Disk::default().dir(place.path()).unwrap();
        make(&root, ".A.B", &folder("A.B")).unwrap();
        make(&root, ".A.B", &folder("A.B")).unwrap();
        assert_eq!(root.names().unwrap(), [".A.B", "subscriptions"]);
        assert_eq!(root.sub(".A.B").unwrap().names().unwrap(), ["cur", "maildirfolder", "new", "tmp"]);
        assert_eq!(root.read("subscriptions", 99).unwrap(), b"V\t2\n\nA\tB\n");
        std::fs::write(place.path().join(".C"), "a file").unwrap();
        assert_eq!(list(&root).unwrap(), ["INBOX", "INBOX.A.B"]);
    }

    #[test]
    fn a_lock_of_somebody_else_costs_the_subscription_only() {
        let place = tempfile::tempdir().unwrap();
        let root = Disk::default().dir(place.path()).unwrap();
        root.create("subscriptions.lock", b"").unwrap();
        make(&root, ".A", &folder("A")).unwrap();
        assert_eq!(root.names().unwrap(), [".A", "subscriptions.lock"]);
    }
}
