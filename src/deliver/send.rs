//! The way out for one delivery: who takes it, from whom it comes, and how much of it a user has.
//!
//! Does not decide what is sent: the plan does; and does not keep account: the store does.

use super::{Env, Sight};
use crate::ask::Submission;
use crate::config::{RedirectFrom, RejectBy};
use crate::mail::Message;
use crate::plan::{Action, Content, Outgoing, OutgoingKind, Plan, Rcpt, Unsent};
use crate::store::{Leaving, Parcel, PerDay};
use tokio::runtime::Handle;

/// Hands over by the settings' server or command; to be called where it may block.
pub(super) fn post(handle: Handle, env: &Env) -> impl Fn(&Parcel<'_>) -> Result<(), Unsent> + use<> {
    let submission = Submission::new(&env.settings);
    move |parcel| handle.block_on(submission.hand_over(parcel.from, parcel.to, parcel.message, parcel.patience))
}

pub(super) fn way_out<'a>(
    post: &'a dyn Fn(&Parcel<'_>) -> Result<(), Unsent>,
    rcpt: &Rcpt,
    sight: &Sight,
) -> Leaving<'a> {
    let settings = &sight.settings.leaving;
    Leaving {
        post,
        redirect_from: match settings.redirect_from {
            RedirectFrom::Sender => None,
            RedirectFrom::Recipient => Some(rcpt.address.to_string()),
        },
        per_day: PerDay {
            redirects: settings.redirects_per_day,
            vacations: settings.vacations_per_day,
            notifications: settings.notifications_per_day,
        },
    }
}

/// The words of a reject that is the whole plan, where the settings let LMTP say it.
pub(super) fn said_by_lmtp(plan: &Plan, sight: &Sight) -> Option<String> {
    match (sight.settings.leaving.reject, plan.actions.as_slice()) {
        (RejectBy::Lmtp, [Action::Send(Outgoing { kind: OutgoingKind::Reject, content: Content::Text(text), .. })]) => {
            Some(first_text(text))
        }
        (RejectBy::Lmtp | RejectBy::Message, _) => None,
    }
}

/// What a person reads first in our message: the reason.
fn first_text(message: &str) -> String {
    let parts = Message::parse(message.as_bytes()).parts;
    parts.into_iter().find(|part| part.is_body()).and_then(|part| part.text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    const REJECT: &str = "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\nNot h=65re\r\n--b\r\nContent-Type: \
                    message/disposition-notification\r\n\r\nx: y\r\n--b--\r\n";

    #[test]
    fn the_reason_of_a_reject_is_its_first_text() {
        assert_eq!(first_text(REJECT).trim(), "Not here");
        assert_eq!(first_text(""), "");
    }

    #[test]
    fn lmtp_says_a_reject_only_where_it_may_and_the_reject_is_all() {
        let reject = Action::Send(Outgoing {
            kind: OutgoingKind::Reject,
            from: String::new(),
            to: vec!["ben@friends.example".into()],
            content: Content::Text(REJECT.into()),
            once: None,
        });
        let (alone, kept) = (Plan::of(reject.clone()), Plan { actions: vec![reject], ..Plan::keep() });
        let more = Plan { actions: [Plan::keep().actions, kept.actions].concat(), ..Plan::default() };
        for (by, plan, said) in [
            (RejectBy::Lmtp, &alone, true),
            (RejectBy::Lmtp, &more, false),
            (RejectBy::Lmtp, &Plan::keep(), false),
            (RejectBy::Message, &alone, false),
        ] {
            let mut settings = Settings::embedded();
            settings.leaving.reject = by;
            let sight = Sight::new(settings, "/bin/false".into()).unwrap();
            assert_eq!(said_by_lmtp(plan, &sight).is_some(), said, "{by:?} {plan:?}");
        }
    }
}
