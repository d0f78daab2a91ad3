//! Users of a Dovecot passwd-file: `user:password:uid:gid:gecos:home:shell:extra fields`.
//!
//! Knows no passwords. Standards: Dovecot 2.3 *passwd-file*; fields for the user database begin with `userdb_` there.

use super::Found;
use super::record::Record;
use crate::ask::watched::Watched;
use crate::mail::Address;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A passwd-file and what was read of it.
pub(super) struct PasswdFile {
    /// By the name in lower case.
    users: Watched<HashMap<String, Record>>,
}

impl PasswdFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { users: Watched::new(path, parse) }
    }

    pub(super) fn path(&self) -> &Path {
        self.users.path()
    }

    /// Looks for the whole address, then for its local part alone.
    pub(super) async fn find(&self, address: &Address) -> Found {
        let users = match self.users.read().await {
            Ok(users) => users,
            Err(why) => return Found::Unreachable(why),
        };
        let found = users.get(&address.key()).or_else(|| users.get(&address.local().to_lowercase()));
        found.cloned().map_or(Found::Unknown, Found::Known)
    }
}

/// Every line with a name is a user; of two with the same name the first counts, as in Dovecot. `None` where there is
/// nobody.
fn parse(text: &str) -> Option<HashMap<String, Record>> {
    let mut users = HashMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let record = parse_line(line);
        if !record.user.is_empty() {
            users.entry(record.user.to_lowercase()).or_insert(record);
        }
    }
    (!users.is_empty()).then_some(users)
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
        let users = parse("# a\n\n  \n:x\nAnna::::: /1\nanna:::::/2\n\u{0}\r\nben:::::/b::\r\n").unwrap();
        let mut names: Vec<&str> = users.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["\u{0}", "anna", "ben"]);
        assert_eq!(users["anna"].user, "Anna");
    }
}
