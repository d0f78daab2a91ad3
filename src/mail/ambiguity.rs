//! Places where programs read the same message differently, each kind by name.
//!
//! Does not find them (`readings` does) and does not weigh: a rule may. Standards: RFC 2045, RFC 2046, RFC 2231.

use std::fmt;

/// Why one message may be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ambiguity {
    /// A part has two Content-Type fields that differ.
    DoubledContentType,
    /// A part has two transfer encodings that differ.
    DoubledEncoding,
    /// One Content-Type names two boundaries.
    DoubledBoundary,
    /// A part has two file names with different endings.
    DoubledName,
    /// The encoding stands beside a comment, in quotes or within other text.
    OddEncoding,
    /// The type is no type, so that readers guess.
    OddType,
    /// The boundary comes in pieces (RFC 2231 §3).
    PiecedBoundary,
    /// A multipart names no boundary, and parts follow all the same.
    MissingBoundary,
    /// A part that is not declared as a multipart names a boundary, and parts follow.
    UndeclaredMultipart,
    /// A multipart in base64 or quoted-printable, which RFC 2045 §6.4 forbids.
    EncodedMultipart,
    /// The header of a part ends where no empty line is, or goes on behind one.
    OddHeaderEnd,
    /// A field that shapes the message is written so that some readers miss it: NUL, or space within its name.
    OddFieldName,
    /// Other characters amid base64, or base64 behind its end.
    JunkInBase64,
    /// Contents are in an encoding that their part does not declare.
    UndeclaredEncoding,
    /// A file that the usual reading does not show.
    HiddenPart,
    /// A page before the first part.
    Preamble,
    /// A page behind the last part.
    Epilogue,
    /// More readings than are looked at.
    TooManyReadings,
}

impl Ambiguity {
    /// The name by which rules, logs and reports know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DoubledContentType => "doubled_content_type",
            Self::DoubledEncoding => "doubled_encoding",
            Self::DoubledBoundary => "doubled_boundary",
            Self::DoubledName => "doubled_name",
            Self::OddEncoding => "odd_encoding",
            Self::OddType => "odd_type",
            Self::PiecedBoundary => "pieced_boundary",
            Self::MissingBoundary => "missing_boundary",
            Self::UndeclaredMultipart => "undeclared_multipart",
            Self::EncodedMultipart => "encoded_multipart",
            Self::OddHeaderEnd => "odd_header_end",
            Self::OddFieldName => "odd_field_name",
            Self::JunkInBase64 => "junk_in_base64",
            Self::UndeclaredEncoding => "undeclared_encoding",
            Self::HiddenPart => "hidden_part",
            Self::Preamble => "preamble",
            Self::Epilogue => "epilogue",
            Self::TooManyReadings => "too_many_readings",
        }
    }
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
