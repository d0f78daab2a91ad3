//! `tamis sieve` beside a running server: what scripts did, and what they would make of mail that is there.

use crate::world::{Ledger, World};
use std::fs;
use std::os::unix::fs::chown;

const ANNA: &str = "anna@tamis.example";
const SCRIPT: &str = "\
require [\"fileinto\", \"imap4flags\"];
# rule:[Lists]
if header :contains \"list-id\" \"rust\" {
    fileinto :flags \"\\\\Flagged\" \"Lists\";
}
# rule:[Never]
elsif header :is \"subject\" \"no such subject\" { discard; }
";

/// Anna's script, and these letters delivered to her: (number, extra header field, subject).
fn world(letters: &[(u32, &str, &str)]) -> World {
    let mut world = World::new();
    world.accept_domains(&["tamis.example"]);
    world.make_home(ANNA);
    world.own_file("mail/anna/.dovecot.sieve", SCRIPT);
    world.start();
    let mut ledger = Ledger::default();
    let mut wire = world.lmtp();
    for (number, field, subject) in letters {
        let message = format!(
            "{field}From: Carla <carla@friends.example>\r\nTo: <{ANNA}>\r\nMessage-ID: <{number}@friends.example>\r\n\
             Subject: {subject}\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nHello\r\n"
        );
        wire.deliver(&mut ledger, "carla@friends.example", &[ANNA.to_string()], message.as_bytes()).unwrap();
    }
    assert!(ledger.answers.iter().all(|(_, reply)| reply.is_ok()), "{:?}", ledger.answers);
    world.journal(letters.len());
    world
}

/// Folder and name of all of Anna's mail.
fn places(world: &World) -> Vec<(String, String)> {
    world.mail_of(ANNA).into_iter().map(|mail| (mail.folder, mail.file_name)).collect()
}

fn folders(world: &World) -> Vec<String> {
    places(world).into_iter().map(|(folder, _)| folder).collect()
}

fn text(world: &World, words: &[&str]) -> String {
    String::from_utf8(world.output(words)).unwrap()
}

#[test]
fn why_shows_the_line_and_the_values_that_matched() {
    let world = world(&[(1, "List-Id: <rust.example>\r\n", "on a list"), (2, "", "plain")]);
    let reasons = world.json(&["sieve", "why", "<1@friends.example>"]);
    assert_eq!(reasons.len(), 1);
    let it = &reasons[0];
    assert_eq!((it["rcpt"].as_str(), it["outcome"].as_str()), (Some(ANNA), Some("INBOX.Lists")));
    let steps: Vec<_> =
        it["steps"].as_array().unwrap().iter().map(|s| (s["line"].as_u64(), s["text"].as_str())).collect();
    let lines: Vec<&str> = SCRIPT.lines().map(str::trim).collect();
    assert_eq!(steps, [(Some(3), Some(lines[2])), (Some(4), Some(lines[3]))]);
    let told = text(&world, &["sieve", "why", "1@friends.example", "--user", ANNA]);
    assert!(told.contains("dovecot:3 header list-id: \"<rust.example>\" contains \"rust\""), "{told}");
    assert!(told.contains("dovecot:4 fileinto INBOX.Lists"), "{told}");
    let plain = text(&world, &["sieve", "why", "2@friends.example"]);
    assert!(plain.contains("→ INBOX") && plain.contains("no script decided this"), "{plain}");

    let none = world.command(&["sieve", "why", "9@friends.example"]).output().unwrap();
    assert_eq!(none.status.code(), Some(65), "EX_DATAERR");
    let words = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(words.contains("journal.days") && words.contains("tamis journal list"), "{words}");
    let other = world.command(&["sieve", "why", "1@friends.example", "--user", "ben@tamis.example"]).output().unwrap();
    assert_eq!(other.status.code(), Some(65), "it is not in his mail");
}

#[test]
fn stats_count_each_rule_and_tell_which_never_acted() {
    let list = "List-Id: <rust.example>\r\n";
    let world = world(&[(1, list, "a"), (2, list, "b"), (3, "", "c"), (4, "", "d")]);
    let hits = &world.json(&["sieve", "stats", ANNA])[0];
    assert_eq!((hits["messages"].as_u64(), hits["failed"].as_u64()), (Some(4), Some(0)));
    let rules: Vec<_> = hits["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["line"].as_u64(), r["name"].as_str(), r["hits"].as_u64(), r["share"].as_f64(), r["last"].is_i64()))
        .collect();
    let lists = (Some(4), Some("Lists"), Some(2), Some(0.5), true);
    // An `elsif` belongs to the rule whose `if` it goes on with.
    assert_eq!(rules, [lists, (Some(7), Some("Lists"), Some(0), Some(0.0), false)]);
    let told = text(&world, &["sieve", "stats", ANNA, "--days", "7"]);
    assert!(told.contains("4 messages in 7 days") && told.contains("dovecot:4") && told.contains("50.0 %"), "{told}");
    assert!(told.contains("never"), "{told}");
}

#[test]
fn a_new_script_is_compared_with_the_active_one_over_a_maildir() {
    let list = "List-Id: <rust.example>\r\n";
    let world = world(&[(1, list, "a list"), (2, "", "=?utf-8?q?gr=C3=BCn?="), (3, "", "plain"), (4, "", "plain")]);
    let before = places(&world);
    let new =
        world.own_file("new.sieve", format!("{SCRIPT}if header :is \"subject\" \"grün\" {{ fileinto \"Green\"; }}\n"));
    let maildir = world.home(ANNA).join("Maildir");
    let (new, maildir) = (new.to_str().unwrap(), maildir.to_str().unwrap());
    let told = world.json(&["sieve", "test", new, maildir, "--user", ANNA]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(
        (told[0]["message_id"].as_str(), told[0]["subject"].as_str()),
        (Some("2@friends.example"), Some("grün"))
    );
    assert_eq!((&told[0]["old"][0], &told[0]["new"][0]), (&"INBOX".into(), &"INBOX.Green".into()));
    assert_eq!(told[1]["summary"], serde_json::json!({ "messages": 4, "different": 1 }));

    let other = world.own_file("other.sieve", "redirect \"b@elsewhere.example\";");
    let other = other.to_str().unwrap();
    let words = text(&world, &["sieve", "test", other, maildir, "--active", new, "--folder", "Lists"]);
    assert!(words.contains("this script would treat 1 of 1 messages differently"), "{words}");
    assert!(words.contains("INBOX.Lists (\\Flagged)") && words.contains("redirect to b@elsewhere.example"), "{words}");
    assert_eq!(places(&world), before, "nothing is written");

    for (args, code, says) in [
        (vec![new, maildir], 64, "--user"),
        (vec![new, new, "--user", ANNA], 64, "no Maildir"),
        (vec![new, maildir, "--user", ANNA, "--folder", "Nowhere"], 66, "no folder INBOX.Nowhere"),
        (vec![new, "/tmp", "--user", ANNA], 66, "no Maildir"),
        (vec![new, maildir, "--user", "x@elsewhere.example"], 67, "x@elsewhere.example"),
    ] {
        let out = world.command(&[&["sieve", "test"], &args[..]].concat()).output().unwrap();
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{args:?}: {words}");
        assert!(words.contains(says), "{args:?}: {words}");
    }
}

#[test]
fn apply_files_old_mail_anew_and_loses_nothing() {
    let list = "List-Id: <rust.example>\r\n";
    let world = world(&[(1, list, "a"), (2, "", "b"), (3, "", "no such subject"), (4, "", "c")]);
    // The third was discarded; put it there by hand, seen.
    let by_hand = world.home(ANNA).join("Maildir/cur/9.hand,S=60:2,S");
    fs::write(&by_hand, "Message-ID: <9@friends.example>\r\nSubject: no such subject\r\n\r\n").unwrap();
    let (uid, gid) = crate::world::mail_owner();
    chown(&by_hand, Some(uid), Some(gid)).unwrap();
    let sort = "if header :is \"subject\" \"b\" { fileinto \"B\"; }\nif header :is \"subject\" \"c\" \
                { fileinto :flags \"work\" \"C\"; redirect \"b@elsewhere.example\"; }\n";
    world.own_file("mail/anna/.dovecot.sieve", format!("{SCRIPT}{sort}"));
    let before = places(&world);
    assert_eq!(folders(&world), ["INBOX", "INBOX", "INBOX", "INBOX.Lists"]);

    let apply = ["sieve", "apply", "--user", ANNA, "--folder", "INBOX"];
    let dry = world.json(&[&apply[..], &["--dry-run"]].concat());
    assert_eq!(places(&world), before, "a dry run does nothing");
    let summary = serde_json::json!({ "messages": 3, "moved": 2, "skipped": 2, "failed": 0, "dry_run": true });
    assert_eq!(dry.last().unwrap()["summary"], summary);
    let of = |id: &str| dry.iter().find(|it| it["message_id"] == id).unwrap();
    assert_eq!(of("2@friends.example")["to"][0], "INBOX.B");
    assert_eq!(
        (&of("4@friends.example")["to"][0], &of("4@friends.example")["skipped"][0]),
        (&"INBOX.C (work)".into(), &"redirect to b@elsewhere.example".into())
    );
    assert_eq!(
        (&of("9@friends.example")["stays"], &of("9@friends.example")["skipped"][0]),
        (&true.into(), &"discard".into())
    );

    let told = text(&world, &apply);
    assert!(told.contains("2 of 3 messages of INBOX were filed anew"), "{told}");
    assert_eq!(folders(&world), ["INBOX", "INBOX.B", "INBOX.C", "INBOX.Lists"]);
    let moved = world.mail_of(ANNA).into_iter().find(|mail| mail.folder == "INBOX.C").unwrap();
    assert!(moved.file_name.ends_with(":2,a"), "the keyword has a letter: {}", moved.file_name);
    assert_eq!(moved.size_in_name('S'), Some(moved.bytes.len() as u64));
    let after = places(&world);
    assert!(text(&world, &apply).contains("0 of 1 messages"), "there is nothing left to do");
    assert_eq!(places(&world), after);

    world.output(&[&apply[..], &["--allow-discard"]].concat());
    assert_eq!(folders(&world), ["INBOX.B", "INBOX.C", "INBOX.Lists", "INBOX.Trash"]);
    assert!(places(&world).iter().any(|(folder, name)| folder == "INBOX.Trash" && name == "9.hand,S=60:2,S"));
    let bad = world.own_file("bad.sieve", "fileinto \"A\";");
    let out = world.command(&[&apply[..], &["--script", bad.to_str().unwrap()]].concat()).output().unwrap();
    assert_eq!(out.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&out.stdout).contains("add require \"fileinto\""));
}

#[test]
fn extensions_are_those_that_scripts_may_require() {
    let world = world(&[]);
    let told = text(&world, &["sieve", "extensions"]);
    let names: Vec<&str> = told.lines().collect();
    assert!(names.contains(&"fileinto") && names.contains(&"vacation") && !names.contains(&"replace"), "{told}");
    assert_eq!(world.json(&["sieve", "extensions"])[0].as_array().unwrap().len(), names.len());
    let all: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let script = world.own_file("all.sieve", format!("require [{}];\nkeep;\n", all.join(", ")));
    assert_eq!(world.json(&["sieve", "check", script.to_str().unwrap()])[0]["compile"]["ok"], true);
}
