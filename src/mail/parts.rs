//! The leaf parts of a message, out of mail-parser's tree.
//!
//! Does not catch panics and does not screen: its caller does. Standards: RFC 2045, RFC 2046, RFC 2183, RFC 2231,
//! RFC 3501 §6.4.5 (part numbers).

use super::defects::{Defect, Defects, Found};
use super::readings::{Coding, Site};
use super::{Part, transfer};
use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};
use mail_parser::{
    ContentType, Encoding, Header, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};
use memchr::memmem;

/// Leaf parts and what is wrong with the structure.
pub(super) struct Read {
    pub(super) parts: Vec<Part>,
    /// Where each of the parts stands.
    pub(super) sites: Vec<Site>,
    pub(super) defects: Vec<Defect>,
}

/// Reads all leaf parts, in order.
pub(super) fn read(bytes: &[u8]) -> Read {
    let parser = MessageParser::new().with_mime_headers().default_header_ignore();
    let mut defects = Defects::default();
    let (mut parts, mut sites) = (Vec::new(), Vec::new());
    if let Some(mut parsed) = parser.parse(bytes) {
        for (at, number) in leaves(&parsed) {
            let Some(part) = parsed.parts.get_mut(at) else { continue };
            if let Some((part, site)) = leaf(bytes, std::mem::take(part), number, &mut defects) {
                parts.push(part);
                sites.push(site);
            }
        }
        // What is left are the multipart containers.
        for container in &parsed.parts {
            structure(bytes, container, &mut defects);
        }
    }
    Read { parts, sites, defects: defects.into_list() }
}

/// Index and number of every leaf part. A part that no multipart names (the parser lost its place) is numbered behind
/// the last one, so that nothing is left out; a part named twice is taken once.
fn leaves(parsed: &Message<'_>) -> Vec<(usize, String)> {
    let mut seen = vec![false; parsed.parts.len()];
    let mut found = Vec::new();
    let mut open = vec![(0, String::new())];
    let mut lost = 0;
    loop {
        let (at, number) = match open.pop() {
            Some(next) => next,
            None => match seen.iter().position(|seen| !seen) {
                Some(at) => {
                    lost += 1;
                    (at, format!("0.{lost}"))
                }
                None => return found,
            },
        };
        match seen.get_mut(at) {
            Some(seen) if !*seen => *seen = true,
            Some(_) | None => continue,
        }
        match parsed.parts.get(at).map(|part| &part.body) {
            Some(PartType::Multipart(children)) => {
                for (child, id) in children.iter().enumerate().rev() {
                    let dot = if number.is_empty() { "" } else { "." };
                    open.push((*id as usize, format!("{number}{dot}{}", child + 1)));
                }
            }
            Some(_) => found.push((at, if number.is_empty() { "1".to_string() } else { number })),
            None => {}
        }
    }
}

/// Makes a part of a leaf; `None` for a container.
fn leaf(bytes: &[u8], part: MessagePart<'_>, number: String, defects: &mut Defects) -> Option<(Part, Site)> {
    structure(bytes, &part, defects);
    let range = part.offset_body as usize..part.offset_end as usize;
    let raw = bytes.get(range.clone()).unwrap_or_default();
    let (encoding, clear) = encoding(&part, defects);
    if part.is_encoding_problem && is_broken(raw, encoding) {
        defects.note(Defect::BadTransferEncoding);
    }
    let (name, is_attachment) = (part.attachment_name().map(str::to_string), is_attachment(&part));
    let mut declared_type = declared_type(&part);
    let (contents, text) = match part.body {
        PartType::Text(text) | PartType::Html(text) => match clear {
            Clear::Yes => (decode(raw, encoding), Some(text.into_owned())),
            Clear::No => {
                let contents = decode(raw, encoding);
                let text = String::from_utf8_lossy(&contents).into_owned();
                (contents, Some(text))
            }
        },
        PartType::Binary(contents) | PartType::InlineBinary(contents) => match clear {
            Clear::Yes => (contents.into_owned(), None),
            Clear::No => (decode(raw, encoding), None),
        },
        PartType::Message(message) => {
            if part.headers.iter().all(|header| header.name != HeaderName::ContentType) {
                declared_type = "message/rfc822".to_string();
            }
            match part.encoding {
                Encoding::None => (raw.to_vec(), None),
                Encoding::QuotedPrintable | Encoding::Base64 => {
                    defects.note(Defect::EncodedMessage);
                    (message.raw_message.into_owned(), None)
                }
            }
        }
        PartType::Multipart(_) => return None,
    };
    let site = Site { range, coding: coding_of(encoding) };
    Some((Part { number, name, declared_type, contents, text, is_attachment }, site))
}

fn coding_of(encoding: Encoding) -> Coding {
    match encoding {
        Encoding::Base64 => Coding::Base64,
        Encoding::QuotedPrintable => Coding::Quoted,
        Encoding::None => Coding::Plain,
    }
}

/// True where the octets break the rules of the encoding.
fn is_broken(raw: &[u8], encoding: Encoding) -> bool {
    match encoding {
        Encoding::Base64 => base64_decode(raw).is_none(),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).is_none(),
        Encoding::None => false,
    }
}

/// Whether mail-parser decoded the contents itself.
enum Clear {
    Yes,
    No,
}

/// The encoding to decode with, and whether mail-parser has done so already. It leaves bodies with a foreign character
/// and encodings in quotes or with comments as they are; other readers decode them.
fn encoding(part: &MessagePart<'_>, defects: &mut Defects) -> (Encoding, Clear) {
    let declared = part.content_transfer_encoding().unwrap_or("7bit").trim().to_ascii_lowercase();
    let known = ["7bit", "8bit", "binary", "base64", "quoted-printable"].contains(&declared.as_str());
    defects.note_if((!known).into(), Defect::UnknownTransferEncoding);
    let meant = if declared.contains("base64") {
        Encoding::Base64
    } else if declared.contains("quoted-printable") {
        Encoding::QuotedPrintable
    } else {
        Encoding::None
    };
    let clear = if meant == part.encoding { Clear::Yes } else { Clear::No };
    (meant, clear)
}

fn decode(raw: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Base64 => transfer::base64(raw),
        Encoding::QuotedPrintable => transfer::quoted_printable(raw),
        Encoding::None => raw.to_vec(),
    }
}

fn is_attachment(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(ContentType::is_attachment)
}

fn declared_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        None => "text/plain".to_string(),
        Some(kind) => match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_lowercase(),
            None => kind.ctype().to_lowercase(),
        },
    }
}

/// Notes what is wrong with the fields of one part and with its boundary.
fn structure(bytes: &[u8], part: &MessagePart<'_>, defects: &mut Defects) {
    let count = |name: HeaderName<'static>| part.headers.iter().filter(|header| header.name == name).count();
    defects.note_if((count(HeaderName::ContentType) > 1).into(), Defect::DuplicateContentType);
    defects.note_if((count(HeaderName::ContentTransferEncoding) > 1).into(), Defect::DuplicateTransferEncoding);
    let boundaries = |header: &Header<'_>| {
        let attributes = header.value.as_content_type().and_then(ContentType::attributes).unwrap_or_default();
        attributes.iter().filter(|attribute| attribute.name == "boundary").count()
    };
    let several = part.headers.iter().any(|header| header.name == HeaderName::ContentType && boundaries(header) > 1);
    defects.note_if(several.into(), Defect::DuplicateBoundary);
    let Some(kind) = part.content_type().filter(|kind| kind.ctype() == "multipart") else {
        return;
    };
    match (kind.attribute("boundary"), &part.body) {
        (None | Some(""), _) => defects.note(Defect::MissingBoundary),
        (Some(boundary), PartType::Multipart(_)) => {
            let body = bytes.get(part.offset_body as usize..).unwrap_or_default();
            defects.note_if(lacks(body, &format!("--{boundary}--")), Defect::MissingClosingBoundary);
        }
        (
            Some(_),
            PartType::Text(_)
            | PartType::Html(_)
            | PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Message(_),
        ) => defects.note(Defect::BoundaryNotFound),
    }
}

fn lacks(body: &[u8], text: &str) -> Found {
    memmem::find(body, text.as_bytes()).is_none().into()
}
