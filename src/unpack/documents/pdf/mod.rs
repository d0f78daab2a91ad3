//! PDF and FDF: scripts, actions that start programs, attached files, whatever else is in its streams.
//!
//! Does not draw, does not run scripts, and does not trust the tables of the file: objects are found by their own marks,
//! in the file and in its object streams. Files that open with an empty password are opened. Standards: ISO 32000-2.

mod crypt;
mod filters;
mod lexer;
mod objects;
mod words;

use super::marks::{is_mark_of_file, looks_like_file};
use crate::limits::PDF_PREFIX_BYTES;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening, Role};
use crypt::{Key, Method, Terms};
use filters::{Decoded, Filter, decode};
use lexer::{from_hex, from_literal, text};
use memchr::memmem;
use objects::{Dict, Objects, Place, Stream, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use words::Word;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "pdf", about: "PDF documents and forms", recognise, nature: Nature::Container(open) };

/// Where `%PDF-` may stand: readers skip what is before it.
const MARK_WITHIN: usize = 1024;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let begin = bytes.get(..bytes.len().min(MARK_WITHIN)).unwrap_or_default();
    if begin.trim_ascii_start().starts_with(b"%FDF-") {
        return Some("application/vnd.fdf");
    }
    let at = memmem::find(begin, b"%PDF-")?;
    let before = begin.get(..at).unwrap_or_default();
    let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before).trim_ascii();
    // A PDF as the first member of an archive stands that near to its begin, and one in a message as well.
    let zeros = before.iter().filter(|byte| **byte == 0).count();
    let is_other = infer::get(bytes).is_some_and(|kind| kind.mime_type() != "application/pdf");
    let is_inside = looks_like_file(before) || is_other || zeros > 256 || is_quoted(before);
    let has_object = || memmem::find(bytes, b"obj").is_some();
    (before.is_empty() || (!is_inside && has_object())).then_some("application/pdf")
}

/// A file beside the PDF that only shows something: typesetters write links to such files as actions that start them.
fn is_document(target: &str) -> bool {
    const SHOWN: [&str; 16] = [
        "pdf", "html", "htm", "txt", "tex", "csv", "png", "jpg", "jpeg", "gif", "svg", "eps", "mp3", "mp4", "avi",
        "mov",
    ];
    let ending = target.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_elsewhere = target.starts_with("\\\\") || target.contains("//");
    !is_elsewhere && ending.is_some_and(|ending| SHOWN.contains(&ending.as_str()))
}

/// The text before the mark has a colon in its first line as header fields do.
fn is_quoted(before: &[u8]) -> bool {
    let line = before.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.contains(&b':') || line.starts_with(b"From ")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut objects = Objects::default();
    objects.scan(contents.bytes);
    let mut file = File {
        sources: vec![contents.bytes.to_vec()],
        objects,
        key: None,
        is_locked: false,
        scripts: BTreeSet::new(),
        opened: BTreeSet::new(),
    };
    if file.objects.count == 0 {
        opening.note(NoteKind::Damaged, "a PDF without objects");
    } else if !file.has_table() {
        opening.note(NoteKind::Damaged, "a PDF without its table");
    }
    file.unlock(opening);
    let _ = file.everything(opening);
    if file.objects.is_cut {
        opening.note(NoteKind::TooMany, "objects of a PDF");
    }
}

/// A PDF that is being read.
struct File {
    /// The file, then its object streams, decoded.
    sources: Vec<Vec<u8>>,
    objects: Objects,
    key: Option<Key>,
    /// Nobody opens it without a password.
    is_locked: bool,
    /// Texts of scripts that are members already.
    scripts: BTreeSet<Vec<u8>>,
    /// Streams that are members already.
    opened: BTreeSet<usize>,
}

impl File {
    fn everything(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        self.object_streams(opening)?;
        let by_number = self.streams_by_number();
        self.actions(&by_number, opening)?;
        self.forms(&by_number, opening)?;
        self.attached(&by_number, opening)?;
        self.others(opening)?;
        self.around(opening)
    }

    fn has_table(&self) -> bool {
        let file = self.bytes(0);
        memmem::rfind(file, b"trailer").is_some()
            || self.objects.streams.iter().any(|stream| stream.dict.has(Word::Type, Word::XRef))
    }

    fn bytes(&self, source: usize) -> &[u8] {
        self.sources.get(source).map_or(&[], Vec::as_slice)
    }

    /// The octets of a string as they are written.
    fn sealed(&self, place: Place, value: Value) -> Option<Vec<u8>> {
        let bytes = self.bytes(place.source);
        match value {
            Value::Literal(span) => Some(from_literal(bytes.get(span.from..span.to)?)),
            Value::Hex(span) => Some(from_hex(bytes.get(span.from..span.to)?)),
            Value::Word(_) | Value::Filter(_) | Value::Integer(_) | Value::Reference(_) | Value::True => None,
        }
    }

    /// A string, also where the value is a reference to one.
    fn string(&self, place: Place, value: Value) -> Option<Vec<u8>> {
        if let Value::Reference(number) = value {
            let (place, value) = self.objects.simple.get(&number)?.last()?;
            return self.own_string(*place, *value);
        }
        self.own_string(place, value)
    }

    fn own_string(&self, place: Place, value: Value) -> Option<Vec<u8>> {
        let sealed = self.sealed(place, value)?;
        // Strings in object streams are encrypted with their stream only.
        if place.source != 0 {
            return Some(sealed);
        }
        // Without the key the octets mean nothing.
        if self.is_locked {
            return None;
        }
        let opened = self.key.as_ref().map(|key| key.opened(place.number, place.generation, &sealed));
        Some(opened.unwrap_or(sealed))
    }

    fn words<'a>(&'a self, dict: &'a Dict, key: Word) -> impl Iterator<Item = Value> + 'a {
        dict.all(key).flat_map(|value| {
            let Value::Reference(number) = value else { return vec![value] };
            self.objects.simple.get(&number).into_iter().flatten().map(|(_, value)| *value).collect()
        })
    }

    fn unlock(&mut self, opening: &mut Opening<'_>) {
        if self.objects.trailers.iter().all(|trailer| trailer.get(Word::Encrypt).is_none()) {
            return;
        }
        let ids: Vec<Vec<u8>> = self
            .objects
            .trailers
            .iter()
            .filter_map(|trailer| self.sealed(trailer.place, trailer.get(Word::Id)?))
            .take(4)
            .chain([Vec::new()])
            .collect();
        // Updates may repeat the dictionary; more than a few no file has.
        let locks = self.objects.locks.iter().take(8);
        let key = locks
            .flat_map(|lock| ids.iter().map(|id| self.terms(lock, id.clone())))
            .find_map(|terms| Key::of_everybody(&terms));
        self.is_locked = key.is_none();
        self.key = key;
        if self.is_locked {
            opening.note(NoteKind::Encrypted, "a PDF with a password");
        }
    }

    fn terms(&self, lock: &Dict, id: Vec<u8>) -> Terms {
        let string = |key| lock.get(key).and_then(|value| self.sealed(lock.place, value)).unwrap_or_default();
        let method = lock.all(Word::Cfm).find_map(|value| match value {
            Value::Word(Word::V2) => Some(Method::Rc4),
            Value::Word(Word::AesV2) => Some(Method::Aes128),
            Value::Word(Word::AesV3) => Some(Method::Aes256),
            Value::Word(_) | Value::Filter(_) | Value::Integer(_) | Value::Literal(_) | Value::Hex(_) => None,
            Value::Reference(_) | Value::True => None,
        });
        let is_open = lock.has(Word::StmF, Word::Identity) || (lock.get(Word::StmF).is_none() && method.is_none());
        let length = lock.integer(Word::Length).unwrap_or(if method == Some(Method::Aes128) { 128 } else { 40 });
        Terms {
            is_standard: lock.has(Word::Filter, Word::Standard),
            version: lock.integer(Word::V).unwrap_or(0),
            revision: lock.integer(Word::R).unwrap_or(0),
            // Some writers count octets.
            length_bits: if length < 40 { length * 8 } else { length },
            permissions: lock.integer(Word::P).unwrap_or(0),
            owner: string(Word::O),
            user: string(Word::U),
            user_key: string(Word::Ue),
            metadata_is_open: lock.get(Word::EncryptMetadata).is_some_and(|value| value != Value::True),
            method: if is_open { Some(Method::Open) } else { method },
            id,
        }
    }

    fn filters(&self, stream: &Stream) -> Vec<Filter> {
        self.words(&stream.dict, Word::Filter)
            .filter_map(|value| if let Value::Filter(filter) = value { Some(filter) } else { None })
            .take(8)
            .collect()
    }

    /// The octets of a stream; only the begin of long raw data where a begin is all that is wanted.
    fn decoded(&self, stream: &Stream, raw_bytes_max: usize, bytes_max: usize) -> Decoded {
        let raw = self.bytes(0).get(stream.data.from..stream.data.to).unwrap_or_default();
        let raw = raw.get(..raw.len().min(raw_bytes_max)).unwrap_or_default();
        let filters = self.filters(stream);
        let is_open = filters.contains(&Filter::Crypt) || stream.dict.has(Word::Type, Word::XRef);
        let place = stream.dict.place;
        match &self.key {
            Some(key) if !is_open => {
                let opened = key.opened(place.number, place.generation, raw);
                decode(&opened, &filters, &stream.dict.parameters(), bytes_max)
            }
            _ => decode(raw, &filters, &stream.dict.parameters(), bytes_max),
        }
    }

    fn streams_by_number(&self) -> BTreeMap<u32, Vec<usize>> {
        let mut found: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, stream) in self.objects.streams.iter().enumerate().filter(|(_, s)| s.dict.place.source == 0) {
            found.entry(stream.dict.place.number).or_default().push(index);
        }
        found
    }

    fn object_streams(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let is_wanted = |stream: &&Stream| stream.dict.has(Word::Type, Word::ObjStm);
        let streams: Vec<Stream> = self.objects.streams.iter().filter(is_wanted).cloned().collect();
        let mut left = usize::try_from(opening.member_bytes_left()).unwrap_or(usize::MAX);
        for stream in streams {
            opening.pay_time()?;
            if self.is_locked {
                return ControlFlow::Continue(());
            }
            let decoded = self.decoded(&stream, usize::MAX, left);
            if decoded.is_unread || decoded.is_damaged {
                opening.note(NoteKind::Damaged, "objects of a PDF can't be read");
            }
            if decoded.is_cut {
                opening.note(NoteKind::TooBig, "objects of a PDF");
                return ControlFlow::Continue(());
            }
            left = left.saturating_sub(decoded.bytes.len());
            let source = self.sources.len();
            self.objects.scan_object_stream(&decoded.bytes, source, &stream.dict);
            self.sources.push(decoded.bytes);
        }
        ControlFlow::Continue(())
    }

    fn actions(&mut self, by_number: &BTreeMap<u32, Vec<usize>>, opening: &mut Opening<'_>) -> ControlFlow<()> {
        for dict in std::mem::take(&mut self.objects.actions) {
            let kinds: Vec<Value> = self.words(&dict, Word::S).collect();
            let is = |word| kinds.contains(&Value::Word(word));
            let starts = dict.is_automatic || (dict.is_object && self.objects.automatic.contains(&dict.place.number));
            if is(Word::JavaScript) || (is(Word::Rendition) && dict.get(Word::Js).is_some()) {
                opening.note(NoteKind::PdfScript, if starts { "starts by itself" } else { "" });
                self.script(&dict, by_number, opening)?;
            }
            let target = [Word::Uri, Word::WinFile, Word::F, Word::Uf]
                .iter()
                .find_map(|key| self.string(dict.place, dict.get(*key)?))
                .map(|target| text(&target))
                .unwrap_or_default();
            let is_mere_link =
                !starts && dict.get(Word::Win).is_none() && dict.get(Word::WinFile).is_none() && is_document(&target);
            if is(Word::Launch) && !is_mere_link {
                opening.note(NoteKind::PdfLaunch, &target);
            }
            let scheme = target.trim_start().get(..11).unwrap_or_default();
            if is(Word::Uri) && scheme.eq_ignore_ascii_case("javascript:") {
                opening.note(NoteKind::PdfScript, "in a link");
            }
            let leads_elsewhere = [Word::Uri, Word::GoToR, Word::GoToE, Word::SubmitForm, Word::ImportData];
            if starts && leads_elsewhere.into_iter().any(is) {
                opening.note(NoteKind::ExternalObject, &format!("a PDF that fetches or sends by itself: {target}"));
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes the text of a script as a member, once.
    fn script(
        &mut self,
        dict: &Dict,
        by_number: &BTreeMap<u32, Vec<usize>>,
        opening: &mut Opening<'_>,
    ) -> ControlFlow<()> {
        for value in dict.all(Word::Js).take(4) {
            if let Some(script) = self.string(dict.place, value) {
                self.take_script(&script, opening)?;
            }
            let Value::Reference(number) = value else { continue };
            for index in by_number.get(&number).into_iter().flatten() {
                let Some(stream) = self.objects.streams.get(*index).filter(|_| self.opened.insert(*index)) else {
                    continue;
                };
                let decoded = self.whole(&stream.clone(), opening);
                if decoded.is_unread || decoded.is_damaged {
                    opening.note(NoteKind::Damaged, "a script of a PDF can't be read");
                }
                self.take_script(&decoded.bytes, opening)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn take_script(&mut self, script: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
        opening.pay_time()?;
        let script = text(script).into_bytes();
        if self.is_locked || script.is_empty() || self.scripts.contains(&script) {
            return ControlFlow::Continue(());
        }
        opening.take(&format!("javascript {}", self.scripts.len() + 1), script.as_slice())?;
        super::declare_last(opening, "text/javascript", Role::Body);
        self.scripts.insert(script);
        ControlFlow::Continue(())
    }

    fn whole(&self, stream: &Stream, opening: &Opening<'_>) -> Decoded {
        let most = usize::try_from(opening.member_bytes_left()).unwrap_or(usize::MAX);
        self.decoded(stream, usize::MAX, most.saturating_add(1))
    }

    /// Forms in XML may hold scripts.
    fn forms(&mut self, by_number: &BTreeMap<u32, Vec<usize>>, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let mut numbers = self.objects.xfa.clone();
        // The array of pieces may be an object of its own.
        let pieces = numbers.iter().filter_map(|number| self.objects.simple.get(number)).flatten();
        let more: Vec<u32> =
            pieces.filter_map(|(_, v)| if let Value::Reference(n) = v { Some(*n) } else { None }).collect();
        numbers.extend(more);
        for number in numbers {
            for index in by_number.get(&number).into_iter().flatten() {
                let Some(stream) = self.objects.streams.get(*index).cloned() else { continue };
                if self.is_locked || !self.opened.insert(*index) {
                    continue;
                }
                let decoded = self.whole(&stream, opening);
                if memmem::find(&decoded.bytes, b"<script").is_some() {
                    opening.note(NoteKind::PdfScript, "in an XML form");
                }
                opening.take(&format!("form {number}"), decoded.bytes.as_slice())?;
                super::declare_last(opening, "text/xml", Role::Body);
            }
        }
        ControlFlow::Continue(())
    }

    /// The numbers of attached files, with their names.
    fn names(&self) -> BTreeMap<u32, String> {
        let mut names = BTreeMap::new();
        let by_itself: BTreeMap<u32, &Dict> =
            self.objects.files.iter().filter(|dict| dict.is_object).map(|dict| (dict.place.number, dict)).collect();
        for dict in &self.objects.files {
            let mut numbers: Vec<u32> = dict.references(Word::Embedded).collect();
            for other in dict.references(Word::Ef).filter_map(|number| by_itself.get(&number)) {
                numbers.extend(other.references(Word::F).chain(other.references(Word::Uf)));
            }
            let name = [Word::Uf, Word::F, Word::OldFile]
                .iter()
                .find_map(|key| dict.all(*key).find_map(|value| self.string(dict.place, value)))
                .map_or(String::new(), |name| text(&name));
            for number in numbers {
                names.insert(number, name.clone());
            }
        }
        names
    }

    fn attached(&mut self, by_number: &BTreeMap<u32, Vec<usize>>, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let names = self.names();
        let typed = self.objects.streams.iter().enumerate();
        let typed = typed.filter(|(_, s)| s.dict.place.source == 0 && s.dict.has(Word::Type, Word::EmbeddedFile));
        let named = names.keys().filter_map(|number| by_number.get(number)).flatten().copied();
        let wanted: BTreeSet<usize> = typed.map(|(index, _)| index).chain(named).collect();
        for index in wanted {
            let Some(stream) = self.objects.streams.get(index).cloned() else { continue };
            if !self.opened.insert(index) {
                continue;
            }
            let number = stream.dict.place.number;
            let name = names.get(&number).filter(|name| !name.is_empty()).cloned();
            let name = name.unwrap_or_else(|| format!("file {number}"));
            opening.note(NoteKind::PdfFile, &name);
            let size = (stream.data.to - stream.data.from) as u64;
            if self.is_locked {
                opening.take_closed(&name, size, NoteKind::Encrypted, "a PDF with a password")?;
                continue;
            }
            let decoded = self.whole(&stream, opening);
            if decoded.is_damaged {
                opening.note(NoteKind::Damaged, &format!("can't be read to its end: {name}"));
            }
            if decoded.is_unread {
                opening.note(NoteKind::Unread, &format!("a filter that is not read: {name}"));
            }
            opening.take(&name, decoded.bytes.as_slice())?;
        }
        ControlFlow::Continue(())
    }

    /// Streams of other use that are files of a kind that no PDF needs.
    fn others(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        for (index, stream) in self.objects.streams.iter().enumerate() {
            let is_used = self.opened.contains(&index) || stream.dict.place.source != 0;
            if is_used || self.is_locked || matches!(self.filters(stream).first(), Some(Filter::Picture)) {
                continue;
            }
            opening.pay_time()?;
            let begin = self.decoded(stream, PDF_PREFIX_BYTES * 4, PDF_PREFIX_BYTES);
            if is_mark_of_file(&begin.bytes) {
                let decoded = self.whole(stream, opening);
                opening.take(&format!("stream {}", stream.dict.place.number), decoded.bytes.as_slice())?;
            }
        }
        ControlFlow::Continue(())
    }

    /// What stands before and behind the PDF.
    fn around(&self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let file = self.bytes(0);
        let before = memmem::find(file, b"%PDF-").and_then(|at| file.get(..at)).unwrap_or_default();
        let behind = memmem::rfind(file, b"%%EOF").and_then(|at| file.get(at + 5..)).unwrap_or_default();
        for (name, piece) in [("before", before), ("behind", behind.trim_ascii_start())] {
            if looks_like_file(piece) || (piece.len() > 8 && piece.contains(&b'<')) {
                opening.take(name, piece)?;
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
