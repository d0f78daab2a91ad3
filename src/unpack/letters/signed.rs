//! S/MIME and PGP: what is signed is opened, what is encrypted is said so.
//!
//! Signatures are not checked. DER and BER are walked without recursion, as far as the way to the contents goes. Standards:
//! RFC 5652 §3, §5 and §6, RFC 4880 §6.2 (armour), X.690.

use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "signed",
    about: "signed and encrypted messages: S/MIME (.p7m), PGP",
    recognise,
    nature: Nature::Container(open),
};

/// Object identifiers below 1.2.840.113549.1.7 (RFC 5652): the last octet tells which.
const PKCS7: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
/// AuthEnvelopedData and CompressedData, 1.2.840.113549.1.9.16.1.
const SMIME: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01";
const SIGNED: u8 = 2;
const ENVELOPED: [u8; 3] = [3, 4, 6];
const AUTH_ENVELOPED: u8 = 23;
const COMPRESSED: u8 = 9;
const PGP_MESSAGE: &[u8] = b"-----BEGIN PGP MESSAGE-----";
/// Octets of text that are looked at for the armour, which a mail program puts at the begin.
const ARMOUR_WITHIN: usize = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    if content_type(contents.bytes).is_some() {
        return Some("application/pkcs7-mime");
    }
    let begin = contents.bytes.get(..contents.bytes.len().min(ARMOUR_WITHIN)).unwrap_or_default();
    let at = memchr::memmem::find(begin, PGP_MESSAGE)?;
    let is_line = at == 0 || begin.get(at - 1) == Some(&b'\n');
    is_line.then_some(if at == 0 { "application/pgp-encrypted" } else { "text/plain" })
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let Some((kind, rest)) = content_type(contents.bytes) else {
        opening.note(NoteKind::Encrypted, "PGP");
        return;
    };
    match kind {
        Kind::Encrypted => opening.note(NoteKind::Encrypted, "S/MIME"),
        Kind::Compressed => opening.note(NoteKind::Unread, "S/MIME, compressed"),
        Kind::Signed => match inner(rest) {
            Some(inner) if !inner.is_empty() => {
                // Nearly always a part with its header, which `message` opens.
                let _: ControlFlow<()> = opening.take("signed", inner.as_slice());
            }
            // A signature beside the text that it signs.
            Some(_) | None => {}
        },
    }
}

/// What a ContentInfo holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Encrypted,
    Compressed,
}

/// The kind of a ContentInfo, and what stands behind its identifier.
fn content_type(bytes: &[u8]) -> Option<(Kind, &[u8])> {
    let (0x30, body, _) = element(bytes)? else { return None };
    if let Some(rest) = body.strip_prefix(PKCS7) {
        let (last, rest) = rest.split_first()?;
        return match *last {
            SIGNED => Some((Kind::Signed, rest)),
            last if ENVELOPED.contains(&last) => Some((Kind::Encrypted, rest)),
            _ => None,
        };
    }
    let (last, rest) = body.strip_prefix(SMIME)?.split_first()?;
    match *last {
        AUTH_ENVELOPED => Some((Kind::Encrypted, rest)),
        COMPRESSED => Some((Kind::Compressed, rest)),
        _ => None,
    }
}

/// Tag, contents and what stands behind; contents of indefinite length go to the end of what is there.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    match *first {
        0x80 => Some((*tag, rest, &[])),
        short if short < 0x80 => {
            let (contents, behind) = rest.split_at(usize::from(short).min(rest.len()));
            Some((*tag, contents, behind))
        }
        long => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f)).filter(|(l, _)| l.len() <= 8)?;
            let length = length.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            let (contents, behind) = rest.split_at(length);
            Some((*tag, contents, behind))
        }
    }
}

/// The octets that SignedData signs: [0] SEQUENCE { version, digests, SEQUENCE { type, [0] OCTET STRING } }.
fn inner(rest: &[u8]) -> Option<Vec<u8>> {
    let (0xa0, signed, _) = element(rest)? else { return None };
    let (0x30, fields, _) = element(signed)? else { return None };
    let (0x02, _, fields) = element(fields)? else { return None };
    let (0x31, digests, behind) = element(fields)? else { return None };
    // Of a set without a length the end is looked for.
    let behind = if behind.is_empty() { end_of_contents(digests)? } else { behind };
    let (0x30, encapsulated, _) = element(behind)? else { return None };
    let (0x06, _, behind) = element(encapsulated)? else { return None };
    let (0xa0, content, _) = element(behind)? else { return Some(Vec::new()) };
    Some(octets(content))
}

/// What stands behind the two zero octets that end contents of elements with lengths.
fn end_of_contents(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        if let Some(behind) = bytes.strip_prefix(b"\0\0") {
            return Some(behind);
        }
        (_, _, bytes) = element(bytes).filter(|(_, _, behind)| behind.len() < bytes.len())?;
    }
}

/// The octets of a string that may come in pieces, which may have no length of their own.
fn octets(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((tag, contents, behind)) = element(rest) {
        match tag {
            0x04 => {
                out.extend_from_slice(contents);
                rest = behind;
            }
            // Pieces follow: they are read in turn, and their end is an element of length zero.
            0x24 => rest = rest.get(rest.len() - contents.len() - behind.len()..).unwrap_or_default(),
            0x00 if contents.is_empty() => rest = behind,
            _ => break,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::mail::Message;
    use crate::unpack::samples::letter;
    use crate::unpack::{NoteKind, eicar, open};

    fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = (contents.len() as u32).to_be_bytes();
        [&[tag, 0x84], &length[..], contents].concat()
    }

    fn indefinite(tag: u8, contents: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], contents, &[0, 0]].concat()
    }

    fn content_info(last: u8, wrap: fn(u8, &[u8]) -> Vec<u8>, content: &[u8]) -> Vec<u8> {
        let id = |last: u8| [super::PKCS7, &[last]].concat();
        let encapsulated = wrap(0x30, &[id(1), wrap(0xa0, content)].concat());
        let digests = wrap(0x31, &der(0x30, &[5, 0]));
        let signed = wrap(0x30, &[vec![2, 1, 1], digests, encapsulated].concat());
        wrap(0x30, &[id(last), wrap(0xa0, &signed)].concat())
    }

    #[test]
    fn what_is_signed_is_opened_and_what_is_encrypted_is_said_so() {
        let inner = letter("x.com", &eicar::sample());
        let pieces: Vec<u8> = inner.chunks(100).flat_map(|piece| der(4, piece)).collect();
        for (bytes, want) in [
            (content_info(2, der, &der(4, &inner)), NoteKind::Eicar),
            (content_info(2, indefinite, &indefinite(0x24, &pieces)), NoteKind::Eicar),
            (content_info(2, der, &der(0x24, &pieces)), NoteKind::Eicar),
            (content_info(3, der, &der(4, &inner)), NoteKind::Encrypted),
            (b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n".to_vec(), NoteKind::Encrypted),
        ] {
            let letter = letter("smime.p7m", &bytes);
            let notes: Vec<NoteKind> = open(&Message::parse(&letter)).notes.iter().map(|note| note.kind).collect();
            assert_eq!(notes, [want]);
        }
        let signature = letter("smime.p7s", &content_info(2, der, &[]));
        assert_eq!(open(&Message::parse(&signature)).notes, []);
        let clear = letter("x.asc", b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA1\r\n\r\nhello\r\n");
        assert_eq!(open(&Message::parse(&clear)).notes, []);
    }
}
