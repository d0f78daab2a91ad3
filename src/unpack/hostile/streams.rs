//! Streams, archives and images that were made to harm: bombs, dictionaries, depth, lies, circles.
//!
//! Not in the program. Nothing here is timed: what is bounded is octets, members and steps.

use super::{PROGRAM, inside, kinds, paths};
use crate::limits::{UNPACK_DEPTH_MAX, UNPACK_ENTRIES_MAX, UNPACK_PREFIX_BYTES};
use crate::unpack::NoteKind;
use crate::unpack::archives::{image_samples as image, tape_samples as tape};
use crate::unpack::samples::gzip;
use crate::unpack::streams::samples as stream;

/// Every kind of streams, archives and images, for noise.
pub(super) fn attachments() -> Vec<(&'static str, Vec<u8>)> {
    use tape::{ended, file, newc, pax, record, rpm, ustar};
    let records = [record("path", "long"), record("size", "5"), record("GNU.sparse.map", "0,3,9,2")].concat();
    let link = tape::Entry { kind: b'2', link: "/etc", ..file("out", b"") };
    let tar = ended(ustar(&[pax(&records), file("a", b"12345"), link, file("out/b", PROGRAM)]));
    let cpio = newc(&[(0o100_644, "a", PROGRAM), (0o120_777, "l", b"/etc"), (0o100_644, "l/b", b"text")]);
    let fat = image::fat(("A long name.exe", PROGRAM), (b"B       TXT", b"text"));
    let long_names = [("//", &b"a_long_name/\n"[..]), ("/0", PROGRAM), ("#1/2", b"abc")];
    vec![
        ("a.bz2", stream::BZIP2.to_vec()),
        ("a.xz", stream::XZ.to_vec()),
        ("a.lzma", stream::LZMA.to_vec()),
        ("a.lz", stream::LZIP.to_vec()),
        ("a.zst", [stream::ZSTD, &stream::zstd_zeros(3)].concat()),
        ("a.lz4", stream::lz4(stream::SCRIPT)),
        ("a.br", stream::BROTLI.to_vec()),
        ("a.Z", stream::COMPRESS.to_vec()),
        ("a.ex_", stream::szdd()),
        ("a.ex_", stream::kwaj(2, &stream::szdd()[14..])),
        ("a.zlib", stream::zlib(stream::SCRIPT)),
        ("a.gz", [gzip(b"one"), gzip(b"two")].concat()),
        ("a.tar", tar),
        ("a.rpm", rpm(b"#!/bin/sh\n", &gzip(&cpio))),
        ("a.cpio", cpio),
        ("a.deb", tape::ar(&[("debian-binary", b"2.0\n"), ("control.tar.xz", stream::XZ)])),
        ("a.a", tape::ar(&long_names)),
        ("a.iso", image::iso(("A.EXE;1", PROGRAM), ("B.TXT;1", b"text"), Some("a.exe"))),
        ("a.udf", image::udf(("a.exe", PROGRAM), ("b.txt", b"text"))),
        ("a.img", fat.clone()),
        ("b.img", image::mbr(&fat)),
        ("a.vhd", image::vhd(&fat)),
    ]
}

#[test]
fn bombs_of_every_kind_stop_at_the_budget() {
    for (name, bomb) in [
        ("b.bz2", stream::BZIP2_ZEROS.repeat(1000)),
        ("b.xz", stream::XZ_ZEROS.repeat(200)),
        ("b.zst", stream::zstd_zeros(8000)),
        ("b.lz4", stream::lz4(&vec![0; 120 << 20])),
        ("b.gz", gzip(&vec![0; 80 << 20])),
    ] {
        let found = inside(name, &bomb);
        assert_eq!(kinds(&found), [NoteKind::TooBig], "{name}");
        assert_eq!(found.items[2].size, UNPACK_PREFIX_BYTES as u64, "{name}");
    }
}

#[test]
fn many_joined_members_of_nothing_end() {
    for (name, contents) in [
        ("e.gz", gzip(b"").repeat(50_000)),
        ("e.bz2", b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0".repeat(50_000)),
        ("e.zst", b"\x50\x2a\x4d\x18\0\0\0\0".repeat(100_000)),
        ("e.lz4", stream::lz4(b"").repeat(20_000)),
        ("f.lz4", b"\x02\x21\x4c\x18\x02\0\0\0\x10a".repeat(50_000)),
    ] {
        let contents = if name == "e.zst" { [&contents[..], stream::ZSTD].concat() } else { contents };
        // The rest is opened again until it is too deep, or is not of this kind at its begin.
        let found = inside(name, &contents);
        assert!(found.items.len() <= UNPACK_DEPTH_MAX * 2 + 2, "{name}");
    }
}

#[test]
fn a_stream_in_a_stream_a_thousand_times_is_too_deep() {
    let mut nested = gzip(PROGRAM);
    for _ in 0..1000 {
        nested = gzip(&nested);
    }
    assert_eq!(kinds(&inside("q.gz", &nested)), [NoteKind::TooDeep]);
}

#[test]
fn folders_in_circles_end() {
    for (name, contents) in [
        ("a.iso", image::iso(("A.TXT;1", b"a"), ("B.TXT;1", b"b"), None)),
        ("a.img", image::fat(("a.txt", b"a"), (b"B       TXT", b"b"))),
    ] {
        let found = inside(name, &contents);
        assert_eq!((found.items.len(), kinds(&found)), (4, vec![]), "{name}");
    }
    // The table of clusters as one circle: a file goes on until its size, which is a lie.
    let mut circle = image::fat(("a.txt", b"a"), (b"B       TXT", b"b"));
    circle[512 + 3] = 0x02;
    circle[512 + 4] = 0xf0;
    let at = memchr::memmem::find(&circle, b"FIRST~1 BIN").unwrap() + 28;
    circle[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let found = inside("c.img", &circle);
    assert_eq!(kinds(&found), [NoteKind::Damaged]);
    assert!(found.items[2].size < 64 << 10);
}

#[test]
fn folders_that_overlap_are_paid_for() {
    // Each sector begins with a record of a folder that reaches from the next sector to the end of the image.
    const SECTORS: u32 = 9000;
    let mut disc = image::iso(("A;1", b"a"), ("B;1", b"b"), None);
    disc.resize(SECTORS as usize * 2048, 0);
    let mut record = |sector: u32, block: u32| {
        let at = sector as usize * 2048;
        disc[at..at + 35].fill(0);
        (disc[at], disc[at + 25], disc[at + 32], disc[at + 33]) = (35, 2, 1, b'D');
        disc[at + 2..at + 6].copy_from_slice(&block.to_le_bytes());
        disc[at + 10..at + 14].copy_from_slice(&((SECTORS - block) * 2048).to_le_bytes());
    };
    (20..SECTORS - 1).for_each(|sector| record(sector, sector + 1));
    let found = inside("o.iso", &disc);
    assert!(kinds(&found).contains(&NoteKind::TooBig) || kinds(&found).contains(&NoteKind::TooMany));
}

#[test]
fn archives_of_many_members_end_with_a_note() {
    let entries: Vec<_> = (0..20_000).map(|_| tape::file("same", b"x")).collect();
    let members: Vec<_> = (0..20_000).map(|_| (0o100_644, "same", &b"x"[..])).collect();
    let objects: Vec<_> = (0..20_000).map(|_| ("same/", &b"x"[..])).collect();
    for (name, archive) in
        [("m.tar", tape::ustar(&entries)), ("m.cpio", tape::newc(&members)), ("m.a", tape::ar(&objects))]
    {
        let found = inside(name, &archive);
        assert_eq!((kinds(&found), found.items.len()), (vec![NoteKind::TooMany], UNPACK_ENTRIES_MAX), "{name}");
    }
}

#[test]
fn names_that_attack_their_reader_stay_labels() {
    let names = ["../../etc/passwd", "/abs", "a`id`", "-rf", "new\nline\x1b[2J", "\u{202e}gpj.exe", "C:\\x"];
    let entries: Vec<_> = names.iter().map(|name| tape::file(name, PROGRAM)).collect();
    let found = inside("n.tar", &tape::ended(tape::ustar(&entries)));
    assert_eq!(paths(&found)[2..], names.map(|name| format!("2/{name}")));
    assert_eq!(kinds(&found)[0], NoteKind::Lying);
}

#[test]
fn contents_that_come_again_less_deep_are_opened_there() {
    // The first copy is one layer too deep, the second is not.
    let inner = gzip(PROGRAM);
    let mut deep = inner.clone();
    for _ in 0..UNPACK_DEPTH_MAX - 1 {
        deep = gzip(&deep);
    }
    let archive = tape::ustar(&[tape::file("deep.gz", &deep), tape::file("flat.gz", &inner)]);
    let found = inside("t.tar", &archive);
    assert_eq!(kinds(&found), [NoteKind::TooDeep, NoteKind::Program]);
}
