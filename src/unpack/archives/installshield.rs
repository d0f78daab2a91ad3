//! Files that InstallShield puts behind its setup programs: a list of plain files, or of packed and scrambled ones.
//!
//! Cabinets of InstallShield (`ISc(`) are joined with the table beside them; alone most can't be read. Found out by
//! looking at setups; the order of fields is also told by the tools ISx and unshield.

use super::installshield_cab::{MARK as CABINET_MARK, Table};
use super::names;
use crate::unpack::fields::{u32_le, until_nul};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use flate2::bufread::ZlibDecoder;
use std::io::Read;
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "installshield",
    about: "setups and cabinets of InstallShield",
    recognise,
    nature: Nature::Container(open),
};

pub(in crate::unpack) const SCRAMBLED_MARK: &[u8] = b"InstallShield\0";
const SCRAMBLED_HEADER_BYTES: usize = 46;
const NAME_BYTES: usize = 260;
const RECORD_BYTES: usize = 312;
const FLAG_SCRAMBLED: u32 = 4;
const FLAG_PACKED: u32 = 2;
/// Octets after which the key begins anew.
const KEY_SPAN: usize = 1024;
const KEY: [u8; 4] = [0x13, 0x35, 0x86, 0x07];
/// Octets of the texts before a plain file.
const TEXTS_BYTES_MAX: usize = 1024;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if bytes.starts_with(CABINET_MARK) && bytes.get(7).is_some_and(|kind| matches!(kind, 1 | 2 | 4)) {
        return Some("application/x-installshield-cab");
    }
    begins_as_setup(bytes).then_some("application/x-installshield-setup")
}

/// True where the files of a setup begin right here.
pub(in crate::unpack) fn begins_as_setup(bytes: &[u8]) -> bool {
    let scrambled = bytes.starts_with(SCRAMBLED_MARK) && scrambled_file(bytes, SCRAMBLED_HEADER_BYTES).is_some();
    scrambled || plain_file(bytes, 0).is_some()
}

/// Gives all files that begin right here, whatever follows them.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    // Nothing follows that a spent budget could skip.
    let _ = if bytes.starts_with(CABINET_MARK) {
        cabinet(bytes, opening)
    } else if bytes.starts_with(SCRAMBLED_MARK) {
        scrambled(bytes, opening)
    } else {
        plain(bytes, opening)
    };
}

/// A plain file: its name, its path, a version, its length in digits, each ended by NUL; then its contents.
fn plain_file(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8], usize)> {
    let texts = bytes.get(at..)?;
    let texts = texts.get(..texts.len().min(TEXTS_BYTES_MAX))?;
    let name = until_nul(texts, 0).filter(|name| !name.is_empty())?;
    let path = until_nul(texts, name.len() + 1).filter(|path| path.ends_with(name))?;
    let version_at = name.len() + path.len() + 2;
    let version = until_nul(texts, version_at)?;
    version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.').then_some(())?;
    let digits = until_nul(texts, version_at + version.len() + 1)?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let data_at = at + version_at + version.len() + digits.len() + 2;
    let data = bytes.get(data_at..)?;
    Some((path, data.get(..length).unwrap_or(data), data_at.saturating_add(length)))
}

fn plain(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut at = 0;
    let mut cabinets = Vec::new();
    while let Some((path, data, end)) = plain_file(bytes, at) {
        let name = names::decoded(path);
        names::note_climbing(&name, opening);
        if end > bytes.len() {
            opening.note(NoteKind::Damaged, "a setup that is cut off");
        }
        if data.starts_with(CABINET_MARK) {
            // What is in them is given below.
            opening.skip()?;
            cabinets.push((name.to_lowercase(), data));
        } else {
            opening.take(&name, data)?;
        }
        at = end;
    }
    joined(&cabinets, opening)
}

/// A cabinet alone: the first volume may hold the table.
fn cabinet(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    if let Some(table) = Table::read(bytes) {
        return table.members(|volume| (volume == 1).then_some(bytes), opening);
    }
    opening.note(NoteKind::Unread, "a volume of InstallShield without its table");
    ControlFlow::Continue(())
}

/// Tables (`data1.hdr`) with their volumes (`data1.cab`, `data2.cab`).
fn joined(cabinets: &[(String, &[u8])], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let tables = cabinets.iter().filter_map(|(name, data)| Some((name.strip_suffix("1.hdr")?, Table::read(data)?)));
    let mut has_table = false;
    for (stem, table) in tables {
        has_table = true;
        let volume = |number: u16| {
            let wanted = format!("{stem}{number}.cab");
            cabinets.iter().find(|(name, _)| *name == wanted).map(|(_, data)| *data)
        };
        table.members(volume, opening)?;
    }
    if !has_table {
        cabinets.iter().try_for_each(|(_, data)| cabinet(data, opening))?;
    }
    ControlFlow::Continue(())
}

/// A packed file: its record has the name, how it is packed, and the length.
fn scrambled_file(bytes: &[u8], at: usize) -> Option<(&[u8], u32, &[u8])> {
    let record = bytes.get(at..at.checked_add(RECORD_BYTES)?)?;
    let name = until_nul(record.get(..NAME_BYTES)?, 0).filter(|name| !name.is_empty())?;
    let length = u32_le(record, NAME_BYTES + 8)? as usize;
    let start = at + RECORD_BYTES;
    Some((name, u32_le(record, NAME_BYTES)?, bytes.get(start..start.checked_add(length)?)?))
}

fn scrambled(bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut at = SCRAMBLED_HEADER_BYTES;
    for _ in 0..u32_le(bytes, SCRAMBLED_MARK.len()).unwrap_or(0) {
        let Some((name, flags, data)) = scrambled_file(bytes, at) else {
            opening.note(NoteKind::Damaged, "a setup that is cut off");
            break;
        };
        at += RECORD_BYTES + data.len();
        let label = names::decoded(name);
        names::note_climbing(&label, opening);
        let key = if flags & FLAG_SCRAMBLED == 0 { None } else { Some(name) };
        let reader = std::io::BufReader::new(Unscrambled { data, at: 0, key });
        if flags & FLAG_PACKED == 0 {
            opening.take(&label, reader)?;
        } else {
            opening.take(&label, ZlibDecoder::new(reader))?;
        }
    }
    ControlFlow::Continue(())
}

/// Contents whose octets have their halves changed and a key of the file's name over them.
struct Unscrambled<'a> {
    data: &'a [u8],
    at: usize,
    key: Option<&'a [u8]>,
}

impl Read for Unscrambled<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (place, octet) in buffer.iter_mut().zip(rest) {
            *place = match self.key {
                Some(name) => {
                    let index = self.at % KEY_SPAN % name.len().max(1);
                    let key = name.get(index).copied().unwrap_or_default()
                        ^ KEY.get(index % KEY.len()).copied().unwrap_or_default();
                    !(key ^ octet.rotate_left(4))
                }
                None => *octet,
            };
            self.at += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::shown;
    use std::io::Write;

    #[test]
    fn files_of_setups_are_given() {
        let plain = b"a.txt\0Disk1\\a.txt\x000.0.0.0\x004\0textrun\0run\0\x006\0\x7fELF\x02\x01".to_vec();
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"\x7fELF\x02\x01").unwrap();
        let packed = packed.finish().unwrap();
        let name = b"run";
        let key = |at: usize| name[at % 3] ^ [0x13, 0x35, 0x86, 0x07][at % 3 % 4];
        let data: Vec<u8> = packed.iter().enumerate().map(|(at, octet)| (!(octet ^ key(at))).rotate_left(4)).collect();
        let mut scrambled = [b"InstallShield\0\x01\0\0\0", &[0; 28][..], name, &[0; 257]].concat();
        scrambled.extend([&[6, 0, 0, 0, 0, 0, 0, 0, data.len() as u8][..], &[0; 43], &data].concat());
        for (bytes, want) in [
            (plain, &["Disk1\\a.txt text/plain", "run application/x-elf"][..]),
            (scrambled, &["run application/x-elf"]),
        ] {
            let (items, notes) = shown(&bytes);
            assert_eq!(items[1..], *want);
            assert_eq!(notes, ["Program"]);
        }
    }
}
