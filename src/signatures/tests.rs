//! Whole signatures over whole contents, and the matcher beside a naive one.

use super::executable::tests::program;
use super::hex::{self, Edge, EdgeKind, Element, Pattern};
use super::*;
use crate::unpack::{Contents, Item, Role, Spent};
use std::fmt::Write;

fn database(files: &[(&str, &str)]) -> Database {
    let files: Vec<SignatureFile<'_>> =
        files.iter().map(|(name, text)| SignatureFile { name, bytes: text.as_bytes() }).collect();
    let compiled = compile(&files).unwrap();
    let wrong: Vec<&FileReport> = compiled.files.iter().filter(|file| file.wrong > 0).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    Database::open(compiled.blob).unwrap()
}

fn seen(db: &Database, true_type: &str, bytes: &[u8]) -> Seen {
    let item = Item {
        path: vec!["2".into()],
        name: None,
        declared_type: String::new(),
        true_type: true_type.into(),
        size: bytes.len() as u64,
        sha256: String::new(),
    };
    let mut scan = Scan::new(db, Spent::default);
    scan.contents(&item, &Contents { bytes, name: None, declared_type: "", role: Role::File });
    scan.finish()
}

fn names(db: &Database, true_type: &str, bytes: &[u8]) -> Vec<String> {
    let seen = seen(db, true_type, bytes);
    assert!(seen.gave_up.is_empty());
    seen.hits.into_iter().map(|hit| hit.name).collect()
}

fn in_hex(text: &[u8]) -> String {
    text.iter().fold(String::new(), |mut hex, octet| {
        write!(hex, "{octet:02x}").unwrap();
        hex
    })
}

const BINARY: &str = "application/octet-stream";

/// Does a pattern at an offset fit a text? `~` before the text: it must not.
fn check(offset_and_pattern: &str, texts: &[&str]) {
    let db = database(&[("t.ndb", &format!("T:0:{offset_and_pattern}"))]);
    for text in texts {
        let (text, want) = text.strip_prefix('~').map_or((*text, true), |text| (text, false));
        assert_eq!(!names(&db, BINARY, text.as_bytes()).is_empty(), want, "{offset_and_pattern} {text:?}");
    }
}

#[test]
fn every_form_of_a_pattern_fits_what_it_should() {
    check("*:61626364", &["abcd", "xxabcdxx", "~abc", "~abxcd", "~ABCD"]);
    check("*:6162??64", &["abcd", "abxd", "~abd"]);
    check("*:6162?465", &["abde", "abte", "~abce"]);
    check("*:61626?65", &["abde", "~abte"]);
    check("*:6162*7879", &["abxy", "ab....xy", "xyab.xy", "~xyab", "~xy"]);
    check("*:6162{2}7879", &["ab..xy", "~ab.xy", "~ab...xy"]);
    check("*:6162{-2}7879", &["abxy", "ab.xy", "ab..xy", "~ab...xy"]);
    check("*:6162{2-}7879", &["ab..xy", "ab.....xy", "~ab.xy"]);
    check("*:6162{1-2}7879", &["ab.xy", "ab..xy", "~abxy", "~ab...xy"]);
    check("*:6162[1-2]7879", &["ab.xy", "ab..xy", "~abxy", "~ab...xy"]);
    check("*:6162(63|64)65", &["abce", "abde", "~abfe"]);
    check("*:6162(6363|64)65", &["abcce", "abde", "~abce"]);
    check("*:6162!(63|64)65", &["abfe", "~abce", "~abde", "~abe"]);
    check("*:(B)6162636465", &["abcde", " abcde", "<abcde", "~xabcde"]);
    check("*:6162636465(B)", &["abcde", "abcde>", "~abcdex"]);
    check("*:(L)6162636465(L)", &["abcde", "x\nabcde\r\n", "~ abcde", "~abcde "]);
    check("*:(W)6162636465(W)", &["abcde", ".abcde.", "~1abcde", "~abcdeZ"]);
    check("*:!(W)6162636465", &["xabcde", "~.abcde", "~abcde"]);
    check("*:??6162", &["xab", "~ab"]);
    check("*:(61|62)7879", &["axy", "bxy", "~cxy"]);
}

#[test]
fn offsets_bind_a_pattern_to_its_place() {
    check("0:616263", &["abc.", "~.abc"]);
    check("2:616263", &["..abc", "~.abc", "~...abc"]);
    check("1,2:616263", &[".abc", "..abc", "...abc", "~abc", "~....abc"]);
    check("EOF-3:616263", &["...abc", "~abc."]);
    check("EOF-5,1:616263", &["abc..", ".abc.", "~..abc", "~abc"]);
    check("0:6162*6364", &["ab..cd", "~.ab..cd"]);
    let db = database(&[(
        "t.ndb",
        "Ep:1:EP+1:626364\nS0:1:S0+0:616263\nSl:1:SL+2:636465\nSe:1:SE0:64656667\nNo:1:S1+0:616263",
    )]);
    let windows = "application/vnd.microsoft.portable-executable";
    assert_eq!(names(&db, windows, &program(b"abcdefgh", 0)), ["Ep", "S0", "Sl", "Se"]);
    assert_eq!(names(&db, windows, &program(b"xbcabcde", 0)), [""; 0]);
    assert_eq!(names(&db, BINARY, &program(b"abcdefgh", 0)), [""; 0]);
}

#[test]
fn logical_signatures_hold_by_their_expression() {
    let check = |line: &str, texts: &[&str]| {
        let db = database(&[("t.ldb", line)]);
        for text in texts {
            let (text, want) = text.strip_prefix('~').map_or((*text, true), |text| (text, false));
            assert_eq!(!names(&db, BINARY, text.as_bytes()).is_empty(), want, "{line} {text:?}");
        }
    };
    check("T;Target:0;0&1;61626364;7778797a", &["abcd.wxyz", "wxyzabcd", "~abcd", "~wxyz"]);
    check("T;Target:0;0|1;61626364;7778797a", &["abcd", "wxyz", "~abc"]);
    check("T;Target:0;0&1=0;61626364;7778797a", &["abcd", "~abcd.wxyz"]);
    check("T;Target:0;0=2;61626364", &["abcdabcd", "~abcd", "~abcdabcdabcd"]);
    check("T;Target:0;0>1;61626364", &["abcdabcd", "~abcd"]);
    check("T;Target:0;(0|1)>1,2;61626364;7778797a", &["abcdwxyz", "~abcdabcd"]);
    check("T;Target:0;0;61626364::i", &["ABcd", "abcd", "~abce"]);
    check("T;Target:0;0;6162::w", &["a\0b\0", "~ab"]);
    check("T;Target:0;0;6162::wa", &["a\0b\0", "ab"]);
    check("T;Target:0;0;61626364::f", &[".abcd.", "abcd", "~xabcd", "~abcdx"]);
    check("T;Target:0;0;0:61626364", &["abcd", "~.abcd"]);
    check("T;Target:0,FileSize:5-6;0;61626364", &["abcd.", "~abcd", "~abcd..."]);
    check("T;Target:0;0&1;61626364;0/x[0-9]+y/", &["abcd x12y", "~abcd xy", "~x12y"]);
    check("T;Target:0;0&1;61626364;5:0/x[0-9]+y/i", &["abcd.X1Y", "~abcdX1Y"]);
    check("T;Target:0;1>1;61626364;0/x/g", &["abcdxx", "~abcdx"]);
}

#[test]
fn digests_are_found_and_good_ones_silence() {
    let eicar = concat!(r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").as_bytes();
    let body = format!("Eicar.Body:0:0:{}", in_hex(eicar));
    let hdb = "44d88612fea8a8f36de82e1278abb02f:68:Eicar.Md5";
    let hsb = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f:*:Eicar.Sha256:73";
    let files = [("e.ndb", body.as_str()), ("e.hdb", hdb), ("e.hsb", hsb)];
    assert_eq!(names(&database(&files), "text/plain", eicar), ["Eicar.Md5", "Eicar.Sha256", "Eicar.Body"]);
    let good = [&files[..], &[("e.fp", "44d88612fea8a8f36de82e1278abb02f:68:Good")]].concat();
    let hits = seen(&database(&good), "text/plain", eicar).hits;
    assert!(hits.len() == 3 && hits.iter().all(|hit| hit.class == Some(Class::Allowed)), "{hits:?}");
    let ignored = [&files[..], &[("e.ign2", "Eicar.Md5\nEicar.Body:00000000000000000000000000000000\n")]].concat();
    let hits = seen(&database(&ignored), "text/plain", eicar).hits;
    let allowed: Vec<&str> = hits.iter().filter(|hit| hit.class.is_some()).map(|hit| hit.name.as_str()).collect();
    assert_eq!(allowed, ["Eicar.Md5"]);
    let code = b"a section of a program";
    let section = format!("{}:{}:Sect", code.len(), md5_of(code));
    let windows = "application/vnd.microsoft.portable-executable";
    assert_eq!(names(&database(&[("s.mdb", &section)]), windows, &program(code, 0)), ["Sect"]);
}

fn md5_of(bytes: &[u8]) -> String {
    use md5::Digest;
    in_hex(&md5::Md5::digest(bytes))
}

#[test]
fn pages_and_texts_are_matched_in_their_normal_form() {
    let page = format!("Page:3:*:{}", in_hex(b"<a href=\"http://x.example/\">click"));
    let text = format!("Text:7:*:{}", in_hex(b"dear friend, i have"));
    let raw = format!("Raw:0:*:{}", in_hex(b"Dear\n Friend"));
    let db = database(&[("t.ndb", &format!("{page}\n{text}\n{raw}"))]);
    assert_eq!(names(&db, "text/html", b"<A\n  HREF='http://X.example/'><!-- x -->Click</a>"), ["Page"]);
    assert_eq!(names(&db, "text/plain", b"Dear\n Friend,\n I  have"), ["Raw", "Text"]);
    assert_eq!(names(&db, BINARY, b"Dear\n Friend,\n I  have"), ["Raw"]);
}

#[test]
fn files_are_reported_and_what_is_wrong_has_its_line() {
    let files = [
        ("a.ndb", "# a comment\nGood:0:*:61626364\nBad:0:*:6162g4\n\nShort:0:*:61\n"),
        ("b.cdb", "x\ny\n"),
        ("c.yar", "rule a { condition: fals }"),
        ("readme.txt", "hello"),
    ];
    let files = files.map(|(name, text)| SignatureFile { name, bytes: text.as_bytes() });
    let reports = compile(&files).unwrap().files.into_iter().skip(1).collect::<Vec<_>>();
    assert_eq!((reports[0].loaded, reports[0].wrong, reports[0].problems[0].line), (1, 1, 3));
    assert_eq!(reports[0].unserved.values().sum::<usize>(), 1);
    assert_eq!((reports[1].loaded, reports[1].unserved.values().sum::<usize>()), (0, 2));
    assert!(reports[2].is_broken() && !reports[0].is_broken());
    assert_eq!((reports[3].kind, reports[3].wrong), ("", 0));
}

#[test]
fn a_broken_file_is_told_in_words_that_say_what_it_should_be() {
    let unread = FileReport::unread("d.ndb".into(), "Permission denied".into());
    assert_eq!(unread.why_broken().as_deref(), Some("d.ndb can't be read: Permission denied"));
    for (name, text, begin) in [
        ("a.yar", "rule a {\n condition: $b }", Some("a.yar is not a valid YARA file: line 2: ")),
        ("b.ndb", "# a comment\n<html>\n", Some("b.ndb is not a valid ClamAV file: line 2: ")),
        ("c.hdb", "<html>", Some("c.hdb is not a valid ClamAV file: line 1: ")),
        ("e.ndb", "Good:0:*:61626364\nBad:0:*:6162g4\n", None),
        ("f.ndb", "", None),
    ] {
        let reports = compile(&[SignatureFile { name, bytes: text.as_bytes() }]).unwrap().files;
        let words = reports[1].why_broken();
        assert_eq!(words.as_deref().map(|words| words.get(..begin.map_or(0, str::len)).unwrap()), begin, "{words:?}");
    }
}

#[test]
fn contents_made_to_take_long_are_given_up_and_said() {
    let lines: String = (0..50).map(|n| format!("T{n}:0:*:61616161{{0-9000}}6161{{0-9000}}61{n:02}62\n")).collect();
    let db = database(&[("t.ndb", &lines)]);
    let seen = seen(&db, BINARY, &vec![b'a'; 300_000]);
    assert_eq!(seen.gave_up, [["2"]]);
}

/// xorshift
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn letter(&mut self) -> char {
        ['a', 'b', 'A', ' '][self.below(4) as usize]
    }

    fn octet(&mut self) -> String {
        in_hex(&[self.letter() as u8])
    }

    fn pattern(&mut self) -> String {
        let mut text = ["", "", "", "(B)", "(W)", "!(L)"][self.below(6) as usize].to_string();
        for at in 0..1 + self.below(6) {
            if at > 0 {
                text += &match self.below(12) {
                    0 => "*".to_string(),
                    1 => "{1-3}".to_string(),
                    2 => "{-2}".to_string(),
                    3 => "{2-}".to_string(),
                    4 => "??".to_string(),
                    5 => "6?".to_string(),
                    6 => format!("({}|{})", self.octet(), self.octet()),
                    7 => format!("({}{}|{})", self.octet(), self.octet(), self.octet()),
                    8 => format!("!({}|{})", self.octet(), self.octet()),
                    _ => String::new(),
                };
            }
            text += &format!("{}{}", self.octet(), self.octet());
        }
        text + ["", "", "", "(B)", "(W)", "(L)"][self.below(6) as usize]
    }
}

/// Every place where the elements may end, by trying everything.
fn naive_ends(elements: &[Element], text: &[u8], at: usize) -> Vec<usize> {
    let Some((first, rest)) = elements.split_first() else { return vec![at] };
    let one = |(value, mask): (u8, u8), at: usize| text.get(at).is_some_and(|octet| octet & mask == value & mask);
    let row = |row: &Vec<(u8, u8)>| (0..row.len()).all(|n| one(row[n], at + n));
    let nexts: Vec<usize> = match first {
        Element::Literal(octets) if text[at..].starts_with(octets) => vec![at + octets.len()],
        Element::Literal(_) => vec![],
        Element::Masked(octet) => {
            if one(*octet, at) {
                vec![at + 1]
            } else {
                vec![]
            }
        }
        Element::Gap { min, max } => (at + *min as usize..=(at + *max as usize).min(text.len())).collect(),
        Element::Choice { negated: false, rows } => rows.iter().filter(|r| row(r)).map(|r| at + r.len()).collect(),
        Element::Choice { negated: true, rows } if rows.iter().any(row) => vec![],
        Element::Choice { rows, .. } => vec![at + rows[0].len()],
    };
    nexts.into_iter().filter(|at| *at <= text.len()).flat_map(|at| naive_ends(rest, text, at)).collect()
}

fn naive_edge(edge: Option<Edge>, next: Option<u8>, behind: &[u8]) -> bool {
    let Some(Edge { kind, negated }) = edge else { return true };
    let fits = next.is_none_or(|octet| match kind {
        EdgeKind::Boundary => behind.contains(&octet),
        EdgeKind::Line => octet == b'\n',
        EdgeKind::Word => !octet.is_ascii_alphanumeric(),
    });
    fits != negated
}

fn naive(pattern: &Pattern, text: &[u8]) -> bool {
    let mut from: Vec<usize> =
        (0..text.len()).filter(|at| naive_edge(pattern.left, at.checked_sub(1).map(|at| text[at]), b" \n")).collect();
    for (index, part) in pattern.parts.iter().enumerate() {
        let begins: Vec<usize> = if index == 0 {
            from
        } else {
            let first = from.iter().min().map_or(usize::MAX, |first| first + part.min_gap as usize);
            (first..=text.len()).collect()
        };
        from = begins.into_iter().flat_map(|at| naive_ends(&part.elements, text, at)).collect();
    }
    from.into_iter().any(|at| naive_edge(pattern.right, text.get(at).copied(), b" \n"))
}

#[test]
fn the_matcher_finds_what_a_naive_one_finds() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (mut fitted, mut tried) = (0, 0);
    for round in 0..60 {
        let patterns: Vec<String> = (0..50).map(|_| chance.pattern()).collect();
        let lines: String = patterns.iter().enumerate().map(|(n, p)| format!("P{n}:0:*:{p}\n")).collect();
        let db = database(&[("t.ndb", &lines)]);
        for _ in 0..6 {
            let length = chance.below(40) as usize;
            let text: String = (0..length).map(|_| chance.letter()).collect();
            let mut scan = Scan::new(&db, Spent::default);
            scan.message(text.as_bytes());
            let found: Vec<String> = scan.finish().hits.into_iter().map(|hit| hit.name).collect();
            for (n, pattern) in patterns.iter().enumerate() {
                let want = naive(&hex::read(pattern).unwrap(), text.as_bytes());
                tried += 1;
                fitted += usize::from(want);
                let is_found = found.contains(&format!("P{n}"));
                assert!(found.len() == 50 || is_found == want, "round {round}: {pattern} in {text:?}: want {want}");
            }
        }
    }
    assert!(fitted > tried / 20 && fitted < tried * 19 / 20, "{fitted} of {tried}");
}
