//! What a script costs a message: checking, compiling and running it, beside Pigeonhole's `sieve-test` in the same run.
//!
//! Prints a table; asserts nothing. Run with `cargo bench --bench sieve`. `sieve-test` (Debian: dovecot-sieve) is one
//! process a run, so its row for an empty script is what the process alone costs; where it isn't installed its rows are
//! left out.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people that may stop at any error")]

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tamis::sieve::{Cache, Question, Request, Script, plan_with, report};

/// Time to spend on each figure.
const SPAN: Duration = Duration::from_secs(3);

/// A message of about 20 kB.
fn message() -> Vec<u8> {
    let mut text = String::from(
        "Received: from a.example by b.example; Thu, 1 Jan 2026 10:00:00 +0000\r\nFrom: Anna <anna@example.org>\r\n\
         To: ben@example.org\r\nSubject: a letter about nothing much\r\nMessage-ID: <1@example.org>\r\n\
         List-Id: <rust.lists.example.org>\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\n\r\n",
    );
    while text.len() < 20_000 {
        text += "The quick brown fox jumps over the lazy dog, and nobody knows why.\r\n";
    }
    text.into_bytes()
}

/// As people write them: so many rules, of which the last one hits.
fn script(rules: usize) -> String {
    let mut text = String::from("require [\"fileinto\", \"variables\", \"body\", \"regex\"];\n");
    for n in 0..rules {
        let test = match n % 5 {
            0 => format!("header :contains \"subject\" \"topic {n}\""),
            1 => format!("address :is :domain \"from\" \"host{n}.example\""),
            2 => format!("anyof (header :matches \"list-id\" \"*list{n}*\", exists \"x-rule-{n}\")"),
            3 => format!("header :regex \"subject\" \"^offer [0-9]+ {n}$\""),
            _ => format!("allof (size :over {n}K, not header :is \"to\" \"ben@example.org\")"),
        };
        writeln!(text, "if {test} {{ fileinto \"Folder.{n}\"; stop; }}").unwrap();
    }
    text += "if header :matches \"list-id\" \"<*.lists.example.org>\" { fileinto \"Lists.${1}\"; }\n";
    text
}

/// Microseconds of one call.
fn micros(mut call: impl FnMut()) -> f64 {
    call();
    let begin = Instant::now();
    let mut calls = 0_u32;
    while begin.elapsed() < SPAN {
        call();
        calls += 1;
    }
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn request(text: &str) -> Request {
    let scripts = vec![Script::new("main", text)];
    Request { scripts, from: "anna@example.org".into(), to: "ben@example.org".into(), ..Request::default() }
}

fn ours(text: &str, message: &[u8]) -> [f64; 3] {
    let question = Question { text: text.into(), ..Question::default() };
    let check = micros(|| drop(black_box(report(&question))));
    let request = request(text);
    let cold = micros(|| drop(black_box(plan_with(&mut Cache::default(), message, &request))));
    let mut cache = Cache::default();
    let warm = micros(|| drop(black_box(plan_with(&mut cache, message, &request))));
    [check, cold, warm]
}

/// Microseconds of one `sieve-test` that compiles anew, and of one that has the compiled script; `None`: not installed.
fn theirs(text: &str, message: &[u8], dir: &Path) -> Option<[f64; 2]> {
    let (script, mail, config) = (dir.join("main.sieve"), dir.join("mail.eml"), dir.join("dovecot.conf"));
    std::fs::write(&script, text).unwrap();
    std::fs::write(&mail, message).unwrap();
    let place = dir.display();
    std::fs::write(
        &config,
        format!("mail_uid=nobody\nmail_gid=nogroup\nmail_home={place}\nmail_location=maildir:{place}/Maildir\n"),
    )
    .unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new("sieve-test");
        command.arg("-c").arg(&config).args(more).arg(&script).arg(&mail);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    run(&[]).ok()?;
    Some([micros(|| drop(black_box(run(&["-C"])))), micros(|| drop(black_box(run(&[]))))])
}

fn main() {
    let message = message();
    let dir = tempfile::tempdir().unwrap();
    open_to_all(dir.path());
    println!(
        "{:<34} {:>12} {:>12} {:>12} {:>14} {:>14}",
        "one letter of 20 kB, µs", "check", "compile+run", "run (cached)", "sieve-test -C", "sieve-test"
    );
    for (name, text) in [
        ("an empty script", String::new()),
        ("10 rules", script(10)),
        ("100 rules", script(100)),
        ("1,000 rules", script(1000)),
    ] {
        let [check, cold, warm] = ours(&text, &message);
        let theirs = theirs(&text, &message, dir.path());
        let [fresh, stored] =
            theirs.map_or(["–".into(), "–".into()], |both| both.map(|micros| format!("{micros:.0}")));
        println!("{name:<34} {check:>12.0} {cold:>12.0} {warm:>12.0} {fresh:>14} {stored:>14}");
        if let Some([fresh, stored]) = theirs {
            println!(
                "{:<34} {:>12} {:>12} {:>12} {:>14} {:>14}",
                "  times ours",
                "",
                "×1",
                "×1",
                format!("×{:.0}", fresh / cold),
                format!("×{:.0}", stored / warm)
            );
        }
    }
}

/// `sieve-test` lays down root's rights.
fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
}
