//! Images of optical discs: ISO 9660 with all its names, UDF, both on one disc, and raw images with whole sectors.
//!
//! Does not read audio tracks. A disc with two file systems may show each reader another tree: all are read. Standards:
//! ECMA-119, ECMA-130 (sectors), ECMA-167.

use super::{iso9660, udf};
use crate::unpack::fields::slice;
use crate::unpack::pieces::{Piece, Pieces};
use crate::unpack::{Contents, Format, Nature, Opening};
use std::collections::BTreeSet;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "disc", about: "images of discs (ISO 9660, UDF)", recognise, nature: Nature::Container(open) };
pub(in crate::unpack) const RAW: Format = Format {
    name: "raw disc",
    about: "images of discs with whole sectors (.bin)",
    recognise: |contents| Raw::read(contents.bytes).map(|_| "application/x-cd-image"),
    nature: Nature::Container(open_raw),
};

/// ECMA-130 §14: what each sector begins with.
const SYNC: &[u8] = b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0";
const RAW_SECTOR_BYTES: usize = 2352;

/// First octet and length of the files that were given.
pub(super) type Seen = BTreeSet<(u64, u64)>;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    if iso9660::is_iso(contents.bytes) {
        return Some("application/x-iso9660-image");
    }
    udf::is_udf(contents.bytes).then_some("application/x-udf-image")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    // What Windows shows comes first: a file that another tree shows as well is not given twice.
    let mut seen = Seen::new();
    if udf::is_udf(bytes) && udf::open(bytes, &mut seen, opening).is_break() {
        return;
    }
    if iso9660::is_iso(bytes) {
        // Nothing follows that a spent budget could skip.
        let _ = iso9660::open(bytes, &mut seen, opening);
    }
}

/// Sectors with their sync marks and checksums around 2048 octets of data.
struct Raw {
    data_at: usize,
}

impl Raw {
    fn read(bytes: &[u8]) -> Option<Self> {
        let sector = slice(bytes, 0, RAW_SECTOR_BYTES)?;
        // ECMA-130 §14: mode 1; mode 2 has a subheader of eight octets (CD-ROM XA).
        let data_at = match *sector.get(15)? {
            1 => 16,
            2 => 24,
            _ => return None,
        };
        sector.starts_with(SYNC).then_some(Self { data_at })
    }
}

fn open_raw(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let Some(Raw { data_at }) = Raw::read(contents.bytes) else { return };
    let sectors = contents.bytes.len() / RAW_SECTOR_BYTES;
    let pieces = (0..sectors).map(|sector| Piece::Data {
        start: (sector * RAW_SECTOR_BYTES + data_at) as u64,
        length: iso9660::SECTOR_BYTES as u64,
    });
    // Nothing follows that a spent budget could skip.
    let _ = opening.take("track.iso", Pieces::new(contents.bytes, pieces));
}
