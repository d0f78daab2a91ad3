//! What is wrong with a message, as far as it can be said for sure.
//!
//! Does not weigh: a check may. Each defect is noted once. Standards: RFC 5322 §2.1 to §2.3 and §3.6, RFC 2045 §5 and §6,
//! RFC 2046 §5.1 and §5.2.1.

use super::fields::{Field, header_end};
use memchr::memchr3_iter;
use std::fmt;

/// Octets of a line without its CRLF (RFC 5322 §2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// Something that no well-made message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// There is not one octet.
    Empty,
    /// No empty line ends the header block.
    NoEmptyLine,
    BareCr,
    BareLf,
    NulByte,
    /// A line is longer than 998 octets.
    LongLine,
    /// The header has octets above 127 that are not UTF-8 (RFC 6532 allows UTF-8).
    EightBitHeader,
    HeaderWithoutColon,
    MissingFrom,
    SeveralFrom,
    MissingDate,
    DuplicateContentType,
    DuplicateTransferEncoding,
    DuplicateBoundary,
    /// A multipart type without a boundary.
    MissingBoundary,
    /// The boundary of a multipart never comes.
    BoundaryNotFound,
    MissingClosingBoundary,
    /// A transfer encoding that nobody knows, or written so that readers disagree.
    UnknownTransferEncoding,
    /// Contents that their transfer encoding does not allow.
    BadTransferEncoding,
    /// A message/rfc822 part in base64 or quoted-printable.
    EncodedMessage,
    /// The parser panicked: no part could be read.
    ParserPanicked,
}

impl Defect {
    /// The name by which rules, logs and reports know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoEmptyLine => "no_empty_line",
            Self::BareCr => "bare_cr",
            Self::BareLf => "bare_lf",
            Self::NulByte => "nul_byte",
            Self::LongLine => "long_line",
            Self::EightBitHeader => "eight_bit_header",
            Self::HeaderWithoutColon => "header_without_colon",
            Self::MissingFrom => "missing_from",
            Self::SeveralFrom => "several_from",
            Self::MissingDate => "missing_date",
            Self::DuplicateContentType => "duplicate_content_type",
            Self::DuplicateTransferEncoding => "duplicate_transfer_encoding",
            Self::DuplicateBoundary => "duplicate_boundary",
            Self::MissingBoundary => "missing_boundary",
            Self::BoundaryNotFound => "boundary_not_found",
            Self::MissingClosingBoundary => "missing_closing_boundary",
            Self::UnknownTransferEncoding => "unknown_transfer_encoding",
            Self::BadTransferEncoding => "bad_transfer_encoding",
            Self::EncodedMessage => "encoded_message",
            Self::ParserPanicked => "parser_panicked",
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The defects found so far, each once, in the order of finding.
#[derive(Default)]
pub(super) struct Defects(Vec<Defect>);

impl Defects {
    pub(super) fn note(&mut self, defect: Defect) {
        if !self.0.contains(&defect) {
            self.0.push(defect);
        }
    }

    pub(super) fn note_if(&mut self, found: Found, defect: Defect) {
        match found {
            Found::Yes => self.note(defect),
            Found::No => {}
        }
    }

    pub(super) fn into_list(self) -> Vec<Defect> {
        self.0
    }
}

/// Whether a defect was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
}

impl From<bool> for Found {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Notes what the octets and lines of the whole message show.
pub(super) fn of_lines(bytes: &[u8], defects: &mut Defects) {
    defects.note_if(bytes.is_empty().into(), Defect::Empty);
    let header = bytes.get(..header_end(bytes)).unwrap_or_default();
    defects.note_if((!bytes.is_empty() && header.len() == bytes.len()).into(), Defect::NoEmptyLine);
    defects.note_if(std::str::from_utf8(header).is_err().into(), Defect::EightBitHeader);
    let mut line_start = 0;
    for at in memchr3_iter(b'\r', b'\n', 0, bytes) {
        let after_cr = at > line_start && bytes.get(at - 1) == Some(&b'\r');
        match bytes.get(at) {
            Some(b'\n') => {
                defects.note_if((!after_cr).into(), Defect::BareLf);
                defects.note_if((at - line_start > LINE_BYTES_MAX + usize::from(after_cr)).into(), Defect::LongLine);
                line_start = at + 1;
            }
            Some(b'\r') => defects.note_if((bytes.get(at + 1) != Some(&b'\n')).into(), Defect::BareCr),
            Some(_) | None => defects.note(Defect::NulByte),
        }
    }
    defects.note_if((bytes.len() - line_start > LINE_BYTES_MAX).into(), Defect::LongLine);
}

/// Notes what the fields of the top header block show.
pub(super) fn of_fields(fields: &[Field<'_>], defects: &mut Defects) {
    let count = |name: &str| fields.iter().filter(|field| field.is(name)).count();
    defects.note_if(fields.iter().any(|field| field.name.is_empty()).into(), Defect::HeaderWithoutColon);
    match count("From") {
        0 => defects.note(Defect::MissingFrom),
        1 => {}
        _ => defects.note(Defect::SeveralFrom),
    }
    defects.note_if((count("Date") == 0).into(), Defect::MissingDate);
    defects.note_if((count("Content-Type") > 1).into(), Defect::DuplicateContentType);
    defects.note_if((count("Content-Transfer-Encoding") > 1).into(), Defect::DuplicateTransferEncoding);
}
