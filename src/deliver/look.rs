//! The look at a message and clamd's beside it, and what happens when one of them could not be taken.
//!
//! A look that failed through our own trouble is answered 451 for a number of tries, so that a passing fault costs
//! nothing; then the operator's choice ends it, so that a poisonous message does not stay in the queue for days. What
//! clamd did not scan goes the way that the operator chose for messages with attachments and for those without.

use super::{Env, Mail, Sight};
use crate::ask::Said;
use crate::config::{AfterTries, Unscanned};
use crate::filter::{Finding, Look, Verdict, judge};
use crate::limits::LOOK_SECONDS_MAX;
use crate::mail::{Session, foreign_verdict};
use crate::plan::Rcpt;
use crate::refusal::{Kind, Refusal};
use crate::store::{digest, tries};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What came of the look, once per message.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    /// The look and how long it took; or, tried often enough, why it failed the last time.
    pub(super) seen: Result<(Arc<Look>, Duration), String>,
    /// What clamd said; `None` where nobody asked it. Its findings are part of a look that was taken.
    said: Option<Said>,
    /// Is the message held, because clamd did not scan it?
    is_held: bool,
    /// SHA-256 of the message.
    pub(super) digest: [u8; 32],
}

impl Looked {
    pub(super) fn look(&self) -> Option<&Look> {
        self.seen.as_ref().ok().map(|(look, _)| look.as_ref())
    }

    pub(super) fn took(&self) -> Duration {
        self.seen.as_ref().map_or(Duration::ZERO, |(_, took)| *took)
    }
}

/// Asks a worker to look, and clamd. Counts failures by the message's content, over restarts.
pub(super) async fn take(mail: Arc<Mail>, env: Arc<Env>) -> Result<Looked, Refusal> {
    let late = || Err(Refusal::new(Kind::Deadline, format!("not looked at after {LOOK_SECONDS_MAX} s")));
    let work = tokio::time::timeout(Duration::from_secs(LOOK_SECONDS_MAX), once(&mail, &env));
    let looked = work.await.unwrap_or_else(|_| late())?;
    if let Err(trouble) = &looked.seen {
        tracing::error!(session = %mail.session.id, %trouble, "a message could not be looked at");
        let most = env.settings.look.tries;
        if let Some(tried) = try_again(looked.digest, most, &mail, &env).await? {
            return Err(Refusal::new(Kind::LookFailed, format!("try {tried} of {most}: {trouble}")));
        }
    }
    scanned(looked, &mail, &env).await
}

/// What becomes of a message that clamd did not scan.
async fn scanned(looked: Looked, mail: &Mail, env: &Arc<Env>) -> Result<Looked, Refusal> {
    let (why, may_change) = match &looked.said {
        Some(Said::NotScanned(why)) => (why.clone(), true),
        Some(Said::TooLarge(why)) => (why.clone(), false),
        Some(Said::Clean | Said::Found(_)) | None => return Ok(looked),
    };
    tracing::warn!(session = %mail.session.id, %why, "clamd did not scan a message");
    let most = env.settings.clamd.tries;
    if choice(&looked, env) == Unscanned::Retry && may_change {
        // Each delivery of a message that Postfix splits is a try of its own.
        let whose: String = mail.rcpts.iter().map(|rcpt| format!("{} ", rcpt.address.key())).collect();
        let key = digest(&[&looked.digest[..], b" clamd ", whose.as_bytes()].concat());
        if let Some(tried) = try_again(key, most, mail, env).await? {
            return Err(Refusal::new(Kind::NotScanned, format!("try {tried} of {most}: {why}")));
        }
    }
    Ok(looked)
}

/// Counts a failure; which one it was, where the peer shall try again.
async fn try_again(key: [u8; 32], most: u32, mail: &Mail, env: &Arc<Env>) -> Result<Option<u32>, Refusal> {
    let at = mail.session.received_at;
    let tried = env.blocking(move |env| tries::failed(&env.store.database, &key, at)).await?;
    Ok(Some(tried).filter(|tried| *tried <= most))
}

/// The operator's choice for a message that clamd did not scan. One of which nothing is known may have attachments.
fn choice(looked: &Looked, sight: &Sight) -> Unscanned {
    let set = &sight.settings.clamd;
    match looked.look().is_some_and(Look::is_text_only) {
        true => set.unscanned_text_only,
        false => set.unscanned_with_attachments,
    }
}

/// One try, counted nowhere.
pub(super) async fn once(mail: &Mail, sight: &Arc<Sight>) -> Result<Looked, Refusal> {
    let begun = Instant::now();
    let (ours, believed) = (&sight.settings.server.mta_names, &sight.settings.look.believed_hosts);
    let session = Session { foreign_verdict: foreign_verdict(&mail.bytes, ours, believed), ..mail.session.clone() };
    let bytes = Arc::clone(&mail.bytes);
    let digest = sight.blocking(move |_| Ok(digest(&bytes)));
    let ((seen, said), digest) = tokio::join!(both(&mail.bytes, &session, sight), digest);
    let seen = seen.map(|look| (Arc::new(look), begun.elapsed()));
    let looked = Looked { seen, said, is_held: false, digest: digest? };
    let is_held = match (&looked.said, choice(&looked, sight)) {
        (None | Some(Said::Clean | Said::Found(_)), _) | (Some(_), Unscanned::Mark) => false,
        (Some(_), Unscanned::Quarantine) => true,
        (Some(_), Unscanned::Retry) => sight.settings.clamd.then == AfterTries::Quarantine,
    };
    Ok(Looked { is_held, ..looked })
}

/// A worker's look and clamd's, side by side. What clamd said is among the findings of a look that was taken.
async fn both(bytes: &Arc<[u8]>, session: &Session, sight: &Sight) -> (Result<Look, String>, Option<Said>) {
    let (seen, said) = tokio::join!(sight.pool.look(bytes, session), sight.clamd.scan(bytes));
    let seen = seen.map_err(|trouble| trouble.to_string()).map(|mut look| {
        look.findings.extend(finding(said.as_ref(), sight));
        look
    });
    (seen, said)
}

/// What was seen of a message without recipient or store.
///
/// # Errors
/// Why the worker gave no answer.
pub async fn scan(bytes: &Arc<[u8]>, session: &Session, sight: &Sight) -> Result<(Look, Verdict), String> {
    let look = both(bytes, session, sight).await.0?;
    let verdict = judge(&look, &sight.rules, &sight.settings.policy_of("", ""));
    Ok((look, verdict))
}

/// What clamd said, under the class that the list of names gives it.
fn finding(said: Option<&Said>, sight: &Sight) -> Option<Finding> {
    match said? {
        Said::Clean => None,
        Said::Found(name) => {
            let class = sight.rules.lists.signatures.class_of(name);
            Some(Finding::new(class.finding(), format!("clamd: {name}")))
        }
        Said::NotScanned(why) | Said::TooLarge(why) => Some(Finding::not_scanned(why)),
    }
}

/// What we think of it for one recipient.
pub(super) fn verdict(rcpt: &Rcpt, looked: &Looked, sight: &Sight) -> Verdict {
    let mut policy = sight.settings.policy_of(&rcpt.mailbox.user, &rcpt.mailbox.domain);
    policy.holds_unscanned = looked.is_held;
    match &looked.seen {
        Ok((look, _)) => judge(look, &sight.rules, &policy),
        Err(why) => {
            policy.holds_unscanned |= sight.settings.look.then == AfterTries::Quarantine;
            let findings = std::iter::once(Finding::not_looked_at(why)).chain(finding(looked.said.as_ref(), sight));
            judge(&Look::of(findings.collect()), &sight.rules, &policy)
        }
    }
}
