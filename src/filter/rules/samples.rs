//! Runs the samples of the rules, so that no rule says something that isn't so.
//!
//! Does not touch files: a sample is text in the rule. It is header lines, or a whole message after an empty line; `\n`
//! becomes CRLF. `{gtube}` and `{eicar}` stand for these test strings, so that no scanner finds them in our files. What
//! a text cannot hold is told in lines at the top that begin with `; `:
//! `client = ADDRESS`, `reverse_path = ADDRESS` (empty: none), `received_at = SECONDS`, `foreign_verdict = WORDS`, `lines = COUNT TEXT` (that many
//! lines of the text at the end), `inside = KIND PATH` (a note of `unpack`, for what is too big for a sample),
//! `signature = NAME PATH` (a signature that fits), `signatures_gave_up = PATH`, `not_looked_at = REASON`,
//! `not_scanned = REASON`.

use super::{Rule, Rules, finding_names};
use crate::filter::CHECKS;
use crate::filter::checks::{EICAR, GTUBE};
use crate::filter::look::{Finding, Given, Kit, Look, look_at};
use crate::mail::{Address, Session};
use crate::signatures::Hit;
use crate::unpack::{Note, NoteKind};
use std::fmt;

/// A rule that does not keep its promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub rule: String,
    pub what: String,
    /// The sample, as written, where one failed.
    pub sample: Option<String>,
    /// The findings that the sample gave instead, with their details.
    pub found: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)?;
        if let Some(sample) = &self.sample {
            write!(f, "\n  sample: {}", sample.trim_end().replace('\n', "\n          "))?;
            write!(f, "\n  found:  {}", if self.found.is_empty() { "nothing".into() } else { self.found.join("; ") })?;
        }
        Ok(())
    }
}

impl Rules {
    /// Every rule whose samples don't hold, every rule without samples or without a check that gives it, and every
    /// finding of a check that has no rule. Empty where all is well.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = finding_names()
            .filter(|name| !self.rules.contains_key(*name))
            .map(|name| {
                let check = CHECKS.iter().find(|c| c.finds.contains(&name)).map_or("look", |c| c.name);
                Problem::of(name, format!("the check `{check}` gives this finding, but no rule weighs it"))
            })
            .collect();
        for rule in self.rules.values() {
            problems.extend(self.check_rule(rule));
        }
        problems
    }

    fn check_rule(&self, rule: &Rule) -> Vec<Problem> {
        let mut problems = Vec::new();
        let from_code = finding_names().any(|name| name == rule.name);
        match (from_code, rule.phrases.is_empty()) {
            (true, false) => {
                problems.push(Problem::of(&rule.name, "a check gives this finding, so `phrases` are in vain"))
            }
            (false, true) => problems.push(Problem::of(&rule.name, "no check and no phrases give this finding")),
            (true, true) | (false, false) => {}
        }
        if rule.hits.is_empty() {
            problems.push(Problem::of(&rule.name, "has no sample that hits"));
        }
        if rule.misses.is_empty() {
            problems.push(Problem::of(&rule.name, "has no sample that misses"));
        }
        let hits = rule.hits.iter().map(|sample| (sample, true));
        let misses = rule.misses.iter().map(|sample| (sample, false));
        problems.extend(hits.chain(misses).filter_map(|(sample, must_hit)| {
            let what = match self.look_at_sample(sample) {
                Err(mistake) => (mistake, Vec::new()),
                Ok(look) if look.findings.iter().any(|f| f.name == rule.name) == must_hit => return None,
                Ok(look) => {
                    let what =
                        if must_hit { "a sample that must hit does not" } else { "a sample that must miss hits" };
                    let found = look.findings.iter().map(|f| format!("{} ({})", f.name, f.detail)).collect();
                    (what.to_string(), found)
                }
            };
            Some(Problem { rule: rule.name.clone(), what: what.0, sample: Some(sample.clone()), found: what.1 })
        }));
        problems
    }

    /// Looks at a sample as at a message.
    ///
    /// # Errors
    /// What is wrong with one of its `; ` lines.
    pub fn look_at_sample(&self, sample: &str) -> Result<Look, String> {
        let sample = Sample::read(sample)?;
        Ok(look_at(&sample.bytes, &sample.session, &Kit::of(&self.lists), sample.given))
    }
}

impl Problem {
    fn of(rule: &str, what: impl Into<String>) -> Self {
        Self { rule: rule.to_string(), what: what.into(), sample: None, found: Vec::new() }
    }
}

#[derive(Default)]
struct Sample {
    bytes: Vec<u8>,
    session: Session,
    given: Given,
}

impl Sample {
    fn read(text: &str) -> Result<Self, String> {
        let mut sample = Self::default();
        let mut more = String::new();
        let mut rest = text;
        while let Some((line, behind)) = rest.strip_prefix("; ").map(|r| r.split_once('\n').unwrap_or((r, ""))) {
            more.push_str(&sample.take(line)?);
            rest = behind;
        }
        let mut letter = rest.replace("{gtube}", &GTUBE.concat()).replace("{eicar}", &EICAR.concat());
        if !letter.ends_with('\n') {
            letter.push('\n');
        }
        if !letter.starts_with('\n') && !letter.contains("\n\n") {
            letter.push('\n');
        }
        letter.push_str(&more);
        sample.bytes = letter.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        Ok(sample)
    }

    /// Takes one `; ` line; returns what it adds to the end of the message.
    fn take(&mut self, line: &str) -> Result<String, String> {
        let (key, value) = line.split_once('=').ok_or_else(|| format!("`; {line}` is not `; key = value`"))?;
        let value = value.trim();
        let bad = |what: &str| format!("`; {line}`: {value:?} is not {what}");
        match key.trim() {
            "client" => self.session.client.address = Some(value.parse().map_err(|_| bad("an address"))?),
            "received_at" => self.session.received_at = value.parse().map_err(|_| bad("a number of seconds"))?,
            "foreign_verdict" => self.session.foreign_verdict = Some(value.to_string()),
            "reverse_path" if value.is_empty() => self.session.reverse_path = None,
            "reverse_path" => {
                self.session.reverse_path = Some(Address::parse(value).map_err(|_| bad("a mail address"))?);
            }
            "lines" => {
                let (count, text) = value.split_once(' ').ok_or_else(|| bad("a count and a text"))?;
                let count: usize = count.parse().map_err(|_| bad("a count and a text"))?;
                return Ok(format!("{text}\n").repeat(count.min(100_000)));
            }
            "inside" => {
                let (kind, path) = value.split_once(' ').ok_or_else(|| bad("a kind and a path"))?;
                let known = NoteKind::ALL.iter().find(|(_, word)| *word == kind);
                let (kind, _) = known.ok_or_else(|| bad("a kind and a path"))?;
                let path = path.split('/').map(str::to_string).collect();
                self.given.notes.push(Note { path, kind: *kind, detail: String::new() });
            }
            "signature" => {
                let (name, path) = value.split_once(' ').ok_or_else(|| bad("a name and a path"))?;
                let path = path.split('/').map(str::to_string).collect();
                self.given.signatures.hits.push(Hit { name: name.to_string(), class: None, path });
            }
            "signatures_gave_up" => {
                self.given.signatures.give_up(&value.split('/').map(str::to_string).collect::<Vec<_>>())
            }
            "not_looked_at" => self.given.findings.push(Finding::not_looked_at(value)),
            "not_scanned" => self.given.findings.push(Finding::not_scanned(value)),
            _ => return Err(format!("`; {line}`: there is no such line in samples")),
        }
        Ok(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::rules::FINDINGS_OF_LOOK;

    #[test]
    fn a_sample_is_header_lines_or_a_whole_message() {
        let bytes = |text| Sample::read(text).map(|s| String::from_utf8(s.bytes).unwrap());
        for (text, want) in [
            ("A: 1", "A: 1\r\n\r\n"),
            ("A: 1\nB: 2\n", "A: 1\r\nB: 2\r\n\r\n"),
            ("A: 1\n\nbody", "A: 1\r\n\r\nbody\r\n"),
            ("\nbody", "\r\nbody\r\n"),
            ("; lines = 2 x y\nA: 1", "A: 1\r\n\r\nx y\r\nx y\r\n"),
            ("", "\r\n"),
        ] {
            assert_eq!(bytes(text), Ok(want.to_string()), "{text:?}");
        }
        assert!(bytes("; clinet = 192.0.2.1\nA: 1").is_err());
        assert!(bytes("; client = x\nA: 1").is_err());
        let sample = Sample::read("; client = 192.0.2.1\n; reverse_path = a@b.example\n; inside = macro 2/x.doc\nA: 1");
        let sample = sample.unwrap();
        assert_eq!(sample.session.client.address, "192.0.2.1".parse().ok());
        assert_eq!(sample.session.reverse_path, Some(Address::new("a", "b.example")));
        assert_eq!(sample.given.notes.len(), 1);
    }

    #[test]
    fn a_rule_that_breaks_its_promise_is_told_with_what_was_found() {
        let overlay = "[missing_date]\nhits = ['Date: Mon, 1 Jan 2024 00:00:00 +0000']\nmisses = ['From: a@b.example']";
        let rules = Rules::load(&[("x.toml".into(), overlay.into())]).unwrap();
        let problems: Vec<String> = rules.check().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("must hit") && problems[0].contains("missing_from"), "{}", problems[0]);
        assert!(problems[1].contains("must miss") && problems[1].contains("missing_date"), "{}", problems[1]);
        assert!(FINDINGS_OF_LOOK.iter().all(|name| rules.rules.contains_key(*name)));
    }
}
