//! RTF files: embedded objects, fields, templates, and the marks of files that attack their reader.
//!
//! Reads control words, groups and text in one pass, with a stack of what each group is for; knows nothing of layout. Word
//! reads RTF that is broken in many ways, so broken files are read as far as they go. Standards: Rich Text Format 1.9.1.

use super::compound::MARK;
use super::dde::{BEGIN, Fields};
use super::package;
use super::remote::{is_remote, shown};
use crate::limits::{RTF_DEPTH_MAX, RTF_OBJECTS_MAX};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "rtf", about: "RTF documents", recognise, nature: Nature::Container(open) };

/// Classes of objects that attacks use, by their begin in lower case.
const ATTACKED_CLASSES: [&str; 5] = ["equation.", "ole2link", "htmlfile", "script", "otkloadr"];
/// Classes of documents, which are embedded every day.
const USUAL_CLASSES: [&str; 9] =
    ["excel.", "word.", "powerpoint.", "msgraph", "paint.", "pbrush", "visio.", "msphotoed", "staticmetafile"];
/// Groups in each other beyond which nobody wrote them by hand or program.
const USUAL_DEPTH: usize = 300;

/// What the text of a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Text,
    /// Data of the object with that number.
    Object(usize),
    Class,
    Field,
    Template,
    /// A destination that readers skip.
    Skipped,
}

/// One object's data, as digits come.
#[derive(Default)]
struct Data {
    bytes: Vec<u8>,
    half: Option<u8>,
    /// Control words and groups between the digits.
    breaks: usize,
}

struct Reader<'a> {
    rest: &'a [u8],
    /// What each open group is for.
    groups: Vec<Use>,
    /// Groups beyond [`RTF_DEPTH_MAX`].
    deeper: usize,
    deepest: usize,
    /// The next control word names the destination of a group that may be skipped.
    starred: bool,
    objects: Vec<Data>,
    classes: Vec<String>,
    fields: Fields,
    template: String,
    tricks: Vec<&'static str>,
    /// More objects than [`RTF_OBJECTS_MAX`].
    too_many: bool,
}

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents.bytes);
    bytes.trim_ascii_start().starts_with(b"{\\rt").then_some("application/rtf")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut reader = Reader {
        rest: contents.bytes,
        groups: vec![Use::Text],
        deeper: 0,
        deepest: 0,
        starred: false,
        objects: Vec::new(),
        classes: Vec::new(),
        fields: Fields::default(),
        template: String::new(),
        tricks: Vec::new(),
        too_many: false,
    };
    reader.head(contents.bytes);
    let mut steps = 0_usize;
    while !reader.rest.is_empty() {
        reader.step();
        reader.fields.settle(opening);
        steps += 1;
        if steps.is_multiple_of(1 << 16) && opening.pay_time().is_break() {
            break;
        }
    }
    let _ = reader.finish(opening);
}

impl<'a> Reader<'a> {
    /// `{\rtf1`: Word takes less, and scanners took more.
    fn head(&mut self, bytes: &[u8]) {
        let after = bytes.trim_ascii_start().strip_prefix(b"{\\rtf").and_then(|rest| rest.first());
        if !after.is_some_and(|next| next.is_ascii_digit() || matches!(next, b'\\' | b' ' | b'\r' | b'\n')) {
            self.trick("a header that only Word takes");
        }
    }

    fn trick(&mut self, what: &'static str) {
        if !self.tricks.contains(&what) {
            self.tricks.push(what);
        }
    }

    fn now(&self) -> Use {
        self.groups.last().copied().unwrap_or(Use::Text)
    }

    fn set(&mut self, to: Use) {
        if let Some(group) = self.groups.last_mut() {
            *group = to;
        }
    }

    /// Reads one word, brace or run of text.
    fn step(&mut self) {
        let Some((first, rest)) = self.rest.split_first() else { return };
        match first {
            b'{' => {
                self.rest = rest;
                self.break_object();
                self.begin();
            }
            b'}' => {
                self.rest = rest;
                self.end();
            }
            b'\\' => {
                self.rest = rest;
                self.control();
            }
            _ => {
                let end = memchr::memchr3(b'{', b'}', b'\\', self.rest).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, b""));
                self.rest = rest;
                self.text(text);
            }
        }
    }

    fn begin(&mut self) {
        self.starred = false;
        if self.groups.len() >= RTF_DEPTH_MAX {
            self.deeper += 1;
        } else {
            self.groups.push(self.now());
        }
        self.deepest = self.deepest.max(self.groups.len() + self.deeper);
    }

    fn end(&mut self) {
        self.starred = false;
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let before = self.groups.pop();
        if self.groups.is_empty() {
            self.groups.push(Use::Text);
        }
        if before == Some(Use::Field) && self.now() != Use::Field {
            // A field within an instruction has no group of its own kind.
            self.fields.close();
        }
    }

    /// What follows a backslash: a symbol, or letters with a number.
    fn control(&mut self) {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters == 0 {
            let symbol = self.rest.first().copied();
            // `\'41` has two digits behind it, which are no data.
            let size = if symbol == Some(b'\'') { 3 } else { 1 };
            match (symbol, self.now()) {
                (Some(b'*'), _) => self.starred = true,
                (Some(b'\''), Use::Object(_)) => self.break_object(),
                (Some(b'\''), _) => {
                    let digits = self.rest.get(1..3).and_then(|two| std::str::from_utf8(two).ok());
                    if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                        self.text(&[byte]);
                    }
                }
                (Some(byte @ (b'\\' | b'{' | b'}')), _) => self.text(&[byte]),
                (Some(_) | None, _) => {}
            }
            self.rest = self.rest.get(size..).unwrap_or_default();
            return;
        }
        let (word, rest) = self.rest.split_at_checked(letters).unwrap_or((self.rest, b""));
        let digits =
            rest.iter().enumerate().take_while(|(at, b)| b.is_ascii_digit() || (*at == 0 && **b == b'-')).count();
        let (number, rest) = rest.split_at_checked(digits).unwrap_or((rest, b""));
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        self.word(&word.to_ascii_lowercase(), number);
    }

    fn word(&mut self, word: &[u8], number: &[u8]) {
        let starred = std::mem::take(&mut self.starred);
        match word {
            b"objdata" if self.objects.len() >= RTF_OBJECTS_MAX => {
                self.too_many = true;
                self.set(Use::Skipped);
            }
            b"objdata" => {
                self.objects.push(Data::default());
                self.set(Use::Object(self.objects.len() - 1));
            }
            b"objclass" => {
                if self.classes.len() < RTF_OBJECTS_MAX {
                    self.classes.push(String::new());
                }
                self.set(Use::Class);
            }
            b"fldinst" => {
                self.fields.push(BEGIN);
                self.set(Use::Field);
            }
            b"template" => self.set(Use::Template),
            b"objupdate" => self.trick("an object that is updated when it is shown"),
            b"objautlink" => self.trick("an object that is linked by itself"),
            b"objhtml" => self.trick("an object of HTML"),
            b"bin" => self.binary(number),
            b"u" if matches!(self.now(), Use::Template | Use::Field) => self.character(number),
            // Other destinations within an object: what is in them is no data.
            _ if starred && matches!(self.now(), Use::Object(_) | Use::Class) => {
                self.break_object();
                self.set(Use::Skipped);
            }
            _ => self.break_object(),
        }
    }

    /// `\u` and a number, of 16 bits with a sign, then one letter for readers that don't know it.
    fn character(&mut self, number: &[u8]) {
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse::<i32>().ok()).unwrap_or(0);
        let unit = u16::try_from(number.rem_euclid(1 << 16)).unwrap_or_default();
        let letter = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.text(letter.to_string().as_bytes());
        if let Some((_, rest)) = self.rest.split_first().filter(|(next, _)| !matches!(next, b'\\' | b'{' | b'}')) {
            self.rest = rest;
        }
    }

    /// `\bin` and a count: so many raw octets.
    fn binary(&mut self, number: &[u8]) {
        let count = std::str::from_utf8(number).ok().and_then(|number| number.parse::<usize>().ok()).unwrap_or(0);
        // More than there is would hide all that follows.
        let Some((raw, rest)) = self.rest.split_at_checked(count) else {
            self.trick("raw octets beyond the end");
            return;
        };
        self.rest = rest;
        if let Use::Object(number) = self.now()
            && let Some(data) = self.objects.get_mut(number)
        {
            data.half = None;
            data.bytes.extend_from_slice(raw);
        }
    }

    fn break_object(&mut self) {
        if let Use::Object(number) = self.now()
            && let Some(data) = self.objects.get_mut(number)
        {
            data.breaks += 1;
        }
    }

    fn text(&mut self, text: &[u8]) {
        match self.now() {
            Use::Object(number) => {
                if let Some(data) = self.objects.get_mut(number) {
                    data.digits(text);
                }
            }
            Use::Class => {
                if let Some(class) = self.classes.last_mut().filter(|class| class.len() < 256) {
                    class.push_str(&String::from_utf8_lossy(text.get(..text.len().min(256)).unwrap_or_default()));
                }
            }
            Use::Field => {
                // Lines end anywhere in RTF and mean nothing; the marks of fields are ours here.
                let said = text.iter().filter(|b| !matches!(b, b'\r' | b'\n' | 0x13..=0x15));
                self.fields.push_all(said.map(|byte| char::from(*byte)));
            }
            Use::Template if self.template.len() < 4096 => self.template.push_str(&String::from_utf8_lossy(text)),
            Use::Text | Use::Template | Use::Skipped => {}
        }
    }

    /// Notes what was found and gives the objects.
    fn finish(mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        if self.deepest > USUAL_DEPTH {
            self.trick("groups nested too deep");
        }
        if self.objects.iter().any(|data| data.breaks > 0) {
            self.trick("an object's data is broken up by other words");
        }
        let has_objects = !self.objects.is_empty();
        for trick in self.tricks.iter().filter(|trick| has_objects || !trick.starts_with("an object")) {
            opening.note(NoteKind::RtfTrick, trick);
        }
        if self.too_many {
            opening.note(NoteKind::TooMany, "objects in an RTF file");
        }
        for class in &self.classes {
            look_at_class(class, opening);
        }
        self.fields.look(opening);
        let template = self.template.replace("\\\\", "\\");
        if is_remote(&template) {
            opening.note(NoteKind::RemoteTemplate, &shown(&template));
        }
        for (number, data) in self.objects.iter().enumerate().filter(|(_, data)| !data.bytes.is_empty()) {
            opening.pay_time()?;
            take_object(&data.bytes, number + 1, opening)?;
        }
        ControlFlow::Continue(())
    }
}

impl Data {
    fn digits(&mut self, text: &[u8]) {
        for byte in text {
            let Some(digit) = char::from(*byte).to_digit(16).map(|digit| digit as u8) else { continue };
            match self.half.take() {
                Some(high) => self.bytes.push(high << 4 | digit),
                None => self.half = Some(digit),
            }
        }
    }
}

fn look_at_class(class: &str, opening: &mut Opening<'_>) {
    let class = class.trim();
    let lower = class.to_ascii_lowercase();
    if ATTACKED_CLASSES.iter().any(|known| lower.starts_with(known)) {
        opening.note(NoteKind::RtfTrick, &format!("an object of the class {}", shown(class)));
    }
}

/// Takes one object: the file in a package, an OLE file, or what it is.
fn take_object(bytes: &[u8], number: usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let label = format!("object {number}");
    let ole = |bytes: &[u8]| memmem::find(bytes, MARK);
    let Some(object) = package::old_object(bytes) else {
        opening.note(NoteKind::Package, &format!("{label}: no proper object"));
        return opening.take(&label, ole(bytes).and_then(|at| bytes.get(at..)).unwrap_or(bytes));
    };
    look_at_class(&object.class, opening);
    let is_usual = USUAL_CLASSES.iter().any(|usual| object.class.to_ascii_lowercase().starts_with(usual));
    if object.is_link && is_remote(&object.topic) {
        opening.note(NoteKind::ExternalObject, &shown(&format!("a linked object: {}", object.topic)));
    }
    if let Some(file) = package::packaged(object.data) {
        opening.note(NoteKind::Package, &shown(&file.name));
        return opening.take(&file.name, file.data);
    }
    if !is_usual {
        opening.note(NoteKind::Package, &shown(&format!("{label}: {}", object.class)));
    }
    if object.data.is_empty() {
        return ControlFlow::Continue(());
    }
    let from = ole(object.data.get(..object.data.len().min(4096)).unwrap_or_default()).unwrap_or(0);
    opening.take(&label, object.data.get(from..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Message;
    use crate::unpack::documents::package::tests::native;
    use crate::unpack::{Inside, open, samples::letter};

    fn inside(rtf: &str) -> Inside {
        let bytes = letter("a.rtf", rtf.as_bytes());
        open(&Message::parse(&bytes))
    }

    /// An embedded package as hexadecimal digits.
    fn package() -> String {
        let data = &native("run.exe", b"MZ\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")[4..];
        let size = (data.len() as u32).to_le_bytes();
        let object = [&b"\x01\x05\0\0\x02\0\0\0\x08\0\0\0Package\0\0\0\0\0\0\0\0\0"[..], &size, data].concat();
        object.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn kinds(inside: &Inside) -> Vec<NoteKind> {
        inside.notes.iter().map(|note| note.kind).collect()
    }

    #[test]
    fn a_packaged_program_is_found_however_its_digits_are_broken_up() {
        let hex = package();
        let (one, two) = hex.split_at(61);
        for (rtf, tricks) in [
            (format!("{{\\rtf1{{\\object\\objemb{{\\*\\objclass Package}}{{\\*\\objdata {hex}}}}}}}"), 0),
            (format!("{{\\rtf1{{\\object{{\\*\\objdata {one}\r\n {two}"), 0),
            (format!("{{\\rtf1{{\\object{{\\*\\objdata{{}}{one}{{\\*\\junk 1234}}\\par {two}}}}}}}"), 1),
            (format!("{{\\rt{{\\object\\objupdate{{\\*\\objdata {one}\\'41{two}}}}}}}"), 3),
        ] {
            let found = inside(&rtf);
            let path: Vec<&str> = found.items.last().unwrap().path.iter().map(String::as_str).collect();
            assert_eq!(path, ["2", "run.exe"], "{rtf}");
            let noted = kinds(&found);
            assert!(noted.contains(&NoteKind::Package) && noted.contains(&NoteKind::Program), "{rtf}");
            assert_eq!(noted.iter().filter(|kind| **kind == NoteKind::RtfTrick).count(), tricks, "{rtf}");
        }
    }

    #[test]
    fn fields_templates_and_classes_are_noted() {
        for (rtf, want) in [
            ("{\\rtf1{\\field{\\*\\fldinst {DDE}{AUTO c:\\\\\\\\cmd.exe \"/k x\"}}{\\fldrslt x}}}", NoteKind::Dde),
            ("{\\rtf1{\\*\\template https://evil.example/t.dot}}", NoteKind::RemoteTemplate),
            ("{\\rtf1{\\object{\\*\\objclass Equation.3}{\\*\\objdata 01}}}", NoteKind::RtfTrick),
        ] {
            assert!(kinds(&inside(rtf)).contains(&want), "{rtf}");
        }
        let deep = format!("{{\\rtf1{}", "{".repeat(100_000));
        assert_eq!(kinds(&inside(&deep)), [NoteKind::RtfTrick]);
        for clean in [
            "{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator x}\\par Hello \\'e9 \\{x\\}}",
            "{\\rtf1{\\field{\\*\\fldinst {HYPERLINK \"https://a.example/\"}}{\\fldrslt x}}{\\*\\template C:\\\\x.dot}}",
            "{\\rtf1 \\bin3 {{{x\\bin-5 y}",
        ] {
            assert_eq!(kinds(&inside(clean)), [], "{clean}");
        }
    }
}
