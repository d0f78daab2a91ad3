//! The carver: files in a text, whatever the structure around them says. Base64 lines, uuencode, xxencode, yEnc, BinHex 4.0.
//!
//! Linear: every octet belongs to one run at most. Does not know parts, boundaries or header fields, so nothing of
//! these can fool it. Standards: RFC 2045 §6.8, RFC 1741 (BinHex), POSIX uuencode, yEnc 1.3.

mod base64_runs;
mod binhex;
pub(crate) mod lines;
mod uuencode;
mod yenc;

#[cfg(test)]
pub(crate) use self::binhex::tests::binhex;
pub(crate) use base64_runs::is_base64_line;
use lines::{line_at, text_of};
use std::ops::{ControlFlow, Range};

/// One file that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carved {
    pub(crate) coding: &'static str,
    pub(crate) name: Option<String>,
    /// Where its text lies.
    pub(crate) range: Range<usize>,
    pub(crate) contents: Vec<u8>,
    /// Its end was found, its sums are right.
    pub(crate) condition: Condition,
}

/// What a decoder says of what it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Sound,
    Damaged,
    /// It would be larger than was allowed.
    CutOff,
}

/// Gives every file in the text to `take` until that breaks; none of more than `most` octets.
pub(crate) fn files(bytes: &[u8], most: usize, take: &mut dyn FnMut(Carved) -> ControlFlow<()>) {
    files_beside(bytes, &[], most, take);
}

/// As [`files`], without these places, which are sorted.
pub(crate) fn files_beside(
    bytes: &[u8],
    known: &[Range<usize>],
    most: usize,
    take: &mut dyn FnMut(Carved) -> ControlFlow<()>,
) {
    let mut known = known.iter().peekable();
    let mut at = 0;
    while let Some(line) = line_at(bytes, at) {
        while known.next_if(|place| place.end <= at).is_some() {}
        if let Some(place) = known.peek().filter(|place| place.contains(&at)) {
            at = place.end;
            continue;
        }
        let text = text_of(bytes, line);
        let begun = match text.first() {
            Some(b'b') => uuencode::begun(bytes, line, most),
            Some(b'=') => yenc::begun(bytes, line, most),
            Some(b'(') => binhex::begun(bytes, line, most),
            Some(_) | None => None,
        };
        if let Some((carved, next)) = begun {
            at = next.max(line.next);
            if carved.is_some_and(|carved| take(carved).is_break()) {
                return;
            }
            continue;
        }
        if !base64_runs::is_base64_line(text) {
            at = line.next;
            continue;
        }
        let (found, next) = base64_runs::run(bytes, line, most);
        at = next.max(line.next);
        for carved in found {
            if take(carved).is_break() {
                return;
            }
        }
    }
}

/// True where the contents are of a kind that is known by its first octets, or a clean text: what no chance makes.
pub(crate) fn is_meant(contents: &[u8]) -> bool {
    is_file(contents) || is_clean_text(contents)
}

/// True for contents that are no text, known by their first octets.
pub(crate) fn is_file(contents: &[u8]) -> bool {
    /// Marks that the infer crate lacks, or knows only with more of the file.
    const MARKS: [&[u8]; 8] = [
        b"PK\x03\x04",
        b"MZ\x90",
        b"%PDF-",
        b"{\\rt",
        b"\x4c\0\0\0\x01\x14\x02\0",
        b"\x78\x9f\x3e\x22",
        b"ITSF",
        b"X5O!P%@AP[4",
    ];
    // Bitmaps and sounds of two or three letters are found in any text.
    let is_weak =
        |kind: &infer::Type| kind.matcher_type() == infer::MatcherType::Text || WEAK.contains(&kind.mime_type());
    let known = infer::get(contents).filter(|kind| !is_weak(kind) && !is_clean_text(contents));
    MARKS.iter().any(|mark| contents.starts_with(mark)) || known.is_some() || is_pe(contents)
}

/// A program for Windows: its header lies where the DOS header says.
fn is_pe(contents: &[u8]) -> bool {
    let at = contents.get(0x3c..0x40).and_then(|at| <[u8; 4]>::try_from(at).ok()).map(u32::from_le_bytes);
    let header = at.and_then(|at| contents.get(at as usize..)).unwrap_or_default();
    contents.starts_with(b"MZ") && header.starts_with(b"PE\0\0")
}

/// Types that infer knows by two octets, which one run of random octets in thousands has, and keys, which texts show.
const WEAK: [&str; 6] = [
    "image/bmp",
    "audio/mpeg",
    "audio/aac",
    "application/x-compress",
    "application/x-x509-ca-cert",
    "application/vnd.microsoft.portable-executable",
];
/// Octets of the shortest text that is taken for one.
const TEXT_BYTES_MIN: usize = 24;

fn is_clean_text(contents: &[u8]) -> bool {
    let begin = contents.get(..contents.len().min(4096)).unwrap_or_default();
    let is_utf8 = match std::str::from_utf8(begin) {
        Ok(_) => true,
        Err(error) => error.valid_up_to() + 4 > begin.len(),
    };
    let is_control =
        |byte: &u8| *byte == 0x7f || (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a));
    begin.len() >= TEXT_BYTES_MIN && is_utf8 && !begin.iter().any(is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn carve(text: &[u8]) -> Vec<(&'static str, Option<String>, Vec<u8>, Condition)> {
        let mut found = Vec::new();
        files(text, 1 << 20, &mut |c| {
            found.push((c.coding, c.name, c.contents, c.condition));
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn files_are_found_amid_text() {
        let zip = [&b"PK\x03\x04"[..], &[7; 100]].concat();
        let base64 = {
            use base64::{Engine, engine::general_purpose::STANDARD};
            STANDARD.encode(&zip)
        };
        let text = format!(
            "Hello,\r\nhere it is:\r\n{}\r\n{}\r\n--x\r\nbegin 644 a b.txt\r\n#0V%T\r\n`\r\nend\r\nbye\r\n",
            base64.get(..76).unwrap(),
            base64.get(76..).unwrap()
        );
        let found = carve(text.as_bytes());
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].0, &found[0].2), ("base64", &zip));
        assert_eq!(
            (found[1].0, found[1].1.as_deref(), found[1].2.as_slice()),
            ("uuencode", Some("a b.txt"), &b"Cat"[..])
        );
    }

    #[test]
    fn words_signatures_and_keys_are_no_files() {
        let text = "Hello\r\nthere\r\nbegin with this\r\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\r\n\
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\r\n4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0/IzW7yWR7QkrmBL7jTKEn5u\r\n\
            =ybegin\r\n(This is no file)\r\n";
        assert_eq!(carve(text.as_bytes()), []);
    }
}
