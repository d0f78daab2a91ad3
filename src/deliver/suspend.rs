//! A script that fails again and again is suspended until it is changed, and its user is told once, by a letter.
//!
//! Its mail is kept in INBOX meanwhile. A script is its words, so a changed one starts anew. Only what the script itself
//! did wrong counts, never a worker's or the disk's trouble.

use super::{Env, now, stamp};
use crate::limits::SCRIPT_FAILURES_MAX;
use crate::mail::{Line, Stamp};
use crate::plan::{Plan, Rcpt};
use crate::refusal::Refusal;
use crate::sieve::Request;
use crate::store::{Key, Order, failing};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// One recipient's scripts, and what is known of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scripts {
    key: [u8; 32],
    failing: Option<failing::Failing>,
}

impl Scripts {
    /// Reads what is known; where the database can't say, nothing is.
    pub(super) fn find(rcpt: &Rcpt, request: &Request, env: &Env) -> Self {
        let mut hash = Sha256::new();
        let texts = request.scripts.iter().map(|script| &script.text);
        for text in texts.chain(request.includes.iter().map(|script| &script.text)).chain([&rcpt.mailbox.user]) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        let key = hash.finalize().into();
        let failing = failing::find(&env.store.database, &key, now()).unwrap_or_else(|refusal| {
            tracing::warn!(cause = %refusal.cause, "whether a script fails is not known");
            None
        });
        Self { key, failing }
    }

    /// The plan of scripts that are not run any more; `None`: they are.
    pub(super) fn suspended(&self) -> Option<Plan> {
        let failing = self.failing.filter(|failing| failing.count >= SCRIPT_FAILURES_MAX)?;
        let since = stamp::date(failing.since);
        Some(Plan::keep_after(format!(
            "the script is suspended until it is changed: it failed on {} messages in a row since {since}",
            failing.count
        )))
    }

    /// Counts a run, and tells the user where it was one failure too many.
    pub(super) fn ran(&self, plan: &Plan, message: &[u8; 32], rcpt: &Rcpt, env: &Env) {
        let database = &env.store.database;
        let Some(trouble) = &plan.trouble else {
            return if self.failing.is_some() {
                failing::forget(database, &self.key)
            };
        };
        match failing::failed(database, &self.key, message, now()) {
            Ok(failing) if failing.count >= SCRIPT_FAILURES_MAX && !failing.told => {
                self.tell(trouble, failing, rcpt, env);
            }
            Ok(_) => {}
            Err(refusal) => tracing::warn!(cause = %refusal.cause, "a failing script was not counted"),
        }
    }

    /// As [`Scripts::ran`], for scripts that are suspended: a letter that could not be stored is tried again.
    pub(super) fn remind(&self, rcpt: &Rcpt, env: &Env) {
        if let Some(failing) = self.failing.filter(|failing| !failing.told) {
            self.tell("see X-PM-Sieve on the messages that were kept", failing, rcpt, env);
        }
    }

    fn tell(&self, trouble: &str, failing: failing::Failing, rcpt: &Rcpt, env: &Env) {
        let user = &rcpt.mailbox.user;
        match self.letter(trouble, failing, rcpt, env) {
            Ok(()) => {
                tracing::warn!(
                    user,
                    trouble,
                    count = failing.count,
                    "a failing script is suspended, its user was told"
                );
                failing::told(&env.store.database, &self.key);
            }
            Err(refusal) => {
                tracing::warn!(user, cause = %refusal.cause, "a user could not be told of a failing script")
            }
        }
    }

    fn letter(&self, trouble: &str, failing: failing::Failing, rcpt: &Rcpt, env: &Env) -> Result<(), Refusal> {
        let key = Key::of_notice(&self.key);
        let host = &env.settings.server.host_name;
        let to = rcpt.address.to_string();
        let trouble = trouble.replace(char::is_control, " ");
        let words = WORDS
            .replace("{count}", &failing.count.to_string())
            .replace("{since}", &stamp::date(failing.since))
            .replace("{trouble}", &trouble)
            .replace('\n', "\r\n");
        let lines = vec![
            Line::verbatim("Return-Path", ["<>".to_string()]),
            Line::verbatim("Delivered-To", [to.clone()]),
            Line::verbatim("From", ["tamis".to_string(), format!("<postmaster@{host}>")]),
            Line::verbatim("To", [format!("<{to}>")]),
            Line::verbatim("Subject", ["Your mail filter is switched off: it fails".to_string()]),
            Line::verbatim("Date", [stamp::date(now())]),
            Line::verbatim("Message-ID", [format!("<{key}@{host}>")]),
            Line::verbatim("Auto-Submitted", ["auto-generated".to_string()]),
            Line::verbatim("MIME-Version", ["1.0".to_string()]),
            Line::verbatim("Content-Type", ["text/plain; charset=utf-8".to_string()]),
            Line::verbatim("Content-Transfer-Encoding", ["8bit".to_string()]),
        ];
        let message = format!("\r\n{words}");
        let stamp = Stamp { lines, tag: None };
        let (plan, message) = (Plan::keep(), message.as_bytes());
        let order = Order { plan: &plan, rcpt, message, stamp: &stamp, key, held: None, leaving: None };
        env.store.carry_out(&order).map(drop)
    }
}

const WORDS: &str = "Your mail filter (Sieve script) failed on the last {count} messages, so it is switched off.

What failed:
    {trouble}
Since:
    {since}

Until you change the script, all messages that would pass it come into your
INBOX: nothing is lost, and nothing is filed, forwarded or answered.

To mend it, open the filter settings of your mail program, correct the line
that is named above (or delete the rule) and save. A changed script is used
from the next message on. You get this letter once for each script.
";

/// Runs what blocks.
pub(super) async fn off_the_loop<T: Send + 'static>(
    env: &Arc<Env>,
    work: impl FnOnce(&Env) -> T + Send + 'static,
) -> Option<T> {
    env.blocking(move |env| Ok(work(env))).await.ok()
}
