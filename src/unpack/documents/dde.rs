//! Fields of Word and cells of tables that start programs (DDE) or fetch from elsewhere.
//!
//! Does not compute fields, but for QUOTE, by which commands are hidden. Standards: ECMA-376 part 1 §17.16 (fields).

use super::remote::{is_remote, is_shared_folder, shown, starts_programs};
use crate::limits::FIELD_TEXT_BYTES_MAX;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening, Role};

pub(in crate::unpack) const CELLS: Format = Format {
    name: "csv",
    about: "tables as text with cells that start programs",
    recognise,
    nature: Nature::Container(open_cells),
};
pub(in crate::unpack) const SYLK: Format = Format {
    name: "sylk",
    about: "tables as SYLK text, which may hold Excel 4.0 macros",
    recognise: recognise_sylk,
    nature: Nature::Container(open_sylk),
};

/// The characters that begin a field, divide it from its result, and end it.
pub(in crate::unpack) const BEGIN: char = '\u{13}';
pub(in crate::unpack) const RESULT: char = '\u{14}';
pub(in crate::unpack) const END: char = '\u{15}';
/// Fields in each other that are told apart.
const FIELDS_OPEN_MAX: usize = 64;

/// A field that has begun.
#[derive(Default)]
struct Field {
    code: String,
    in_result: bool,
}

/// Codes of fields as a document's reader meets them. They are looked at whenever no field is open, so that little is
/// held however many there are.
#[derive(Default)]
pub(in crate::unpack) struct Fields {
    text: String,
    open: usize,
    /// A field was longer than any that is read.
    cut: bool,
}

impl Fields {
    pub(in crate::unpack) fn push(&mut self, c: char) {
        match c {
            BEGIN => self.open += 1,
            END => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        if self.text.len() < FIELD_TEXT_BYTES_MAX {
            self.text.push(c);
        } else {
            self.cut = true;
        }
    }

    pub(in crate::unpack) fn push_all(&mut self, text: impl IntoIterator<Item = char>) {
        text.into_iter().for_each(|c| self.push(c));
    }

    /// Ends every field that is open.
    pub(in crate::unpack) fn close(&mut self) {
        for _ in 0..self.open {
            self.push(END);
        }
    }

    /// Looks at what is held where no field is open; not often, as each look costs.
    pub(in crate::unpack) fn settle(&mut self, opening: &mut Opening<'_>) {
        if self.open == 0 && self.text.len() > FIELD_TEXT_BYTES_MAX / 16 {
            self.look(opening);
        }
    }

    /// Looks at all that is left.
    pub(in crate::unpack) fn look(&mut self, opening: &mut Opening<'_>) {
        look_at_fields(&self.text, opening);
        self.text.clear();
        if std::mem::take(&mut self.cut) {
            opening.note(NoteKind::TooBig, "the code of a field");
        }
    }
}

/// Looks at the codes of fields in a text with the three marks.
pub(in crate::unpack) fn look_at_fields(text: &str, opening: &mut Opening<'_>) {
    let mut fields: Vec<Field> = Vec::new();
    for c in text.chars() {
        match c {
            BEGIN if fields.len() < FIELDS_OPEN_MAX => fields.push(Field::default()),
            RESULT => {
                if let Some(field) = fields.last_mut() {
                    field.in_result = true;
                }
            }
            END => {
                if let Some(field) = fields.pop() {
                    close(&field, fields.last_mut(), opening);
                }
            }
            c => {
                if let Some(field) = fields.last_mut().filter(|field| !field.in_result) {
                    field.code.push(c);
                }
            }
        }
    }
    while let Some(field) = fields.pop() {
        close(&field, fields.last_mut(), opening);
    }
}

/// Looks at a whole code, and gives what it stands for to the field around it.
fn close(field: &Field, outer: Option<&mut Field>, opening: &mut Opening<'_>) {
    look_at_code(&field.code, opening);
    let Some(outer) = outer.filter(|outer| !outer.in_result) else { return };
    let code = field.code.trim();
    let (word, rest) = code.split_once(' ').unwrap_or((code, ""));
    if word.eq_ignore_ascii_case("quote") {
        let numbers: Option<String> =
            rest.split_whitespace().map(|number| number.parse().ok().and_then(char::from_u32)).collect();
        outer.code.push_str(&numbers.unwrap_or_else(|| rest.replace('"', "")));
    }
}

/// Looks at the code of one field: `DDEAUTO c:\\windows\\system32\\cmd.exe "/k x"`.
fn look_at_code(code: &str, opening: &mut Opening<'_>) {
    let code = code.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c.is_control());
    let end = code.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(code.len());
    let (word, rest) = code.split_at_checked(end).unwrap_or((code, ""));
    let word = word.to_ascii_lowercase();
    let target = || rest.replace("\\\\", "\\").replace('"', " ");
    let remote = |is: fn(&str) -> bool| target().split_whitespace().any(|part| is(part) || is(&format!("\\{part}")));
    match word.as_str() {
        "dde" | "ddeauto" => opening.note(NoteKind::Dde, &shown(code)),
        "includetext" | "import" | "link" | "rd" if remote(is_remote) => {
            opening.note(NoteKind::ExternalObject, &format!("a field: {}", shown(code)));
        }
        "includepicture" if remote(is_shared_folder) => {
            opening.note(NoteKind::ExternalObject, &format!("a field: {}", shown(code)));
        }
        "hyperlink" if target().split_whitespace().any(starts_programs) => {
            opening.note(NoteKind::ExternalObject, &format!("a field: {}", shown(code)));
        }
        _ => {}
    }
}

/// True for a formula that asks another program: `=cmd|'/c x'!A0`, `=DDE("cmd";"/c x";"y")`.
pub(in crate::unpack) fn starts_program(cell: &str) -> bool {
    let cell = cell.trim_start_matches([' ', '\t', '"', '\'']);
    let Some(formula) = cell.strip_prefix(['=', '+', '-', '@']) else { return false };
    let by_bar = formula.split_once('|').is_some_and(|(before, behind)| {
        let application =
            before.rsplit(['(', '+', '-', '*', '=', ',']).next().unwrap_or_default().trim_matches([' ', '\'']);
        let is_name =
            !application.is_empty() && application.chars().all(|c| c.is_ascii_alphanumeric() || " \\/:._".contains(c));
        is_name && behind.contains('!')
    });
    by_bar || formula.trim_start().to_ascii_lowercase().starts_with("dde(")
}

/// The first cell that starts a program; a cell may hold what divides cells.
fn first_cell(bytes: &[u8]) -> Option<String> {
    bytes.split(|byte| matches!(byte, b'\n' | b'\r')).find_map(|line| {
        if !line.iter().any(|byte| matches!(byte, b'|' | b'(')) {
            return None;
        }
        let line = String::from_utf8_lossy(line);
        let found = line.split([',', ';', '\t']).find(|cell| cell.contains(['|', '(']) && starts_program(cell));
        found.or_else(|| Some(line.as_ref()).filter(|line| starts_program(line))).map(shown)
    })
}

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let name = contents.name.unwrap_or_default().to_ascii_lowercase();
    let is_table = [".csv", ".tsv", ".tab", ".iqy"].iter().any(|end| name.ends_with(end));
    let is_text = contents.role == Role::File && memchr::memchr(0, contents.bytes).is_none();
    (is_table && is_text && (name.ends_with(".iqy") || first_cell(contents.bytes).is_some())).then_some("text/csv")
}

fn open_cells(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    if let Some(cell) = first_cell(contents.bytes) {
        opening.note(NoteKind::Dde, &cell);
    }
    // A query of Excel: the line with an address is what it fetches, cells that start programs may be in it.
    let begin = contents.bytes.get(..contents.bytes.len().min(4096)).unwrap_or_default();
    if begin.trim_ascii_start().starts_with(b"WEB") {
        let text = String::from_utf8_lossy(begin);
        let address = text.lines().map(str::trim).find(|line| is_remote(line));
        opening.note(NoteKind::ExternalObject, &format!("a query: {}", shown(address.unwrap_or_default())));
    }
}

fn recognise_sylk(contents: &Contents<'_>) -> Option<&'static str> {
    (contents.role == Role::File && contents.bytes.starts_with(b"ID;")).then_some("text/x-sylk")
}

fn open_sylk(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut macros = false;
    for (count, line) in contents.bytes.split(|byte| matches!(byte, b'\n' | b'\r')).enumerate() {
        if count % 4096 == 0 && opening.pay_time().is_break() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        let record = line.split(';').next().unwrap_or_default();
        let lower = line.to_ascii_lowercase();
        // `O;E`: the sheet is a macro sheet.
        if record == "O" && lower.split(';').any(|field| field == "e") {
            macros = true;
            opening.note(NoteKind::ExcelMacro, "SYLK macro sheet");
        }
        if record == "NN" && lower.split(';').any(|field| field.starts_with("nauto_")) {
            macros = true;
            opening.note(NoteKind::AutoMacro, &shown(&line));
        }
        let formula = lower.split(';').find_map(|field| field.strip_prefix('e'));
        if record == "C"
            && let Some(formula) = formula
        {
            if ["exec(", "call(", "register("].iter().any(|call| formula.contains(call)) {
                opening.note(NoteKind::ExcelMacro, "SYLK macro sheet");
                opening.note(NoteKind::MacroStarts, &shown(&line));
            }
            if starts_program(&format!("={formula}")) {
                opening.note(NoteKind::Dde, &shown(&line));
            }
        }
    }
    if macros {
        opening.note(NoteKind::Macro, "SYLK");
        opening.note(NoteKind::OldMacro, "SYLK");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_that_ask_programs_are_told_from_others() {
        for (cell, want) in [
            ("=cmd|'/c calc.exe'!A0", true),
            ("\"=cmd|'/c calc'!A1\"", true),
            ("@SUM(1+1)*cmd|' /C calc'!A0", true),
            ("+MSEXCEL|'\\..\\..\\x'!A", true),
            ("=DDE(\"cmd\";\"/c x\";\"y\")", true),
            ("=SUM(A1:A3)", false),
            ("-5|3", false),
            ("a|b!", false),
        ] {
            assert_eq!(starts_program(cell), want, "{cell}");
        }
    }
}
