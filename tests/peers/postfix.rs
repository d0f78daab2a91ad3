//! An own Postfix in front, Dovecot's IMAP behind: every letter arrives in the right folder with the right bytes.

use crate::{
    dovecot::Dovecot,
    imap::Fetched,
    is_missing, program,
    world::{
        Wire, World, free_port, header_values,
        letters::{self, Letter},
        run, tail, wait_until,
    },
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

const LETTERS: usize = 1000;
const USERS: usize = 20;
/// SMTP connections that bring the letters.
const SENDERS: usize = 8;
/// How long Postfix may take to hand all of them over.
const QUEUE_SECONDS: u64 = 300;

/// A running Postfix with its own folder, ended on drop.
pub(crate) struct Postfix {
    folder: PathBuf,
    pub(crate) smtp_port: u16,
}

impl Postfix {
    /// Takes mail for example.test by SMTP and hands it over to the program's LMTP socket.
    pub(crate) fn start(world: &World) -> Self {
        let folder = world.path("postfix");
        for name in ["", "etc", "queue", "log"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let smtp_port = free_port();
        fs::write(folder.join("etc/main.cf"), main_cf(&folder, &world.socket())).unwrap();
        fs::write(folder.join("etc/master.cf"), master_cf(smtp_port)).unwrap();
        // Postfix wants its data folder to belong to its own user; so does the folder of the log.
        let (_, owner) = run(Command::new("chown").arg("postfix").args([folder.join("log")]));
        assert!(owner.is_empty(), "{owner}");
        let postfix = Self { folder, smtp_port };
        let (status, words) = postfix.command("postfix", &["start"]);
        assert!(status, "postfix start: {words}\n{}", postfix.log());
        wait_until(30, "Postfix answers", || Wire::tcp(smtp_port).and_then(|mut wire| wire.reply()).is_ok());
        postfix
    }

    fn command(&self, name: &str, words: &[&str]) -> (bool, String) {
        let mut command = Command::new(program(name).unwrap());
        command.arg("-c").arg(self.folder.join("etc")).args(words);
        let (status, text) = run(&mut command);
        (status.success(), text)
    }

    /// What still waits: one JSON line per message.
    pub(crate) fn queue(&self) -> String {
        let (is_good, text) = self.command("postqueue", &["-j"]);
        assert!(is_good, "postqueue: {text}");
        text
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log/maillog")).unwrap_or_default()
    }

    /// The user under which Postfix connects.
    pub(crate) fn uid(&self) -> u32 {
        fs::metadata(self.folder.join("log")).unwrap().uid()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let bad: Vec<&str> = log.lines().filter(|l| !l.contains("status=sent") && l.contains("status=")).collect();
            eprintln!("--- Postfix: not sent ---\n{}\n--- last words ---\n{}", bad.join("\n"), tail(&log, 15));
        }
        self.command("postfix", &["stop"]);
    }
}

fn main_cf(folder: &Path, lmtp: &Path) -> String {
    let (folder, lmtp) = (folder.display(), lmtp.display());
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.tamis.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_client_connection_rate_limit = 0
# The letters shall arrive as they were written.
local_header_rewrite_clients =
lmtp_line_length_limit = 0
message_size_limit = 20000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtputf8_enable = yes
virtual_mailbox_domains = example.test
virtual_mailbox_maps =
virtual_transport = lmtp:unix:{lmtp}
lmtp_send_xforward_command = yes
lmtp_destination_recipient_limit = 50
# A deferred letter shall be seen soon, not after minutes.
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}/log
"
    )
}

fn master_cf(smtp_port: u16) -> String {
    let services = [
        ("cleanup", "unix  n - n -    0", "cleanup"),
        ("qmgr", "unix     n - n 300  1", "qmgr"),
        ("rewrite", "unix  - - n -    -", "trivial-rewrite"),
        ("bounce", "unix   - - n -    0", "bounce"),
        ("defer", "unix    - - n -    0", "bounce"),
        ("trace", "unix    - - n -    0", "bounce"),
        ("flush", "unix    n - n 1000 0", "flush"),
        ("proxymap", "unix - - n -    -", "proxymap"),
        ("showq", "unix    n - n -    -", "showq"),
        ("error", "unix    - - n -    -", "error"),
        ("retry", "unix    - - n -    -", "error"),
        ("lmtp", "unix     - - n -    -", "lmtp"),
        ("anvil", "unix    - - n -    1", "anvil"),
        ("scache", "unix   - - n -    1", "scache"),
        ("postlog", "unix-dgram n - n - 1", "postlogd"),
    ];
    let mut text = format!("127.0.0.1:{smtp_port} inet n - n - - smtpd\n");
    for (name, fields, program) in services {
        text.push_str(&format!("{name} {fields} {program}\n"));
    }
    text
}

#[test]
fn a_thousand_letters_from_postfix_are_read_whole_by_dovecot() {
    if is_missing(&["postfix", "postqueue", "dovecot"], true) {
        return;
    }
    let users: Vec<String> = (0..USERS).map(|n| format!("user{n}@example.test")).collect();
    let mut world = World::new();
    let passwd = world.passwd_file(&users.iter().map(|user| (user.clone(), "")).collect::<Vec<_>>());
    let postfix = Postfix::start(&world);
    world.set(&format!("[users]\npasswd_file = {passwd:?}\n[lmtp]\ntrusted_uids = [{}]\n", postfix.uid()));
    world.start();
    let dovecot = Dovecot::start(&world, &passwd);

    let letters = letters::mixed(LETTERS, &users);
    bring(&letters, postfix.smtp_port);
    wait_until(QUEUE_SECONDS, "Postfix's queue is empty", || postfix.queue().is_empty());
    for (word, why) in [("status=deferred", "nothing had to wait"), ("status=bounced", "nothing came back")] {
        assert_eq!(postfix.log().lines().filter(|l| l.contains(word)).collect::<Vec<_>>(), [""; 0], "{why}");
    }

    // Before Dovecot opens the folders: it would mend names that are wrong.
    let names: Vec<BTreeMap<(String, String), u64>> = users.iter().map(|user| sizes_in_names(&world, user)).collect();
    let mut faults = Vec::new();
    for (user, names) in users.iter().zip(&names) {
        let sent: BTreeMap<&str, &Letter> =
            letters.iter().filter(|l| l.rcpts.contains(user)).map(|l| (l.id.as_str(), l)).collect();
        let read = dovecot.imap(user).everything();
        faults.extend(compare(user, &sent, names, &read));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    the_client_is_known(&world, letters.iter().map(|l| l.rcpts.len()).sum());
}

/// Sends all letters over a few connections at once.
fn bring(letters: &[Letter], smtp_port: u16) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut wire = Wire::tcp(smtp_port).and_then(|w| w.greeted("EHLO sender.friends.example")).unwrap();
                while let Some(letter) = letters.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = wire.submit(&letter.from, &letter.rcpts, &letter.bytes);
                    sent.unwrap_or_else(|e| panic!("Postfix did not take {}: {e}", letter.id));
                }
            });
        }
    });
}

/// (folder, letter) → the `W=` of the file name; `S=` is checked against the file on the way.
fn sizes_in_names(world: &World, user: &str) -> BTreeMap<(String, String), u64> {
    let mut sizes = BTreeMap::new();
    for stored in world.mail_of(user) {
        assert_eq!(stored.size_in_name('S'), Some(stored.bytes.len() as u64), "S= of {}", stored.file_name);
        let size = stored.size_in_name('W').unwrap_or_else(|| panic!("no W= in {}", stored.file_name));
        sizes.insert((stored.folder.clone(), stored.header("X-Test-Id").join(",")), size);
    }
    sizes
}

/// What is wrong with the mail of one user, one sentence per fault.
fn compare(
    user: &str,
    sent: &BTreeMap<&str, &Letter>,
    names: &BTreeMap<(String, String), u64>,
    read: &[Fetched],
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut times: BTreeMap<&str, usize> = sent.keys().map(|id| (*id, 0)).collect();
    for mail in read {
        let id = header_values(&mail.bytes, "X-Test-Id").join(",");
        let Some((id, letter)) = sent.get_key_value(id.as_str()) else {
            faults.push(format!("{user}: {id:?} in {} was never sent to them", mail.folder));
            continue;
        };
        *times.entry(id).or_default() += 1;
        let kind = letter.kind;
        if mail.folder != kind.folder() {
            faults.push(format!("{user}: {id} ({kind:?}) is in {}, not {}", mail.folder, kind.folder()));
        }
        if names.get(&(mail.folder.clone(), (*id).to_string())) != Some(&mail.size) {
            faults.push(format!("{user}: {id}: RFC822.SIZE {} is not the W= of its file name", mail.size));
        }
        if mail.size != mail.bytes.len() as u64 {
            faults.push(format!("{user}: {id}: RFC822.SIZE {} but {} octets came", mail.size, mail.bytes.len()));
        }
        // Postfix and we write only on top: below, every byte is the sender's.
        let below = mail.bytes.get(mail.bytes.len().saturating_sub(letter.bytes.len())..).unwrap_or_default();
        if Sha256::digest(below) != Sha256::digest(&letter.bytes) {
            faults.push(format!("{user}: {id} ({kind:?}): the bytes differ from what was sent"));
        }
        let scans = header_values(&mail.bytes, "X-PM-Scan").len();
        if scans != 1 {
            faults.push(format!("{user}: {id}: {scans} X-PM-Scan fields"));
        }
    }
    faults.extend(times.iter().filter(|(_, n)| **n != 1).map(|(id, n)| format!("{user}: {id} is there {n} times")));
    faults
}

/// XFORWARD arrived: every row of the journal names the client that spoke to Postfix, not Postfix.
fn the_client_is_known(world: &World, deliveries: usize) {
    let rows = world.journal(deliveries);
    assert_eq!(rows.len(), deliveries, "one row per recipient");
    for row in rows {
        let text = row.to_string();
        assert!(text.contains("127.0.0.1") && text.contains("sender.friends.example"), "no client in {text}");
        assert!(text.contains("xforward"), "the client is not known by XFORWARD: {text}");
    }
}
