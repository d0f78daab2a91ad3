//! OLE compound files: Office documents before 2007, installers, Outlook messages, VBA projects.
//!
//! Does not read macros, only that there are some; macros of PowerPoint hide in compressed records and are not found.
//! Standards: MS-CFB, MS-OVBA §2.2.1 (a VBA storage with its `dir` and `_VBA_PROJECT` streams).

use crate::limits::{OLE_ENTRIES_MAX, OLE_PATH_BYTES_MAX};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use cfb::CompoundFile;
use std::io::{Cursor, Read};
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

const MARK: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
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
    let Some(mut file) = file(contents) else {
        opening.note(NoteKind::Damaged, "not a whole OLE file");
        return;
    };
    for path in streams(&file, opening) {
        let Some(begin) = begin_of(&mut file, &path) else {
            opening.note(NoteKind::Damaged, "an OLE stream can't be read");
            continue;
        };
        if EMBEDDED.iter().any(|mark| begin.starts_with(mark))
            && let Ok(stream) = file.open_stream(&path)
            && opening.take(&path.to_string_lossy(), stream).is_break()
        {
            return;
        }
    }
}

/// The paths of all streams; notes macros and encryption on the way.
fn streams(file: &File<'_>, opening: &mut Opening<'_>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (count, entry) in file.walk().enumerate() {
        let path = entry.path();
        if count >= OLE_ENTRIES_MAX {
            opening.note(NoteKind::TooMany, "OLE entries");
            break;
        }
        if path.as_os_str().len() > OLE_PATH_BYTES_MAX {
            opening.note(NoteKind::Damaged, "OLE storages nested too deep");
            break;
        }
        if !entry.is_stream() {
            continue;
        }
        let storage = path.parent();
        let in_vba =
            storage.and_then(|storage| storage.file_name()).is_some_and(|name| name.eq_ignore_ascii_case("VBA"));
        if in_vba && ["dir", "_VBA_PROJECT"].iter().any(|name| entry.name().eq_ignore_ascii_case(name)) {
            opening.note(NoteKind::Macro, &storage.unwrap_or(path).to_string_lossy());
        }
        if entry.name().eq_ignore_ascii_case("EncryptedPackage") {
            opening.note(NoteKind::Encrypted, "an Office document with a password");
        }
        found.push(path.to_path_buf());
    }
    found
}

fn begin_of(file: &mut File<'_>, path: &PathBuf) -> Option<Vec<u8>> {
    let mut begin = Vec::new();
    file.open_stream(path).ok()?.take(16).read_to_end(&mut begin).ok()?;
    Some(begin)
}

#[cfg(test)]
pub(in crate::unpack) mod tests {
    use super::*;
    use crate::unpack::Role;
    use std::io::Write;

    /// An OLE file with the given streams, each with some contents.
    pub(in crate::unpack) fn ole(streams: &[&str]) -> Vec<u8> {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for path in streams {
            if let Some((storage, _)) = path.rsplit_once('/') {
                file.create_storage_all(format!("/{storage}")).unwrap();
            }
            file.create_stream(format!("/{path}")).unwrap().write_all(b"contents").unwrap();
        }
        file.flush().unwrap();
        file.into_inner().into_inner()
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
