//! One delivery: all actions of a plan staged, then published in the order in which a crash costs least.
//!
//! Quarantine first, then the mailbox: the links in the mailbox are then the last to come, so that their number says
//! whether the whole plan was carried out ([`super::leftovers`]).

use super::mailbox::{Letter, Outcome, Target};
use super::publish::StagedMail;
use super::quarantine::StagedHold;
use super::{Key, Order, Place, Quarantine, Receipt, Store, Sweep};
use crate::plan::{Action, FolderName, Plan};
use crate::refusal::{Kind, Refusal};
use std::sync::Arc;

/// Everything written and synced, nothing visible. Dropped: nothing stays.
pub struct Staged {
    /// `None`: an earlier life had carried it out; see [`super::leftovers`].
    fresh: Option<Fresh>,
    key: Key,
    quarantine: Quarantine,
    sweep: Arc<Sweep>,
}

struct Fresh {
    hold: Option<(String, StagedHold)>,
    mail: Option<Box<StagedMail>>,
    discards: Vec<String>,
}

/// `plan` is the order's, or what became of it.
pub(super) fn stage(store: &Store, order: &Order<'_>, plan: &Plan) -> Result<Staged, Refusal> {
    let done =
        |fresh| Staged { fresh, key: order.key, quarantine: store.quarantine.clone(), sweep: Arc::clone(&store.sweep) };
    let mut leftovers = Vec::new();
    let targets = targets(plan);
    let message = |edits| order.version(plan.trouble.as_deref(), edits);
    let letter = Letter { mailbox: &order.rcpt.mailbox, targets: &targets, message: &message, key: order.key };
    let outcome = if targets.is_empty() { None } else { Some(store.maildirs.stage(&letter, &mut leftovers)) };
    leftovers.into_iter().for_each(|leftover| store.sweep.later(leftover));
    let mail = match outcome.transpose()? {
        Some(Outcome::Already) => return Ok(done(None)),
        Some(Outcome::Staged(mail)) => Some(mail),
        None => None,
    };
    let hold = match (holds(plan), &order.held) {
        (false, _) => None,
        (true, Some(held)) => Some((held.id.clone(), store.quarantine.stage(held, order.message)?)),
        (true, None) => {
            return Err(Refusal::new(Kind::Storage, "the plan holds the message, but came without its row"));
        }
    };
    let discards = plan.actions.iter().filter_map(why_discarded).collect();
    Ok(done(Some(Fresh { hold, mail, discards })))
}

impl Staged {
    /// An earlier life had shown all of it, and so had sent before what had to leave.
    pub(super) fn is_done(&self) -> bool {
        self.fresh.is_none()
    }

    /// Shows all of it, durably.
    /// # Errors
    /// The refusal that the disk's error asks for.
    pub fn publish(self) -> Result<Receipt, Refusal> {
        let Some(Fresh { hold, mail, discards }) = self.fresh else {
            return Ok(Receipt::already());
        };
        let mut places = Vec::new();
        let mut held = None;
        if let Some((id, hold)) = hold {
            // Alone it is the whole plan, and its row and the key are one transaction.
            if mail.is_none() {
                hold.publish_as(&self.key)?
            } else {
                hold.publish()?
            }
            held = Some(id);
        }
        if let Some(mail) = mail {
            let (shown, leftover) = mail.publish().inspect_err(|_| take_back(&self.quarantine, held.as_deref()))?;
            self.sweep.later(leftover);
            places.extend(shown);
        }
        places.extend(held.map(|id| Place::Quarantine { id }));
        places.extend(discards.into_iter().map(|why| Place::Discarded { why }));
        Ok(Receipt { places, already: false })
    }
}

/// A row that stays is a copy too many, which the retry may make.
fn take_back(quarantine: &Quarantine, held: Option<&str>) {
    if let Some(id) = held
        && let Err(refusal) = quarantine.delete(id)
    {
        tracing::warn!(id, %refusal, "a held copy of a refused message can't be taken back");
    }
}

/// Each folder once, with the flags of all actions that name it and the header of the first (RFC 5228 §2.10.3: one copy
/// per mailbox). A plan whose actions are none, or replies alone, would lose the message, so it is a keep.
fn targets(plan: &Plan) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for action in &plan.actions {
        let Action::File { folder, flags, edits } = action else { continue };
        match targets.iter_mut().find(|target| target.folder == *folder) {
            Some(target) => target.flags = std::mem::take(&mut target.flags).united(flags),
            None => targets.push(Target { folder: folder.clone(), flags: flags.clone(), edits: *edits }),
        }
    }
    if plan.actions.iter().all(is_courtesy) {
        targets.push(Target { folder: FolderName::inbox(), flags: Default::default(), edits: 0 });
    }
    targets
}

fn is_courtesy(action: &Action) -> bool {
    match action {
        Action::Send(outgoing) => !outgoing.kind.is_must(),
        Action::File { .. } | Action::Quarantine { .. } | Action::Discard { .. } => false,
    }
}

fn holds(plan: &Plan) -> bool {
    plan.actions.iter().any(|action| match action {
        Action::Quarantine { .. } => true,
        Action::File { .. } | Action::Send(_) | Action::Discard { .. } => false,
    })
}

fn why_discarded(action: &Action) -> Option<String> {
    match action {
        Action::Discard { why } => Some(why.clone()),
        Action::File { .. } | Action::Send(_) | Action::Quarantine { .. } => None,
    }
}
