//! Makes the compiled form of all signature files, with a report on each: taken, wrong, not served.
//!
//! Runs in the server and in the command line, never where mail is looked at. Does not read files.

use super::atoms::{self, Crowd, LENGTHS, Place};
use super::blob::{self, SECTIONS, Section, put16, put32};
use super::hashes::{Collected, Of};
use super::hex::{Edge, EdgeKind, Element, Part, Pattern};
use super::kinds::{Kind, kind_of};
use super::lines::{self, LogicalLine, Refused, SubPattern};
use super::offset::Offset;
use super::pass::flags;
use super::program::{self, Way};
use super::{pack, yara};
use crate::limits::{SIGNATURE_LINE_BYTES_MAX, SIGNATURE_PROBLEMS_MAX};
use md5::{Digest, Md5};
use serde::Serialize;
use std::collections::BTreeMap;

/// One file of signatures.
#[derive(Clone, Copy, Debug)]
pub struct SignatureFile<'a> {
    /// Without folders; its ending says what it holds.
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// What came of all files.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// For [`super::Database::open`].
    pub blob: Vec<u8>,
    pub files: Vec<FileReport>,
}

/// What came of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileReport {
    pub name: String,
    /// What it holds, for people; empty for a file that is not read.
    pub kind: &'static str,
    pub bytes: usize,
    /// Signatures taken.
    pub loaded: usize,
    /// Signatures of kinds that are not served, by the reason.
    pub unserved: BTreeMap<&'static str, usize>,
    /// Lines that are wrong.
    pub wrong: usize,
    /// The first of them.
    pub problems: Vec<Problem>,
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// 1-based; 0 where it is the file as a whole.
    pub line: usize,
    pub what: String,
}

impl FileReport {
    /// True where nothing of a file that is read could be taken, or where it can't be read.
    pub fn is_broken(&self) -> bool {
        self.loaded == 0 && self.wrong > 0
    }

    /// A file that could not be read, with the reason.
    pub fn unread(name: String, why: String) -> Self {
        Self { name, wrong: 1, problems: vec![Problem { line: 0, what: why }], ..Self::default() }
    }

    /// What is wrong with a file that is broken, in words; `None` where it is used.
    pub fn why_broken(&self) -> Option<String> {
        let first = self.problems.first().filter(|_| self.is_broken())?;
        if first.line == 0 {
            return Some(format!("{} can't be read: {}", self.name, first.what));
        }
        let family = if kind_of(&self.name) == Some(Kind::Yara) { "YARA" } else { "ClamAV" };
        Some(format!("{} is not a valid {family} file: line {}: {}", self.name, first.line, first.what))
    }

    fn refuse(&mut self, line: usize, refused: Refused) {
        match refused {
            Refused::Unserved(why) => *self.unserved.entry(why).or_default() += 1,
            Refused::Wrong(what) => {
                self.wrong += 1;
                if self.problems.len() < SIGNATURE_PROBLEMS_MAX {
                    self.problems.push(Problem { line, what });
                }
            }
        }
    }
}

/// Compiles files together with our own rules.
///
/// # Errors
/// Where all of it is more than a blob can hold.
pub fn compile(files: &[SignatureFile<'_>]) -> Result<Compiled, String> {
    let mut build = Build::default();
    // What is ignored must be known before the names are.
    files.iter().filter(|file| kind_of(file.name) == Some(Kind::Ignored)).for_each(|file| build.ignore(file));
    files.iter().for_each(|file| build.count(file));
    let all = pack::FILES.iter().copied().chain(files.iter().copied());
    let reports = all.map(|file| build.file(&file)).collect();
    Ok(Compiled { blob: build.finish()?, files: reports })
}

#[derive(Default)]
struct Build {
    /// Names that are ignored; with a digest only where their line has it.
    ignored: BTreeMap<String, Option<String>>,
    names: Vec<u8>,
    programs: Vec<u8>,
    parts: Vec<u8>,
    parts_count: u32,
    /// Atoms, in the order of their lengths.
    atoms: [Vec<(u64, u32)>; LENGTHS.len()],
    crowd: Crowd,
    logical: Vec<u8>,
    hashes: Collected,
    yara: Vec<u8>,
}

/// Whose pattern it is: the number of a name, or of a logical signature with the number of the pattern in it.
#[derive(Clone, Copy)]
enum Owner {
    Name(u32),
    Logical(u32, usize),
}

/// How a pattern is tried.
struct Ways {
    target: u8,
    offset: Offset,
    folds: bool,
    whole_word: bool,
}

impl Build {
    /// Counts the octets of all patterns, so that each one gets an atom of its own. Mistakes are told later.
    fn count(&mut self, file: &SignatureFile<'_>) {
        let kind = kind_of(file.name);
        if !matches!(kind, Some(Kind::Body | Kind::Logical)) {
            return;
        }
        for line in file.bytes.split(|octet| *octet == b'\n').filter(|line| line.len() <= SIGNATURE_LINE_BYTES_MAX) {
            let Ok(line) = std::str::from_utf8(line.trim_ascii()) else { continue };
            if kind == Some(Kind::Body) {
                lines::body(line).iter().for_each(|read| self.crowd.count(&read.pattern));
            } else {
                lines::octet_patterns(line).for_each(|pattern| self.crowd.count(&pattern));
            }
        }
    }

    fn ignore(&mut self, file: &SignatureFile<'_>) {
        for line in file.bytes.split(|octet| *octet == b'\n') {
            let Some(line) = std::str::from_utf8(line).ok().map(str::trim) else { continue };
            let fields: Vec<&str> = line.split(':').collect();
            let (name, digest) = match fields.as_slice() {
                // `.ign`: file, line, name.
                [_, number, name, ..] if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                    (*name, None)
                }
                [name, digest] => (*name, Some(digest.to_ascii_lowercase())),
                [name, ..] => (*name, None),
                [] => continue,
            };
            if !name.is_empty() && !name.starts_with('#') {
                self.ignored.insert(name.to_string(), digest);
            }
        }
    }

    fn file(&mut self, file: &SignatureFile<'_>) -> FileReport {
        let mut report = FileReport { name: file.name.to_string(), bytes: file.bytes.len(), ..FileReport::default() };
        let Some(kind) = kind_of(file.name) else { return report };
        report.kind = kind.about();
        match kind {
            Kind::Yara => self.yara_file(file, &mut report),
            Kind::Unserved(why) => {
                let lines = file.bytes.split(|octet| *octet == b'\n').filter(|line| !line.trim_ascii().is_empty());
                report.unserved.insert(why, lines.count());
            }
            Kind::Ignored | Kind::Hash(_) | Kind::SectionHash | Kind::Body | Kind::Logical => {
                for (at, line) in file.bytes.split(|octet| *octet == b'\n').enumerate() {
                    let line = line.trim_ascii();
                    if line.is_empty() || line.starts_with(b"#") {
                        continue;
                    }
                    match self.line(kind, line) {
                        Ok(()) => report.loaded += 1,
                        Err(refused) => report.refuse(at + 1, refused),
                    }
                }
            }
        }
        report
    }

    fn yara_file(&mut self, file: &SignatureFile<'_>, report: &mut FileReport) {
        let checked = std::str::from_utf8(file.bytes).map_err(|_| (1, "not UTF-8".to_string()));
        match checked.and_then(|text| yara::check(text).map(|rules| (text, rules))) {
            Ok((text, rules)) => {
                report.loaded = rules;
                for field in [file.name, text] {
                    put32(&mut self.yara, field.len());
                    self.yara.extend(field.bytes());
                }
            }
            Err((line, what)) => report.refuse(line, Refused::Wrong(what)),
        }
    }

    fn line(&mut self, kind: Kind, line: &[u8]) -> Result<(), Refused> {
        if line.len() > SIGNATURE_LINE_BYTES_MAX {
            return Err(Refused::Wrong("a line that is far too long".into()));
        }
        let line = std::str::from_utf8(line).map_err(|_| Refused::Wrong("not UTF-8".into()))?;
        match kind {
            Kind::Hash(of) => {
                let read = lines::hash(line)?;
                let name = self.name(read.name, line);
                self.hashes.add(of, read.digest, read.size, name);
            }
            Kind::SectionHash => {
                let read = lines::section_hash(line)?;
                let name = self.name(read.name, line);
                self.hashes.add(Of::Section, read.digest, read.size, name);
            }
            Kind::Body => {
                let read = lines::body(line)?;
                let places = self.places(&read.pattern)?;
                let ways = Ways { target: read.target, offset: read.offset, folds: false, whole_word: false };
                let name = self.name(read.name, line);
                self.pattern(&read.pattern, &places, Owner::Name(name), &ways);
            }
            Kind::Logical => self.logical(&lines::logical(line)?, line)?,
            Kind::Ignored | Kind::Yara | Kind::Unserved(_) => {}
        }
        Ok(())
    }

    /// The number of a name: ignored or not, length, octets.
    fn name(&mut self, name: &str, line: &str) -> u32 {
        let is_ignored = self.ignored.get(name).is_some_and(|digest| match digest {
            None => true,
            Some(digest) => *digest == crate::unpack::hex(&Md5::digest(line)),
        });
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(u8::from(is_ignored));
        put16(&mut self.names, name.len());
        self.names.extend(name.bytes());
        number
    }

    fn places(&mut self, pattern: &Pattern) -> Result<Vec<Place>, Refused> {
        let none = Refused::Unserved("a pattern without two fixed octets in a row");
        pattern.parts.iter().map(|part| self.crowd.choose(part)).collect::<Option<_>>().ok_or(none)
    }

    fn logical(&mut self, read: &LogicalLine<'_>, line: &str) -> Result<(), Refused> {
        // All is checked before anything is written.
        let mut ready = Vec::new();
        for (number, sub) in read.patterns.iter().enumerate() {
            if let SubPattern::Octets { offset, pattern, folds, whole_word, plain, wide } = sub {
                let forms = [plain.then(|| pattern.clone()), wide.then(|| pattern.widened())];
                for form in forms.into_iter().flatten() {
                    let places = self.places(&form)?;
                    let (target, offset) = (read.target.kind, *offset);
                    ready.push((number, form, places, Ways { target, offset, folds: *folds, whole_word: *whole_word }));
                }
            }
        }
        let name = self.name(read.name, line);
        let number = u32::try_from(self.logical.len()).unwrap_or(u32::MAX);
        write_logical(&mut self.logical, name, read);
        for (sub, form, places, ways) in ready {
            self.pattern(&form, &places, Owner::Logical(number, sub), &ways);
        }
        Ok(())
    }

    /// Writes all parts of a pattern, one behind the other.
    fn pattern(&mut self, pattern: &Pattern, places: &[Place], owner: Owner, ways: &Ways) {
        let last = pattern.parts.len().saturating_sub(1);
        for (index, (part, place)) in pattern.parts.iter().zip(places).enumerate() {
            let mut bits = if ways.folds { flags::FOLDS } else { 0 };
            if index == 0 {
                bits |= flags::FIRST | pattern.left.map_or(0, |edge| edge_bits(edge) << flags::LEFT);
                bits |= if ways.whole_word { flags::WORD_LEFT } else { 0 };
            }
            if index == last {
                bits |= flags::LAST | pattern.right.map_or(0, |edge| edge_bits(edge) << flags::RIGHT);
                bits |= if ways.whole_word { flags::WORD_RIGHT } else { 0 };
            }
            self.part(part, *place, owner, bits, ways);
        }
    }

    fn part(&mut self, part: &Part, place: Place, owner: Owner, mut bits: u16, ways: &Ways) {
        let (before, behind) = cut(part, place);
        let (left, right) = (program::write(&before, Way::Left), program::write(&behind, Way::Right));
        let (owner, sub) = match owner {
            Owner::Name(number) => (number, 0),
            Owner::Logical(number, sub) => {
                bits |= flags::LOGICAL;
                (number, sub)
            }
        };
        let (kind, plus, shift) = ways.offset.packed();
        put32(&mut self.parts, self.programs.len());
        put32(&mut self.parts, left.len());
        put32(&mut self.parts, right.len());
        put32(&mut self.parts, owner as usize);
        self.parts.extend([u8::try_from(sub).unwrap_or(u8::MAX), ways.target]);
        self.parts.extend(bits.to_le_bytes());
        put32(&mut self.parts, part.min_gap as usize);
        for number in [kind, plus, shift] {
            put32(&mut self.parts, number as usize);
        }
        self.programs.extend(left);
        self.programs.extend(right);
        if let Some((_, atoms)) = LENGTHS.iter().zip(&mut self.atoms).find(|(length, _)| **length == place.length) {
            atoms.push((place.atom, self.parts_count));
        }
        self.parts_count += 1;
    }

    fn finish(self) -> Result<Vec<u8>, String> {
        let mut sections: [Vec<u8>; SECTIONS] = Default::default();
        let [eight, four, three, two] = &self.atoms;
        for (section, bytes) in [
            (Section::Names, self.names),
            (Section::Programs, self.programs),
            (Section::Parts, self.parts),
            (Section::Atoms8, atoms::write(eight)),
            (Section::Atoms4, atoms::write(four)),
            (Section::Atoms3, atoms::write(three)),
            (Section::Atoms2, atoms::write(two)),
            (Section::Logical, self.logical),
            (Section::Hashes, self.hashes.write()),
            (Section::Yara, self.yara),
        ] {
            if let Some(place) = sections.get_mut(section as usize) {
                *place = bytes;
            }
        }
        blob::pack(&sections)
    }
}

/// What stands left of the atom, and the rest.
fn cut(part: &Part, place: Place) -> (Vec<Element>, Vec<Element>) {
    let (before, behind) = part.elements.split_at_checked(place.element).unwrap_or_default();
    let (mut before, mut behind) = (before.to_vec(), behind.to_vec());
    if let Some(Element::Literal(octets)) = behind.first_mut() {
        let rest = octets.split_off(place.at.min(octets.len()));
        before.push(Element::Literal(std::mem::replace(octets, rest)));
    }
    (before, behind)
}

fn edge_bits(edge: Edge) -> u16 {
    let kind = match edge.kind {
        EdgeKind::Boundary => 1,
        EdgeKind::Line => 2,
        EdgeKind::Word => 3,
    };
    kind | if edge.negated { 4 } else { 0 }
}

fn write_logical(to: &mut Vec<u8>, name: u32, read: &LogicalLine<'_>) {
    put32(to, name as usize);
    for range in [read.target.file_size, read.target.entry_point, read.target.sections] {
        let (from, to_) = range.unwrap_or((0, u32::MAX));
        put32(to, from as usize);
        put32(to, to_ as usize);
    }
    to.push(u8::from(read.target.entry_point.is_some() || read.target.sections.is_some()));
    put16(to, read.expression.len());
    to.extend(&read.expression);
    let triggers: Vec<_> = read
        .patterns
        .iter()
        .enumerate()
        .filter_map(|(sub, pattern)| match pattern {
            SubPattern::Regex(trigger) => Some((sub, trigger)),
            SubPattern::Octets { .. } => None,
        })
        .collect();
    put16(to, triggers.len());
    for (sub, trigger) in triggers {
        to.push(u8::try_from(sub).unwrap_or(u8::MAX));
        let (kind, plus, shift) = trigger.offset.packed();
        for number in [kind, plus, shift] {
            put32(to, number as usize);
        }
        for field in [&trigger.expression[..], trigger.pattern.as_bytes(), trigger.flags.as_bytes()] {
            put16(to, field.len());
            to.extend(field);
        }
    }
}
