//! Documents that can hold more than text: macros, objects, other files, links. One file and one line here for each kind.
//!
//! Does not judge.

pub(in crate::unpack) mod calendar;
pub(in crate::unpack) mod compound;
pub(in crate::unpack) mod dde;
pub(in crate::unpack) mod excel;
pub(in crate::unpack) mod flat;
pub(in crate::unpack) mod installer;
mod marks;
pub(in crate::unpack) mod markup;
pub(in crate::unpack) mod octets;
pub(in crate::unpack) mod ole;
pub(in crate::unpack) mod onenote;
pub(in crate::unpack) mod ooxml;
pub(in crate::unpack) mod open_document;
pub(in crate::unpack) mod outlook;
pub(in crate::unpack) mod package;
pub(in crate::unpack) mod pdf;
pub(in crate::unpack) mod powerpoint;
pub(in crate::unpack) mod remote;
pub(in crate::unpack) mod rtf;
#[cfg(test)]
pub(in crate::unpack) mod samples;
pub(in crate::unpack) mod stylesheet;
#[cfg(test)]
mod tests;
pub(in crate::unpack) mod vba;
pub(in crate::unpack) mod web;
pub(in crate::unpack) mod word;
pub(in crate::unpack) mod zip_document;

use super::{Format, Opening, Role};

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[
    ole::INSTALLER,
    ole::FORMAT,
    vba::FORMAT,
    excel::FORMAT,
    zip_document::OOXML,
    zip_document::OPEN_DOCUMENT,
    zip_document::ANDROID,
    zip_document::JAR,
    rtf::FORMAT,
    flat::ACTIVE_MIME,
    flat::XML,
    flat::WEB_ARCHIVE,
    pdf::FORMAT,
    onenote::FORMAT,
    calendar::CALENDAR,
    calendar::CARD,
    stylesheet::FORMAT,
    web::SCRIPT,
    web::FORMAT,
    dde::SYLK,
    dde::CELLS,
];

/// True for pages and their scripts, whose reader decodes what scripts hold.
pub(in crate::unpack) fn reads_scripts(format: &Format) -> bool {
    format.name == web::FORMAT.name || format.name == web::SCRIPT.name
}

/// Says of the member that was taken last how the document around it uses it.
fn declare_last(opening: &mut Opening<'_>, declared_type: &str, role: Role) {
    if let Some(member) = opening.members.last_mut() {
        member.declared_type = declared_type.to_string();
        member.role = role;
    }
}
