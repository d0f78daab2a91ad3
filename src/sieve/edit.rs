//! Which header fields a script may add and delete.
//!
//! Standards: RFC 5322 §2.2 (field names), RFC 5293 §6 (what must stay).

use crate::mail::{may_be_added, may_be_deleted};

/// Printable ASCII without a colon.
pub(super) fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

/// May a script not add (else: delete) that field?
pub(super) fn is_protected(name: &str, adding: bool) -> bool {
    if adding { !may_be_added(name) } else { !may_be_deleted(name) }
}
