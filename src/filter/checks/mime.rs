//! Defects of the structure that the parser noted: programs for mail don't write them, senders who hide things do.

use super::{Check, Facts, Finding};
use crate::mail::{Defect, Message};

pub(super) const CHECK: Check = Check {
    name: "mime",
    about: "A structure that readers understand differently.",
    finds: &["malformed_mime", "ambiguous_mime"],
    look,
};

fn look(message: &Message<'_>, _facts: &Facts) -> Vec<Finding> {
    let defects = message.defects.iter().filter(|defect| speaks_against_sender(**defect));
    let malformed = defects.map(|defect| Finding::new("malformed_mime", defect.to_string()));
    malformed.chain(ambiguous(message)).collect()
}

/// One finding for all kinds of ambiguity, so that a message that is read in ten ways weighs no more than one in two.
fn ambiguous(message: &Message<'_>) -> Option<Finding> {
    let kinds: Vec<&str> = message.ambiguities.iter().map(|kind| kind.name()).collect();
    (!kinds.is_empty()).then(|| Finding::new("ambiguous_mime", kinds.join(", ")))
}

/// The others tell how the message was kept, what honest programs do too, or what another check says by name.
fn speaks_against_sender(defect: Defect) -> bool {
    match defect {
        Defect::NoEmptyLine
        | Defect::BareCr
        | Defect::NulByte
        | Defect::HeaderWithoutColon
        | Defect::DuplicateContentType
        | Defect::DuplicateTransferEncoding
        | Defect::DuplicateBoundary
        | Defect::MissingBoundary
        | Defect::BoundaryNotFound
        | Defect::MissingClosingBoundary
        | Defect::UnknownTransferEncoding
        | Defect::BadTransferEncoding
        | Defect::EncodedMessage
        | Defect::ParserPanicked => true,
        Defect::Empty
        | Defect::BareLf
        | Defect::LongLine
        | Defect::EightBitHeader
        | Defect::MissingFrom
        | Defect::SeveralFrom
        | Defect::MissingDate => false,
    }
}
