//! The users of a real Dovecot, asked by its `auth-userdb` socket.
//!
//! Starts an instance of its own in a fresh folder, on unix sockets only, and ends it again. Needs root and the
//! package dovecot-core.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tamis::ask::users::{Answer, Users};
use tamis::config::UserSources;
use tamis::mail::Address;
use tamis::plan::{Mailbox, Quota};

/// An instance that ends with the test.
struct Dovecot {
    process: Child,
}

impl Dovecot {
    fn start(dir: &Path) -> Self {
        let at = dir.display();
        let users = format!(
            "anna@example.org:{{PLAIN}}x:1000:1001::{at}/home/anna::\
             userdb_mail=maildir:~/Maildir userdb_quota_rule=*:storage=1G:messages=100\n\
             ben:{{PLAIN}}x:1000:1000::{at}/home/ben::\n"
        );
        std::fs::write(dir.join("users"), users).unwrap();
        let config = format!(
            "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols =\nssl = no\n\
             first_valid_uid = 1000\n\
             passdb {{\n  driver = passwd-file\n  args = {at}/users\n}}\n\
             userdb {{\n  driver = passwd-file\n  args = username_format=%u {at}/users\n}}\n\
             service auth {{\n  unix_listener auth-userdb {{\n    mode = 0600\n  }}\n}}\n"
        );
        std::fs::write(dir.join("dovecot.conf"), config).unwrap();
        let process = Command::new("dovecot")
            .args(["-F", "-c"])
            .arg(dir.join("dovecot.conf"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("dovecot can't be started ({error}): install dovecot-core"));
        let dovecot = Self { process };
        let begin = Instant::now();
        while std::os::unix::net::UnixStream::connect(dir.join("run/auth-userdb")).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", std::fs::read_to_string(dir.join("log")));
            std::thread::yield_now();
        }
        dovecot
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // SIGTERM, so that the master ends its children.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn dovecots_users_are_found_with_home_maildir_owner_and_quota() {
    let dir = tempfile::tempdir().unwrap();
    // Dovecot's auth process runs as another user and must reach the users file.
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let dovecot = Dovecot::start(dir.path());
    let sources = UserSources {
        passwd_file: None,
        dovecot_socket: Some(dir.path().join("run/auth-userdb")),
        system: false,
        system_uid_min: 1000,
        domains: vec![],
        home: String::new(),
        maildir: "%h/Mail".into(),
    };
    let users = Users::new(&sources, "+");
    let find = |text: &str| {
        let (users, address) = (users.clone(), Address::parse(text).unwrap());
        async move { users.find(&address).await }
    };
    let anna = Answer::Known(Mailbox {
        user: "anna@example.org".into(),
        domain: "example.org".into(),
        home: dir.path().join("home/anna"),
        maildir: dir.path().join("home/anna/Maildir"),
        owner: Some((1000, 1001)),
        quota: Quota { bytes: Some(1 << 30), messages: Some(100) },
    });
    assert_eq!(find("Anna@Example.ORG").await, anna);
    assert_eq!(find("anna+lists@example.org").await, anna);
    let Answer::Known(ben) = find("ben").await else { panic!("ben is not known") };
    assert_eq!((ben.maildir, ben.owner), (dir.path().join("home/ben/Mail"), Some((1000, 1000))));
    for nobody in ["carl@example.org", "ben@example.org", "\"a\\\tb\"@example.org", "%u@example.org", "x@y.z"] {
        if let Ok(address) = Address::parse(nobody) {
            assert_eq!(users.find(&address).await, Answer::Unknown, "{nobody}");
        }
    }
    // More questions at once than connections: each gets its own answer.
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let users = users.clone();
        tasks.spawn(async move {
            let (name, known) = if n % 2 == 0 { ("anna", true) } else { ("carl", false) };
            let answer = users.find(&Address::new(name, "example.org")).await;
            assert_eq!(matches!(answer, Answer::Known(_)), known, "{answer:?}");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    drop(dovecot);
    // The old process goes on for those who are connected; a new connection finds nobody.
    let answer = Users::new(&sources, "+").find(&Address::new("anna", "example.org")).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
}
