//! Word documents of 1997 to 2003: encryption, fields, templates from elsewhere.
//!
//! Does not read the text. Standards: MS-DOC §2.5 (the FIB), §2.8.25 (fields), §2.9.271 (the table of associated texts).

use super::dde::{BEGIN, END, look_at_fields};
use super::octets::{piece, size_at, u16_at, utf16};
use super::remote::{is_remote, shown};
use crate::limits::FIELD_TEXT_BYTES_MAX;
use crate::unpack::{NoteKind, Opening};

const FLAGS_AT: usize = 0x0a;
const FLAG_ENCRYPTED: u16 = 0x0100;
const FLAG_TABLE_ONE: u16 = 0x0200;
/// Where the table of associated texts lies; the template's path is its second.
const ASSOCIATED_AT: usize = 0x019a;
const TEMPLATE: usize = 1;
/// Octets of one field's code that are looked at.
const CODE_BYTES_MAX: usize = 1024;

/// The stream with the tables of a document.
pub(in crate::unpack) fn table_name(document: &[u8]) -> &'static str {
    if u16_at(document, FLAGS_AT).unwrap_or(0) & FLAG_TABLE_ONE == 0 { "0Table" } else { "1Table" }
}

pub(in crate::unpack) fn look(document: &[u8], table: &[u8], opening: &mut Opening<'_>) {
    if u16_at(document, FLAGS_AT).unwrap_or(0) & FLAG_ENCRYPTED != 0 {
        opening.note(NoteKind::Encrypted, "a Word document with a password");
        return;
    }
    look_at_fields(&field_codes(document), opening);
    if let Some(template) = template(document, table).filter(|template| is_remote(template)) {
        opening.note(NoteKind::RemoteTemplate, &shown(&template));
    }
}

/// The codes of all fields, each between its marks. Text is stored in pieces of one or two octets for a character;
/// both are tried wherever a field's mark stands.
fn field_codes(document: &[u8]) -> String {
    let mut text = String::new();
    for at in memchr::memchr_iter(BEGIN as u8, document) {
        let rest = document.get(at + 1..).unwrap_or_default();
        let is_wide = rest.first() == Some(&0);
        let step = if is_wide { 2 } else { 1 };
        let behind = if is_wide { rest.get(1..).unwrap_or_default() } else { rest };
        let mut ends = false;
        text.push(BEGIN);
        for unit in behind.chunks(step).take(CODE_BYTES_MAX) {
            match (unit.first().copied(), unit.get(1).copied().unwrap_or(0)) {
                (Some(0x13), 0) => break,
                (Some(0x14 | 0x15), 0) => {
                    ends = true;
                    break;
                }
                (Some(byte), 0) => text.push(char::from(byte)),
                (Some(_) | None, _) => text.push('?'),
            }
        }
        if ends {
            text.push(END);
        }
        if text.len() > FIELD_TEXT_BYTES_MAX {
            break;
        }
    }
    text
}

/// The path of the document's template.
fn template(document: &[u8], table: &[u8]) -> Option<String> {
    let (start, size) = (size_at(document, ASSOCIATED_AT)?, size_at(document, ASSOCIATED_AT + 4)?);
    let texts = piece(table, start, size)?;
    if u16_at(texts, 0)? != 0xffff {
        return None;
    }
    let mut at = 6;
    for _ in 0..TEMPLATE {
        at += 2 + 2 * usize::from(u16_at(texts, at)?);
    }
    Some(utf16(piece(texts, at + 2, 2 * usize::from(u16_at(texts, at)?))?))
}
