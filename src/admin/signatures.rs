//! Signatures for the operator: what is loaded, what is wrong, what there is new.
//!
//! A file that was fetched is checked as it would be used, and replaces the old one only where it is no worse.

use crate::ask::fetch::{self, Fetched, Validators};
use crate::config::SignatureSettings;
use crate::deliver::SignatureSet;
use crate::limits::SIGNATURE_FILES_BYTES_MAX;
pub use crate::signatures::FileReport;
use crate::signatures::{Database, SignatureFile, compile};
use crate::store::signature_files;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the validators of the sources are kept, beside the files.
const VALIDATORS: &str = ".sources.json";

/// What is loaded; a stable contract with `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct SignatureList {
    /// Our own rules first.
    pub files: Vec<FileReport>,
    pub left_out: Vec<String>,
    pub loaded: usize,
    /// Octets of the compiled form, in the server and in each worker.
    pub compiled_bytes: usize,
    /// Milliseconds to read and compile all files.
    pub compile_ms: f64,
    /// Milliseconds until a worker is ready.
    pub open_ms: f64,
}

/// Loads the signatures as the server does.
///
/// # Errors
/// A sentence for the operator.
pub fn list(settings: &SignatureSettings) -> Result<SignatureList, String> {
    let mut set = SignatureSet::load(settings)?;
    let begun = Instant::now();
    if settings.dir.is_none() {
        let own = compile(&[])?;
        (set.files, set.compiled, set.took) = (own.files, crate::ask::Signatures(own.blob.into()), begun.elapsed());
    }
    let begun = Instant::now();
    let database = Database::open(set.compiled.0.to_vec())?;
    let ms = |took: Duration| (took.as_secs_f64() * 1e4).round() / 10.0;
    Ok(SignatureList {
        loaded: set.loaded(),
        compiled_bytes: database.bytes(),
        compile_ms: ms(set.took),
        open_ms: ms(begun.elapsed()),
        files: set.files,
        left_out: set.left_out,
    })
}

/// Checks the files that are named, or all of the folder.
///
/// # Errors
/// A sentence for the operator: what can't be read.
pub fn check(settings: &SignatureSettings, paths: &[PathBuf]) -> Result<Vec<FileReport>, String> {
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        files.push((name, signature_files::read_one(path)?));
    }
    let mut unread = Vec::new();
    if let (true, Some(dir)) = (paths.is_empty(), &settings.dir) {
        let read = signature_files::read(dir)?;
        (files, unread) = (read.files, read.unread);
    }
    let files: Vec<SignatureFile<'_>> = files.iter().map(|(name, bytes)| SignatureFile { name, bytes }).collect();
    let mut reports = compile(&files)?.files;
    if !paths.is_empty() {
        // Our own rules were not asked for.
        reports = reports.split_off(reports.len().saturating_sub(files.len()));
    }
    reports.extend(unread.into_iter().map(|(name, why)| FileReport::unread(name, why)));
    Ok(reports)
}

/// What came of one source; a stable contract with `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Updated {
    pub source: String,
    pub file: String,
    pub outcome: Outcome,
    /// Signatures of the file now.
    pub loaded: usize,
    /// Why it failed or was refused; empty else.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    New,
    Unchanged,
    /// It can't be fetched now.
    Failed,
    /// It was fetched and is not used.
    Refused,
}

/// Is a file used that has far fewer signatures than the one before?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shrinking {
    Refused,
    Allowed,
}

/// Fetches every source. `None` while another update runs.
///
/// # Errors
/// A sentence for the operator, where nothing could be begun.
pub fn update(settings: &SignatureSettings, shrinking: Shrinking) -> Result<Option<Vec<Updated>>, String> {
    let dir = settings.dir.as_ref().ok_or("signatures.dir is not set: there is no folder to fetch files to")?;
    let Some(_lock) = signature_files::lock(dir)? else { return Ok(None) };
    let mut known: BTreeMap<String, Validators> = signature_files::current(dir, VALIDATORS)?
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let before = known.clone();
    let mut rows = Vec::new();
    for source in &settings.sources {
        let file = source.rsplit('/').next().unwrap_or_default().to_string();
        let validators = known.entry(source.clone()).or_default();
        let done = Update { dir, settings, shrinking }.source(source, &file, validators);
        let (outcome, loaded, why) = done.unwrap_or_else(|(outcome, why)| (outcome, 0, why));
        rows.push(Updated { source: source.clone(), file, outcome, loaded, why });
    }
    known.retain(|source, given| settings.sources.contains(source) && *given != Validators::default());
    if known != before {
        let text = serde_json::to_vec(&known).map_err(|error| error.to_string())?;
        signature_files::replace(dir, VALIDATORS, &text)?;
    }
    Ok(Some(rows))
}

struct Update<'a> {
    dir: &'a Path,
    settings: &'a SignatureSettings,
    shrinking: Shrinking,
}

type Stopped = (Outcome, String);

fn failed(why: String) -> Stopped {
    (Outcome::Failed, why)
}

impl Update<'_> {
    fn source(
        &self,
        source: &str,
        file: &str,
        validators: &mut Validators,
    ) -> Result<(Outcome, usize, String), Stopped> {
        let old = signature_files::current(self.dir, file).map_err(failed)?;
        let scratch = signature_files::scratch(self.dir).map_err(failed)?;
        let fetched = self.fetch(source, file, validators, old.as_deref(), &scratch);
        signature_files::remove_scratch(&scratch);
        let count = |bytes: &[u8]| report(file, bytes).map(|report| taken(&report)).unwrap_or(0);
        let (bytes, new_validators) = match fetched? {
            Fetched::New(bytes, validators) if old.as_ref() != Some(&bytes) => (bytes, validators),
            Fetched::New(_, new) => {
                *validators = new;
                return Ok((Outcome::Unchanged, old.as_deref().map_or(0, count), String::new()));
            }
            Fetched::Unchanged => return Ok((Outcome::Unchanged, old.as_deref().map_or(0, count), String::new())),
        };
        let loaded = self.judged(file, &bytes, old.as_deref()).map_err(|why| (Outcome::Refused, why))?;
        signature_files::replace(self.dir, file, &bytes).map_err(failed)?;
        *validators = new_validators;
        Ok((Outcome::New, loaded, String::new()))
    }

    fn fetch(
        &self,
        source: &str,
        file: &str,
        validators: &Validators,
        old: Option<&[u8]>,
        scratch: &Path,
    ) -> Result<Fetched, Stopped> {
        // Without the old file there is nothing that the server could call unchanged.
        let none = Validators::default();
        let known = if old.is_some() { validators } else { &none };
        let path = scratch.join(file);
        let fetched = get(source, known, &path, old).map_err(failed)?;
        let (Some(keyring), Fetched::New(bytes, _)) = (&self.settings.keyring, &fetched) else { return Ok(fetched) };
        let signature = scratch.join(format!("{file}.sig"));
        let signed = get(&format!("{source}.sig"), &none, &signature, None).map_err(failed)?;
        if let Fetched::New(signed, _) = signed {
            signature_files::write_scratch(&signature, &signed).map_err(failed)?;
        }
        signature_files::write_scratch(&path, bytes).map_err(failed)?;
        fetch::verify(keyring, &signature, &path).map_err(|why| (Outcome::Refused, why))?;
        Ok(fetched)
    }

    /// How many signatures the file has, where it may be used.
    fn judged(&self, file: &str, bytes: &[u8], old: Option<&[u8]>) -> Result<usize, String> {
        let report = report(file, bytes)?;
        let (good, all) = (taken(&report), taken(&report) + report.wrong);
        if good == 0 || good * 2 < all {
            let first = report.problems.first().map_or("it is empty", |problem| problem.what.as_str());
            return Err(format!("{good} of {all} lines are right: {first}"));
        }
        let before = old.and_then(|old| Some(taken(&self::report(file, old).ok()?))).unwrap_or(0);
        if self.shrinking == Shrinking::Refused && good * 2 < before {
            return Err(format!("it has {good} signatures, the one in use {before}; --force takes it all the same"));
        }
        Ok(good)
    }
}

/// Gets one file by whatever its source begins with.
fn get(source: &str, known: &Validators, path: &Path, old: Option<&[u8]>) -> Result<Fetched, String> {
    if !source.starts_with("rsync://") {
        return fetch::http(source, known, SIGNATURE_FILES_BYTES_MAX);
    }
    if let Some(old) = old {
        signature_files::write_scratch(path, old)?;
    }
    fetch::rsync(source, path, SIGNATURE_FILES_BYTES_MAX)?;
    Ok(Fetched::New(signature_files::read_one(path)?, Validators::default()))
}

/// The file alone, without our own rules.
fn report(file: &str, bytes: &[u8]) -> Result<FileReport, String> {
    let reports = compile(&[SignatureFile { name: file, bytes }])?.files;
    reports.into_iter().next_back().ok_or_else(|| "not read".to_string())
}

/// Rightly written signatures, served or not: files for clamd may lie in the same folder.
fn taken(report: &FileReport) -> usize {
    report.loaded + report.unserved.values().sum::<usize>()
}

#[cfg(test)]
mod tests;
