//! Runs `tests/cases/NNN-name`: one letter through the real server, and everything that became of it.
//!
//! A case is a folder: `about` (one sentence), `mail.eml` (LF becomes CRLF) or `mail.b64` (exact bytes), `given/` (`rcpts`,
//! `from`, `times`, `tamis.toml`, `script.sieve`; all but `rcpts` optional) and `want/` (`answers`, `tree`, `journal`).
//! `UPDATE=1 cargo test --test house cases` writes `want` anew: read the difference before you commit it. What differs
//! from run to run (dates, ids, paths) is written as `{date}`, `{id}`, `{world}`.

use crate::world::{Ledger, World, stored_under};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Servers that run side by side.
const AT_ONCE: usize = 4;
/// Stands in `mail.eml` for the EICAR test file (eicar.org), which virus scanners would find in this repository.
const EICAR_MARK: &str = "{{eicar}}";
const EICAR: &str = concat!(r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*");

/// Stands in `mail.eml` for the time at which it is sent, so that no letter grows old.
const DATE_MARK: &str = "{{date}}";

fn date() -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::rfc2822::to_string(&now).unwrap()
}

#[test]
fn every_case_ends_as_written() {
    let cases = cases();
    assert!(!cases.is_empty(), "no cases in tests/cases");
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = std::panic::catch_unwind(|| check(case));
                    let fault = run.unwrap_or_else(|_| Err(format!("{}: could not be run, see above", case.display())));
                    faults.lock().unwrap().extend(fault.err());
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// The folders whose names begin with a number; others belong to other runners.
fn cases() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("tests/cases")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    found.sort();
    found
}

/// Runs one case and compares, or writes what it ought to be.
fn check(case: &Path) -> Result<(), String> {
    let about = fs::read_to_string(case.join("about")).map_err(|e| format!("{}/about: {e}", case.display()))?;
    let got = outcome(case);
    let mut fault = String::new();
    for (name, got) in got {
        let file = case.join("want").join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(case.join("want")).unwrap();
            fs::write(&file, got).unwrap();
            continue;
        }
        let want = fs::read_to_string(&file).unwrap_or_default();
        if want != got {
            write!(fault, "  {}:\n{}", file.display(), difference(&want, &got)).unwrap();
        }
    }
    if fault.is_empty() { Ok(()) } else { Err(format!("{}: {}\n{fault}", case.display(), about.trim())) }
}

/// The texts of `answers`, `tree` and `journal`.
fn outcome(case: &Path) -> [(&'static str, String); 3] {
    let given = |name: &str| fs::read_to_string(case.join("given").join(name)).ok();
    let rcpts: Vec<String> = given("rcpts").expect("given/rcpts").lines().map(str::to_string).collect();
    let from = given("from").map_or("sender@friends.example".to_string(), |text| text.trim().to_string());
    let times: usize = given("times").map_or(1, |text| text.trim().parse().unwrap());
    let sent = message(case);

    let mut world = World::new();
    world.accept_domains(&["example.org"]);
    if let Some(settings) = given("tamis.toml") {
        world.set(&settings);
    }
    for rcpt in &rcpts {
        if let Some(script) = given("script.sieve") {
            let home = world.make_home(rcpt);
            fs::write(home.join(".dovecot.sieve"), script).unwrap();
        }
    }
    world.start();
    let mut answers = String::new();
    for _ in 0..times {
        let mut ledger = Ledger::default();
        let done = world.lmtp().deliver(&mut ledger, &from, &rcpts, &sent);
        for (rcpt, reply) in rcpts.iter().zip(&ledger.rcpts) {
            writeln!(answers, "RCPT {rcpt}: {reply}").unwrap();
        }
        for (rcpt, reply) in &ledger.answers {
            writeln!(answers, "DATA {rcpt}: {reply}").unwrap();
        }
        if let Err(error) = done {
            writeln!(answers, "broken: {error}").unwrap();
        }
    }
    // A stop writes what the journal still has in hand.
    let ended = world.stop();
    assert!(ended.success(), "the server ended with {ended}:\n{}", world.log());
    let clean = |text: String| text.replace(&world.path("").display().to_string(), "{world}/");
    [("answers", clean(answers)), ("tree", clean(tree(&world, &sent))), ("journal", clean(journal(&world)))]
}

/// The letter as it is sent.
fn message(case: &Path) -> Vec<u8> {
    use base64::Engine as _;
    if let Ok(text) = fs::read_to_string(case.join("mail.b64")) {
        let packed: String = text.split_whitespace().collect();
        return base64::engine::general_purpose::STANDARD.decode(packed).unwrap();
    }
    let text = fs::read_to_string(case.join("mail.eml")).expect("mail.eml or mail.b64");
    assert!(!text.contains('\r'), "mail.eml has LF only; exact bytes go into mail.b64");
    text.replace(EICAR_MARK, EICAR).replace(DATE_MARK, &date()).replace('\n', "\r\n").into_bytes()
}

/// Every user's folders with the letters in them, then the quarantine.
fn tree(world: &World, sent: &[u8]) -> String {
    let mut text = String::new();
    let mut users: Vec<PathBuf> = fs::read_dir(world.path("mail")).unwrap().map(|e| e.unwrap().path()).collect();
    users.sort();
    for user in users {
        let name = user.file_name().unwrap().to_string_lossy().into_owned();
        for stored in stored_under(&user.join("Maildir")) {
            let (folder, file) = (&stored.folder, &stored.file_name);
            let flags = file.split_once(":2,").map(|(_, flags)| format!(" flags {flags}")).unwrap_or_default();
            writeln!(text, "{name} {folder}{flags}").unwrap();
            if stored.size_in_name('S') != Some(stored.bytes.len() as u64) {
                writeln!(text, "  S= in the file name is wrong").unwrap();
            }
            text.push_str(&marked(&stored.bytes, sent));
        }
        if let Ok(subscriptions) = fs::read_to_string(user.join("Maildir/subscriptions")) {
            writeln!(text, "{name} subscribed to {}", subscriptions.trim().replace('\n', ", ")).unwrap();
        }
    }
    for held in world.json(&["quarantine", "list"]) {
        let word = |key: &str| held[key].as_str().unwrap_or_default().to_string();
        let who = if held["operator_only"].as_bool() == Some(true) { "operator" } else { "recipient" };
        let raw = world.output(&["quarantine", "show", &word("id"), "--raw"]);
        let state = if raw == sent { "as sent" } else { "CHANGED" };
        let (rcpt, class, why) = (word("rcpt"), word("class"), word("why"));
        writeln!(text, "quarantine {rcpt} {class}: {why}; released by {who}; {state}").unwrap();
    }
    text
}

/// What was put on top (`+`), what was taken out (`-`), and whether the rest is the same.
fn marked(stored: &[u8], sent: &[u8]) -> String {
    let mut text = String::new();
    if let Some(top) = stored.strip_suffix(sent) {
        fields(top).iter().for_each(|field| writeln!(text, "  + {}", settled(field)).unwrap());
        text.push_str("  below: as sent\n");
        return text;
    }
    let (new, old) = (split(stored), split(sent));
    let (mut left, mut right) = (fields(new.0), fields(old.0));
    right.retain(|field| match left.iter().position(|other| other == field) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    });
    left.iter().for_each(|field| writeln!(text, "  + {}", settled(field)).unwrap());
    right.iter().for_each(|field| writeln!(text, "  - {}", settled(field)).unwrap());
    text.push_str(if new.1 == old.1 { "  body: as sent\n" } else { "  body: CHANGED\n" });
    text
}

/// Header block and the rest, at the first empty line.
fn split(message: &[u8]) -> (&[u8], &[u8]) {
    message.split_at(message.windows(4).position(|w| w == b"\r\n\r\n").map_or(message.len(), |at| at + 2))
}

/// Header fields with their folds undone.
fn fields(header: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(header).replace("\r\n ", " ").replace("\r\n\t", "\t");
    text.split("\r\n").filter(|line| !line.is_empty()).map(str::to_string).collect()
}

/// A line without what differs from run to run.
fn settled(line: &str) -> String {
    let line = match line.split_once("Received:").and_then(|_| line.rsplit_once(';')) {
        Some((start, _)) => format!("{start}; {{date}}"),
        None => line.to_string(),
    };
    let mut words: Vec<String> = line.split(' ').map(str::to_string).collect();
    for at in 1..words.len() {
        let is_id = words[at - 1] == "id" && line.starts_with("Received:");
        let is_handle = words[at].len() >= 16 && words[at].chars().all(|c| c.is_ascii_alphanumeric());
        if is_id || is_handle && words[at].contains(|c: char| c.is_ascii_digit()) {
            words[at] = "{id}".into();
        }
    }
    words.join(" ").replace(env!("CARGO_PKG_VERSION"), "{version}")
}

/// Every row, by recipient, since recipients are delivered to side by side: recipient, class and score, where it went; the findings; what went wrong in the script.
fn journal(world: &World) -> String {
    let mut rows = world.json(&["journal", "list", "--limit", "1000"]);
    let words = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_string();
    rows.sort_by_key(|row| (words(row, "rcpt"), words(row, "outcome"), row["id"].as_i64()));
    let mut text = String::new();
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_string();
        let score = row["score"].as_f64().unwrap_or_default();
        let (rcpt, class, outcome) = (word("rcpt"), word("class"), settled(&word("outcome")));
        writeln!(text, "{rcpt} <- <{}> {class} {score:.1} -> {outcome}", word("reverse_path")).unwrap();
        writeln!(text, "  from {:?} subject {:?}", word("from_text"), word("subject")).unwrap();
        for finding in row["details"]["findings"].as_array().into_iter().flatten() {
            let (name, weight) = (finding["name"].as_str().unwrap_or_default(), finding["weight"].as_f64());
            let detail = finding["detail"].as_str().unwrap_or_default();
            writeln!(text, "  {:+.1} {name}: {detail}", weight.unwrap_or_default()).unwrap();
        }
        if let Some(trouble) = row["details"]["plan"]["trouble"].as_str() {
            writeln!(text, "  trouble: {trouble}").unwrap();
        }
    }
    text
}

/// Lines that are only wanted (`-`) and only there (`+`).
fn difference(want: &str, got: &str) -> String {
    let mut text = String::new();
    want.lines().filter(|l| !got.lines().any(|g| g == *l)).for_each(|l| writeln!(text, "    - {l}").unwrap());
    got.lines().filter(|l| !want.lines().any(|w| w == *l)).for_each(|l| writeln!(text, "    + {l}").unwrap());
    if text.is_empty() { "    the same lines in another order or number\n".to_string() } else { text }
}
