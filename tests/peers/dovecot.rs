//! An own Dovecot: reads the Maildirs over IMAP and answers who is a user.

use crate::{
    imap::Imap,
    is_missing, program,
    world::{Ledger, World, free_port, kill_group, run, tail, wait_until},
};
use std::{
    fs,
    net::TcpStream,
    os::unix::{net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running Dovecot with its own folder, ended on drop.
pub(crate) struct Dovecot {
    folder: PathBuf,
    child: Child,
    pub(crate) imap_port: u16,
}

impl Dovecot {
    /// Users and their homes come from a passwd-file; mail is `~/Maildir`, folders are `INBOX.name`.
    pub(crate) fn start(world: &World, users: &Path) -> Self {
        let (_, version) = run(Command::new(program("dovecot").unwrap()).arg("--version"));
        assert!(version.starts_with("2.3."), "these tests write the configuration of Dovecot 2.3, this is {version}");
        let folder = world.path("dovecot");
        fs::create_dir_all(&folder).unwrap();
        let imap_port = free_port();
        fs::write(folder.join("dovecot.conf"), configuration(&folder, users, imap_port)).unwrap();
        let mut command = Command::new(program("dovecot").unwrap());
        command.arg("-F").arg("-c").arg(folder.join("dovecot.conf"));
        let words = fs::File::create(folder.join("words")).unwrap();
        command.stdin(Stdio::null()).stdout(words.try_clone().unwrap()).stderr(words).process_group(0);
        let mut dovecot = Self { folder, child: command.spawn().unwrap(), imap_port };
        wait_until(30, "Dovecot is ready", || {
            let ended = dovecot.child.try_wait().unwrap();
            assert!(ended.is_none(), "Dovecot ended at once:\n{}", dovecot.log());
            TcpStream::connect(("127.0.0.1", imap_port)).is_ok() && UnixStream::connect(dovecot.userdb()).is_ok()
        });
        dovecot
    }

    /// The socket at which Dovecot says who is a user.
    pub(crate) fn userdb(&self) -> PathBuf {
        self.folder.join("run/auth-userdb")
    }

    /// The socket at which Dovecot lets people sign in.
    pub(crate) fn auth_client(&self) -> PathBuf {
        self.folder.join("run/auth-client")
    }

    pub(crate) fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        format!("{}{}", read("words"), tail(&read("log"), 30))
    }

    pub(crate) fn imap(&self, user: &str) -> Imap {
        Imap::login(self.imap_port, user, "secret")
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- last words of Dovecot ---\n{}", self.log());
        }
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        self.child.wait().ok();
        kill_group(&mut self.child);
    }
}

fn configuration(folder: &Path, users: &Path, imap_port: u16) -> String {
    let (folder, users) = (folder.display(), users.display());
    format!(
        r"base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_max_userip_connections = 0
namespace inbox {{
  inbox = yes
  separator = .
  prefix = INBOX.
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {users}
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {users}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service auth {{
  unix_listener auth-userdb {{
    mode = 0666
  }}
  unix_listener auth-client {{
    mode = 0666
  }}
}}
"
    )
}

#[test]
fn dovecot_says_who_is_a_user_and_its_silence_is_temporary() {
    if is_missing(&["dovecot"], true) {
        return;
    }
    let mut world = World::new();
    let users = world.passwd_file(&[("anna@example.test".into(), ""), ("ben@example.test".into(), "")]);
    let dovecot = Dovecot::start(&world, &users);
    world.set(&format!("[users]\ndovecot_socket = {:?}\n", dovecot.userdb()));
    world.start();

    let letter = b"From: <x@friends.example>\r\nTo: <anna@example.test>\r\nSubject: hi\r\n\r\nHello\r\n";
    let rcpts = ["anna@example.test", "nobody@example.test"].map(String::from);
    let mut ledger = Ledger::default();
    world.lmtp().deliver(&mut ledger, "x@friends.example", &rcpts, letter).unwrap();
    assert_eq!(ledger.rcpts[0].code, 250, "{ledger:?}");
    assert_eq!(ledger.rcpts[1].code, 550, "{ledger:?}");
    assert!(ledger.rcpts[1].text.starts_with("5.1.1 "), "{ledger:?}");
    assert_eq!(ledger.answers.len(), 1, "{ledger:?}");
    assert_eq!(ledger.answers[0].1.code, 250, "{ledger:?}");
    let read = dovecot.imap("anna@example.test").everything();
    assert_eq!(read.len(), 1);
    assert!(read[0].bytes.ends_with(letter));

    drop(dovecot);
    let mut wire = world.lmtp();
    wire.command("MAIL FROM:<x@friends.example>").unwrap();
    for rcpt in ["ben@example.test", "nobody.else@example.test"] {
        let reply = wire.command(&format!("RCPT TO:<{rcpt}>")).unwrap();
        assert_eq!(reply.code, 451, "Dovecot is gone, {rcpt} was answered {reply}");
        assert!(reply.text.starts_with("4."), "{reply}");
    }
}
