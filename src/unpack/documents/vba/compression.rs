//! The compression of VBA source and of the `dir` stream.
//!
//! Does not give up at the first wrong octet: what came before stays, for a broken module still hides a macro. Standards:
//! MS-OVBA §2.4.1.

use crate::limits::VBA_SOURCE_BYTES_MAX;
use crate::unpack::documents::octets::{piece, u16_at};

/// Octets that a chunk has when it is unpacked.
const CHUNK_BYTES: usize = 4096;
const SIGNATURE: u8 = 1;

/// What a compressed container held.
pub(in crate::unpack) struct Unpacked {
    pub(in crate::unpack) bytes: Vec<u8>,
    /// Octets of the container that were read.
    pub(in crate::unpack) used: usize,
    /// False where a chunk was broken, or too much came out.
    pub(in crate::unpack) whole: bool,
}

/// Unpacks a container at the begin of `packed`, to its first octet that is none or to [`VBA_SOURCE_BYTES_MAX`];
/// `None` where there is no container.
pub(in crate::unpack) fn unpack(packed: &[u8]) -> Option<Unpacked> {
    if packed.first() != Some(&SIGNATURE) {
        return None;
    }
    let mut unpacked = Unpacked { bytes: Vec::new(), used: 1, whole: true };
    while let Some(header) = u16_at(packed, unpacked.used) {
        let size = usize::from(header & 0x0fff) + 1;
        let is_chunk = header & 0x7000 == 0x3000;
        let rest = packed.get(unpacked.used + 2..).unwrap_or_default();
        let data = rest.get(..size.min(rest.len())).unwrap_or_default();
        if !is_chunk || unpacked.bytes.len() >= VBA_SOURCE_BYTES_MAX {
            // Streams end on a border of sectors where their size is a lie: zeros behind a module are no damage.
            unpacked.whole = header == 0 && unpacked.bytes.len() < VBA_SOURCE_BYTES_MAX;
            break;
        }
        unpacked.used += 2 + data.len();
        let is_packed = header & 0x8000 != 0;
        let good = if is_packed { chunk(data, &mut unpacked.bytes) } else { stored(data, &mut unpacked.bytes) };
        if !good || data.len() < size {
            unpacked.whole = false;
            break;
        }
    }
    (unpacked.used > 1).then_some(unpacked)
}

fn stored(data: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(data);
    true
}

/// One chunk of literals and copies; false where a copy reaches before its begin or the chunk grows too long.
fn chunk(data: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut at = 0;
    while let Some(flags) = data.get(at) {
        at += 1;
        for bit in 0..8 {
            if at >= data.len() {
                return true;
            }
            let done = out.len() - start;
            if done >= CHUNK_BYTES {
                return false;
            }
            if flags & (1 << bit) == 0 {
                out.extend_from_slice(piece(data, at, 1).unwrap_or_default());
                at += 1;
                continue;
            }
            let Some((offset, length)) = u16_at(data, at).map(|token| copy(token, done)) else { return false };
            at += 2;
            if offset > done {
                return false;
            }
            for _ in 0..length.min(CHUNK_BYTES - done) {
                let Some(byte) = out.get(out.len() - offset).copied() else { return false };
                out.push(byte);
            }
        }
    }
    true
}

/// How far back a copy reaches, and how long it is (§2.4.1.3.19.1). `done` octets of the chunk are there.
fn copy(token: u16, done: usize) -> (usize, usize) {
    let bits = (4..12).find(|bits| 1 << bits >= done).unwrap_or(12);
    let length_mask = 0xffff_u16 >> bits;
    let offset = (token & !length_mask) >> (16 - bits);
    (usize::from(offset) + 1, usize::from(token & length_mask) + 3)
}

#[cfg(test)]
pub(in crate::unpack) mod tests {
    use super::*;

    /// A container of literals only.
    pub(in crate::unpack) fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut packed = vec![SIGNATURE];
        for chunk in bytes.chunks(3600) {
            let data: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0], eight].concat()).collect();
            packed.extend_from_slice(&(0xb000 | (data.len() as u16 - 1)).to_le_bytes());
            packed.extend(data);
        }
        packed
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // MS-OVBA §3.2.1 to 3.2.3.
        let none = b"\x01\x19\xb0\x00abcdefgh\x00ijklmnop\x00qrstuv.";
        let normal = b"\x01\x2f\xb0\x00#aaabcde\x82f\x00\x70agh i\x38j\x01\x38\x08akl\x00\x30mnop\x06q\x02\x70\x04\x10rstu\x10v\x10wx\x00yzac";
        let most = b"\x01\x03\xb0\x02a\x45\x00";
        assert_eq!(unpack(none).unwrap().bytes, b"abcdefghijklmnopqrstuv.");
        assert!(unpack(normal).unwrap().bytes.starts_with(b"#aaabcdef"));
        assert_eq!(unpack(most).unwrap().bytes, [b'a'; 73]);
    }

    #[test]
    fn what_was_packed_comes_out_and_damage_keeps_the_begin() {
        let text: Vec<u8> = (0..10_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let packed = pack(&text);
        let out = unpack(&packed).unwrap();
        assert!(out.whole && out.bytes == text && out.used == packed.len());
        let cut = unpack(&packed[..9000]).unwrap();
        assert!(!cut.whole && text.starts_with(&cut.bytes) && cut.bytes.len() > 7000);
        for none in [&b""[..], b"\0", b"\x01", b"\x01\x19"] {
            assert!(unpack(none).is_none(), "{none:?}");
        }
        let far = unpack(b"\x01\x04\xb0\x02a\x00\xf0b").unwrap();
        assert_eq!((far.whole, &far.bytes[..]), (false, &b"a"[..]));
    }
}
