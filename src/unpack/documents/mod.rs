//! Documents that can hold more than text: macros, objects, other files, links. One file and one line here for each kind.
//!
//! Does not judge.

pub(in crate::unpack) mod ole;
pub(in crate::unpack) mod zip_document;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[
    ole::INSTALLER,
    ole::FORMAT,
    zip_document::OOXML,
    zip_document::OPEN_DOCUMENT,
    zip_document::ANDROID,
    zip_document::JAR,
];
