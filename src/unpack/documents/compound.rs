//! An OLE compound file as a list of streams that can be read.
//!
//! Does not know what a stream means. Standards: MS-CFB.

use crate::limits::{OLE_ENTRIES_MAX, OLE_PATH_BYTES_MAX, OLE_READ_FACTOR};
use crate::unpack::{NoteKind, Opening};
use cfb::CompoundFile;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

pub(in crate::unpack) const MARK: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

pub(in crate::unpack) struct Stream {
    pub(in crate::unpack) path: PathBuf,
}

impl Stream {
    pub(in crate::unpack) fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub(in crate::unpack) fn is(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }
}

pub(in crate::unpack) struct Compound<'a> {
    pub(in crate::unpack) file: CompoundFile<Cursor<&'a [u8]>>,
    pub(in crate::unpack) streams: Vec<Stream>,
    /// Storages with a class, lower case.
    pub(in crate::unpack) classes: Vec<(PathBuf, String)>,
    /// Octets that may still be read: streams that share their sectors would else cost the square of the file.
    left: u64,
}

impl<'a> Compound<'a> {
    pub(in crate::unpack) fn open(bytes: &'a [u8]) -> Option<Self> {
        let file = CompoundFile::open(Cursor::new(bytes)).ok()?;
        let left = (bytes.len() as u64).saturating_mul(OLE_READ_FACTOR);
        Some(Self { file, streams: Vec::new(), classes: Vec::new(), left })
    }

    /// Lists the streams; notes where there are too many.
    pub(in crate::unpack) fn list(&mut self, opening: &mut Opening<'_>) {
        for (count, entry) in self.file.walk().enumerate() {
            let path = entry.path();
            if count >= OLE_ENTRIES_MAX {
                opening.note(NoteKind::TooMany, "OLE entries");
                break;
            }
            if path.as_os_str().len() > OLE_PATH_BYTES_MAX {
                opening.note(NoteKind::Damaged, "OLE storages nested too deep");
                break;
            }
            if entry.is_stream() {
                self.streams.push(Stream { path: path.to_path_buf() });
            } else if !entry.clsid().is_nil() {
                self.classes.push((path.to_path_buf(), entry.clsid().to_string()));
            }
        }
    }

    /// A whole stream; `None` where there is none, it is broken, or more was read than the file can hold.
    pub(in crate::unpack) fn read(&mut self, path: &Path) -> Option<Vec<u8>> {
        let stream = self.file.open_stream(path).ok()?;
        let mut bytes = Vec::new();
        let said = stream.len();
        let read = stream.take(self.left).read_to_end(&mut bytes);
        self.left = self.left.saturating_sub(bytes.len() as u64);
        (read.is_ok() && bytes.len() as u64 == said).then_some(bytes)
    }

    /// The streams of a storage by a name, whatever its case.
    pub(in crate::unpack) fn beside(&mut self, path: &Path, name: &str) -> Option<Vec<u8>> {
        self.read(&path.parent()?.join(name))
    }
}
