//! All that is known about a message when the checks run: values from `ask`, `unpack` and the envelope.
//!
//! A fact that could not be learned is `None` or *unknown*, never a verdict (invariant 11).

use super::{Lists, Text};
use crate::mail::{self, Link, Message, Session};
use crate::unpack::{self, Inside};
use std::sync::Arc;

/// What the checks may look at beside the message itself.
#[derive(Clone, Debug)]
pub struct Facts {
    pub session: Session,
    pub inside: Inside,
    pub links: Vec<Link>,
    /// What a person reads, folded; made once for all checks.
    pub text: Text,
    pub lists: Arc<Lists>,
}

impl Facts {
    /// What the message itself and its envelope tell.
    pub fn gather(message: &Message<'_>, session: &Session, lists: &Arc<Lists>) -> Self {
        Self {
            session: session.clone(),
            inside: unpack::open(message),
            links: mail::links(message),
            text: Text::of(message),
            lists: Arc::clone(lists),
        }
    }
}
