//! The packed RTF of Outlook: bodies of .msg files and of TNEF.
//!
//! Does not check the sum: a body with a wrong one is read all the same. Standards: MS-OXRTFCP.

use super::octets::{size_at, u32_at};

const PACKED: u32 = 0x7546_5a4c;
const STORED: u32 = 0x414c_454d;
const HEADER_BYTES: usize = 16;
const WINDOW: usize = 4096;
/// What the window holds at the begin (§2.1.2.1).
const BEGIN: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Unpacks a body, at most so many octets.
pub(in crate::unpack) fn unpack(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    let most = size_at(bytes, 4)?.min(usize::try_from(most).unwrap_or(usize::MAX));
    let data = bytes.get(HEADER_BYTES..)?;
    match u32_at(bytes, 8)? {
        STORED => Some(data.get(..most.min(data.len()))?.to_vec()),
        PACKED => Some(copies(data, most)),
        _ => None,
    }
}

fn copies(data: &[u8], most: usize) -> Vec<u8> {
    let mut window = [0_u8; WINDOW];
    let mut write = 0;
    let mut put = |byte: u8, window: &mut [u8; WINDOW]| {
        if let Some(place) = window.get_mut(write % WINDOW) {
            *place = byte;
        }
        write += 1;
        write % WINDOW
    };
    let mut end = 0;
    BEGIN.iter().for_each(|byte| end = put(*byte, &mut window));
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(flags) = data.get(at) {
        at += 1;
        for bit in 0..8 {
            let (Some(first), true) = (data.get(at).copied(), out.len() < most) else { return out };
            if flags & (1 << bit) == 0 {
                at += 1;
                out.push(first);
                end = put(first, &mut window);
                continue;
            }
            let Some(second) = data.get(at + 1).copied() else { return out };
            at += 2;
            let from = usize::from(first) << 4 | usize::from(second) >> 4;
            if from == end {
                return out;
            }
            for step in 0..usize::from(second & 15) + 2 {
                let byte = window.get((from + step) % WINDOW).copied().unwrap_or(0);
                out.push(byte);
                end = put(byte, &mut window);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // MS-OXRTFCP §4.1.1 and §4.1.2.
        let simple =
            b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\n\0rcpg125B2\n\xf3 hel\t\0 bw\x05\xb0ld}\n\x80\x0f\xa0";
        assert_eq!(BEGIN.len(), 207);
        assert_eq!(unpack(simple, 1000).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4KQA\0\x04 WXYZ\r\nTr\x01\0\0";
        assert!(unpack(crossing, 1000).is_some());
        // One copy more at most.
        assert!(unpack(simple, 5).unwrap().len() < 5 + 18);
        assert!(unpack(b"LZFu", 10).is_none());
    }
}
