//! Whole documents through the door: what is noted of macros, links, objects and encryption, and what is not.

use super::samples::{CODE, NO_CODE, ole, project, record};
use super::{compound::MARK, package::tests::native};
use crate::mail::Message;
use crate::unpack::samples::{letter, zip};
use crate::unpack::{Inside, NoteKind, open};
use std::io::Write;

fn inside(name: &str, contents: &[u8]) -> Inside {
    open(&Message::parse(&letter(name, contents)))
}

fn kinds(name: &str, contents: &[u8]) -> Vec<NoteKind> {
    let mut kinds: Vec<NoteKind> = Vec::new();
    for note in inside(name, contents).notes {
        if !kinds.contains(&note.kind) {
            kinds.push(note.kind);
        }
    }
    kinds
}

fn stream(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (name.to_string(), bytes.to_vec())
}

fn source(code: &str) -> String {
    format!("Attribute VB_Name = \"M\"\r\n{code}\r\n")
}

#[test]
fn source_tells_what_a_macro_does() {
    use NoteKind::{AutoMacro, Macro, MacroHides, MacroLoads, MacroStarts};
    for (code, want) in [
        ("Sub A()\nMsgBox 1\nEnd Sub", &[Macro][..]),
        ("Private Sub Document_Open()\nEnd Sub", &[Macro, AutoMacro]),
        ("Sub InkPicture1_Painted(a)\nEnd Sub", &[Macro, AutoMacro]),
        ("Sub A()\nx = \"WScr\" & \"ipt.Sh\" & _\n \"ell\"\nEnd Sub", &[Macro, MacroStarts]),
        ("x = Chr(99) & Chr(109) & \"d /c dir\"", &[Macro, MacroStarts]),
        ("Declare PtrSafe Function V Lib \"kernel32\" Alias \"VirtualAlloc\" ()", &[Macro, MacroStarts]),
        ("Set h = CreateObject(\"MSXML2.XMLHTTP\")", &[Macro, MacroLoads]),
        ("Open p For Binary As #1", &[Macro, MacroLoads]),
        ("x = StrReverse(\"llehsrewop\")", &[Macro, MacroHides, MacroStarts]),
        ("' Shell in a comment\nSub B()\nx = shellfish\nEnd Sub", &[Macro]),
    ] {
        let bytes = ole(&project("", &[("M", &source(code))]));
        assert_eq!(kinds("vbaProject.bin", &bytes), want, "{code}");
    }
    let long = source(&format!("x = \"{}\"", "QUJD".repeat(100)));
    assert_eq!(kinds("a.bin", &ole(&project("", &[("M", &long)]))), [Macro, MacroHides]);
}

#[test]
fn projects_without_code_are_no_macro_and_broken_ones_are() {
    assert_eq!(kinds("a.doc", &ole(&project("Macros/", &[("ThisDocument", NO_CODE)]))), []);
    let mut broken = project("Macros/", &[("M", CODE)]);
    broken[0].1 = b"noise".to_vec();
    assert_eq!(kinds("a.doc", &ole(&broken)), [NoteKind::Damaged, NoteKind::Macro, NoteKind::OldMacro]);
    // A stream that no list names.
    let hidden = vec![stream("WordDocument", b"x"), ("x/y".to_string(), project("", &[("M", CODE)])[2].1.clone())];
    assert_eq!(kinds("a.doc", &ole(&hidden)), [NoteKind::Macro]);
    // The directory is gone, the sectors are there.
    let mut bytes = ole(&project("Macros/", &[("M", CODE)]));
    bytes[0x30..0x34].copy_from_slice(&[0xfe, 0xff, 0xff, 0x7f]);
    assert_eq!(kinds("a.doc", &bytes), [NoteKind::Damaged, NoteKind::Macro, NoteKind::OldMacro]);
    // The source was cut out from behind the compiled code.
    let mut stomped = project("", &[("M", CODE)]);
    stomped[2].1 = vec![7; 4000];
    assert_eq!(kinds("a.bin", &ole(&stomped)), [NoteKind::Macro, NoteKind::MacroHides]);
}

#[test]
fn macros_of_presentations_hide_in_packed_records() {
    let project = ole(&project("", &[("M", CODE)]));
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&project).unwrap();
    let packed = packed.finish().unwrap();
    let size = |bytes: usize| (bytes as u32).to_le_bytes();
    let records =
        [&b"\x0f\0\xe8\x03"[..], &size(0), b"\x10\0\x11\x10", &size(packed.len() + 4), &size(project.len()), &packed]
            .concat();
    for records in [records.clone(), [&b"\0\0\0\0\xff\xff\xff\xff"[..], &records].concat()] {
        let noted = kinds("a.ppt", &ole(&[stream("PowerPoint Document", &records)]));
        assert!(noted.contains(&NoteKind::Macro) && noted.contains(&NoteKind::OldMacro));
    }
}

#[test]
fn old_workbooks_tell_of_macro_sheets_links_and_passwords() {
    use NoteKind::{AutoMacro, Dde, Encrypted, ExcelMacro, Macro, MacroStarts, OldMacro};
    let begin = record(0x0809, b"\0\x06\x05\0");
    let sheet = record(0x85, b"\0\0\0\0\x02\x01\x01\0M");
    let plain_sheet = record(0x85, b"\0\0\0\0\0\0\x01\0S");
    let name = record(0x18, b"\x20\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01");
    let formula = record(6, &[&[0; 22][..], b"\x17\x04\0calc\x42\x01\x6e\0"].concat());
    let macro_begin = record(0x0809, b"\0\x06\x40\0");
    let link = record(0x1ae, b"\0\0\x07\0\0cmd\x03/c ");
    let own = record(0x1ae, b"\x01\0\x01\x04");
    for (records, want) in [
        (vec![&begin, &plain_sheet, &own, &formula], &[][..]),
        (vec![&begin, &sheet, &name], &[ExcelMacro, Macro, OldMacro, AutoMacro]),
        (vec![&begin, &macro_begin, &formula], &[ExcelMacro, MacroStarts, Macro, OldMacro]),
        (vec![&begin, &link], &[Dde]),
        (vec![&begin, &record(0x2f, b"\0\0\x59\xb3\x0a\x9a")], &[Encrypted]),
    ] {
        let bytes: Vec<u8> = records.into_iter().flatten().copied().collect();
        assert_eq!(kinds("a.xls", &ole(&[stream("Workbook", &bytes)])), want);
    }
    let bytes = [begin, record(0x2f, b"\0\0\x59\xb3\x0a\x9a")].concat();
    assert_eq!(kinds("bare.xls", &record(0x0409, b"\0\0\x40\0\0\0")), [ExcelMacro, Macro, OldMacro]);
    let note = inside("a.xls", &ole(&[stream("Workbook", &bytes)])).notes.remove(0);
    assert!(note.detail.ends_with("without asking"), "{}", note.detail);
}

#[test]
fn packages_in_documents_are_members_with_their_names() {
    let bytes = ole(&[
        stream("WordDocument", b"x"),
        stream("ObjectPool/_1/\u{1}Ole10Native", &native("run.exe", b"\x7fELF\x02\x01\x01")),
    ]);
    let found = inside("a.doc", &bytes);
    assert_eq!(found.items[2].name.as_deref(), Some("run.exe"));
    assert_eq!(kinds("a.doc", &bytes), [NoteKind::Package, NoteKind::Program]);
    assert!(bytes.starts_with(MARK));
}

fn docx(parts: &[(&str, &str)]) -> Vec<u8> {
    let types = ("[Content_Types].xml", &b"wordprocessingml.document.main+xml"[..]);
    let all: Vec<(&str, &[u8])> = std::iter::once(types).chain(parts.iter().map(|(n, x)| (*n, x.as_bytes()))).collect();
    zip(&all)
}

#[test]
fn relationships_and_fields_of_new_documents_are_looked_at() {
    use NoteKind::{AutoMacro, Dde, ExcelMacro, ExternalObject, Macro, MacroStarts, Package, RemoteTemplate};
    let rel = |kind: &str, target: &str| {
        format!(
            "<Relationships><Relationship Id='1' Type=\"http://x/{kind}\" Target=\"{target}\" TargetMode=\"External\"/></Relationships>"
        )
    };
    for (part, text, want) in [
        ("word/_rels/settings.xml.rels", rel("attachedTemplate", "https://evil.example/t.dotm"), &[RemoteTemplate][..]),
        ("word/_rels/settings.xml.rels", rel("attachedTemplate", "file:///C:\\x\\Normal.dotm"), &[]),
        ("word/_rels/document.xml.rels", rel("hyperlink", "https://a.example/"), &[]),
        ("word/_rels/document.xml.rels", rel("image", "https://a.example/x.png"), &[]),
        ("word/_rels/document.xml.rels", rel("image", "\\\\192.0.2.1\\x.png"), &[ExternalObject]),
        ("word/_rels/document.xml.rels", rel("oleObject", "mhtml:https://evil.example!x-usc:y"), &[ExternalObject]),
        ("word/_rels/document.xml.rels", rel("oleObject", "&#104;ttps://evil.example/"), &[ExternalObject]),
        ("xl/_rels/x.rels", rel("externalLinkPath", "https://a.example/b.xlsx"), &[]),
        (
            "word/document.xml",
            "<w:fldChar w:fldCharType=\"begin\"/><w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\\\cmd</w:instrText><w:fldChar w:fldCharType=\"end\"/>".to_string(),
            &[Dde],
        ),
        ("word/document.xml", "<w:fldSimple w:instr='DDE \"c:\\\\x\"'>".to_string(), &[Dde]),
        ("word/document.xml", "<w:fldSimple w:instr=' PAGE '>The DDE field</w:fldSimple>".to_string(), &[]),
        (
            "word/document.xml",
            "<fldChar fldCharType=\"begin\"/><fldChar fldCharType=\"begin\"/><instrText> QUOTE 68 68 69 </instrText><fldChar fldCharType=\"end\"/><instrText> x</instrText>".to_string(),
            &[Dde],
        ),
        ("xl/externalLinks/externalLink1.xml", "<ddeLink ddeService=\"cmd\" ddeTopic=\"/c\"/>".to_string(), &[Dde]),
        ("xl/macrosheets/sheet1.xml", "<c><f>EXEC(\"x\")</f></c>".to_string(), &[ExcelMacro, MacroStarts, Macro]),
        ("word/activeX/activeX1.xml", "<ax:ocx ax:classid=\"{D27CDB6E-AE6D-11CF-96B8-444553540000}\"/>".to_string(), &[Package]),
        ("word/activeX/activeX1.xml", "<ax:ocx ax:classid=\"{8BD21D40-EC42-11CE-9E0D-00AA006002F3}\"/>".to_string(), &[]),
    ] {
        assert_eq!(kinds("a.docx", &docx(&[(part, &text)])), want, "{text}");
    }
    let started = docx(&[
        ("xl/macrosheets/s.xml", "<f>1</f>"),
        ("xl/workbook.xml", "<definedName name=\"_xlnm.Auto_Open\">x</a>"),
    ]);
    assert_eq!(kinds("a.xlsm", &started), [ExcelMacro, Macro, AutoMacro]);
}

#[test]
fn what_of_a_document_is_not_read_is_said_so() {
    use NoteKind::{Damaged, Dde, TooBig};
    let field = |code: &str| {
        format!("<fldChar fldCharType=\"begin\"/><instrText>{code}</instrText><fldChar fldCharType=\"end\"/>")
    };
    let hidden = field("DDE cmd");
    for (text, want) in [
        (format!("<!-- {hidden}"), &[Damaged][..]),
        (format!("<a b='{hidden}"), &[Damaged]),
        (format!("{}{hidden}", field("x ADDIN y").repeat(300_000)), &[Dde]),
        (format!("{}{hidden}", field(&"x".repeat(2 << 20))), &[TooBig, Dde]),
    ] {
        assert_eq!(kinds("a.docx", &docx(&[("word/document.xml", &text)])), want);
    }
    let rtf = |code: &str| format!("{{\\rtf1{{\\field{{\\*\\fldinst {code}}}}}{{\\field{{\\*\\fldinst DDE cmd}}}}}}");
    assert_eq!(kinds("a.rtf", rtf(&"x".repeat(2 << 20)).as_bytes()), [TooBig, Dde]);
    assert_eq!(kinds("a.rtf", rtf(&"{\\*\\fldinst x}".repeat(1000)).as_bytes()), [Dde]);
    let spelled = b"{\\rtf1{\\*\\template \\u-65432?\\u-65420?tp://evil.example/a}}";
    assert_eq!(kinds("a.rtf", spelled), [NoteKind::RemoteTemplate]);
    // A module longer than any that is read.
    let long = source(&format!("Sub A()\n{}End Sub", "Beep\n".repeat(500_000)));
    assert!(kinds("a.bin", &ole(&project("", &[("M", &long)]))).contains(&Damaged));
}

#[test]
fn scripts_of_open_documents_are_noted_where_there_are_some() {
    use NoteKind::{AutoMacro, Encrypted, ExternalObject, Macro, MacroStarts, Program};
    for (part, text, want) in [
        ("content.xml", "<office:scripts/><text:p>Sub Main</text:p>", &[][..]),
        ("Basic/Standard/Module1.xml", "<script:module script:name=\"M\">Sub Main\n\nEnd Sub</script:module>", &[]),
        (
            "Basic/Standard/Module1.xml",
            "<script:module>Sub a\nShell(&quot;x&quot;)\nEnd Sub</script:module>",
            &[Macro, MacroStarts],
        ),
        ("content.xml", "<script:event-listener script:event-name=\"dom:load\" xlink:href=\"x\"/>", &[AutoMacro]),
        ("content.xml", "<script:event-listener script:event-name=\"form:performaction\" xlink:href=\"x\"/>", &[]),
        (
            "content.xml",
            "<script:event-listener script:event-name=\"office:new\" script:macro-name=\"application:Template.Main\"/>",
            &[],
        ),
        ("Scripts/python/a.py", "import os", &[Macro, Program]),
        ("META-INF/manifest.xml", "<manifest:encryption-data/>", &[Encrypted]),
        ("content.xml", "<text:section-source xlink:href=\"https://evil.example/\"/>", &[ExternalObject]),
    ] {
        let bytes = {
            let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let stored =
                ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
            writer.start_file("mimetype", stored).unwrap();
            writer.write_all(b"application/vnd.oasis.opendocument.text").unwrap();
            writer.start_file(part, stored).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            writer.finish().unwrap().into_inner()
        };
        assert_eq!(kinds("a.odt", &bytes), want, "{text}");
    }
}

#[test]
fn saved_outlook_messages_give_their_attachments() {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let attachment = "__attach_version1.0_#00000000";
    let within = format!("__attach_version1.0_#00000001/__substg1.0_3701000D/{attachment}");
    let bytes = ole(&[
        stream("__properties_version1.0", b"x"),
        stream("__substg1.0_1000001F", &wide("#!/bin/sh is how the text begins")),
        stream(&format!("{attachment}/__substg1.0_37010102"), b"\x7fELF\x02\x01\x01"),
        stream(&format!("{attachment}/__substg1.0_3707001F"), &wide("run.bin")),
        stream(&format!("{within}/__substg1.0_37010102"), b"text"),
        stream(&format!("{within}/__substg1.0_3704001E"), b"a.txt"),
    ]);
    let found = inside("a.msg", &bytes);
    let seen: Vec<(&str, &str)> =
        found.items[1..].iter().map(|item| (item.path.last().unwrap().as_str(), item.true_type.as_str())).collect();
    assert_eq!(seen[0].1, "application/vnd.ms-outlook");
    for want in [("body.txt", "text/plain"), ("run.bin", "application/x-elf"), ("attached 1/a.txt", "text/plain")] {
        assert!(seen.contains(&want), "{want:?} {seen:?}");
    }
    assert_eq!(kinds("a.msg", &bytes), [NoteKind::Program]);
}

#[test]
fn old_documents_of_word_tell_of_fields_templates_and_passwords() {
    let document = |flags: u16, text: &[u8], associated: (u32, u32)| {
        let mut bytes = vec![0; 0x400];
        bytes[..2].copy_from_slice(&[0xec, 0xa5]);
        bytes[0x0a..0x0c].copy_from_slice(&flags.to_le_bytes());
        bytes[0x19a..0x19e].copy_from_slice(&associated.0.to_le_bytes());
        bytes[0x19e..0x1a2].copy_from_slice(&associated.1.to_le_bytes());
        [&bytes, text].concat()
    };
    let wide: Vec<u8> = "\u{13} DDEAUTO c:\\\\cmd \u{15}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let template: Vec<u8> = "https://evil.example/t.dot".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let table = [&b"\xff\xff\x02\0\0\0\0\0\x1a\0"[..], &template].concat();
    for (word, want) in [
        (document(0, b"plain \x13 PAGE \x14 1 \x15", (0, 0)), &[][..]),
        (document(0, b"\x13 DDEAUTO c:\\\\cmd \x14x\x15", (0, 0)), &[NoteKind::Dde]),
        (document(0, &wide, (0, 0)), &[NoteKind::Dde]),
        (document(0, b"", (0, table.len() as u32)), &[NoteKind::RemoteTemplate]),
        (document(0x100, b"", (0, 0)), &[NoteKind::Encrypted]),
    ] {
        assert_eq!(kinds("a.doc", &ole(&[stream("WordDocument", &word), stream("0Table", &table)])), want);
    }
}
