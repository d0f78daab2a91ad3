//! The laws of this house, kept by a test: each failure names the file, the line and the law.
//!
//! Reads the source as text and needs nothing but the standard library. The laws stand in ARCHITECTURE.md and
//! CONTRIBUTING.md; the tables that make them exact, and every exception with its reason, stand here. The reading of
//! Rust is in `tests/tidy/source.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that can't go on shall stop where it stands and say so"
)]

#[path = "tidy/source.rs"]
mod source;

use source::{Source, functions, paths, words};
use std::{collections::BTreeSet, fs, path::Path};

/// Who may use whom: (part, what it may name). `store::ScriptPaths` allows that item alone. A part that is not listed
/// may use nothing: a new part needs a line here and one in ARCHITECTURE.md.
const MAY_USE: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("refusal", &["limits"]),
    ("mail", &["mail", "limits"]),
    ("unpack", &["unpack", "mail", "limits"]),
    ("plan", &["plan", "mail", "limits"]),
    ("signatures", &["signatures", "mail", "unpack", "limits"]),
    ("filter", &["filter", "mail", "unpack", "signatures", "plan", "limits"]),
    ("sieve", &["sieve", "plan", "filter", "mail", "limits"]),
    ("ask", &["ask", "filter", "mail", "unpack", "signatures", "plan", "sieve", "config", "limits"]),
    ("store", &["store", "plan", "mail", "filter", "limits", "refusal", "signatures::is_signature_file"]),
    ("journal", &["journal", "filter", "plan", "mail", "store", "limits", "refusal"]),
    (
        "config",
        &[
            "config",
            "filter",
            "plan",
            "mail",
            "limits",
            "sieve::Options",
            "store::ScriptPaths",
            "unpack::Allowance",
            "signatures::is_signature_file",
        ],
    ),
    (
        "deliver",
        &[
            "deliver",
            "ask",
            "config",
            "filter",
            "journal",
            "limits",
            "mail",
            "plan",
            "refusal",
            "sieve",
            "signatures",
            "store",
            "unpack",
        ],
    ),
    (
        "admin",
        &[
            "admin",
            "deliver",
            "ask",
            "config",
            "filter",
            "journal",
            "limits",
            "mail",
            "plan",
            "refusal",
            "sieve",
            "signatures",
            "store",
            "unpack",
        ],
    ),
    ("serve", &["serve", "deliver", "admin", "mail", "limits", "refusal", "config", "plan::Rcpt"]),
    ("cli", &["cli", "serve", "admin", "deliver", "config", "mail", "limits", "refusal"]),
];

/// Uses beyond the table: (file, what it names, why). An entry that is no longer needed fails.
const MAY_ALSO_USE: &[(&str, &str, &str)] =
    &[("src/cli/mod.rs", "ask::worker_main", "the worker is this program under another command; it asks nobody")];

/// Parts that take values and return values.
const PURE: &[&str] = &["limits", "refusal", "mail", "unpack", "signatures", "filter", "plan", "sieve"];

/// What pure parts may not name: paths, and words that stand for a clock, a file or chance.
const IMPURE_PATHS: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::os",
    "std::net",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
    "rustix",
    "nix",
    "getrandom",
    "rusqlite",
    "landlock",
    "maildir",
    "sd_notify",
    "listenfd",
    "tempfile",
];
const IMPURE_WORDS: &[&str] = &["SystemTime", "Instant", "::now(", "RandomState", "io::stdin", "io::stdout"];
/// Plain values of the standard library that live beside impure things.
const PURE_VALUES: &[&str] =
    &["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr", "std::net::AddrParseError"];

/// What touches the file system.
const DISK_PATHS: &[&str] =
    &["std::fs", "std::os::unix::fs", "tokio::fs", "rustix::fs", "nix::fcntl", "nix::sys::stat", "nix::dir", "maildir"];
const DISK_WORDS: &[&str] = &[
    ".exists()",
    ".try_exists()",
    ".is_file()",
    ".is_dir()",
    ".is_symlink()",
    ".canonicalize()",
    ".read_dir()",
    ".read_link()",
    ".metadata()",
    ".symlink_metadata()",
];
/// Files beside `store/disk.rs` that may touch the file system: (file, why). An entry no longer needed fails.
const MAY_TOUCH_DISK: &[(&str, &str)] = &[
    ("src/config/load.rs", "reads the settings file and the rules that lie beside it, before there is a store"),
    ("src/ask/watched.rs", "reads the operator's tables of users and passwords, which are not ours to keep"),
    ("src/store/signature_files.rs", "reads and replaces signature files, which are no mail and can be fetched again"),
    ("src/store/homes.rs", "counts messages by the maildir crate; it reads, and stores nothing"),
    ("src/ask/cage.rs", "tries to open a file from inside the cage, which must fail"),
    ("src/serve/listen.rs", "makes, chmods and removes the socket files, which are sockets and no letters"),
    ("src/config/overlays.rs", "reads the rule files that the operator lays over the embedded ones"),
    ("src/cli/mod.rs", "asks whether the default settings file is there"),
    ("src/cli/config.rs", "asks whether the default settings file is there"),
    ("src/cli/scan.rs", "reads the message files that people name"),
    ("src/cli/demo/mod.rs", "makes the folder of the demonstration and its settings file"),
];

/// What opens sockets, and the folders that may.
const SOCKET_WORDS: &[&str] =
    &["TcpStream", "TcpListener", "TcpSocket", "UnixStream", "UnixListener", "UnixDatagram", "UdpSocket"];
const MAY_OPEN_SOCKETS: &[&str] = &["ask", "serve"];
/// Files elsewhere that may open sockets: (file, why). An entry no longer needed fails.
const MAY_ALSO_OPEN_SOCKETS: &[(&str, &str)] =
    &[("src/cli/demo/client.rs", "the demonstration speaks LMTP to its own server, as Postfix would")];

/// Lines a file may have; a few have a smaller bound, because they are what everybody reads.
const FILE_LINES_MAX: usize = 600;
const SHORT_FILES: &[(&str, usize)] = &[("src/lib.rs", 60), ("src/main.rs", 80), ("src/deliver.rs", 120)];
/// Lines a function may have, from `fn` to its closing brace.
const FN_LINES_MAX: usize = 60;
/// Longer functions: (file, function, why). The list may only shrink: an entry no longer needed fails.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

const BAD_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];
/// Written in two halves, so that this file does not find itself.
const UNDONE: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

#[test]
fn parts_use_only_the_parts_they_may() {
    let mut used = BTreeSet::new();
    let faults = each(&program(), |file| uses_beyond_the_table(file, MAY_USE, MAY_ALSO_USE, &mut used));
    let known: Vec<(&str, &str)> = MAY_ALSO_USE.iter().map(|(file, what, _)| (*file, *what)).collect();
    show(faults, stale(&known, &used));
}

#[test]
fn pure_parts_do_not_touch_the_world() {
    show(each(&program(), impurities), vec![]);
}

#[test]
fn only_the_disk_module_touches_the_file_system() {
    let mut used = BTreeSet::new();
    let faults = each(&program(), |file| {
        if file.name == "src/store/disk.rs" {
            return Vec::new();
        }
        let found = named(file, DISK_PATHS, DISK_WORDS);
        but(file, found, "only store/disk.rs touches the file system", MAY_TOUCH_DISK, &mut used)
    });
    let known: Vec<(&str, &str)> = MAY_TOUCH_DISK.iter().map(|(file, _)| (*file, "")).collect();
    show(faults, stale(&known, &used));
}

#[test]
fn only_ask_and_serve_open_sockets() {
    let mut used = BTreeSet::new();
    let faults = each(&program(), |file| {
        if MAY_OPEN_SOCKETS.contains(&file.part().as_str()) {
            return Vec::new();
        }
        let found = named(file, &[], SOCKET_WORDS);
        but(file, found, "only ask/ and serve/ open sockets", MAY_ALSO_OPEN_SOCKETS, &mut used)
    });
    let known: Vec<(&str, &str)> = MAY_ALSO_OPEN_SOCKETS.iter().map(|(file, _)| (*file, "")).collect();
    show(faults, stale(&known, &used));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    show(each(&everything(), unexplained), vec![]);
}

#[test]
fn no_file_is_longer_than_its_bound() {
    show(each(&everything(), too_long), vec![]);
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut used = BTreeSet::new();
    let faults = each(&everything(), |file| long_functions(file, LONG_FUNCTIONS, &mut used));
    let known: Vec<(&str, &str)> = LONG_FUNCTIONS.iter().map(|(file, name, _)| (*file, *name)).collect();
    show(faults, stale(&known, &used));
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    show(each(&everything(), drawers), vec![]);
}

#[test]
fn nothing_is_left_for_later() {
    show(each(&everything(), undone), vec![]);
}

#[test]
fn every_cited_standard_is_in_the_list_of_the_architecture() {
    let list = fs::read_to_string("ARCHITECTURE.md").expect("ARCHITECTURE.md with the list of standards");
    show(each(&program(), |file| unlisted_standards(file, &list)), vec![]);
}

fn uses_beyond_the_table(
    file: &Source,
    table: &[(&str, &[&str])],
    also: &[(&str, &str, &str)],
    used: &mut BTreeSet<(String, String)>,
) -> Vec<String> {
    let part = file.part();
    if ["lib", "main"].contains(&part.as_str()) {
        return Vec::new();
    }
    let may = table.iter().find(|(name, _)| *name == part).map_or(&[][..], |(_, may)| may);
    let mut faults = Vec::new();
    for (line, path) in paths(&file.code, "crate", &file.module()) {
        if may.iter().any(|allowed| is_under(&path, allowed)) {
            continue;
        }
        if let Some((name, what, _)) = also.iter().find(|(name, what, _)| *name == file.name && is_under(&path, what)) {
            used.insert(((*name).to_string(), (*what).to_string()));
            continue;
        }
        faults.push(format!("{}:{line}: `{part}` may not use `{path}`", file.name));
    }
    faults
}

fn impurities(file: &Source) -> Vec<String> {
    let part = file.part();
    if !PURE.contains(&part.as_str()) {
        return Vec::new();
    }
    named(file, IMPURE_PATHS, IMPURE_WORDS)
        .into_iter()
        .map(|(line, what)| format!("{}:{line}: `{part}` is pure and may not use `{what}`", file.name))
        .collect()
}

/// Every (line, what) of these paths and words in the program's part of a file.
fn named(file: &Source, bad_paths: &[&str], bad_words: &[&str]) -> Vec<(usize, String)> {
    let roots: BTreeSet<&str> = bad_paths.iter().map(|path| path.split("::").next().unwrap()).collect();
    let mut found = Vec::new();
    for root in roots {
        for (line, path) in paths(&file.code, root, &[]) {
            let path = if root == "std" { format!("std::{path}") } else { format!("{root}::{path}") };
            let is_bad = bad_paths.iter().any(|bad| is_under(&path, bad));
            if is_bad && !PURE_VALUES.iter().any(|value| is_under(&path, value)) {
                found.push((line, path));
            }
        }
    }
    for (at, line) in file.code.lines().enumerate() {
        for word in bad_words.iter().filter(|word| words(line, word)) {
            found.push((at + 1, (*word).to_string()));
        }
    }
    found
}

/// Faults, unless the file is excepted; which exceptions were needed goes into `used`.
fn but(
    file: &Source,
    found: Vec<(usize, String)>,
    law: &str,
    exceptions: &[(&str, &str)],
    used: &mut BTreeSet<(String, String)>,
) -> Vec<String> {
    if !found.is_empty() && exceptions.iter().any(|(name, _)| *name == file.name) {
        used.insert((file.name.clone(), String::new()));
        return Vec::new();
    }
    found.into_iter().map(|(line, what)| format!("{}:{line}: `{what}`: {law}", file.name)).collect()
}

fn unexplained(file: &Source) -> Vec<String> {
    let is_good = file.text.starts_with("//! ");
    if is_good { vec![] } else { vec![format!("{}:1: say first what this file is for (//!)", file.name)] }
}

fn too_long(file: &Source) -> Vec<String> {
    let bound = SHORT_FILES.iter().find(|(name, _)| *name == file.name).map_or(FILE_LINES_MAX, |(_, bound)| *bound);
    let lines = file.text.lines().count();
    if lines <= bound { vec![] } else { vec![format!("{}: {lines} lines, at most {bound}", file.name)] }
}

fn long_functions(
    file: &Source,
    exceptions: &[(&str, &str, &str)],
    used: &mut BTreeSet<(String, String)>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for function in functions(&file.all_code) {
        if function.lines <= FN_LINES_MAX {
            continue;
        }
        if exceptions.iter().any(|(name, long, _)| *name == file.name && *long == function.name) {
            used.insert((file.name.clone(), function.name));
            continue;
        }
        let (line, lines) = (function.line, function.lines);
        faults.push(format!("{}:{line}: `{}` has {lines} lines, at most {FN_LINES_MAX}", file.name, function.name));
    }
    faults
}

fn drawers(file: &Source) -> Vec<String> {
    let is_bad = file.name.split(['/', '.']).any(|piece| BAD_NAMES.contains(&piece));
    if is_bad { vec![format!("{}: name what the file is about", file.name)] } else { vec![] }
}

fn undone(file: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        for word in UNDONE.iter().filter(|word| words(line, word)) {
            faults.push(format!("{}:{}: {word}: do it, or say it in the closing note", file.name, at + 1));
        }
    }
    faults
}

fn unlisted_standards(file: &Source, list: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        for rest in line.split("RFC ").skip(1) {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if !number.is_empty() && !words(list, &number) {
                faults.push(format!("{}:{}: RFC {number} is not in ARCHITECTURE.md", file.name, at + 1));
            }
        }
    }
    faults
}

/// True for the path itself and all below it.
fn is_under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The program's sources.
fn program() -> Vec<Source> {
    sources(&["src"])
}

/// All sources of the repository.
fn everything() -> Vec<Source> {
    sources(&["src", "tests", "benches", "fuzz"])
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        collect(Path::new(folder), &mut found);
    }
    assert!(!found.is_empty(), "no sources in {folders:?}: is this the project's folder?");
    found
}

fn collect(path: &Path, found: &mut Vec<Source>) {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| collect(entry, found));
    } else if path.extension().is_some_and(|ending| ending == "rs") {
        found.push(Source::new(&path.display().to_string(), &fs::read_to_string(path).unwrap()));
    }
}

fn each(files: &[Source], law: impl FnMut(&Source) -> Vec<String>) -> Vec<String> {
    files.iter().flat_map(law).collect()
}

/// Exceptions that nothing needs any more.
fn stale(known: &[(&str, &str)], used: &BTreeSet<(String, String)>) -> Vec<String> {
    known
        .iter()
        .filter(|(file, what)| !used.contains(&((*file).to_string(), (*what).to_string())))
        .map(|(file, what)| format!("tests/tidy.rs: the exception for {file} {what} is no longer needed: remove it"))
        .collect()
}

fn show(faults: Vec<String>, stale: Vec<String>) {
    let all: Vec<String> = faults.into_iter().chain(stale).collect();
    assert!(all.is_empty(), "{} faults:\n{}\n", all.len(), all.join("\n"));
}

/// The laws can be seen to fail.
mod the_laws_bite {
    use super::*;

    fn file(name: &str, text: &str) -> Source {
        Source::new(name, text)
    }

    #[test]
    fn on_imports_of_every_form() {
        for (name, text, faults) in [
            ("src/mail/a.rs", "use crate::store::Store;", 1),
            ("src/mail/a.rs", "use crate::{\n    limits::X,\n    store::{A, B},\n};", 2),
            ("src/mail/a.rs", "fn f() { crate::store::open() }", 1),
            ("src/mail/a.rs", "use super::super::store::Store;", 1),
            ("src/mail/a.rs", "use super::{fields, super::store};", 1),
            ("src/mail/mod.rs", "use super::store::Store;", 1),
            ("src/mail/mod.rs", "use super::limits::X; mod b { use super::super::limits::X; use super::c; }", 0),
            ("src/mail/a.rs", "use super::fields; use crate::mail::Y; pub(crate) fn f() {}", 0),
            ("src/mail/a.rs", "// use crate::store\nconst S: &str = \"crate::store\";", 0),
            ("src/mail/a.rs", "#[cfg(test)]\nmod tests { use crate::store::Store; }", 0),
            ("src/config/a.rs", "use crate::store::{ScriptPaths, Store};", 1),
            ("src/attic/a.rs", "use crate::limits::X;", 1),
            ("src/mail/tests.rs", "use crate::store::Store;", 0),
        ] {
            let found = uses_beyond_the_table(&file(name, text), MAY_USE, &[], &mut BTreeSet::new());
            assert_eq!(found.len(), faults, "{name}: {text}\n{found:?}");
        }
    }

    #[test]
    fn on_clocks_files_and_chance_in_pure_parts() {
        for (text, faults) in [
            ("use std::{fs, fmt};", 1),
            ("use std::net::{IpAddr, TcpStream};", 1),
            ("fn f() { let t = Instant::now(); }", 2),
            ("use tokio::net::TcpStream;", 1),
            ("fn f() -> jiff::Timestamp { jiff::Timestamp::now() }", 1),
            ("/// SystemTime is for others.\nuse std::net::IpAddr;", 0),
            ("#[cfg(test)]\nmod tests {\n fn f() { std::fs::read(\"a\"); }\n}", 0),
        ] {
            assert_eq!(impurities(&file("src/filter/a.rs", text)).len(), faults, "{text}");
            assert_eq!(impurities(&file("src/store/a.rs", text)).len(), 0, "{text}");
        }
    }

    #[test]
    fn on_the_disk_and_on_exceptions_that_outlived_their_need() {
        let found = |text: &str| named(&file("src/admin.rs", text), DISK_PATHS, DISK_WORDS).len();
        assert_eq!(found("use std::os::unix::fs::PermissionsExt;"), 1);
        assert_eq!(found("fn f(p: &Path) -> bool { p.exists() }"), 1);
        assert_eq!(found("fn f() { rustix::fs::fsync(x) }"), 1);
        assert_eq!(found("fn f() { self.exists(); rustix::process::getuid() }"), 1);
        assert_eq!(stale(&[("src/a.rs", "")], &BTreeSet::new()).len(), 1);
        assert_eq!(stale(&[("src/a.rs", "")], &BTreeSet::from([("src/a.rs".into(), String::new())])).len(), 0);
    }

    #[test]
    fn on_long_files_and_functions() {
        let long = format!("//! x\nfn long() {{\n{}}}\n", "    a();\n".repeat(59));
        assert_eq!(long_functions(&file("src/a.rs", &long), &[], &mut BTreeSet::new()).len(), 1);
        let fair = format!("//! x\nfn fair() {{\n{}}}\n", "    a();\n".repeat(58));
        assert_eq!(long_functions(&file("src/a.rs", &fair), &[], &mut BTreeSet::new()).len(), 0);
        assert_eq!(too_long(&file("src/a.rs", &"\n".repeat(601))).len(), 1);
        assert_eq!(too_long(&file("src/main.rs", &"\n".repeat(81))).len(), 1);
        assert_eq!(unexplained(&file("src/a.rs", "use x;\n//! late")).len(), 1);
    }

    #[test]
    fn on_names_promises_and_standards() {
        assert_eq!(drawers(&file("src/mail/utils.rs", "")).len(), 1);
        assert_eq!(drawers(&file("src/common/mod.rs", "")).len(), 1);
        assert_eq!(drawers(&file("src/mail/utility_bill.rs", "")).len(), 0);
        assert_eq!(undone(&file("src/a.rs", &format!("// {}: later", UNDONE[0]))).len(), 1);
        assert_eq!(undone(&file("src/a.rs", &format!("let {}_x = 1;", UNDONE[0]))).len(), 0);
        assert_eq!(unlisted_standards(&file("src/a.rs", "// RFC 5321 §4.5, RFC 9999"), "RFC 5321, 2033").len(), 1);
    }
}
