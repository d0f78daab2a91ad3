//! The rules: what each finding says to a person and what it weighs, as data with samples.
//!
//! A rule has the name of the finding that it weighs. The finding comes from a check (`checks/`), or from the rule's own
//! `phrases`, so that a sign made of words needs no code. `config/rules/*.toml` and `config/lists/*.txt` are embedded;
//! the operator's files of the same form are laid over them rule by rule and line by line. Does not look at messages
//! (`look`) and does not judge (`judge`).

mod read;
mod samples;

pub use samples::Problem;

use super::lists::Lists;
use super::{CHECKS, Class};
pub(super) use read::nearest;
use read::{RawGroup, RawRule, Source};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The files that the program brings with it, under the names that errors show.
const EMBEDDED: &[(&str, &str)] = &[
    ("config/rules/attachments.toml", include_str!("../../config/rules/attachments.toml")),
    ("config/rules/bulk.toml", include_str!("../../config/rules/bulk.toml")),
    ("config/rules/headers.toml", include_str!("../../config/rules/headers.toml")),
    ("config/rules/links.toml", include_str!("../../config/rules/links.toml")),
    ("config/rules/sender.toml", include_str!("../../config/rules/sender.toml")),
    ("config/rules/signatures.toml", include_str!("../../config/rules/signatures.toml")),
    ("config/rules/tests.toml", include_str!("../../config/rules/tests.toml")),
    ("config/rules/unanswered.toml", include_str!("../../config/rules/unanswered.toml")),
    ("config/rules/words.toml", include_str!("../../config/rules/words.toml")),
    ("config/lists/brands.txt", include_str!("../../config/lists/brands.txt")),
    ("config/lists/extensions.txt", include_str!("../../config/lists/extensions.txt")),
    ("config/lists/free_hosts.txt", include_str!("../../config/lists/free_hosts.txt")),
    ("config/lists/free_mail.txt", include_str!("../../config/lists/free_mail.txt")),
    ("config/lists/mailers.txt", include_str!("../../config/lists/mailers.txt")),
    ("config/lists/shorteners.txt", include_str!("../../config/lists/shorteners.txt")),
    ("config/lists/signature_classes.txt", include_str!("../../config/lists/signature_classes.txt")),
    ("config/lists/trackers.txt", include_str!("../../config/lists/trackers.txt")),
];

/// Findings that no check gives, because they stand in place of a look.
pub(super) const FINDINGS_OF_LOOK: &[&str] = &["hostile_structure", "not_looked_at", "not_scanned_by_clamd"];

/// What a finding means.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub name: String,
    /// One sentence for a person.
    pub says: String,
    /// Points of spam, −1000 to 1000; negative speaks for the message.
    pub weight: f64,
    /// Points of bulk, −1000 to 1000.
    pub bulk: f64,
    /// The group whose cap counts this weight.
    pub group: Option<String>,
    /// SPAM, VIRUS, BULK or UNSCANNED: this finding decides the class alone.
    pub class: Option<Class>,
    /// Where the class is VIRUS: may the recipient release it, whatever the policy of the class says?
    pub recipient_releases: bool,
    /// The words that give this finding; empty where a check does. Folded as text is: case and accents don't count. A
    /// `*` at the end stands for any ending of the word.
    pub phrases: Vec<String>,
    /// Where the phrases are looked for.
    pub within: Within,
    /// How many different phrases must be there.
    pub at_least: usize,
    /// Samples that must give this finding; their form is told in [`Rules::check`].
    pub hits: Vec<String>,
    /// Samples that must not.
    pub misses: Vec<String>,
}

/// Where phrases are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Within {
    Subject,
    Body,
    /// Subject or body.
    #[default]
    Message,
}

impl Within {
    const WORDS: &[(&str, Self)] = &[("subject", Self::Subject), ("body", Self::Body), ("message", Self::Message)];
}

/// A group of rules whose points together are capped, so that one layer cannot decide alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    pub says: String,
    /// Points of spam that the group adds at most.
    pub max: f64,
}

/// All rules by name, and the lists that the checks read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    pub rules: BTreeMap<String, Rule>,
    pub groups: BTreeMap<String, Group>,
    /// Shared with every look; made once per load.
    pub lists: Arc<Lists>,
}

/// A mistake in a rule or list file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesError {
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    pub problem: String,
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.problem)
    }
}

impl std::error::Error for RulesError {}

impl Rules {
    /// The rules embedded in the program, with files of (name, text) laid over them in the given order. A name that ends
    /// in `.txt` is a list and is told by its last part (`brands.txt`); every other is TOML. A rule that is there
    /// already may be given in part: what is not said stays.
    ///
    /// # Errors
    /// The place and the words of the first mistake.
    pub fn load(overlays: &[(String, String)]) -> Result<Self, RulesError> {
        let mut build = Build::default();
        let overlays = overlays.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        for (file, text) in EMBEDDED.iter().copied().chain(overlays) {
            build.lay(&Source { file, text })?;
        }
        build.finish()
    }

    /// The rules embedded in the program alone, read once. A test keeps them free of mistakes; were there one, the
    /// table would be empty and [`Rules::load`] would say so at start.
    pub fn embedded() -> &'static Self {
        static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::load(&[]).unwrap_or_default());
        &RULES
    }
}

/// Rules while files are laid over each other.
#[derive(Default)]
struct Build {
    rules: BTreeMap<String, Rule>,
    groups: BTreeMap<String, Group>,
    lists: super::lists::Lines,
    /// Where each rule's group was named, to be checked when all groups are known.
    group_places: BTreeMap<String, RulesError>,
}

impl Build {
    fn lay(&mut self, source: &Source<'_>) -> Result<(), RulesError> {
        if source.file.ends_with(".txt") {
            return self.lists.lay(source.file, source.text);
        }
        let raw = read::read(source)?;
        for group in raw.groups {
            self.lay_group(source, group)?;
        }
        for rule in raw.rules {
            self.lay_rule(source, rule)?;
        }
        Ok(())
    }

    fn lay_group(&mut self, source: &Source<'_>, raw: RawGroup) -> Result<(), RulesError> {
        let group = match (self.groups.remove(&raw.name), raw.says, raw.max) {
            (Some(old), says, max) => {
                Group { says: says.unwrap_or(old.says), max: max.unwrap_or(old.max), name: raw.name }
            }
            (None, Some(says), Some(max)) => Group { name: raw.name, says, max },
            (None, None, _) => return Err(source.error(raw.at, format!("group `{}` needs `says`", raw.name))),
            (None, Some(_), None) => return Err(source.error(raw.at, format!("group `{}` needs `max`", raw.name))),
        };
        self.groups.insert(group.name.clone(), group);
        Ok(())
    }

    fn lay_rule(&mut self, source: &Source<'_>, raw: RawRule) -> Result<(), RulesError> {
        let old = match self.rules.remove(&raw.name) {
            Some(old) => old,
            None => first_of(source, &raw)?,
        };
        if let Some((group, at)) = &raw.group {
            self.group_places.insert(raw.name.clone(), source.error(*at, group.clone()));
        }
        let rule = Rule {
            says: raw.says.unwrap_or(old.says),
            weight: raw.weight.unwrap_or(old.weight),
            bulk: raw.bulk.unwrap_or(old.bulk),
            group: raw.group.map_or(old.group, |(group, _)| Some(group).filter(|g| !g.is_empty())),
            class: raw.class.or(old.class),
            recipient_releases: raw.recipient_releases.unwrap_or(old.recipient_releases),
            phrases: raw.phrases.unwrap_or(old.phrases),
            within: raw.within.unwrap_or(old.within),
            at_least: raw.at_least.unwrap_or(old.at_least),
            hits: raw.hits.unwrap_or(old.hits),
            misses: raw.misses.unwrap_or(old.misses),
            name: raw.name,
        };
        self.rules.insert(rule.name.clone(), rule);
        Ok(())
    }

    fn finish(self) -> Result<Rules, RulesError> {
        for rule in self.rules.values() {
            if let Some(group) = rule.group.as_ref().filter(|g| !self.groups.contains_key(*g)) {
                let place = self.group_places.get(&rule.name).cloned();
                let problem = format!("there is no group `{group}`{}", nearest(group, self.groups.keys()));
                return Err(place.map_or_else(
                    || RulesError { file: String::new(), line: 0, column: 0, problem: problem.clone() },
                    |place| RulesError { problem: problem.clone(), ..place },
                ));
            }
        }
        let lists = Arc::new(Lists::of(self.lists, self.rules.values()));
        Ok(Rules { rules: self.rules, groups: self.groups, lists })
    }
}

/// A rule that is not there yet, empty but for its name; it must say what it means and come from somewhere.
fn first_of(source: &Source<'_>, raw: &RawRule) -> Result<Rule, RulesError> {
    if raw.phrases.is_none() && !finding_names().any(|name| name == raw.name) {
        let near = nearest(&raw.name, finding_names());
        let problem = format!("no check gives a finding `{}`{near}; a rule of your own needs `phrases`", raw.name);
        return Err(source.error(raw.at, problem));
    }
    if raw.says.is_none() {
        return Err(source.error(raw.at, format!("rule `{}` needs `says`", raw.name)));
    }
    Ok(Rule {
        name: raw.name.clone(),
        says: String::new(),
        weight: 0.0,
        bulk: 0.0,
        group: None,
        class: None,
        recipient_releases: false,
        phrases: Vec::new(),
        within: Within::default(),
        at_least: 1,
        hits: Vec::new(),
        misses: Vec::new(),
    })
}

/// The names of all findings that come from code.
fn finding_names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().flat_map(|check| check.finds).chain(FINDINGS_OF_LOOK).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Rules, String> {
        Rules::load(&[("/etc/tamis/rules/local.toml".to_string(), text.to_string())]).map_err(|e| e.to_string())
    }

    #[test]
    fn the_embedded_rules_load_and_keep_their_samples() {
        let rules = Rules::load(&[]).unwrap();
        let problems: Vec<String> = rules.check().iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
        assert!(!Rules::embedded().rules.is_empty());
    }

    #[test]
    fn an_overlay_changes_only_what_it_says() {
        let plain = Rules::load(&[]).unwrap();
        let rules = with("[missing_date]\nweight = 3\n[group.headers]\nmax = 9.5").unwrap();
        let (old, new) = (&plain.rules["missing_date"], &rules.rules["missing_date"]);
        assert_eq!(new.weight, 3.0);
        assert_eq!(Rule { weight: old.weight, ..new.clone() }, *old);
        assert_eq!(rules.groups["headers"].max, 9.5);
        assert_eq!(rules.groups["headers"].says, plain.groups["headers"].says);
        assert_eq!(rules.rules.len(), plain.rules.len());
    }

    #[test]
    fn a_rule_of_the_operator_with_phrases_is_found_and_checked() {
        let rules = with(concat!(
            "[local_fax]\nsays = 'Fax spam.'\nweight = 2\nphrases = ['Fax de l’été*']\n",
            "hits = ['Subject: your FAX de l\\'ete 3']\nmisses = ['Subject: fax']"
        ));
        assert!(rules.is_err(), "a literal string has no escapes");
        let rules = with(concat!(
            "[local_fax]\nsays = 'Fax spam.'\nweight = 2\nphrases = ['Fax de l’été*']\n",
            "hits = [\"Subject: your FAX de l'ete3\"]\nmisses = ['Subject: fax']"
        ))
        .unwrap();
        assert_eq!(rules.check(), []);
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_the_nearest_name() {
        for (text, want) in [
            ("[missing_dat]\nweight = 1", "1:2: no check gives a finding `missing_dat`; did you mean `missing_date`?"),
            ("[missing_date]\nwieght = 1", "2:1: unknown key `wieght`; did you mean `weight`?"),
            ("[missing_date]\n  weight = 'x'", "2:12: `weight` must be a number, not a string"),
            ("[missing_date]\nweight = 1e9", "2:10: `weight` must be between -1000 and 1000"),
            ("[missing_date]\ngroup = 'heders'", "2:9: there is no group `heders`; did you mean `headers`?"),
            ("[missing_date]\nclass = 'CLEAN'", "2:9: `class` must be SPAM, VIRUS, BULK or UNSCANNED"),
            ("[x]\nphrases = ['y']", "1:2: rule `x` needs `says`"),
            ("[x]\nphrases = [7]", "2:12: `phrases` must be a list of strings, here is an integer"),
            ("[x]\nwithin = 'subjekt'", "2:10: `within` must be one of subject, body, message"),
            ("[group.new]\nsays = 's'", "1:8: group `new` needs `max`"),
            ("[group.headers]\nmax_ = 1", "2:1: unknown key `max_`; did you mean `max`?"),
            ("[group.headers]\nmxa = 1", "2:1: unknown key `mxa`"),
            ("missing_date = 1", "1:16: `missing_date` must be a table"),
            ("[missing_date\nweight = 1", "1:14: "),
        ] {
            let error = with(text).unwrap_err();
            let want = format!("/etc/tamis/rules/local.toml:{want}");
            assert!(error.starts_with(&want), "{text}\n got {error}\nwant {want}");
        }
    }

    #[test]
    fn a_list_file_adds_and_takes_out_lines() {
        let load =
            |file: &str, text: &str| Rules::load(&[(file.to_string(), text.to_string())]).map_err(|e| e.to_string());
        let rules = load("lists/extensions.txt", "# ours\nfoo : a thing of ours\n- exe\n").unwrap();
        assert!(rules.lists.extension("foo").is_some() && rules.lists.extension("exe").is_none());
        assert_eq!(
            load("lists/extension.txt", "").unwrap_err(),
            "lists/extension.txt:1:1: there is no list `extension`; did you mean `extensions`?"
        );
        assert_eq!(
            load("lists/extensions.txt", "\nfoo").unwrap_err(),
            "lists/extensions.txt:2:1: a line of this list is `extension : what it is`"
        );
    }
}
