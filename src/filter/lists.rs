//! The lists that the checks read: brands with their domains, dangerous extensions, click trackers,
//! shorteners, free hosts, free mail, mailers, what names of signatures mean.
//!
//! Data, not code: `config/lists/*.txt`, one entry a line. `#` begins a comment; `key : value` where the list has
//! values; in an overlay a line `- key` takes an entry out. Does not read files: the texts come as arguments.

use super::domains;
use super::phrases::PhraseSet;
use super::rules::{Rule, RulesError};
use super::text::{fold, has_word};
use crate::signatures::Names;
use std::collections::BTreeMap;

/// Every list: its name, and the form of its lines where they have values.
const LISTS: &[(&str, Option<&str>)] = &[
    (BRANDS, Some("name : domain domain …")),
    (EXTENSIONS, Some("extension : what it is")),
    (FREE_HOSTS, None),
    (FREE_MAIL, None),
    (MAILERS, Some("header : who writes it")),
    (SHORTENERS, None),
    (SIGNATURE_CLASSES, Some("pattern : class")),
    (TRACKERS, None),
];
const BRANDS: &str = "brands";
const EXTENSIONS: &str = "extensions";
const FREE_HOSTS: &str = "free_hosts";
const FREE_MAIL: &str = "free_mail";
const MAILERS: &str = "mailers";
const SHORTENERS: &str = "shorteners";
const SIGNATURE_CLASSES: &str = "signature_classes";
const TRACKERS: &str = "trackers";

/// The lines of all lists while files are laid over each other: list → key → value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lines(BTreeMap<&'static str, BTreeMap<String, String>>);

impl Lines {
    /// Lays one file over what is there; its name without folders and `.txt` tells which list it is.
    ///
    /// # Errors
    /// An unknown list, or a line that has not the form of the list.
    pub(super) fn lay(&mut self, file: &str, text: &str) -> Result<(), RulesError> {
        let error = |line: usize, problem: String| RulesError { file: file.to_string(), line, column: 1, problem };
        let name = file.rsplit('/').next().and_then(|f| f.strip_suffix(".txt")).unwrap_or(file);
        let Some((list, form)) = LISTS.iter().find(|(list, _)| *list == name) else {
            let near = super::rules::nearest(name, LISTS.iter().map(|(list, _)| list));
            return Err(error(1, format!("there is no list `{name}`{near}")));
        };
        let lines = self.0.entry(list).or_default();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if let Some(gone) = line.strip_prefix("- ") {
                lines.remove(&gone.trim().to_lowercase());
                continue;
            }
            let (key, value) = match form {
                None => (line, ""),
                Some(form) => {
                    line.split_once(" : ").ok_or_else(|| error(at + 1, format!("a line of this list is `{form}`")))?
                }
            };
            let value = value.trim();
            if *list == SIGNATURE_CLASSES {
                Names::of(std::iter::once((key, value))).map_err(|wrong| error(at + 1, wrong.0))?;
            }
            lines.insert(key.trim().to_lowercase(), value.to_string());
        }
        Ok(())
    }

    fn of(&self, list: &'static str) -> impl Iterator<Item = (&str, &str)> {
        self.0.get(list).into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Is the host, or a domain above it, in the list?
    fn holds(&self, list: &'static str, host: &str) -> bool {
        domains::parents(host).any(|domain| self.get(list, domain).is_some())
    }

    fn get(&self, list: &'static str, key: &str) -> Option<&str> {
        self.0.get(list)?.get(key).map(String::as_str)
    }
}

/// A name that people trust, and the domains that are really its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Brand {
    /// Folded.
    pub name: String,
    /// Written `~name` in the list: also a common word, so looked for in host names only.
    pub is_common_word: bool,
    pub domains: Vec<String>,
}

impl Brand {
    /// Does this host belong to the brand?
    pub fn owns(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| domains::is_within(host, domain))
    }
}

/// All lists, and the phrases of the rules, ready to be searched.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    lines: Lines,
    pub brands: Vec<Brand>,
    pub(super) phrases: PhraseSet,
    /// What the names of signatures mean, in both antivirus engines.
    pub signatures: Names,
}

impl PartialEq for Lists {
    /// The phrases are part of the rules and compared there.
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Lists {
    pub(super) fn of<'r>(lines: Lines, rules: impl Iterator<Item = &'r Rule>) -> Self {
        let brand = |(name, domains): (&str, &str)| Brand {
            name: fold(name.trim_start_matches('~')),
            is_common_word: name.starts_with('~'),
            domains: domains.split_whitespace().map(str::to_lowercase).collect(),
        };
        // Every line was read before.
        let signatures = Names::of(lines.of(SIGNATURE_CLASSES)).unwrap_or_default();
        Self { brands: lines.of(BRANDS).map(brand).collect(), phrases: PhraseSet::of(rules), signatures, lines }
    }

    /// What a file with this extension (lower case, no dot) is, where it can harm who opens it.
    pub fn extension(&self, extension: &str) -> Option<&str> {
        self.lines.get(EXTENSIONS, extension)
    }

    /// Does this host count clicks for others?
    pub fn is_tracker(&self, host: &str) -> bool {
        self.lines.holds(TRACKERS, host)
    }

    /// Can anybody put pages on this host for nothing?
    pub fn is_free_host(&self, host: &str) -> bool {
        self.lines.holds(FREE_HOSTS, host)
    }

    /// Does this host hide where its links lead?
    pub fn is_shortener(&self, host: &str) -> bool {
        self.lines.holds(SHORTENERS, host)
    }

    /// Can anybody have an address of this domain for nothing?
    pub fn is_free_mail(&self, domain: &str) -> bool {
        self.lines.get(FREE_MAIL, domain).is_some()
    }

    /// Header fields that programs for mass mail write: (name, what stands in its value or nothing, who).
    pub fn mailers(&self) -> impl Iterator<Item = (&str, Option<&str>, &str)> {
        self.lines.of(MAILERS).map(|(key, who)| match key.split_once('=') {
            Some((header, value)) => (header.trim(), Some(value.trim()), who),
            None => (key, None, who),
        })
    }

    /// The brands that a text of people names, as a whole word; the text must be folded.
    pub fn brands_named<'s>(&'s self, folded: &'s str) -> impl Iterator<Item = &'s Brand> {
        self.brands.iter().filter(move |brand| !brand.is_common_word && has_word(folded, &brand.name))
    }
}
