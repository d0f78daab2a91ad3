//! A real clamd with signatures of our own: what it finds is held, what it could not scan is never called clean.

use crate::{
    is_missing, program,
    world::{Ledger, Stored, World, free_port, kill_group, wait_until},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustix::process::Signal;
use std::{
    fs,
    io::{Cursor, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const ANNA: &str = "anna@tamis.example";
/// In two halves, so that no scanner finds it in our files.
const EICAR: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EIC", "AR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
/// Words that clamd alone knows, under the name of a collection of spam.
const WORDS: &str = "the yellow lighthouse sings at noon";
/// Octets of its StreamMaxLength.
const STREAM_BYTES: usize = 1 << 20;

/// A running clamd with its own folder, ended on drop.
struct Clamd {
    child: Child,
    socket: PathBuf,
    port: u16,
}

impl Clamd {
    /// Ready to answer.
    fn start(world: &World) -> Self {
        let (folder, socket, port) = (world.path("clamd"), world.path("clamd/clamd.ctl"), free_port());
        fs::create_dir_all(folder.join("db")).unwrap();
        let hex = |text: &str| text.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
        let signatures =
            format!("Tamis.Test.Eicar:0:*:{}\nSanesecurity.Junk.1:0:*:{}\n", hex(&EICAR.concat()), hex(WORDS));
        fs::write(folder.join("db/local.ndb"), signatures).unwrap();
        // Started by root without `User` it stays root, which is all the same here: its peers may open the socket.
        let conf = format!(
            "Foreground yes\nLocalSocket {}\nLocalSocketMode 666\nTCPSocket {port}\nTCPAddr 127.0.0.1\n\
             DatabaseDirectory {}\nTemporaryDirectory {}\nStreamMaxLength {STREAM_BYTES}\nSelfCheck 0\n",
            socket.display(),
            folder.join("db").display(),
            folder.display(),
        );
        fs::write(folder.join("clamd.conf"), conf).unwrap();
        let log = fs::File::create(folder.join("clamd.log")).unwrap();
        let mut command = Command::new(program("clamd").unwrap());
        command.arg("-c").arg(folder.join("clamd.conf")).stdin(Stdio::null());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).process_group(0).spawn().unwrap();
        let clamd = Self { child, socket, port };
        wait_until(60, "clamd listens", || {
            clamd.socket.exists() && TcpStream::connect(("127.0.0.1", clamd.port)).is_ok()
        });
        clamd
    }

    fn signal(&self, signal: Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}

fn world() -> World {
    let mut world = World::new();
    world.accept_domains(&["tamis.example"]);
    world.set("[clamd]\nseconds = 2\n");
    world
}

fn text(id: &str, words: &str) -> Vec<u8> {
    format!(
        "From: Carla <carla@friends.example>\r\nTo: <anna@tamis.example>\r\nMessage-ID: <{id}@friends.example>\r\n\
         Date: Sun, 1 Mar 2026 10:00:00 +0100\r\nSubject: {id}\r\n\r\n{words}\r\n"
    )
    .into_bytes()
}

fn with_zip(id: &str, contents: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("notes.txt", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(contents.as_bytes()).unwrap();
    let encoded = STANDARD.encode(zip.finish().unwrap().into_inner());
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: Carla <carla@friends.example>\r\nTo: <anna@tamis.example>\r\nMessage-ID: <{id}@friends.example>\r\n\
         Date: Sun, 1 Mar 2026 10:00:00 +0100\r\nSubject: {id}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the notes.\r\n\
         --b\r\nContent-Type: application/zip; name=\"notes.zip\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"notes.zip\"\r\n\r\n{}\r\n--b--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// The answer, within a few seconds.
fn send(world: &World, message: &[u8]) -> String {
    let mut ledger = Ledger::default();
    let begun = Instant::now();
    world.lmtp().deliver(&mut ledger, "carla@friends.example", &[ANNA.to_string()], message).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    ledger.answers[0].1.to_string()
}

fn stored(world: &World, id: &str) -> Stored {
    let is_it = |mail: &Stored| mail.header("Message-ID") == [format!("<{id}@friends.example>")];
    world.mail_of(ANNA).into_iter().find(is_it).unwrap_or_else(|| panic!("{id} is not there"))
}

fn held(world: &World, id: &str) -> serde_json::Value {
    let list = world.json(&["quarantine", "list"]);
    list.into_iter().find(|held| held["subject"] == id).unwrap_or_else(|| panic!("{id} is not held"))
}

#[test]
fn a_real_clamd_finds_what_is_in_a_zip_and_what_only_it_knows() {
    if is_missing(&["clamd"], false) {
        return;
    }
    let mut world = world();
    let clamd = Clamd::start(&world);
    for (n, way) in [
        format!("[clamd]\nsocket = {:?}\n", clamd.socket),
        format!("[clamd]\nsocket = \"\"\ntcp = \"127.0.0.1:{}\"\n", clamd.port),
    ]
    .iter()
    .enumerate()
    {
        world.set(way);
        world.start();
        let id = |what: &str| format!("{what}-{n}");
        assert!(send(&world, &with_zip(&id("eicar"), &EICAR.concat())).starts_with("250"));
        let held = held(&world, &id("eicar"));
        assert_eq!((held["class"].as_str(), held["operator_only"].as_bool()), (Some("VIRUS"), Some(true)));
        assert!(held.to_string().contains("clamd: Tamis.Test.Eicar.UNOFFICIAL"), "{held}");

        assert!(send(&world, &with_zip(&id("junk"), WORDS)).starts_with("250"));
        let mail = stored(&world, &id("junk"));
        assert_eq!(mail.header("X-PM-Scan"), ["SPAM"]);
        let report = mail.header("X-PM-Report").concat();
        assert!(report.contains("(clamd: Sanesecurity.Junk.1.UNOFFICIAL)"), "{report}");

        assert!(send(&world, &with_zip(&id("notes"), "Tuesday at eight")).starts_with("250"));
        assert_eq!(stored(&world, &id("notes")).header("X-PM-Scan"), ["CLEAN"]);

        // More than its StreamMaxLength, of which we know nothing: it closes while we still send.
        let large = text(&id("large"), &"Tuesday at eight\r\n".repeat(STREAM_BYTES / 4));
        assert!(send(&world, &large).starts_with("250"));
        let mail = stored(&world, &id("large"));
        assert_eq!(mail.header("X-PM-Scan"), ["UNSCANNED"]);
        let report = mail.header("X-PM-Report").concat();
        assert!(report.contains("size limit exceeded"), "{report}");

        let check = String::from_utf8(world.output(&["config", "check"])).unwrap();
        assert!(check.contains("clamd answers: ClamAV"), "{check}");
        assert!(world.stop().success());
    }
}

#[test]
fn while_a_real_clamd_hangs_or_is_gone_messages_wait_or_are_marked_and_none_is_clean() {
    if is_missing(&["clamd"], false) {
        return;
    }
    let mut world = world();
    let clamd = Clamd::start(&world);
    world.set(&format!("[clamd]\nsocket = {:?}\n", clamd.socket));
    world.start();
    assert!(send(&world, &text("before", "Hello")).starts_with("250"));
    assert_eq!(stored(&world, "before").header("X-PM-Scan"), ["CLEAN"]);

    clamd.signal(Signal::STOP);
    assert!(send(&world, &with_zip("waits", &EICAR.concat())).starts_with("451 4.7.1"));
    assert!(send(&world, &text("marked", "Hello")).starts_with("250"));
    let mail = stored(&world, "marked");
    assert_eq!(mail.header("X-PM-Scan"), ["UNSCANNED"]);
    assert!(mail.header("X-PM-Report").concat().contains("no answer within 2 s"));
    clamd.signal(Signal::CONT);
    assert!(send(&world, &with_zip("waits", &EICAR.concat())).starts_with("250"));
    assert_eq!(held(&world, "waits")["class"], "VIRUS");

    drop(clamd);
    for n in 0..5 {
        assert!(send(&world, &with_zip(&format!("gone-{n}"), "Tuesday")).starts_with("451 4.7.1"));
        assert!(send(&world, &text(&format!("text-{n}"), "Hello")).starts_with("250"));
        assert_eq!(stored(&world, &format!("text-{n}")).header("X-PM-Scan"), ["UNSCANNED"]);
    }
    assert!(world.stop().success());
    world.set("[clamd]\nunscanned_with_attachments = \"quarantine\"\n");
    world.start();
    assert!(send(&world, &with_zip("held", "Tuesday")).starts_with("250"));
    assert_eq!(held(&world, "held")["class"], "UNSCANNED");
    let clean: Vec<_> = world.journal(14).into_iter().filter(|row| row["class"] == "CLEAN").collect();
    assert_eq!(clean.len(), 1, "only the one that was scanned: {clean:?}");
    // A clamd that is back is asked again, without a restart of ours.
    let _clamd = Clamd::start(&world);
    assert!(send(&world, &with_zip("gone-0", "Tuesday")).starts_with("250"));
    assert_eq!(stored(&world, "gone-0").header("X-PM-Scan"), ["CLEAN"]);
}
