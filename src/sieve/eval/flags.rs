//! Flags: the internal variable, named ones, and the test.
//!
//! Standards: RFC 5232. *Reading:* a string may hold several flags with spaces between them, in lists, too.

use super::super::program::{How, MatchType, Texts};
use super::super::template::{Template, VariableName};
use super::{Answer, Run};
use crate::plan::Flags;

/// Which change a command makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Set,
    Add,
    Remove,
}

impl Run<'_> {
    pub(super) fn change_flags(&mut self, change: Change, variable: Option<&Template>, flags: &Texts) {
        let flags = split(&self.expand_all(flags));
        let name = variable.map(|template| VariableName::Own(self.expand(template).to_ascii_lowercase()));
        let mut have = match &name {
            _ if change == Change::Set => Vec::new(),
            Some(name) => split(&[self.variable(name)]),
            None => std::mem::take(&mut self.flags),
        };
        for flag in flags {
            let known = have.iter().position(|known| known.eq_ignore_ascii_case(&flag));
            match (change, known) {
                (Change::Set | Change::Add, None) => have.push(flag),
                (Change::Remove, Some(at)) => drop(have.remove(at)),
                (Change::Set | Change::Add, Some(_)) | (Change::Remove, None) => {}
            }
        }
        match name {
            Some(name) => self.set(&name, &[], have.join(" ")),
            None => self.flags = have,
        }
    }

    pub(super) fn has_flag(&mut self, variables: Option<&Texts>, keys: &Texts, how: &How, line: usize) -> Answer {
        let values = match variables {
            Some(names) => {
                let names = self.expand_all(names).into_iter().map(|name| VariableName::Own(name.to_ascii_lowercase()));
                let values: Vec<String> = names.map(|name| self.variable(&name)).collect();
                split(&values)
            }
            None => self.flags.clone(),
        };
        let keys = self.expand_all(keys);
        // A key may hold several flags, but a pattern is one, whatever is in it.
        let lists = matches!(how.match_type, MatchType::Is | MatchType::Contains);
        let split = |key: &String| match lists && !key.trim().is_empty() {
            true => key.split_ascii_whitespace().map(Template::plain).collect(),
            false => vec![Template::plain(key.as_str())],
        };
        let keys: Texts = keys.iter().flat_map(split).collect();
        self.any("hasflag", &values, &keys, how, line)
    }

    /// The flags of a copy: those of `:flags`, else the internal variable.
    pub(super) fn flags_for(&self, given: Option<&Texts>) -> Flags {
        let flags = given.map_or_else(|| self.flags.clone(), |given| split(&self.expand_all(given)));
        Flags::from_names(flags.iter().map(String::as_str))
    }
}

/// Single flags, each once in whatever case.
fn split(texts: &[String]) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    for flag in texts.iter().flat_map(|text| text.split_ascii_whitespace()) {
        if is_flag(flag) && !flags.iter().any(|known| known.eq_ignore_ascii_case(flag)) {
            flags.push(flag.to_string());
        }
    }
    flags
}

/// One of the system flags that a message may have (RFC 3501 §2.3.2), or a keyword, which is an atom (RFC 3501 §9).
fn is_flag(flag: &str) -> bool {
    if flag.starts_with('\\') {
        return Flags::from_names([flag]) != Flags::default();
    }
    flag.bytes().all(|b| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b))
}
