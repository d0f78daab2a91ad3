//! The phrases of all rules, searched in one pass over a folded text.
//!
//! Does not weigh and does not fold (`text` does). A phrase is found as whole words; `*` at its end lets the last word
//! go on.

use super::rules::{Rule, Within};
use super::text::{End, Text, fold, stands_alone};
use aho_corasick::AhoCorasick;
use std::collections::{BTreeMap, BTreeSet};

/// All phrases, compiled once per load of the rules.
#[derive(Clone, Debug, Default)]
pub(super) struct PhraseSet {
    rules: Vec<Wanted>,
    phrases: Vec<Phrase>,
    /// None where there are no phrases, or more than the engine can hold.
    finder: Option<AhoCorasick>,
}

/// What one rule wants.
#[derive(Clone, Debug)]
struct Wanted {
    name: String,
    within: Within,
    at_least: usize,
}

#[derive(Clone, Debug)]
struct Phrase {
    text: String,
    /// Which of the rules.
    rule: usize,
    end: End,
}

impl PhraseSet {
    pub(super) fn of<'r>(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut set = Self::default();
        for rule in rules.filter(|rule| !rule.phrases.is_empty()) {
            for phrase in &rule.phrases {
                let (text, end) = match phrase.strip_suffix('*') {
                    Some(start) => (fold(start), End::Open),
                    None => (fold(phrase), End::Closed),
                };
                if !text.is_empty() {
                    set.phrases.push(Phrase { text, rule: set.rules.len(), end });
                }
            }
            set.rules.push(Wanted { name: rule.name.clone(), within: rule.within, at_least: rule.at_least });
        }
        set.finder = Some(&set.phrases)
            .filter(|p| !p.is_empty())
            .and_then(|phrases| AhoCorasick::new(phrases.iter().map(|p| p.text.as_bytes())).ok());
        set
    }

    /// The rules whose phrases are there often enough, with the phrases found.
    pub(super) fn found_in(&self, text: &Text) -> Vec<(&str, Vec<&str>)> {
        let mut found: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        self.search(&text.subject, Within::Body, &mut found);
        self.search(&text.body, Within::Subject, &mut found);
        found
            .into_iter()
            .filter_map(|(rule, phrases)| {
                let rule = self.rules.get(rule).filter(|r| phrases.len() >= r.at_least)?;
                Some((rule.name.as_str(), phrases.into_iter().collect()))
            })
            .collect()
    }

    /// Searches one text for the phrases of all rules but those that are for `elsewhere` only.
    fn search<'s>(&'s self, text: &str, elsewhere: Within, found: &mut BTreeMap<usize, BTreeSet<&'s str>>) {
        let Some(finder) = &self.finder else { return };
        for hit in finder.find_overlapping_iter(text) {
            let Some(phrase) = self.phrases.get(hit.pattern().as_usize()) else { continue };
            let wanted_here = self.rules.get(phrase.rule).is_some_and(|rule| rule.within != elsewhere);
            if wanted_here && stands_alone(text, hit.start(), hit.end(), phrase.end) {
                found.entry(phrase.rule).or_default().insert(&phrase.text);
            }
        }
    }
}
