//! One compressed file each, without a table of members. One file and one line here for each kind.
//!
//! Does not judge.

mod brotli;
mod bzip2;
mod compress;
pub(in crate::unpack) mod gzip;
mod joined;
mod lz4;
mod lzma;
mod msdos;
mod names;
#[cfg(test)]
pub(in crate::unpack) mod samples;
mod skippable;
#[cfg(test)]
mod tests;
mod zstd;

use super::Format;

/// The most certain first: the last ones have no mark, or one of two octets.
pub(super) const FORMATS: &[Format] = &[
    gzip::FORMAT,
    bzip2::FORMAT,
    lzma::XZ,
    lzma::LZIP,
    zstd::FORMAT,
    lz4::FORMAT,
    msdos::SZDD,
    msdos::KWAJ,
    compress::FORMAT,
    lzma::LZMA,
    brotli::FORMAT,
    gzip::ZLIB,
];
