//! The signatures in use: compiled from the files of `signatures.dir`, and made again when one of them changes.
//!
//! Does not match anything: the workers do.

use crate::ask::Signatures;
use crate::config::SignatureSettings;
use crate::signatures::{FileReport, SignatureFile, compile};
use crate::store::signature_files::{self, SignatureFilesState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Signatures with what is known of their files.
#[derive(Clone, Debug, Default)]
pub struct SignatureSet {
    /// For the workers; empty where there is no folder, so that they use our own alone.
    pub compiled: Signatures,
    pub files: Vec<FileReport>,
    /// Files beyond the bounds, by name.
    pub left_out: Vec<String>,
    /// What reading and compiling took.
    pub took: Duration,
    dir: Option<PathBuf>,
    state: SignatureFilesState,
}

impl SignatureSet {
    /// Reads and compiles the files of the folder. A file that is broken is left out and named in the log; all others
    /// are used, so that one wrong file does not hold the others back.
    ///
    /// # Errors
    /// A sentence for the operator: what can't be read.
    pub fn load(settings: &SignatureSettings) -> Result<Self, String> {
        let Some(dir) = &settings.dir else { return Ok(Self::default()) };
        let begun = Instant::now();
        let read = signature_files::read(dir).map_err(|why| format!("signatures.dir: {why}"))?;
        let files: Vec<SignatureFile<'_>> =
            read.files.iter().map(|(name, bytes)| SignatureFile { name, bytes }).collect();
        let mut compiled = compile(&files)?;
        compiled.files.extend(read.unread.into_iter().map(|(name, why)| FileReport::unread(name, why)));
        let set = Self {
            compiled: Signatures(compiled.blob.into()),
            files: compiled.files,
            left_out: read.left_out,
            took: begun.elapsed(),
            dir: settings.dir.clone(),
            state: read.state,
        };
        set.log();
        Ok(set)
    }

    /// This set where its files are as they were, else a new one.
    ///
    /// # Errors
    /// As [`SignatureSet::load`].
    pub fn renewed(known: &Arc<Self>, settings: &SignatureSettings) -> Result<Arc<Self>, String> {
        if known.dir == settings.dir && settings.dir.as_ref().is_none_or(|_| known.is_current()) {
            return Ok(Arc::clone(known));
        }
        Self::load(settings).map(Arc::new)
    }

    /// The state of the folder, where it differs from the one that was read and nobody is writing any more.
    pub fn changed(&self) -> Option<SignatureFilesState> {
        let now = signature_files::state(self.dir.as_ref()?).ok()?;
        (now != self.state && now.is_quiet()).then_some(now)
    }

    /// Signatures taken from all files.
    pub fn loaded(&self) -> usize {
        self.files.iter().map(|file| file.loaded).sum()
    }

    fn is_current(&self) -> bool {
        self.dir.as_ref().is_some_and(|dir| signature_files::state(dir).is_ok_and(|now| now == self.state))
    }

    /// What the operator reads of a broken file. Its name and its contents are foreign: no control characters.
    fn complaint(&self, file: &FileReport) -> Option<String> {
        let why = file.why_broken()?;
        let path = self.dir.as_ref().map_or_else(PathBuf::new, |dir| dir.join(&file.name));
        let words = format!(
            "signatures: {why}; this file is left out, all others are used; mend or remove it: `tamis signatures check \
             {}` tells every mistake",
            path.display()
        );
        Some(words.chars().map(|c| if c.is_control() { '?' } else { c }).collect())
    }

    fn log(&self) {
        let (files, loaded, ms) = (self.files.len(), self.loaded(), self.took.as_millis());
        tracing::info!(files, loaded, bytes = self.compiled.0.len(), ms, "signatures compiled");
        for file in &self.files {
            if let Some(words) = self.complaint(file) {
                tracing::error!("{words}");
                continue;
            }
            if file.wrong == 0 {
                continue;
            }
            let first = file.problems.first().map_or("", |problem| problem.what.as_str());
            tracing::warn!(file = file.name, wrong = file.wrong, first, "lines of a signature file are wrong");
        }
        if !self.left_out.is_empty() {
            tracing::error!(files = self.left_out.join(", "), "signature files beyond the bounds are not used");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const GOOD: &str = "T:0:*:6162636465\n";

    /// At start and while the server runs: the wrong file alone is left out, and the others are renewed.
    #[test]
    fn a_wrong_file_does_not_hold_the_others_back() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let settings = SignatureSettings { dir: Some(dir.to_path_buf()), ..SignatureSettings::default() };
        let loaded = |set: &SignatureSet, name: &str| {
            set.files.iter().find(|file| file.name == name).map(|file| (file.loaded, file.is_broken()))
        };
        fs::write(dir.join("a.ndb"), GOOD).unwrap();
        fs::write(dir.join("b.yar"), "rule b { condition: true }").unwrap();
        let first = Arc::new(SignatureSet::load(&settings).unwrap());
        assert_eq!((loaded(&first, "a.ndb"), loaded(&first, "b.yar")), (Some((1, false)), Some((1, false))));

        fs::write(dir.join("a.ndb"), GOOD.repeat(2)).unwrap();
        fs::write(dir.join("b.yar"), "rule b { condition: $b }").unwrap();
        let renewed = SignatureSet::renewed(&first, &settings).unwrap();
        let started = SignatureSet::load(&settings).unwrap();
        for set in [&*renewed, &started] {
            assert_eq!((loaded(set, "a.ndb"), loaded(set, "b.yar")), (Some((2, false)), Some((0, true))));
            let complaints: Vec<String> = set.files.iter().filter_map(|file| set.complaint(file)).collect();
            let [one] = complaints.as_slice() else { panic!("{complaints:?}") };
            assert!(one.starts_with("signatures: b.yar is not a valid YARA file: line 1: "), "{one}");
            assert!(one.contains(&format!("`tamis signatures check {}`", dir.join("b.yar").display())), "{one}");
        }
        assert_eq!(renewed.compiled.0, started.compiled.0);
    }
}
