//! The header of one part, read as loosely as any reader would: all values of the fields that shape it, and every place
//! where its body may begin.
//!
//! Does not decide which value counts. Standards: RFC 2045 §5 and §6, RFC 2183, RFC 2231.

use super::super::Ambiguity;
use super::super::carve::lines::{Line, line_at, text_of};
use super::boundaries::encoded_word;
use super::parameters::{self, Value};
use crate::limits::READING_FIELD_BYTES_MAX;
use std::collections::BTreeSet;

/// What the header of one part may say.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) types: Vec<Value>,
    pub(super) encodings: Vec<Coding>,
    pub(super) names: Vec<String>,
    pub(super) attached: Attached,
    /// Where the body may begin; the usual place first.
    pub(super) bodies: Vec<usize>,
    pub(super) odd: Vec<Ambiguity>,
}

/// Whether a part is declared as an attachment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Attached {
    Yes,
    #[default]
    No,
}

/// How contents are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mail) enum Coding {
    Plain,
    Base64,
    Quoted,
}

/// Header blocks one behind the other that are read as one: readers differ at an empty line.
const BLOCKS_MAX: usize = 3;
/// Fields that shape one part and are read; two of a kind are one too many already.
const FIELDS_MAX: usize = 64;

/// Reads the header of the part in `from..to`.
pub(super) fn read(bytes: &[u8], from: usize, to: usize) -> Head {
    let bytes = bytes.get(..to).unwrap_or(bytes);
    let mut head = Head::default();
    let mut fields: Vec<(Shape, Vec<u8>)> = Vec::new();
    let mut at = from;
    for block in 0..BLOCKS_MAX {
        let before = fields.len();
        let end = block_of_fields(bytes, at, &mut fields, &mut head);
        let is_first = block == 0;
        if is_first && quotes_fields(&fields) {
            head.bodies.insert(0, end);
            break;
        }
        if !is_first && fields.len() == before {
            break;
        }
        if !is_first {
            head.note(Ambiguity::OddHeaderEnd);
        }
        head.bodies.insert(0, end);
        at = end;
        let begin = bytes.get(at..at + 8).unwrap_or_default();
        if !begin.eq_ignore_ascii_case(b"content-") {
            break;
        }
    }
    // The first block's end is where most readers begin.
    head.bodies.sort_unstable();
    head.bodies.dedup();
    for (shape, value) in fields {
        head.take(shape, &value);
    }
    head
}

/// True for a part that holds a header of another message, which is not its own.
fn quotes_fields(fields: &[(Shape, Vec<u8>)]) -> bool {
    let mut types = fields.iter().filter(|(shape, _)| *shape == Shape::Type).map(|(_, value)| parameters::read(value));
    types.any(|kind| kind.word.starts_with("message/") || kind.word == "text/rfc822-headers")
}

/// The fields that shape a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Type,
    Encoding,
    Disposition,
}

/// Reads fields up to an empty line, and says where the body begins.
fn block_of_fields(bytes: &[u8], from: usize, fields: &mut Vec<(Shape, Vec<u8>)>, head: &mut Head) -> usize {
    let mut at = from;
    let mut is_in_field = false;
    let (mut in_shape, mut in_text) = (false, false);
    while let Some(line) = line_at(bytes, at) {
        let text = text_of(bytes, line);
        if text.is_empty() {
            return line.next;
        }
        let is_blank = text.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
        if is_blank {
            // An empty line to some, a folded one to others.
            head.other_body(line.next);
            at = line.next;
            continue;
        }
        if matches!(text.first(), Some(b' ' | b'\t')) && is_in_field {
            if in_shape && let Some((_, value)) = fields.last_mut() {
                value.push(b' ');
                value.extend(text.iter().take(READING_FIELD_BYTES_MAX.saturating_sub(value.len())));
            }
            at = line.next;
            continue;
        }
        match field_of(text) {
            Some((name, value)) => {
                let shape = shape_of(name, head);
                in_shape = shape.is_some();
                if let Some(shape) = shape.filter(|_| fields.len() < FIELDS_MAX) {
                    let most = value.len().min(READING_FIELD_BYTES_MAX);
                    fields.push((shape, value.get(..most).unwrap_or_default().to_vec()));
                }
            }
            None if is_in_field => {
                if !in_text {
                    head.other_body(line.start);
                }
                (in_shape, in_text) = (false, true);
                at = line.next;
                continue;
            }
            // A part that begins with text has no header.
            None => return begin_of_text(line, from),
        }
        (is_in_field, in_text) = (true, false);
        at = line.next;
    }
    bytes.len()
}

fn begin_of_text(line: Line, from: usize) -> usize {
    from.max(line.start)
}

/// Name and value of a field; `None` for another line. A name has no space within, unless it is one of ours.
fn field_of(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', text.get(..text.len().min(200))?)?;
    let (name, value) = (text.get(..colon)?.trim_ascii(), text.get(colon + 1..)?);
    let is_name = !name.is_empty() && name.iter().all(|byte| !byte.is_ascii_whitespace());
    (is_name || shape(name).is_some()).then_some((name, value))
}

/// The field by its letters alone.
fn shape(name: &[u8]) -> Option<Shape> {
    let letters: Vec<u8> =
        name.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).take(40).collect();
    match letters.as_slice() {
        b"contenttype" => Some(Shape::Type),
        b"contenttransferencoding" | b"contentencoding" => Some(Shape::Encoding),
        b"contentdisposition" => Some(Shape::Disposition),
        _ => None,
    }
}

fn shape_of(name: &[u8], head: &mut Head) -> Option<Shape> {
    let shape = shape(name)?;
    let exact: &[&[u8]] = &[b"content-type", b"content-transfer-encoding", b"content-disposition", b"content-encoding"];
    if !exact.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        head.note(Ambiguity::OddFieldName);
    }
    Some(shape)
}

impl Head {
    pub(super) fn note(&mut self, what: Ambiguity) {
        if !self.odd.contains(&what) {
            self.odd.push(what);
        }
    }

    /// True where no field shapes the part.
    pub(super) fn is_bare(&self) -> bool {
        self.types.is_empty() && self.encodings.is_empty()
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.types.iter().any(Value::is_multipart)
    }

    fn other_body(&mut self, at: usize) {
        if self.bodies.len() < BLOCKS_MAX {
            self.bodies.push(at);
        }
    }

    fn take(&mut self, shape: Shape, value: &[u8]) {
        match shape {
            Shape::Type => self.take_type(value),
            Shape::Encoding => self.take_encoding(value),
            Shape::Disposition => {
                let value = parameters::read(value);
                if value.word.starts_with("attachment") {
                    self.attached = Attached::Yes;
                }
                self.take_names(&value, "filename");
            }
        }
    }

    fn take_type(&mut self, field: &[u8]) {
        let value = parameters::read(field);
        if value.count_of("boundary") > 1 {
            self.note(Ambiguity::DoubledBoundary);
        }
        if value.has_pieces("boundary") {
            self.note(Ambiguity::PiecedBoundary);
        }
        if !value.is_type() {
            self.note(Ambiguity::OddType);
        }
        if self.types.iter().any(|other| other.word != value.word || other.boundary() != value.boundary()) {
            self.note(Ambiguity::DoubledContentType);
        }
        self.take_names(&value, "name");
        self.types.push(value);
    }

    fn take_names(&mut self, value: &Value, parameter: &str) {
        let names: Vec<String> = value.texts_of(parameter).collect();
        let ending = |name: &String| name.rsplit('.').next().unwrap_or_default().trim().to_lowercase();
        if names.iter().map(ending).collect::<BTreeSet<_>>().len() > 1 {
            self.note(Ambiguity::DoubledName);
        }
        self.names.extend(names);
        self.names.dedup();
        self.names.truncate(4);
    }

    fn take_encoding(&mut self, field: &[u8]) {
        let text = encoded_word(field).unwrap_or_else(|| field.to_vec());
        let lower: String = String::from_utf8_lossy(&text).to_lowercase();
        let word = lower.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let bare: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
        let coding = match () {
            () if bare.contains("base64") => Coding::Base64,
            () if bare.contains("quotedprintable") => Coding::Quoted,
            () => Coding::Plain,
        };
        let is_exact = ["base64", "quoted-printable"].contains(&word) && text == field;
        if coding != Coding::Plain && !is_exact {
            self.note(Ambiguity::OddEncoding);
        }
        if self.encodings.iter().any(|other| *other != coding) {
            self.note(Ambiguity::DoubledEncoding);
        }
        if coding != Coding::Plain && !is_exact && !self.encodings.contains(&Coding::Plain) && word.contains(['(', '='])
        {
            // Readers that don't understand the word take it for none.
            self.encodings.push(Coding::Plain);
        }
        if !self.encodings.contains(&coding) {
            self.encodings.push(coding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, encodings: &[Coding], odd: &[Ambiguity], bodies: &[&str]) {
        let head = read(header.as_bytes(), 0, header.len());
        let seen: Vec<&str> = head.bodies.iter().map(|at| header.get(*at..).unwrap()).collect();
        assert_eq!((head.encodings.as_slice(), head.odd.as_slice()), (encodings, odd), "{header:?}");
        assert_eq!(seen, bodies, "{header:?}");
    }

    #[test]
    fn all_values_are_seen_and_every_body() {
        use Ambiguity::{DoubledEncoding, OddEncoding, OddFieldName, OddHeaderEnd};
        use Coding::{Base64, Plain, Quoted};
        let b64 = "Content-Transfer-Encoding: base64\r\n";
        for (header, encodings, odd, bodies) in [
            ("text\r\n", &[][..], &[][..], &["text\r\n"][..]),
            ("\r\ntext: x\r\n", &[], &[OddHeaderEnd][..0], &["text: x\r\n"]),
            ("Content-Type: a/b\r\n\r\ntext", &[], &[], &["text"]),
            (&format!("{b64}\r\nx"), &[Base64], &[], &["x"]),
            (&format!("{b64}Content-Transfer-Encoding: 7bit\r\n\r\nx"), &[Base64, Plain], &[DoubledEncoding], &["x"]),
            ("Content-Transfer-Encoding: (c) Quoted-Printable\r\n\r\nx", &[Plain, Quoted], &[OddEncoding], &["x"]),
            ("Content-Transfer-Encoding: \"base64\"\r\n\r\nx", &[Base64], &[OddEncoding], &["x"]),
            ("Content-Transfer -Encoding: base64\r\n\r\nx", &[Base64], &[OddFieldName], &["x"]),
            ("Content-Transfer-Encoding:\r\n base64\r\n\r\nx", &[Base64], &[], &["x"]),
            (&format!("{b64}UEsD\r\nBBQA\r\n\r\nx"), &[Base64], &[], &["UEsD\r\nBBQA\r\n\r\nx", "x"]),
            (&format!("X: y\r\n\r\n{b64}\r\nx"), &[Base64], &[OddHeaderEnd], &[&format!("{b64}\r\nx"), "x"]),
        ] {
            check(header, encodings, odd, bodies);
        }
    }
}
