//! Fetches files from others: by HTTP(S), by the program rsync; and asks gpgv whether a file is signed.
//!
//! Blocks, and each step has a deadline and a bound. No shell, and no word of a source can become an option. Does not
//! decide what is done with a file. Standards: RFC 9110 (conditional requests).

use crate::limits::{FETCH_REDIRECTS_MAX, FETCH_SECONDS, FETCH_SILENT_SECONDS};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use ureq::http::{HeaderMap, StatusCode};

/// By what a server knows the file that it gave last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The same as last time.
    Unchanged,
    New(Vec<u8>, Validators),
}

/// Fetches a file by HTTP or HTTPS. HTTPS never becomes HTTP on the way.
///
/// # Errors
/// A sentence; trying again later may help.
pub fn http(url: &str, known: &Validators, bytes_max: u64) -> Result<Fetched, String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(FETCH_SECONDS)))
        .timeout_connect(Some(Duration::from_secs(FETCH_SILENT_SECONDS)))
        .timeout_recv_response(Some(Duration::from_secs(FETCH_SILENT_SECONDS)))
        .max_redirects(FETCH_REDIRECTS_MAX)
        .https_only(url.starts_with("https://"))
        .http_status_as_error(false)
        .user_agent(concat!("tamis/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let mut request = agent.get(url);
    if let Some(etag) = &known.etag {
        request = request.header("If-None-Match", etag);
    }
    if let Some(date) = &known.last_modified {
        request = request.header("If-Modified-Since", date);
    }
    let mut response = request.call().map_err(|error| error.to_string())?;
    match response.status() {
        StatusCode::NOT_MODIFIED => Ok(Fetched::Unchanged),
        StatusCode::OK => {
            let validators = validators(response.headers());
            let body = response.body_mut().with_config().limit(bytes_max).read_to_vec();
            Ok(Fetched::New(body.map_err(|error| error.to_string())?, validators))
        }
        status => Err(format!("the server says {status}")),
    }
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_string);
    Validators { etag: text("etag"), last_modified: text("last-modified") }
}

/// Fetches a file by rsync to a path, which may hold an older one.
///
/// # Errors
/// A sentence; trying again later may help.
pub fn rsync(url: &str, to: &Path, bytes_max: u64) -> Result<(), String> {
    let mut command = Command::new("rsync");
    command.args(["--quiet", "--checksum", "--copy-links", "--no-motd", "--inplace"]);
    command.arg(format!("--contimeout={FETCH_SILENT_SECONDS}")).arg(format!("--timeout={FETCH_SILENT_SECONDS}"));
    command.arg(format!("--max-size={bytes_max}")).arg("--").arg(url).arg(to);
    run(command, "rsync")
}

/// Asks gpgv whether a file is signed by a key of the keyring.
///
/// # Errors
/// What gpgv said.
pub fn verify(keyring: &Path, signature: &Path, file: &Path) -> Result<(), String> {
    let mut command = Command::new("gpgv");
    command.arg("--quiet").arg("--keyring").arg(keyring).arg("--").arg(signature).arg(file);
    run(command, "gpgv")
}

/// Runs a program to its end, or kills it after [`FETCH_SECONDS`].
fn run(mut command: Command, name: &str) -> Result<(), String> {
    let words = |what: String| format!("{name}: {what}");
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| words(format!("can't be started: {error}")))?;
    let errors = child.stderr.take().map(|stderr| std::thread::spawn(move || last_words(stderr)));
    let status = loop {
        match child.try_wait().map_err(|error| words(error.to_string()))? {
            Some(status) => break status,
            None if begun.elapsed() > Duration::from_secs(FETCH_SECONDS) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(words(format!("took longer than {FETCH_SECONDS} s")));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    Err(words(format!("{status}: {said}")))
}

/// The first line that says something, bounded.
fn last_words(mut stderr: impl Read) -> String {
    let mut said = Vec::new();
    let _ = stderr.by_ref().take(4096).read_to_end(&mut said);
    // The rest must not block the program.
    let _ = std::io::copy(&mut stderr, &mut std::io::sink());
    let said = String::from_utf8_lossy(&said);
    said.lines().find(|line| !line.trim().is_empty()).unwrap_or("without words").trim().to_string()
}
