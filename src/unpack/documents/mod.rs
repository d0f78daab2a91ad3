//! Documents that can hold more than text: macros, objects, other files, links. One file and one line here for each kind.
//!
//! Does not judge.

pub(in crate::unpack) mod calendar;
mod marks;
pub(in crate::unpack) mod ole;
pub(in crate::unpack) mod onenote;
pub(in crate::unpack) mod pdf;
pub(in crate::unpack) mod stylesheet;
pub(in crate::unpack) mod web;
pub(in crate::unpack) mod zip_document;

use super::{Format, Opening, Role};

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[
    ole::INSTALLER,
    ole::FORMAT,
    zip_document::OOXML,
    zip_document::OPEN_DOCUMENT,
    zip_document::ANDROID,
    zip_document::JAR,
    pdf::FORMAT,
    onenote::FORMAT,
    calendar::CALENDAR,
    calendar::CARD,
    stylesheet::FORMAT,
    web::SCRIPT,
    web::FORMAT,
];

/// Says of the member that was taken last how the document around it uses it.
fn declare_last(opening: &mut Opening<'_>, declared_type: &str, role: Role) {
    if let Some(member) = opening.members.last_mut() {
        member.declared_type = declared_type.to_string();
        member.role = role;
    }
}
