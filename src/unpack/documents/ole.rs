//! OLE compound files: Office documents before 2007, installers, Outlook messages, VBA projects.
//!
//! Each stream goes to the reader that knows its name, at any depth of storages: documents are embedded in each other. Where
//! the file is broken, macros are searched in its raw octets, because Office mends what we can't read. Standards: MS-CFB.

use super::compound::{Compound, MARK, Stream};
use super::{excel, installer, outlook, package, powerpoint, vba, word};
use crate::limits::VBA_PROJECTS_MAX;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use cfb::CompoundFile;
use flate2::read::ZlibDecoder;
use memchr::memmem;
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;

pub(in crate::unpack) const INSTALLER: Format = Format {
    name: "msi",
    about: "Windows installer packages, patches and transforms",
    recognise: recognise_installer,
    nature: Nature::ProgramContainer(open),
};
pub(in crate::unpack) const FORMAT: Format = Format {
    name: "ole",
    about: "OLE compound files: doc, xls, ppt, msg, VBA projects",
    recognise,
    nature: Nature::Container(open),
};

/// Streams that only one application writes. They decide before the class: it is what the application looks at.
const BY_STREAM: [(&str, &str); 9] = [
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("VisioDocument", "application/vnd.visio"),
    ("EncryptedPackage", "application/vnd.ms-office-encrypted"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("PROJECT", "application/vnd.ms-office.vbaproject"),
    ("Quill", "application/x-mspublisher"),
];
/// Classes of the root entry.
const BY_CLASS: [(&str, &str); 6] = [
    ("00020906-0000-0000-c000-000000000046", "application/msword"),
    ("00020820-0000-0000-c000-000000000046", "application/vnd.ms-excel"),
    ("00020810-0000-0000-c000-000000000046", "application/vnd.ms-excel"),
    ("64818d10-4f9b-11cf-86ea-00aa00b929e8", "application/vnd.ms-powerpoint"),
    ("00021a14-0000-0000-c000-000000000046", "application/vnd.visio"),
    ("00020d0b-0000-0000-c000-000000000046", "application/vnd.ms-outlook"),
];
/// Package, patch, transform.
const INSTALLER_CLASSES: [&str; 3] = [
    "000c1084-0000-0000-c000-000000000046",
    "000c1086-0000-0000-c000-000000000046",
    "000c1082-0000-0000-c000-000000000046",
];
/// Classes of embedded objects that attackers use, for the names of their programs.
const OBJECT_CLASSES: [(&str, &str); 5] = [
    ("0002ce02-0000-0000-c000-000000000046", "Equation.3"),
    ("0002ce03-0000-0000-c000-000000000046", "Equation.DSMT4"),
    ("0004a6b0-0000-0000-c000-000000000046", "Equation.2"),
    ("d27cdb6e-ae6d-11cf-96b8-444553540000", "ShockwaveFlash"),
    ("f20da720-c02f-11ce-927b-0800095ae340", "Package"),
];
/// Begins of streams that are files of their own.
const EMBEDDED: [&[u8]; 9] = [
    b"MZ",
    b"PK\x03\x04",
    MARK,
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\x1f\x8b\x08",
    b"%PDF-",
    b"\x4c\0\0\0\x01\x14\x02\0",
];

type File<'a> = CompoundFile<Cursor<&'a [u8]>>;

fn file<'a>(contents: &Contents<'a>) -> Option<File<'a>> {
    CompoundFile::open(Cursor::new(contents.bytes)).ok()
}

fn recognise_installer(contents: &Contents<'_>) -> Option<&'static str> {
    if !contents.bytes.starts_with(MARK) {
        return None;
    }
    let class = file(contents)?.root_entry().clsid().to_string();
    INSTALLER_CLASSES.contains(&class.as_str()).then_some("application/x-msi")
}

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    if !contents.bytes.starts_with(MARK) {
        return None;
    }
    let known = file(contents).and_then(|file| {
        let has = |name: &str| file.read_root_storage().any(|entry| entry.name().eq_ignore_ascii_case(name));
        let by_stream = BY_STREAM.iter().find(|(name, _)| has(name));
        let class = file.root_entry().clsid().to_string();
        by_stream.or_else(|| BY_CLASS.iter().find(|(id, _)| *id == class)).map(|(_, media_type)| *media_type)
    });
    Some(known.unwrap_or("application/x-ole-storage"))
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let Some(mut compound) = Compound::open(contents.bytes) else {
        opening.note(NoteKind::Damaged, "not a whole OLE file");
        let _ = salvage(contents.bytes, opening);
        return;
    };
    compound.list(opening);
    for (path, class) in &compound.classes {
        if let Some((_, name)) = OBJECT_CLASSES.iter().find(|(id, _)| id == class)
            && path.parent().is_some()
        {
            opening.note(NoteKind::Package, name);
        }
    }
    if let Some(user) = compound.read(&PathBuf::from("/Current User")) {
        powerpoint::look_at_user(&user, opening);
    }
    let storages = vba::storages(&compound);
    if storages.len() > VBA_PROJECTS_MAX {
        opening.note(NoteKind::TooMany, "VBA projects");
    }
    let mut modules = BTreeSet::new();
    for storage in storages.iter().take(VBA_PROJECTS_MAX) {
        modules.extend(vba::look(&mut compound, storage, opening));
    }
    if outlook::take_attached(&mut compound, opening).is_break() {
        return;
    }
    let _ = look_at_streams(&mut compound, &modules, contents.bytes, opening);
}

/// Looks at each stream but those of VBA modules.
fn look_at_streams(
    compound: &mut Compound<'_>,
    modules: &BTreeSet<PathBuf>,
    raw: &[u8],
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    let mut broken = false;
    let streams = std::mem::take(&mut compound.streams);
    for stream in streams.iter().filter(|stream| !modules.contains(&stream.path) && !outlook::is_taken(stream)) {
        opening.pay_time()?;
        match compound.read(&stream.path) {
            Some(bytes) => look_at_stream(compound, stream, &bytes, opening)?,
            None => {
                opening.note(NoteKind::Damaged, "an OLE stream can't be read");
                broken = true;
            }
        }
    }
    if broken { salvage(raw, opening) } else { ControlFlow::Continue(()) }
}

fn look_at_stream(
    compound: &mut Compound<'_>,
    stream: &Stream,
    bytes: &[u8],
    opening: &mut Opening<'_>,
) -> ControlFlow<()> {
    let name = stream.name();
    match name.to_ascii_lowercase().as_str() {
        "worddocument" => {
            let table = word::table_name(bytes);
            word::look(bytes, &compound.beside(&stream.path, table).unwrap_or_default(), opening);
        }
        "workbook" | "book" => excel::look(bytes, opening),
        // The records of an encrypted one are noise.
        "powerpoint document" if opening.notes.iter().all(|note| note.kind != NoteKind::Encrypted) => {
            powerpoint::look(bytes, opening)?;
        }
        "\x01ole10native" => return package::take_stream(bytes, opening),
        "\x01ole" => package::look_at_link(bytes, opening),
        "encryptedpackage" => opening.note(NoteKind::Encrypted, "an Office document with a password"),
        "\u{9}drmcontent" => opening.note(NoteKind::Encrypted, "a document under rights management"),
        _ => {}
    }
    if vba::holds_source(bytes) {
        let sources = vba::salvaged(bytes, 1252);
        vba::note_sources(&sources, "VBA outside of a project", vba::Age::Since2007, opening)?;
    }
    // XML documents of Word 2003 keep their objects so.
    if let Some(packed) = bytes.get(4..).filter(|packed| packed.first() == Some(&0x78)) {
        let mut begin = Vec::new();
        let read = ZlibDecoder::new(packed).take(MARK.len() as u64).read_to_end(&mut begin);
        if read.is_ok() && begin == MARK {
            opening.take(&label(stream), ZlibDecoder::new(packed))?;
        }
    }
    if EMBEDDED.iter().any(|mark| bytes.starts_with(mark)) || installer::is_binary(&name) {
        opening.take(&label(stream), bytes)?;
    }
    ControlFlow::Continue(())
}

/// The way to a stream, as people read it.
fn label(stream: &Stream) -> String {
    let path = stream.path.to_string_lossy();
    let path = path.trim_start_matches('/');
    let parts: Vec<String> = path.split('/').map(installer::stream_name).collect();
    parts.join("/").chars().filter(|c| !c.is_control()).collect()
}

/// Macros of a broken file.
fn salvage(raw: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let sources = vba::salvaged(raw, 1252);
    let holds = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memmem::find(raw, &wide).is_some()
    };
    let is_old =
        ["WordDocument", "Workbook", "PowerPoint Document", "Macros", "_VBA_PROJECT_CUR"].into_iter().any(holds);
    let age = if is_old { vba::Age::Before2007 } else { vba::Age::Since2007 };
    vba::note_sources(&sources, "VBA in a broken file", age, opening)
}

#[cfg(test)]
pub(in crate::unpack) mod tests {
    use super::*;
    use crate::unpack::Role;
    use crate::unpack::documents::samples;

    /// An OLE file with the given streams, each with some contents; `VBA/dir` is a project with one module.
    pub(in crate::unpack) fn ole(streams: &[&str]) -> Vec<u8> {
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for path in streams {
            match path.strip_suffix("VBA/dir") {
                Some(storage) => all.extend(samples::project(storage, &[("Module1", samples::CODE)])),
                None if path.ends_with("_VBA_PROJECT") => {}
                None => all.push((path.to_string(), b"contents".to_vec())),
            }
        }
        samples::ole(&all)
    }

    #[test]
    fn streams_tell_what_an_ole_file_is() {
        for (streams, want) in [
            (&["WordDocument", "Macros/VBA/dir"][..], "application/msword"),
            (&["Workbook"], "application/vnd.ms-excel"),
            (&["PowerPoint Document"], "application/vnd.ms-powerpoint"),
            (&["EncryptedPackage"], "application/vnd.ms-office-encrypted"),
            (&["VBA/dir", "PROJECT"], "application/vnd.ms-office.vbaproject"),
            (&["x"], "application/x-ole-storage"),
        ] {
            let bytes = ole(streams);
            let contents = Contents { bytes: &bytes, name: None, declared_type: "", role: Role::File };
            assert_eq!(recognise(&contents), Some(want));
            assert_eq!(recognise_installer(&contents), None);
        }
    }

    #[test]
    fn an_installer_is_known_by_its_class() {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        let class = "000c1084-0000-0000-c000-000000000046".parse().unwrap();
        file.set_storage_clsid("/", class).unwrap();
        file.flush().unwrap();
        let bytes = file.into_inner().into_inner();
        let contents = Contents { bytes: &bytes, name: None, declared_type: "", role: Role::File };
        assert_eq!(recognise_installer(&contents), Some("application/x-msi"));
    }
}
