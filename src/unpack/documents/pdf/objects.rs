//! The objects of a PDF, found by their own marks and not by its tables, so that no table can hide one.
//!
//! One pass over each object gives what matters of its dictionaries: actions, files, streams, encryption. No tree is
//! built. Does not decode and does not decrypt. Standards: ISO 32000-2 §7.3 and §7.5.

use super::filters::{Filter, Parameters};
use super::lexer::{Lexer, Span, Token, is_space};
use super::words::Word;
use crate::limits::{PDF_ENTRIES_MAX, PDF_NESTING_MAX, PDF_OBJECTS_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// Where something stands: which bytes (0: the file, then the object streams), and in which object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) source: usize,
    pub(super) number: u32,
    pub(super) generation: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Word(Word),
    Filter(Filter),
    Integer(i64),
    Literal(Span),
    Hex(Span),
    Reference(u32),
    True,
}

/// What matters of a dictionary.
#[derive(Clone, Debug, Default)]
pub(super) struct Dict {
    pub(super) place: Place,
    /// It is the whole object.
    pub(super) is_object: bool,
    /// It stands in `/OpenAction` or `/AA`.
    pub(super) is_automatic: bool,
    entries: Vec<(Word, Value)>,
}

impl Dict {
    pub(super) fn all(&self, key: Word) -> impl Iterator<Item = Value> {
        self.entries.iter().filter(move |(other, _)| *other == key).map(|(_, value)| *value)
    }

    pub(super) fn get(&self, key: Word) -> Option<Value> {
        self.all(key).next()
    }

    pub(super) fn has(&self, key: Word, word: Word) -> bool {
        self.all(key).any(|value| value == Value::Word(word))
    }

    pub(super) fn integer(&self, key: Word) -> Option<i64> {
        self.all(key).find_map(|value| if let Value::Integer(number) = value { Some(number) } else { None })
    }

    pub(super) fn references(&self, key: Word) -> impl Iterator<Item = u32> {
        self.all(key).filter_map(|value| if let Value::Reference(number) = value { Some(number) } else { None })
    }

    pub(super) fn parameters(&self) -> Parameters {
        let usual = Parameters::default();
        Parameters {
            predictor: self.integer(Word::Predictor).unwrap_or(usual.predictor),
            columns: self.integer(Word::Columns).unwrap_or(usual.columns),
            colors: self.integer(Word::Colors).unwrap_or(usual.colors),
            bits: self.integer(Word::BitsPerComponent).unwrap_or(usual.bits),
            early_change: self.integer(Word::EarlyChange).unwrap_or(usual.early_change),
        }
    }

    fn push(&mut self, key: Word, value: Value) {
        if key != Word::Other && self.entries.len() < PDF_ENTRIES_MAX {
            self.entries.push((key, value));
        }
    }

    /// Takes over from a dictionary that stands under a key what belongs to this one.
    fn absorb(&mut self, key: Word, inner: &Self) {
        for (word, value) in &inner.entries {
            match (key, word) {
                (Word::Ef, Word::F | Word::Uf | Word::OldFile) => self.push(Word::Embedded, *value),
                (Word::Win, Word::F) => self.push(Word::WinFile, *value),
                // A file specification in the place of a name.
                (Word::F, Word::F | Word::Uf) => self.push(Word::F, *value),
                (Word::DecodeParms, _) | (Word::Cf, Word::Cfm) => self.push(*word, *value),
                // A crypt filter has a name of its own below `/CF`.
                (Word::Other, Word::Cfm) => self.push(Word::Cfm, *value),
                _ => {}
            }
        }
    }
}

/// A stream: its dictionary, and its raw octets in the file.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) dict: Dict,
    pub(super) data: Span,
}

/// What was found in all objects.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) count: usize,
    pub(super) streams: Vec<Stream>,
    /// Dictionaries with `/S` of an action.
    pub(super) actions: Vec<Dict>,
    /// File specifications with `/EF`, and dictionaries that `/EF` may refer to.
    pub(super) files: Vec<Dict>,
    /// Dictionaries of encryption, or what may be one.
    pub(super) locks: Vec<Dict>,
    /// Dictionaries with `/Encrypt` or `/ID`: trailers.
    pub(super) trailers: Vec<Dict>,
    /// Objects that are no dictionary: a string, a name, or an array of such and of references.
    pub(super) simple: BTreeMap<u32, Vec<(Place, Value)>>,
    /// Objects that are an action which starts by itself.
    pub(super) automatic: BTreeSet<u32>,
    pub(super) xfa: BTreeSet<u32>,
    /// More objects than are looked at, or objects in each other.
    pub(super) is_cut: bool,
    simple_count: usize,
    octets_read: usize,
}

/// An array or a dictionary that is open.
struct Frame {
    /// The key under which it stands.
    owner: Word,
    is_array: bool,
    key: Option<Word>,
    has_value: bool,
    dict: Dict,
}

impl Objects {
    /// Finds the objects of a file.
    pub(super) fn scan(&mut self, file: &[u8]) {
        let octets_max = file.len().saturating_mul(4).saturating_add(1 << 20);
        for at in memchr::memmem::find_iter(file, b"obj") {
            if let Some((number, generation)) = header_before(file, at) {
                self.object(file, at + 3, Place { source: 0, number, generation });
            }
            if self.count > PDF_OBJECTS_MAX || self.octets_read > octets_max {
                self.is_cut = true;
                break;
            }
        }
        for at in memchr::memmem::find_iter(file, b"trailer").take(PDF_ENTRIES_MAX) {
            self.object(file, at + 7, Place::default());
        }
    }

    /// Finds the objects of an object stream.
    pub(super) fn scan_object_stream(&mut self, bytes: &[u8], source: usize, dict: &Dict) {
        let octets_max = self.octets_read.saturating_add(bytes.len().saturating_mul(4)).saturating_add(1 << 20);
        let first = dict.integer(Word::First).and_then(|first| usize::try_from(first).ok()).unwrap_or(0);
        let mut header = Lexer { bytes: bytes.get(..first).unwrap_or(bytes), at: 0 };
        let mut pairs = Vec::new();
        while let (Some(Token::Integer(number)), Some(Token::Integer(offset))) = (header.next(), header.next()) {
            let at = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(first));
            pairs.extend(u32::try_from(number).ok().zip(at));
            if pairs.len() > PDF_OBJECTS_MAX {
                break;
            }
        }
        // What no header names is read as one object more, from the first on.
        if pairs.is_empty() {
            pairs.push((u32::MAX, first));
        }
        let ends: BTreeSet<usize> = pairs.iter().map(|(_, at)| *at).collect();
        for (number, at) in pairs {
            let end = ends.range(at + 1..).next().copied().unwrap_or(bytes.len());
            let place = Place { source, number, generation: 0 };
            self.object(bytes.get(..end).unwrap_or(bytes), at, place);
            if self.count > PDF_OBJECTS_MAX || self.octets_read > octets_max {
                self.is_cut = true;
                break;
            }
        }
    }

    /// Reads one object, to its end or to the begin of the next.
    fn object(&mut self, bytes: &[u8], at: usize, place: Place) {
        self.count += 1;
        let mut lexer = Lexer { bytes, at };
        let mut frames: Vec<Frame> = Vec::new();
        let mut whole: Option<Dict> = None;
        let mut integers = [0_i64; 2];
        while let Some(token) = lexer.next() {
            match token {
                Token::DictOpen | Token::ArrayOpen if frames.len() >= PDF_NESTING_MAX => break,
                Token::DictOpen => frames.push(Frame::below(frames.last(), place, false)),
                Token::ArrayOpen => frames.push(Frame::below(frames.last(), place, true)),
                Token::DictClose | Token::ArrayClose => {
                    let Some(frame) = frames.pop() else { continue };
                    if let Some(dict) = self.close(frame, frames.last_mut()) {
                        whole = Some(dict);
                    }
                }
                Token::Name(name) => self.name(&name, place, &mut frames),
                Token::Integer(number) => {
                    integers = [integers[1], number];
                    if let Some(frame) = frames.last_mut() {
                        frame.value(Value::Integer(number));
                    }
                }
                Token::Literal(span) => self.value(Value::Literal(span), place, &mut frames),
                Token::Hex(span) => self.value(Value::Hex(span), place, &mut frames),
                Token::Word(b"R") => {
                    let number = u32::try_from(integers[0]).unwrap_or(u32::MAX);
                    self.reference(number, place, &mut frames);
                }
                Token::Word(b"true") => self.value(Value::True, place, &mut frames),
                Token::Word(b"stream") => {
                    let open = frames.first().map(|frame| frame.dict.clone());
                    if let Some(dict) = whole.take().or(open) {
                        let data = data_at(bytes, lexer.at, &dict);
                        self.octets_read = self.octets_read.saturating_add(data.to.saturating_sub(data.from));
                        self.streams.push(Stream { data, dict });
                    }
                    break;
                }
                Token::Word(b"endobj" | b"obj" | b"xref" | b"startxref" | b"trailer" | b"endstream") => break,
                Token::Word(_) => {}
            }
        }
        // What was left open counts as well: readers mend it.
        while let Some(frame) = frames.pop() {
            self.close(frame, frames.last_mut());
        }
        self.octets_read = self.octets_read.saturating_add(lexer.at.saturating_sub(at));
    }

    fn name(&mut self, name: &[u8], place: Place, frames: &mut [Frame]) {
        let is_key = frames.last().is_some_and(|frame| !frame.is_array && (frame.key.is_none() || frame.has_value));
        if is_key && let Some(frame) = frames.last_mut() {
            (frame.key, frame.has_value) = (Some(Word::of(name)), false);
            return;
        }
        let word = Word::of(name);
        let value = if word == Word::Other { Value::Filter(Filter::named(name)) } else { Value::Word(word) };
        self.value(value, place, frames);
    }

    fn value(&mut self, value: Value, place: Place, frames: &mut [Frame]) {
        match frames {
            [] => self.simple_value(value, place),
            [frame] if frame.is_array => {
                frame.value(value);
                self.simple_value(value, place);
            }
            [.., frame] => frame.value(value),
        }
    }

    fn reference(&mut self, number: u32, place: Place, frames: &mut [Frame]) {
        let Some(frame) = frames.last_mut() else { return };
        let key = frame.key.unwrap_or(Word::Other);
        if frame.dict.is_automatic || matches!(key, Word::OpenAction | Word::Aa) {
            self.automatic.insert(number);
        }
        if key == Word::Xfa {
            self.xfa.insert(number);
        }
        // The two numbers before were taken for values.
        if frame.dict.entries.last().is_some_and(|(word, value)| *word == key && matches!(value, Value::Integer(_))) {
            frame.dict.entries.pop();
        }
        self.value(Value::Reference(number), place, frames);
    }

    fn simple_value(&mut self, value: Value, place: Place) {
        if self.simple_count < PDF_OBJECTS_MAX {
            self.simple_count += 1;
            self.simple.entry(place.number).or_default().push((place, value));
        }
    }

    /// Ends an array or a dictionary; gives the dictionary that is the whole object.
    fn close(&mut self, frame: Frame, outer: Option<&mut Frame>) -> Option<Dict> {
        let Frame { owner, is_array, mut dict, .. } = frame;
        if is_array {
            if let Some(outer) = outer {
                outer.has_value = true;
                dict.entries.into_iter().for_each(|(word, value)| outer.dict.push(word, value));
            }
            return None;
        }
        dict.is_object = outer.is_none();
        if let Some(outer) = outer {
            outer.has_value = true;
            outer.dict.absorb(owner, &dict);
        }
        let acts = dict.all(Word::S).any(|value| match value {
            Value::Word(word) => word.is_action(),
            Value::Reference(_) => true,
            Value::Filter(_) | Value::Integer(_) | Value::Literal(_) | Value::Hex(_) | Value::True => false,
        });
        if acts {
            keep(&mut self.actions, &dict, &mut self.is_cut);
        }
        let embeds = [Word::Embedded, Word::Ef].iter().any(|key| dict.references(*key).next().is_some());
        let may_be_embedded =
            dict.is_object && dict.references(Word::F).chain(dict.references(Word::Uf)).next().is_some();
        if embeds || may_be_embedded {
            keep(&mut self.files, &dict, &mut self.is_cut);
        }
        if dict.get(Word::O).is_some() && dict.get(Word::U).is_some() || owner == Word::Encrypt {
            keep(&mut self.locks, &dict, &mut self.is_cut);
        }
        if dict.get(Word::Encrypt).is_some() || dict.get(Word::Id).is_some() {
            keep(&mut self.trailers, &dict, &mut self.is_cut);
        }
        dict.is_object.then_some(dict)
    }
}

impl Frame {
    fn below(outer: Option<&Self>, place: Place, is_array: bool) -> Self {
        let owner = outer.and_then(|outer| outer.key).unwrap_or(Word::Other);
        let is_automatic = outer.is_some_and(|outer| outer.dict.is_automatic)
            || (!is_array && matches!(owner, Word::OpenAction | Word::Aa));
        Self {
            owner,
            is_array,
            // What stands in an array belongs to the array's own key.
            key: if is_array { Some(owner) } else { None },
            has_value: false,
            dict: Dict { place, is_automatic, ..Dict::default() },
        }
    }

    fn value(&mut self, value: Value) {
        if let Some(key) = self.key {
            self.dict.push(key, value);
            self.has_value = true;
        }
    }
}

fn keep(kept: &mut Vec<Dict>, dict: &Dict, is_cut: &mut bool) {
    if kept.len() < PDF_OBJECTS_MAX {
        kept.push(dict.clone());
    } else {
        *is_cut = true;
    }
}

/// The numbers of `12 0 obj`, where `obj` stands at `at`.
fn header_before(file: &[u8], at: usize) -> Option<(u32, u16)> {
    let begin = file.get(at.saturating_sub(32)..at)?;
    let (generation, rest) = number_at_end(begin, 0)?;
    let (number, _) = number_at_end(rest, 1)?;
    Some((number, u16::try_from(generation).unwrap_or(u16::MAX)))
}

/// A number at the end of the bytes, and what is before it; behind it may be, and must be so many, white space.
fn number_at_end(bytes: &[u8], spaces_min: usize) -> Option<(u32, &[u8])> {
    let spaces = bytes.iter().rev().take_while(|byte| is_space(**byte)).count();
    let bytes = bytes.get(..bytes.len() - spaces).filter(|_| spaces >= spaces_min)?;
    let digits = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, number) = bytes.split_at_checked(bytes.len() - digits)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// The octets of a stream: as many as it says where its end mark stands there, or else up to the mark.
fn data_at(bytes: &[u8], at: usize, dict: &Dict) -> Span {
    let rest = bytes.get(at..).unwrap_or_default();
    let from =
        at + if rest.starts_with(b"\r\n") { 2 } else { usize::from(matches!(rest.first(), Some(b'\n' | b'\r'))) };
    let rest = bytes.get(from..).unwrap_or_default();
    let said = dict.integer(Word::Length).and_then(|length| usize::try_from(length).ok());
    if let Some(length) = said
        && let Some(behind) = rest.get(length..)
    {
        let spaces = behind.iter().take(4).take_while(|byte| is_space(**byte)).count();
        if behind.get(spaces..).is_some_and(|behind| behind.starts_with(b"endstream")) {
            return Span { from, to: from + length };
        }
    }
    let is_end = |at: &usize| {
        rest.get(at + 3..).is_some_and(|behind| behind.starts_with(b"stream") || behind.starts_with(b"obj"))
    };
    let length = memchr::memmem::find_iter(rest, b"end").find(is_end).unwrap_or(rest.len());
    let data = rest.get(..length).unwrap_or_default();
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    Span { from, to: from + data.strip_suffix(b"\r").unwrap_or(data).len() }
}
