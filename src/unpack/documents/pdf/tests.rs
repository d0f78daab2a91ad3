//! Tests of PDF with small files made here.
//!
//! Not in the program.

use super::filters::tests::deflated;
use crate::mail::Message;
use crate::unpack::samples::letter;
use crate::unpack::{NoteKind, open};

/// A PDF with these objects, numbered from 1.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (index, object) in objects.iter().enumerate() {
        file.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    file.extend_from_slice(b"trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    file
}

fn stream(entries: &str, contents: &[u8]) -> Vec<u8> {
    let data = deflated(contents);
    let head = format!("<< {entries} /Filter /FlateDecode /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), &data, b"\nendstream"].concat()
}

fn text(object: &str) -> Vec<u8> {
    object.as_bytes().to_vec()
}

/// `Kind: detail` of all notes, then the labels of all members.
fn seen(file: &[u8]) -> (Vec<String>, Vec<String>) {
    let bytes = letter("a.pdf", file);
    let inside = open(&Message::parse(&bytes));
    let notes = inside.notes.iter().map(|note| format!("{:?}: {}", note.kind, note.detail)).collect();
    (notes, inside.items.iter().skip(2).map(|item| item.path[1..].join("/")).collect())
}

fn check(objects: &[Vec<u8>], notes: &[&str], members: &[&str]) {
    let (noted, found) = seen(&pdf(objects));
    assert_eq!((noted.iter().map(String::as_str).collect::<Vec<_>>(), found), (notes.to_vec(), strings(members)));
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

const PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0";
const ROOT: &str = "<< /Type /Catalog /OpenAction 2 0 R >>";

#[test]
fn scripts_are_found_wherever_they_hide() {
    let by_itself = ["PdfScript: starts by itself"];
    let inline = [text(ROOT), text("<< /S /JavaScript /JS (app.alert\\(1\\)) >>")];
    check(&inline, &by_itself, &["javascript 1"]);
    let written_otherwise = [text(ROOT), text("<< /#53 3 0 R /J#53 4 0 R >>"), text("/JavaScript"), stream("", b"x()")];
    check(&written_otherwise, &by_itself, &["javascript 1"]);
    let inner = b"2 0 3 40 << /S /JavaScript /JS 3 0 R >>           (evil\\(\\))";
    let packed = [text(ROOT), text("null"), text("null"), stream("/Type /ObjStm /N 2 /First 9", inner)];
    check(&packed, &by_itself, &["javascript 1"]);
    let field =
        [text("<< /AcroForm << /Fields [<< /AA << /F << /S /JavaScript /JS (AFNumber_Format\\(2\\)) >> >> >>] >> >>")];
    check(&field, &by_itself, &["javascript 1"]);
    let form = [text("<< /AcroForm << /XFA [(template) 2 0 R] >> >>"), stream("", b"<xdp><script>x</script></xdp>")];
    check(&form, &["PdfScript: in an XML form"], &["form 2"]);
}

#[test]
fn actions_that_start_programs_or_fetch_are_noted_and_links_are_not() {
    check(&[text(ROOT), text("<< /S /Launch /Win << /F (cmd.exe) /P (/c x) >> >>")], &["PdfLaunch: cmd.exe"], &[]);
    check(&[text("<< /A << /S /Launch /F (setup.exe) >> >>")], &["PdfLaunch: setup.exe"], &[]);
    check(&[text("<< /A << /S /Launch /F (manual.html) >> >>")], &[], &[]);
    check(&[text("<< /A << /S /URI /URI (http://a.example/) >> >>")], &[], &[]);
    let fetches = "ExternalObject: a PDF that fetches or sends by itself: http://a.example/";
    check(&[text(ROOT), text("<< /S /URI /URI (http://a.example/) >>")], &[fetches], &[]);
    check(&[text("<< /A << /S /URI /URI (JavaScript:x) >> >>")], &["PdfScript: in a link"], &[]);
}

#[test]
fn attached_files_and_files_in_other_streams_are_members() {
    let names = "<< /F (a.exe) /UF <FEFF0062002E006500780065> /EF << /F 2 0 R >> >>";
    let file = [text(names), stream("/Type /EmbeddedFile", PROGRAM)];
    check(&file, &["PdfFile: b.exe", "Program: application/x-elf"], &["b.exe"]);
    check(&[stream("/Subtype /Form", PROGRAM)], &["Program: application/x-elf"], &["stream 1"]);
    check(&[stream("", b"BT (words) Tj ET")], &[], &[]);
    let unread = [text("<< /UF (x) /EF << /F 2 0 R >> >>"), text("<< /Filter /New >>\nstream\nabc\nendstream")];
    check(&unread, &["PdfFile: x", "Unread: a filter that is not read: x"], &["x"]);
}

#[test]
fn what_is_before_and_behind_is_looked_at() {
    let file = pdf(&[text(ROOT)]);
    let around = [b"junk\n", &file[..], PROGRAM].concat();
    assert_eq!(seen(&around), (strings(&["Program: application/x-elf"]), strings(&["behind"])));
    let update = [&file[..], b"2 0 obj\n<< /S /Launch /F (x) >>\nendobj\n%%EOF"].concat();
    assert_eq!(seen(&update).0, ["PdfLaunch: x"]);
    assert_eq!(seen(b"%PDF-1.4\n"), (strings(&["Damaged: a PDF without objects"]), vec![]));
}

/// Made with an empty password for readers, and with one: revision 3, RC4, the key of 128 bits.
#[test]
fn encrypted_files_are_opened_where_everybody_can() {
    let lock = |user: &str| {
        format!(
            "%PDF-1.4\n4 0 obj\n<< /S /JavaScript /JS <@> >>\nendobj\n5 0 obj\n<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{}> /U <{user}> >>\nendobj\ntrailer << /ID [<00><00>] /Encrypt 5 0 R >>\n",
            "11".repeat(32)
        )
    };
    let wrong = lock(&"00".repeat(32)).replace('@', "00");
    assert_eq!(seen(wrong.as_bytes()).0, ["Encrypted: a PDF with a password", "PdfScript: "]);
}

#[test]
fn hostile_files_end_in_time() {
    let unbalanced = b"1 0 obj ( ".repeat(50_000);
    let nested = [&b"1 0 obj "[..], &b"<<".repeat(100_000)].concat();
    let endless = b"1 0 obj << /A 1 >> stream\n".repeat(50_000);
    let offsets = format!("{}<< /S /Launch >>", "7 0 ".repeat(10_000));
    let packed = pdf(&[stream("/Type /ObjStm /First 40000", offsets.as_bytes())]);
    for body in [unbalanced, nested, endless, packed] {
        let (notes, _) = seen(&[&b"%PDF-1.7\n"[..], &body].concat());
        assert!(notes.iter().all(|note| !note.contains("reader failed")), "{notes:?}");
    }
    let many = b"1 0 obj<</S/URI>>endobj\n".repeat(400_000);
    let bytes = letter("a.pdf", &[&b"%PDF-1.7\n"[..], &many].concat());
    assert!(open(&Message::parse(&bytes)).notes.iter().any(|note| note.kind == NoteKind::TooMany));
}
