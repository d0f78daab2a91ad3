//! What shall be done with each class, and from which score on: the settings of the judge, as values.
//!
//! One for each recipient: the global settings, those of the domain and those of the user laid over each other by
//! `config`. The defaults are the safe ones: nothing is discarded.

use super::{Class, Content};

/// What to do with a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// Deliver with `X-PM-Scan`; the user's script decides where.
    Mark,
    /// As [`Conduct::Mark`], and put a tag before the subject.
    Tag,
    Quarantine,
    Discard,
}

/// What to do with one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassPolicy {
    pub conduct: Conduct,
    /// The words before the subject where the conduct is [`Conduct::Tag`].
    pub tag: String,
    /// May the recipient release it from quarantine, or only the operator?
    pub recipient_releases: bool,
}

/// The judge's settings for one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub clean: ClassPolicy,
    pub bulk: ClassPolicy,
    pub spam: ClassPolicy,
    pub virus: ClassPolicy,
    pub unscanned: ClassPolicy,
    /// For messages whose structure was refused before any parse (`hostile_structure`), whose class is UNSCANNED.
    pub hostile: ClassPolicy,
    /// What kinds of contents mean.
    pub content: Content,
    /// Is a message held that an engine was asked about in vain, whatever the conduct of its class?
    pub holds_unscanned: bool,
    /// Points from which a message is SPAM.
    pub spam_score: f64,
    /// Points of bulk from which a message that is not SPAM is BULK.
    pub bulk_score: f64,
    /// Points from which SPAM is quarantined, whatever its conduct; `None`: off.
    pub quarantine_score: Option<f64>,
    /// Points from which SPAM is discarded; `None`: off.
    pub discard_score: Option<f64>,
}

impl Policy {
    pub fn of(&self, class: Class) -> &ClassPolicy {
        match class {
            Class::Clean => &self.clean,
            Class::Bulk => &self.bulk,
            Class::Spam => &self.spam,
            Class::Virus => &self.virus,
            Class::Unscanned => &self.unscanned,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let class =
            |conduct, tag: &str, recipient_releases| ClassPolicy { conduct, tag: tag.into(), recipient_releases };
        Self {
            clean: class(Conduct::Mark, "", true),
            bulk: class(Conduct::Mark, "[BULK]", true),
            spam: class(Conduct::Mark, "[SPAM]", true),
            virus: class(Conduct::Quarantine, "[VIRUS]", false),
            unscanned: class(Conduct::Mark, "[UNSCANNED]", true),
            hostile: class(Conduct::Quarantine, "[UNSCANNED]", false),
            content: Content::default(),
            holds_unscanned: false,
            spam_score: 6.0,
            bulk_score: 3.0,
            quarantine_score: None,
            discard_score: None,
        }
    }
}
