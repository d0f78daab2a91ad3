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
    /// Reads and compiles the files of the folder. Files that are broken are left out and logged.
    ///
    /// # Errors
    /// A sentence for the operator: what can't be read.
    pub fn load(settings: &SignatureSettings) -> Result<Self, String> {
        let Some(dir) = &settings.dir else { return Ok(Self::default()) };
        let begun = Instant::now();
        let read = signature_files::read(dir).map_err(|why| format!("signatures.dir: {why}"))?;
        let files: Vec<SignatureFile<'_>> =
            read.files.iter().map(|(name, bytes)| SignatureFile { name, bytes }).collect();
        let compiled = compile(&files)?;
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
    /// As [`SignatureSet::load`]; and a file that was good and is broken now.
    pub fn renewed(known: &Arc<Self>, settings: &SignatureSettings) -> Result<Arc<Self>, String> {
        if known.dir == settings.dir && settings.dir.as_ref().is_none_or(|_| known.is_current()) {
            return Ok(Arc::clone(known));
        }
        let new = Self::load(settings)?;
        match new.files.iter().find(|file| file.is_broken() && !known.has_broken(&file.name)) {
            None => Ok(Arc::new(new)),
            Some(broken) => {
                let first =
                    broken.problems.first().map_or_else(String::new, |p| format!(", line {}: {}", p.line, p.what));
                Err(format!("signatures: {} is no such file{first}; the old ones stay in use", broken.name))
            }
        }
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

    fn has_broken(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name && file.is_broken())
    }

    fn log(&self) {
        let (files, loaded, ms) = (self.files.len(), self.loaded(), self.took.as_millis());
        tracing::info!(files, loaded, bytes = self.compiled.0.len(), ms, "signatures compiled");
        for file in self.files.iter().filter(|file| file.wrong > 0) {
            let first = file.problems.first().map_or("", |problem| problem.what.as_str());
            tracing::warn!(file = file.name, wrong = file.wrong, first, "lines of a signature file are wrong");
        }
        if !self.left_out.is_empty() {
            tracing::error!(files = self.left_out.join(", "), "signature files beyond the bounds are not used");
        }
    }
}
