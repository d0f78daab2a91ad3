//! One look at one message: screen, parse, open, check. Runs inside a worker, once per message.
//!
//! Does not weigh: that is the judge's, per recipient. Everything here is linear or bounded by `limits`.

use super::{CHECKS, Facts, Lists, Rules};
use crate::mail::{self, Hostile, Link, Message, Session};
use crate::signatures::{Database, Seen};
use crate::unpack::{Allowance, Item, Note, Spent};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Something that a check noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub name: String,
    /// The values that made it; foreign text, cut to [`crate::limits::DETAIL_BYTES_MAX`].
    pub detail: String,
}

impl Finding {
    pub fn new(name: &str, detail: impl AsRef<str>) -> Self {
        let mut end = detail.as_ref().len().min(crate::limits::DETAIL_BYTES_MAX);
        while !detail.as_ref().is_char_boundary(end) {
            end -= 1;
        }
        Self { name: name.to_string(), detail: detail.as_ref().get(..end).unwrap_or_default().to_string() }
    }
}

/// The finding that stands for a look that could not be taken.
const NOT_LOOKED_AT: &str = "not_looked_at";
/// The finding that stands for an answer of clamd that did not come.
const NOT_SCANNED: &str = "not_scanned_by_clamd";

impl Finding {
    /// The look could not be taken, for this reason.
    pub fn not_looked_at(reason: &str) -> Self {
        Self::new(NOT_LOOKED_AT, reason)
    }

    /// clamd was asked, or should have been, and gave no answer, for this reason.
    pub fn not_scanned(reason: &str) -> Self {
        Self::new(NOT_SCANNED, reason)
    }
}

/// Does a finding of this name say that somebody was asked in vain?
pub(super) fn is_unanswered(name: &str) -> bool {
    [NOT_LOOKED_AT, NOT_SCANNED].contains(&name)
}

/// What the look saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    pub summary: Summary,
    pub findings: Vec<Finding>,
    /// Every part and every member of every container, outermost first.
    pub parts: Vec<Item>,
    pub links: Vec<Link>,
    pub defects: Vec<String>,
    /// Why the message was not parsed, where the structure screen refused it.
    pub hostile: Option<String>,
}

/// Types of parts that are text and nothing else.
const TEXT_TYPES: [&str; 3] = ["text/plain", "text/html", "application/x-empty"];

impl Look {
    /// Nothing was seen but these findings.
    pub fn of(findings: Vec<Finding>) -> Self {
        Self { findings, ..Self::default() }
    }

    /// Is the message text that people read, without any attachment? False where that is not known.
    pub fn is_text_only(&self) -> bool {
        let is_text =
            |part: &Item| part.path.len() == 1 && part.name.is_none() && TEXT_TYPES.contains(&part.true_type.as_str());
        self.hostile.is_none() && !self.parts.is_empty() && self.parts.iter().all(is_text)
    }
}

/// The few words by which people know a message, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub from: String,
    pub subject: String,
    pub message_id: String,
}

/// What a look uses beside the message.
#[derive(Clone)]
pub struct Kit {
    /// The operator's lists and phrases.
    pub lists: Arc<Lists>,
    /// What unpacking may cost.
    pub allowance: Allowance,
    /// What is known by name.
    pub signatures: Arc<Database>,
    /// What the look has used since it began.
    pub clock: fn() -> Spent,
}

impl Kit {
    /// These lists, the usual allowance, our own signatures, and no clock.
    pub fn of(lists: &Arc<Lists>) -> Self {
        Self {
            lists: Arc::clone(lists),
            allowance: Allowance::default(),
            signatures: Arc::clone(Database::embedded()),
            clock: Spent::default,
        }
    }
}

/// Looks at a message with the embedded rules and lists.
pub fn look(bytes: &[u8], session: &Session) -> Look {
    look_with(bytes, session, &Kit::of(&Rules::embedded().lists))
}

/// Looks at a message with what the operator has chosen.
pub fn look_with(bytes: &[u8], session: &Session, kit: &Kit) -> Look {
    look_at(bytes, session, kit, Given::default())
}

/// What the carver finds in a message that no parser may see: it is refused, and a virus in it is named all the same.
fn look_at_hostile(bytes: &[u8], session: &Session, kit: &Kit, hostile: &Hostile) -> Look {
    let message = Message::unparsed(bytes);
    let facts = Facts::gather(&message, session, kit);
    let refused = Finding::new("hostile_structure", hostile.to_string());
    let by_contents = CHECKS.iter().filter(|check| CHECKS_OF_CONTENTS.contains(&check.name));
    Look {
        findings: std::iter::once(refused).chain(by_contents.flat_map(|c| (c.look)(&message, &facts))).collect(),
        parts: facts.inside.items,
        links: facts.links,
        hostile: Some(hostile.to_string()),
        ..Look::default()
    }
}

/// Checks that need no header and no structure.
const CHECKS_OF_CONTENTS: [&str; 5] = ["gtube", "eicar", "inside", "attachment_names", "signatures"];

/// What is laid to that which was found: samples of rules tell by it what no short text can hold.
#[derive(Default)]
pub(super) struct Given {
    pub(super) notes: Vec<Note>,
    pub(super) signatures: Seen,
    pub(super) findings: Vec<Finding>,
}

/// As [`look_with`], with what is given laid to that which is found.
pub(super) fn look_at(bytes: &[u8], session: &Session, kit: &Kit, given: Given) -> Look {
    if let Err(hostile) = mail::screen(bytes) {
        return look_at_hostile(bytes, session, kit, &hostile);
    }
    let message = Message::parse(bytes);
    let mut facts = Facts::gather(&message, session, kit);
    facts.inside.notes.extend(given.notes);
    facts.signatures.hits.extend(given.signatures.hits);
    facts.signatures.gave_up.extend(given.signatures.gave_up);
    let found = CHECKS.iter().flat_map(|check| (check.look)(&message, &facts));
    let findings = found.chain(given.findings).collect();
    Look {
        summary: Summary { from: message.from_text(), subject: message.subject(), message_id: message.message_id() },
        findings,
        defects: message.defects.iter().map(ToString::to_string).collect(),
        parts: facts.inside.items,
        links: facts.links,
        hostile: None,
    }
}
