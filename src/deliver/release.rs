//! Letting a held message go: straight to its recipient's INBOX, once and durably.
//!
//! Claimed first, so that no two do it; the delivery key is made of the quarantine's id, so that a release that was
//! interrupted can be repeated without a second copy: first the Maildir, then `released_at` (facts/reliability 2.3).

use super::{Env, now, stamp};
use crate::filter::{Fate, Look, Summary, Verdict};
use crate::journal::{Record, Times};
use crate::mail::{Address, Line, Session, Stamp};
use crate::plan::{Plan, Rcpt, Step};
use crate::refusal::{Kind, Refusal};
use crate::store::{Claim, Held, Key, Order, Receipt};
use std::sync::Arc;

/// Delivers a held message to INBOX; `by` names who let it go.
///
/// # Errors
/// The refusal of the user source or the store; the message stays held then.
pub async fn release(held: Held, message: Arc<[u8]>, by: &str, env: &Arc<Env>) -> Result<Receipt, Refusal> {
    let session: Session =
        serde_json::from_str(&held.session).map_err(|_| trouble(&held, "its session can't be read"))?;
    let address = Address::parse(&held.rcpt).map_err(|_| trouble(&held, "its recipient can't be read"))?;
    let rcpt = env.rcpt(&address).await?;
    let id = held.id.clone();
    match env.blocking(move |env| env.store.quarantine.claim(&id, now())).await? {
        Claim::Yours => {}
        Claim::Released(_) => return Ok(Receipt::already()),
        Claim::Taken => return Err(trouble(&held, "is just being released")),
        Claim::Unknown => return Err(trouble(&held, "has just been deleted")),
    }
    let verdict = Verdict {
        class: held.class,
        score: held.score,
        findings: held.findings.clone(),
        fate: Fate::Deliver { tag: None },
    };
    let mut stamp = stamp::of(&session, &rcpt, &verdict, env);
    stamp.lines.push(Line::verbatim("X-PM-Released", [format!("by {by};"), stamp::date(now())]));
    let (id, whose) = (held.id.clone(), rcpt.clone());
    let mut times = Times::default();
    let receipt = times.store(env.blocking(move |env| deliver_once(&id, &whose, &message, &stamp, env))).await?;
    write_down(&held, &rcpt, &session, &verdict, by, (&receipt, &times), env)?;
    Ok(receipt)
}

fn trouble(held: &Held, what: &str) -> Refusal {
    Refusal::new(Kind::Storage, format!("quarantine {}: {what}", held.id))
}

/// The claim goes back where the delivery fails.
fn deliver_once(id: &str, rcpt: &Rcpt, message: &[u8], stamp: &Stamp, env: &Env) -> Result<Receipt, Refusal> {
    let (plan, key) = (&Plan::keep(), Key::of_release(id));
    let order = Order { plan, rcpt, message, stamp, key, held: None, leaving: None };
    let delivered = env.store.carry_out(&order);
    match &delivered {
        Ok(_) => env.store.quarantine.released(id, now())?,
        Err(_) => env.store.quarantine.unclaim(id)?,
    }
    delivered
}

/// The journal says who released it and from where.
fn write_down(
    held: &Held,
    rcpt: &Rcpt,
    session: &Session,
    verdict: &Verdict,
    by: &str,
    (receipt, times): (&Receipt, &Times),
    env: &Env,
) -> Result<(), Refusal> {
    let what = format!("released from quarantine {} by {by}", held.id);
    let plan = Plan { trace: vec![Step { script: "quarantine".into(), line: 0, what }], ..Plan::keep() };
    let summary =
        Summary { from: held.from_text.clone(), subject: held.subject.clone(), message_id: held.message_id.clone() };
    let look = Look { summary, ..Look::default() };
    let bytes = usize::try_from(held.bytes).unwrap_or(usize::MAX);
    let session = &Session { received_at: now(), ..session.clone() };
    let record = Record { rcpt, session, bytes, look: Some(&look), verdict, plan: &plan };
    tokio::task::block_in_place(|| record.write(receipt, times, &env.store))
}
