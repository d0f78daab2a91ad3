//! Writers of images of discs and disks for tests: small ones, with one folder each.
//!
//! Not in the program.

fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

/// An image of a disc with one file in its top folder, and one in the folder SUB; with a Joliet tree where a name for
/// the first file in it is given.
pub(in crate::unpack) fn iso(first: (&str, &[u8]), second: (&str, &[u8]), joliet: Option<&str>) -> Vec<u8> {
    const SECTOR: usize = 2048;
    let mut image = vec![0; 26 * SECTOR];
    let record = |name: &[u8], block: u32, size: usize, flags: u8| {
        let mut record = vec![0; 33];
        record[2..6].copy_from_slice(&block.to_le_bytes());
        record[10..14].copy_from_slice(&(size as u32).to_le_bytes());
        record[25] = flags;
        record[32] = name.len() as u8;
        record.extend_from_slice(name);
        record.resize(record.len().next_multiple_of(2), 0);
        record[0] = record.len() as u8;
        record
    };
    let mut descriptor = |sector: usize, kind: u8, escape: &[u8], top: u32| {
        put(&mut image, sector * SECTOR, &[kind]);
        put(&mut image, sector * SECTOR + 1, b"CD001\x01");
        put(&mut image, sector * SECTOR + 88, escape);
        put(&mut image, sector * SECTOR + 128, &[0, 8]);
        put(&mut image, sector * SECTOR + 156, &record(&[0], top, SECTOR, 2));
    };
    descriptor(16, 1, b"", 20);
    if joliet.is_some() {
        descriptor(17, 2, b"%/E", 22);
    }
    descriptor(if joliet.is_some() { 18 } else { 17 }, 255, b"", 0);
    let dots = |own: u32, above: u32| [record(&[0], own, SECTOR, 2), record(&[1], above, SECTOR, 2)].concat();
    let top = [dots(20, 20), record(first.0.as_bytes(), 24, first.1.len(), 0), record(b"SUB", 21, SECTOR, 2)].concat();
    put(&mut image, 20 * SECTOR, &top);
    // The folder also has a record of the top one: a circle.
    let sub =
        [dots(21, 20), record(second.0.as_bytes(), 25, second.1.len(), 0), record(b"AGAIN", 20, SECTOR, 2)].concat();
    put(&mut image, 21 * SECTOR, &sub);
    if let Some(name) = joliet {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        put(&mut image, 22 * SECTOR, &[dots(22, 22), record(&name, 24, first.1.len(), 0)].concat());
    }
    put(&mut image, 24 * SECTOR, first.1);
    put(&mut image, 25 * SECTOR, second.1);
    image
}

/// An image with sectors of 512 octets: one file with an extent, one whose contents stand in its entry.
pub(in crate::unpack) fn udf(first: (&str, &[u8]), second: (&str, &[u8])) -> Vec<u8> {
    const SECTOR: usize = 512;
    const PARTITION: usize = 40;
    let mut image = vec![0; 257 * SECTOR];
    let mut tagged = |sector: usize, place: usize, tag: u16, fields: &[(usize, &[u8])]| {
        let mut block = vec![0; SECTOR];
        fields.iter().for_each(|(at, field)| put(&mut block, *at, field));
        put(&mut block, 0, &tag.to_le_bytes());
        put(&mut block, 12, &(place as u32).to_le_bytes());
        block[4] = block[..16].iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
        put(&mut image, sector * SECTOR, &block);
    };
    let word = |value: usize| (value as u32).to_le_bytes();
    tagged(256, 256, 2, &[(16, &word(4 * SECTOR)), (20, &word(32))]);
    tagged(32, 32, 5, &[(188, &word(PARTITION)), (192, &word(200))]);
    let map = b"\x01\x06\0\0\0\0";
    tagged(33, 33, 6, &[(212, &word(SECTOR)), (248, &word(SECTOR)), (268, &word(1)), (440, map)]);
    tagged(34, 34, 8, &[]);
    tagged(PARTITION, 0, 256, &[(400, &word(SECTOR)), (404, &word(1))]);
    let name = |flags: u8, block: usize, name: &str| {
        let mut names = vec![0; 38];
        put(&mut names, 0, &257u16.to_le_bytes());
        names[18] = flags;
        names[19] = if name.is_empty() { 0 } else { name.len() as u8 + 1 };
        put(&mut names, 24, &word(block));
        names[4] = names[..16].iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
        if !name.is_empty() {
            names.push(8);
            names.extend_from_slice(name.as_bytes());
        }
        names.resize(names.len().next_multiple_of(4), 0);
        names
    };
    let names = [name(8, 1, ""), name(0, 2, first.0), name(0, 3, second.0)].concat();
    let mut entry = |block: usize, kind: u8, form: u8, size: usize, list: &[u8]| {
        let fields: [(usize, &[u8]); 5] = [
            (27, &[kind]),
            (34, &[form]),
            (56, &(size as u64).to_le_bytes()),
            (172, &(list.len() as u32).to_le_bytes()),
            (176, list),
        ];
        tagged(PARTITION + block, block, 261, &fields);
    };
    entry(1, 4, 3, names.len(), &names);
    entry(2, 5, 0, first.1.len(), &[word(first.1.len()), word(10)].concat());
    entry(3, 5, 3, second.1.len(), second.1);
    put(&mut image, (PARTITION + 10) * SECTOR, first.1);
    image
}

/// A floppy with FAT12: a file under a long name, and one in a folder, each of one cluster.
pub(in crate::unpack) fn fat(first: (&str, &[u8]), second: (&[u8; 11], &[u8])) -> Vec<u8> {
    const SECTOR: usize = 512;
    let mut image = vec![0; 64 * SECTOR];
    // One reserved sector, one table of one sector, sixteen entries, clusters of one sector.
    put(&mut image, 0, b"\xeb\x3c\x90tamis   \0\x02\x01\x01\0\x01\x10\0\x40\0\xf0\x01\0");
    put(&mut image, 510, b"\x55\xaa");
    // Clusters 2, 3 and 4 are each the last of their chains.
    put(&mut image, SECTOR, b"\xf0\xff\xff\xff\xff\xff\xff\x0f");
    let entry = |name: &[u8; 11], attributes: u8, cluster: u8, size: usize| {
        let mut entry = [0; 32];
        put(&mut entry, 0, name);
        entry[11] = attributes;
        entry[26] = cluster;
        put(&mut entry, 28, &(size as u32).to_le_bytes());
        entry
    };
    let short = b"FIRST~1 BIN";
    let sum = short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
    let units: Vec<u16> = first.0.encode_utf16().chain([0]).collect();
    let mut long = Vec::new();
    for (index, piece) in units.chunks(13).enumerate().rev() {
        let mut entry = [0xff; 32];
        let is_last = 13 * (index + 1) >= units.len();
        entry[0] = index as u8 + 1 + if is_last { 0x40 } else { 0 };
        (entry[11], entry[12], entry[13], entry[26], entry[27]) = (15, 0, sum, 0, 0);
        let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain((28..32).step_by(2));
        piece.iter().zip(places).for_each(|(unit, place)| put(&mut entry, place, &unit.to_le_bytes()));
        long.extend_from_slice(&entry);
    }
    long.extend_from_slice(&entry(short, 0x20, 2, first.1.len()));
    long.extend_from_slice(&entry(b"FOLDER     ", 0x10, 3, 0));
    put(&mut image, 2 * SECTOR, &long);
    put(&mut image, 3 * SECTOR, first.1);
    // The folder has itself as a folder: a circle.
    put(
        &mut image,
        4 * SECTOR,
        &[entry(second.0, 0x20, 4, second.1.len()), entry(b"CIRCLE     ", 0x10, 3, 0)].concat(),
    );
    put(&mut image, 5 * SECTOR, second.1);
    image
}

/// A disk with one partition at sector 4, and a link to an extended one in a circle.
pub(in crate::unpack) fn mbr(partition: &[u8]) -> Vec<u8> {
    let mut image = vec![0; 4 * 512];
    let entry = |kind: u8, start: u32, count: u32| {
        [&[0, 0, 0, 0, kind, 0, 0, 0][..], &start.to_le_bytes(), &count.to_le_bytes()].concat()
    };
    put(&mut image, 446, &[entry(6, 4, partition.len() as u32 / 512), entry(5, 2, 1)].concat());
    put(&mut image, 510, b"\x55\xaa");
    put(&mut image, 2 * 512 + 446, &entry(5, 0, 1));
    put(&mut image, 2 * 512 + 510, b"\x55\xaa");
    image.extend_from_slice(partition);
    image
}

/// A virtual disk whose first block is not stored, and whose second is.
pub(in crate::unpack) fn vhd(block: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64 << 10;
    let mut image = vec![0; 2048];
    put(&mut image, 0, b"conectix");
    put(&mut image, 16, &512u64.to_be_bytes());
    put(&mut image, 48, &(2 * BLOCK as u64).to_be_bytes());
    put(&mut image, 60, &3u32.to_be_bytes());
    put(&mut image, 512, b"cxsparse");
    put(&mut image, 512 + 16, &1536u64.to_be_bytes());
    put(&mut image, 512 + 28, &2u32.to_be_bytes());
    put(&mut image, 512 + 32, &(BLOCK as u32).to_be_bytes());
    put(&mut image, 1536, &u32::MAX.to_be_bytes());
    put(&mut image, 1540, &4u32.to_be_bytes());
    // The map of the block's sectors.
    image.resize(2048 + 512, 0xff);
    image.extend_from_slice(block);
    image.resize(2048 + 512 + BLOCK, 0);
    image
}
