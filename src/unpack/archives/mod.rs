//! Containers with many members: archives, packages, images of disks. One file and one line here for each kind.
//!
//! Does not judge, and never uses a member's name as a path.

pub(in crate::unpack) mod arj;
mod arj_decoders;
pub(in crate::unpack) mod cab;
mod cab_folder;
mod checked;
pub(in crate::unpack) mod chm;
pub(in crate::unpack) mod installshield;
mod installshield_cab;
pub(in crate::unpack) mod lha;
mod named;
pub(in crate::unpack) mod names;
pub(in crate::unpack) mod nsis;
pub(in crate::unpack) mod numbers;
pub(in crate::unpack) mod rar;
mod rar_old;
pub(in crate::unpack) mod sevenz;
mod sevenz_single;
mod sevenz_table;
pub(in crate::unpack) mod sis;
mod solid;
pub(in crate::unpack) mod tar;
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
    chm::FORMAT,
    nsis::FORMAT,
    sis::FORMAT,
    installshield::FORMAT,
    zoo::FORMAT,
    named::FORMAT,
    tar::FORMAT,
];
