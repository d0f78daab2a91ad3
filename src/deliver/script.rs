//! The user's script: gathers what it needs, has a worker run it, and keeps the message when that goes wrong.
//!
//! What a `duplicate` test asks is looked up after the run; where it is known, the script runs again with that knowledge,
//! because a worker can ask nobody (RFC 7352).

use super::suspend::{self, off_the_loop};
use super::{Env, Facts, Mail, Sight};
use crate::limits::SCRIPT_ACTIONS_MAX;
use crate::plan::{Plan, Rcpt};
use crate::sieve::Request;
use std::sync::Arc;

/// What the scripts make of the message; a keep with the reason where they can't be run. Without `env` nothing is
/// remembered: no script is suspended or counted, and no message is a duplicate.
pub(super) async fn plan(facts: &Facts<'_>, sight: &Arc<Sight>, env: Option<&Arc<Env>>) -> Plan {
    let Facts { rcpt, mail, looked, .. } = *facts;
    // The Sieve engine parses too, so what was kept from our parser, or broke it, is kept from the engine.
    if let Err(why) = &looked.seen {
        return Plan::keep_after(format!("no script was run: the message could not be looked at ({why})"));
    }
    if let Some(hostile) = looked.look().and_then(|look| look.hostile.as_deref()) {
        return Plan::keep_after(format!("no script was run: hostile structure ({hostile})"));
    }
    let mut request = match gathered(facts, sight).await {
        Ok(request) => request,
        Err(why) => return Plan::keep_after(why),
    };
    let Some(env) = env else { return run(mail, &request, sight).await.unwrap_or_else(Plan::keep_after) };
    let (whose, asked) = (rcpt.clone(), request.clone());
    let known = off_the_loop(env, move |env| suspend::Scripts::find(&whose, &asked, env)).await;
    if let Some((scripts, plan)) = known.and_then(|scripts| Some((scripts, scripts.suspended()?))) {
        let rcpt = rcpt.clone();
        off_the_loop(env, move |env| scripts.remind(&rcpt, env)).await;
        return plan;
    }
    let plan = match run_knowing(rcpt, mail, &mut request, env).await {
        Ok(plan) => plan,
        Err(why) => return Plan::keep_after(why),
    };
    if let Some(scripts) = known {
        let (rcpt, ran, digest) = (rcpt.clone(), plan.clone(), looked.digest);
        off_the_loop(env, move |env| scripts.ran(&ran, &digest, &rcpt, env)).await;
    }
    plan
}

/// Everything a run needs; `Err`: why it can't be had.
async fn gathered(facts: &Facts<'_>, sight: &Arc<Sight>) -> Result<Request, String> {
    let mailbox = facts.rcpt.mailbox.clone();
    let paths = sight.settings.scripts.clone();
    let read =
        sight.blocking(move |sight| Ok((sight.homes.scripts(&mailbox, &paths), sight.homes.folders(&mailbox)))).await;
    let (scripts, folders) = read.map_err(|refusal| format!("scripts could not be read: {}", refusal.cause))?;
    match scripts.unreadable.first() {
        Some((path, why)) => Err(format!("script {} can't be read: {why}", path.display())),
        None => Ok(facts.request(scripts, folders, sight)),
    }
}

/// Runs the scripts until all that they ask is answered. Each round adds a key that is known, so the rounds end.
async fn run_knowing(rcpt: &Rcpt, mail: &Mail, request: &mut Request, env: &Arc<Env>) -> Result<Plan, String> {
    let mut plan = run(mail, request, env).await?;
    for _ in 0..SCRIPT_ACTIONS_MAX {
        if plan.asked.is_empty() {
            break;
        }
        let (user, asked, now) = (rcpt.mailbox.user.clone(), plan.asked.clone(), request.now);
        let known = env.blocking(move |env| env.store.memory.known(&user, &asked, now)).await;
        let known = known.map_err(|refusal| format!("what was seen before could not be asked: {}", refusal.cause))?;
        if known.is_subset(&request.seen) {
            break;
        }
        request.seen.extend(known);
        plan = run(mail, request, env).await?;
    }
    Ok(plan)
}

async fn run(mail: &Mail, request: &Request, sight: &Sight) -> Result<Plan, String> {
    sight.pool.sieve(&mail.bytes, request).await.map_err(|trouble| format!("the script could not be run: {trouble}"))
}
