//! A mistake in a settings file, said so that it can be mended: the place, the key, what is wrong, the line itself.
//!
//! Does not find mistakes: `load.rs`, `readers.rs` and `checks.rs` do.

use crate::limits::SETTINGS_LINE_SHOWN_MAX;
use std::fmt;
use std::path::{Path, PathBuf};

/// A mistake in a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as it was named to us.
    pub file: PathBuf,
    /// 1-based; 0 where the whole file is meant, such as one that can't be read.
    pub line: usize,
    /// 1-based, in characters; 0 with line 0.
    pub column: usize,
    /// The key as a dotted name, such as `lmtp.unix`; empty where the text isn't TOML.
    pub key: String,
    /// What is wrong and what would be right, without the key.
    pub problem: String,
    /// The line of the file; empty with line 0.
    pub source_line: String,
}

impl ConfigError {
    /// A mistake of the whole file.
    pub fn of_file(file: &Path, problem: String) -> Self {
        Self { file: file.into(), line: 0, column: 0, key: String::new(), problem, source_line: String::new() }
    }
}

impl fmt::Display for ConfigError {
    /// `tamis.toml:7:1: lmtp.unixx: no such setting; did you mean lmtp.unix?`, then the line and a caret below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.problem)?;
        if self.line == 0 || self.column > SETTINGS_LINE_SHOWN_MAX {
            return Ok(());
        }
        let shown: String = self
            .source_line
            .chars()
            .take(SETTINGS_LINE_SHOWN_MAX)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let number = self.line.to_string();
        write!(f, "\n  {number} | {}", shown.trim_end())?;
        write!(f, "\n  {:1$} | {2:3$}^", "", number.len(), "", self.column.saturating_sub(1))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_place_even_behind_tabs_and_umlauts() {
        let error = ConfigError {
            file: "t.toml".into(),
            line: 12,
            column: 8,
            key: "class.spam.tag".into(),
            problem: "is wrong".into(),
            source_line: "\tä = { x".into(),
        };
        assert_eq!(error.to_string(), "t.toml:12:8: class.spam.tag: is wrong\n  12 |  ä = { x\n     |        ^");
    }

    #[test]
    fn a_mistake_of_the_whole_file_has_no_place() {
        let error = ConfigError::of_file(Path::new("t.toml"), "can't be read".into());
        assert_eq!(error.to_string(), "t.toml: can't be read");
    }
}
