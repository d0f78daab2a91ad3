//! The same story without its end: all that would happen to a message, and why; nothing is written.

use super::{Facts, Mail, Sight, look, plan_of, stamp};
use crate::filter::{Look, Verdict};
use crate::mail::{Session, Stamp};
use crate::plan::{Mailbox, Plan};
use crate::refusal::{Kind, Refusal};
use serde::Serialize;
use std::sync::Arc;

/// What would happen, in the order in which it would be decided.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    pub session: Session,
    pub mailbox: Mailbox,
    /// `None` where the look could not be taken.
    pub look: Option<Look>,
    pub verdict: Verdict,
    /// What would go on top of the message.
    pub stamp: Stamp,
    pub plan: Plan,
}

/// Explains what would happen to the message for its first recipient.
///
/// # Errors
/// `Panic` where there is no recipient.
pub async fn explain(mail: Arc<Mail>, sight: Arc<Sight>) -> Result<Explained, Refusal> {
    let Some(rcpt) = mail.rcpts.first() else { return Err(Refusal::new(Kind::Panic, "no recipient to explain for")) };
    let looked = look::once(&mail, &sight).await?;
    let verdict = look::verdict(rcpt, &looked, &sight);
    let stamp = stamp::of(&mail.session, rcpt, &verdict, &sight);
    let facts = Facts { rcpt, mail: &mail, looked: &looked, verdict: &verdict, stamp: &stamp };
    let plan = plan_of(&facts, &sight, None).await;
    let (session, mailbox) = (mail.session.clone(), rcpt.mailbox.clone());
    Ok(Explained { session, mailbox, look: looked.look().cloned(), verdict, stamp, plan })
}
