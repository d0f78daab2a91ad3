//! Does the world agree? Real Postfix sends, real Dovecot reads, real swaks talks, and the process dies in between.
//!
//! Every peer is an own instance with its own folder, on loopback, ended with its test. A peer program that is not
//! there is said aloud; in CI that is a failure. Postfix and Dovecot switch users, so their tests need root.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stderr,
    clippy::explicit_write,
    reason = "a test that can't go on shall stop where it stands and say so"
)]

#[path = "../world/mod.rs"]
mod world;

mod clamd;
mod dovecot;
mod imap;
mod keywords;
mod kill;
mod leaving;
mod managesieve;
mod postfix;
mod recipients;
mod sieve_wire;
mod swaks;
mod users;

use std::{io::Write, path::PathBuf};

/// The full path of a program, also of those that only root has in PATH.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).map(|dir| PathBuf::from(dir).join(name)).find(|file| file.is_file())
}

/// The Python of `tests/run.sh`, which has the clients of PyPI.
fn python() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/peers-venv/bin/python")
}

/// As [`is_missing`], for those clients.
fn is_missing_python() -> bool {
    !python().is_file() && is_missing(&["target/peers-venv with sievelib and managesieve"], false)
}

/// True where a peer is missing and the test must be left out; in CI it fails instead.
fn is_missing(names: &[&str], needs_root: bool) -> bool {
    let mut missing: Vec<String> =
        names.iter().filter(|name| program(name).is_none()).map(|name| format!("`{name}` is not installed")).collect();
    if needs_root && !world::is_root() {
        missing.push("this test needs root".to_string());
    }
    if missing.is_empty() {
        return false;
    }
    let why = missing.join(", ");
    let asked = std::env::var_os("TAMIS_SKIP_PEERS").is_some();
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "a peer test can't run: {why}; `sh tests/run.sh` installs what it needs"
    );
    let asked = if asked { " (TAMIS_SKIP_PEERS is set)" } else { "" };
    // Past the test harness, which would swallow what a passing test prints.
    writeln!(std::io::stderr(), "\n*** LEFT OUT, A PEER IS MISSING{asked}: {why} ***\n").unwrap();
    true
}
