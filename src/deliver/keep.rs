//! Carrying out a plan: once per delivery key, staged whole, then published.
//!
//! Blocks on disk and database, off the event loop. Answers only when everything is durable (invariant 1).

use super::{Answer, Env, Mail, look::Looked};
use crate::journal::Record;
use crate::limits::{HEADER_FIELDS_MAX, STAMPED_BYTES_MAX};
use crate::mail::{Stamp, fields};
use crate::plan::Rcpt;
use crate::store::{Key, Order};
use std::borrow::Cow;
use std::sync::Arc;

/// Stores one recipient's copy, or holds it, as the plan says.
pub(super) async fn keep(record: &Record<'_>, mail: &Mail, stamp: &Stamp, looked: &Looked, env: &Arc<Env>) -> Answer {
    let key = key(record.rcpt, mail, looked);
    let held = record.held(env.settings.quarantine_days)?;
    let (plan, mailbox, stamp, bytes) =
        (record.plan.clone(), record.rcpt.mailbox.clone(), stamp.clone(), Arc::clone(&mail.bytes));
    // Each recipient's copy is in memory while it is written.
    let kilobytes = u32::try_from(bytes.len().min(STAMPED_BYTES_MAX) / 1024).unwrap_or(u32::MAX);
    let _room = env.room.acquire_many(kilobytes).await;
    env.blocking(move |env| {
        // What is held is kept as it came; what is delivered carries our lines on top.
        let message = if held.is_some() { Cow::Borrowed(&*bytes) } else { Cow::Owned(stamp.on(&bytes)) };
        env.store.carry_out(&Order { plan: &plan, mailbox: &mailbox, message: &message, key, held })
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
