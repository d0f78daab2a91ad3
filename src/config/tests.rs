//! Tests of the settings as a whole: the printed file, the layers, and a folder of broken files with the sentences
//! that they must get.

use super::*;
use crate::filter::{Conduct, Policy};
use crate::plan::Quota;
use std::path::{Path, PathBuf};

fn read(text: &str) -> Settings {
    Settings::from_text(text, Path::new("/etc/tamis/tamis.toml"), "mx.example.org")
        .unwrap_or_else(|errors| panic!("{}", said(&errors)))
}

fn said(errors: &[ConfigError]) -> String {
    errors.iter().map(|error| format!("{error}\n")).collect()
}

#[test]
fn the_printed_settings_file_is_the_one_in_the_repository() {
    let printed = print_defaults();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/tamis.toml"), &printed).unwrap();
        return;
    }
    assert!(
        include_str!("../../config/tamis.toml") == printed,
        "config/tamis.toml is not what the table prints; write it again with\n  \
         cargo run -- config show --defaults > config/tamis.toml\n{printed}"
    );
}

#[test]
fn the_printed_settings_file_can_be_read_and_changes_nothing() {
    let defaults = read("");
    let printed = read(&print_defaults());
    assert!(printed.given.is_empty(), "{:?}", printed.given);
    assert_eq!(Settings { given: vec![], ..printed }, defaults);
}

#[test]
fn every_key_of_the_printed_file_can_be_uncommented_as_it_stands() {
    let is_key = |line: &str| line.starts_with('#') && !line.starts_with("# ") && !line.starts_with("#[");
    let body = print_defaults();
    let body = body.split_once("#[domain.").unwrap().0;
    let text: String = body
        .lines()
        .map(|line| if is_key(line) { format!("{}\n", line.trim_start_matches('#')) } else { format!("{line}\n") })
        .collect();
    let all = read(&text);
    assert_eq!(all.given.len(), every_setting().count());
    assert_eq!(Settings { given: vec![], ..all }, read(""));
}

#[test]
fn the_examples_at_the_end_of_the_printed_file_are_right() {
    let body = print_defaults();
    let at = body.find("#[domain.").unwrap();
    let text: String = body.split_at(at).1.lines().map(|line| format!("{}\n", line.trim_start_matches('#'))).collect();
    let settings = read(&text);
    assert_eq!((settings.of_domains.len(), settings.of_users.len()), (1, 1));
}

#[test]
fn the_defaults_are_without_fault_and_those_of_the_judge() {
    let (defaults, faults) = Settings::defaults(Path::new(""), Path::new(""), "mx.example.org");
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(defaults.policy_of("anna@example.org", "example.org"), Policy::default());
    assert_eq!(defaults.server.mta_names, ["mx.example.org"]);
    assert_eq!(defaults.lmtp.unix, Some(PathBuf::from("/run/tamis/lmtp.sock")));
    assert_eq!(defaults.lmtp.unix_mode, 0o660);
    assert_eq!(defaults.lmtp.message_bytes_max, 50 << 20);
    assert_eq!(defaults.lmtp.memory_bytes_max, 1 << 30);
    assert_eq!(defaults.quota, Quota::default());
    assert_eq!((defaults.quarantine_days, defaults.journal_days), (30, 30));
    assert!(!Settings::embedded().server.host_name.is_empty());
}

#[test]
fn each_setting_says_enough_and_belongs_to_a_section_with_a_heading() {
    let mut names: Vec<&str> = every_setting().map(|s| s.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), every_setting().count(), "a name stands twice");
    for setting in every_setting() {
        assert!(setting.about.ends_with('.') && setting.about.len() > 20, "{}", setting.name);
        assert!(SECTIONS.iter().any(|s| s.name == setting.section()), "{}", setting.name);
        assert!(explain(setting.name).is_ok_and(|text| text.contains(setting.default)), "{}", setting.name);
    }
}

const LAYERED: &str = r#"
    [class.spam]
    action = "tag"
    [quota]
    bytes = "1 GiB"
    [domain."Example.ORG"]
    lmtp.message_bytes_max = "1 MiB"
    class.spam.action = "quarantine"
    class.spam.score = 4
    quota.messages = 100
    [user."Anna@example.org".class.spam]
    action = "discard"
    [user."Anna@example.org"]
    quota.bytes = ""
    [user.ben.class]
    spam.action = "mark"
    [user."ben@example.org".class]
    spam.score = 9
"#;

#[test]
fn the_users_setting_goes_over_the_domains_and_that_over_the_servers() {
    let settings = read(LAYERED);
    for (user, domain, action, score, quota) in [
        ("anna@example.org", "example.org", Conduct::Discard, 4.0, (None, Some(100))),
        ("ANNA@Example.Org", "", Conduct::Discard, 4.0, (None, Some(100))),
        ("carla@example.org", "example.org", Conduct::Quarantine, 4.0, (Some(1 << 30), Some(100))),
        ("anna@example.net", "example.net", Conduct::Tag, 6.0, (Some(1 << 30), None)),
        // A section without domain is for sources without domains.
        ("ben", "", Conduct::Mark, 6.0, (Some(1 << 30), None)),
        ("ben", "example.org", Conduct::Mark, 9.0, (Some(1 << 30), Some(100))),
        ("ben@example.org", "example.org", Conduct::Quarantine, 9.0, (Some(1 << 30), Some(100))),
        ("ben@example.net", "example.net", Conduct::Tag, 6.0, (Some(1 << 30), None)),
        ("", "", Conduct::Tag, 6.0, (Some(1 << 30), None)),
    ] {
        let policy = settings.policy_of(user, domain);
        assert_eq!((policy.spam.conduct, policy.spam_score), (action, score), "{user} {domain}");
        let want = Quota { bytes: quota.0, messages: quota.1 };
        assert_eq!(settings.quota_of(user, domain), want, "{user} {domain}");
    }
    assert_eq!(settings.message_bytes_max("example.org"), 1 << 20);
    assert_eq!(settings.message_bytes_max("example.net"), 50 << 20);
    assert_eq!(settings.lmtp.message_bytes_max, 50 << 20);
}

#[test]
fn each_value_in_force_says_where_it_comes_from() {
    let settings = read("lmtp.idle_seconds = 600\n[domain.\"example.org\"]\nclass.spam.action = \"tag\"\n");
    let rows = show(&settings);
    for (key, value, from) in [
        ("lmtp.idle_seconds", "600", "/etc/tamis/tamis.toml:1"),
        ("lmtp.data_seconds", "300", "default"),
        ("server.host_name", "\"mx.example.org\"", "this machine"),
        ("server.mta_names", "[\"mx.example.org\"]", "server.host_name"),
        ("domain.\"example.org\".class.spam.action", "\"tag\"", "/etc/tamis/tamis.toml:3"),
    ] {
        let row = rows.iter().find(|row| row.key == key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!((row.value.to_string().as_str(), row.from.as_str()), (value, from), "{key}");
    }
    assert_eq!(rows.len(), every_setting().count() + 1);
}

#[test]
fn what_is_surprising_is_said_though_it_is_allowed() {
    for (text, want) in [
        ("", vec!["no user source is set"]),
        ("users.system = true", vec![]),
        ("users.system = true\nlmtp.idle_seconds = 5", vec!["RFC 5321"]),
        ("users.domains = [\"example.org\"]\nlmtp.allow_remote = true", vec!["whoever reaches lmtp.tcp"]),
        (
            "users.system = true\n[domain.\"example.org\"]\nclass.clean.action = \"discard\"",
            vec!["domain.\"example.org\".class.clean.action is \"discard\""],
        ),
    ] {
        let warnings = read(text).warnings();
        assert_eq!(warnings.len(), want.len(), "{warnings:?}");
        for (warning, want) in warnings.iter().zip(want) {
            assert!(warning.contains(want), "{warning}");
        }
    }
}

#[test]
fn a_key_is_explained_and_a_wrong_one_gets_the_nearest_name() {
    assert!(explain("class.spam.action").unwrap().contains("the user's script decides"));
    assert!(explain("[lmtp]").unwrap().contains("lmtp.unix_mode = \"0660\""));
    for (key, want) in [
        ("lmtp.unixx", "lmtp.unixx: no such setting; did you mean lmtp.unix?"),
        ("idle_seconds", "idle_seconds: no such setting; did you mean lmtp.idle_seconds?"),
        ("lmtp.backlog", "lmtp.backlog: no such setting; `tamis config explain lmtp` lists those of [lmtp]"),
        ("", ": no such setting"),
    ] {
        assert_eq!(explain(key), Err(want.to_string()));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("tamis.toml");
    let errors = Settings::load(&missing).unwrap_err();
    assert!(errors[0].to_string().starts_with(&format!("{}: can't be opened: No such file", missing.display())));
    std::fs::write(&missing, b"[lmtp]\nunix = \"\xff\"\n").unwrap();
    assert_eq!(Settings::load(&missing).unwrap_err()[0].problem, "is not UTF-8 text from line 2 on");
    std::fs::write(&missing, b"[rules]\ndir = \"rules\"\n").unwrap();
    assert_eq!(Settings::load(&missing).unwrap().rules_dir, Some(folder.path().join("rules")));
}

#[test]
fn a_file_cut_off_anywhere_is_read_or_refused_with_a_place() {
    let long = format!("{LAYERED}\n[lmtp]\ntcp = [ # ä\n \"127.0.0.1:24\", '''x''', {{ a = \"\\u00e4\" }} ]\n");
    for end in (0..=long.len()).filter(|end| long.is_char_boundary(*end)) {
        let (text, _) = long.split_at(end);
        for error in Settings::from_text(text, Path::new("t"), "mx").err().into_iter().flatten() {
            assert!(error.line >= 1 && error.column >= 1 && error.line <= text.lines().count() + 1, "{end}: {error}");
        }
    }
}

/// `tests/cases/config-*`: `tamis.toml` is broken, `want` is what is said about it. `UPDATE=1` rewrites `want`.
#[test]
fn each_broken_settings_file_gets_its_sentences() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<PathBuf> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("config-")))
        .collect();
    names.sort();
    assert!(names.len() >= 15, "only {} cases", names.len());
    let mut wrong = String::new();
    for case in names {
        let text = std::fs::read_to_string(case.join("tamis.toml")).unwrap();
        let got = match Settings::from_text(&text, Path::new("tamis.toml"), "mx.example.org") {
            Ok(_) => "no mistake found\n".to_string(),
            Err(errors) => said(&errors),
        };
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(case.join("want"), &got).unwrap();
        }
        let want = std::fs::read_to_string(case.join("want")).unwrap_or_default();
        if got != want || got.starts_with("no mistake") {
            wrong += &format!("\n{}\n--- want\n{want}--- got\n{got}", case.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
