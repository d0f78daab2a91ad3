//! Programs and archives behind, inside and between other contents.
//!
//! Not in the program.

use super::super::samples::{arj, gzip, letter, lha, nsis, rar4, rar5, tar, zip};
use super::super::{NoteKind, open};
use crate::limits::{HIDDEN_PIECES_MAX, HIDDEN_TRIALS_MAX};
use crate::mail::Message;
use base64::{Engine, engine::general_purpose::STANDARD};

const PE_TYPE: &str = "application/vnd.microsoft.portable-executable";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\0IHDRcrcc\0\0\0\0IENDcrcc";
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x02scan\xff\0data\xff\xd9";
const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n";

/// A Windows program with one section of so many octets, behind 512 octets of headers.
pub(in crate::unpack) fn pe(section: usize, characteristics: u16, subsystem: u16) -> Vec<u8> {
    let mut bytes = vec![0; 512 + section];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ\x90\0");
    put(0x3c, &64_u32.to_le_bytes());
    put(64, b"PE\0\0\x64\x86\x01\0");
    put(84, &240_u16.to_le_bytes());
    put(86, &characteristics.to_le_bytes());
    put(88, &0x20b_u16.to_le_bytes());
    put(88 + 68, &subsystem.to_le_bytes());
    put(88 + 108, &16_u32.to_le_bytes());
    let table = 88 + 240;
    put(table, b".text");
    put(table + 12, &0x1000_u32.to_le_bytes());
    put(table + 16, &(section as u32).to_le_bytes());
    put(table + 20, &512_u32.to_le_bytes());
    bytes
}

/// A Linux program without segments.
fn elf() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16..24].copy_from_slice(b"\x02\0\x3e\0\x01\0\0\0");
    bytes[52..54].copy_from_slice(b"\x40\0");
    bytes
}

fn mach_o() -> Vec<u8> {
    let mut bytes = vec![0; 104];
    for (at, word) in [0xfeed_facf_u32, 0x0100_000c, 0, 2, 1, 72, 0, 0, 0x19, 72].into_iter().enumerate() {
        bytes[at * 4..at * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// A shortcut to `..\cmd.exe /c calc` with the icon of a document.
pub(in crate::unpack) fn shortcut() -> Vec<u8> {
    let text = |text: &str| {
        let units: Vec<u16> = text.encode_utf16().collect();
        let letters: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        [(units.len() as u16).to_le_bytes().to_vec(), letters].concat()
    };
    let mut header = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46".to_vec();
    header.extend((0x08_u32 | 0x20 | 0x40 | 0x80).to_le_bytes());
    header.resize(0x4c, 0);
    [header, text("..\\cmd.exe"), text("/c calc"), text("a.pdf"), vec![0; 4]].concat()
}

/// Items as `path type`, without the message's text; then notes as `kind path`.
fn seen(name: &str, contents: &[u8]) -> (Vec<String>, Vec<String>) {
    let bytes = letter(name, contents);
    let inside = open(&Message::parse(&bytes));
    let items = inside.items.iter().skip(1).map(|i| format!("{} {}", i.path.join("/"), i.true_type)).collect();
    let notes = inside.notes.iter().map(|n| format!("{:?} {}", n.kind, n.path.join("/"))).collect();
    (items, notes)
}

#[test]
fn a_program_is_found_wherever_it_hides() {
    let elf_type = "application/x-elf";
    let mach_type = "application/x-mach-binary";
    let noise: &[u8] = b"\0\x01noise MZ and \x7fELF and PK\x03\x04 and \xfe\xed\xfa\xce\xff";
    for (before, program, behind, want) in [
        (PNG, pe(100, 2, 2), &b""[..], PE_TYPE),
        (JPEG, pe(100, 2, 2), b"behind", PE_TYPE),
        (GIF, elf(), b"", elf_type),
        (PDF, elf(), b"\nendobj\n%%EOF", elf_type),
        (noise, mach_o(), noise, mach_type),
        (noise, pe(5000, 2, 2), noise, PE_TYPE),
        (b"ID3\x04\0\0\0\0\0\0", elf(), noise, elf_type),
    ] {
        let (items, notes) = seen("a.bin", &[before, &program, behind].concat());
        let at = before.len();
        assert_eq!(items[1..], [format!("2/@{at} {want}")], "{before:?}");
        assert!(notes.ends_with(&["HiddenProgram 2".to_string(), format!("Program 2/@{at}")]), "{before:?}: {notes:?}");
    }
}

#[test]
fn an_archive_behind_a_picture_or_a_program_is_opened() {
    let archive = zip(&[("b.txt", &elf())]);
    for (before, notes) in [
        (PNG.to_vec(), &["Program 2/@32/b.txt"][..]),
        (JPEG.to_vec(), &["Program 2/@24/b.txt"]),
        (pe(100, 2, 2), &["Program 2", "Program 2/@612/b.txt"]),
    ] {
        let at = before.len();
        let (items, found) = seen("a.png", &[&before[..], &archive].concat());
        assert_eq!(items[1..], [format!("2/@{at} application/zip"), format!("2/@{at}/b.txt application/x-elf")]);
        assert_eq!(found, notes);
    }
    let (items, _) = seen("a.gif", &[GIF, &gzip(b"#!/bin/sh\n")].concat());
    assert!(items[1] == format!("2/@{} application/gzip", GIF.len()) && items[2].ends_with(" text/x-shellscript"));
}

#[test]
fn a_program_before_or_behind_an_archive_is_found() {
    let archive = zip(&[("b.txt", b"text"), ("c.zip", &zip(&[("d.txt", b"text")]))]);
    let program = pe(100, 2, 2);
    for (contents, at) in
        [([&archive[..], &program].concat(), archive.len()), ([b"\0\0", &elf()[..], &archive].concat(), 2)]
    {
        let (items, notes) = seen("a.zip", &contents);
        assert!(items.iter().any(|item| item.starts_with(&format!("2/@{at} "))), "{items:?}");
        assert!(items.contains(&"2/c.zip/d.txt text/plain".to_string()), "{items:?}");
        assert_eq!(notes, ["HiddenProgram 2".to_string(), format!("Program 2/@{at}")]);
    }
    assert_eq!(seen("a.zip", &archive).1, [""; 0]);
    // What a tar archive holds is no secret, whatever lies around it.
    let notes = seen("a.tar", &tar(&[("a", &program), ("b.zip", &archive), ("c", &elf())])).1;
    assert_eq!(notes, ["Program 2/a", "Program 2/c"]);
}

#[test]
fn installers_and_archives_behind_programs_give_their_members() {
    let program = pe(64, 2, 2);
    let member = ("run.exe", elf());
    let members = [(member.0, member.1.as_slice())];
    for (data, want) in [(nsis(&[b"script", &member.1]), "1"), (arj(&members), member.0), (lha(&members), member.0)] {
        let whole = [&program[..], b"some filler", &data].concat();
        let at = program.len() + 11;
        let (items, _) = seen("setup.exe", &whole);
        assert!(items.contains(&format!("2/@{at}/{want} application/x-elf")), "{items:?}");
    }
    for archive in [rar4(&[("a.txt", b"text")]), rar5(&[("a.txt", b"text")])] {
        let whole = [&archive[..], &program].concat();
        let (items, notes) = seen("a.rar", &whole);
        assert!(items.contains(&format!("2/@{} {PE_TYPE}", archive.len())), "{items:?}");
        assert!(notes.iter().any(|note| note.starts_with("HiddenProgram")), "{notes:?}");
        assert_eq!(seen("a.rar", &archive).0.len(), 2);
    }
}

#[test]
fn an_archive_that_counts_from_the_begin_of_the_program_is_opened_too() {
    let program = pe(100, 2, 2);
    let mut whole = [&program[..], &zip(&[("b.txt", &elf()), ("c.txt", b"text")])].concat();
    let marks: Vec<usize> = memchr::memmem::find_iter(&whole, b"PK\x01\x02").map(|at| at + 42).collect();
    let end = memchr::memmem::rfind(&whole, b"PK\x05\x06").unwrap() + 16;
    for at in marks.into_iter().chain([end]) {
        let place = u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) + 612;
        whole[at..at + 4].copy_from_slice(&place.to_le_bytes());
    }
    let (items, notes) = seen("setup.exe", &whole);
    assert_eq!(items.len(), 4);
    assert_eq!(notes, ["Program 2", "Program 2/@612/b.txt"]);
}

#[test]
fn a_script_in_or_behind_a_picture_is_found() {
    for (contents, want) in [
        ([PNG, b"<script>alert(1)</script>"].concat(), 32),
        ([JPEG, b"x\xff<?PHP system(1);"].concat(), 26),
        ([&GIF[..20], b"<hta:application ", b"\0\xff"].concat(), 20),
    ] {
        let (items, notes) = seen("a.jpg", &contents);
        assert!(items[1].starts_with(&format!("2/@{want} ")), "{items:?}");
        assert_eq!(notes[0], "HiddenProgram 2", "{items:?}");
    }
}

#[test]
fn a_program_written_in_letters_is_found() {
    let program = pe(3000, 2, 2);
    let base64 = STANDARD.encode(&program);
    let lines: Vec<&str> = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let hex: Vec<String> = program.iter().map(|octet| format!("{octet:02x}")).collect();
    let decimal: Vec<String> = program.iter().map(u8::to_string).collect();
    let wide = |text: &str| [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    for text in [
        format!("x = '{base64}'\n").into_bytes(),
        format!("text before\r\n{}\r\n", lines.join("\r\n")).into_bytes(),
        format!("data {}\n", hex.concat()).into_bytes(),
        format!("x = \"\\x{}\"\n", hex.join("\\x")).into_bytes(),
        format!("b = [0x{}]\n", hex.join(", 0x")).into_bytes(),
        format!("b = [{}]\n", decimal.join(",")).into_bytes(),
        wide(&format!("x = '{base64}'\n")),
        format!("x = '{}'\n", base64.trim_end_matches('=').chars().rev().collect::<String>()).into_bytes(),
    ] {
        let (items, notes) = seen("a.txt", &text);
        assert!(items.len() > 1 && items[1..].iter().all(|item| item.ends_with(PE_TYPE)), "{items:?}");
        assert_eq!(notes[0], "HiddenProgram 2");
    }
    let bytes = letter("a.txt", format!("x = '{base64}'\n").as_bytes());
    let inside = open(&Message::parse(&bytes));
    assert_eq!(inside.items[2].size, program.len() as u64);
}

#[test]
fn marks_without_structure_are_nothing() {
    let marks =
        b"\0\xffMZ\x7fELF\xfe\xed\xfa\xcePK\x03\x04Rar!\x1a7z\xbc\xafMSCF\xd0\xcf\x11\xe0\x1f\x8b\x08BZh9".repeat(40);
    for contents in [[PNG, &marks[..]].concat(), marks, b"TVqQAAMAAAAEAAAA is how it begins, 4d5a9000 too".to_vec()] {
        let (items, notes) = seen("a.bin", &contents);
        assert_eq!((items.len(), notes), (1, vec![]), "{items:?}");
    }
}

#[test]
fn pieces_and_trials_have_an_end() {
    let many = [b"\0".to_vec(), elf().repeat(HIDDEN_PIECES_MAX + 5)].concat();
    let (items, notes) = seen("a.bin", &many);
    assert_eq!(items.len(), 1 + HIDDEN_PIECES_MAX);
    assert_eq!(notes.iter().filter(|note| *note == "TooMany 2").count(), 1);
    let trials = [b"\0".to_vec(), b"\x1f\x8b\x08\xff".repeat(HIDDEN_TRIALS_MAX + 5)].concat();
    assert_eq!(seen("a.bin", &trials).1, ["TooMany 2"]);
}

#[test]
fn programs_in_programs_end_at_the_depth() {
    // Each is a section of the next: found one by one, never twice.
    let mut nested = pe(64, 2, 2);
    for _ in 0..25 {
        let at = nested.len();
        nested = [&pe(at, 2, 2)[..512], &nested].concat();
    }
    let bytes = letter("n.exe", &nested);
    let inside = open(&Message::parse(&bytes));
    assert_eq!(inside.items.len(), 2 + crate::limits::UNPACK_DEPTH_MAX);
    assert!(inside.notes.iter().any(|note| note.kind == NoteKind::TooDeep));
}

#[test]
fn a_program_says_what_it_is() {
    let shortcut = shortcut();
    let net = {
        let mut bytes = pe(100, 2, 3);
        bytes[88 + 112 + 14 * 8] = 1;
        bytes
    };
    let hta = b"<script>x</script>";
    for (contents, want) in [
        (pe(10, 2, 2), format!("{PE_TYPE}: program")),
        (pe(10, 0x2002, 2), format!("{PE_TYPE}: library")),
        (pe(10, 2, 1), format!("{PE_TYPE}: driver")),
        (net, format!("{PE_TYPE}: .NET program")),
        (elf(), "application/x-elf: program".to_string()),
        (mach_o(), "application/x-mach-binary: program".to_string()),
        (shortcut.clone(), "application/x-ms-shortcut: ..\\cmd.exe /c calc (icon: a.pdf)".to_string()),
        ([&shortcut[..], hta].concat(), "application/x-ms-shortcut: ..\\cmd.exe /c calc (icon: a.pdf)".to_string()),
    ] {
        let bytes = letter("x", &contents);
        let inside = open(&Message::parse(&bytes));
        assert_eq!(inside.notes.iter().find(|note| note.kind == NoteKind::Program).unwrap().detail, want);
        assert_eq!(inside.items.len() > 2, contents.ends_with(hta));
    }
}
