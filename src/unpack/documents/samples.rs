//! Documents for the tests of this part: OLE files, VBA projects, records of Excel.
//!
//! Not in the program.

use super::package::tests::native;
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

/// An RTF file with a package, a field and a template.
pub(in crate::unpack) fn rtf() -> Vec<u8> {
    let data = native("run.exe", b"data");
    let data = data.get(4..).unwrap();
    let size = (data.len() as u32).to_le_bytes();
    let object = [&b"\x01\x05\0\0\x02\0\0\0\x08\0\0\0Package\0\0\0\0\0\0\0\0\0"[..], &size, data].concat();
    let hex: String = object.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{{\\rtf1{{\\*\\template x}}{{\\field{{\\*\\fldinst DDE x}}}}{{\\object\\objemb{{\\*\\objclass Package}}\
         {{\\*\\objdata {hex}}}}}}}"
    )
    .into_bytes()
}

/// A record of Excel.
pub(in crate::unpack) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// An old workbook with a macro sheet, a link and a VBA project.
pub(in crate::unpack) fn workbook() -> Vec<u8> {
    let formula = [&[0; 22][..], b"\x17\x04\0calc\x42\x01\x6e\0"].concat();
    let records = [
        record(0x0809, b"\0\x06\x05\0"),
        record(0x85, b"\0\0\0\0\x02\x01\x01\0M"),
        record(0x18, b"\x20\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01"),
        record(0x1ae, b"\0\0\x07\0\0cmd\x03/c "),
        record(0x0809, b"\0\x06\x40\0"),
        record(6, &formula),
    ];
    let mut streams = project("_VBA_PROJECT_CUR/", &[("Module1", CODE)]);
    streams.push(("Workbook".to_string(), records.concat()));
    ole(&streams)
}
