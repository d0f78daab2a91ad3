//! The commands beside a running server, as people and programs use them.

use crate::world::{Ledger, World, wait_until};
use std::io::Write as _;
use std::process::Stdio;

const ANNA: &str = "anna@tamis.example";
const GTUBE: &str = concat!("XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X");

fn world(settings: &str) -> World {
    let mut world = World::new();
    world.accept_domains(&["tamis.example"]);
    world.set(settings);
    world.start();
    world
}

fn letter(subject: &str, body: &str) -> Vec<u8> {
    let head = "From: Carla <carla@friends.example>\r\nTo: <anna@tamis.example>\r\nMessage-ID: <1@friends.example>\r\n";
    format!("{head}Subject: {subject}\r\n\r\n{body}\r\n").into_bytes()
}

fn deliver(world: &World, message: &[u8]) {
    let mut ledger = Ledger::default();
    world.lmtp().deliver(&mut ledger, "carla@friends.example", &[ANNA.to_string()], message).unwrap();
    assert!(ledger.answers.iter().all(|(_, reply)| reply.is_ok()), "{:?}", ledger.answers);
}

#[test]
fn a_held_message_is_listed_shown_released_once_and_deleted() {
    let world = world("[class.spam]\naction = \"quarantine\"\n");
    let message = letter("held", GTUBE);
    deliver(&world, &message);
    assert_eq!(world.mail_of(ANNA).len(), 0);
    let held = world.json(&["quarantine", "list", "--user", ANNA]);
    assert_eq!((held.len(), held[0]["class"].as_str(), held[0]["subject"].as_str()), (1, Some("SPAM"), Some("held")));
    let id = held[0]["id"].as_str().unwrap();
    assert_eq!(world.output(&["quarantine", "show", id, "--raw"]), message, "the quarantine keeps what came");

    world.output(&["quarantine", "release", id]);
    world.output(&["quarantine", "release", id]);
    let mail = world.mail_of(ANNA);
    assert_eq!(mail.len(), 1, "released twice, delivered once");
    assert_eq!(mail[0].header("X-PM-Scan"), ["SPAM"]);
    assert_eq!(mail[0].header("X-PM-Released").len(), 1);
    assert!(mail[0].bytes.ends_with(&message));

    world.output(&["quarantine", "delete", id]);
    assert!(world.json(&["quarantine", "list"]).is_empty());
    let gone = world.command(&["quarantine", "show", id]).output().unwrap();
    assert_eq!(gone.status.code(), Some(65), "EX_DATAERR");
}

#[test]
fn scan_prints_the_contract_and_nothing_else() {
    let world = world("");
    let file = world.own_file("letter.eml", letter("scan", "See https://shop.example/week or www.news.example."));
    let scan = world.json(&["scan", "--offline", file.to_str().unwrap(), file.to_str().unwrap()]);
    assert_eq!(scan.len(), 2, "one object per file");
    let keys: Vec<&String> = scan[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["class", "defects", "file", "findings", "links", "ms", "parts", "read_as", "score"]);
    let part: Vec<&String> = scan[0]["parts"][0].as_object().unwrap().keys().collect();
    assert_eq!(part, ["declared_type", "name", "path", "sha256", "size", "true_type"]);
    let hosts: Vec<&str> = scan[0]["links"].as_array().unwrap().iter().filter_map(|l| l["host"].as_str()).collect();
    assert_eq!(hosts, ["shop.example", "www.news.example"]);
    let missing = world.command(&["scan", "/nonexistent/letter"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(66), "EX_NOINPUT");
}

#[test]
fn explain_says_all_and_writes_nothing() {
    let world = world("");
    let file = world.own_file("letter.eml", letter("why", GTUBE));
    let it = &world.json(&["explain", file.to_str().unwrap(), "--for", ANNA])[0];
    assert_eq!(it["verdict"]["class"], "SPAM");
    assert_eq!(it["plan"]["actions"][0]["folder"], "INBOX.Spams");
    assert!(!it["plan"]["trace"].as_array().unwrap().is_empty());
    assert_eq!(world.mail_of(ANNA).len(), 0);
    assert!(world.json(&["journal", "list"]).is_empty());
    let nobody = world.command(&["explain", file.to_str().unwrap(), "--for", "x@elsewhere.example"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(67), "EX_NOUSER");
}

#[test]
fn a_piped_message_is_delivered_beside_the_server_and_found_in_the_journal() {
    let world = world("");
    let mut command = world.command(&["deliver", ANNA, "nobody@elsewhere.example"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"From: cron@tamis.example\nSubject: piped\n\nwith bare LF\n").unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(67), "one of the two is no user");
    let mail = world.mail_of(ANNA);
    assert!(mail[0].bytes.ends_with(b"\n\nwith bare LF\n") && !mail[0].bytes.contains(&b'\r'), "its line ends stay");
    let rows = world.json(&["journal", "list", "--to", "anna"]);
    assert_eq!(
        (rows.len(), rows[0]["subject"].as_str(), rows[0]["outcome"].as_str()),
        (1, Some("piped"), Some("INBOX"))
    );
    let shown = &world.json(&["journal", "show", &rows[0]["id"].to_string()])[0];
    assert_eq!(shown["details"]["plan"]["actions"][0]["folder"], "INBOX");
}

#[test]
fn a_reload_changes_the_next_message_and_a_bad_file_changes_nothing() {
    let world = world("");
    let mut open = world.lmtp();
    let good = std::fs::read_to_string(world.config()).unwrap();
    let hold = format!("{good}\n[class.spam]\naction = \"quarantine\"\n");
    world.own_file("tamis.toml", format!("{hold}\n[lmtp2]\nx = 1\n"));
    world.signal(rustix::process::Signal::HUP);
    wait_until(20, "the bad file is refused in the log", || world.log().contains("settings not taken"));
    assert!(world.log().contains("lmtp2"), "{}", world.log());
    world.own_file("tamis.toml", hold);
    world.signal(rustix::process::Signal::HUP);
    wait_until(20, "the good file is taken", || world.log().contains("settings read again"));
    let mut ledger = Ledger::default();
    open.deliver(&mut ledger, "carla@friends.example", &[ANNA.to_string()], &letter("hup", GTUBE)).unwrap();
    assert!(ledger.answers[0].1.is_ok(), "the connection opened before goes on");
    assert_eq!(world.json(&["quarantine", "list"]).len(), 1);
}

#[test]
fn what_the_documentation_promises_to_print_is_printed() {
    let world = world("");
    let text = |words: &[&str]| String::from_utf8(world.output(words)).unwrap();
    assert!(text(&["docs", "man"]).contains("quarantine release"));
    assert!(text(&["docs", "completions", "bash"]).contains("quarantine"));
    assert!(text(&["config", "explain", "lmtp.unix"]).contains("lmtp.unix"));
    assert!(text(&["config", "show"]).contains("tamis.toml:"));
    assert!(text(&["config", "check"]).contains("no mistake found"));
    assert!(text(&["rules", "list"]).contains("gtube"));
    assert!(text(&["rules", "check"]).contains(" 0 problems"));
}
