//! A script's text becomes a form that the engine may run: lowered, compiled, checked, mended.
//!
//! Does not run anything. The engine's compiler lets unknown extensions and tests pass and gives places that are off;
//! both are put right here and in `mend`. Standards: RFC 5228 §2.10.5 (errors of a script).

use super::lex::{Token, tokens};
use super::lower::lower;
use super::mend::{Mended, mend};
use crate::limits::{SCRIPT_BYTES_MAX, SCRIPT_STRING_BYTES_MAX, SCRIPTS_CACHED_BYTES_MAX, SCRIPTS_CACHED_MAX};
use ::sieve::Compiler;
use ::sieve::compiler::{CompileError, ErrorType};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;

/// What is wrong with a script, and where; line 0 is *somewhere*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) words: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.words),
            (line, 0) => write!(f, "line {line}: {}", self.words),
            (line, column) => write!(f, "line {line}, column {column}: {}", self.words),
        }
    }
}

/// Compiles one script; `name` is what its steps are called in a trace.
pub(super) fn compile(name: &str, text: &str) -> Result<Mended, Mistake> {
    if text.len() as u64 > SCRIPT_BYTES_MAX {
        let words = format!("the script has {} bytes, at most {SCRIPT_BYTES_MAX} are read", text.len());
        return Err(Mistake { line: 0, column: 0, words });
    }
    let tokens = tokens(text);
    let lowered = lower(text, &tokens)?;
    // RFC 5463 §4: what `ihave` has asked for needs no require. The engine wants one all the same.
    let asks = tokens.iter().any(|t| t.is_word("ihave"));
    let compiler = compiler().with_no_capability_check(asks);
    let compiled = compiler.compile(lowered.as_bytes()).map_err(|error| mistake_of(&error, &tokens))?;
    mend(&compiled, name, &tokens)
}

fn compiler() -> Compiler {
    Compiler::new()
        .with_max_script_size(usize::MAX) // ours is checked before; lowering makes a script a little longer
        .with_max_string_size(SCRIPT_STRING_BYTES_MAX)
        .with_max_variable_name_size(64)
        .with_max_nested_blocks(32)
        .with_max_nested_tests(32)
        .with_max_nested_foreverypart(10)
        .with_max_match_variables(63) // the engine's own end
        .with_max_local_variables(256) // the engine's own end
        .with_max_header_size(2048)
        .with_max_includes(32)
}

/// The engine's error with a place that is right: it counts columns of the first line from 0, says line 0 for an
/// undeclared extension, and names the begin of the block for an unknown command.
fn mistake_of(error: &CompileError, tokens: &[Token<'_>]) -> Mistake {
    let text = error.to_string();
    let words = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words).to_string();
    let (line, column) = (error.line_num(), error.line_pos());
    let engine = Mistake { line, column: if line == 1 { column + 1 } else { column }, words };
    if let ErrorType::UnexpectedToken { expected, found } = error.error_type()
        && expected == "command"
    {
        let words = format!("unknown command {found:?}");
        return match tokens.iter().find(|t| t.is_word(found)) {
            Some(token) => Mistake { line: token.line, column: token.column, words },
            None => Mistake { words, ..engine },
        };
    }
    if let ErrorType::UndeclaredCapability(capability) = error.error_type() {
        return Mistake { words: format!("needs require \"{capability}\""), ..engine };
    }
    engine
}

/// Scripts that are compiled already, by the hash of name and text. Bounded by number and size of the texts.
#[derive(Default)]
pub struct Cache {
    entries: HashMap<[u8; 32], Entry>,
    /// Counts look-ups; the entry with the lowest goes first.
    clock: u64,
    bytes: usize,
}

struct Entry {
    result: Result<Mended, Mistake>,
    used: u64,
    bytes: usize,
}

impl Cache {
    pub(super) fn compile(&mut self, name: &str, text: &str) -> Result<Mended, Mistake> {
        let key: [u8; 32] = Sha256::new().chain_update(name).chain_update([0]).chain_update(text).finalize().into();
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.used = self.clock;
            return entry.result.clone();
        }
        let result = compile(name, text);
        let entry = Entry { result: result.clone(), used: self.clock, bytes: text.len() };
        self.bytes += entry.bytes;
        self.entries.insert(key, entry);
        self.shrink();
        result
    }

    fn shrink(&mut self) {
        while self.entries.len() > SCRIPTS_CACHED_MAX || self.bytes > SCRIPTS_CACHED_BYTES_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            let Some(gone) = oldest.and_then(|key| self.entries.remove(&key)) else { return };
            self.bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        assert_eq!(compile("main", text).map_err(|m| m.to_string()).err().unwrap_or_default(), want, "{text}");
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        for (text, want) in [
            ("keep;", ""),
            ("", ""),
            ("# only a comment", ""),
            ("fileinto \"A\";", "line 1, column 1: needs require \"fileinto\""),
            ("if true {\n  kepe;\n}", "line 2, column 3: unknown command \"kepe\""),
            ("keep;\nif bogus \"x\" { keep; }", "line 2, column 4: unknown test \"bogus\""),
            ("require \"vnd.bogus\";\nkeep;", "line 1, column 9: unknown extension \"vnd.bogus\""),
            (
                "require [\"fileinto\",\n \"vacation\"];\nkeep;",
                "line 2, column 2: the extension \"vacation\" is not supported yet",
            ),
            ("keep;\nredirect \"a@b.example\";", "line 2, column 1: \"redirect\" is not supported yet"),
            (
                "if header :comparator \"i;bogus\" \"subject\" \"x\" { discard; }",
                "line 1, column 23: unknown comparator \"i;bogus\"",
            ),
            (
                "require [\"fileinto\", \"mailbox\"]; fileinto :mailboxid \"x\" \"A\";",
                "line 1, column 34: \":mailboxid\" is not supported yet",
            ),
            (
                "require \"regex\"; if header :regex \"subject\" \"(\" { keep; }",
                "line 1, column 49: Invalid regular expression \"(: Parsing error at position 1: Opening parenthesis without closing parenthesis\"",
            ),
            ("if header \"subject\" \"x { discard; }", "line 1, column 21: Unterminated string"),
        ] {
            check(text, want);
        }
    }

    #[test]
    fn a_guarded_unknown_command_compiles() {
        check("require \"ihave\"; if ihave \"vnd.bogus\" { bogus \"x\"; } else { keep; }", "");
        check("require \"ihave\"; if ihave \"vacation\" { vacation \"x\"; }", "");
    }

    #[test]
    fn the_cache_forgets_the_oldest() {
        let mut cache = Cache::default();
        for n in 0..=SCRIPTS_CACHED_MAX {
            assert!(cache.compile("main", &format!("# {n}\nkeep;")).is_ok());
            assert!(cache.compile("main", "# used all the time\nkeep;").is_ok());
        }
        assert_eq!(cache.entries.len(), SCRIPTS_CACHED_MAX);
        let before = cache.entries.len();
        assert!(cache.compile("main", "# used all the time\nkeep;").is_ok());
        assert_eq!(cache.entries.len(), before);
        let big = format!("#{}\n", "x".repeat(1_000_000));
        for n in 0..20 {
            assert!(cache.compile(&n.to_string(), &big).is_ok());
        }
        assert!(cache.bytes <= SCRIPTS_CACHED_BYTES_MAX);
    }
}
