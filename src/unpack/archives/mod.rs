//! Containers with many members: archives, packages, images of disks. One file and one line here for each kind.
//!
//! Does not judge, and never uses a member's name as a path.

mod ar;
mod cpio;
mod disc;
mod disk;
mod fat;
mod folders;
#[cfg(test)]
pub(in crate::unpack) mod image_samples;
#[cfg(test)]
mod image_tests;
mod iso9660;
mod rock_ridge;
mod rpm;
#[cfg(test)]
pub(in crate::unpack) mod tape_samples;
#[cfg(test)]
mod tape_tests;
pub(in crate::unpack) mod tar;
mod tar_header;
mod traversal;
mod udf;
mod unread;
pub(in crate::unpack) mod zip;
pub(in crate::unpack) mod zip_local;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[
    zip::FORMAT,
    tar::FORMAT,
    ar::DEB,
    ar::FORMAT,
    rpm::FORMAT,
    cpio::FORMAT,
    disc::FORMAT,
    disc::RAW,
    disk::VHD,
    unread::FORMAT,
    fat::FORMAT,
    disk::FORMAT,
    tar::BEHIND,
];
