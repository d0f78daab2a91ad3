//! LHA and LZH archives, headers of levels 0 to 3.
//!
//! Does not read the methods of PMarc. Sources: the header notes of LHa for UNIX; the `delharc` crate.

use super::names;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use delharc::LhaDecodeReader;
use std::io::Read;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "lha", about: "LHA and LZH archives", recognise, nature: Nature::Container(open) };

/// Octets of a header of level 2 at least, and at most for names as people give them.
const HEADER_BYTES_MIN: usize = 26;
const HEADER_BYTES_MAX: usize = 4096;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    begins_as_lha(contents.bytes).then_some("application/x-lzh-compressed")
}

/// True where an archive begins right here: two octets, then `-lh5-` or another method, and a level.
pub(in crate::unpack) fn begins_as_lha(bytes: &[u8]) -> bool {
    let method = bytes.get(2..7).unwrap_or_default();
    let known = matches!(method, [b'-', b'l', b'h' | b'z', _, b'-'] | [b'-', b'p', b'm', _, b'-']);
    known && bytes.get(20).is_some_and(|level| *level <= 3)
}

/// The same where the archive may stand anywhere: a header has its checksum, or a length as headers have.
pub(in crate::unpack) fn is_sound(bytes: &[u8]) -> bool {
    let Some([size, sum, ..]) = bytes.get(..HEADER_BYTES_MIN) else { return false };
    let fits = match bytes.get(20) {
        Some(0 | 1) => bytes
            .get(2..2 + usize::from(*size))
            .is_some_and(|header| header.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) == *sum),
        Some(2) => (HEADER_BYTES_MIN..HEADER_BYTES_MAX).contains(&usize::from(u16::from_le_bytes([*size, *sum]))),
        // A machine's word of four octets stands before the first header of level 3.
        Some(3) => (*size, *sum) == (4, 0),
        Some(_) | None => false,
    };
    begins_as_lha(bytes) && fits
}

/// Gives all members of an archive that begins right here, whatever follows it.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    // Nothing follows that a spent budget could skip.
    let _ = members(contents.bytes, opening);
}

fn members(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let Ok(mut reader) = LhaDecodeReader::new(bytes) else {
        opening.note(NoteKind::Damaged, "an LHA header");
        return ControlFlow::Continue(());
    };
    loop {
        let header = reader.header();
        let (name, size) = (header.parse_pathname_to_str(), header.original_size);
        names::note_climbing(&name, opening);
        if header.is_directory() {
            opening.skip()?;
        } else if reader.is_decoder_supported() {
            let mut member = Member { inner: &mut reader, ended: false };
            opening.take(&name, &mut member)?;
            if member.ended && reader.crc_check().is_err() {
                opening.note(NoteKind::Damaged, "a checksum is wrong");
            }
        } else {
            let method = String::from_utf8_lossy(&header.compression).into_owned();
            opening.take_closed(&name, size, NoteKind::Unread, &format!("LHA method {method}"))?;
        }
        match reader.next_file() {
            Ok(true) => {}
            Ok(false) => return ControlFlow::Continue(()),
            Err(_) => {
                opening.note(NoteKind::Damaged, "an LHA header");
                return ControlFlow::Continue(());
            }
        }
    }
}

/// Knows whether a member was read to its end.
struct Member<'r, R> {
    inner: &'r mut R,
    ended: bool,
}

impl<R: Read> Read for Member<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{lha, shown};

    #[test]
    fn members_are_given() {
        let whole = lha(&[("a.txt", b"text"), ("run", b"\x7fELF\x02\x01\x01")]);
        let (items, notes) = shown(&whole);
        assert_eq!(items, ["application/x-lzh-compressed", "a.txt text/plain", "run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
        let mut wrong = whole.clone();
        let at = memchr::memmem::find(&wrong, b"text").unwrap();
        wrong[at] = b'T';
        assert_eq!(shown(&wrong).1, ["Damaged", "Program"]);
    }
}
