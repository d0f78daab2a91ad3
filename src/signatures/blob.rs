//! The compiled form: one row of octets in sections, made by the server once and carried to every worker.
//!
//! Octets are checked when a blob is opened and wherever one is read: a broken one is an error, never a panic.

use sha2::{Digest, Sha256};
use std::ops::Range;

/// Changes whenever the meaning of a section does.
const MAGIC: &[u8; 8] = b"tamissg2";
const DIGEST_BYTES: usize = 32;

/// What a blob holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Names,
    Programs,
    Parts,
    Atoms8,
    Atoms4,
    Atoms3,
    Atoms2,
    Logical,
    Hashes,
    Yara,
}

pub(super) const SECTIONS: usize = Section::Yara as usize + 1;

/// The places of all sections.
pub(super) type Places = [Range<usize>; SECTIONS];

pub(super) fn pack(sections: &[Vec<u8>; SECTIONS]) -> Result<Vec<u8>, String> {
    let bytes = sections.iter().map(Vec::len).sum::<usize>();
    if u32::try_from(bytes).is_err() {
        return Err("signatures of more than 4 GiB".into());
    }
    let mut blob = Vec::with_capacity(bytes + MAGIC.len() + SECTIONS * 4 + DIGEST_BYTES);
    blob.extend(MAGIC);
    sections.iter().for_each(|section| put32(&mut blob, section.len()));
    sections.iter().for_each(|section| blob.extend(section));
    let digest = Sha256::digest(&blob);
    blob.extend(digest);
    Ok(blob)
}

pub(super) fn places(blob: &[u8]) -> Result<Places, String> {
    let broken = |what: &str| format!("compiled signatures: {what}");
    let (body, digest) = blob.split_last_chunk::<DIGEST_BYTES>().ok_or_else(|| broken("too short"))?;
    if !body.starts_with(MAGIC) {
        return Err(broken("of another version"));
    }
    if Sha256::digest(body).as_slice() != digest {
        return Err(broken("damaged"));
    }
    let mut at = MAGIC.len() + SECTIONS * 4;
    let mut places = Places::default();
    for (index, place) in places.iter_mut().enumerate() {
        let length = get32(body, MAGIC.len() + index * 4).ok_or_else(|| broken("too short"))?;
        *place = at..at.saturating_add(length as usize);
        at = place.end;
    }
    if at == body.len() { Ok(places) } else { Err(broken("sections of another length")) }
}

pub(super) fn put32(to: &mut Vec<u8>, number: usize) {
    // Everything that is numbered is bounded far below.
    to.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

pub(super) fn put16(to: &mut Vec<u8>, number: usize) {
    to.extend(u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes());
}

pub(super) fn get32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|octets| u32::from_le_bytes(*octets))
}

/// Reads one entry from its begin to its end.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|octets| u16::from_le_bytes(*octets))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|octets| u32::from_le_bytes(*octets))
    }

    /// Octets behind their length.
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let count = self.u16()?;
        self.take(usize::from(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_that_was_touched_is_refused() {
        let mut sections: [Vec<u8>; SECTIONS] = Default::default();
        sections[Section::Parts as usize] = b"abc".to_vec();
        let blob = pack(&sections).unwrap();
        let places = places(&blob).unwrap();
        assert_eq!(&blob[places[Section::Parts as usize].clone()], b"abc");
        for at in 0..blob.len() {
            let mut bad = blob.clone();
            bad[at] ^= 1;
            assert!(super::places(&bad).is_err(), "{at}");
            assert!(super::places(&blob[..at]).is_err(), "{at}");
        }
    }
}
