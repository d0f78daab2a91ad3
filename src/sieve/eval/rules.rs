//! Does one of the values match one of the keys?
//!
//! Standards: RFC 5228 §2.7, RFC 5229 §3.2 (match values), RFC 5231 §4.2 (`:count`), RFC 6134 §2.1 (`:list`).

use super::super::compare::{self, Key, Prepared};
use super::super::program::{How, MatchType, Texts};
use super::{Answer, Run, shown};

impl Run<'_> {
    /// Compares; `what` is the test in words, for the trace.
    pub(super) fn any(&mut self, what: &str, values: &[String], keys: &Texts, how: &How, line: usize) -> Answer {
        let keys = self.expand_all(keys);
        match how.match_type {
            MatchType::Count(_) => self.any_of(what, &[values.len().to_string()], &keys, how, line),
            MatchType::List => Ok(self.any_in_lists(what, values, &keys, line)),
            MatchType::Is | MatchType::Contains | MatchType::Matches | MatchType::Regex | MatchType::Value(_) => {
                self.any_of(what, values, &keys, how, line)
            }
        }
    }

    fn any_of(&mut self, what: &str, values: &[String], keys: &[String], how: &How, line: usize) -> Answer {
        let mut prepared = Vec::with_capacity(keys.len());
        for key in keys {
            let bad = |why| format!("{} is no regular expression: {why}", shown(key));
            let known = || self.scopes.last()?.program.regexes.get(&(key.clone(), how.comparator)).cloned();
            let compiled = if how.match_type == MatchType::Regex { known() } else { None };
            prepared.push(match compiled {
                Some(regex) => Key::Regex(regex),
                None => compare::key(key, how.comparator, how.match_type).map_err(bad)?,
            });
        }
        let weight: usize = keys.iter().map(|key| weight(how.match_type, key)).sum();
        for value in values {
            self.pay((value.len() + 1).saturating_mul(weight))?;
            let prepared_value = Prepared::new(value, how.comparator);
            // RFC 5228 §2.7.1: any value that matches any key.
            let hit = prepared.iter().zip(keys).find_map(|(key, text)| {
                key.matches(&prepared_value).map(|found| (found, matches!(key, Key::Glob(_) | Key::Regex(_)), text))
            });
            let Some((found, is_pattern, key)) = hit else { continue };
            self.note(line, format!("{what}: {} {} {}", shown(value), words(how.match_type), shown(key)));
            if is_pattern {
                self.remember(found);
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes from what the comparisons of one run may cost.
    fn pay(&mut self, octets: usize) -> Answer<()> {
        self.work_left = self.work_left.checked_sub(octets).ok_or("the comparisons of the script take too long")?;
        Ok(())
    }

    /// Match values last until the next match (RFC 5229 §3.2), and belong to one script.
    fn remember(&mut self, found: Vec<String>) {
        if let Some(scope) = self.scopes.last_mut().filter(|scope| scope.program.remembers_matches) {
            scope.matches = found;
        }
    }

    fn any_in_lists(&mut self, what: &str, values: &[String], names: &[String], line: usize) -> bool {
        for value in values {
            let value_key = value.to_lowercase();
            let domain = value_key.rsplit_once('@').map(|(_, domain)| domain);
            let hit = names.iter().find(|name| {
                let lists = self.request.lists.iter().filter(|list| list.name == **name);
                let mut entries = lists.map(|list| &list.entries);
                entries.any(|list| list.contains(&value_key) || domain.is_some_and(|domain| list.contains(domain)))
            });
            if let Some(name) = hit {
                let words = format!("{what}: {} stands in the list {}", shown(value), shown(name));
                self.note(line, words);
                return true;
            }
        }
        false
    }
}

/// How much longer than a comparison a pattern takes (measured with 2 MB).
fn weight(match_type: MatchType, key: &str) -> usize {
    match match_type {
        MatchType::Matches if key.contains('?') => 16,
        MatchType::Matches => 4,
        MatchType::Regex => 8,
        MatchType::Is | MatchType::Contains | MatchType::Count(_) | MatchType::Value(_) | MatchType::List => 1,
    }
}

fn words(match_type: MatchType) -> &'static str {
    match match_type {
        MatchType::Is => "is",
        MatchType::Contains => "contains",
        MatchType::Matches => "matches",
        MatchType::Regex => "matches the expression",
        MatchType::Count(_) => "values, compared with",
        MatchType::Value(_) => "compared with",
        MatchType::List => "in",
    }
}
