//! Microsoft cabinets: stored, MSZIP and LZX.
//!
//! Does not read Quantum, does not join cabinets of a set, and does not compare the checksums of data blocks: what they
//! hold is looked at either way. Each folder is unpacked once, in the order of its data. Standards: [MS-CAB].

use super::cab_folder::{Folder, Method};
use super::solid::{self, File, close};
use crate::unpack::fields::{u16_le, u32_le, until_nul};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "cab", about: "Microsoft cabinets", recognise, nature: Nature::Container(open) };

const MARK: &[u8] = b"MSCF\0\0\0\0";
const HEADER_BYTES: usize = 36;
const FOLDER_BYTES: usize = 8;
const FILE_BYTES: usize = 16;
const HAS_PREVIOUS: u16 = 1;
const HAS_NEXT: u16 = 2;
const HAS_RESERVE: u16 = 4;
/// Numbers of folders from here on: the member begins or ends in another cabinet.
const SPLIT_FOLDERS: usize = 0xfffd;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(MARK).then_some("application/vnd.ms-cab-compressed")
}

/// Gives all members of a cabinet that begins right here, whatever follows it.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let Some(cabinet) = Cabinet::read(contents.bytes) else {
        opening.note(NoteKind::Damaged, "a cabinet's header");
        return;
    };
    // Nothing follows that a spent budget could skip.
    let _ = cabinet.members(opening);
}

struct Cabinet<'a> {
    bytes: &'a [u8],
    folders: Vec<Folder<'a>>,
    /// Where the list of files begins, and how many it has.
    files_at: usize,
    files: usize,
}

impl<'a> Cabinet<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let flags = u16_le(header, 30)?;
        let (mut at, mut folder_reserve, mut data_reserve) = (HEADER_BYTES, 0, 0);
        if flags & HAS_RESERVE != 0 {
            folder_reserve = usize::from(*bytes.get(at + 2)?);
            data_reserve = usize::from(*bytes.get(at + 3)?);
            at += 4 + usize::from(u16_le(bytes, at)?);
        }
        // The names of the cabinets before and behind, and of their disks.
        for set in [HAS_PREVIOUS, HAS_NEXT] {
            for _ in 0..if flags & set == 0 { 0 } else { 2 } {
                at += until_nul(bytes, at)?.len() + 1;
            }
        }
        let count = usize::from(u16_le(header, 26)?);
        let folders = (0..count).map_while(|index| {
            let entry = bytes.get(at + index * (FOLDER_BYTES + folder_reserve)..)?;
            Some(Folder {
                bytes,
                start: u32_le(entry, 0)? as usize,
                blocks: u16_le(entry, 4)?,
                method: Method::of(u16_le(entry, 6)?),
                reserve: data_reserve,
            })
        });
        let folders: Vec<_> = folders.collect();
        let files_at = u32_le(header, 16)? as usize;
        (folders.len() == count).then_some(Self { bytes, folders, files_at, files: u16_le(header, 28)?.into() })
    }

    /// The list of files, up to where it breaks.
    fn list(&self, opening: &mut Opening<'_>) -> Vec<File<'a>> {
        let mut files = Vec::new();
        let mut at = self.files_at;
        for _ in 0..self.files {
            let Some((file, end)) = self.file(at) else {
                opening.note(NoteKind::Damaged, "a cabinet's list of files");
                break;
            };
            files.push(file);
            at = end;
        }
        files
    }

    fn file(&self, at: usize) -> Option<(File<'a>, usize)> {
        let entry = self.bytes.get(at..)?;
        let name = until_nul(entry, FILE_BYTES)?;
        let (size, offset) = (u64::from(u32_le(entry, 0)?), u64::from(u32_le(entry, 4)?));
        let file = File { name, size, offset, folder: u16_le(entry, 8)?.into() };
        Some((file, at + FILE_BYTES + name.len() + 1))
    }

    fn members(&self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let mut files = self.list(opening);
        files.sort_by_key(|file| (file.folder, file.offset));
        for group in files.chunk_by(|one, next| one.folder == next.folder) {
            let Some(number) = group.first().map(|file| file.folder) else { continue };
            match self.folders.get(number) {
                Some(folder) => folder_members(folder, group, opening)?,
                None if number >= SPLIT_FOLDERS => {
                    close(group, NoteKind::Unread, "a part of a split archive", opening)?
                }
                None => close(group, NoteKind::Damaged, "a folder that is not there", opening)?,
            }
        }
        ControlFlow::Continue(())
    }
}

/// Takes the files of one folder, which are in the order of its data.
fn folder_members(folder: &Folder<'_>, files: &[File<'_>], opening: &mut Opening<'_>) -> ControlFlow<()> {
    match folder.method {
        Method::Unread(name) => close(files, NoteKind::Unread, name, opening),
        Method::Stored | Method::MsZip | Method::Lzx(_) => solid::take(files, || folder.reader(), opening),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{cab, shown};

    #[test]
    fn members_of_a_folder_are_given() {
        let text = b"text ".repeat(20_000);
        let whole = cab(&[("a.txt", &text), ("dir\\run", b"\x7fELF\x02\x01\x01")]);
        let (items, notes) = shown(&[&whole[..], b"behind"].concat());
        assert_eq!(items, ["application/vnd.ms-cab-compressed", "a.txt text/plain", "dir\\run application/x-elf"]);
        assert_eq!(notes, ["Program"]);
        let (items, notes) = shown(&whole[..whole.len() - 10]);
        assert_eq!((items.len(), notes.contains(&"Damaged".to_string())), (3, true));
    }
}
