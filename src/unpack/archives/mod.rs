//! Containers with many members: archives, packages, images of disks. One file and one line here for each kind.
//!
//! Does not judge, and never uses a member's name as a path.

mod ar;
mod cpio;
mod rpm;
pub(in crate::unpack) mod tar;
mod tar_header;
mod traversal;
pub(in crate::unpack) mod zip;
pub(in crate::unpack) mod zip_local;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] =
    &[zip::FORMAT, tar::FORMAT, ar::DEB, ar::FORMAT, rpm::FORMAT, cpio::FORMAT, tar::BEHIND];
