//! Documents that are one text file: Word's and Excel's XML of 2003, Office Open XML and OpenDocument in one file, web
//! archives that Word saved; and *ActiveMime*, in which these keep their macros.
//!
//! Does not open what is in them: files in Base64 are members. Standards: ECMA-376 part 2 annex (flat OPC), RFC 4648
//! (Base64), RFC 2045 (web archives are MIME).

use super::markup::{Tag, decoded, tags};
use super::octets::u16_at;
use super::{dde, ooxml, open_document, vba};
use crate::mail::{Message, screen};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening, Role};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::ZlibDecoder;
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const XML: Format = Format {
    name: "office-xml",
    about: "Office documents that are one XML file: Word and Excel 2003, flat OPC, fodt",
    recognise: recognise_xml,
    nature: Nature::Container(open_xml),
};
pub(in crate::unpack) const WEB_ARCHIVE: Format = Format {
    name: "mhtml",
    about: "web archives, also those that Word saves as .doc",
    recognise: recognise_web_archive,
    nature: Nature::Container(open_web_archive),
};
pub(in crate::unpack) const ACTIVE_MIME: Format = Format {
    name: "activemime",
    about: "macros of documents that are one text file",
    recognise: recognise_active_mime,
    nature: Nature::Container(open_active_mime),
};

/// Words in the begin of such an XML file.
const ROOTS: [(&str, &str); 5] = [
    ("<pkg:package", "application/vnd.ms-office.flat-opc+xml"),
    ("<w:worddocument", "application/vnd.ms-word.2003+xml"),
    ("progid=\"word.document\"", "application/vnd.ms-word.2003+xml"),
    ("progid=\"excel.sheet\"", "application/vnd.ms-excel.2003+xml"),
    ("<office:document ", "application/vnd.oasis.opendocument.flat+xml"),
];
/// Octets in which the root is searched.
const BEGIN_BYTES: usize = 4096;
/// `ActiveMime` in Base64, without the digits that depend on what follows.
const PACKED_MIME: &[u8] = b"QWN0aXZlTWltZ";
const ACTIVE_MIME_MARK: &[u8] = b"ActiveMime";
/// Pads or not, as it comes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn begin_of<'a>(contents: &Contents<'a>) -> &'a [u8] {
    contents.bytes.get(..contents.bytes.len().min(BEGIN_BYTES)).unwrap_or_default()
}

fn recognise_xml(contents: &Contents<'_>) -> Option<&'static str> {
    let begin = begin_of(contents);
    if contents.role != Role::File
        || memchr::memchr(b'<', begin.get(..begin.len().min(16)).unwrap_or_default()).is_none()
    {
        return None;
    }
    let begin = decoded(begin).to_lowercase();
    ROOTS.iter().find(|(root, _)| begin.contains(root)).map(|(_, media_type)| *media_type)
}

fn open_xml(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let text = decoded(contents.bytes);
    ooxml::look_at_xml(&text, true, opening);
    open_document::look_at_xml(&text, "Basic", opening);
    let mut part = String::new();
    for tag in tags(&text) {
        if tag.is("part") {
            part = tag.attribute("name").unwrap_or_default();
        }
        let is_file =
            ["binData", "binaryData", "binary-data", "docOleData", "docSuppData"].iter().any(|name| tag.is(name));
        if is_file && take_file(&tag, &part, opening).is_break() {
            return;
        }
        // Excel of 2003: a formula that asks another program.
        if tag.attribute("Formula").is_some_and(|formula| dde::starts_program(&formula)) {
            opening.note(NoteKind::Dde, &super::remote::shown(&tag.attribute("Formula").unwrap_or_default()));
        }
    }
}

/// Takes a file in Base64 behind a tag.
fn take_file(tag: &Tag<'_>, part: &str, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let name = tag.attribute("name").unwrap_or_else(|| part.to_string());
    let name = name.rsplit("//").next().unwrap_or_default().trim_start_matches('/');
    let bytes = unpacked(tag.raw().as_bytes());
    if bytes.is_empty() {
        return ControlFlow::Continue(());
    }
    opening.take(if name.is_empty() { "file" } else { name }, bytes.as_slice())
}

/// Base64 up to the first octet that is none of it, white space left out.
fn unpacked(text: &[u8]) -> Vec<u8> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take_while(|byte| is_digit(byte) && *byte != b'=')
        .collect();
    // A last digit alone means nothing.
    let whole = digits.len() - usize::from(digits.len() % 4 == 1);
    BASE64.decode(digits.get(..whole).unwrap_or_default()).unwrap_or_default()
}

fn recognise_web_archive(contents: &Contents<'_>) -> Option<&'static str> {
    if contents.role != Role::File || contents.declared_type.starts_with("message/") {
        return None;
    }
    let begin = begin_of(contents).to_ascii_lowercase();
    let has = |word: &[u8]| memmem::find(&begin, word).is_some();
    let is_mime = has(b"mime-version:") && has(b"content-type:");
    let by_sender = has(b"\nfrom:") || begin.starts_with(b"from:") || has(b"received:") || has(b"\nto:");
    let is_saved = is_mime && !by_sender && has(b"multipart/related");
    let hides = memmem::find(contents.bytes, PACKED_MIME).is_some()
        && (is_mime || memmem::find(contents.bytes, b"MIME-Version").is_some());
    (is_saved || (hides && !by_sender)).then_some("multipart/related")
}

fn open_web_archive(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    match screen(bytes) {
        Ok(_) => {
            for part in Message::parse(bytes).parts {
                if opening.take_part(part).is_break() {
                    return;
                }
            }
        }
        Err(hostile) => opening.note(NoteKind::TooDeep, &hostile.to_string()),
    }
    // Word finds its macros in files that are hardly MIME.
    let has = opening.members.iter().any(|member| member.bytes.starts_with(ACTIVE_MIME_MARK));
    if let Some(at) = memmem::find(bytes, PACKED_MIME).filter(|_| !has) {
        let _ = opening.take("editdata.mso", unpacked(bytes.get(at..).unwrap_or_default()).as_slice());
    }
}

fn recognise_active_mime(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(ACTIVE_MIME_MARK).then_some("application/x-mso")
}

/// Packed data stands where a number at 30 says, and 46 octets on; else at its usual place, or where its mark is.
fn open_active_mime(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let said = u16_at(bytes, 0x1e).map(|offset| usize::from(offset) + 46);
    let places = [said, Some(0x32), Some(0x22a), memchr::memchr(0x78, bytes)];
    let packed = places.into_iter().flatten().filter_map(|at| bytes.get(at..)).find(|rest| rest.first() == Some(&0x78));
    match packed {
        Some(packed) => {
            let _ = opening.take("macros", ZlibDecoder::new(packed));
            if opening.members.last().is_some_and(|member| vba::holds_source(&member.bytes)) {
                opening.note(NoteKind::OldMacro, "macros of a document in one text file");
            }
        }
        None => opening.note(NoteKind::Damaged, "ActiveMime without packed data"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::documents::samples;
    use crate::unpack::{open, samples::letter};
    use std::io::Write;

    fn active_mime() -> Vec<u8> {
        let project = samples::ole(&samples::project("", &[("Module1", samples::CODE)]));
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(&project).unwrap();
        let mut bytes = b"ActiveMime".to_vec();
        bytes.resize(0x32, 0);
        bytes[0x1e] = 4;
        bytes.extend(packed.finish().unwrap());
        bytes
    }

    #[test]
    fn macros_in_documents_of_one_text_file_are_found() {
        let data = base64::engine::general_purpose::STANDARD.encode(active_mime());
        let xml = format!(
            "<?xml version=\"1.0\"?><?mso-application progid=\"Word.Document\"?><w:wordDocument><w:docSuppData><w:binData w:name=\"editdata.mso\">{data}</w:binData></w:docSuppData></w:wordDocument>"
        );
        let archive = format!(
            "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=\"b\"\n\n--b\nContent-Location: file:///C:/editdata.mso\nContent-Transfer-Encoding: base64\nContent-Type: application/x-mso\n\n{data}\n--b--\n"
        );
        let hardly = format!("junk\nMIME-Version: 1.0\nX: y\n\n{data}\n");
        let flat = format!(
            "<pkg:package xmlns:pkg=\"x\"><pkg:part pkg:name=\"/word/vbaProject.bin\"><pkg:binaryData>{}</pkg:binaryData></pkg:part></pkg:package>",
            base64::engine::general_purpose::STANDARD
                .encode(samples::ole(&samples::project("", &[("M", samples::CODE)])))
        );
        for (name, text) in [("a.xml", xml), ("a.doc", archive), ("b.doc", hardly), ("c.xml", flat)] {
            let inside = open(&Message::parse(&letter(name, text.as_bytes())));
            let kinds: Vec<NoteKind> = inside.notes.iter().map(|note| note.kind).collect();
            assert!(kinds.contains(&NoteKind::Macro), "{name} {:?}", inside.items);
            assert_eq!(kinds.contains(&NoteKind::OldMacro), name != "c.xml", "{name}");
        }
    }
}
