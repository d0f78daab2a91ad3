//! What leaves: redirects and rejects before anything is shown, replies and notifications after all of it.
//!
//! A message that must leave is handed over when all copies are staged and none is shown. Accepted, it is remembered
//! durably under a key of its own, so that the retry of a delivery that failed later does not send it again. Refused for
//! good, or not allowed (it goes round, the day's share is used up), the message is kept in INBOX in its place, with the
//! reason on top. Refused for now, the delivery is refused for now. Vacation replies and notifications are remembered
//! first and sent last; one that can't be handed over is lost, as RFC 5230 and RFC 5436 let it be.
//!
//! Does not speak SMTP: who orders brings the way out. *Limit:* a crash after the server's 250 and before our commit
//! sends a message twice.

use super::memory::hex_digest;
use super::{Allowed, Begin, Key, Order, Place, Receipt, Store, digest, now, staged};
use crate::limits::{
    COURTESY_SECONDS_MAX, HEADER_FIELDS_MAX, LEAVING_SECONDS_MAX, REDIRECT_SAME_SECONDS, SUBMIT_SECONDS_MAX,
};
use crate::mail::{fields, forwarded, goes_round, header_end};
use crate::plan::{Action, Content, Flags, FolderName, Once, Outgoing, OutgoingKind, Plan, Unsent};
use crate::refusal::{Kind, Refusal};
use std::time::{Duration, Instant};

/// The way out.
pub struct Leaving<'a> {
    /// Hands one message over; returns when the server has it.
    pub post: &'a dyn Fn(&Parcel<'_>) -> Result<(), Unsent>,
    /// The envelope sender of redirects, where it is not that of the message.
    pub redirect_from: Option<String>,
    pub per_day: PerDay,
}

/// How many messages of a kind may leave for one user in a day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerDay {
    pub redirects: u64,
    /// Of vacation replies, and of rejects.
    pub vacations: u64,
    pub notifications: u64,
}

/// One message for one address.
pub struct Parcel<'a> {
    /// MAIL FROM; empty for the null reverse-path.
    pub from: &'a str,
    pub to: &'a str,
    pub message: &'a [u8],
    pub patience: Duration,
}

/// What became of the messages that must leave.
enum Left {
    All(Vec<Place>),
    /// The action at this place can't be done, ever.
    Never {
        at: usize,
        to: String,
        what: OutgoingKind,
        why: String,
    },
}

/// Stages, lets leave what must, publishes.
pub(super) fn carry(store: &Store, order: &Order<'_>) -> Result<Receipt, Refusal> {
    let mut plan = order.plan.clone();
    let mut failed = Vec::new();
    // Each round has one address fewer.
    loop {
        let staged = staged::stage(store, order, &plan)?;
        if staged.is_done() {
            return staged.publish();
        }
        match leave(store, order, &plan)? {
            Left::All(sent) => {
                let mut receipt = staged.publish()?;
                receipt.places.extend(sent.into_iter().chain(failed));
                return Ok(receipt);
            }
            Left::Never { at, to, what, why } => {
                tracing::warn!(user = %order.rcpt.mailbox.user, what = what.word(), to, why, "kept in INBOX instead");
                keep_instead(&mut plan, at, &to, &format!("{} to {to} was not sent: {why}", what.word()));
                failed.push(Place::Unsent { what, to, why });
            }
        }
    }
}

/// The message in INBOX in the place of what can't be sent to this address, and the reason for its owner.
fn keep_instead(plan: &mut Plan, at: usize, to: &str, why: &str) {
    let mut kept = 0;
    if let Some(Action::Send(outgoing)) = plan.actions.get_mut(at) {
        if let Content::Message { edits } = outgoing.content {
            kept = edits;
        }
        outgoing.to.retain(|other| other != to);
    }
    plan.actions.retain(|action| match action {
        Action::Send(outgoing) => !outgoing.to.is_empty(),
        Action::Discard { .. } => false,
        Action::File { .. } | Action::Quarantine { .. } => true,
    });
    plan.actions.push(Action::File { folder: FolderName::inbox(), flags: Flags::default(), edits: kept });
    plan.trouble = Some(plan.trouble.take().map_or_else(|| why.to_string(), |before| format!("{before}; {why}")));
}

/// Hands over what must leave, each once.
fn leave(store: &Store, order: &Order<'_>, plan: &Plan) -> Result<Left, Refusal> {
    let until = Instant::now() + Duration::from_secs(LEAVING_SECONDS_MAX);
    let mut places = Vec::new();
    for (at, action) in plan.actions.iter().enumerate() {
        let Action::Send(outgoing) = action else { continue };
        if !outgoing.kind.is_must() {
            continue;
        }
        for to in &outgoing.to {
            let what = outgoing.kind;
            match leave_one(store, order, outgoing, to, until)? {
                Ok(place) => places.push(place),
                Err(why) => return Ok(Left::Never { at, to: to.clone(), what, why }),
            }
        }
    }
    Ok(Left::All(places))
}

/// One message for one address; `Err`: never, and why.
fn leave_one(
    store: &Store,
    order: &Order<'_>,
    outgoing: &Outgoing,
    to: &str,
    until: Instant,
) -> Result<Result<Place, String>, Refusal> {
    let (what, user) = (outgoing.kind, &order.rcpt.mailbox.user);
    let Some(leaving) = order.leaving else {
        return Err(Refusal::new(Kind::Storage, "the plan sends a message, but came without the way out"));
    };
    let own = Key::of_send(&order.key, what.word(), to);
    let turn = match store.begin(&own) {
        Begin::Already => return Ok(Ok(Place::Sent { what, to: to.to_string() })),
        Begin::Busy(refusal) => return Err(refusal),
        Begin::Go(turn) => turn,
    };
    let same = same_message(order, to).filter(|_| what == OutgoingKind::Redirect);
    if let Some(same) = &same {
        if let Some(why) = goes_round(order.message, &order.rcpt.address) {
            return Ok(Err(why));
        }
        if store.memory.was_redirected(user, &same.key, now())? {
            let why = "the same message was sent there already".to_string();
            return Ok(Ok(Place::Unsent { what, to: to.to_string(), why }));
        }
    }
    if store.memory.sent_today(user, what, now())? >= leaving.per_day.of(what) {
        return Ok(Err(format!("{} messages of this kind left today, more are not sent", leaving.per_day.of(what))));
    }
    let message = contents(order, outgoing);
    let from = leaving.sender(outgoing);
    let left = until.saturating_duration_since(Instant::now());
    let patience = left.min(Duration::from_secs(SUBMIT_SECONDS_MAX));
    match (leaving.post)(&Parcel { from, to, message: &message, patience }) {
        Ok(()) => {}
        Err(Unsent::Later(why)) => return Err(Refusal::new(Kind::Unsent, format!("{} to {to}: {why}", what.word()))),
        Err(Unsent::Never(why)) => return Ok(Err(why)),
    }
    if let Err(refusal) = store.memory.handed_over(user, what, own, same, now()) {
        // It is out. This process knows it all the same; only a crash before the answer would send it again.
        tracing::error!(user, to, cause = %refusal.cause, "a message left, but that could not be written down");
    }
    turn.done();
    Ok(Ok(Place::Sent { what, to: to.to_string() }))
}

/// Sends what may be lost: the letter is safe, so nothing here is an error. Never longer than [`COURTESY_SECONDS_MAX`].
pub(super) fn courtesies(store: &Store, order: &Order<'_>) -> Vec<Place> {
    let until = Instant::now() + Duration::from_secs(COURTESY_SECONDS_MAX);
    let mut places = Vec::new();
    for action in &order.plan.actions {
        let Action::Send(outgoing) = action else { continue };
        if outgoing.kind.is_must() {
            continue;
        }
        for (number, to) in outgoing.to.iter().enumerate() {
            // What is sent but once is asked once, for all of its recipients.
            let once = outgoing.once.as_ref().filter(|_| number == 0);
            let (what, to) = (outgoing.kind, to.clone());
            match courtesy(store, order, outgoing, &to, once, until) {
                Ok(()) => places.push(Place::Sent { what, to }),
                Err(why) => {
                    tracing::info!(user = %order.rcpt.mailbox.user, what = what.word(), to, why, "not sent");
                    places.push(Place::Unsent { what, to, why });
                    if once.is_some() {
                        break;
                    }
                }
            }
        }
    }
    places
}

fn courtesy(
    store: &Store,
    order: &Order<'_>,
    outgoing: &Outgoing,
    to: &str,
    once: Option<&Once>,
    until: Instant,
) -> Result<(), String> {
    let Some(leaving) = order.leaving else { return Err("there is no way out".into()) };
    let (what, user) = (outgoing.kind, &order.rcpt.mailbox.user);
    let patience = until.saturating_duration_since(Instant::now());
    if patience.is_zero() {
        return Err(format!("no time was left of the {COURTESY_SECONDS_MAX} s for replies and notifications"));
    }
    match store.memory.allow(user, what, once, leaving.per_day.of(what), now()) {
        Ok(Allowed::Yes) => {}
        Ok(Allowed::Known) => return Err("it was sent a while ago".into()),
        Ok(Allowed::Spent) => return Err(format!("{} of this kind left today", leaving.per_day.of(what))),
        Err(refusal) => return Err(refusal.cause),
    }
    let message = contents(order, outgoing);
    let from = leaving.sender(outgoing);
    (leaving.post)(&Parcel { from, to, message: &message, patience }).map_err(|unsent| match unsent {
        Unsent::Later(why) | Unsent::Never(why) => why,
    })
}

impl Leaving<'_> {
    /// The null reverse-path stays: what must not be answered must not be answered elsewhere either (RFC 5321 §4.5.5).
    fn sender<'s>(&'s self, outgoing: &'s Outgoing) -> &'s str {
        match &self.redirect_from {
            Some(own) if outgoing.kind == OutgoingKind::Redirect && !outgoing.from.is_empty() => own,
            Some(_) | None => &outgoing.from,
        }
    }
}

impl PerDay {
    fn of(&self, kind: OutgoingKind) -> u64 {
        match kind {
            OutgoingKind::Redirect => self.redirects,
            OutgoingKind::Reject | OutgoingKind::Vacation => self.vacations,
            OutgoingKind::Notify => self.notifications,
        }
    }
}

/// Without a word about trouble: that is for the script's owner alone.
fn contents(order: &Order<'_>, outgoing: &Outgoing) -> Vec<u8> {
    match &outgoing.content {
        Content::Message { edits } => forwarded(&order.version(None, *edits), &order.rcpt.address),
        Content::Text(text) => text.clone().into_bytes(),
    }
}

/// Names the message by its Message-ID and its body, because one that came by two ways has other trace fields; without a
/// Message-ID by all of it.
fn same_message(order: &Order<'_>, to: &str) -> Option<Once> {
    let id = fields(order.message).take(HEADER_FIELDS_MAX).find(|field| field.is("Message-ID"));
    let body = order.message.get(header_end(order.message)..).unwrap_or_default();
    let key = match id.map(|field| field.text()).filter(|id| !id.is_empty()) {
        Some(id) => hex_digest(&[b"id", id.as_bytes(), &digest(body), to.as_bytes()]),
        None => hex_digest(&[b"all", &digest(order.message), to.as_bytes()]),
    };
    Some(Once { key, seconds: REDIRECT_SAME_SECONDS })
}
