//! The packed RTF text of Outlook: LZFu, or MELA where it is not packed.
//!
//! Does not read RTF: `documents` does. Standards: MS-OXRTFCP.

/// What every dictionary begins with.
const BEGIN: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor \
MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;
const HEAD_BYTES: usize = 16;

/// The text, at most `most` octets of it; `None` where it is neither.
pub(in crate::unpack) fn unpack(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let body = bytes.get(HEAD_BYTES..)?;
    match bytes.get(8..12)? {
        b"LZFu" => Some(lzfu(body, most)),
        b"MELA" => Some(body.get(..body.len().min(most))?.to_vec()),
        _ => None,
    }
}

/// Runs of eight: a set bit is a place in the window and a length, a clear one an octet.
fn lzfu(body: &[u8], most: usize) -> Vec<u8> {
    let mut window = vec![b' '; WINDOW];
    if let Some(begin) = window.get_mut(..BEGIN.len()) {
        begin.copy_from_slice(BEGIN);
    }
    let mut at = BEGIN.len();
    let mut out = Vec::new();
    let mut bytes = body.iter().copied();
    let mut put = |window: &mut Vec<u8>, out: &mut Vec<u8>, byte: u8| {
        if let Some(slot) = window.get_mut(at) {
            *slot = byte;
        }
        at = (at + 1) % WINDOW;
        out.push(byte);
        at
    };
    let mut now = BEGIN.len();
    while let Some(control) = bytes.next() {
        for bit in 0..8 {
            if out.len() >= most {
                out.truncate(most);
                return out;
            }
            if control >> bit & 1 == 0 {
                let Some(byte) = bytes.next() else { return out };
                now = put(&mut window, &mut out, byte);
                continue;
            }
            let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else { return out };
            let place = usize::from(high) << 4 | usize::from(low >> 4);
            if place == now {
                return out;
            }
            for step in 0..usize::from(low & 15) + 2 {
                let byte = window.get((place + step) % WINDOW).copied().unwrap_or_default();
                now = put(&mut window, &mut out, byte);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        // The example of MS-OXRTFCP §4.1.
        let packed =
            b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\n\xf3 hel\t\0 bw\x05\xb0ld}\n\x80\x0f\xa0";
        let text = unpack(packed, 1000).unwrap();
        assert_eq!(String::from_utf8_lossy(&text), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(unpack(packed, 5).unwrap(), b"{\\rtf");
        assert_eq!(unpack(b"\x2d\0\0\0\x2b\0\0\0MELA\0\0\0\0{\\rtf1 x}", 1000).unwrap(), b"{\\rtf1 x}");
        assert_eq!(unpack(b"\x2d\0\0\0\x2b\0\0\0NONE\0\0\0\0{\\rtf1 x}", 1000), None);
    }
}
