//! All that is known about a message when the checks run: values from `ask`, `unpack` and the envelope.
//!
//! A fact that could not be learned is `None` or *unknown*, never a verdict (invariant 11).

use super::{Kit, Lists, Text};
use crate::mail::{self, Link, Message, Session};
use crate::signatures::{Scan, Seen};
use crate::unpack::{self, Budget, Inside};
use std::sync::Arc;

/// What the checks may look at beside the message itself.
#[derive(Clone, Debug)]
pub struct Facts {
    pub session: Session,
    pub inside: Inside,
    pub signatures: Seen,
    pub links: Vec<Link>,
    /// What a person reads, folded; made once for all checks.
    pub text: Text,
    pub lists: Arc<Lists>,
}

impl Facts {
    /// What the message itself and its envelope tell.
    pub fn gather(message: &Message<'_>, session: &Session, kit: &Kit) -> Self {
        let budget = Budget::new(&kit.allowance, message.bytes.len(), kit.clock);
        let mut scan = Scan::new(&kit.signatures, kit.clock);
        let inside = unpack::open_with(message, budget, &mut |item, contents| scan.contents(item, contents));
        scan.message(message.bytes);
        Self {
            session: session.clone(),
            signatures: scan.finish(),
            inside,
            links: mail::links(message),
            text: Text::of(message),
            lists: Arc::clone(&kit.lists),
        }
    }
}
