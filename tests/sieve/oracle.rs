//! The oracle: Pigeonhole's `sieve-test`, with a configuration of its own, its answers brought into our form.
//!
//! It runs dry: what a letter sent to somebody would look like is left to other tests. Whether a vacation is sent at
//! all, it only decides when it acts, so scripts with a vacation are run that way too; it never sends anything.

use crate::{
    letters::Letter,
    outcome::{Outcome, Reply, edited, plain, store},
    script::{Case, Node, Script},
};
use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What Debian's package knows but leaves off.
const EXTENSIONS: &str =
    "+editheader +spamtest +spamtestplus +virustest +vacation-seconds +special-use +vnd.dovecot.debug";

/// Settings of Pigeonhole that tamis takes by the same names.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("sieve_spamtest_status_type", "score"),
    ("sieve_spamtest_status_header", "X-Spam-Score"),
    ("sieve_spamtest_max_value", "10"),
    ("sieve_virustest_status_type", "text"),
    ("sieve_virustest_status_header", "X-Virus-Scan"),
    ("sieve_virustest_text_value1", "clean"),
];

/// True where the oracle is missing and the comparison must be left out; in CI it fails instead.
pub(crate) fn is_missing() -> bool {
    if Command::new("sieve-test").arg("-?").output().is_ok() {
        return false;
    }
    let why = "`sieve-test` is not installed; it is in Debian's package dovecot-sieve";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "tamis can't be compared with Pigeonhole: {why}");
    // Past the test harness, which would swallow what a passing test prints.
    writeln!(std::io::stderr(), "\n*** LEFT OUT, A PEER IS MISSING: {why} ***\n").unwrap();
    true
}

/// A folder with everything that `sieve-test` reads; in memory where possible, because nothing in it must last.
pub(crate) struct Oracle {
    dir: tempfile::TempDir,
    owner: Option<(u32, u32)>,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let dir = tempfile::Builder::new().prefix("tamis-sieve-").tempdir_in(parent).unwrap();
        // Dovecot refuses to run as root.
        let (user, owner) = match id(&["-u"]).as_str() {
            "0" => ("nobody".to_string(), Some((number(&["-u", "nobody"]), number(&["-g", "nobody"])))),
            _ => (id(&["-un"]), None),
        };
        let group = id(&["-gn", &user]);
        let root = dir.path().display();
        let mut text = format!(
            "log_path = /dev/stderr\nmail_uid = {user}\nmail_gid = {group}\nfirst_valid_gid = 0\nmail_home = {root}/home\n\
             mail_location = maildir:{root}/home/Maildir\nplugin {{\n sieve_extensions = {EXTENSIONS}\n"
        );
        for (name, value) in SETTINGS {
            text += &format!(" {name} = {value}\n");
        }
        fs::write(dir.path().join("dovecot.conf"), text + "}\n").unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        let oracle = Self { dir, owner };
        oracle.give(&oracle.dir.path().join("home"));
        oracle.give(oracle.dir.path());
        oracle
    }

    /// Writes down the scripts that an `include` of this case finds: (personal, global).
    pub(crate) fn shelve(&self, case: &Case) -> (PathBuf, PathBuf) {
        let shelf = self.dir.path().join(format!("includes-{}", case.seed));
        let _ = fs::remove_dir_all(&shelf);
        let [personal, global] = ["personal", "global"].map(|name| shelf.join(name));
        for (dir, scripts) in [(&personal, &case.personal), (&global, &case.global)] {
            fs::create_dir_all(dir).unwrap();
            for (name, script) in scripts {
                self.write(&dir.join(format!("{name}.sieve")), script);
            }
            self.give(dir);
        }
        (personal, global)
    }

    /// What becomes of each letter.
    pub(crate) fn ask(&self, case: &Case, letters: &[&Letter]) -> Vec<Outcome> {
        let files = self.lay_out(case);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for letter in letters {
            // A script that is refused is refused for every letter.
            let outcome = match outcomes.first() {
                Some(Outcome::Refused(why)) => Outcome::Refused(why.clone()),
                _ => self.dry(case, &files, letter),
            };
            outcomes.push(outcome);
        }
        if letters.iter().zip(&outcomes).any(|(letter, outcome)| outcome.sends(case, letter)) {
            let files = self.lay_out(&case.with_blocks(&without_stores));
            for (letter, outcome) in letters.iter().zip(&mut outcomes) {
                if outcome.sends(case, letter) {
                    self.act(&files, letter, case, outcome);
                }
            }
            // The scripts that may be included are read by tamis too.
            self.shelve(case);
        }
        outcomes
    }

    /// Writes the scripts down, in the order in which they run.
    fn lay_out(&self, case: &Case) -> Files {
        let (personal, global) = self.shelve(case);
        let work = self.dir.path().join("work");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir(&work).unwrap();
        self.give(&work);
        let chain: Vec<&Script> = case.before.iter().chain([&case.main]).chain(&case.after).collect();
        let mut scripts = Vec::new();
        for (n, script) in chain.iter().enumerate() {
            scripts.push(work.join(format!("{n}.sieve")));
            self.write(&scripts[n], script);
        }
        Files { scripts, personal, global }
    }

    fn command(&self, files: &Files, letter: &Letter, more: &[&str]) -> Command {
        let mail = self.dir.path().join("mail.eml");
        fs::write(&mail, &letter.text).unwrap();
        let root = self.dir.path().display();
        let (last, earlier) = files.scripts.split_last().unwrap();
        let mut command = Command::new("sieve-test");
        command.arg("-c").arg(self.dir.path().join("dovecot.conf")).args([
            "-f",
            letter.from,
            "-a",
            letter.to,
            "-r",
            letter.to,
        ]);
        command.arg("-o").arg(format!("plugin/sieve=file:{};active={root}/none", files.personal.display()));
        command.arg("-o").arg(format!("plugin/sieve_global={}", files.global.display()));
        for file in earlier {
            command.arg("-s").arg(file);
        }
        command.args(more).arg(last).arg(&mail).env("TZ", "UTC");
        command
    }

    fn dry(&self, case: &Case, files: &Files, letter: &Letter) -> Outcome {
        let output = self.command(files, letter, &[]).output().expect("sieve-test starts");
        let (said, errors) = (text(&output.stdout), text(&output.stderr));
        match output.status.code() {
            Some(0) => {
                let mut outcome = Outcome::done(case, actions(&said));
                if let Outcome::Done(all) = &mut outcome {
                    // Each script of a chain prints what it did by itself; the same store in two of them is one.
                    all.dedup();
                }
                outcome
            }
            Some(1) if errors.contains("final result: failed") => Outcome::Failed(plain(&errors)),
            Some(89) if errors.contains("failed to compile") => Outcome::Refused(plain(&errors)),
            // Killed by its own assertion.
            None => Outcome::Failed("sieve-test crashed".into()),
            code => panic!("sieve-test ended with {code:?}: {errors}\n{said}"),
        }
    }

    /// Puts in what is really sent. The stores are left out, because their folders don't exist.
    fn act(&self, files: &Files, letter: &Letter, case: &Case, outcome: &mut Outcome) {
        let Outcome::Done(all) = outcome else { return };
        // Messages go to standard output, and what they are to standard error: one file brings them together.
        let said = self.dir.path().join("said");
        let both = File::options().create(true).append(true).open(&said).unwrap();
        let mut command = self.command(files, letter, &["-e"]);
        command
            .stdin(Stdio::null())
            .stdout(both.try_clone().unwrap())
            .stderr(both)
            .status()
            .expect("sieve-test starts");
        let log = text(&fs::read(&said).unwrap());
        fs::remove_file(&said).unwrap();
        let mut sent = Vec::new();
        for part in log.split("sending message from <").skip(1) {
            let (message, after) = part.split_once("\nsieve-test: Info:").unwrap_or((part, ""));
            let (_, message) = message.split_once(">:\n").unwrap_or_default();
            if message.contains("\nAuto-Submitted: auto-notified") {
                sent.push(Reply::read(message).notification());
            } else if message.contains("\nAuto-Submitted: auto-replied (vacation)") {
                sent.push(Reply::read(message).vacation());
            } else if let Some((_, to)) = after.split_once("forwarded to <").filter(|_| case.edits()) {
                let to = to.split('>').next().unwrap_or_default();
                let line = format!("redirect {to}");
                all.iter_mut().filter(|action| **action == line).for_each(|action| *action += &edited(message));
            }
        }
        // Without its stores a chain may go on where it ends otherwise: nothing is put in that wasn't there dry.
        let had_vacation = all.iter().any(|action| action.starts_with("vacation"));
        all.retain(|action| {
            !action.starts_with("vacation") && (!action.starts_with("notify") || sent.contains(action))
        });
        all.extend(sent.into_iter().filter(|line| had_vacation && line.starts_with("vacation")));
        all.sort();
    }

    fn write(&self, file: &Path, script: &Script) {
        fs::write(file, script.text()).unwrap();
        self.give(file);
    }

    fn give(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }
}

fn id(arguments: &[&str]) -> String {
    text(&Command::new("id").args(arguments).output().unwrap().stdout).trim().to_string()
}

fn number(arguments: &[&str]) -> u32 {
    id(arguments).parse().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The scripts of a case on disk.
struct Files {
    scripts: Vec<PathBuf>,
    personal: PathBuf,
    global: PathBuf,
}

/// The script without stores; what cancels the implicit keep still does.
fn without_stores(nodes: &[Node]) -> Vec<Node> {
    let one = |node: &Node| match node {
        Node::Line(line) if line.starts_with("fileinto :copy") => None,
        Node::Line(line) if line.starts_with("fileinto") => Some(Node::Line("discard;".into())),
        Node::Line(_) => Some(node.clone()),
        Node::Chain(branches) => {
            Some(Node::Chain(branches.iter().map(|(head, block)| (head.clone(), without_stores(block))).collect()))
        }
    };
    nodes.iter().filter_map(one).collect()
}

/// One action as `sieve-test` prints it.
#[derive(Default)]
struct Printed {
    is_implicit: bool,
    headline: String,
    /// Lines such as `+ add IMAP flags: a b`, without what stands before the words.
    marks: Vec<String>,
    /// Lines such as `=> subject : x`, the value with its further lines.
    values: Vec<(String, String)>,
}

/// Reads everything under "Performed actions:" and "Implicit keep:".
fn actions(said: &str) -> Vec<String> {
    let mut all: Vec<Printed> = Vec::new();
    let mut is_implicit = false;
    let mut is_message = false;
    for line in said.lines().skip_while(|line| *line != "Performed actions:") {
        if line.starts_with("## Executing script:") {
            // The keep of a script that another one follows only lets that one run.
            all.retain(|printed| printed.headline.trim() != "keep");
            continue;
        }
        if ["Performed actions:", "Implicit keep:"].contains(&line) {
            is_implicit = line == "Implicit keep:";
            // Takes up the lines until the first action.
            all.push(Printed::default());
            continue;
        }
        let Some(last) = all.last_mut() else { continue };
        if is_message && line != "END MESSAGE" {
            // The text is read where the vacation is sent.
        } else if line == "START MESSAGE" || line == "END MESSAGE" {
            is_message = line == "START MESSAGE";
        } else if let Some(next) = begun(line, is_implicit) {
            all.push(next);
        } else if let Some((name, value)) = line.strip_prefix("    => ").and_then(|rest| rest.split_once(':')) {
            last.values.push((name.trim().to_string(), value.trim().to_string()));
        } else if let Some(mark) = line.trim_start().strip_prefix("+ ") {
            last.marks.push(mark.to_string());
        } else if let Some((_, value)) = last.values.last_mut() {
            value.push(' ');
            value.push_str(line);
        } else {
            last.headline.push(' ');
            last.headline.push_str(line);
        }
    }
    all.iter().filter_map(normal).collect()
}

fn begun(line: &str, is_implicit: bool) -> Option<Printed> {
    let headline = line.strip_prefix(" * ")?.to_string();
    Some(Printed { is_implicit, headline, ..Printed::default() })
}

fn normal(printed: &Printed) -> Option<String> {
    let value = |name: &str| printed.values.iter().find(|(n, _)| n == name).map(|(_, v)| plain(v)).unwrap_or_default();
    let mark = |start: &str| printed.marks.iter().find_map(|mark| mark.strip_prefix(start));
    let headline = printed.headline.as_str();
    let folder = headline.strip_prefix("store message in folder:");
    if let Some(folder) = folder.or((headline.trim() == "keep").then_some("INBOX")) {
        let flags: Vec<String> =
            mark("add IMAP flags:").unwrap_or_default().split_whitespace().map(str::to_string).collect();
        // Blank space at the end of a name is not printed by all.
        return Some(store(printed.is_implicit, folder.trim(), &flags, &[]));
    }
    if let Some(to) = headline.strip_prefix("redirect message to:") {
        return Some(format!("redirect {}", to.trim().trim_matches(['<', '>'])));
    }
    if let Some(reason) = headline.strip_prefix("reject message with reason:") {
        return Some(format!("reject {}", plain(reason)));
    }
    if headline.starts_with("send vacation message") {
        return Some("vacation".into());
    }
    if headline.starts_with("send notification") {
        let to = mark("To:").unwrap_or_default().trim();
        return Some(format!("notify {to} importance {} subject [{}]", value("importance"), value("subject")));
    }
    match headline.split_whitespace().next() {
        Some("discard") => Some("discard".into()),
        // A note for later, not an action.
        Some("track") => None,
        None | Some("(none)") => None,
        _ => panic!("sieve-test printed an action we don't know: {headline}"),
    }
}
