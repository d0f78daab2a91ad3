//! What another filter said, where the operator names its host.
//!
//! Does not read the header itself: who may be believed is settled before ([`crate::mail::foreign_verdict`]).

use super::{Check, Facts, Finding};
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "foreign_verdict",
    about: "A filter that the operator believes called it spam.",
    finds: &["foreign_verdict"],
    look,
};

/// `YES` in X-Spam-Flag, `Yes, score=…` in X-Spam-Status.
fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let verdict = facts.session.foreign_verdict.as_deref().unwrap_or_default();
    let yes = verdict.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("yes"));
    yes.then(|| Finding::new("foreign_verdict", verdict)).into_iter().collect()
}
