//! Archives that are known by their marks and not read: what is in them nobody here sees, and that is said.
//!
//! Does not list members. Sources: the formats' own notes, and what their readers look for.

use super::numbers::u32_le;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "unread archive",
    about: "archives that are only recognised: ACE, ALZ, EGG, StuffIt, ARC, FreeArc and others",
    recognise,
    nature: Nature::Container(open),
};

/// Place, mark, media type.
const MARKS: [(usize, &[u8], &str); 17] = [
    (7, b"**ACE**", "application/x-ace-compressed"),
    (0, b"ALZ\x01", "application/x-alz-compressed"),
    (0, b"EGGA\0\x01", "application/x-egg-compressed"),
    (0, b"SIT!\0", "application/x-stuffit"),
    (0, b"StuffIt (c)1997", "application/x-stuffit"),
    (0, b"StuffIt!", "application/x-stuffitx"),
    (0, b"ArC\x01", "application/x-freearc"),
    (0, b"UHA\x06", "application/x-uharc"),
    (0, b"BH\x05\x07", "application/x-blackhole"),
    (7, b"-sqx-", "application/x-sqx-compressed"),
    (0, b"KGB_arch -", "application/x-kgb-compressed"),
    (0, b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3zPQ", "application/x-zpaq"),
    (0, b"zPQ", "application/x-zpaq"),
    (0, b"DMS!", "application/x-dms"),
    (0, b"LZX\0", "application/x-lzx"),
    (0, b"\x13\x5d\x65\x8c", "application/x-installshield"),
    (0, b"xar!\0\x1c", "application/x-xar"),
];
/// Octets of the header of a member of ARC.
const ARC_HEADER_BYTES: usize = 29;
const ARC: &str = "application/x-arc";

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let marked = MARKS.iter().find(|(at, mark, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    marked.map(|(_, _, media_type)| *media_type).or_else(|| begins_as_arc(bytes).then_some(ARC))
}

/// ARC has a mark of one octet; its name in 8.3 and its sizes must make sense, too.
fn begins_as_arc(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..ARC_HEADER_BYTES) else { return false };
    let (Some([0x1a, 1..=11]), Some(name)) = (header.get(..2), header.get(2..15)) else { return false };
    let Some(length) = memchr::memchr(0, name) else { return false };
    let readable = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'*' | b'?');
    let packed = u32_le(header, 15).map_or(usize::MAX, |size| size as usize);
    length > 0 && name.iter().take(length).all(readable) && packed <= bytes.len()
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    opening.note(NoteKind::Unread, recognise(contents).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::shown;

    #[test]
    fn what_is_not_read_is_said_so() {
        for (bytes, want) in [
            (&b"\x31\x32\x33\0\0\x90\0**ACE**\x14\x14"[..], "application/x-ace-compressed"),
            (b"ALZ\x01\x0a\0\0\0", "application/x-alz-compressed"),
            (b"\x1a\x08README.TXT\0\0\0\x03\0\0\0\x21\x30\0\0\0\0\x03\0\0\0abc", "application/x-arc"),
        ] {
            assert_eq!(shown(bytes), (vec![want.to_string()], vec!["Unread".to_string()]));
        }
        assert_eq!(shown(b"\x1a\x08 is how this begins").1, [""; 0]);
    }
}
