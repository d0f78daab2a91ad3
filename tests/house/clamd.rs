//! A clamd that misbehaves in front of the real server: what it did not scan goes the operator's way and is never clean.

use crate::world::{Ledger, Stored, World};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ANNA: &str = "anna@tamis.example";

/// What a false clamd does when it has the whole message.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Says(&'static [u8]),
    /// Closes in the middle of the message.
    Leaves,
    Silent,
    Endless,
    /// Takes connections and answers nothing at all, not even PING.
    Hangs,
}

/// A false clamd on loopback, until the test's process ends.
struct False {
    port: u16,
    manner: Arc<Mutex<Manner>>,
}

impl False {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let manner = Arc::new(Mutex::new(manner));
        let theirs = Arc::clone(&manner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manner = *theirs.lock().unwrap();
                // A peer that goes away in the middle is no fault of the test.
                std::thread::spawn(move || talk(stream, manner).ok());
            }
        });
        Self { port, manner }
    }

    fn behaves(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

fn talk(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    if matches!(manner, Manner::Hangs) {
        return stream.read_to_end(&mut Vec::new()).map(drop);
    }
    let mut command = Vec::new();
    while !command.ends_with(b"\0") {
        let mut octet = [0];
        stream.read_exact(&mut octet)?;
        command.push(octet[0]);
    }
    match &command[..] {
        b"zPING\0" => return stream.write_all(b"PONG\0"),
        b"zVERSION\0" => return stream.write_all(b"ClamAV 1.4.6/27815/Mon Nov 17 08:28:34 2025\0"),
        other => assert_eq!(other, b"zINSTREAM\0"),
    }
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 {
            break;
        }
        stream.read_exact(&mut vec![0; length])?;
        if matches!(manner, Manner::Leaves) {
            return Ok(());
        }
    }
    match manner {
        Manner::Says(words) => stream.write_all(words),
        Manner::Endless => loop {
            stream.write_all(&[b'a'; 1000])?;
        },
        Manner::Silent | Manner::Hangs | Manner::Leaves => stream.read_to_end(&mut Vec::new()).map(drop),
    }
}

fn world(clamd: &False, more: &str) -> World {
    let mut world = World::new();
    world.accept_domains(&["tamis.example", "open.example", "points.example"]);
    world.set(&format!("[clamd]\ntcp = \"127.0.0.1:{}\"\nseconds = 1\n", clamd.port));
    world.set(more);
    world.start();
    world
}

fn text(id: &str) -> Vec<u8> {
    format!(
        "From: Carla <carla@friends.example>\r\nTo: <anna@tamis.example>\r\nMessage-ID: <{id}@friends.example>\r\n\
         Date: Sun, 1 Mar 2026 10:00:00 +0100\r\nSubject: {id}\r\n\r\nSee you on Tuesday.\r\n"
    )
    .into_bytes()
}

fn with_attachment(id: &str, name: &str, contents: &str) -> Vec<u8> {
    format!(
        "From: Carla <carla@friends.example>\r\nTo: <anna@tamis.example>\r\nMessage-ID: <{id}@friends.example>\r\n\
         Date: Sun, 1 Mar 2026 10:00:00 +0100\r\nSubject: {id}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the notes.\r\n\
         --b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{contents}\r\n--b--\r\n"
    )
    .into_bytes()
}

fn attachment(id: &str) -> Vec<u8> {
    with_attachment(id, "notes.csv", "Tuesday;eight\r\n")
}

fn send(world: &World, rcpts: &[&str], message: &[u8]) -> Vec<String> {
    let mut ledger = Ledger::default();
    let rcpts: Vec<String> = rcpts.iter().map(|rcpt| (*rcpt).to_string()).collect();
    world.lmtp().deliver(&mut ledger, "carla@friends.example", &rcpts, message).unwrap();
    ledger.answers.iter().map(|(_, reply)| reply.to_string()).collect()
}

fn stored(world: &World, id: &str) -> Option<Stored> {
    world.mail_of(ANNA).into_iter().find(|mail| mail.header("Message-ID") == [format!("<{id}@friends.example>")])
}

fn held(world: &World, id: &str) -> Option<serde_json::Value> {
    world.json(&["quarantine", "list"]).into_iter().find(|held| held["subject"] == id)
}

fn assert_nothing_is_clean(world: &World, rows: usize) {
    for row in world.journal(rows) {
        assert_ne!(row["class"], "CLEAN", "{row}");
    }
}

#[test]
fn whatever_clamd_does_what_it_did_not_scan_waits_or_is_marked() {
    let clamd = False::start(Manner::Silent);
    let world = world(&clamd, "");
    let manners = [
        (Manner::Says(b"stream: Can't open file or directory ERROR\0"), "open file or directory ERROR"),
        (Manner::Says(b"HTTP/1.1 200 OK\r\n\r\n"), "its answer is none"),
        (Manner::Says(b"stream: OK"), "its answer is none"),
        (Manner::Says(b"stream: OK\0stream: OK\0"), "its answer is none"),
        (Manner::Says(b""), "without an answer"),
        (Manner::Leaves, ""),
        (Manner::Endless, "more than 4096 octets"),
        (Manner::Silent, "no answer within 1 s"),
    ];
    for (n, (manner, why)) in manners.iter().enumerate() {
        clamd.behaves(*manner);
        let begun = Instant::now();
        let id = format!("with-{n}");
        let answers = send(&world, &[ANNA], &attachment(&id));
        assert!(answers[0].starts_with("451 4.7.1"), "{manner:?}: {answers:?}");
        let id = format!("text-{n}");
        let answers = send(&world, &[ANNA], &text(&id));
        assert!(answers[0].starts_with("250"), "{manner:?}: {answers:?}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{manner:?}: {:?}", begun.elapsed());
        let mail = stored(&world, &id).unwrap();
        assert_eq!(mail.header("X-PM-Scan"), ["UNSCANNED"], "{manner:?}");
        let report = mail.header("X-PM-Report").concat();
        assert!(report.starts_with("not_scanned_by_clamd=0.0 (") && report.contains(why), "{manner:?}: {report}");
    }
    assert_nothing_is_clean(&world, 2 * manners.len());
    // Who answers again is asked again, and a message that had to wait arrives.
    clamd.behaves(Manner::Says(b"stream: OK\0"));
    assert!(send(&world, &[ANNA], &attachment("with-0"))[0].starts_with("250"));
    assert_eq!(stored(&world, "with-0").unwrap().header("X-PM-Scan"), ["CLEAN"]);
}

#[test]
fn what_clamd_finds_is_judged_by_its_name_and_the_name_can_not_break_out() {
    let clamd = False::start(Manner::Says(b"stream: OK\0"));
    let world = world(&clamd, "");
    for (id, reply, class) in [
        ("virus", &b"stream: Win.Test.Sample-1.UNOFFICIAL FOUND\0"[..], "VIRUS"),
        ("broken", b"stream: Evil\r\nX-PM-Scan: CLEAN\r\n\r\n FOUND\0", "VIRUS"),
        ("phish", b"stream: Heuristics.Phishing.Email.SpoofedDomain FOUND\0", "SPAM"),
        ("junk", b"stream: Sanesecurity.Junk.12345.UNOFFICIAL FOUND\0", "SPAM"),
        ("pua", b"stream: PUA.Win.Packer.Test-1 FOUND\0", "CLEAN"),
    ] {
        clamd.behaves(Manner::Says(reply));
        assert!(send(&world, &[ANNA], &text(id))[0].starts_with("250"), "{id}");
        if class == "VIRUS" {
            let held = held(&world, id).unwrap();
            assert_eq!((held["class"].as_str(), held["operator_only"].as_bool()), (Some("VIRUS"), Some(true)));
            assert!(held["why"].as_str().unwrap().contains("clamd: "), "{held}");
            assert!(!held.to_string().contains("\\r\\n"), "{held}");
            continue;
        }
        let mail = stored(&world, id).unwrap();
        assert_eq!(mail.header("X-PM-Scan"), [class], "{id}");
        let report = mail.header("X-PM-Report").concat();
        assert!(report.contains("signature_") && report.contains("(clamd: "), "{report}");
    }
    // The file alone, as people look at it; and without asking anybody.
    clamd.behaves(Manner::Says(b"stream: Win.Test.Sample-1 FOUND\0"));
    let file = world.own_file("letter.eml", text("file"));
    assert_eq!(world.json(&["scan", file.to_str().unwrap()])[0]["class"], "VIRUS");
    assert_eq!(world.json(&["scan", "--offline", file.to_str().unwrap()])[0]["class"], "CLEAN");
    let explained = |words: &[&str]| {
        let told = world.json(&[&["explain", file.to_str().unwrap(), "--for", ANNA], words].concat());
        told[0]["verdict"]["class"].as_str().unwrap().to_string()
    };
    assert_eq!((explained(&[]).as_str(), explained(&["--offline"]).as_str()), ("VIRUS", "CLEAN"));
    let check = String::from_utf8(world.output(&["config", "check"])).unwrap();
    assert!(check.contains("clamd answers: ClamAV 1.4.6/27815/"), "{check}");
}

#[test]
fn each_class_of_messages_goes_the_way_that_the_operator_chose() {
    let clamd = False::start(Manner::Says(b""));
    let set = |attachments: &str, text: &str, more: &str| {
        format!("[clamd]\nunscanned_with_attachments = {attachments:?}\nunscanned_text_only = {text:?}\n{more}")
    };
    let world_of = |more: &str| world(&clamd, more);

    let world = world_of(&set("quarantine", "retry", "tries = 1\nthen = \"quarantine\"\n"));
    assert!(send(&world, &[ANNA], &attachment("with"))[0].starts_with("250"));
    let it = held(&world, "with").unwrap();
    assert_eq!((it["class"].as_str(), it["operator_only"].as_bool()), (Some("UNSCANNED"), Some(false)), "{it}");
    assert!(it["why"].as_str().unwrap().contains("clamd did not scan it"), "{it}");
    for (n, want) in ["451 4.7.1", "250"].iter().enumerate() {
        assert!(send(&world, &[ANNA], &text("text"))[0].starts_with(want), "{n}");
    }
    assert_eq!(held(&world, "text").unwrap()["class"], "UNSCANNED");
    assert!(world.mail_of(ANNA).is_empty());
    assert_nothing_is_clean(&world, 3);

    let world = world_of(&set("mark", "quarantine", ""));
    assert!(send(&world, &[ANNA], &attachment("with"))[0].starts_with("250"));
    assert_eq!(stored(&world, "with").unwrap().header("X-PM-Scan"), ["UNSCANNED"]);
    assert!(send(&world, &[ANNA], &text("text"))[0].starts_with("250"));
    assert!(held(&world, "text").is_some() && stored(&world, "text").is_none());

    let world = world_of(&set("retry", "mark", "tries = 2\n"));
    for (n, want) in ["451 4.7.1", "451 4.7.1", "250"].iter().enumerate() {
        assert!(send(&world, &[ANNA], &attachment("with"))[0].starts_with(want), "{n}");
    }
    assert_eq!(stored(&world, "with").unwrap().header("X-PM-Scan"), ["UNSCANNED"]);
    // One that clamd will never take is not sent round in circles.
    clamd.behaves(Manner::Says(b"INSTREAM size limit exceeded. ERROR\0"));
    assert!(send(&world, &[ANNA], &attachment("large"))[0].starts_with("250"));
    let report = stored(&world, "large").unwrap().header("X-PM-Report").concat();
    assert!(report.contains("size limit exceeded"), "{report}");
    assert_nothing_is_clean(&world, 4);
}

#[test]
fn a_message_larger_than_clamd_takes_is_not_scanned_and_the_operator_is_warned() {
    let clamd = False::start(Manner::Says(b"stream: OK\0"));
    let world = world(&clamd, "[clamd]\nstream_bytes_max = \"1 MiB\"\n");
    let large = with_attachment("large", "notes.csv", &"Tuesday;eight\r\n".repeat(80_000));
    assert!(send(&world, &[ANNA], &large)[0].starts_with("250"));
    let mail = stored(&world, "large").unwrap();
    assert_eq!(mail.header("X-PM-Scan"), ["UNSCANNED"]);
    assert!(mail.header("X-PM-Report").concat().contains("clamd takes 1048576 at most"));
    assert!(world.log().contains("are not scanned: raise StreamMaxLength"), "{}", world.log());
}

/// A script: its first line makes it one for Unix systems, whatever its name.
fn program(id: &str) -> Vec<u8> {
    with_attachment(id, "notes.csv", "#!/bin/sh\nrm -rf ~\n")
}

#[test]
fn one_program_means_different_things_in_different_domains_and_its_recipient_may_have_it() {
    let clamd = False::start(Manner::Says(b"stream: OK\0"));
    let world = world(
        &clamd,
        "[domain.\"open.example\"]\ncontent.programs = \"allow\"\n\
         [domain.\"points.example\"]\ncontent.programs = \"points\"\n\
         [user.\"ben@tamis.example\"]\ncontent.released_by = \"operator\"\n",
    );
    let rcpts = [ANNA, "ben@tamis.example", "carla@open.example", "dora@points.example"];
    assert!(send(&world, &rcpts, &program("program")).iter().all(|answer| answer.starts_with("250")));
    let class = |address: &str| world.mail_of(address)[0].header("X-PM-Scan").concat();
    assert_eq!(class("carla@open.example"), "CLEAN");
    let report = world.mail_of("carla@open.example")[0].header("X-PM-Report").concat();
    assert!(report.contains("program_inside=0.0"), "{report}");
    assert_eq!(class("dora@points.example"), "SPAM");
    let held = world.json(&["quarantine", "list"]);
    let mut who: Vec<(&str, bool)> =
        held.iter().map(|held| (held["rcpt"].as_str().unwrap(), held["operator_only"].as_bool().unwrap())).collect();
    who.sort_unstable();
    assert_eq!(who, [(ANNA, false), ("ben@tamis.example", true)]);
    assert!(held.iter().all(|held| held["class"] == "VIRUS"));
    let id = held.iter().find(|held| held["rcpt"] == ANNA).unwrap()["id"].as_str().unwrap();
    world.output(&["quarantine", "release", id]);
    let mail = world.mail_of(ANNA);
    assert_eq!((mail.len(), mail[0].header("X-PM-Scan").concat().as_str()), (1, "VIRUS"));
    assert!(mail[0].bytes.ends_with(&program("program")));
}

#[test]
fn the_settings_of_unpack_bound_the_look_of_the_workers() {
    let clamd = False::start(Manner::Says(b"stream: OK\0"));
    let world = world(&clamd, "[unpack]\nentries = 1\n");
    assert!(send(&world, &[ANNA], &attachment("many"))[0].starts_with("250"));
    let held = held(&world, "many").unwrap();
    assert_eq!(held["class"], "UNSCANNED", "two parts, one allowed");
    assert!(held["why"].as_str().unwrap().contains("too many files"), "{held}");
}

// The worst of both: a clamd that hangs, and a worker that never answers.
#[test]
fn a_message_is_answered_within_a_minute_when_everybody_hangs() {
    let clamd = False::start(Manner::Hangs);
    let world = world(&clamd, "[clamd]\nseconds = 40\n[look]\nworkers = 1\n");
    let [worker] = world.workers()[..] else { panic!("{:?}", world.workers()) };
    rustix::process::kill_process(worker, rustix::process::Signal::STOP).unwrap();
    let begun = Instant::now();
    let answers = send(&world, &[ANNA], &attachment("stuck"));
    assert!(answers[0].starts_with("451 4.3.0"), "{answers:?}");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    // The worker that hung is replaced, and the same message arrives.
    clamd.behaves(Manner::Says(b"stream: OK\0"));
    assert!(send(&world, &[ANNA], &attachment("stuck"))[0].starts_with("250"));
    assert_eq!(stored(&world, "stuck").unwrap().header("X-PM-Scan"), ["CLEAN"]);
}
