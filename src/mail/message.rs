//! The parsed message: decoded header fields, parts with their contents, and what is wrong with it.
//!
//! Does not open what is inside parts (`unpack` does) and does not protect itself from hostile nesting: whoever parses
//! foreign bytes calls [`super::screen`] first. Standards: RFC 5322, RFC 2045 to RFC 2047, RFC 2231.

use super::defects::{Defects, of_fields, of_lines};
use super::readings::{self, Readings, Site};
use super::{Ambiguity, Defect, Field, caught::caught, fields, header_end, parts};
use mail_parser::parsers::MessageStream;
use std::borrow::Cow;

/// A parsed message, borrowing from its bytes.
pub struct Message<'a> {
    pub bytes: &'a [u8],
    /// The raw fields of the top header block.
    pub fields: Vec<Field<'a>>,
    /// Leaf parts in order, multipart containers left out; an embedded message/rfc822 is one part (its raw bytes).
    pub parts: Vec<Part>,
    /// What other readings than the usual one show beyond `parts`, each contents once. Their numbers say how they were
    /// found: `lenient.1` (another boundary or encoding), `carved.2` (a file in the bare text), `preamble.1`,
    /// `epilogue.1`, `name.1` (the same contents under another name).
    pub readings: Vec<Part>,
    /// How programs read it differently.
    pub ambiguities: Vec<Ambiguity>,
    pub defects: Vec<Defect>,
}

/// One leaf part, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Position such as `1.2` (IMAP part numbers, RFC 3501 §6.4.5).
    pub number: String,
    /// File name from Content-Disposition or Content-Type, decoded; `None` where there is none.
    pub name: Option<String>,
    /// `type/subtype` in lower case as declared; `text/plain` where nothing is.
    pub declared_type: String,
    /// Contents after transfer decoding.
    pub contents: Vec<u8>,
    /// For text parts: contents in UTF-8.
    pub text: Option<String>,
    /// True for Content-Disposition: attachment.
    pub is_attachment: bool,
}

impl Part {
    /// True for text that a reader sees at once: declared as text, without a name, not attached.
    pub fn is_body(&self) -> bool {
        !self.is_attachment && self.name.is_none() && self.declared_type.starts_with("text/")
    }
}

impl<'a> Message<'a> {
    /// Reads a message; never fails. Bytes that are no message at all give a message without parts.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let mut defects = Defects::default();
        of_lines(bytes, &mut defects);
        let fields: Vec<_> = fields(bytes).collect();
        of_fields(&fields, &mut defects);
        let (parts, sites) = match caught(|| parts::read(bytes)) {
            Some(read) => {
                read.defects.into_iter().for_each(|defect| defects.note(defect));
                if read.parts.is_empty() && !bytes.is_empty() { whole_body(bytes) } else { (read.parts, read.sites) }
            }
            None => {
                defects.note(Defect::ParserPanicked);
                (Vec::new(), Vec::new())
            }
        };
        let Readings { parts: readings, ambiguities } = readings::read(bytes, &parts, &sites);
        Self { bytes, fields, parts, readings, ambiguities, defects: defects.into_list() }
    }

    /// Reads a message that the structure screen refused, without the parser: it has no fields and no parts, only
    /// readings.
    pub fn unparsed(bytes: &'a [u8]) -> Self {
        let Readings { parts: readings, ambiguities } = readings::read(bytes, &[], &[]);
        Self { bytes, fields: Vec::new(), parts: Vec::new(), readings, ambiguities, defects: Vec::new() }
    }

    /// Parts and readings.
    pub fn all_parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().chain(&self.readings)
    }

    /// The first field of that name.
    pub fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|f| f.is(name))
    }

    /// All fields of that name, top to bottom.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Field<'a>> {
        self.fields.iter().filter(move |f| f.is(name))
    }

    /// Decoded text (RFC 2047) of the first field of that name.
    pub fn decoded(&self, name: &str) -> Option<String> {
        self.field(name).map(|field| decode(field.value))
    }

    /// Addresses of the first field of that name: (display name, address), decoded.
    pub fn addresses(&self, name: &str) -> Vec<(Option<String>, String)> {
        self.field(name).map(|field| addresses(field.value)).unwrap_or_default()
    }

    /// The decoded subject; empty where there is none.
    pub fn subject(&self) -> String {
        self.decoded("Subject").unwrap_or_default()
    }

    /// The first From address with its name, as people read it; where no address can be read, the field's text.
    pub fn from_text(&self) -> String {
        match self.addresses("From").into_iter().next() {
            Some((Some(name), address)) if !name.is_empty() => format!("{name} <{address}>"),
            Some((_, address)) => address,
            None => self.decoded("From").unwrap_or_default(),
        }
    }

    /// Without the angle brackets; empty where there is none.
    pub fn message_id(&self) -> String {
        let text = self.field("Message-ID").map(Field::text).unwrap_or_default();
        let inner = text.split_once('<').map_or(text.as_str(), |(_, rest)| rest.split('>').next().unwrap_or_default());
        inner.trim().to_string()
    }
}

/// Decoded text (RFC 2047) of the first field of that name, where the message as a whole need not be read.
pub fn decoded(bytes: &[u8], name: &str) -> Option<String> {
    fields(bytes).find(|field| field.is(name)).map(|field| decode(field.value))
}

/// The body as one text, where the parser found no part in it: a multipart may end within the header of its first part.
fn whole_body(bytes: &[u8]) -> (Vec<Part>, Vec<Site>) {
    let range = header_end(bytes)..bytes.len();
    let contents = bytes.get(range.clone()).unwrap_or_default().to_vec();
    let part = Part {
        number: "1".to_string(),
        name: None,
        declared_type: "text/plain".to_string(),
        text: Some(String::from_utf8_lossy(&contents).into_owned()),
        contents,
        is_attachment: false,
    };
    (vec![part], vec![Site { range, coding: readings::Coding::Plain }])
}

/// Encoded words decoded and lines unfolded; the raw text where the parser can't read it.
fn decode(value: &[u8]) -> String {
    let line = as_line(value);
    let read =
        || MessageStream::new(line.as_bytes()).parse_unstructured().into_text().map(|text| text.trim().to_string());
    caught(read).unwrap_or_else(|| Some(line.trim().to_string())).unwrap_or_default()
}

fn addresses(value: &[u8]) -> Vec<(Option<String>, String)> {
    let line = as_line(value);
    let read = || {
        let value = MessageStream::new(line.as_bytes()).parse_address();
        let list = value.as_address().into_iter().flat_map(|list| list.iter());
        list.filter_map(|addr| Some((addr.name.as_deref().map(str::to_string), addr.address.as_deref()?.to_string())))
            .collect()
    };
    caught(read).unwrap_or_default()
}

/// The value in UTF-8 and with the line feed that the parser needs at its end. Raw octets that are no UTF-8 are read as
/// windows-1252, as most readers do.
fn as_line(value: &[u8]) -> String {
    let text = match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(value).0,
    };
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(mail: &[u8]) -> Vec<&'static str> {
        Message::parse(mail).defects.iter().map(|d| d.name()).collect()
    }

    const HEAD: &str = "From: Anna <anna@home.example>\r\nDate: Mon, 1 Sep 2025 10:00:00 +0200\r\n";

    #[test]
    fn parts_come_with_number_name_type_and_decoded_contents() {
        let mail = format!(
            "{HEAD}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npreamble\r\n--o\r\n\
             Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n--i\r\nContent-Type: TEXT/HTML\r\n\r\n<b>x</b>\r\n\
             --i--\r\n--o\r\nContent-Type: application/pdf; name=ignored.pdf\r\nContent-Disposition: attachment;\r\n \
             filename*0*=utf-8''r%C3%A9; filename*1=sum.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n\
             --o\r\nContent-Type: image/png; name=\"=?utf-8?B?YsOkci5wbmc=?=\"\r\n\r\nx\r\n--o--\r\n"
        );
        let message = Message::parse(mail.as_bytes());
        let seen: Vec<_> = message
            .parts
            .iter()
            .map(|p| {
                (
                    p.number.as_str(),
                    p.name.as_deref(),
                    p.declared_type.as_str(),
                    p.contents.as_slice(),
                    p.text.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("1.1", None, "text/plain", &b"Gr\xfc\xdfe"[..], Some("Grüße")),
                ("1.2", None, "text/html", b"<b>x</b>", Some("<b>x</b>")),
                ("2", Some("résum.pdf"), "application/pdf", b"%PDF-", None),
                ("3", Some("bär.png"), "image/png", b"x", None),
            ]
        );
        assert!(message.parts[2].is_attachment && !message.parts[3].is_attachment);
        assert_eq!(message.defects, []);
    }

    #[test]
    fn an_embedded_message_is_one_part_with_its_raw_bytes() {
        let inner = "From: b@x.example\r\nSubject: inner\r\n\r\nhello\r\n";
        for (encoding, body) in [("7bit", inner.to_string()), ("base64", base64_of(inner))] {
            let mail = format!(
                "{HEAD}Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nsee below\r\n--o\r\n\
                 Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--o--\r\n"
            );
            let message = Message::parse(mail.as_bytes());
            assert_eq!(message.parts.len(), 2, "{encoding}");
            assert_eq!(message.parts[1].declared_type, "message/rfc822");
            assert_eq!(message.parts[1].contents, inner.as_bytes(), "{encoding}");
            assert_eq!(message.defects.contains(&Defect::EncodedMessage), encoding == "base64");
        }
    }

    fn base64_of(text: &str) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    #[test]
    fn header_fields_are_decoded() {
        let mail = b"From: =?utf-8?q?J=C3=B6rg?= <joerg@x.example>, b@y.example\r\nsubject : =?iso-8859-1?Q?Gr=FC=DFe?=\r\n =?utf-8?B?IGFuIGFsbGU=?=\r\nMessage-Id: <1@x>\r\nTo: undisclosed-recipients:;\r\nComments: f\xfcr\r\n\r\n";
        let message = Message::parse(mail);
        assert_eq!(message.subject(), "Grüße an alle");
        assert_eq!(message.from_text(), "Jörg <joerg@x.example>");
        assert_eq!(message.addresses("From")[1], (None, "b@y.example".to_string()));
        assert_eq!(message.message_id(), "1@x");
        assert_eq!(message.addresses("To"), []);
        assert_eq!(message.decoded("Comments").as_deref(), Some("für"));
        assert_eq!(message.decoded("X-Not"), None);
        assert_eq!(Message::parse(b"From: nobody at all\r\n\r\n").from_text(), "nobody at all");
    }

    #[test]
    fn what_is_no_message_is_read_all_the_same() {
        assert_eq!(names(b""), ["empty", "missing_from", "missing_date"]);
        let message = Message::parse(b"\r\njust text\r\n");
        assert_eq!(message.parts[0].text.as_deref(), Some("just text\r\n"));
        assert_eq!(message.parts[0].number, "1");
        assert_eq!(Message::parse(b"From: a@b\r\n").parts.len(), 1);
        let lost =
            Message::parse(b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: text/html\r\nlost");
        assert!(lost.parts[0].text.as_deref().is_some_and(|text| text.contains("lost")));
    }

    #[test]
    fn each_defect_is_named_once() {
        let multipart = |head: &str, body: &str| format!("{HEAD}Content-Type: multipart/mixed; {head}\r\n\r\n{body}");
        let encoded =
            |encoding: &str, body: &str| format!("{HEAD}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n");
        let long = "x".repeat(999);
        for (mail, want) in [
            (format!("{HEAD}\r\nx\r\n"), vec![]),
            (format!("{HEAD}\r\n{}\r\n", "x".repeat(998)), vec![]),
            (HEAD.to_string(), vec!["no_empty_line"]),
            (format!("{HEAD}\r\na\nb\n"), vec!["bare_lf"]),
            (format!("{HEAD}\r\na\rb\r\r\n"), vec!["bare_cr"]),
            (format!("{HEAD}\r\na\0b\0\r\n"), vec!["nul_byte"]),
            (format!("{HEAD}\r\n{long}\r\n{long}"), vec!["long_line"]),
            (format!("{HEAD}no colon\r\n\r\n"), vec!["header_without_colon"]),
            (format!("{HEAD}From: b@x\r\n\r\n"), vec!["several_from"]),
            (multipart("boundary=o", "--o\r\n\r\nx\r\n--o--\r\n"), vec![]),
            (multipart("boundary=o", "--o\r\n\r\nx\r\n"), vec!["missing_closing_boundary"]),
            (multipart("boundary=o", "x\r\n"), vec!["boundary_not_found"]),
            (multipart("", "x\r\n"), vec!["missing_boundary"]),
            (multipart("boundary=o; boundary=p", "--o\r\n\r\nx\r\n--o--\r\n"), vec!["duplicate_boundary"]),
            (encoded("base64", "aGVsbG8="), vec![]),
            (encoded("base64", "aGV!sbG8="), vec!["bad_transfer_encoding"]),
            (encoded("\"base64\"", "aGVsbG8="), vec!["unknown_transfer_encoding"]),
            (encoded("x-magic", "aGVsbG8="), vec!["unknown_transfer_encoding"]),
            (encoded("7bit\r\nContent-Transfer-Encoding: base64", "aGVsbG8="), vec!["duplicate_transfer_encoding"]),
            (
                format!("{HEAD}Content-Type: text/html\r\nContent-type: text/plain\r\n\r\n"),
                vec!["duplicate_content_type"],
            ),
        ] {
            assert_eq!(names(mail.as_bytes()), want, "{mail}");
        }
        assert_eq!(names(b"From: a@b\r\nDate: x\r\nSubject: \xff\r\n\r\n"), ["eight_bit_header"]);
    }

    #[test]
    fn an_encoding_that_readers_disagree_on_is_decoded() {
        for head in ["\"base64\"", "base64 (standard)", "base64"] {
            let mail = format!("{HEAD}Content-Transfer-Encoding: {head}\r\n\r\naGVs!bG8=\r\n");
            assert_eq!(Message::parse(mail.as_bytes()).parts[0].contents, b"hello", "{head}");
        }
    }
}
