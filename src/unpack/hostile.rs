//! Tests with contents that were made to harm: bombs, lies, depth, and noise.
//!
//! Not in the program. Standards: none; the vectors are those of the field (42.zip, Fifield's overlaps, quines).

mod archives;
mod streams;

use super::hidden::tests::{pe, shortcut};
use super::samples::{gzip, letter, tar, zip};
use super::{Inside, NoteKind, open};
use crate::limits::{UNPACK_DEPTH_MAX, UNPACK_ENTRIES_MAX, UNPACK_PREFIX_BYTES};
use crate::mail::{Defect, Message, client_of, links, screen};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::io::{Cursor, Read};

fn inside(name: &str, contents: &[u8]) -> Inside {
    let bytes = letter(name, contents);
    screen(&bytes).unwrap();
    open(&Message::parse(&bytes))
}

fn kinds(inside: &Inside) -> Vec<NoteKind> {
    inside.notes.iter().map(|note| note.kind).collect()
}

fn paths(inside: &Inside) -> Vec<String> {
    inside.items.iter().map(|item| item.path.join("/")).collect()
}

/// A zip with one member of so many zeros, made without holding them.
fn zeros(bytes: u64) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("zeros", ::zip::write::SimpleFileOptions::default()).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(bytes), &mut writer).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_bomb_stops_at_the_budget() {
    let [one, two, three] = [0, 1, 2].map(|more| zeros((1 << 30) + more));
    let found = inside("b.zip", &zip(&[("1.zip", &one), ("2.zip", &two), ("3.zip", &three), ("4.txt", b"after")]));
    assert_eq!(kinds(&found), [NoteKind::TooBig, NoteKind::TooBig, NoteKind::TooBig]);
    assert!(paths(&found).contains(&"2/4.txt".to_string()));
    let cut = found.items.iter().find(|item| item.name.as_deref() == Some("zeros")).unwrap();
    assert_eq!((cut.size, cut.sha256.as_str()), (UNPACK_PREFIX_BYTES as u64, ""));
}

#[test]
fn too_many_members_are_said_so() {
    let names: Vec<String> = (0..20_000).map(|n| format!("{n}.txt")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    for archive in [zip(&members), tar(&members)] {
        let found = inside("m.bin", &archive);
        assert_eq!(kinds(&found), [NoteKind::TooMany]);
        assert_eq!(found.items.len(), UNPACK_ENTRIES_MAX);
    }
    let long: Vec<String> = (0..300).map(|n| format!("{n}{}", "x".repeat(60_000))).collect();
    let members: Vec<(&str, &[u8])> = long.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let found = inside("long.zip", &zip(&members));
    assert!(found.items.iter().all(|item| item.path.iter().all(|name| name.len() <= 255)));
}

#[test]
fn depth_ends_with_a_note_and_without_recursion() {
    let mut nested = b"#!/bin/sh\n".to_vec();
    for _ in 0..1000 {
        nested = gzip(&nested);
    }
    let found = inside("deep.gz", &nested);
    assert_eq!(kinds(&found), [NoteKind::TooDeep]);
    assert_eq!(found.items.len(), 1 + UNPACK_DEPTH_MAX + 1);
    let mut nested = b"#!/bin/sh\n".to_vec();
    for _ in 0..UNPACK_DEPTH_MAX {
        nested = zip(&[("x", &nested)]);
    }
    assert_eq!(kinds(&inside("deep.zip", &nested)), [NoteKind::Program]);
}

#[test]
fn a_message_inside_is_screened_before_it_is_parsed() {
    let deep = format!("Received: x\r\nFrom: a@b\r\n{}", "Content-Type:message/rfc822\n\n".repeat(40_000));
    let found = inside("m.zip", &zip(&[("deep.eml", deep.as_bytes())]));
    // It is carved, so that what is in it is refused in turn.
    assert!(kinds(&found).contains(&NoteKind::TooDeep));
    assert_eq!(found.items[2].true_type, "message/rfc822");
}

const PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0";

#[test]
fn members_that_the_directory_hides_are_found() {
    let one = zip(&[("a.txt", b"harmless"), ("b.txt", PROGRAM)]);
    let cut = &one[..memchr::memmem::find(&one, b"PK\x01\x02").unwrap()];
    let second = zip(&[("c.txt", b"shown")]);
    let twice = {
        let mut archive = zip(&[("a.txt", PROGRAM), ("b.txt", b"harmless")]);
        memchr::memmem::find_iter(&archive.clone(), b"b.txt").for_each(|at| archive[at] = b'a');
        archive
    };
    let renamed = {
        let mut archive = zip(&[("run.exe", PROGRAM)]);
        let at = memchr::memmem::rfind(&archive, b"run.exe").unwrap();
        archive[at..at + 7].copy_from_slice(b"pic.jpg");
        archive
    };
    for (archive, want, notes) in [
        (cut.to_vec(), &["2/a.txt", "2/b.txt"][..], &[NoteKind::Damaged, NoteKind::Lying, NoteKind::Program][..]),
        ([cut, &second].concat(), &["2/c.txt", "2/a.txt", "2/b.txt"], &[NoteKind::Lying, NoteKind::Program]),
        (twice, &["2/a.txt", "2/a.txt"], &[NoteKind::Lying, NoteKind::Program]),
        (renamed, &["2/pic.jpg", "2/run.exe"], &[NoteKind::Lying, NoteKind::Program, NoteKind::Program]),
    ] {
        let found = inside("h.zip", &archive);
        let mut paths: Vec<String> = paths(&found).split_off(2);
        let mut kinds = kinds(&found);
        kinds.dedup_by(|a, b| a == b && *a == NoteKind::Lying);
        paths.sort_unstable();
        let mut want = want.to_vec();
        want.sort_unstable();
        assert_eq!(paths, want);
        assert_eq!(kinds, notes);
    }
}

#[test]
fn a_prefix_hides_no_archive_and_damage_is_noted() {
    let archive = zip(&[("a", PROGRAM)]);
    let found = inside("p.zip", &[&b"junk before"[..], &archive].concat());
    assert_eq!(kinds(&found), [NoteKind::Program]);
    let mut broken = gzip(&[7; 5000]);
    broken.truncate(broken.len() - 9);
    let found = inside("b.gz", &broken);
    assert_eq!(kinds(&found), [NoteKind::Damaged]);
    assert_eq!(found.items[2].sha256, "");
    let mut truncated = super::documents::ole::tests::ole(&["WordDocument"]);
    truncated.truncate(700);
    assert_eq!(kinds(&inside("b.doc", &truncated)), [NoteKind::Damaged]);
}

/// Letters that the fuzz test breaks.
fn seeds() -> Vec<Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        text(
            "From: a@b\r\nSubject: =?utf-8?q?x=20y?= =?utf-8?b?eHg=?=\r\nDate: x\r\n\r\nsee https://a.example www.b.example\r\n",
        ),
        text(
            "From: a@b\nContent-Type: text/html; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n<a href=3D'http://x.example'>y</a><base href=3D//z><img src=3Dq=\n>",
        ),
        text(
            "Content-Type: multipart/mixed; boundary=\"a\"\r\n\r\n--a\r\nContent-Type: multipart/alternative; boundary*0=b;\r\n boundary*1=c\r\n\r\n--bc\r\n\r\nx\r\n--bc--\r\n--a\r\nContent-Disposition: attachment; filename*=utf-8''%41.exe\r\n\r\nMZ\r\n--a--\r\n",
        ),
        text(
            "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nFrom: x@y\r\nSubject: in\r\n\r\nbody\r\n--d\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nRnJvbTogYUBiDQpDb250ZW50LVR5cGU6IG1lc3NhZ2UvcmZjODIyDQoNCkZyb206IGNAZA0KDQp4\r\n--d--\r\n",
        ),
        letter("a.eml", &letter("b.gz", &gzip(b"x"))),
        text("Received: from a (b [192.0.2.1]) by mx (Postfix) with ESMTP id 1;\r\n x\r\n\r\n\0\r\r\n"),
    ]
}

/// Attachments that the fuzz test breaks.
fn attachments() -> Vec<(&'static str, Vec<u8>)> {
    let types = b"wordprocessingml.document.main+xml";
    let members = [("b.txt", &b"text"[..]), ("c", PROGRAM)];
    let mut attachments = vec![
        ("a.zip", zip(&members)),
        ("a.tgz", gzip(&tar(&members))),
        ("a.tar", tar(&members)),
        ("a.doc", super::documents::ole::tests::ole(&["WordDocument", "Macros/VBA/dir"])),
        ("a.pdf", b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(x\\51)>>/EF<</F 2 0 R>>/UF<FEFF0061>>>endobj 2 0 obj<</Filter[/AHx/LZW/A85]/DP<</Predictor 12>>/Length 6>>stream\n800B60\nendstream endobj trailer<</Encrypt 3 0 R>>".to_vec()),
        ("a.html", b"<svg><style><script>x='UEsDBBQAAAAIAAAAIQB1KfLhDgAAALQAAAAFAAAAYS50eHRL'+'zs8rSc0rKVZIHjo';y=`%u1234\\x3c`;[1,2,3]</script><a href=data:x;base64,UEsD download>".to_vec()),
        ("a.ics", b"BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64;FILENAME=a:UEs\r\n DBBQ\r\nURL:https://a.example/\r\n".to_vec()),
        ("a.mbox", b"From a Mon Sep  1 10:00:00 2025\nSubject: x\n\n>From y\n\nFrom b Mon Sep  1 10:00:00 2025\nTo: c\n".to_vec()),
        ("a.docx", zip(&[("[Content_Types].xml", types), ("word/document.xml", b"<w/>")])),
        ("a.rtf", super::documents::samples::rtf()),
        ("a.xls", super::documents::samples::workbook()),
        ("a.slk", b"ID;P\nO;E\nNN;NAuto_open;ER1C1\nC;X1;Y1;EEXEC(\"x\")\nE\n".to_vec()),
        ("a.bas", super::documents::samples::CODE.as_bytes().to_vec()),
        ("a.exe", [pe(64, 2, 2), zip(&members)].concat()),
        ("a.png", [b"\x89PNG\r\n\x1a\n\0\0\0\0IENDcrcc", PROGRAM, &pe(64, 0x2002, 2)[..], &gzip(b"x")].concat()),
        ("a.lnk", [shortcut(), b"<script>x</script>".to_vec()].concat()),
        ("a.txt", STANDARD.encode(pe(64, 2, 2)).into_bytes()),
        ("a.js", b"var x = new ActiveXObject('x'); eval(unescape('%41')); /* 77,90,144,0 */".to_vec()),
    ];
    attachments.extend(streams::attachments());
    attachments
}

/// A small generator of noise (Knuth's MMIX numbers): the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

fn mutate(seed: &[u8], noise: &mut Noise) -> Vec<u8> {
    const WORDS: [&[u8]; 8] =
        [b"\r\n", b"\r\n\r\n", b"--", b"=", b"\0", b"Content-Type: message/rfc822\r\n\r\n", b"=?", b"\xff"];
    let mut bytes = seed.to_vec();
    for _ in 0..=noise.below(6) {
        let at = noise.below(bytes.len());
        match noise.below(5) {
            0 => bytes[at] = noise.below(256) as u8,
            1 => bytes[at] ^= 1 << noise.below(8),
            2 => bytes.truncate(at.max(1)),
            3 => drop(bytes.splice(at..at, WORDS[noise.below(WORDS.len())].iter().copied())),
            _ => {
                let end = at + noise.below((bytes.len() - at).min(60));
                let piece = bytes[at..end].to_vec();
                let to = noise.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
        }
    }
    bytes
}

#[test]
fn noise_never_panics() {
    let mut noise = Noise(20_260_101);
    let names = ["mx".to_string()];
    let look = |bytes: &[u8]| {
        if screen(bytes).is_ok() {
            let message = Message::parse(bytes);
            assert!(!message.defects.contains(&Defect::ParserPanicked));
            links(&message);
            open(&message);
            message.from_text();
            message.subject();
        }
        client_of(bytes, &names);
    };
    for seed in seeds() {
        (0..2000).for_each(|_| look(&mutate(&seed, &mut noise)));
    }
    for (name, contents) in attachments().into_iter().chain(archives::attachments()) {
        // Large images take their time.
        let rounds = (16 << 20) / contents.len().max(8 << 10);
        (0..rounds).for_each(|_| look(&letter(name, &mutate(&contents, &mut noise))));
    }
}
