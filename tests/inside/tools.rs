//! The tools of Debian that make archives, and the samples that `tests/run.sh` fetched.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// The full path of a program.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).map(|dir| PathBuf::from(dir).join(name)).find(|file| file.is_file())
}

/// Where `tests/run.sh` lays what it fetched.
pub(crate) fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/samples")
}

/// True where something is missing and the test must be left out; in CI it fails instead.
pub(crate) fn is_missing(programs: &[&str], files: &[&Path]) -> bool {
    let programs = programs.iter().filter(|name| program(name).is_none()).map(|name| format!("`{name}`"));
    let files = files.iter().filter(|file| !file.exists()).map(|file| file.display().to_string());
    let missing: Vec<String> = programs.chain(files).collect();
    if missing.is_empty() {
        return false;
    }
    let why = format!("{} is not here; `sh tests/run.sh` installs what the tests need", missing.join(", "));
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    writeln!(std::io::stderr(), "\n*** LEFT OUT: {why} ***\n").unwrap();
    true
}

/// Runs a program in a folder; it must succeed.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{}", output.status, String::from_utf8_lossy(&said));
}
