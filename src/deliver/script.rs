//! The user's script: gathers what it needs, has a worker run it, and keeps the message when that goes wrong.

use super::{Mail, Sight, look::Looked, now};
use crate::mail::Stamp;
use crate::plan::{Plan, Rcpt};
use crate::sieve::{Include, Request, Script};
use crate::store::Scripts;
use std::sync::Arc;

/// What the scripts make of the message; a keep with the reason where they can't be run.
pub(super) async fn plan(rcpt: &Rcpt, mail: &Arc<Mail>, looked: &Looked, stamp: &Stamp, sight: &Arc<Sight>) -> Plan {
    // The Sieve engine parses too, so what was kept from our parser, or broke it, is kept from the engine.
    if let Err(why) = &looked.seen {
        return Plan::keep_after(format!("no script was run: the message could not be looked at ({why})"));
    }
    if let Some(hostile) = looked.look().and_then(|look| look.hostile.as_deref()) {
        return Plan::keep_after(format!("no script was run: hostile structure ({hostile})"));
    }
    let mailbox = rcpt.mailbox.clone();
    let paths = sight.settings.scripts.clone();
    let read =
        sight.blocking(move |sight| Ok((sight.homes.scripts(&mailbox, &paths), sight.homes.folders(&mailbox)))).await;
    let (scripts, folders) = match read {
        Ok(read) => read,
        Err(refusal) => return Plan::keep_after(format!("scripts could not be read: {}", refusal.cause)),
    };
    if let Some((path, why)) = scripts.unreadable.first() {
        return Plan::keep_after(format!("script {} can't be read: {why}", path.display()));
    }
    let request = request(rcpt, mail, scripts, folders, stamp, sight);
    match sight.pool.sieve(&mail.bytes, &request).await {
        Ok(plan) => plan,
        Err(trouble) => Plan::keep_after(format!("the script could not be run: {trouble}")),
    }
}

fn request(rcpt: &Rcpt, mail: &Mail, scripts: Scripts, folders: Vec<String>, stamp: &Stamp, sight: &Sight) -> Request {
    let script = |(name, text): (String, String)| Script::new(name, text);
    let include = |global| move |(name, text)| Include { name, global, text };
    Request {
        scripts: scripts
            .before
            .into_iter()
            .chain(scripts.personal)
            .chain(scripts.after)
            .map(script)
            .chain([Script::vendor()])
            .collect(),
        includes: scripts
            .personal_includes
            .into_iter()
            .map(include(false))
            .chain(scripts.global_includes.into_iter().map(include(true)))
            .collect(),
        folders,
        from: mail.session.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default(),
        to: rcpt.address.to_string(),
        recipient_delimiter: sight.settings.lmtp.recipient_delimiter.clone(),
        stamp: Some(stamp.clone()),
        now: now(),
        zone: super::zone(),
        ..Request::default()
    }
}
