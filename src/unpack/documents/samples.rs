//! Documents for the tests of this part: OLE files, VBA projects, records of Excel.
//!
//! Not in the program.

use super::vba::{compression::tests::pack, project::tests::dir};
use cfb::CompoundFile;
use std::io::{Cursor, Write};

/// Source that does nothing worth a word.
pub(in crate::unpack) const CODE: &str = "Attribute VB_Name = \"Module1\"\r\nSub Greet()\r\nMsgBox 1\r\nEnd Sub\r\n";
/// Source without code.
pub(in crate::unpack) const NO_CODE: &str = "Attribute VB_Name = \"ThisDocument\"\r\nAttribute VB_Base = \"1\"\r\n";

/// An OLE file with these streams.
pub(in crate::unpack) fn ole(streams: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (path, contents) in streams {
        if let Some((storage, _)) = path.rsplit_once('/') {
            file.create_storage_all(format!("/{storage}")).unwrap();
        }
        file.create_stream(format!("/{path}")).unwrap().write_all(contents).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// The streams of a VBA project below a storage: `""`, `Macros/`, `_VBA_PROJECT_CUR/`.
pub(in crate::unpack) fn project(storage: &str, modules: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let names: Vec<&str> = modules.iter().map(|(name, _)| *name).collect();
    let mut streams = vec![
        (format!("{storage}VBA/dir"), pack(&dir(&names))),
        (format!("{storage}VBA/_VBA_PROJECT"), b"\xcc\x61\xff\xff\0\0\0".to_vec()),
    ];
    streams.extend(modules.iter().map(|(name, source)| (format!("{storage}VBA/{name}"), pack(source.as_bytes()))));
    streams
}
