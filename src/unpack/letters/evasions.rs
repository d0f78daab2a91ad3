//! Letters that are built to be read differently, and what is seen of the file in each.
//!
//! A payload in an encoding, in a structure, with one mistake: all combinations. Levels: 3 and 2 are valid, 1 is odd but
//! legal, 0 is broken. Not in the program. `cargo test evasions -- --nocapture` prints the scores.

use super::message::tests::base64_lines;
use crate::mail::Message;
use crate::unpack::samples::zip;
use crate::unpack::{NoteKind, eicar, open};

/// One letter of the table.
struct Letter {
    level: u8,
    name: String,
    text: Vec<u8>,
}

/// The part with the payload, in pieces that mistakes change.
#[derive(Clone)]
struct Piece {
    content_type: String,
    encoding: String,
    disposition: String,
    /// Between the header and the body.
    gap: String,
    body: String,
}

/// The structure around the part.
#[derive(Clone)]
struct Frame {
    head: String,
    before: String,
    after: String,
}

fn payload() -> Vec<u8> {
    zip(&[("eicar.com", &eicar::sample())])
}

/// How the payload is written: name, field, text, level.
fn codings() -> Vec<(&'static str, String, String, u8)> {
    let bytes = payload();
    let base64 = base64_lines(&bytes);
    let quoted: String = bytes
        .chunks(20)
        .map(|line| line.iter().map(|byte| format!("={byte:02X}")).collect::<String>() + "=\r\n")
        .collect();
    vec![
        ("base64", "base64".to_string(), base64.clone(), 3),
        ("quoted", "quoted-printable".to_string(), quoted, 2),
        ("uuencode", "x-uuencode".to_string(), uuencode("eicar.zip", &bytes), 1),
        ("binhex", "x-binhex".to_string(), crate::mail::binhex("eicar.zip", &bytes), 1),
        ("plain file", "base64".to_string(), base64_lines(&eicar::sample()), 3),
        ("BASE64", "BaSe64".to_string(), base64, 2),
    ]
}

fn uuencode(name: &str, bytes: &[u8]) -> String {
    let letter = |value: u32| char::from(if value & 63 == 0 { b'`' } else { 32 + (value as u8 & 63) });
    let mut text = format!("begin 644 {name}\r\n");
    for line in bytes.chunks(45) {
        text.push(letter(line.len() as u32));
        for group in line.chunks(3) {
            let at = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
            let all = at(0) << 16 | at(1) << 8 | at(2);
            text.extend([18, 12, 6, 0].map(|shift| letter(all >> shift)));
        }
        text.push_str("\r\n");
    }
    text + "`\r\nend"
}

const TOP: &str = "From: a@b.example\r\nTo: c@d.example\r\nDate: Mon, 1 Sep 2025 10:00:00 +0200\r\nSubject: x\r\nMIME-Version: 1.0\r\n";

/// Structures around the part: name and level.
fn frames() -> Vec<(&'static str, u8, Frame)> {
    let frame = |head: &str, before: &str, after: &str| Frame {
        head: head.to_string(),
        before: before.to_string(),
        after: after.to_string(),
    };
    vec![
        (
            "mixed",
            3,
            frame(
                "Content-Type: multipart/mixed; boundary=\"outer\"\r\n",
                "\r\n--outer\r\nContent-Type: text/plain\r\n\r\nhello\r\n--outer\r\n",
                "\r\n--outer--\r\n",
            ),
        ),
        (
            "nested",
            2,
            frame(
                "Content-Type: multipart/mixed; boundary=\"outer\"\r\n",
                "\r\n--outer\r\nContent-Type: multipart/related; boundary=\"inner\"\r\n\r\n--inner\r\n\r\nhello\r\n--inner\r\n",
                "\r\n--inner--\r\n\r\n--outer--\r\n",
            ),
        ),
        (
            "message",
            2,
            frame(
                "Content-Type: multipart/mixed; boundary=\"outer\"\r\n",
                "\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/mixed; boundary=\"inner\"\r\n\r\n--inner\r\n\r\nhello\r\n--inner\r\n",
                "\r\n--inner--\r\n--outer--\r\n",
            ),
        ),
        ("single", 3, frame("", "", "\r\n")),
    ]
}

type Mistake = (&'static str, u8, fn(&mut Piece, &mut Frame));

/// In other encodings such junk would be part of the file.
fn in_base64(piece: &mut Piece, change: fn(&str) -> String) {
    if piece.encoding.to_lowercase().contains("base64") {
        piece.body = change(&piece.body);
    }
}

/// What is done to a letter: name, level, and how.
const MISTAKES: &[Mistake] = &[
    ("none", 3, |_, _| {}),
    ("folded type", 2, |p, _| p.content_type = p.content_type.replace("; ", ";\r\n\t")),
    ("folded encoding", 2, |p, _| p.encoding = p.encoding.replace(": ", ":\r\n ")),
    ("no disposition", 2, |p, _| p.disposition.clear()),
    ("comment in type", 1, |p, _| p.content_type = p.content_type.replace("application/", "(a) application/")),
    ("comment in encoding", 1, |p, _| p.encoding = p.encoding.replace(": ", ": (why) ")),
    ("comment behind encoding", 1, |p, _| p.encoding = p.encoding.replace("\r\n", " (why)\r\n")),
    ("text in preamble", 1, |_, f| f.before = f.before.replacen("\r\n--", "\r\nThis is a preamble\r\n--", 1)),
    ("text in epilogue", 1, |_, f| f.after.push_str("bye\r\n")),
    ("padded boundary lines", 1, |_, f| f.before = f.before.replace("outer\r\n", "outer   \r\n")),
    ("boundary in pieces", 1, |_, f| f.head = f.head.replace("boundary=\"outer\"", "boundary*0=ou; boundary*1=ter")),
    ("boundary escaped", 1, |_, f| f.head = f.head.replace("boundary=\"outer\"", "boundary*=us-ascii''o%75ter")),
    ("boundary folded", 1, |_, f| f.head = f.head.replace("boundary=\"outer\"", "\r\n boundary=\r\n \"outer\"")),
    ("type pieces", 1, |p, _| p.content_type = p.content_type.replace("name=eicar.zip", "name*0=ei; name*1=car.zip")),
    ("blank in base64", 1, |p, _| in_base64(p, |body| body.replace('A', "A "))),
    ("doubled encoding first", 0, |p, _| p.encoding.push_str("Content-Transfer-Encoding: 7bit\r\n")),
    ("doubled encoding last", 0, |p, _| p.encoding.insert_str(0, "Content-Transfer-Encoding: 7bit\r\n")),
    ("doubled encoding wrong", 0, |p, _| p.encoding.push_str("Content-Transfer-Encoding: quoted-printable\r\n")),
    ("no encoding", 0, |p, _| p.encoding.clear()),
    ("encoding 8bit", 0, |p, _| p.encoding = "Content-Transfer-Encoding: 8bit\r\n".to_string()),
    ("encoding nonsense", 0, |p, _| p.encoding = "Content-Transfer-Encoding: x-nothing\r\n".to_string()),
    ("encoding quoted", 0, |p, _| p.encoding = p.encoding.replace(": ", ": \"").replace("\r\n", "\"\r\n")),
    ("encoding with junk", 0, |p, _| p.encoding = p.encoding.replace("\r\n", "; x=y\r\n")),
    ("encoding as word", 0, |p, _| {
        p.encoding = p.encoding.replace(": ", ": =?us-ascii?q?").replace("\r\n", "?=\r\n");
    }),
    ("space before colon", 0, |p, _| p.encoding = p.encoding.replace(':', " :")),
    ("nul in name", 0, |p, _| p.encoding = p.encoding.replace("Transfer", "Tra\0nsfer")),
    ("space in name", 0, |p, _| p.encoding = p.encoding.replace("Transfer-", "Transfer -")),
    ("doubled type", 0, |p, _| p.content_type.push_str("Content-Type: text/plain\r\n")),
    ("doubled type first", 0, |p, _| p.content_type.insert_str(0, "Content-Type: text/html\r\n")),
    ("type nonsense", 0, |p, _| p.content_type = "Content-Type: zip!\r\n".to_string()),
    ("type multipart", 0, |p, _| p.content_type = "Content-Type: multipart/mixed; boundary=none\r\n".to_string()),
    ("type message", 0, |p, _| p.content_type = "Content-Type: message/rfc822\r\n".to_string()),
    ("type external", 0, |p, _| p.content_type = "Content-Type: message/external-body; access-type=x\r\n".to_string()),
    ("type missing", 0, |p, _| p.content_type.clear()),
    ("no empty line", 0, |p, _| p.gap.clear()),
    ("blank line with space", 0, |p, _| p.gap = " \r\n".to_string()),
    ("two empty lines", 0, |p, _| p.content_type.push_str("\r\n")),
    ("fields behind empty line", 0, |p, _| p.encoding.insert_str(0, "\r\n")),
    ("junk characters", 0, |p, _| in_base64(p, |body| body.replace('B', "B!*"))),
    ("junk lines", 0, |p, _| in_base64(p, |body| body.replacen("\r\n", "\r\n*** ---\r\n", 1))),
    ("text before", 0, |p, _| p.body.insert_str(0, "Here it is:\r\n")),
    ("word before", 0, |p, _| p.body.insert_str(0, "Hello\r\n")),
    ("text behind", 0, |p, _| p.body.push_str("\r\n_____\r\nThe list\r\n")),
    ("pads before", 0, |p, _| p.body.insert_str(0, "aGVsbG8=\r\n")),
    ("pads within", 0, |p, _| {
        p.body.insert_str(0, "UGxlYXNlIHNlZSB0aGUgYXR0YWNoZWQgZmlsZSBmb3IgZGV0YWlscyE=\r\n==\r\n");
    }),
    ("no closing boundary", 0, |_, f| f.after = "\r\n".to_string()),
    ("nothing behind", 0, |_, f| f.after.clear()),
    ("closed before", 0, |_, f| f.before = f.before.replace("hello\r\n--outer\r\n", "hello\r\n--outer--\r\n")),
    ("closed and open", 0, |_, f| f.before = f.before.replace("--outer\r\n", "--outer--\r\n--outer\r\n")),
    ("doubled boundary", 0, |_, f| f.head = f.head.replace("boundary=", "boundary=\"other\"; boundary=")),
    ("doubled boundary last", 0, |_, f| f.head = f.head.replace("\"\r\n", "\"; boundary=\"other\"\r\n")),
    ("doubled multipart", 0, |_, f| {
        f.head.push_str("Content-Type: multipart/mixed; boundary=\"other\"\r\n");
    }),
    ("doubled multipart first", 0, |_, f| f.head.insert_str(0, "Content-Type: text/plain\r\n")),
    ("boundary missing", 0, |_, f| f.head = f.head.replace("; boundary=\"outer\"", "")),
    ("boundary other", 0, |_, f| f.head = f.head.replace("\"outer\"", "\"wrong\"")),
    ("boundary unclosed quote", 0, |_, f| f.head = f.head.replace("outer\"", "outer")),
    ("boundary longer", 0, |_, f| f.head = f.head.replace("outer", "out")),
    ("boundary single quotes", 0, |_, f| f.head = f.head.replace('"', "'")),
    ("boundary as word", 0, |_, f| f.head = f.head.replace("outer", "=?us-ascii?q?outer?=")),
    ("boundary empty", 0, |_, f| {
        f.head = f.head.replace("\"outer\"", "\"\"");
        f.before = f.before.replace("--outer", "--");
    }),
    ("boundary indented", 0, |_, f| f.before = f.before.replace("--outer", " --outer")),
    ("multipart as text", 0, |_, f| f.head = f.head.replace("multipart/mixed", "text/plain")),
    ("multipart alone", 0, |_, f| f.head = f.head.replace("multipart/mixed", "multipart")),
    ("multipart spaced", 0, |_, f| f.head = f.head.replace("multipart/mixed", "multipart/ mixed")),
    ("multipart without version", 0, |_, f| f.head.insert_str(0, "MIME-Version: 9.9\r\n")),
    ("multipart in base64", 0, |_, f| f.head.push_str("Content-Transfer-Encoding: base64\r\n")),
    ("multipart quoted", 0, |_, f| f.head.push_str("Content-Transfer-Encoding: quoted-printable\r\n")),
    ("first boundary missing", 0, |_, f| f.before = f.before.replacen("--outer\r\n", "", 1)),
    ("part in preamble", 0, |_, f| f.before = f.before.replace("\r\n--outer\r\n", "\r\n-- outer\r\n")),
    ("bare cr", 0, |p, f| {
        p.encoding = p.encoding.replace("\r\n", "\r");
        f.before = f.before.replace("hello\r\n", "hello\r");
    }),
    ("bare lf", 0, |p, f| {
        p.gap = "\n".to_string();
        f.before = f.before.replace("\r\n", "\n");
    }),
    ("nul in body", 0, |p, _| p.body = p.body.replace('C', "C\0")),
];

/// All combinations that differ from the letter without the mistake.
fn letters() -> Vec<Letter> {
    let mut all = Vec::new();
    for (coding, field, body, coding_level) in codings() {
        for (frame_name, frame_level, frame) in frames() {
            let plain = Piece {
                content_type: "Content-Type: application/zip; name=eicar.zip\r\n".to_string(),
                encoding: format!("Content-Transfer-Encoding: {field}\r\n"),
                disposition: "Content-Disposition: attachment; filename=eicar.zip\r\n".to_string(),
                gap: "\r\n".to_string(),
                body: body.clone(),
            };
            let sound = written(&plain, &frame);
            for (name, level, make) in MISTAKES {
                let (mut piece, mut around) = (plain.clone(), frame.clone());
                make(&mut piece, &mut around);
                let text = written(&piece, &around);
                if text != sound || *name == "none" {
                    let level = *[level, &coding_level, &frame_level].into_iter().min().unwrap();
                    all.push(Letter { level, name: format!("{coding}, {frame_name}, {name}"), text });
                }
            }
        }
    }
    all
}

fn written(piece: &Piece, frame: &Frame) -> Vec<u8> {
    let part = [&piece.content_type, &piece.encoding, &piece.disposition, &piece.gap, &piece.body].map(String::as_str);
    [TOP, &frame.head, &frame.before, &part.concat(), &frame.after].concat().into_bytes()
}

#[test]
fn the_file_is_seen_whatever_is_done_to_the_letter() {
    let mut scores = [(0, 0, 0); 4];
    let letters = letters();
    for letter in &letters {
        let message = Message::parse(&letter.text);
        let notes = open(&message).notes;
        let is_seen = notes.iter().any(|note| note.kind == NoteKind::Eicar);
        let is_said = !message.ambiguities.is_empty() || notes.iter().any(|note| note.kind == NoteKind::Ambiguous);
        let score = &mut scores[usize::from(letter.level)];
        *score = (score.0 + 1, score.1 + u32::from(is_seen), score.2 + u32::from(is_seen || is_said));
        if !is_seen {
            println!("unseen{}: level {} {}", if is_said { " but said" } else { "" }, letter.level, letter.name);
        }
    }
    for (level, (all, seen, said)) in scores.iter().enumerate().rev() {
        println!("level {level}: {seen} of {all} seen, {said} seen or said to be ambiguous");
    }
    assert!(letters.len() >= 372, "{}", letters.len());
    let [broken, valid @ ..] = scores;
    assert!(valid.iter().all(|(all, seen, _)| seen == all), "{scores:?}");
    assert!(broken.1 * 100 >= broken.0 * 92, "{scores:?}");
    assert!(scores.iter().all(|(all, _, said)| said == all), "{scores:?}");
}
