//! The look at a message, and what happens when it could not be taken.
//!
//! A look that failed through our own trouble is answered 451 for a number of tries, so that a passing fault costs
//! nothing; then the operator's choice ends it, so that a poisonous message does not stay in the queue for days.

use super::{Env, Mail, Sight};
use crate::config::AfterTries;
use crate::filter::{Conduct, Look, Verdict, judge};
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

/// Asks a worker to look. Counts failures by the message's content, over restarts.
pub(super) async fn take(mail: Arc<Mail>, env: Arc<Env>) -> Result<Looked, Refusal> {
    let looked = once(&mail, &env).await?;
    let Err(trouble) = &looked.seen else { return Ok(looked) };
    tracing::error!(session = %mail.session.id, %trouble, "a message could not be looked at");
    let (digest, at) = (looked.digest, mail.session.received_at);
    let tried = env.blocking(move |env| tries::failed(&env.store.database, &digest, at)).await?;
    if tried <= env.settings.look.tries {
        return Err(Refusal::new(Kind::LookFailed, format!("try {tried} of {}: {trouble}", env.settings.look.tries)));
    }
    Ok(looked)
}

/// One try, counted nowhere.
pub(super) async fn once(mail: &Mail, sight: &Arc<Sight>) -> Result<Looked, Refusal> {
    let begun = Instant::now();
    let (ours, believed) = (&sight.settings.server.mta_names, &sight.settings.look.believed_hosts);
    let session = Session { foreign_verdict: foreign_verdict(&mail.bytes, ours, believed), ..mail.session.clone() };
    let bytes = Arc::clone(&mail.bytes);
    let digest = sight.blocking(move |_| Ok(digest(&bytes)));
    let (seen, digest) = tokio::join!(sight.pool.look(&mail.bytes, &session), digest);
    let seen = seen.map(|look| (Arc::new(look), begun.elapsed())).map_err(|trouble| trouble.to_string());
    Ok(Looked { seen, digest: digest? })
}

/// What we think of it for one recipient.
pub(super) fn verdict(rcpt: &Rcpt, looked: &Looked, sight: &Sight) -> Verdict {
    let mut policy = sight.settings.policy_of(&rcpt.mailbox.user, &rcpt.mailbox.domain);
    match &looked.seen {
        Ok((look, _)) => judge(look, &sight.rules, &policy),
        Err(why) => {
            if sight.settings.look.then == AfterTries::Quarantine {
                policy.unscanned.conduct = Conduct::Quarantine;
            }
            Verdict::unscanned(why, &policy)
        }
    }
}
