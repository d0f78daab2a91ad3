//! YARA rules, by boreal: compiled from their text, tried with bounds on time and matches.
//!
//! A rule says by its meta data what it is: `class = "virus"`, `"phishing"`, `"spam"` or `"pua"`; without, its name
//! decides. Rules may not include files.

use super::{Class, pack};
use crate::limits::{SIGNATURE_OWN_BYTES_MAX, SIGNATURE_YARA_SECONDS};
use boreal::compiler::CompilerParams;
use boreal::scanner::{EvaluatedRule, ScanParams};
use boreal::{Compiler, MetadataValue, Scanner};
use std::time::Duration;

/// Matches of one string that are counted.
const MATCHES_MAX: u32 = 1000;
/// Octets of one match that are kept.
const MATCH_BYTES_MAX: usize = 64;

fn compiler() -> Compiler {
    let mut compiler = Compiler::new();
    compiler.set_params(CompilerParams::default().disable_includes(true));
    compiler
}

/// How many rules a file has.
///
/// # Errors
/// The line of the mistake and what is wrong.
pub(super) fn check(text: &str) -> Result<usize, (usize, String)> {
    let mut compiler = compiler();
    if let Err(error) = compiler.add_rules_str(text) {
        // `mem:LINE:COLUMN: error: …`
        let words = error.to_string();
        let mut fields = words.splitn(4, ':').skip(1);
        let line = fields.next().and_then(|line| line.parse().ok()).unwrap_or(1);
        let what = fields.nth(1).map_or(words.as_str(), |what| what.trim().trim_start_matches("error: ").trim());
        return Err((line, what.to_string()));
    }
    Ok(compiler.finalize().rules().count())
}

/// All rules, ready.
pub(super) struct Yara {
    /// Ours: for kinds of contents that can hold what they look for.
    own: Scanner,
    /// The operator's: for everything.
    foreign: Option<Scanner>,
}

/// Which contents the rules see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Texts, documents, shortcuts and the like.
    Active,
    /// Pictures, archives and programs, where our own rules have nothing to look for; and the message as it came, where
    /// marks of several parts stand side by side.
    Other,
}

/// A rule that fits.
pub(super) struct Fit {
    pub(super) name: String,
    pub(super) class: Option<Class>,
}

impl Yara {
    /// # Errors
    /// What is wrong with the first file that was not checked before.
    pub(super) fn of(files: &[(&str, &str)]) -> Result<Self, String> {
        let (mut own, foreign): (Vec<_>, Vec<_>) = files.iter().copied().partition(|file| is_ours(*file));
        // A copy of our own file in the operator's folder: its rules are known already.
        own.dedup();
        let foreign = if foreign.is_empty() { None } else { Some(scanner(&foreign)?) };
        Ok(Self { own: scanner(&own)?, foreign })
    }

    /// The rules that fit; false where the time was over.
    pub(super) fn scan(&self, octets: &[u8], subject: Subject) -> (Vec<Fit>, bool) {
        let mut fits = Vec::new();
        let mut is_whole = true;
        if subject == Subject::Active {
            let octets = octets.get(..SIGNATURE_OWN_BYTES_MAX).unwrap_or(octets);
            is_whole &= scan(&self.own, octets, &mut fits);
        }
        if let Some(foreign) = &self.foreign {
            is_whole &= scan(foreign, octets, &mut fits);
        }
        (fits, is_whole)
    }
}

fn scanner(files: &[(&str, &str)]) -> Result<Scanner, String> {
    let mut compiler = compiler();
    for (name, text) in files {
        compiler.add_rules_str_in_namespace(text, name).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut scanner = compiler.finalize();
    scanner.set_scan_params(
        ScanParams::default()
            .timeout_duration(Some(Duration::from_secs(SIGNATURE_YARA_SECONDS)))
            .string_max_nb_matches(MATCHES_MAX)
            .match_max_length(MATCH_BYTES_MAX),
    );
    Ok(scanner)
}

/// False where the time was over.
fn scan(scanner: &Scanner, octets: &[u8], fits: &mut Vec<Fit>) -> bool {
    let (result, is_whole) = match scanner.scan_mem(octets) {
        Ok(result) => (result, true),
        Err((_, result)) => (result, false),
    };
    fits.extend(result.rules.iter().map(|rule| fit(scanner, rule)));
    is_whole
}

fn fit(scanner: &Scanner, rule: &EvaluatedRule<'_>) -> Fit {
    let class = rule.metadatas.iter().find_map(|meta| match meta.value {
        MetadataValue::Bytes(value) if scanner.get_string_symbol(meta.name) == "class" => {
            Class::parse(std::str::from_utf8(scanner.get_bytes_symbol(value)).ok()?)
        }
        MetadataValue::Bytes(_) | MetadataValue::Integer(_) | MetadataValue::Boolean(_) => None,
    });
    Fit { name: format!("YARA.{}", rule.name), class }
}

/// Another file may have the name of ours.
fn is_ours((name, text): (&str, &str)) -> bool {
    pack::FILES.iter().any(|ours| ours.name == name && ours.bytes == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_its_class() {
        let text = "rule a { meta: class = \"spam\" strings: $x = \"needle\" condition: $x }\n\
                    rule b { condition: filesize == 6 }";
        assert_eq!(check(text), Ok(2));
        let yara = Yara::of(&[("t.yar", text)]).unwrap();
        let (fits, is_whole) = yara.scan(b"needle", Subject::Other);
        let fits: Vec<_> = fits.iter().map(|fit| (fit.name.as_str(), fit.class)).collect();
        assert_eq!((fits, is_whole), (vec![("YARA.a", Some(Class::Spam)), ("YARA.b", None)], true));
    }

    #[test]
    fn a_file_with_the_name_of_ours_is_no_mistake() {
        let ours = pack::FILES[0];
        let ours = (ours.name, std::str::from_utf8(ours.bytes).unwrap());
        assert!(Yara::of(&[ours, ours]).unwrap().foreign.is_none());
        let edited = format!("{}\nrule z {{ condition: filesize == 6 }}", ours.1);
        assert!(Yara::of(&[ours, (ours.0, &edited)]).unwrap().foreign.is_some());
    }

    #[test]
    fn a_mistake_has_its_line_and_files_are_not_included() {
        let (line, what) = check("rule a { condition: true }\nrule b { condition: $x }").unwrap_err();
        assert_eq!(line, 2, "{what}");
        assert!(check("include \"/etc/passwd\"").is_err());
    }
}
