//! Excel workbooks of 1993 to 2003: macro sheets, names that start them, links to programs, encryption.
//!
//! Does not compute formulas: the functions in them are named. Standards: MS-XLS §2.4.28 (BoundSheet8), §2.4.117
//! (FilePass), §2.4.127 (Formula), §2.4.150 (Lbl), §2.4.271 (SupBook); OpenOffice's description of BIFF 5.

use super::octets::{code_page, piece, size_at, u16_at, utf16};
use super::remote::shown;
use super::vba::words;
use crate::limits::OFFICE_RECORDS_MAX;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};

/// The begin of a workbook or sheet, of all versions since the second.
const BEGINS: [u16; 4] = [0x0809, 0x0409, 0x0209, 0x0009];
const BOUND_SHEET: u16 = 0x0085;
const FILE_PASS: u16 = 0x002f;
const FORMULAS: [u16; 3] = [0x0006, 0x0206, 0x0406];
const LABEL: u16 = 0x0018;
const EXTERNAL_SHEET: u16 = 0x0017;
const SUPPORTING_BOOK: u16 = 0x01ae;
const BIFF5: u16 = 0x0500;
const MACRO_SHEET: u16 = 0x0040;

/// Functions of macro sheets by their number.
const FUNCTIONS: [(u16, NoteKind, &str); 9] = [
    (110, NoteKind::MacroStarts, "EXEC"),
    (149, NoteKind::MacroStarts, "REGISTER"),
    (150, NoteKind::MacroStarts, "CALL"),
    (260, NoteKind::MacroStarts, "RUN"),
    (132, NoteKind::MacroLoads, "FOPEN"),
    (137, NoteKind::MacroLoads, "FWRITELN"),
    (138, NoteKind::MacroLoads, "FWRITE"),
    (96, NoteKind::MacroHides, "FORMULA"),
    (186, NoteKind::MacroHides, "GET.WORKSPACE"),
];

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "biff",
    about: "Excel sheets of before 1993, which are no OLE files",
    recognise,
    nature: Nature::Container(open),
};

/// A begin of a sheet, a chart, a macro sheet or a workspace.
fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let is_begin = BEGINS.contains(&u16_at(bytes, 0)?) && (4..=16).contains(&u16_at(bytes, 2)?);
    (is_begin && [0x05, 0x10, 0x20, MACRO_SHEET, 0x100].contains(&u16_at(bytes, 6)?))
        .then_some("application/vnd.ms-excel")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    look(contents.bytes, opening);
}

/// What was seen so far of a workbook.
#[derive(Default)]
struct Book {
    is_biff5: bool,
    encrypted: bool,
    has_macro_sheet: bool,
    /// The names that start macros.
    starts: Vec<String>,
    in_macro_sheet: bool,
}

pub(in crate::unpack) fn look(stream: &[u8], opening: &mut Opening<'_>) {
    let mut book = Book::default();
    let mut at = 0_usize;
    for count in 0.. {
        let Some((kind, size)) = u16_at(stream, at).zip(u16_at(stream, at + 2)) else { break };
        let Some(data) = piece(stream, at + 4, usize::from(size)) else { break };
        if count % 4096 == 0 && opening.pay_time().is_break() {
            break;
        }
        if count >= OFFICE_RECORDS_MAX {
            opening.note(NoteKind::TooMany, "records of a workbook");
            break;
        }
        book.record(kind, data, opening);
        at += 4 + usize::from(size);
    }
    if book.has_macro_sheet {
        opening.note(NoteKind::Macro, "Excel 4.0");
        opening.note(NoteKind::OldMacro, "Excel 4.0");
        for name in &book.starts {
            opening.note(NoteKind::AutoMacro, &format!("Excel 4.0: {name}"));
        }
    }
}

impl Book {
    fn record(&mut self, kind: u16, data: &[u8], opening: &mut Opening<'_>) {
        match kind {
            _ if BEGINS.contains(&kind) => {
                self.is_biff5 = u16_at(data, 0) == Some(BIFF5);
                self.in_macro_sheet = u16_at(data, 2) == Some(MACRO_SHEET);
                if self.in_macro_sheet && !self.has_macro_sheet {
                    self.has_macro_sheet = true;
                    opening.note(NoteKind::ExcelMacro, "a macro sheet");
                }
            }
            FILE_PASS => {
                self.encrypted = true;
                let how = if is_default_password(data) { "Excel opens it without asking" } else { "with a password" };
                opening.note(NoteKind::Encrypted, &format!("an Excel workbook: {how}"));
            }
            // All but the headers is encrypted from here on.
            _ if self.encrypted => {}
            BOUND_SHEET => self.sheet(data, opening),
            LABEL => self.label(data),
            SUPPORTING_BOOK => {
                if let Some(path) = text(data.get(2..).unwrap_or_default(), 2) {
                    link(&path, opening);
                }
            }
            EXTERNAL_SHEET if self.is_biff5 => {
                let count = usize::from(data.first().copied().unwrap_or(0));
                link(&code_page(piece(data, 1, count).unwrap_or_default(), 1252), opening);
            }
            _ if self.in_macro_sheet && FORMULAS.contains(&kind) => formula(data, opening),
            _ => {}
        }
    }

    fn sheet(&mut self, data: &[u8], opening: &mut Opening<'_>) {
        let (Some(state), Some(1)) = (data.get(4), data.get(5)) else { return };
        let hidden = match state & 3 {
            0 => "",
            1 => " (hidden)",
            _ => " (very hidden)",
        };
        let name = if self.is_biff5 {
            let count = usize::from(data.get(6).copied().unwrap_or(0));
            piece(data, 7, count).map(|name| code_page(name, 1252))
        } else {
            text(data.get(6..).unwrap_or_default(), 1)
        };
        self.has_macro_sheet = true;
        opening.note(NoteKind::ExcelMacro, &format!("{}{hidden}", shown(&name.unwrap_or_default())));
    }

    /// A defined name: built in ones are a number.
    fn label(&mut self, data: &[u8]) {
        const BUILT_IN: u16 = 0x20;
        let count = usize::from(data.get(3).copied().unwrap_or(0));
        let start = if self.is_biff5 { 14 } else { 15 };
        let name = piece(data, start, count.min(64)).unwrap_or_default();
        let is_built_in = u16_at(data, 0).unwrap_or(0) & BUILT_IN != 0;
        let known = match name.first() {
            Some(1) if is_built_in => Some("Auto_Open".to_string()),
            Some(2) if is_built_in => Some("Auto_Close".to_string()),
            Some(10 | 11) if is_built_in => Some("Auto_Activate".to_string()),
            _ => {
                let plain: String = name.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
                plain.to_ascii_lowercase().starts_with("auto_").then_some(plain)
            }
        };
        self.starts.extend(known.filter(|name| !self.starts.contains(name)).map(|name| shown(&name)));
    }
}

/// A text of BIFF 8 behind its count of `count_bytes` octets.
fn text(data: &[u8], count_bytes: usize) -> Option<String> {
    let count = if count_bytes == 1 { usize::from(*data.first()?) } else { usize::from(u16_at(data, 0)?) };
    let is_wide = data.get(count_bytes)? & 1 != 0;
    let at = count_bytes + 1;
    if is_wide {
        piece(data, at, 2 * count).map(utf16)
    } else {
        piece(data, at, count).map(|text| code_page(text, 1252))
    }
}

/// Notes a link to another program: its name and the topic are divided by a mark.
fn link(path: &str, opening: &mut Opening<'_>) {
    // Alone, the mark stands for the book itself.
    if let Some((program, topic)) = path.split_once('\u{3}').filter(|(program, _)| !program.is_empty()) {
        opening.note(NoteKind::Dde, &shown(&format!("{program}|{topic}")));
    }
}

/// Notes the functions of a formula, and the words in its texts.
fn formula(data: &[u8], opening: &mut Opening<'_>) {
    const CODE_AT: usize = 22;
    let code = data.get(CODE_AT..).unwrap_or_default();
    look_at_code(code, opening);
}

/// The same for the code of a formula of any record, also of xlsb files.
pub(in crate::unpack) fn look_at_code(code: &[u8], opening: &mut Opening<'_>) {
    for (at, token) in code.iter().enumerate() {
        let number = match token {
            0x22 | 0x42 | 0x62 => u16_at(code, at + 2),
            0x21 | 0x41 | 0x61 => u16_at(code, at + 1),
            _ => None,
        };
        if let Some((_, kind, name)) = FUNCTIONS.iter().find(|(known, _, _)| Some(*known) == number) {
            opening.note(*kind, &format!("Excel 4.0: {name}"));
        }
    }
    let text: String = code.iter().filter(|byte| (0x20..0x7f).contains(*byte)).map(|byte| char::from(*byte)).collect();
    words::note_words(&text.to_ascii_lowercase(), "Excel 4.0", opening);
}

/// True where a workbook is encrypted with the password that Excel tries before it asks, so that everybody reads it
/// (MS-OFFCRYPTO §2.3.7.1 for the old method; for RC4 it can't be told without decrypting).
fn is_default_password(pass: &[u8]) -> bool {
    const PASSWORD: &[u8] = b"VelvetSweatshop";
    const OBFUSCATED: u16 = 0;
    let mut verifier = 0_u16;
    for byte in PASSWORD.iter().rev().copied().chain([PASSWORD.len() as u8]) {
        verifier = (u16::from(verifier & 0x4000 != 0) ^ ((verifier << 1) & 0x7fff)) ^ u16::from(byte);
    }
    let is_xor = size_at(pass, 0).is_some() && u16_at(pass, 0) == Some(OBFUSCATED);
    is_xor && u16_at(pass, 4) == Some(verifier ^ 0xce4b)
}
