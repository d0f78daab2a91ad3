//! Why it happened: one record per recipient and decision, read by log, command line and pages in the same words.
//!
//! Decides nothing. Rows are written behind the answer, but where the journal is all that remembers a message.

use crate::filter::{Look, Verdict};
use crate::mail::{Address, Session};
use crate::plan::{Action, Plan, Rcpt};
use crate::refusal::Refusal;
use crate::store::{Held, Place, Receipt, Store, journal};
use serde_json::json;
use std::future::Future;
use std::time::{Duration, Instant};

/// How long each layer took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    pub look: Duration,
    pub sieve: Duration,
    pub store: Duration,
}

impl Times {
    pub fn after(look: Duration) -> Self {
        Self { look, ..Self::default() }
    }

    pub async fn sieve<T>(&mut self, work: impl Future<Output = T>) -> T {
        timed(&mut self.sieve, work).await
    }

    pub async fn store<T>(&mut self, work: impl Future<Output = T>) -> T {
        timed(&mut self.store, work).await
    }
}

async fn timed<T>(took: &mut Duration, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    *took = begun.elapsed();
    done
}

/// All that led to one delivery.
pub struct Record<'a> {
    pub rcpt: &'a Rcpt,
    pub session: &'a Session,
    pub bytes: usize,
    /// `None` where no look was taken.
    pub look: Option<&'a Look>,
    pub verdict: &'a Verdict,
    pub plan: &'a Plan,
}

impl Record<'_> {
    /// The quarantine's row, where the plan holds the message.
    ///
    /// # Errors
    /// `Resources` where the system gave no random id.
    pub fn held(&self, days: i64) -> Result<Option<Held>, Refusal> {
        let hold = self.plan.actions.iter().find_map(|action| match action {
            Action::Quarantine { hold } => Some(hold),
            Action::File { .. } | Action::Send(_) | Action::Discard { .. } => None,
        });
        let Some(hold) = hold else { return Ok(None) };
        let summary = self.look.map(|l| l.summary.clone()).unwrap_or_default();
        Ok(Some(Held {
            id: Held::new_id()?,
            at: self.session.received_at,
            expires_at: self.session.received_at + days * 86_400,
            user: self.rcpt.mailbox.user.clone(),
            rcpt: self.rcpt.address.to_string(),
            reverse_path: reverse_path(self.session),
            from_text: summary.from,
            subject: summary.subject,
            message_id: summary.message_id,
            class: self.verdict.class,
            score: self.verdict.score,
            why: hold.why.clone(),
            operator_only: hold.operator_only,
            findings: self.verdict.findings.clone(),
            bytes: self.bytes as u64,
            released_at: None,
            session: serde_json::to_string(self.session).unwrap_or_default(),
        }))
    }

    /// Writes log line and journal row: behind the answer where the message is stored, and before it where the journal
    /// is all that remembers it.
    ///
    /// # Errors
    /// What the database said about such a row.
    pub fn write(&self, receipt: &Receipt, times: &Times, store: &Store) -> Result<(), Refusal> {
        let outcome = receipt.to_string();
        let total = times.look + times.sieve + times.store;
        let row = journal::Row {
            user: self.rcpt.mailbox.user.clone(),
            message_id: self.look.map(|l| l.summary.message_id.clone()).unwrap_or_default(),
            from_text: self.look.map(|l| l.summary.from.clone()).unwrap_or_default(),
            subject: self.look.map(|l| l.summary.subject.clone()).unwrap_or_default(),
            bytes: self.bytes as u64,
            class: self.verdict.class.word().into(),
            score: self.verdict.score,
            millis: total.as_millis().try_into().unwrap_or(u64::MAX),
            details: self.details(receipt, times),
            ..row(Some(&self.rcpt.address), self.session, outcome)
        };
        tracing::info!(
            session = %row.session, queue_id = ?row.queue_id, from = ?row.reverse_path, rcpt = ?row.rcpt,
            message_id = ?row.message_id, bytes = row.bytes, class = %row.class, score = row.score, ms = row.millis,
            trouble = ?self.plan.trouble, "delivered to {:?}", row.outcome
        );
        let is_all = |place: &Place| match place {
            Place::Discarded { .. } | Place::Unsent { .. } => true,
            Place::Sent { what, .. } => !what.is_must(),
            Place::Folder { .. } | Place::Quarantine { .. } => false,
        };
        match !receipt.already && receipt.places.iter().all(is_all) {
            true => journal::append_now(&store.database, row),
            false => {
                journal::append(&store.database, row);
                Ok(())
            }
        }
    }

    fn details(&self, receipt: &Receipt, times: &Times) -> String {
        json!({
            "client": self.session.client,
            "findings": self.verdict.findings,
            "defects": self.look.map(|l| &l.defects),
            "fate": self.verdict.fate,
            "plan": self.plan,
            "places": receipt.places,
            "ms": { "look": times.look.as_millis(), "sieve": times.sieve.as_millis(), "store": times.store.as_millis() },
        })
        .to_string()
    }
}

/// Writes log line and journal row of a refusal.
pub fn refused(rcpt: Option<&Address>, session: &Session, refusal: &Refusal, store: &Store) {
    let (code, enhanced, text) = refusal.reply();
    let row = row(rcpt, session, format!("refused {code} {enhanced}"));
    let (rcpt, cause, remedy) = (&row.rcpt, &refusal.cause, refusal.kind.remedy());
    match refusal.kind.is_ours() {
        true => tracing::error!(session = %row.session, ?rcpt, ?cause, remedy, "{} {text}", row.outcome),
        false => tracing::info!(session = %row.session, ?rcpt, ?cause, "{} {text}", row.outcome),
    }
    let details =
        json!({ "client": session.client, "cause": refusal.cause, "reply": text, "remedy": remedy }).to_string();
    journal::append(&store.database, journal::Row { details, ..row });
}

/// What every row has.
fn row(rcpt: Option<&Address>, session: &Session, outcome: String) -> journal::Row {
    journal::Row {
        at: session.received_at,
        session: session.id.clone(),
        queue_id: session.queue_id.clone().unwrap_or_default(),
        client: session.client.address.map(|a| a.to_string()).unwrap_or_default(),
        reverse_path: reverse_path(session),
        rcpt: rcpt.map(ToString::to_string).unwrap_or_default(),
        outcome,
        ..journal::Row::default()
    }
}

fn reverse_path(session: &Session) -> String {
    session.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default()
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.already {
            return f.write_str("already delivered");
        }
        f.write_str(&self.places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder { folder, .. } => f.write_str(folder),
            Self::Quarantine { id } => write!(f, "quarantine {id}"),
            Self::Discarded { why } => write!(f, "discarded: {why}"),
            Self::Sent { what, to } => write!(f, "{} to {to}", what.word()),
            Self::Unsent { what, to, why } => write!(f, "no {} to {to}: {why}", what.word()),
        }
    }
}
