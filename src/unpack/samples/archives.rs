//! Writers of archives that no crate here writes, for the tests: stored members only. And what is seen in them.
//!
//! Not in the program. Sources: 7zFormat.txt, the RAR technotes.

use super::letter;
use crate::mail::Message;
use crate::unpack::open;

/// Attached to a letter: the type of the whole, each member as `name type`, and the kinds of notes.
pub(in crate::unpack) fn shown(contents: &[u8]) -> (Vec<String>, Vec<String>) {
    let bytes = letter("x.bin", contents);
    let inside = open(&Message::parse(&bytes));
    let items = inside.items.iter().skip(1).map(|item| {
        let names = item.path.get(1..).unwrap_or_default().join("/");
        format!("{names} {}", item.true_type).trim_start().to_string()
    });
    let notes = inside.notes.iter().map(|note| format!("{:?}", note.kind)).collect();
    (items.collect(), notes)
}

pub(in crate::unpack) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A solid 7z archive, stored.
pub(in crate::unpack) fn sevenz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let number = |value: usize| [&[0xf0][..], &(value as u32).to_le_bytes()].concat();
    let data: Vec<u8> = members.iter().flat_map(|(_, contents)| contents.iter().copied()).collect();
    let sizes = members.iter().take(members.len() - 1).flat_map(|(_, contents)| number(contents.len()));
    let sums = members.iter().flat_map(|(_, contents)| crc32(contents).to_le_bytes());
    let names: Vec<u8> =
        members.iter().flat_map(|(name, _)| name.encode_utf16().chain([0])).flat_map(u16::to_le_bytes).collect();
    let mut table = b"\x01\x04\x06\0\x01\x09".to_vec();
    table.extend(number(data.len()));
    table.extend(b"\0\x07\x0b\x01\0\x01\x01\0\x0c");
    table.extend(number(data.len()));
    table.extend(b"\0\x08\x0d");
    table.extend(number(members.len()));
    table.push(9);
    table.extend(sizes);
    table.extend(b"\x0a\x01");
    table.extend(sums);
    table.extend(b"\0\0\x05");
    table.extend(number(members.len()));
    table.push(0x11);
    table.extend(number(names.len() + 1));
    table.push(0);
    table.extend(names);
    table.extend(b"\0\0");
    let place =
        [&(data.len() as u64).to_le_bytes()[..], &(table.len() as u64).to_le_bytes(), &crc32(&table).to_le_bytes()]
            .concat();
    [b"7z\xbc\xaf\x27\x1c\0\x04", &crc32(&place).to_le_bytes()[..], &place, &data, &table].concat()
}

/// A RAR 5 archive, stored.
pub(in crate::unpack) fn rar5(members: &[(&str, &[u8])]) -> Vec<u8> {
    fn number(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }
    let block = |fields: &[u8]| {
        let sized = [number(fields.len()), fields.to_vec()].concat();
        [&crc32(&sized).to_le_bytes()[..], &sized].concat()
    };
    let mut archive = [b"Rar!\x1a\x07\x01\0", &block(&[1, 0, 0])[..]].concat();
    for (name, contents) in members {
        let fields = [
            &[2, 2][..],
            &number(contents.len()),
            &[4],
            &number(contents.len()),
            &[0],
            &crc32(contents).to_le_bytes(),
            &[0, 0],
            &number(name.len()),
            name.as_bytes(),
        ];
        archive.extend(block(&fields.concat()));
        archive.extend_from_slice(contents);
    }
    archive.extend(block(&[5, 0, 0]));
    archive
}

/// A RAR 4 archive, stored.
pub(in crate::unpack) fn rar4(members: &[(&str, &[u8])]) -> Vec<u8> {
    let block = |fields: &[u8]| [&(crc32(fields) as u16).to_le_bytes()[..], fields].concat();
    let mut archive = [b"Rar!\x1a\x07\0", &block(b"\x73\0\0\x0d\0\0\0\0\0\0\0")[..]].concat();
    for (name, contents) in members {
        let size = (contents.len() as u32).to_le_bytes();
        let fields = [
            &[0x74, 0, 0x80][..],
            &(32 + name.len() as u16).to_le_bytes(),
            &size,
            &size,
            &[0],
            &crc32(contents).to_le_bytes(),
            &[0, 0, 0x21, 0x30, 20, 0x30],
            &(name.len() as u16).to_le_bytes(),
            &[0x20, 0, 0, 0],
            name.as_bytes(),
        ];
        archive.extend(block(&fields.concat()));
        archive.extend_from_slice(contents);
    }
    archive.extend(block(b"\x7b\0\x40\x07\0"));
    archive
}

/// A cabinet with one MSZIP folder, written by the `cab` crate.
pub(in crate::unpack) fn cab(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::cab::CabinetBuilder::new();
    let folder = builder.add_folder(::cab::CompressionType::MsZip);
    for (name, _) in members {
        folder.add_file(*name);
    }
    let mut writer = builder.build(std::io::Cursor::new(Vec::new())).unwrap();
    for (_, contents) in members {
        let mut file = writer.next_file().unwrap().unwrap();
        std::io::Write::write_all(&mut file, contents).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An ARJ archive, stored.
pub(in crate::unpack) fn arj(members: &[(&str, &[u8])]) -> Vec<u8> {
    let header = |kind: u8, name: &str, contents: &[u8]| {
        let size = (contents.len() as u32).to_le_bytes();
        let sum = crc32(contents).to_le_bytes();
        let fields = [&[30, 11, 1, 0, 0x10, 0, kind, 0, 0, 0, 0, 0][..], &size, &size, &sum, &[0; 6]].concat();
        let header = [&fields, name.as_bytes(), b"\0\0"].concat();
        let sum = crc32(&header).to_le_bytes();
        [b"\x60\xea", &(header.len() as u16).to_le_bytes()[..], &header, &sum, b"\0\0", contents].concat()
    };
    let members = members.iter().flat_map(|(name, contents)| header(0, name, contents));
    header(2, "x.arj", b"").into_iter().chain(members).chain(*b"\x60\xea\0\0").collect()
}

/// An LHA archive, stored, with headers of level 0.
pub(in crate::unpack) fn lha(members: &[(&str, &[u8])]) -> Vec<u8> {
    // CRC-16/ARC.
    let sum = |bytes: &[u8]| {
        bytes.iter().fold(0u16, |sum, byte| {
            (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xa001 } else { sum >> 1 })
        })
    };
    let mut archive = Vec::new();
    for (name, contents) in members {
        let size = (contents.len() as u32).to_le_bytes();
        let name_size = [name.len() as u8];
        let stamp = [0, 0, 0x21, 0x30, 0x20, 0];
        let fields =
            [b"-lh0-", &size[..], &size, &stamp, &name_size, name.as_bytes(), &sum(contents).to_le_bytes()].concat();
        let total = fields.iter().fold(0u8, |total, byte| total.wrapping_add(*byte));
        archive.extend([fields.len() as u8, total]);
        archive.extend(fields);
        archive.extend_from_slice(contents);
    }
    archive.push(0);
    archive
}

/// Data of a Nullsoft installer, each block packed by Deflate.
pub(in crate::unpack) fn nsis(blocks: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    for block in blocks {
        let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut writer, block).unwrap();
        let packed = writer.finish().unwrap();
        data.extend((packed.len() as u32 | 1 << 31).to_le_bytes());
        data.extend(packed);
    }
    let lengths = [blocks[0].len() as u32, 28 + data.len() as u32].map(u32::to_le_bytes).concat();
    [b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst", &lengths[..], &data].concat()
}

/// An installation file of Symbian with one file, stored.
pub(in crate::unpack) fn sis(name: &str, contents: &[u8]) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (name_at, data_at) = (56 + 48, 56 + 48 + name.len());
    let mut header = vec![0u8; 56 + 48];
    let mut put = |at: usize, value: usize| header[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    put(8, 0x1000_0419);
    put(18, 1 | 1 << 16);
    put(36, 8);
    put(52, 56);
    for (at, value) in [(20, name.len()), (24, name_at), (28, contents.len()), (32, data_at), (36, contents.len())] {
        put(56 + at, value);
    }
    [header, name, contents.to_vec()].concat()
}

/// A help file with members that are not packed.
pub(in crate::unpack) fn chm(members: &[(&str, &[u8])]) -> Vec<u8> {
    let data: Vec<u8> = members.iter().flat_map(|(_, contents)| contents.iter().copied()).collect();
    let mut listing = b"PMGL\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff".to_vec();
    let mut at = 0;
    for (name, contents) in members {
        listing.push(name.len() as u8);
        listing.extend_from_slice(name.as_bytes());
        listing.extend([0, at as u8, contents.len() as u8]);
        at += contents.len();
    }
    let mut directory = vec![0u8; 0x54];
    directory[..4].copy_from_slice(b"ITSP");
    directory[8] = 0x54;
    directory[16..20].copy_from_slice(&(listing.len() as u32).to_le_bytes());
    directory[0x2c] = 1;
    directory.extend(listing);
    let mut header = vec![0u8; 0x60];
    header[..5].copy_from_slice(b"ITSF\x03");
    for (at, value) in [(0x48, 0x60), (0x50, directory.len()), (0x58, 0x60 + directory.len())] {
        header[at..at + 8].copy_from_slice(&(value as u64).to_le_bytes());
    }
    [header, directory, data].concat()
}
