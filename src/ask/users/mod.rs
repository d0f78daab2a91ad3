//! Who is a user: asks the configured sources in order. *No* only where every source that could know said no.
//!
//! Does not read aliases (that is the MTA's business) and does not create anything. A name that is not a safe part of
//! a path is nobody. Standards: RFC 5321 §3.6.2 (a definite no), RFC 5233 (detail); Dovecot's formats in the files of
//! the sources.

mod dovecot;
pub(in crate::ask) mod escaped;
mod passwd_file;
mod record;
mod system;

use crate::config::UserSources;
use crate::limits::USER_ANSWER_SECONDS;
use crate::mail::Address;
use crate::plan::Mailbox;
use dovecot::Dovecot;
use passwd_file::PasswdFile;
use record::{Record, Templates, is_component};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What a source answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Known(Mailbox),
    /// A definite no.
    Unknown,
    /// Nobody can say now; the reason, for the log.
    Unreachable(String),
}

/// The configured sources; cheap to clone.
#[derive(Clone)]
pub struct Users {
    inner: Arc<Inner>,
}

struct Inner {
    /// In the order in which they are asked.
    sources: Vec<Source>,
    templates: Templates,
    recipient_delimiter: String,
}

/// One source, ready to be asked.
enum Source {
    PasswdFile(PasswdFile),
    Dovecot(Dovecot),
    /// Users of the system from this uid on.
    System(u32),
    /// Every address of these domains, in lower case.
    Domains(Vec<String>),
}

/// What one source says of one name.
enum Found {
    Known(Record),
    Unknown,
    Unreachable(String),
}

impl Users {
    /// Opens nothing yet: each source is opened when it is asked.
    pub fn new(sources: &UserSources, recipient_delimiter: &str) -> Self {
        let passwd_file = sources.passwd_file.clone().map(|path| Source::PasswdFile(PasswdFile::new(path)));
        let dovecot = sources.dovecot_socket.clone().map(|path| Source::Dovecot(Dovecot::new(path)));
        let system = sources.system.then_some(Source::System(sources.system_uid_min));
        let domains: Vec<String> = sources.domains.iter().map(|domain| domain.to_lowercase()).collect();
        let domains = (!domains.is_empty()).then_some(Source::Domains(domains));
        let inner = Inner {
            sources: [passwd_file, dovecot, system, domains].into_iter().flatten().collect(),
            templates: Templates { home: sources.home.clone(), maildir: sources.maildir.clone() },
            recipient_delimiter: recipient_delimiter.to_string(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Asks for the address as it is; after a definite no, for the address without its detail.
    pub async fn find(&self, address: &Address) -> Answer {
        match self.inner.find_exactly(address).await {
            Answer::Unknown => match address.without_detail(&self.inner.recipient_delimiter) {
                Some(base) => self.inner.find_exactly(&base).await,
                None => Answer::Unknown,
            },
            answer @ (Answer::Known(_) | Answer::Unreachable(_)) => answer,
        }
    }
}

impl Inner {
    async fn find_exactly(&self, address: &Address) -> Answer {
        // Whatever a source or template makes of such a name, it must not become a path.
        if !is_component(address.local()) || !(address.domain().is_empty() || is_component(address.domain())) {
            return Answer::Unknown;
        }
        let mut unreachable = None;
        for source in &self.sources {
            match self.ask(source, address).await {
                Found::Known(record) => match record.mailbox(address, &self.templates) {
                    Ok(Some(mailbox)) => return Answer::Known(mailbox),
                    Ok(None) => return self.unplaced(source, address),
                    Err(why) => return Answer::Unreachable(why),
                },
                Found::Unknown => {}
                Found::Unreachable(why) => unreachable = unreachable.or(Some(why)),
            }
        }
        unreachable.map_or(Answer::Unknown, Answer::Unreachable)
    }

    /// A user that a source knows is never bounced for our templates; an address of a whole domain is just no name.
    fn unplaced(&self, source: &Source, address: &Address) -> Answer {
        match source {
            Source::Domains(_) => Answer::Unknown,
            Source::PasswdFile(_) | Source::Dovecot(_) | Source::System(_) => Answer::Unreachable(format!(
                "user {address}: name and users.home or users.maildir make no path; give the user a home in its source"
            )),
        }
    }

    async fn ask(&self, source: &Source, address: &Address) -> Found {
        let answer = async {
            match source {
                Source::PasswdFile(file) => file.find(address).await,
                Source::Dovecot(dovecot) => dovecot.find(&address.key()).await,
                Source::System(uid_min) => system::find(address.local(), *uid_min).await,
                Source::Domains(domains) => self.any_of(domains, address),
            }
        };
        let late = || Found::Unreachable(format!("{}: no answer within {USER_ANSWER_SECONDS} s", source.name()));
        timeout(Duration::from_secs(USER_ANSWER_SECONDS), answer).await.unwrap_or_else(|_| late())
    }

    /// Every address of such a domain exists, so the detail is never part of the name.
    fn any_of(&self, domains: &[String], address: &Address) -> Found {
        // RFC 5321 §4.5.1: postmaster without a domain is always somebody, here of the first domain.
        if let Some(domain) = domains.first().filter(|_| address.key() == "postmaster") {
            return Found::Known(Record::named(&format!("postmaster@{domain}")));
        }
        if !domains.iter().any(|domain| domain == address.domain()) {
            return Found::Unknown;
        }
        let base = address.without_detail(&self.recipient_delimiter);
        Found::Known(Record::named(&base.as_ref().unwrap_or(address).key()))
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::PasswdFile(file) => file.path().display().to_string(),
            Self::Dovecot(dovecot) => dovecot.path().display().to_string(),
            Self::System(_) => "system users".into(),
            Self::Domains(_) => "domains".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Quota;
    use std::path::Path;

    fn sources() -> UserSources {
        UserSources {
            passwd_file: None,
            dovecot_socket: None,
            system: false,
            system_uid_min: 1000,
            domains: vec![],
            home: "/srv/%d/%n".into(),
            maildir: "%h/Maildir".into(),
        }
    }

    /// The home of who was found; `-` for a no, `?` where nobody can say.
    async fn check(users: &Users, address: &str, want: &str) {
        let address = Address::parse(address).unwrap();
        let got = match users.find(&address).await {
            Answer::Known(mailbox) => mailbox.home.display().to_string(),
            Answer::Unknown => "-".into(),
            Answer::Unreachable(_) => "?".into(),
        };
        assert_eq!(got, want, "{address}");
    }

    fn with_file(dir: &Path, text: &str) -> UserSources {
        let path = dir.join("users");
        std::fs::write(&path, text).unwrap();
        UserSources { passwd_file: Some(path), ..sources() }
    }

    #[tokio::test]
    async fn every_address_of_a_listed_domain_exists_but_none_that_is_a_path() {
        let users = Users::new(&UserSources { domains: vec!["Demo.Example".into()], ..sources() }, "+");
        for (address, want) in [
            ("anna@demo.example", "/srv/demo.example/anna"),
            ("ANNA@DEMO.example", "/srv/demo.example/anna"),
            ("anna+lists@demo.example", "/srv/demo.example/anna"),
            ("\"a b\"@demo.example", "/srv/demo.example/a b"),
            ("anna@other.example", "-"),
            ("anna", "-"),
            ("\"../../etc\"@demo.example", "-"),
            ("\"a/b\"@demo.example", "-"),
            ("..@demo.example", "-"),
            (".@demo.example", "-"),
            ("..+x@demo.example", "-"),
            ("\"\"@demo.example", "-"),
            ("%u@demo.example", "/srv/demo.example/%u"),
        ] {
            check(&users, address, want).await;
        }
    }

    #[tokio::test]
    async fn sources_are_asked_in_order_and_a_no_needs_all() {
        let dir = tempfile::tempdir().unwrap();
        let file = with_file(
            dir.path(),
            "anna@x.example:::::/home/anna::\nben:::::/home/ben::\na+b@x.example:::::/home/ab::\n",
        );
        let both = Users::new(&UserSources { domains: vec!["x.example".into()], ..file.clone() }, "+");
        for (address, want) in [
            ("Anna@X.example", "/home/anna"),
            ("anna+detail@x.example", "/srv/x.example/anna"),
            ("carl@x.example", "/srv/x.example/carl"),
        ] {
            check(&both, address, want).await;
        }
        let alone = Users::new(&file, "+-");
        for (address, want) in [
            ("anna+detail@x.example", "/home/anna"),
            ("anna-detail@x.example", "/home/anna"),
            ("a+b@x.example", "/home/ab"),
            ("ben@anything.example", "/home/ben"),
            ("ben+x", "/home/ben"),
            ("anna@y.example", "-"),
            ("carl@x.example", "-"),
        ] {
            check(&alone, address, want).await;
        }
        let no_delimiter = Users::new(&file, "");
        check(&no_delimiter, "anna+detail@x.example", "-").await;
        // One source is away: who is known elsewhere is known, of others nobody can say.
        let away = UserSources { dovecot_socket: Some(dir.path().join("nobody-listens")), ..file };
        let away = Users::new(&away, "+");
        check(&away, "anna@x.example", "/home/anna").await;
        check(&away, "carl@x.example", "?").await;
        check(&away, "anna+x@x.example", "?").await;
        check(&Users::new(&sources(), "+"), "anna@x.example", "-").await;
    }

    #[tokio::test]
    async fn the_passwd_file_gives_all_that_it_says_and_is_read_anew_when_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let line = "anna@x.example:{SHA512-CRYPT}$6$a$b:1000:1001:Anna:/home/anna:/bin/false:allow_nets=::1 userdb_mail=maildir:~/M userdb_quota_rule=*:storage=1G:messages=100\n";
        let users = Users::new(&with_file(dir.path(), line), "+");
        let Answer::Known(mailbox) = users.find(&Address::parse("anna@x.example").unwrap()).await else {
            panic!("not known")
        };
        let want = Mailbox {
            user: "anna@x.example".into(),
            domain: "x.example".into(),
            home: "/home/anna".into(),
            maildir: "/home/anna/M".into(),
            owner: Some((1000, 1001)),
            quota: Quota { bytes: Some(1 << 30), messages: Some(100) },
        };
        assert_eq!(mailbox, want);
        with_file(dir.path(), "ben@x.example:::::/home/ben::\n");
        check(&users, "ben@x.example", "/home/ben").await;
        check(&users, "anna@x.example", "-").await;
        std::fs::remove_file(dir.path().join("users")).unwrap();
        check(&users, "ben@x.example", "?").await;
    }

    #[tokio::test]
    async fn system_users_are_found_but_never_root() {
        let system = |system_uid_min| Users::new(&UserSources { system: true, system_uid_min, ..sources() }, "+");
        check(&system(1), "daemon@x.example", "/usr/sbin").await;
        check(&system(1000), "daemon@x.example", "-").await;
        for name in ["root@x.example", "no-such-user-here", "root+x"] {
            check(&system(0), name, "-").await;
        }
    }
}
