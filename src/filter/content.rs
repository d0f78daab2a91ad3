//! What the operator thinks of kinds of contents that are no harm by themselves: programs, macros, encrypted archives.
//!
//! Settings as values, one set for each recipient. Does not look into anything: the findings say what is there.

use super::{Class, Rule};

/// What shall follow from a kind of contents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Treatment {
    /// The message is held, whatever the action of its class says.
    Quarantine,
    /// The points of the rules, and the class that they make.
    #[default]
    Points,
    /// The finding is shown, and nothing follows.
    Allow,
}

/// The settings `[content]` for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub programs: Treatment,
    /// Office documents of any format with macros.
    pub macro_documents: Treatment,
    /// Office documents of a format before 2007 with macros, which are macro documents, too.
    pub old_macro_documents: Treatment,
    pub encrypted: Treatment,
    /// May a recipient release what is held for its contents, or only the operator?
    pub recipient_releases: bool,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            programs: Treatment::Quarantine,
            macro_documents: Treatment::Points,
            old_macro_documents: Treatment::Points,
            encrypted: Treatment::Points,
            recipient_releases: true,
        }
    }
}

/// A kind of contents.
#[derive(Clone, Copy)]
enum Kind {
    Programs,
    Macros,
    /// What macros do: it may make a message suspicious, but it is the macro document that is held.
    Doings,
    OldMacros,
    Encrypted,
}

/// The findings that tell of each kind.
const FINDINGS: [(&str, Kind); 10] = [
    ("program_inside", Kind::Programs),
    ("hidden_program_inside", Kind::Programs),
    ("macro_inside", Kind::Macros),
    ("excel_macro_inside", Kind::Macros),
    ("auto_macro_inside", Kind::Doings),
    ("macro_starts_inside", Kind::Doings),
    ("macro_loads_inside", Kind::Doings),
    ("macro_hides_inside", Kind::Doings),
    ("old_macro_inside", Kind::OldMacros),
    ("encrypted_inside", Kind::Encrypted),
];

/// What becomes of one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Treated {
    /// The class that it decides alone.
    pub(super) class: Option<Class>,
    pub(super) has_points: bool,
    /// Is the message held for it, whatever the action of its class?
    pub(super) is_held: bool,
    /// May a recipient release what is held for it?
    pub(super) recipient_releases: bool,
}

impl Content {
    /// What becomes of a finding of this name.
    pub(super) fn treat(&self, name: &str, rule: Option<&Rule>) -> Treated {
        let as_ruled = Treated {
            class: rule.and_then(|rule| rule.class),
            has_points: true,
            is_held: false,
            recipient_releases: rule.is_some_and(|rule| rule.recipient_releases),
        };
        let Some((_, kind)) = FINDINGS.iter().find(|(known, _)| *known == name) else { return as_ruled };
        let (treatment, class) = match kind {
            Kind::Programs => (self.programs, Class::Virus),
            Kind::Macros | Kind::Doings => (self.macro_documents, Class::Virus),
            Kind::OldMacros => (self.old_macro_documents, Class::Virus),
            Kind::Encrypted => (self.encrypted, Class::Unscanned),
        };
        match (treatment, kind) {
            (Treatment::Quarantine, Kind::Doings) => as_ruled,
            (Treatment::Quarantine, Kind::Programs | Kind::Macros | Kind::OldMacros | Kind::Encrypted) => Treated {
                class: Some(as_ruled.class.unwrap_or(class)),
                is_held: true,
                // A rule that decides by itself may be stricter than the setting.
                recipient_releases: self.recipient_releases
                    && (as_ruled.class.is_none() || as_ruled.recipient_releases),
                ..as_ruled
            },
            // The rule decides alone because holding is the default: not so where points are wanted.
            (Treatment::Points, Kind::Programs) => Treated { class: None, ..as_ruled },
            (Treatment::Points, Kind::Macros | Kind::Doings | Kind::OldMacros | Kind::Encrypted) => as_ruled,
            (Treatment::Allow, _) => Treated { class: None, has_points: false, ..as_ruled },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Rules;

    #[test]
    fn every_kind_of_contents_is_known_by_a_rule() {
        for (name, _) in FINDINGS {
            assert!(Rules::embedded().rules.contains_key(name), "{name}");
        }
    }

    #[test]
    fn allowed_contents_decide_and_weigh_nothing() {
        let all = Treatment::Allow;
        let content = Content {
            programs: all,
            macro_documents: all,
            old_macro_documents: all,
            encrypted: all,
            ..Content::default()
        };
        for (name, _) in FINDINGS {
            let treated = content.treat(name, Rules::embedded().rules.get(name));
            assert_eq!((treated.class, treated.has_points, treated.is_held), (None, false, false), "{name}");
        }
        let eicar = content.treat("eicar", Rules::embedded().rules.get("eicar"));
        assert_eq!((eicar.class, eicar.has_points), (Some(Class::Virus), true));
    }
}
