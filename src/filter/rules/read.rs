//! Reads rule files: TOML to raw rules, each mistake with its file, line and column and the nearest valid name.
//!
//! Does not know which rules exist: laying files over each other is the parent's. Standards: TOML 1.1.

use super::{Class, RulesError, Within};
use crate::limits::RULE_POINTS_MAX;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file with its name.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

/// One rule as written; `None` is not said. `at` is the octet of its name.
pub(super) struct RawRule {
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) says: Option<String>,
    pub(super) weight: Option<f64>,
    pub(super) bulk: Option<f64>,
    /// With the octet at which it stands; an empty one takes the rule out of its group.
    pub(super) group: Option<(String, usize)>,
    pub(super) class: Option<Class>,
    pub(super) recipient_releases: Option<bool>,
    pub(super) phrases: Option<Vec<String>>,
    pub(super) within: Option<Within>,
    pub(super) at_least: Option<usize>,
    pub(super) hits: Option<Vec<String>>,
    pub(super) misses: Option<Vec<String>>,
}

pub(super) struct RawGroup {
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) says: Option<String>,
    pub(super) max: Option<f64>,
}

#[derive(Default)]
pub(super) struct Raw {
    pub(super) rules: Vec<RawRule>,
    pub(super) groups: Vec<RawGroup>,
}

const RULE_KEYS: &[&str] = &[
    "says",
    "weight",
    "bulk",
    "group",
    "class",
    "recipient_releases",
    "phrases",
    "within",
    "at_least",
    "hits",
    "misses",
];
const GROUP_KEYS: &[&str] = &["says", "max"];

impl Source<'_> {
    /// A mistake at an octet of the text.
    pub(super) fn error(&self, at: usize, problem: impl Into<String>) -> RulesError {
        let before = self.text.get(..at.min(self.text.len())).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |lf| lf + 1);
        RulesError {
            file: self.file.to_string(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            problem: problem.into(),
        }
    }
}

/// `; did you mean …?` with the most similar of the names, or nothing where none is near.
pub(in crate::filter) fn nearest<S: AsRef<str>>(name: &str, names: impl Iterator<Item = S>) -> String {
    names
        .map(|n| (strsim::jaro_winkler(name, n.as_ref()), n))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, n)| format!("; did you mean `{}`?", n.as_ref()))
}

/// Reads one file.
///
/// # Errors
/// The first mistake of syntax, of a key, or of the form of a value.
pub(super) fn read(source: &Source<'_>) -> Result<Raw, RulesError> {
    let table = DeTable::parse(source.text)
        .map_err(|e| source.error(e.span().map_or(0, |s| s.start), e.message().trim().replace('\n', ", ")))?;
    let mut raw = Raw::default();
    for (name, value) in table.get_ref() {
        let inner = Entry { source, key: name.get_ref(), value }.table()?;
        if name.get_ref() == "group" {
            for (name, value) in inner {
                let inner = Entry { source, key: name.get_ref(), value }.table()?;
                raw.groups.push(read_group(source, name.get_ref(), name.span().start, inner)?);
            }
        } else {
            raw.rules.push(read_rule(source, name.get_ref(), name.span().start, inner)?);
        }
    }
    Ok(raw)
}

fn read_group(source: &Source<'_>, name: &str, at: usize, table: &DeTable<'_>) -> Result<RawGroup, RulesError> {
    let mut raw = RawGroup { name: name.to_string(), at, says: None, max: None };
    for (key, value) in table {
        let entry = Entry { source, key: key.get_ref(), value };
        match entry.key {
            "says" => raw.says = Some(entry.text()?),
            "max" => raw.max = Some(entry.points()?),
            _ => return Err(unknown_key(source, key, GROUP_KEYS)),
        }
    }
    Ok(raw)
}

fn read_rule(source: &Source<'_>, name: &str, at: usize, table: &DeTable<'_>) -> Result<RawRule, RulesError> {
    let mut raw = RawRule {
        name: name.to_string(),
        at,
        says: None,
        weight: None,
        bulk: None,
        group: None,
        class: None,
        recipient_releases: None,
        phrases: None,
        within: None,
        at_least: None,
        hits: None,
        misses: None,
    };
    for (key, value) in table {
        let entry = Entry { source, key: key.get_ref(), value };
        match entry.key {
            "says" => raw.says = Some(entry.text()?),
            "weight" => raw.weight = Some(entry.points()?),
            "bulk" => raw.bulk = Some(entry.points()?),
            "group" => raw.group = Some((entry.text()?, value.span().start)),
            "class" => raw.class = Some(entry.class()?),
            "recipient_releases" => raw.recipient_releases = Some(entry.yes_or_no()?),
            "phrases" => raw.phrases = Some(entry.texts()?),
            "within" => raw.within = Some(entry.within()?),
            "at_least" => raw.at_least = Some(entry.count()?),
            "hits" => raw.hits = Some(entry.texts()?),
            "misses" => raw.misses = Some(entry.texts()?),
            _ => return Err(unknown_key(source, key, RULE_KEYS)),
        }
    }
    Ok(raw)
}

fn unknown_key(source: &Source<'_>, key: &Spanned<std::borrow::Cow<'_, str>>, known: &[&str]) -> RulesError {
    let near = nearest(key.get_ref(), known.iter());
    source.error(key.span().start, format!("unknown key `{}`{near}", key.get_ref()))
}

/// One key with its value.
struct Entry<'a> {
    source: &'a Source<'a>,
    key: &'a str,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Entry<'a> {
    fn wrong(&self, want: &str) -> RulesError {
        self.source.error(self.value.span().start, format!("`{}` must be {want}", self.key))
    }

    fn wrong_type(&self, want: &str) -> RulesError {
        self.wrong(&format!("{want}, not {}", kind(self.value.get_ref())))
    }

    fn table(&self) -> Result<&'a DeTable<'a>, RulesError> {
        self.value.get_ref().as_table().ok_or_else(|| self.wrong("a table"))
    }

    fn text(&self) -> Result<String, RulesError> {
        self.value.get_ref().as_str().map(str::to_string).ok_or_else(|| self.wrong_type("a string"))
    }

    fn texts(&self) -> Result<Vec<String>, RulesError> {
        let items = self.value.get_ref().as_array().ok_or_else(|| self.wrong_type("a list of strings"))?;
        let text = |item: &Spanned<DeValue<'_>>| {
            item.get_ref().as_str().map(str::to_string).ok_or_else(|| {
                let problem = format!("`{}` must be a list of strings, here is {}", self.key, kind(item.get_ref()));
                self.source.error(item.span().start, problem)
            })
        };
        items.iter().map(text).collect()
    }

    fn points(&self) -> Result<f64, RulesError> {
        let value = self.value.get_ref();
        let digits = value.as_float().map(|f| f.as_str().to_string());
        let digits = digits.or_else(|| value.as_integer().map(|i| i.as_str().to_string()));
        let points: Option<f64> = digits.ok_or_else(|| self.wrong_type("a number"))?.replace('_', "").parse().ok();
        points
            .filter(|p| p.abs() <= RULE_POINTS_MAX)
            .ok_or_else(|| self.wrong(&format!("between -{RULE_POINTS_MAX} and {RULE_POINTS_MAX}")))
    }

    fn count(&self) -> Result<usize, RulesError> {
        let digits = self.value.get_ref().as_integer().ok_or_else(|| self.wrong_type("a whole number"))?;
        digits.as_str().parse().ok().filter(|n| *n > 0).ok_or_else(|| self.wrong("1 or more"))
    }

    fn yes_or_no(&self) -> Result<bool, RulesError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    fn class(&self) -> Result<Class, RulesError> {
        let class = Class::parse(&self.text()?);
        class
            .filter(|c| matches!(c, Class::Spam | Class::Virus | Class::Bulk | Class::Unscanned))
            .ok_or_else(|| self.wrong("SPAM, VIRUS, BULK or UNSCANNED"))
    }

    fn within(&self) -> Result<Within, RulesError> {
        let text = self.text()?;
        let found = Within::WORDS.iter().find(|(word, _)| *word == text).map(|(_, within)| *within);
        found.ok_or_else(|| self.wrong("one of subject, body, message"))
    }
}

fn kind(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}
