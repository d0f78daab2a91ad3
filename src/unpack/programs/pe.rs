//! Windows and DOS programs: exe, dll, scr, cpl, ocx, xll, sys; DOS, OS/2 and 16-bit Windows ones too.
//!
//! Does not unpack what packers made. Source: the PE/COFF specification, the MZ header, ECMA-335 §II.25 (.NET).

use crate::limits::PE_EXPORTS_MAX;
use crate::unpack::fields::{u16_le, u32_le};
use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "pe",
    about: "Windows and DOS programs and libraries, .NET too",
    recognise,
    nature: Nature::Program,
};

pub(super) const PORTABLE_EXECUTABLE: &str = "application/vnd.microsoft.portable-executable";
pub(super) const DOS_EXECUTABLE: &str = "application/x-dosexec";

/// Processors that Windows ever ran on, and byte code.
const MACHINES: [u16; 14] =
    [0x14c, 0x166, 0x168, 0x169, 0x184, 0x1a2, 0x1c0, 0x1c2, 0x1c4, 0x1f0, 0x200, 0x8664, 0xaa64, 0xebc];
/// The loader takes no more.
const SECTIONS_MAX: u16 = 96;
const SECTION_BYTES: usize = 40;
const IS_LIBRARY: u16 = 0x2000;
const SUBSYSTEM_NATIVE: u16 = 1;
/// Places in the table of directories.
const EXPORTS: usize = 0;
const CERTIFICATES: usize = 4;
const CLR_HEADER: usize = 14;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if !bytes.starts_with(b"MZ") && !bytes.starts_with(b"ZM") {
        return None;
    }
    let new_header = u32_le(bytes, 0x3c).and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
    if new_header.starts_with(b"PE\0\0") {
        return Some(PORTABLE_EXECUTABLE);
    }
    let older = [b"NE", b"LE", b"LX"].iter().any(|mark| new_header.starts_with(*mark));
    // A text may begin with MZ as well; a header has zeros.
    let has_header = bytes.len() >= 28 && bytes.iter().take(64).any(|byte| *byte == 0);
    (older || has_header).then_some(DOS_EXECUTABLE)
}

/// The headers of a program that Windows would load.
pub(in crate::unpack) struct Headers<'a> {
    bytes: &'a [u8],
    library: bool,
    /// Where the optional header begins.
    optional: usize,
    /// Where the table of directories begins.
    directories: usize,
    sections: usize,
    section_count: u16,
}

impl<'a> Headers<'a> {
    /// The headers, where all that the loader asks for is there. What only looks like a program for its first letters
    /// (compressed data is full of `MZ`) gives `None`.
    pub(in crate::unpack) fn read(bytes: &'a [u8]) -> Option<Self> {
        let at = u32_le(bytes, 0x3c)? as usize;
        if !bytes.starts_with(b"MZ") || !bytes.get(at..)?.starts_with(b"PE\0\0") {
            return None;
        }
        let section_count = u16_le(bytes, at + 6)?;
        let optional = at + 24;
        let directories = optional
            + match u16_le(bytes, optional)? {
                0x10b => 96,
                0x20b => 112,
                _ => return None,
            };
        let sections = optional + usize::from(u16_le(bytes, at + 20)?);
        let sound = MACHINES.contains(&u16_le(bytes, at + 4)?) && (1..=SECTIONS_MAX).contains(&section_count);
        let library = u16_le(bytes, at + 22)? & IS_LIBRARY != 0;
        sound.then_some(Self { bytes, library, optional, directories, sections, section_count })
    }

    /// Where the program ends in its file; behind it is what somebody appended. Signatures belong to the program.
    pub(in crate::unpack) fn end(&self) -> usize {
        let certificates = self.directory(CERTIFICATES).map_or(0, |(at, size)| at.saturating_add(size));
        let sections = self.sections().map(|section| section.raw_at.saturating_add(section.raw_size));
        sections.max().unwrap_or(0).max(certificates).max(self.sections).min(self.bytes.len())
    }

    /// What kind of program, in a word or three.
    fn kind(&self) -> &'static str {
        let is_net = self.directory(CLR_HEADER).is_some_and(|(at, _)| at != 0);
        let is_driver = u16_le(self.bytes, self.optional + 68) == Some(SUBSYSTEM_NATIVE);
        match (self.library, is_net) {
            _ if is_driver => "driver",
            (true, _) if self.exports(b"xlAutoOpen") => "Excel add-in (XLL)",
            (true, _) if self.exports(b"CPlApplet") => "control panel item",
            (true, true) => ".NET library",
            (true, false) => "library",
            (false, true) => ".NET program",
            (false, false) => "program",
        }
    }

    fn exports(&self, wanted: &[u8]) -> bool {
        let Some((table, size)) = self.directory(EXPORTS) else { return false };
        let Some(at) = (size > 0).then(|| self.place_of(table)).flatten() else { return false };
        let count = u32_le(self.bytes, at + 24).unwrap_or(0) as usize;
        let names = u32_le(self.bytes, at + 32).and_then(|names| self.place_of(names as usize));
        let Some(names) = names else { return false };
        (0..count.min(PE_EXPORTS_MAX)).any(|index| {
            let name = u32_le(self.bytes, names + index * 4).and_then(|name| self.place_of(name as usize));
            let rest = name.and_then(|name| self.bytes.get(name..)).unwrap_or_default();
            rest.strip_prefix(wanted).is_some_and(|behind| behind.first() == Some(&0))
        })
    }

    /// Address and size of a directory.
    fn directory(&self, index: usize) -> Option<(usize, usize)> {
        let count = u32_le(self.bytes, self.directories.checked_sub(4)?)? as usize;
        let at = self.directories + index * 8;
        (index < count).then_some((u32_le(self.bytes, at)? as usize, u32_le(self.bytes, at + 4)? as usize))
    }

    fn sections(&self) -> impl Iterator<Item = Section> + '_ {
        (0..usize::from(self.section_count)).map_while(|index| {
            let at = self.sections + index * SECTION_BYTES;
            let number = |offset: usize| u32_le(self.bytes, at + offset).map(|number| number as usize);
            Some(Section { address: number(12)?, raw_size: number(16)?, raw_at: number(20)? })
        })
    }

    /// Where in the file an address in memory comes from.
    fn place_of(&self, address: usize) -> Option<usize> {
        let section = self
            .sections()
            .find(|section| address.checked_sub(section.address).is_some_and(|within| within < section.raw_size))?;
        section.raw_at.checked_add(address - section.address).filter(|at| *at < self.bytes.len())
    }
}

struct Section {
    address: usize,
    raw_size: usize,
    raw_at: usize,
}

pub(super) fn describe(contents: &Contents<'_>) -> Option<String> {
    Some(Headers::read(contents.bytes)?.kind().to_string())
}
