//! Contents that are neither program nor container: pictures, sound, documents, text, and all that nobody knows.
//!
//! Does not look inside. Names archives that have no reader here too, so that a rule can tell them. The `infer` crate
//! knows most marks; where a mark is two letters long, text that begins with them is still text.

use super::{Contents, Format, Nature};
use crate::mail::looks_like_html;

pub(super) const FORMAT: Format = Format {
    name: "plain",
    about: "everything else: pictures, sound, documents, text, archives that are only named",
    recognise,
    nature: Nature::Plain,
};

/// The object identifier of signed data (RFC 5652 §5.1), behind the sequence's own length: S/MIME, signed profiles.
const PKCS7_SIGNED: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// Marks at a fixed offset that infer does not know, or knows under another name.
const MARKS: [(usize, &[u8], &str); 11] = [
    (4, PKCS7_SIGNED, "application/pkcs7-mime"),
    (2, PKCS7_SIGNED, "application/pkcs7-mime"),
    (0, b"{\\rt", "application/rtf"),
    (0, b"**ACE**", "application/x-ace-compressed"),
    (7, b"**ACE**", "application/x-ace-compressed"),
    (0, b"\x60\xea", "application/x-arj"),
    (2, b"-lh", "application/x-lzh-compressed"),
    (2, b"-lz", "application/x-lzh-compressed"),
    (0, b"ITSF", "application/vnd.ms-htmlhelp"),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
];
/// Types of infer whose files may be all text.
const TEXTUAL: [&str; 6] = [
    "application/pdf",
    "application/postscript",
    "application/rtf",
    "application/x-x509-ca-cert",
    "text/xml",
    "text/html",
];
/// Types of infer that our own formats decide better: here they were not recognised.
const OURS: [&str; 9] = [
    "application/vnd.microsoft.portable-executable",
    "application/x-executable",
    "application/x-mach-binary",
    "application/java",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/x-ole-storage",
    "text/x-shellscript",
];
/// Where `%PDF-` may stand: readers skip what is before it.
const PDF_MARK_WITHIN: usize = 1024;
/// Octets that are looked at to know text.
const TEXT_LOOK_BYTES: usize = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if bytes.is_empty() {
        return Some("application/x-empty");
    }
    let marked = MARKS.iter().find(|(at, mark, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, _, media_type)) = marked {
        return Some(media_type);
    }
    if looks_like_html(bytes) {
        return Some(if is_svg(bytes) { "image/svg+xml" } else { "text/html" });
    }
    let text = is_text(bytes);
    let known = infer::get(bytes).map(|kind| kind.mime_type());
    if let Some(media_type) = known.filter(|known| !OURS.contains(known) && (!text || TEXTUAL.contains(known))) {
        return Some(media_type);
    }
    let begin = bytes.get(..bytes.len().min(PDF_MARK_WITHIN)).unwrap_or_default();
    if memchr::memmem::find(begin, b"%PDF-").is_some() && !text {
        return Some("application/pdf");
    }
    Some(if text { "text/plain" } else { "application/octet-stream" })
}

/// The first element is svg: XML declaration and comments may stand before it.
fn is_svg(bytes: &[u8]) -> bool {
    let begin = bytes.get(..bytes.len().min(PDF_MARK_WITHIN)).unwrap_or_default().to_ascii_lowercase();
    let at = |mark: &[u8]| memchr::memmem::find(&begin, mark);
    at(b"<svg").is_some_and(|svg| at(b"<html").is_none_or(|html| svg < html) && at(b"<body").is_none())
}

/// True for text in ASCII, UTF-8, UTF-16 with a byte order mark, or a single-byte charset: no NUL and nearly no
/// controls.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return bytes.len().is_multiple_of(2);
    }
    let begin = bytes.get(..bytes.len().min(TEXT_LOOK_BYTES)).unwrap_or_default();
    let controls =
        begin.iter().filter(|byte| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    let high = begin.iter().filter(|byte| **byte >= 0x80).count();
    let utf8 = match std::str::from_utf8(begin) {
        Ok(_) => true,
        // The last character may be cut.
        Err(error) => error.valid_up_to() + 4 > begin.len(),
    };
    controls == 0 && (utf8 || high * 3 < begin.len())
}
