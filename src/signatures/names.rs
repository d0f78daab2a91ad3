//! What the name of a signature means: virus, phishing, spam, a program that may be unwanted, or nothing at all.
//!
//! A name found is no virus by itself: collections for mail name spam and advertisements as well. Both engines ask here.
//! Does not know any collection: the patterns are a list (`config/lists/signature_classes.txt`).

use serde::{Deserialize, Serialize};

/// What is meant by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Virus,
    Phishing,
    Spam,
    /// A program that its user may not want.
    Pua,
    /// Known to be wrong, or not wanted here: shown, and nothing follows.
    Allowed,
}

impl Class {
    const WORDS: [(&'static str, Self); 5] = [
        ("virus", Self::Virus),
        ("phishing", Self::Phishing),
        ("spam", Self::Spam),
        ("pua", Self::Pua),
        ("allowed", Self::Allowed),
    ];

    /// The class of a word, whatever its case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, class)| *class)
    }

    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, class)| *class == self).map_or("", |(word, _)| word)
    }

    /// The finding that a hit of this class is.
    pub fn finding(self) -> &'static str {
        match self {
            Self::Virus => "signature_virus",
            Self::Phishing => "signature_phishing",
            Self::Spam => "signature_spam",
            Self::Pua => "signature_pua",
            Self::Allowed => "signature_allowed",
        }
    }
}

/// A line that says no class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamesError(pub String);

/// Patterns of names with their classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// In lower case.
    patterns: Vec<(String, Class)>,
}

/// What clamd puts behind every name that its own makers did not give.
const FOREIGN: &str = ".UNOFFICIAL";

impl Names {
    /// Patterns, in which `*` stands for anything, with the words of their classes.
    ///
    /// # Errors
    /// A pattern whose word is no class.
    pub fn of<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, NamesError> {
        let read = |(pattern, word): (&str, &str)| match Class::parse(word) {
            Some(class) => Ok((pattern.to_lowercase(), class)),
            None => Err(NamesError(format!(
                "`{pattern} : {word}`: a class is one of {}",
                Class::WORDS.map(|(word, _)| word).join(", ")
            ))),
        };
        Ok(Self { patterns: lines.map(read).collect::<Result<_, _>>()? })
    }

    /// The class of a name: that of the pattern with the most letters that fits. A name that no pattern knows is a
    /// virus.
    pub fn class_of(&self, name: &str) -> Class {
        let name = Self::bare(name).to_lowercase();
        let fitting = self.patterns.iter().filter(|(pattern, _)| fits(pattern.as_bytes(), name.as_bytes()));
        let best = fitting.max_by_key(|(pattern, class)| (pattern.len() - pattern.matches('*').count(), *class));
        best.map_or(Class::Virus, |(_, class)| *class)
    }

    /// The name without what clamd adds to those of others.
    pub fn bare(name: &str) -> &str {
        name.strip_suffix(FOREIGN).unwrap_or(name)
    }
}

/// Does a pattern with `*` fit the whole text? Goes back to the last `*` only, which is enough.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut in_text, mut star) = (0, 0, None);
    while let Some(octet) = text.get(in_text) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, in_text));
                at += 1;
            }
            Some(want) if want == octet => {
                at += 1;
                in_text += 1;
            }
            Some(_) | None => match star {
                None => return false,
                Some((behind, from)) => {
                    star = Some((behind, from + 1));
                    at = behind;
                    in_text = from + 1;
                }
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|octet| *octet == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_with_the_most_letters_decides() {
        let lines = [
            ("*", "virus"),
            ("Sanesecurity.*", "spam"),
            ("Sanesecurity.Phishing.*", "Phishing"),
            ("Sanesecurity.*.Bad", "virus"),
            ("sanesecurity.junk.7", "allowed"),
            ("PUA.*", "pua"),
        ];
        let names = Names::of(lines.into_iter()).unwrap();
        for (name, want) in [
            ("Win.Test.EICAR_HDB-1", Class::Virus),
            ("Sanesecurity.Junk.8.UNOFFICIAL", Class::Spam),
            ("SANESECURITY.Junk.7", Class::Allowed),
            ("Sanesecurity.Junk.7.UNOFFICIAL", Class::Allowed),
            ("Sanesecurity.Junk.77", Class::Spam),
            ("Sanesecurity.Phishing.Bank.9", Class::Phishing),
            ("Sanesecurity.Junk.Bad", Class::Virus),
            ("PUA.Win.Packer", Class::Pua),
            ("PUAx", Class::Virus),
        ] {
            assert_eq!(names.class_of(name), want, "{name}");
        }
        assert_eq!(Names::default().class_of("x"), Class::Virus);
        assert!(Names::of([("x.*", "spma")].into_iter()).is_err());
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, want) in [
            ("", "", true),
            ("*", "", true),
            ("a", "", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyycd", false),
            ("*ab", "aab", true),
            ("*a*", "bbb", false),
            ("a**", "a", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), want, "{pattern} {text}");
        }
    }
}
