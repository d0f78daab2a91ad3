//! Users of a Dovecot passwd-file: `user:password:uid:gid:gecos:home:shell:extra fields`.
//!
//! Reads the file, never writes it; knows no passwords. Read anew when it has changed. Standards: Dovecot 2.3
//! *passwd-file*; fields for the user database begin with `userdb_` there.

use super::Found;
use super::record::Record;
use crate::limits::USER_FILE_BYTES_MAX;
use crate::mail::Address;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A passwd-file and what was read of it.
pub(super) struct PasswdFile {
    path: Arc<Path>,
    read: Arc<Mutex<Option<Table>>>,
}

/// The file as it was at one time.
#[derive(Clone)]
struct Table {
    state: State,
    /// By the name in lower case.
    users: Arc<HashMap<String, Record>>,
}

/// By this we notice a change.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl PasswdFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: path.into(), read: Arc::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks for the whole address, then for its local part alone.
    pub(super) async fn find(&self, address: &Address) -> Found {
        let (path, read) = (self.path.clone(), self.read.clone());
        let users = tokio::task::spawn_blocking(move || users_of(&path, &read)).await;
        let users = match users {
            Ok(Ok(users)) => users,
            Ok(Err(error)) => return Found::Unreachable(format!("{}: {error}", self.path.display())),
            Err(error) => return Found::Unreachable(format!("{}: {error}", self.path.display())),
        };
        let found = users.get(&address.key()).or_else(|| users.get(&address.local().to_lowercase()));
        found.cloned().map_or(Found::Unknown, Found::Known)
    }
}

/// The users of the file as it is now. Blocking.
fn users_of(path: &Path, read: &Mutex<Option<Table>>) -> io::Result<Arc<HashMap<String, Record>>> {
    // Held while reading: others wait for the same file instead of reading it too.
    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
    let state = state_of(&fs::metadata(path)?);
    if let Some(table) = read.as_ref().filter(|table| table.state == state) {
        return Ok(table.users.clone());
    }
    if state.size > USER_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("{} bytes, at most {USER_FILE_BYTES_MAX} are read", state.size)));
    }
    // A change during the read is noticed next time: the state is older than the text.
    let text = fs::read(path)?;
    let users = Arc::new(parse(&String::from_utf8_lossy(&text)));
    if users.is_empty() {
        // Perhaps it is just being written: nobody is unknown for that.
        return Err(io::Error::other("there is no user in it"));
    }
    *read = Some(Table { state, users: users.clone() });
    Ok(users)
}

fn state_of(file: &fs::Metadata) -> State {
    State {
        device: file.dev(),
        inode: file.ino(),
        size: file.size(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
    }
}

/// Every line with a name is a user; of two with the same name the first counts, as in Dovecot.
fn parse(text: &str) -> HashMap<String, Record> {
    let mut users = HashMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let record = parse_line(line);
        if !record.user.is_empty() {
            users.entry(record.user.to_lowercase()).or_insert(record);
        }
    }
    users
}

fn parse_line(line: &str) -> Record {
    // The extra fields are the rest of the line: they may hold colons, as in `allow_nets=::1`.
    let mut fields = line.splitn(8, ':');
    let mut next = || fields.next().unwrap_or_default();
    let (user, _password, uid, gid, _gecos, home, _shell, extra) =
        (next(), next(), next(), next(), next(), next(), next(), next());
    let mut record = Record::named(user);
    record.set("uid", uid);
    record.set("gid", gid);
    record.set("home", home);
    for (name, value) in extra.split_ascii_whitespace().filter_map(|field| field.split_once('=')) {
        if let Some(name) = name.strip_prefix("userdb_") {
            record.set(name, value);
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_dovecot_reads_them() {
        for (line, user, home, mail) in [
            ("anna", "anna", None, None),
            ("anna:{PLAIN}x", "anna", None, None),
            ("anna:x:1:2:g:/h:/s", "anna", Some("/h"), None),
            ("anna:x::::/h::userdb_mail=maildir:~/M userdb_home=/other", "anna", Some("/other"), Some("maildir:~/M")),
            ("anna:x::::/h::mail=maildir:~/passdb-only", "anna", Some("/h"), None),
            ("Anna@X.example:::::::allow_nets=::1,10.0.0.0/8 userdb_home=/h", "Anna@X.example", Some("/h"), None),
        ] {
            let record = parse_line(line);
            assert_eq!((record.user.as_str(), record.home.as_deref(), record.mail.as_deref()), (user, home, mail));
        }
    }

    #[test]
    fn comments_are_nobody_and_the_first_of_two_counts() {
        let users = parse("# a\n\n  \n:x\nAnna::::: /1\nanna:::::/2\n\u{0}\r\nben:::::/b::\r\n");
        let mut names: Vec<&str> = users.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["\u{0}", "anna", "ben"]);
        assert_eq!(users["anna"].user, "Anna");
    }
}
