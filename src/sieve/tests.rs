//! Scripts and what becomes of a message: the promises of the room as tables.
//!
//! Tests only. The numbers are those of the defects that the engine is known to have.

use super::*;
use crate::mail::{Line, Stamp};
use crate::plan::Action;

const MESSAGE: &[u8] = b"From: Boss <boss@example.org>\r\nTo: anna@example.org\r\nSubject: Hello rust\r\n\
    List-Id: Rust users <rust-users.lists.example.org>\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nX-Score: abc\r\n\
    \r\nThe body.\r\n";

fn request(scripts: &[&str]) -> Request {
    Request {
        scripts: scripts.iter().enumerate().map(|(n, text)| Script::new(format!("s{n}"), *text)).collect(),
        includes: vec![
            Include { name: "file".into(), global: false, text: "require \"fileinto\"; fileinto \"Inc\";".into() },
            Include { name: "loop".into(), global: false, text: "require \"include\"; include \"loop\";".into() },
            Include { name: "bad".into(), global: true, text: "kepe;".into() },
            Include { name: "stop".into(), global: true, text: "stop;".into() },
        ],
        folders: vec!["INBOX.There".into()],
        from: "x@example.net".into(),
        to: "anna+lists@example.org".into(),
        recipient_delimiter: "+".into(),
        ..Request::default()
    }
}

/// The plan in short: `INBOX/S INBOX.A`, `discard`, and `!` where there was trouble.
fn short(plan: &Plan) -> String {
    let mut words: Vec<String> = plan
        .actions
        .iter()
        .map(|action| match action {
            Action::File { folder, flags, .. } if flags.letters().is_empty() => folder.to_string(),
            Action::File { folder, flags, .. } => format!("{folder}/{}", flags.letters()),
            Action::Discard { .. } => "discard".into(),
            Action::Send(_) => "send".into(),
            Action::Quarantine { .. } => "quarantine".into(),
        })
        .collect();
    words.extend(plan.trouble.is_some().then(|| "!".to_string()));
    words.join(" ")
}

fn check(scripts: &[&str], want: &str) {
    let plan = plan(MESSAGE, &request(scripts));
    assert_eq!(short(&plan), want, "{scripts:?}\n{plan:?}");
}

#[test]
fn plain_scripts_do_what_they_say() {
    for (script, want) in [
        ("", "INBOX"),
        ("keep;", "INBOX"),
        ("stop;", "INBOX"),
        ("discard;", "discard"),
        ("require \"fileinto\"; fileinto \"A.B\";", "INBOX.A.B"),
        ("require \"fileinto\"; fileinto \"INBOX\";", "INBOX"),
        ("require [\"fileinto\", \"copy\"]; fileinto :copy \"A\";", "INBOX.A INBOX"),
        ("require [\"fileinto\", \"copy\"]; fileinto :copy \"A\"; discard;", "INBOX.A"),
        ("require \"imap4flags\"; addflag \"\\\\Flagged\";", "INBOX/F"),
        ("require \"imap4flags\"; keep :flags [\"\\\\Seen\", \"\\\\Draft\"];", "INBOX/DS"),
        ("require [\"fileinto\", \"imap4flags\"]; setflag \"\\\\Seen\"; fileinto \"A\";", "INBOX.A/S"),
        ("require [\"fileinto\", \"body\"]; if body :contains \"the body\" { fileinto \"A\"; }", "INBOX.A"),
        ("require [\"fileinto\", \"envelope\"]; if envelope \"from\" \"x@example.net\" { fileinto \"A\"; }", "INBOX.A"),
        (
            "require [\"fileinto\", \"envelope\", \"subaddress\"]; if envelope :detail \"to\" \"lists\" { fileinto \"A\"; }",
            "INBOX.A",
        ),
        ("require \"environment\"; if environment \"name\" \"tamis\" { discard; }", "discard"),
        ("require [\"fileinto\", \"mailbox\"]; if mailboxexists \"There\" { fileinto :create \"A\"; }", "INBOX.A"),
        ("require [\"fileinto\", \"mailbox\"]; if mailboxexists \"No\" { fileinto \"A\"; }", "INBOX"),
        ("require [\"fileinto\", \"regex\"]; if header :regex \"subject\" \"^hel+o\" { fileinto \"A\"; }", "INBOX.A"),
        ("require [\"fileinto\", \"date\"]; if date \"date\" \"year\" \"2026\" { fileinto \"A\"; }", "INBOX.A"),
        ("require [\"include\"]; include \"file\";", "INBOX.Inc"),
        ("require [\"include\"]; include :global \"stop\"; discard;", "INBOX"),
        ("require [\"include\"]; include :optional \"none\"; discard;", "discard"),
        (
            "require [\"fileinto\", \"foreverypart\", \"mime\"]; foreverypart { if header :mime :type \"content-type\" \"x\" { discard; } }",
            "INBOX",
        ),
        ("require \"ihave\"; if ihave \"vnd.bogus\" { bogus; } else { discard; }", "discard"),
    ] {
        check(&[script], want);
    }
}

#[test]
fn no_known_defect_of_the_engine_loses_a_message() {
    for (script, want) in [
        // 1 and 2: an explicit keep stays.
        ("keep; discard;", "INBOX"),
        ("discard; keep;", "INBOX"),
        ("require \"fileinto\"; keep; fileinto \"A\";", "INBOX INBOX.A"),
        ("require \"fileinto\"; fileinto \"A\"; discard;", "INBOX.A"),
        ("keep; redirect \"a@b.example\";", "INBOX send"),
        // 3: variables live beyond their block.
        ("require [\"fileinto\", \"variables\"]; if true { set \"n\" \"Work\"; } fileinto \"${n}\";", "INBOX.Work"),
        // 4: any key may match.
        ("require \"variables\"; set \"x\" \"a\"; if not string :is \"${x}\" [\"a\", \"b\"] { discard; }", "INBOX"),
        ("require \"variables\"; set \"x\" \"a\"; if string :is \"${x}\" [\"a\", \"b\"] { discard; }", "discard"),
        ("require \"variables\"; set \"x\" \"c\"; if not string \"${x}\" [\"a\", \"b\"] { discard; }", "discard"),
        ("require \"variables\"; if anyof (string \"a\" [\"x\", \"b\"], false) { discard; }", "INBOX"),
        ("require \"variables\"; if allof (string \"a\" [\"a\", \"b\"], true) { discard; } else { keep; }", "discard"),
        // 5: match values of nested tests.
        (
            "require \"variables\"; if header :matches \"subject\" \"Hello *\" { if header :matches \"from\" \"no*\" { stop; } if string \"${1}\" \"\" { discard; } }",
            "INBOX",
        ),
        // 6: a string that ends in a backslash.
        ("if header :contains \"subject\" \"x\\\\\" { discard; }", "INBOX"),
        // 7: regular expressions ignore case.
        ("require \"regex\"; if not header :regex \"subject\" \"^hello\" { discard; }", "INBOX"),
        // 8: they are globs elsewhere.
        ("require [\"regex\", \"date\"]; if not date :regex \"date\" \"year\" \"^20..$\" { discard; }", "INBOX"),
        // 9: what is no number is infinite.
        (
            "require [\"relational\", \"comparator-i;ascii-numeric\"]; if header :value \"lt\" :comparator \"i;ascii-numeric\" \"x-score\" \"5\" { discard; }",
            "INBOX",
        ),
        // 14: replace panics.
        ("require [\"foreverypart\", \"replace\"]; foreverypart { replace \"X\"; }", "INBOX !"),
        // 16 and 17: what excludes each other, and what is no address.
        ("require [\"reject\", \"fileinto\"]; fileinto \"A\"; reject \"no\";", "INBOX !"),
        ("redirect \"nonsense\"; discard;", "INBOX !"),
        // 18: the same folder twice.
        ("require \"fileinto\"; fileinto \"A\"; fileinto \"INBOX.A\"; fileinto \"a/../A\";", "INBOX !"),
        ("require \"fileinto\"; fileinto \"A\"; fileinto \"INBOX/A\";", "INBOX.A"),
        // 19 to 21: what is unknown or not required.
        ("require \"vnd.bogus\"; discard;", "INBOX !"),
        ("if header :comparator \"i;bogus\" \"subject\" \"x\" { keep; } else { discard; }", "INBOX !"),
        ("if header :contains \"subject\" \"${foo}\" { discard; }", "INBOX"),
        ("if header :contains \"subject\" \"${hex:48}\" { discard; }", "INBOX"),
        // An error in the middle throws away what came before it.
        ("require [\"ihave\", \"fileinto\"]; fileinto \"A\"; error \"boom\";", "INBOX !"),
        ("require [\"ihave\"]; discard; error \"boom\";", "INBOX !"),
        ("require [\"duplicate\"]; if duplicate { discard; }", "INBOX"),
        ("require \"include\"; include \"none\"; discard;", "INBOX !"),
        ("require \"include\"; include \"loop\"; discard;", "INBOX !"),
        ("require \"include\"; include :global \"bad\"; discard;", "INBOX !"),
        ("if anyof (bogus \"x\") { keep; } discard;", "INBOX !"),
        ("\u{0}\u{1}\u{2}", "INBOX !"),
    ] {
        check(&[script], want);
    }
}

#[test]
fn hostile_folder_names_end_in_the_inbox() {
    for name in ["", "..", "../../etc/cron.d/x", "A/../B", "a\\\\b", "\u{1}", " ", "A..B", ".", "x\u{85}"] {
        check(&[&format!("require \"fileinto\"; fileinto \"{name}\";")], "INBOX !");
    }
    check(&[&format!("require \"fileinto\"; fileinto \"{}\";", "a".repeat(300))], "INBOX !");
    let many: String = (0..40).map(|n| format!("fileinto \"f{n}\";")).collect();
    check(&[&format!("require \"fileinto\"; {many}")], "INBOX !");
}

#[test]
fn the_next_script_runs_only_while_keep_is_in_effect() {
    let file = "require \"fileinto\"; fileinto \"A\";";
    let copy = "require [\"fileinto\", \"copy\"]; fileinto :copy \"C\";";
    for (scripts, want) in [
        (&["keep;", file][..], "INBOX.A"),
        (&["", file], "INBOX.A"),
        (&["stop;", file], "INBOX.A"),
        (&[file, "discard;"], "INBOX.A"),
        (&["discard;", file], "discard"),
        (&["keep;", "discard;"], "discard"),
        (&[copy, file], "INBOX.C INBOX.A"),
        (&[copy, "kepe;"], "INBOX !"),
        (&["kepe;", file], "INBOX !"),
        (&["require \"imap4flags\"; addflag \"\\\\Seen\";", ""], "INBOX/S"),
        (
            &[
                "require \"variables\"; set \"x\" \"1\";",
                "require \"variables\"; if string \"${x}\" \"1\" { discard; }",
            ],
            "INBOX",
        ),
        (&[], "INBOX"),
    ] {
        check(scripts, want);
    }
}

#[test]
fn the_trace_names_script_and_line() {
    let plan = plan(
        MESSAGE,
        &request(&[
            "# one\nkeep;",
            "require [\"fileinto\", \"copy\",\n \"include\"];\nif true {\n  fileinto :copy \"A\";\n}\ninclude \"file\"; # fileinto",
        ]),
    );
    let steps: Vec<String> = plan.trace.iter().map(|s| format!("{}:{} {}", s.script, s.line, s.what)).collect();
    assert_eq!(steps, ["s0:2 keep", "s1:4 fileinto INBOX.A", "file:1 fileinto INBOX.Inc"]);
}

#[test]
fn the_default_script_follows_the_scan() {
    for (class, want) in [
        ("SPAM", "INBOX.Spams"),
        ("spam", "INBOX.Spams"),
        ("BULK", "INBOX.Bulks"),
        ("CLEAN", "INBOX"),
        ("UNSCANNED", "INBOX"),
        ("VIRUS", "INBOX"),
    ] {
        let stamp = Stamp { lines: vec![Line::new("X-PM-Scan", [class.to_string()])], tag: None };
        let request = Request { scripts: vec![Script::vendor()], stamp: Some(stamp), ..request(&[]) };
        let forged = [b"X-PM-Scan: SPAM\r\n", MESSAGE].concat();
        assert_eq!(short(&plan(&forged, &request)), want, "{class}");
    }
    assert_eq!(report(&Question { text: DEFAULT_SCRIPT.into(), ..Question::default() }), Report::default());
}

#[test]
fn an_explicit_keep_beats_the_last_script() {
    for (script, want) in [
        ("", "INBOX.Spams"),
        ("stop;", "INBOX.Spams"),
        ("keep;", "INBOX"),
        ("require \"fileinto\"; fileinto \"INBOX\";", "INBOX"),
        ("require [\"fileinto\", \"copy\"]; fileinto :copy \"A\";", "INBOX.A INBOX.Spams"),
        ("discard;", "discard"),
    ] {
        let stamp = Stamp { lines: vec![Line::new("X-PM-Scan", ["SPAM".to_string()])], tag: None };
        let mut request = Request { stamp: Some(stamp), ..request(&[script]) };
        request.scripts.push(Script::vendor());
        assert_eq!(short(&plan(MESSAGE, &request)), want, "{script}");
    }
}

#[test]
fn the_examples_do_what_they_promise() {
    let examples = [
        ("boss", include_str!("../../sieve-scripts/examples/boss.sieve"), "INBOX/F"),
        ("newsletters", include_str!("../../sieve-scripts/examples/newsletters.sieve"), "INBOX"),
        ("mailing-list", include_str!("../../sieve-scripts/examples/mailing-list.sieve"), "INBOX.Lists.rust-users"),
        ("plus-detail", include_str!("../../sieve-scripts/examples/plus-detail.sieve"), "INBOX.Plus.lists"),
        ("spam-to-junk", include_str!("../../sieve-scripts/examples/spam-to-junk.sieve"), "INBOX.Junk/S"),
    ];
    for (name, text, want) in examples {
        let stamp = Stamp { lines: vec![Line::new("X-PM-Scan", ["SPAM".to_string()])], tag: None };
        let plan = plan(MESSAGE, &Request { stamp: Some(stamp), ..request(&[text]) });
        assert_eq!((name, short(&plan).as_str()), (name, want), "{plan:?}");
    }
    let newsletter = [b"List-Unsubscribe: <https://a.example/>\r\n", MESSAGE].concat();
    let text = examples[1].1;
    assert_eq!(short(&plan(&newsletter, &request(&[text]))), "INBOX.Newsletters");
}

#[test]
fn the_detail_is_found_behind_another_delimiter() {
    let script = "require [\"envelope\", \"subaddress\", \"fileinto\"]; if envelope :detail \"to\" \"lists\" { fileinto \"A\"; }";
    for (to, delimiter, want) in
        [("anna-lists@x.example", "-", "INBOX.A"), ("anna-lists@x.example", "+", "INBOX"), ("postmaster", "-", "INBOX")]
    {
        let request = Request { to: to.into(), recipient_delimiter: delimiter.into(), ..request(&[script]) };
        assert_eq!(short(&plan(MESSAGE, &request)), want, "{to} {delimiter}");
    }
}

#[test]
fn any_bytes_are_a_message() {
    for message in [&b""[..], b"\r\n", b"\xff\xfe", b"no header", b"A: 1"] {
        assert_eq!(short(&plan(message, &request(&["require \"fileinto\"; fileinto \"A\";"]))), "INBOX.A");
    }
}
