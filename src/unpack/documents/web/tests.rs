//! Tests of web pages and pictures.
//!
//! Not in the program.

use crate::mail::Message;
use crate::unpack::samples::{letter, zip};
use crate::unpack::{NoteKind, open};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Kinds of all notes, then `label type` of all members.
fn seen(name: &str, file: &str) -> (Vec<NoteKind>, Vec<String>) {
    let bytes = letter(name, file.as_bytes());
    let inside = open(&Message::parse(&bytes));
    let members = inside.items.iter().skip(1).map(|item| format!("{} {}", item.path[1..].join("/"), item.true_type));
    (inside.notes.iter().map(|note| note.kind).collect(), members.collect())
}

fn check(name: &str, file: &str, notes: &[NoteKind], members: &[&str]) {
    let (noted, found) = seen(name, file);
    assert!(notes.iter().all(|kind| noted.contains(kind)), "{file}: {noted:?}");
    // What the bare text shows as well is listed as `@OFFSET`, and opened where it was seen first.
    let (bare, decoded): (Vec<&str>, Vec<&str>) = found.iter().map(String::as_str).partition(|one| one.contains('@'));
    let is_shown = |member: &&str| {
        let name = member.rsplit_once('/').map_or(*member, |(_, name)| name);
        decoded.contains(member) || bare.iter().any(|one| one.ends_with(name))
    };
    assert!(members.iter().all(is_shown) && decoded.len() <= members.len(), "{file}\n{found:?}");
}

fn packed() -> String {
    STANDARD.encode(zip(&[("a.txt", &b"contents ".repeat(20))]))
}

const SAVE: &str =
    "var a=document.createElement('a');a.href=URL.createObjectURL(new Blob([bytes]));a.download='x';a.click();";

#[test]
fn a_page_that_builds_a_file_is_noted_and_the_file_found() {
    let code = packed();
    let want = [" text/html", "script 1 text/javascript", "decoded 1 application/zip", "decoded 1/a.txt text/plain"];
    let (half, rest) = code.split_at(code.len() / 2);
    let backwards: String = code.chars().rev().collect();
    let numbers: Vec<String> = STANDARD.decode(&code).unwrap().iter().map(ToString::to_string).collect();
    let hex: String = STANDARD.decode(&code).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    for held in [
        format!("atob('{code}')"),
        format!("atob('{half}' + \"{rest}\")"),
        format!("decode('{backwards}')"),
        format!("new Uint8Array([{}])", numbers.join(",")),
        format!("hex(\"{hex}\")"),
    ] {
        let page = format!("<html><body><script>var bytes={held};{SAVE}</script>");
        check("a.html", &page, &[NoteKind::Smuggling], &want);
    }
    let layered =
        format!("<script>eval(atob('{}'))</script>", STANDARD.encode(format!("var bytes=atob('{code}');{SAVE}")));
    let (notes, members) = seen("a.html", &layered);
    assert_eq!(notes, [NoteKind::Smuggling]);
    assert!(members.iter().any(|member| member.ends_with("/a.txt text/plain")), "{members:?}");
    let link = format!("<a download=\"x.zip\" href=\"data:application/zip;base64,{code}\">get</a>");
    check("a.htm", &link, &[NoteKind::Smuggling], &[" text/html", "x.zip application/zip", "x.zip/a.txt text/plain"]);
}

#[test]
fn code_that_nobody_can_read_is_noted_where_it_is_built_and_saved() {
    let noise: Vec<u8> = (0..3000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect();
    let code = STANDARD.encode(noise);
    let unlock = "for(i=0;i<s.length;i++)b[i]=s.charCodeAt(i)^k;";
    let page = format!("<html><script>var s=atob('{code}');{unlock}{SAVE}</script>");
    assert_eq!(seen("a.html", &page).0, [NoteKind::Smuggling]);
    let apart = format!("<html><div id=x>{code}</div><script>var s=atob(x.innerText);{unlock}{SAVE}</script>");
    assert_eq!(seen("a.html", &apart).0, [NoteKind::Smuggling]);
    let only_shown = format!("<html><script>show(atob('{code}'))</script>");
    assert_eq!(seen("a.html", &only_shown).0, []);
    let table = format!("<html><script>var bytes='a,b\\n1,2';{SAVE}</script>");
    assert_eq!(seen("a.html", &table).0, []);
}

#[test]
fn pages_are_known_without_their_mark_and_in_other_charsets() {
    check("a.html", "hello <script>x</script>", &[], &[" text/html", "script 1 text/javascript"]);
    check("a.txt", "hello <script>x</script>", &[], &[" text/plain"]);
    let wide: Vec<u8> = "\u{feff}<html><script>x</script>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bytes = letter("a", &wide);
    let inside = open(&Message::parse(&bytes));
    assert_eq!((inside.items[1].true_type.as_str(), inside.items.len()), ("text/html", 3));
    check(
        "a",
        "<iframe srcdoc=\"<script>1</script>\"></iframe>",
        &[],
        &[" text/html", "frame 1 text/html", "frame 1/script 1 text/javascript"],
    );
}

#[test]
fn pictures_that_run_scripts_are_noted() {
    let head = "<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"x\" \"y\">\n<!-- c --><svg xmlns=\"http://www.w3.org/2000/svg\"";
    let svg = |inner: &str| seen("a.svg", &format!("{head}>{inner}</svg>")).0;
    for inner in [
        "<script>alert(1)</script>",
        "<script><![CDATA[alert(1)]]></script>",
        "<style><script>alert(1)</script></style>",
        "<title/><script href=\"x.js\"/>",
        "<a xlink:href=\"java&#10;script:x\">y</a>",
        "<rect onclick=\"x()\"/>",
        "<foreignObject><form action=\"x\"><input/></form></foreignObject>",
        "<a href=\"data:text/html,%3Cscript%3E\">x</a>",
    ] {
        assert_eq!(svg(inner), [NoteKind::SvgScript], "{inner}");
    }
    assert_eq!(seen("a", &format!("{head} onload=\"x()\"/>")).0, [NoteKind::SvgScript]);
    let entity = |text: &str| format!("<!DOCTYPE svg [<!ENTITY a \"{text}\">]><svg xmlns=\"x\">&a;</svg>");
    assert_eq!(seen("a.svg", &entity("&#60;script&#62;x()&#60;/script&#62;")).0, [NoteKind::SvgScript]);
    assert_eq!(seen("a.svg", &entity("http://ns.example/")).0, []);
    for inner in [
        "<style>.a{fill:red}</style><path d=\"M0 0\"/>",
        "<foreignObject><div>text</div></foreignObject>",
        "<a href=\"http://a.example\"/>",
    ] {
        assert_eq!(svg(inner), [], "{inner}");
    }
}

#[test]
fn hostile_pages_end_in_time() {
    for piece in [
        "<script>`\\`",
        "data:",
        "<svg style='data:",
        "'",
        "\"abcdefghijklmnopqrst\",",
        "<script>",
        "<!--<?",
        "1,",
        "%u",
    ] {
        let (notes, _) = seen("a.html", &format!("<html><script>{}", piece.repeat(100_000)));
        assert!(!notes.contains(&NoteKind::Damaged), "{piece}");
    }
}
