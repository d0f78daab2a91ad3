//! The verdict: one class, one score, the findings that made it, and what that means for the message.
//!
//! Values only; [`super::judge()`] makes them.

use crate::plan::Hold;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What `X-PM-Scan` says, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Class {
    Clean,
    Bulk,
    Spam,
    Virus,
    /// No look was taken; the report says why.
    Unscanned,
}

impl Class {
    pub const ALL: [Self; 5] = [Self::Clean, Self::Bulk, Self::Spam, Self::Virus, Self::Unscanned];

    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "CLEAN",
            Self::Bulk => "BULK",
            Self::Spam => "SPAM",
            Self::Virus => "VIRUS",
            Self::Unscanned => "UNSCANNED",
        }
    }

    /// Reads a word in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.word().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A finding with what it weighs for this recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    pub name: String,
    /// Points that it added to the score, after the cap of its group.
    pub weight: f64,
    /// The values that made it, as found; foreign text.
    pub detail: String,
}

/// What we think of one message for one recipient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub class: Class,
    /// Points of spam; the thresholds are settings.
    pub score: f64,
    /// Strongest first.
    pub findings: Vec<Weighed>,
    pub fate: Fate,
}

/// What the policy makes of the class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Fate {
    /// Goes to the user's script, marked, with `tag` before its subject where set.
    Deliver {
        tag: Option<String>,
    },
    Quarantine {
        hold: Hold,
    },
    Discard {
        why: String,
    },
}
