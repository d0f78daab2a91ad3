//! VBA projects in OLE files: finds the modules, unpacks their source, notes what it does.
//!
//! Does not run and does not decompile: where the source was taken away and only the compiled form is left, that is the
//! note. A project whose modules hold no code is no macro: Office writes such ones into many documents. Standards:
//! MS-OVBA §2.2 to §2.4.

pub(in crate::unpack) mod compression;
pub(in crate::unpack) mod project;
pub(in crate::unpack) mod source;
pub(in crate::unpack) mod words;

use super::compound::Compound;
use super::octets::code_page;
use crate::limits::{VBA_MODULES_MAX, VBA_PROJECT_BYTES_MAX};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use memchr::memmem;
use project::{Module, Project};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "vba", about: "VBA source", recognise, nature: Nature::Plain };

/// How old the format of the document is that holds a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::unpack) enum Age {
    /// doc, xls, ppt: a document that doesn't say by its name that it has macros.
    Before2007,
    Since2007,
}

/// One module's source.
pub(in crate::unpack) struct Source {
    pub(in crate::unpack) name: String,
    pub(in crate::unpack) text: String,
    /// There is more that was not read.
    pub(in crate::unpack) cut: bool,
}

/// The begin of each source when it is packed: `Attribut`, then a flag octet, then `e `.
const PACKED_MARK: &[u8] = b"\0Attribut\0e ";
/// Octets from the begin of a container to that mark.
const BEFORE_MARK: usize = 3;
/// Octets of compiled code beyond which a module without source is suspect: a guess. The modules in the samples of
/// oletools, with code and without, have 800 to 1,800.
const COMPILED_BYTES: usize = 10_000;
/// Names in the compiled form that tell of work, each with its length as the table of names has it.
const TELLING_NAMES: [&[u8]; 8] = [
    b"AutoOpen",
    b"Auto_Open",
    b"Document_Open",
    b"Workbook_Open",
    b"CreateObject",
    b"Shell",
    b"URLDownloadToFile",
    b"ShellExecute",
];

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    is_module(contents.bytes).then_some("text/x-vba")
}

/// True for the source of a module or class.
pub(in crate::unpack) fn is_module(bytes: &[u8]) -> bool {
    let is_class = bytes.starts_with(b"VERSION 1.0 CLASS") && memmem::find(bytes, b"Attribute VB_").is_some();
    bytes.starts_with(b"Attribute VB_Name = \"") || is_class
}

/// Storages that hold a project: those with a `dir` or a `_VBA_PROJECT` stream, whatever their name.
pub(in crate::unpack) fn storages(compound: &Compound<'_>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for stream in &compound.streams {
        let Some(storage) = stream.path.parent() else { continue };
        let in_vba = storage.file_name().is_some_and(|name| name.eq_ignore_ascii_case("VBA"));
        let is_list = stream.is("_VBA_PROJECT") || (stream.is("dir") && in_vba);
        if is_list {
            found.insert(storage.to_path_buf());
        }
    }
    found
}

/// Looks at the project in one storage. Gives the streams that were read as modules.
pub(in crate::unpack) fn look(compound: &mut Compound<'_>, storage: &Path, opening: &mut Opening<'_>) -> Vec<PathBuf> {
    let age = match storage.parent() {
        Some(parent) if parent.parent().is_some() => Age::Before2007,
        _ => Age::Since2007,
    };
    let storage_name = storage.to_string_lossy().trim_start_matches('/').to_string();
    let dir = compound.read(&storage.join("dir")).as_deref().and_then(compression::unpack);
    let project = dir.map(|dir| Project::read(&dir.bytes));
    let mut reading = Reading { sources: Vec::new(), compiled: 0, missing: Vec::new(), read: Vec::new() };
    let page = project.as_ref().map_or(1252, |project| project.code_page);
    let whole = project.as_ref().is_some_and(|project| project.whole);
    for module in project.into_iter().flat_map(|project| project.modules) {
        if source_bytes(&reading.sources) > VBA_PROJECT_BYTES_MAX {
            opening.note(NoteKind::TooBig, "VBA source");
            break;
        }
        reading.module(compound, storage, &module, page);
    }
    if !whole {
        opening.note(NoteKind::Damaged, "the list of a VBA project's modules");
        reading.others(compound, storage, page);
    }
    let names = compound.read(&storage.join("_VBA_PROJECT")).unwrap_or_default();
    reading.note_missing(&names, opening);
    if !whole && reading.sources.is_empty() {
        // Whatever it is, it can't be told to be harmless.
        opening.note(NoteKind::Macro, &format!("{storage_name}: can't be read"));
    }
    let _ = note_sources(&reading.sources, &storage_name, age, opening);
    reading.read
}

/// What was read of one project.
struct Reading {
    sources: Vec<Source>,
    /// Octets of the biggest compiled module.
    compiled: usize,
    /// Modules without source.
    missing: Vec<String>,
    read: Vec<PathBuf>,
}

impl Reading {
    fn module(&mut self, compound: &mut Compound<'_>, storage: &Path, module: &Module, page: u16) {
        let path = storage.join(&module.stream);
        let Some(bytes) = compound.read(&path) else {
            self.missing.push(module.name.clone());
            return;
        };
        let at = module.offset.min(bytes.len());
        self.compiled = self.compiled.max(at);
        let packed = bytes.get(at..).unwrap_or_default();
        let unpacked = compression::unpack(packed).filter(|unpacked| !unpacked.bytes.is_empty());
        match unpacked {
            Some(unpacked) => {
                let text = code_page(&unpacked.bytes, page);
                self.sources.push(Source { name: module.name.clone(), text, cut: !unpacked.whole });
            }
            None => {
                let found = salvaged(&bytes, page);
                if found.is_empty() {
                    self.missing.push(module.name.clone());
                }
                self.sources.extend(found);
            }
        }
        self.read.push(path);
    }

    /// Streams of the storage that the list does not tell of.
    fn others(&mut self, compound: &mut Compound<'_>, storage: &Path, page: u16) {
        let is_other = |path: &PathBuf| path.parent() == Some(storage) && !self.read.contains(path);
        let paths: Vec<PathBuf> = compound.streams.iter().map(|stream| stream.path.clone()).filter(is_other).collect();
        for path in paths {
            if let Some(bytes) = compound.read(&path) {
                self.sources.extend(salvaged(&bytes, page));
                self.read.push(path);
            }
        }
    }

    /// Notes source that was taken away from beside what was compiled from it.
    fn note_missing(&self, names: &[u8], opening: &mut Opening<'_>) {
        let has_code = self.sources.iter().any(|source| source::has_code(&source.text));
        let telling = TELLING_NAMES.iter().find(|name| {
            let said = String::from_utf8_lossy(name).to_lowercase();
            memmem::find(names, name).is_some()
                && !self.sources.iter().any(|source| source.text.to_lowercase().contains(&said))
        });
        let detail = match (self.missing.first(), telling) {
            (Some(module), _) => format!("the source of {module} is missing"),
            (None, Some(name)) if !has_code || self.compiled > COMPILED_BYTES => {
                format!("the source is missing: compiled code names {}", String::from_utf8_lossy(name))
            }
            (None, None) if !has_code && self.compiled > COMPILED_BYTES => {
                "the source is missing: only compiled code is there".to_string()
            }
            (None, Some(_) | None) => return,
        };
        opening.note(NoteKind::Macro, "VBA without its source");
        opening.note(NoteKind::MacroHides, &detail);
    }
}

/// Notes macros where a source has code, what they do, and gives each source with code as a member.
pub(in crate::unpack) fn note_sources(
    sources: &[Source],
    storage: &str,
    age: Age,
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    for source in sources.iter().filter(|source| source.cut) {
        opening.note(NoteKind::Damaged, &format!("VBA source behind {} is not read", source.name));
    }
    for source in sources.iter().filter(|source| source::has_code(&source.text)) {
        opening.note(NoteKind::Macro, storage);
        if age == Age::Before2007 {
            opening.note(NoteKind::OldMacro, storage);
        }
        words::look(&source.text, &source.name, opening);
        opening.take(&format!("VBA/{}.bas", source.name), source.text.as_bytes())?;
    }
    ControlFlow::Continue(())
}

/// Sources found in any bytes by their mark: in broken files, and where no list tells of them. Each octet is read once.
pub(in crate::unpack) fn salvaged(bytes: &[u8], page: u16) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memmem::find(rest, PACKED_MARK)) {
        let mark = at + found;
        at = mark + PACKED_MARK.len();
        let Some(packed) = mark.checked_sub(BEFORE_MARK).and_then(|start| bytes.get(start..)) else { continue };
        if let Some(unpacked) = compression::unpack(packed) {
            at = at.max(mark - BEFORE_MARK + unpacked.used);
            let text = code_page(&unpacked.bytes, page);
            let name = own_name(&text).unwrap_or("module").to_string();
            sources.push(Source { name, text, cut: !unpacked.whole });
        }
        if sources.len() >= VBA_MODULES_MAX || source_bytes(&sources) > VBA_PROJECT_BYTES_MAX {
            let more = bytes.get(at..).is_some_and(holds_source);
            sources.last_mut().into_iter().for_each(|source| source.cut |= more);
            break;
        }
    }
    sources
}

fn source_bytes(sources: &[Source]) -> usize {
    sources.iter().map(|source| source.text.len()).sum()
}

/// True where bytes hold packed source.
pub(in crate::unpack) fn holds_source(bytes: &[u8]) -> bool {
    memmem::find(bytes, PACKED_MARK).is_some()
}

/// `Attribute VB_Name = "Module1"`.
fn own_name(text: &str) -> Option<&str> {
    text.lines().next()?.split('"').nth(1)
}
