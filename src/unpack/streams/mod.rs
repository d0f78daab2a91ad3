//! One compressed file each, without a table of members. One file and one line here for each kind.
//!
//! Does not judge.

pub(in crate::unpack) mod gzip;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[gzip::FORMAT];
