//! Writers of tar, cpio, ar and rpm for tests, which write what honest tools don't.
//!
//! Not in the program.

/// One member of a tar archive, or a header without one.
pub(in crate::unpack) struct Entry<'a> {
    pub(in crate::unpack) name: &'a str,
    pub(in crate::unpack) kind: u8,
    pub(in crate::unpack) link: &'a str,
    /// What the header says.
    pub(in crate::unpack) size: usize,
    pub(in crate::unpack) data: &'a [u8],
}

pub(in crate::unpack) fn file<'a>(name: &'a str, data: &'a [u8]) -> Entry<'a> {
    Entry { name, kind: b'0', link: "", size: data.len(), data }
}

/// Pax records for the next member.
pub(in crate::unpack) fn pax(records: &[u8]) -> Entry<'_> {
    Entry { kind: b'x', ..file("pax", records) }
}

/// A pax record with its own length in front.
pub(in crate::unpack) fn record(keyword: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {keyword}={value}\n");
    let length = (1..).find(|length| length.to_string().len() + rest.len() == *length).unwrap();
    format!("{length}{rest}").into_bytes()
}

/// Headers and contents in ustar, without an end mark.
pub(in crate::unpack) fn ustar(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut archive = Vec::new();
    for entry in entries {
        let mut block = [0; 512];
        let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
        put(0, entry.name.as_bytes());
        put(100, b"0000644\0");
        put(124, format!("{:011o}\0", entry.size).as_bytes());
        put(148, b"        ");
        put(156, &[entry.kind]);
        put(157, entry.link.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&block);
        archive.extend_from_slice(entry.data);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive
}

pub(in crate::unpack) fn ended(mut archive: Vec<u8>) -> Vec<u8> {
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// A cpio archive of the new ASCII kind, with its trailer. A mode, a name, the contents.
pub(in crate::unpack) fn newc(members: &[(u32, &str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (mode, name, data) in members.iter().chain(&[(0, "TRAILER!!!", &b""[..])]) {
        let (size, name_bytes) = (data.len(), name.len() + 1);
        archive.extend_from_slice(b"070701");
        for number in [1, *mode as usize, 0, 0, 1, 0, size, 0, 0, 0, 0, name_bytes, 0] {
            archive.extend_from_slice(format!("{number:08x}").as_bytes());
        }
        archive.extend_from_slice(name.as_bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend_from_slice(data);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
    archive
}

/// An archive of ar; names as they stand in the header.
pub(in crate::unpack) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, data) in members {
        archive.extend_from_slice(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, data.len()).as_bytes(),
        );
        archive.extend_from_slice(data);
        if data.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}

/// A package with a script that runs after it was installed.
pub(in crate::unpack) fn rpm(script: &[u8], payload: &[u8]) -> Vec<u8> {
    let header = |entries: &[(u32, u32)], data: &[u8]| {
        let mut header = b"\x8e\xad\xe8\x01\0\0\0\0".to_vec();
        header.extend_from_slice(&(entries.len() as u32).to_be_bytes());
        header.extend_from_slice(&(data.len() as u32).to_be_bytes());
        for (tag, offset) in entries {
            [*tag, 6, *offset, 1].iter().for_each(|word| header.extend_from_slice(&word.to_be_bytes()));
        }
        [header, data.to_vec()].concat()
    };
    let mut package = b"\xed\xab\xee\xdb\x03\0".to_vec();
    package.resize(96, 0);
    package.extend(header(&[(1000, 0)], b"xyz"));
    package.resize(package.len().next_multiple_of(8), 0);
    package.extend(header(&[(1000, 0), (1024, 2)], &[b"x\0", script, b"\0"].concat()));
    package.extend_from_slice(payload);
    package
}
