//! Documents that can hold more than text: macros, objects, other files, links. One file and one line here for each kind.
//!
//! Does not judge.

pub(in crate::unpack) mod compound;
pub(in crate::unpack) mod compressed_rtf;
pub(in crate::unpack) mod dde;
pub(in crate::unpack) mod excel;
pub(in crate::unpack) mod flat;
pub(in crate::unpack) mod installer;
pub(in crate::unpack) mod markup;
pub(in crate::unpack) mod octets;
pub(in crate::unpack) mod ole;
pub(in crate::unpack) mod ooxml;
pub(in crate::unpack) mod open_document;
pub(in crate::unpack) mod outlook;
pub(in crate::unpack) mod package;
pub(in crate::unpack) mod powerpoint;
pub(in crate::unpack) mod remote;
pub(in crate::unpack) mod rtf;
#[cfg(test)]
pub(in crate::unpack) mod samples;
pub(in crate::unpack) mod vba;
pub(in crate::unpack) mod word;
pub(in crate::unpack) mod zip_document;

#[cfg(test)]
mod tests;

use super::Format;

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
    dde::SYLK,
    dde::CELLS,
];
