//! Containers with many members: archives, packages, images of disks. One file and one line here for each kind.
//!
//! Does not judge, and never uses a member's name as a path.

mod ar;
pub(in crate::unpack) mod arj;
mod arj_decoders;
pub(in crate::unpack) mod cab;
mod cab_folder;
mod checked;
pub(in crate::unpack) mod chm;
mod cpio;
mod disc;
mod disk;
mod fat;
mod folders;
#[cfg(test)]
pub(in crate::unpack) mod image_samples;
#[cfg(test)]
mod image_tests;
pub(in crate::unpack) mod installshield;
mod installshield_cab;
mod iso9660;
pub(in crate::unpack) mod lha;
mod named;
pub(in crate::unpack) mod names;
pub(in crate::unpack) mod nsis;
pub(in crate::unpack) mod rar;
mod rar_old;
mod rock_ridge;
mod rpm;
pub(in crate::unpack) mod sevenz;
mod sevenz_single;
mod sevenz_table;
pub(in crate::unpack) mod sis;
mod solid;
#[cfg(test)]
pub(in crate::unpack) mod tape_samples;
#[cfg(test)]
mod tape_tests;
pub(in crate::unpack) mod tar;
mod tar_header;
mod traversal;
mod udf;
pub(in crate::unpack) mod zip;
mod zip_directory;
pub(in crate::unpack) mod zip_local;
mod zip_member;
mod zip_spans;
pub(in crate::unpack) mod zoo;

use super::Format;

/// The most certain first.
pub(super) const FORMATS: &[Format] = &[
    zip::FORMAT,
    sevenz::FORMAT,
    rar::FORMAT,
    cab::FORMAT,
    arj::FORMAT,
    lha::FORMAT,
    tar::FORMAT,
    ar::DEB,
    ar::FORMAT,
    rpm::FORMAT,
    cpio::FORMAT,
    chm::FORMAT,
    nsis::FORMAT,
    sis::FORMAT,
    installshield::FORMAT,
    disc::FORMAT,
    disc::RAW,
    disk::VHD,
    zoo::FORMAT,
    named::FORMAT,
    fat::FORMAT,
    disk::FORMAT,
    tar::BEHIND,
];
