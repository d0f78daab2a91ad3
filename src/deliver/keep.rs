//! Carrying out a plan: once per delivery key, staged whole, what must leave handed over, then published.
//!
//! Blocks on disk, database and the submission server, off the event loop. Answers only when everything is durable
//! (invariant 1).

use super::{Answer, Env, Mail, look::Looked, send};
use crate::journal::Record;
use crate::limits::{HEADER_FIELDS_MAX, STAMPED_BYTES_MAX};
use crate::mail::{Stamp, fields};
use crate::plan::Rcpt;
use crate::refusal::Refusal;
use crate::store::{Key, Order};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Stores one recipient's copy, or holds it, or sends it on, as the plan says.
pub(super) async fn keep(record: &Record<'_>, mail: &Mail, stamp: &Stamp, looked: &Looked, env: &Arc<Env>) -> Answer {
    if let Some(words) = send::said_by_lmtp(record.plan, env) {
        return Err(Refusal::rejected(words));
    }
    let key = key(record.rcpt, mail, looked);
    let held = record.held(env.settings.quarantine_days)?;
    let (plan, rcpt, stamp, bytes) = (record.plan.clone(), record.rcpt.clone(), stamp.clone(), Arc::clone(&mail.bytes));
    // Each recipient's copy is in memory while it is written.
    let kilobytes = u32::try_from(bytes.len().min(STAMPED_BYTES_MAX) / 1024).unwrap_or(u32::MAX);
    let _room = env.room.acquire_many(kilobytes).await;
    let post = send::post(Handle::current(), env);
    env.blocking(move |env| {
        let leaving = Some(&send::way_out(&post, &rcpt, env));
        let (plan, rcpt, message, stamp) = (&plan, &rcpt, &*bytes, &stamp);
        env.store.carry_out(&Order { plan, rcpt, message, stamp, key, held, leaving })
    })
    .await
}

/// The same for every try of one delivery. A message without queue id, Received and Message-ID has nothing by which a
/// retry could be told from a second message of the same words (cron's, say), so its key is that of this try alone: a
/// copy too many is better than one too few.
fn key(rcpt: &Rcpt, mail: &Mail, looked: &Looked) -> Key {
    let session = &mail.session;
    let from = session.reverse_path.as_ref().map(ToString::to_string);
    let mut to = rcpt.address.key();
    let traced = || fields(&mail.bytes).take(HEADER_FIELDS_MAX).any(|f| f.is("Message-ID") || f.is("Received"));
    if session.is_local() || session.queue_id.is_none() && !traced() {
        to = format!("{to} {} {}", session.id, session.received_at);
    }
    Key::of_digest(&looked.digest, from.as_deref(), &to)
}
