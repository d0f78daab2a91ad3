//! One answer per recipient after the final dot, whatever happens inside.
//!
//! A missing reply loses mail: Postfix takes the next line, such as the answer to QUIT, for it. So this always has an
//! answer: a panic, an answer that never comes or a stream that ends early becomes 451. Does not deliver and does not
//! write. Standards: RFC 2033 §4.2.

use super::reply::Reply;
use crate::deliver::{self, Answer, Env, Mail};
use crate::limits::ANSWER_SECONDS_MAX;
use crate::refusal::{Kind, Refusal};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The answers for one message, in the order of its recipients.
pub(super) struct Answers {
    /// `None` once it failed: it is not asked again.
    stream: Option<BoxStream<'static, Answer>>,
    until: Instant,
    session_id: String,
}

impl Answers {
    /// Starts the delivery.
    pub(super) fn start(mail: Mail, env: Arc<Env>) -> Self {
        let session_id = mail.session.id.clone();
        let stream = guard(|| deliver::deliver(Arc::new(mail), env)).ok();
        Self { stream, until: Instant::now() + Duration::from_secs(ANSWER_SECONDS_MAX), session_id }
    }

    /// The reply for the next recipient; waits at most until [`ANSWER_SECONDS_MAX`] after the start.
    pub(super) async fn next(&mut self) -> Reply {
        match self.answer().await {
            Ok(()) => Reply::delivered(&self.session_id),
            Err(refusal) => Reply::of(&refusal),
        }
    }

    async fn answer(&mut self) -> Result<(), Refusal> {
        let Some(stream) = &mut self.stream else {
            return Err(Refusal::new(Kind::Panic, "an earlier answer of this message failed"));
        };
        let trouble = match timeout_at(self.until, guard_future(stream.next())).await {
            Ok(Ok(Some(answer))) => return answer.map(|_| ()),
            Ok(Ok(None)) => Refusal::new(Kind::Storage, "the delivery gave fewer answers than recipients"),
            Ok(Err(panic)) => panic,
            Err(_) => Refusal::new(Kind::Deadline, format!("no answer within {ANSWER_SECONDS_MAX} s")),
        };
        tracing::error!(session = %self.session_id, kind = ?trouble.kind, cause = ?trouble.cause, "no answer from the delivery");
        self.stream = None;
        Err(trouble)
    }
}

/// Runs `work`; a panic becomes a refusal.
pub(super) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| of_panic(panic.as_ref()))
}

/// As [`guard`], for a future. It is not polled again after a panic.
pub(super) async fn guard_future<T>(future: impl Future<Output = T>) -> Result<T, Refusal> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| of_panic(panic.as_ref()))
}

fn of_panic(panic: &(dyn Any + Send)) -> Refusal {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_string())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(words = ?words, "a delivery panicked; this is a defect of tamis");
    Refusal::new(Kind::Panic, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Receipt;
    use futures_util::stream;

    /// The first words of `count` replies from `stream`.
    fn check(stream: BoxStream<'static, Answer>, want: &[&str]) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            // The time is up already: what is not there at once never comes.
            let mut answers = Answers { stream: Some(stream), until: Instant::now(), session_id: "s1.1".into() };
            for want in want {
                let mut out = Vec::new();
                answers.next().await.write(&mut out);
                assert!(out.starts_with(want.as_bytes()), "{:?}, not {want:?}", String::from_utf8_lossy(&out));
            }
        });
    }

    fn ok() -> Answer {
        Ok(Receipt::default())
    }

    #[test]
    fn answers_pass_in_their_order() {
        let refused = Err(Refusal::new(Kind::OverQuota, "full"));
        check(
            stream::iter([ok(), refused, ok()]).boxed(),
            &["250 2.1.5 ", "452 4.2.2 ", "250 2.1.5 Delivered s1.1\r\n"],
        );
    }

    #[test]
    fn answers_that_are_missing_become_try_again() {
        check(stream::iter([ok()]).boxed(), &["250 ", "451 4.3.0 ", "451 4.3.0 "]);
    }

    #[test]
    fn a_panic_in_a_delivery_becomes_try_again() {
        let stream = stream::iter([1, 2, 3]).map(|n| if n == 2 { panic!("inside") } else { ok() });
        check(stream.boxed(), &["250 ", "451 4.3.0 ", "451 4.3.0 "]);
    }

    #[test]
    fn an_answer_that_never_comes_becomes_try_again() {
        check(stream::iter([ok()]).chain(stream::pending()).boxed(), &["250 ", "451 4.3.0 ", "451 4.3.0 "]);
    }
}
