//! A small world for one test: a temporary folder, the real program in it, users with scripts, and their mail read back.
//!
//! Shared by `tests/peers` and `tests/house` through `#[path]`. Starts real processes and ends exactly those that it
//! started. Does not know what a test wants to show.
#![allow(dead_code, reason = "each test crate uses another part of this module")]

pub(crate) mod letters;
pub(crate) mod wire;

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
pub(crate) use wire::{Ledger, Wire};

/// The owner of the mail where the tests run as root: Dovecot never opens the mail of user 0.
pub(crate) const MAIL_UID: u32 = 5000;
/// How long the program may take from its start to its first accepted connection.
const START_SECONDS: u64 = 30;

/// One temporary folder with at most one running server.
pub(crate) struct World {
    folder: TempDir,
    program: PathBuf,
    settings: toml::Table,
    server: Option<Child>,
    pub(crate) tcp_port: u16,
}

/// One stored letter, as it lies on disk.
pub(crate) struct Stored {
    pub(crate) folder: String,
    pub(crate) file_name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Stored {
    /// The number behind `,S=` or `,W=` in the file name.
    pub(crate) fn size_in_name(&self, mark: char) -> Option<u64> {
        let (_, rest) = self.file_name.split_once(&format!(",{mark}="))?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    /// The text of all header lines of that name, unfolded.
    pub(crate) fn header(&self, name: &str) -> Vec<String> {
        header_values(&self.bytes, name)
    }
}

impl World {
    /// A folder that every local user may enter, and settings that listen on a unix socket and on loopback only.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("tamis-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let tcp_port = free_port();
        let program = program_for_everyone(folder.path());
        let mut world = Self { folder, program, settings: toml::Table::new(), server: None, tcp_port };
        for name in ["data", "mail", "run"] {
            world.own_folder(name);
        }
        let text = format!(
            "[server]\nhost_name = \"tamis.example\"\ndata_dir = {:?}\nmta_names = [\"mx.tamis.example\"]\n\
             [lmtp]\nunix = {:?}\nunix_mode = \"0666\"\ntcp = [\"127.0.0.1:{tcp_port}\"]\ntrusted = [\"127.0.0.1\"]\n",
            world.path("data"),
            world.socket(),
        );
        world.set(&text);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("run/lmtp.sock")
    }

    /// A new folder that belongs to the program's user.
    pub(crate) fn own_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        give_to_mail_user(&path);
        path
    }

    /// A new file that belongs to the program's user.
    pub(crate) fn own_file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        give_to_mail_user(&path);
        path
    }

    /// Lays settings over those that are there.
    pub(crate) fn set(&mut self, text: &str) {
        let more: toml::Table = text.parse().unwrap_or_else(|e| panic!("bad settings in the test: {e}\n{text}"));
        merge(&mut self.settings, more);
    }

    /// Every address of these domains is a user; homes are `mail/<local part>`.
    pub(crate) fn accept_domains(&mut self, domains: &[&str]) {
        self.set(&format!(
            "[users]\ndomains = {domains:?}\nhome = {:?}\nmaildir = \"%h/Maildir\"\n",
            self.path("mail").join("%n")
        ));
    }

    /// Users of a passwd-file as Dovecot reads it: (address, extra fields such as `userdb_quota_rule=…`).
    pub(crate) fn passwd_file(&self, users: &[(String, &str)]) -> PathBuf {
        let lines: String = users
            .iter()
            .map(|(user, extra)| {
                let home = self.home(user);
                let (uid, gid) = mail_owner();
                format!("{user}:{{PLAIN}}secret:{uid}:{gid}::{}::{extra}\n", home.display())
            })
            .collect();
        self.own_file("users", lines)
    }

    pub(crate) fn home(&self, address: &str) -> PathBuf {
        self.path("mail").join(address.split('@').next().unwrap_or_default())
    }

    /// The home of a user, made now, so that a script can be put there.
    pub(crate) fn make_home(&self, address: &str) -> PathBuf {
        let local = address.split('@').next().unwrap_or_default();
        self.own_folder(&format!("mail/{local}"))
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("tamis.toml")
    }

    /// Starts the server and waits until it accepts a connection.
    pub(crate) fn start(&mut self) {
        assert!(self.server.is_none(), "the server runs already");
        fs::write(self.config(), toml::to_string(&self.settings).unwrap()).unwrap();
        let log = fs::File::options().create(true).append(true).open(self.path("tamis.log")).unwrap();
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        self.server = Some(command.spawn().unwrap_or_else(|e| panic!("can't start {}: {e}", self.program.display())));
        let end = Instant::now() + Duration::from_secs(START_SECONDS);
        while Wire::unix(&self.socket()).and_then(|mut wire| wire.reply()).is_err() {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the server ended at once ({ended:?}):\n{}", self.log());
            assert!(Instant::now() < end, "the server was not ready in {START_SECONDS} s:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGKILL for the server and its workers, as in a crash.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.server.take() {
            kill_group(&mut child);
        }
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.tell_to_stop();
        self.ended()
    }

    /// Waits for a server that was told to stop.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut child = self.server.take().unwrap();
        let end = Instant::now() + Duration::from_secs(START_SECONDS);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > end {
                kill_group(&mut child);
                panic!("the server did not stop in {START_SECONDS} s:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGTERM, without waiting for the end.
    pub(crate) fn tell_to_stop(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Any signal to the server alone, not to its workers.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(self.server.as_ref().unwrap());
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// The processes that the server has started; each of its threads lists its own.
    pub(crate) fn workers(&self) -> Vec<rustix::process::Pid> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.server.as_ref().unwrap().id())).unwrap();
        let listed = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default());
        let all: Vec<String> = listed.collect();
        let pids = all.iter().flat_map(|text| text.split_whitespace()).map(|pid| pid.parse().unwrap());
        pids.filter_map(rustix::process::Pid::from_raw).collect()
    }

    /// A greeted connection over the unix socket.
    pub(crate) fn lmtp(&self) -> Wire {
        Wire::unix(&self.socket()).and_then(|w| w.greeted("LHLO mx.tamis.example")).unwrap()
    }

    /// What the program printed so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("tamis.log")).unwrap_or_default()
    }

    /// Runs a command of the program with `--json` and reads what it prints: one object per line.
    pub(crate) fn json(&self, words: &[&str]) -> Vec<serde_json::Value> {
        let out = self.output(&[words, &["--json"]].concat());
        let words = words.join(" ");
        serde_json::Deserializer::from_slice(&out)
            .into_iter::<serde_json::Value>()
            .map(|value| value.unwrap_or_else(|e| panic!("`tamis {words}` printed no JSON: {e}")))
            .collect()
    }

    /// What a command of the program prints.
    pub(crate) fn output(&self, words: &[&str]) -> Vec<u8> {
        let out = self.command(words).stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success(), "`tamis {}`: {}", words.join(" "), String::from_utf8_lossy(&out.stderr));
        out.stdout
    }

    /// The journal, as soon as it has that many rows: it is written behind the replies.
    pub(crate) fn journal(&self, rows_min: usize) -> Vec<serde_json::Value> {
        let mut rows = Vec::new();
        wait_until(30, "the journal has its rows", || {
            rows = self.json(&["journal", "list", "--limit", "100000"]);
            rows.len() >= rows_min
        });
        rows
    }

    /// The process of the server.
    pub(crate) fn server_id(&self) -> u32 {
        self.server.as_ref().unwrap().id()
    }

    /// Kibibytes of memory that the server itself holds.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server_id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// All letters in the Maildir of a user, `new` and `cur` of every folder.
    pub(crate) fn mail_of(&self, address: &str) -> Vec<Stored> {
        stored_under(&self.home(address).join("Maildir"))
    }

    /// A command of the program with these settings, as the program's user.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--config").arg(self.config()).current_dir(self.folder.path());
        if is_root() {
            command.uid(MAIL_UID).gid(MAIL_UID);
        }
        command
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- last words of the server ---\n{}", tail(&self.log(), 30));
        }
    }
}

/// The letters of a Maildir++ root.
pub(crate) fn stored_under(maildir: &Path) -> Vec<Stored> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(maildir) else { return found };
    let mut folders = vec![("INBOX".to_string(), maildir.to_path_buf())];
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with('.') && entry.path().join("cur").is_dir() {
            folders.push((format!("INBOX{name}"), entry.path()));
        }
    }
    folders.sort();
    for (folder, path) in folders {
        let mut files: Vec<PathBuf> = ["new", "cur"]
            .iter()
            .flat_map(|part| fs::read_dir(path.join(part)).into_iter().flatten().map(|e| e.unwrap().path()))
            .collect();
        files.sort();
        for file in files {
            found.push(Stored {
                folder: folder.clone(),
                file_name: file.file_name().unwrap().to_string_lossy().into_owned(),
                bytes: fs::read(&file).unwrap(),
            });
        }
    }
    found
}

/// The values of all header fields of that name, unfolded and trimmed.
pub(crate) fn header_values(message: &[u8], name: &str) -> Vec<String> {
    let end = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(message.len());
    let header = String::from_utf8_lossy(&message[..end]).replace("\r\n ", " ").replace("\r\n\t", " ");
    header
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .filter(|(field, _)| field.trim_end().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_string())
        .collect()
}

/// Looks again until it is true, at most that long.
pub(crate) fn wait_until(seconds: u64, what: &str, mut is_true: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !is_true() {
        assert!(Instant::now() < end, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Who owns the mail: an own user where we are root, else ourselves.
pub(crate) fn mail_owner() -> (u32, u32) {
    if is_root() {
        (MAIL_UID, MAIL_UID)
    } else {
        (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
    }
}

/// Ends a child and all that it started. It must lead its own process group.
pub(crate) fn kill_group(child: &mut Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    child.wait().ok();
}

/// The last lines of a text.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Runs a program to its end; what it printed, both streams.
pub(crate) fn run(command: &mut Command) -> (ExitStatus, String) {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let shown = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap_or_else(|e| panic!("can't run {shown}: {e}"));
    // The command holds our writing ends of the pipe: give them up, so that reading can end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut text = Vec::new();
    reader.read_to_end(&mut text).unwrap();
    (child.wait().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

/// The built program, or the one that `TAMIS_TEST_PROGRAM` names (an installed package, say). As root it is copied to
/// where every user may run it: the build folder may lie in a closed home.
fn program_for_everyone(folder: &Path) -> PathBuf {
    let built = std::env::var_os("TAMIS_TEST_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_tamis").into());
    let built = PathBuf::from(built);
    if !is_root() {
        return built;
    }
    let copy = folder.join("tamis");
    if fs::hard_link(&built, &copy).is_err() {
        fs::copy(&built, &copy).unwrap();
    }
    copy
}

fn give_to_mail_user(path: &Path) {
    if is_root() {
        chown(path, Some(MAIL_UID), Some(MAIL_UID)).unwrap();
    }
}

fn merge(into: &mut toml::Table, more: toml::Table) {
    for (key, value) in more {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
