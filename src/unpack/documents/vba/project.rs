//! The list of modules in the `dir` stream of a VBA project.
//!
//! Does not read the modules. Standards: MS-OVBA §2.3.4.2.

use crate::limits::VBA_MODULES_MAX;
use crate::unpack::documents::octets::{code_page, piece, size_at, u16_at, utf16};

/// One module as `dir` tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::unpack) struct Module {
    pub(in crate::unpack) name: String,
    pub(in crate::unpack) stream: String,
    /// Where in the stream the source begins; before it is what was compiled.
    pub(in crate::unpack) offset: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::unpack) struct Project {
    pub(in crate::unpack) code_page: u16,
    pub(in crate::unpack) modules: Vec<Module>,
    /// False where the list broke off.
    pub(in crate::unpack) whole: bool,
}

const CODE_PAGE: u16 = 0x03;
/// Says a length of four and has six octets.
const VERSION: u16 = 0x09;
const END: u16 = 0x10;
const MODULE_NAME: u16 = 0x19;
const MODULE_STREAM: u16 = 0x1a;
const MODULE_OFFSET: u16 = 0x31;
const MODULE_STREAM_UNICODE: u16 = 0x32;
const MODULE_NAME_UNICODE: u16 = 0x47;

impl Project {
    /// Reads an unpacked `dir` stream as far as it goes.
    pub(in crate::unpack) fn read(dir: &[u8]) -> Self {
        let mut project = Self { code_page: 1252, modules: Vec::new(), whole: false };
        let mut at = 0;
        while let Some((id, size)) = u16_at(dir, at).zip(size_at(dir, at + 2)) {
            let size = if id == VERSION { 6 } else { size };
            let Some(data) = piece(dir, at + 6, size) else { break };
            if id == END {
                project.whole = true;
                break;
            }
            if id == MODULE_NAME {
                if project.modules.len() >= VBA_MODULES_MAX {
                    break;
                }
                project.modules.push(Module { name: code_page(data, project.code_page), ..Module::default() });
            }
            project.fill(id, data);
            at += 6 + size;
        }
        project
    }

    fn fill(&mut self, id: u16, data: &[u8]) {
        let page = self.code_page;
        match (id, self.modules.last_mut()) {
            (CODE_PAGE, _) => self.code_page = u16_at(data, 0).unwrap_or(page),
            (MODULE_STREAM, Some(module)) => module.stream = code_page(data, page),
            // The one that Office writes beside the first; it wins, because code pages are guessed.
            (MODULE_STREAM_UNICODE, Some(module)) if !data.is_empty() => module.stream = utf16(data),
            (MODULE_NAME_UNICODE, Some(module)) if !data.is_empty() => module.name = utf16(data),
            (MODULE_OFFSET, Some(module)) => module.offset = size_at(data, 0).unwrap_or(0),
            _ => {}
        }
    }
}

#[cfg(test)]
pub(in crate::unpack) mod tests {
    use super::*;

    /// A `dir` stream, not packed, of modules that begin their streams with their source.
    pub(in crate::unpack) fn dir(modules: &[&str]) -> Vec<u8> {
        let record = |id: u16, data: &[u8]| [&id.to_le_bytes()[..], &(data.len() as u32).to_le_bytes(), data].concat();
        let mut dir =
            [record(CODE_PAGE, &1252_u16.to_le_bytes()), b"\x09\0\x04\0\0\0\x01\0\0\0\x02\0".to_vec()].concat();
        for module in modules {
            let wide: Vec<u8> = module.encode_utf16().flat_map(u16::to_le_bytes).collect();
            dir.extend(record(MODULE_NAME, module.as_bytes()));
            dir.extend(record(MODULE_STREAM, module.as_bytes()));
            dir.extend(record(MODULE_STREAM_UNICODE, &wide));
            dir.extend(record(MODULE_OFFSET, &0_u32.to_le_bytes()));
        }
        dir.extend(record(END, b""));
        dir
    }

    #[test]
    fn modules_are_listed_with_streams_and_offsets() {
        let project = Project::read(&dir(&["ThisDocument", "Modul\u{e9}"]));
        let streams: Vec<&str> = project.modules.iter().map(|module| module.stream.as_str()).collect();
        assert_eq!((streams, project.whole), (vec!["ThisDocument", "Modul\u{e9}"], true));
        let cut = Project::read(&dir(&["A", "B"])[..62]);
        assert_eq!((cut.whole, cut.modules.len()), (false, 2));
        assert!(!Project::read(b"").whole);
    }
}
