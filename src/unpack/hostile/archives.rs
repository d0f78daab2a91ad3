//! Archives that were made to harm: bombs, overlaps, lies about sizes, doubled tables, names.
//!
//! Not in the program. The vectors are those of the field: D. Fifield's overlaps, layered and recursive zips.

use super::super::samples::{arj, cab, chm, crc32, lha, nsis, rar4, rar5, sevenz, sis, zip};
use super::super::{Inside, NoteKind};
use super::{PROGRAM, inside, kinds, paths};
use std::collections::BTreeSet;
use std::io::Write;

/// Archives that the fuzz test breaks.
pub(super) fn attachments() -> Vec<(&'static str, Vec<u8>)> {
    let members = [("b.txt", &b"text"[..]), ("c", PROGRAM)];
    let methods =
        [(0, STORED), (1, b"abc"), (6, b"\0\0\0\0abcdefgh"), (8, b"\x03\0"), (9, b"\x03\0"), (12, b"BZh9"), (14, LZMA)];
    vec![
        ("a.7z", sevenz(&members)),
        ("a.rar", rar5(&members)),
        ("b.rar", rar4(&members)),
        ("a.cab", cab(&members)),
        ("a.arj", arj(&members)),
        ("a.lzh", lha(&members)),
        ("a.chm", chm(&members)),
        ("a.sis", sis("c", PROGRAM)),
        ("a.bin", nsis(&[b"script", PROGRAM])),
        ("b.bin", b"a.txt\0Disk1\\a.txt\x000.0.0.0\x004\0textrun\0run\0\x006\0\x7fELF\x02\x01".to_vec()),
        ("b.zip", entries(&methods.map(|(method, data)| Entry { method, ..Entry::stored("a", data) }))),
    ]
}

const STORED: &[u8] = b"text";
const LZMA: &[u8] = b"\x09\x04\x05\0\x5d\0\0\x10\0\0\x3a\x1a\x4a\xff\xff";

/// One member of a zip archive, of which directory and local header can tell different things.
#[derive(Clone)]
struct Entry<'a> {
    name: &'a str,
    shown: &'a str,
    method: u16,
    flags: u16,
    data: &'a [u8],
    size: u32,
    crc: u32,
    extra: Vec<u8>,
}

impl<'a> Entry<'a> {
    fn stored(name: &'a str, data: &'a [u8]) -> Self {
        let (size, crc) = (data.len() as u32, crc32(data));
        Self { name, shown: name, method: 0, flags: 0, data, size, crc, extra: Vec::new() }
    }

    fn deflated(name: &'a str, packed: &'a [u8], contents: &[u8]) -> Self {
        Self { method: 8, data: packed, size: contents.len() as u32, crc: crc32(contents), ..Self::stored(name, b"") }
    }

    fn fields(&self, name: &str) -> Vec<u8> {
        let numbers = [self.crc, self.data.len() as u32, self.size].map(u32::to_le_bytes).concat();
        let lengths = [name.len() as u16, self.extra.len() as u16].map(u16::to_le_bytes).concat();
        let begin = [20, self.flags, self.method, 0, 0x21].map(u16::to_le_bytes).concat();
        [begin, numbers, lengths].concat()
    }

    fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.fields(self.name)[..], self.name.as_bytes(), &self.extra, self.data].concat()
    }

    fn shown_at(&self, at: usize) -> Vec<u8> {
        let fields = self.fields(self.shown);
        let end = [&[0; 10][..], &(at as u32).to_le_bytes()].concat();
        [b"PK\x01\x02\x14\0", &fields[..], &end, self.shown.as_bytes(), &self.extra].concat()
    }
}

fn end(count: usize, size: usize, at: usize) -> Vec<u8> {
    let counts = [count as u16, count as u16].map(u16::to_le_bytes).concat();
    [b"PK\x05\x06\0\0\0\0", &counts[..], &(size as u32).to_le_bytes(), &(at as u32).to_le_bytes(), b"\0\0"].concat()
}

fn entries(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        directory.extend(entry.shown_at(archive.len()));
        archive.extend(entry.local());
    }
    let tail = end(entries.len(), directory.len(), archive.len());
    [archive, directory, tail].concat()
}

fn deflate(contents: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(contents).unwrap();
    writer.finish().unwrap()
}

/// Fifield's: each member quotes the local header of the next one and goes on with its data, and all end in one kernel.
fn overlap(count: usize, kernel_bytes: usize) -> Vec<u8> {
    let kernel = deflate(&vec![b'a'; kernel_bytes]);
    let (mut packed, mut size) = (kernel.len(), kernel_bytes);
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for index in (0..count).rev() {
        let quoted = pieces.last().map_or(0, |next: &Vec<u8>| 30 + usize::from(next[26]));
        let mut quote = Vec::new();
        if quoted > 0 {
            quote = [&[0][..], &(quoted as u16).to_le_bytes(), &(!(quoted as u16)).to_le_bytes()].concat();
            (packed, size) = (packed + quote.len() + quoted, size + quoted);
        }
        let name = format!("{index:x}");
        let mut piece = Entry { method: 8, size: size as u32, crc: 0, ..Entry::stored(&name, b"") }.local();
        piece[18..22].copy_from_slice(&(packed as u32).to_le_bytes());
        piece.extend(quote);
        pieces.push(piece);
    }
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for piece in pieces.iter().rev() {
        let at = (archive.len() as u32).to_le_bytes();
        let name = &piece[30..30 + usize::from(piece[26])];
        directory.extend([b"PK\x01\x02\x14\0", &piece[4..30], &[0; 10], &at, name].concat());
        archive.extend(piece);
    }
    archive.extend(kernel);
    let tail = end(count, directory.len(), archive.len());
    [archive, directory, tail].concat()
}

fn kinds_once(inside: &Inside) -> Vec<String> {
    let kinds: BTreeSet<String> = kinds(inside).iter().map(|kind| format!("{kind:?}")).collect();
    kinds.into_iter().collect()
}

#[test]
fn members_that_overlap_end_early() {
    for (count, bytes) in [(100, 10 << 20), (65_534, 10 << 20)] {
        let archive = overlap(count, bytes);
        let found = inside("o.zip", &archive);
        assert!(kinds(&found).contains(&NoteKind::Lying), "{count}: {:?}", kinds_once(&found));
        let read: u64 = found.items.iter().filter(|item| !item.sha256.is_empty()).map(|item| item.size).sum();
        assert!((10 << 20..256 << 20).contains(&read), "{read}");
    }
}

#[test]
fn layers_of_archives_end_at_the_budget() {
    let mut layer = deflated_zip(&vec![0; 20 << 20]);
    for _ in 0..5 {
        let names: Vec<String> = (0..16).map(|n| format!("{n:x}.zip")).collect();
        layer = zip(&names.iter().map(|name| (name.as_str(), &layer[..])).collect::<Vec<_>>());
    }
    let found = inside("42.zip", &layer);
    // The same contents are opened once, so that little is ever unpacked.
    assert!(found.items.len() < 200);
    assert!(found.items.iter().map(|item| item.size).sum::<u64>() < 64 << 20);
}

fn deflated_zip(contents: &[u8]) -> Vec<u8> {
    let packed = deflate(contents);
    entries(&[Entry::deflated("0", &packed, contents)])
}

/// The extra field with a name in UTF-8 for `a.txt`.
fn unicode(name: &str) -> Vec<u8> {
    let lengths = [0x7075u16, 5 + name.len() as u16].map(u16::to_le_bytes).concat();
    [&lengths[..], &[1], &crc32(b"a.txt").to_le_bytes(), name.as_bytes()].concat()
}

#[test]
fn a_zip_that_lies_is_read_whole_and_says_so() {
    let program = [PROGRAM, &[0; 500]].concat();
    let packed = deflate(&program);
    let whole = Entry::deflated("a.txt", &packed, &program);
    let good = entries(std::slice::from_ref(&whole));
    let short = whole.data.len() - 3;
    let cut = {
        // Both headers say fewer packed octets than there are.
        let mut archive = good.clone();
        let directory = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
        archive[18..22].copy_from_slice(&(short as u32).to_le_bytes());
        archive[directory + 20..directory + 24].copy_from_slice(&(short as u32).to_le_bytes());
        archive
    };
    let comment = {
        let mut archive = good.clone();
        let at = archive.len() - 2;
        let inner = zip(&[("hidden.txt", b"in the comment")]);
        archive[at..].copy_from_slice(&(inner.len() as u16).to_le_bytes());
        [archive, inner].concat()
    };
    for (archive, names, want) in [
        (good.clone(), &["a.txt"][..], &["Program"][..]),
        (entries(&[Entry { size: 0, ..whole.clone() }]), &["a.txt"], &["Lying", "Program"]),
        (entries(&[Entry { crc: 1, ..whole.clone() }]), &["a.txt"], &["Damaged", "Program"]),
        (entries(&[Entry { shown: "b.png", ..whole.clone() }]), &["b.png", "a.txt"], &["Lying", "Program"]),
        (entries(&[Entry { extra: unicode("ä.exe"), ..whole.clone() }]), &["a.txt", "ä.exe"], &["Lying", "Program"]),
        (entries(&[Entry { extra: unicode("ä.txt"), ..whole.clone() }]), &["ä.txt"], &["Program"]),
        (entries(&[Entry { method: 97, ..whole.clone() }]), &["a.txt"], &["Unread"]),
        (entries(&[Entry { method: 99, flags: 1, ..whole.clone() }]), &["a.txt"], &["Encrypted"]),
        (entries(&[Entry { name: "../../a", shown: "../../a", ..whole.clone() }]), &["../../a"], &["Lying", "Program"]),
        (
            entries(&[whole.clone(), Entry { data: b"", ..Entry::stored("a.txt", b"") }]),
            &["a.txt", "a.txt"],
            &["Lying", "Program"],
        ),
        (cut, &["a.txt"], &["Lying", "Program"]),
        (comment, &["hidden.txt", "a.txt"], &["Lying", "Program"]),
        ([&good[..], &[b'x'; 100_000]].concat(), &["a.txt"], &["Program"]),
        ([&[b'x'; 100_000][..], &good].concat(), &["a.txt"], &["Program"]),
        ([&good[..], &good].concat(), &["a.txt", "a.txt"], &["Lying", "Program"]),
    ] {
        let found = inside("l.zip", &archive);
        let seen: Vec<String> =
            paths(&found).iter().skip(2).map(|path| path.trim_start_matches("2/").to_string()).collect();
        assert_eq!(
            (seen, kinds_once(&found)),
            (names.iter().map(ToString::to_string).collect(), want.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn large_dictionaries_are_refused_before_they_are_made() {
    let lzma = [&b"\x09\x04\x05\0\x5d\xff\xff\xff\xff"[..], &[0; 60]].concat();
    let ppmd = [&[0xff, 0xff][..], &[0; 60]].concat();
    for (method, data) in [(14, &lzma), (98, &ppmd)] {
        let entry = Entry { method, flags: 2, size: u32::MAX - 1, ..Entry::stored("a", data) };
        let found = kinds(&inside("d.zip", &entries(&[entry])));
        assert!(found.contains(&NoteKind::TooBig) || found.contains(&NoteKind::Damaged), "{method}: {found:?}");
    }
}

type Writer = fn(&[(&str, &[u8])]) -> Vec<u8>;

#[test]
fn archives_in_each_other_are_opened() {
    let mut nested = PROGRAM.to_vec();
    for wrap in [zip, sevenz, rar5, rar4, cab, arj, lha] as [Writer; 7] {
        nested = wrap(&[("x", &nested)]);
    }
    let found = inside("n.lzh", &nested);
    assert_eq!((kinds(&found), found.items.len()), (vec![NoteKind::Program], 9));
}
