//! THE STORY: one message in, one answer per recipient.
//!
//! Looked at once per message, judged once per recipient, because LMTP answers every recipient separately
//! (RFC 2033 §4.2) and each may have other rules and another script. Nothing is decided here that a part below could
//! decide: this page only says what follows what.

mod env;
mod explain;
mod keep;
mod look;
mod release;
mod request;
mod script;
mod send;
mod signatures;
mod stamp;
mod suspend;

pub use crate::store::now;
pub use env::{Env, OpenError, Sight, has_room, refused, zone};
pub use explain::{Explained, explain};
pub use look::scan;
pub use release::release;
pub use request::request;
pub use signatures::SignatureSet;

use crate::filter::Fate;
use crate::journal::{Record, Times};
use crate::limits::{DELIVERY_SECONDS_MAX, RCPTS_AT_ONCE};
use crate::mail::{Address, Session};
use crate::plan::{Action, Plan, Rcpt};
use crate::refusal::{Kind, Refusal};
use crate::store::Receipt;
use futures_util::{FutureExt, StreamExt, stream, stream::BoxStream};
use look::Looked;
use request::Facts;
use std::{sync::Arc, time::Duration};

/// One message that was accepted for delivery.
pub struct Mail {
    pub bytes: Arc<[u8]>,
    pub session: Session,
    pub rcpts: Vec<Rcpt>,
}

/// What one recipient is answered.
pub type Answer = Result<Receipt, Refusal>;

/// Asks who a recipient is.
///
/// # Errors
/// `UnknownUser` only on a definite no, `UsersUnreachable` otherwise; both are in the journal.
pub async fn recipient(address: &Address, session: &Session, env: &Env) -> Result<Rcpt, Refusal> {
    env.rcpt(address).await.inspect_err(|refusal| refused(Some(address), session, refusal, env))
}

/// Answers each recipient, in RCPT order, each as soon as it and those before it are known.
pub fn deliver(mail: Arc<Mail>, env: Arc<Env>) -> BoxStream<'static, Answer> {
    // Once per message: look at it. All recipients wait for the same look.
    let looked = look::take(Arc::clone(&mail), Arc::clone(&env)).boxed().shared();
    let answers = (0..mail.rcpts.len()).map(move |n| {
        // A task of its own, so that a panic is one recipient's 451 and nothing else.
        let task = tokio::spawn(in_time(n, Arc::clone(&mail), looked.clone(), Arc::clone(&env)));
        let (mail, env) = (Arc::clone(&mail), Arc::clone(&env));
        task.map(move |joined| joined.unwrap_or_else(|e| panicked(n, &mail, e.to_string(), &env)))
    });
    // A task begins when the stream reaches it, so a thousand recipients don't all run at once.
    stream::iter(answers).buffered(RCPTS_AT_ONCE).boxed()
}

fn panicked(n: usize, mail: &Mail, words: String, env: &Env) -> Answer {
    let refusal = Refusal::new(Kind::Panic, words);
    refused(mail.rcpts.get(n).map(|rcpt| &rcpt.address), &mail.session, &refusal, env);
    Err(refusal)
}

async fn in_time(
    n: usize,
    mail: Arc<Mail>,
    looked: impl Future<Output = Result<Looked, Refusal>>,
    env: Arc<Env>,
) -> Answer {
    let Some(rcpt) = mail.rcpts.get(n) else { return Err(Refusal::new(Kind::Panic, "no such recipient")) };
    let work = async { deliver_to(rcpt, &mail, looked.await?, &env).await };
    let answer = tokio::time::timeout(Duration::from_secs(DELIVERY_SECONDS_MAX), work).await;
    let late = || Err(Refusal::new(Kind::Deadline, format!("not done after {DELIVERY_SECONDS_MAX} s")));
    answer.unwrap_or_else(|_| late()).inspect_err(|r| refused(Some(&rcpt.address), &mail.session, r, &env))
}

async fn deliver_to(rcpt: &Rcpt, mail: &Arc<Mail>, looked: Looked, env: &Arc<Env>) -> Answer {
    let verdict = look::verdict(rcpt, &looked, env);
    let stamp = stamp::of(&mail.session, rcpt, &verdict, env);
    let mut times = Times::after(looked.took());
    let facts = Facts { rcpt, mail, looked: &looked, verdict: &verdict, stamp: &stamp };
    let plan = times.sieve(plan_of(&facts, env, Some(env))).await;

    // Prepare all of the plan, let leave what must, then show all of it, then say why.
    let record = Record {
        rcpt,
        session: &mail.session,
        bytes: mail.bytes.len(),
        look: looked.look(),
        verdict: &verdict,
        plan: &plan,
    };
    let receipt = times.store(keep::keep(&record, mail, &stamp, &looked, env)).await?;
    tokio::task::block_in_place(|| record.write(&receipt, &times, &env.store))?;
    Ok(receipt)
}

/// The filter speaks first; what it lets pass, the user's script decides.
async fn plan_of(facts: &Facts<'_>, sight: &Arc<Sight>, env: Option<&Arc<Env>>) -> Plan {
    match &facts.verdict.fate {
        Fate::Quarantine { hold } => Plan::of(Action::Quarantine { hold: hold.clone() }),
        Fate::Discard { why } => Plan::of(Action::Discard { why: why.clone() }),
        Fate::Deliver { .. } => script::plan(facts, sight, env).await,
    }
}
