//! The operator's rule files: read from `rules.dir`, laid over the embedded ones by `filter`.
//!
//! Reads files; what is in them is `filter`'s business.

use super::Settings;
use crate::limits::{RULE_FILE_BYTES_MAX, RULE_FILES_MAX};
use std::fs;
use std::path::Path;

/// (path, text) of each `*.toml` and `*.txt` of `rules.dir`, in byte order of their names; empty where it isn't set.
///
/// # Errors
/// A sentence with the path that can't be read or is larger than [`RULE_FILE_BYTES_MAX`].
pub fn rule_overlays(settings: &Settings) -> Result<Vec<(String, String)>, String> {
    let Some(dir) = &settings.rules_dir else { return Ok(Vec::new()) };
    let wrong = |path: &Path, problem: String| format!("rules.dir: {}: {problem}", path.display());
    let entries = fs::read_dir(dir).map_err(|e| wrong(dir, e.to_string()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml" || end == "txt"));
    paths.sort();
    if paths.len() > RULE_FILES_MAX {
        return Err(wrong(dir, format!("{} files, at most {RULE_FILES_MAX}", paths.len())));
    }
    let read = |path: &std::path::PathBuf| {
        let bytes = fs::metadata(path).map_err(|e| wrong(path, e.to_string()))?.len();
        if bytes > RULE_FILE_BYTES_MAX {
            return Err(wrong(path, format!("{bytes} octets, at most {RULE_FILE_BYTES_MAX}")));
        }
        let text = fs::read_to_string(path).map_err(|e| wrong(path, e.to_string()))?;
        Ok((path.display().to_string(), text))
    };
    paths.iter().map(read).collect()
}
