//! Tests of compressed streams: every kind, joined, cut, with wrong checksums, with something behind the end.
//!
//! Not in the program.

use super::samples::*;
use crate::unpack::samples::{gzip, seen};

/// The contents of the one member, by its path and type, and the notes.
fn check(name: &str, contents: &[u8], items: &[&str], notes: &[&str]) {
    let (found, noted) = seen(name, contents);
    assert_eq!((found, noted), (strings(items), strings(notes)), "{name}");
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Every kind: a name, the sample of [`SCRIPT`], its type, the name of the contents.
fn all() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    vec![
        ("s.sh.gz", gzip(SCRIPT), "application/gzip", "s.sh"),
        ("s.tbz", BZIP2.to_vec(), "application/x-bzip2", "s.tar"),
        ("s.xz", XZ.to_vec(), "application/x-xz", "s"),
        ("s.sh.lzma", LZMA.to_vec(), "application/x-lzma", "s.sh"),
        ("no name for it", LZMA.to_vec(), "application/x-lzma", "contents"),
        ("s.lz", LZIP.to_vec(), "application/x-lzip", "s"),
        ("s.zst", ZSTD.to_vec(), "application/zstd", "s"),
        ("s.lz4", lz4(SCRIPT), "application/x-lz4", "s"),
        ("s.br", BROTLI.to_vec(), "application/x-brotli", "s"),
        ("s.Z", COMPRESS.to_vec(), "application/x-compress", "s"),
        ("s.zlib", zlib(SCRIPT), "application/zlib", "s"),
        ("any", lzma_large(), "application/x-lzma", "contents"),
        ("SETUP.EX_", kwaj(0, SCRIPT), "application/x-ms-compress-kwaj", "SETUP.EXE"),
        (
            "s",
            kwaj(1, &SCRIPT.iter().map(|byte| !byte).collect::<Vec<_>>()),
            "application/x-ms-compress-kwaj",
            "SETUP.EXE",
        ),
    ]
}

#[test]
fn every_kind_is_decoded() {
    for (name, contents, media_type, inner) in all() {
        let items =
            [format!("2 {media_type} {}", contents.len()), format!("2/{inner} text/x-shellscript {}", SCRIPT.len())];
        check(name, &contents, &[&items[0], &items[1]], &[&format!("Program 2/{inner}")]);
    }
    check("read.tx_", &szdd(), &["2 application/x-ms-compress-szdd 23", "2/read.txe text/plain 9"], &[]);
}

#[test]
fn what_stands_behind_a_stream_is_looked_at() {
    for (name, contents, media_type, inner) in all() {
        // These have no end of their own.
        if matches!(media_type, "application/x-compress" | "application/x-ms-compress-kwaj") {
            continue;
        }
        let with_more = [&contents[..], b"\0\0\0#!/bin/sh\n#\n"].concat();
        let (items, notes) = seen(name, &with_more);
        // Zeros before it are filler.
        assert_eq!(items[2], "2/behind the end application/octet-stream 15", "{name}");
        assert_eq!(notes, strings(&["Damaged 2", &format!("Program 2/{inner}")]), "{name}");
        let with_more = [&contents[..], b"#!/bin/sh\n#\n"].concat();
        assert_eq!(seen(name, &with_more).0[2], "2/behind the end text/x-shellscript 12", "{name}");
    }
}

#[test]
fn joined_members_are_one_file() {
    let lz4_old = b"\x02\x21\x4c\x18\x05\0\0\0\x40more";
    let skipped = b"\x5a\x2a\x4d\x18\x03\0\0\0xyz";
    for (name, pieces, size) in [
        ("s.gz", vec![gzip(SCRIPT), gzip(b"more")], 56),
        ("s.bz2", vec![BZIP2.to_vec(), BZIP2.to_vec()], 104),
        ("s.xz", vec![XZ.to_vec(), vec![0; 4], XZ.to_vec()], 104),
        ("s.lz", vec![LZIP.to_vec(), LZIP.to_vec()], 104),
        ("s.zst", vec![skipped.to_vec(), ZSTD.to_vec(), skipped.to_vec(), ZSTD.to_vec()], 104),
        ("s.lz4", vec![lz4(SCRIPT), lz4_old.to_vec(), lz4(b"more")], 60),
    ] {
        let (items, notes) = seen(name, &pieces.concat());
        assert_eq!(items[1..], [format!("2/s text/x-shellscript {size}")], "{name}");
        assert_eq!(notes, ["Program 2/s"], "{name}");
    }
}

#[test]
fn a_cut_or_changed_stream_keeps_what_can_be_read_and_says_so() {
    for (name, contents, _, _) in all() {
        if matches!(name, "s.Z" | "SETUP.EX_" | "s" | "no name for it" | "any") {
            continue;
        }
        // Those without a name would not be recognised.
        let cut = &contents[..contents.len() - 1];
        let (_, notes) = seen(name, cut);
        assert_eq!(notes.first().map(String::as_str), Some("Damaged 2"), "{name}");
    }
    for (name, mut contents, at) in [("s.gz", gzip(SCRIPT), 8), ("s.xz", XZ.to_vec(), 24), ("s.lz", LZIP.to_vec(), 20)]
    {
        let at = contents.len() - at;
        contents[at] ^= 1;
        let (items, notes) = seen(name, &contents);
        assert_eq!(items[1], format!("2/s text/x-shellscript {}", SCRIPT.len()), "{name}");
        assert_eq!(notes, ["Damaged 2", "Program 2/s"], "{name}");
    }
    let mut wrong = ZSTD.to_vec();
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    assert_eq!(seen("s.zst", &wrong).1[0], "Damaged 2");
    let mut short = szdd();
    short.truncate(20);
    assert_eq!(seen("s.tx_", &short).1, ["Damaged 2"]);
}

#[test]
fn what_is_not_decoded_is_said() {
    for (name, contents, want) in [
        ("s.xz", XZ_LARGE.to_vec(), "TooBig 2"),
        ("s.zst", ZSTD_LARGE.to_vec(), "TooBig 2"),
        ("s.br", BROTLI_LARGE.to_vec(), "Unread 2"),
        ("s.zst", b"\x27\xb5\x2f\xfd\0\0\0\0".to_vec(), "Unread 2"),
        ("s.ex_", kwaj(3, b"abc"), "Unread 2"),
        ("s.ex_", kwaj(4, b"abc"), "Unread 2"),
    ] {
        let (items, notes) = seen(name, &contents);
        assert_eq!((items.len(), notes), (2, strings(&[want])), "{name}");
    }
}

#[test]
fn text_and_chance_are_no_streams() {
    for (name, contents) in [
        ("a.txt", &b"x^2 and so on"[..]),
        ("a.txt", b"BZh9 is how bzip2 begins"),
        ("a.br", b"this is text that ends in .br\n"),
        ("a.bin", b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\xff\xff\xff\xff"),
        ("a.bin", b"x\x9c\0\0\0\0"),
    ] {
        let (items, notes) = seen(name, contents);
        assert_eq!((items.len(), notes.len()), (1, 0), "{name} {items:?} {notes:?}");
    }
}
