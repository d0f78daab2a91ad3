//! Does the generator write everything? Counts the words of its scripts.

use crate::script::Case;
use std::collections::{BTreeMap, BTreeSet};

/// In how many cases each of these must stand at least.
pub(crate) const LEAST: usize = 30;

const COMMANDS: &[&str] = &[
    "require",
    "if",
    "elsif",
    "else",
    "stop",
    "keep",
    "discard",
    "redirect",
    "fileinto",
    "reject",
    "vacation",
    "notify",
    "set",
    "setflag",
    "addflag",
    "removeflag",
    "addheader",
    "deleteheader",
    "include",
    "return",
    "global",
    "foreverypart",
    "break",
    "extracttext",
    "error",
    "debug_log",
];

const TESTS: &[&str] = &[
    "address",
    "header",
    "envelope",
    "exists",
    "size",
    "true",
    "false",
    "not",
    "allof",
    "anyof",
    "string",
    "hasflag",
    "body",
    "date",
    "currentdate",
    "environment",
    "mailboxexists",
    "ihave",
    "duplicate",
    "valid_notify_method",
    "notify_method_capability",
    "spamtest",
    "virustest",
];

const TAGS: &[&str] = &[
    ":is",
    ":contains",
    ":matches",
    ":regex",
    ":count",
    ":value",
    ":all",
    ":localpart",
    ":domain",
    ":user",
    ":detail",
    ":comparator",
    ":over",
    ":under",
    ":copy",
    ":create",
    ":flags",
    ":specialuse",
    ":raw",
    ":text",
    ":content",
    ":zone",
    ":originalzone",
    ":index",
    ":last",
    ":lower",
    ":upper",
    ":lowerfirst",
    ":upperfirst",
    ":quotewildcard",
    ":length",
    ":encodeurl",
    ":mime",
    ":anychild",
    ":type",
    ":subtype",
    ":contenttype",
    ":param",
    ":first",
    ":name",
    ":days",
    ":seconds",
    ":subject",
    ":from",
    ":addresses",
    ":handle",
    ":importance",
    ":message",
    ":personal",
    ":global",
    ":once",
    ":optional",
    ":percent",
];

const TEXTS: &[&str] = &[
    "\"fileinto\"",
    "\"reject\"",
    "\"envelope\"",
    "\"encoded-character\"",
    "\"vacation\"",
    "\"subaddress\"",
    "\"comparator-i;ascii-numeric\"",
    "\"relational\"",
    "\"regex\"",
    "\"imap4flags\"",
    "\"copy\"",
    "\"include\"",
    "\"variables\"",
    "\"body\"",
    "\"enotify\"",
    "\"environment\"",
    "\"mailbox\"",
    "\"date\"",
    "\"index\"",
    "\"ihave\"",
    "\"duplicate\"",
    "\"mime\"",
    "\"foreverypart\"",
    "\"extracttext\"",
    "\"editheader\"",
    "\"spamtest\"",
    "\"spamtestplus\"",
    "\"virustest\"",
    "\"vacation-seconds\"",
    "\"special-use\"",
    "\"vnd.dovecot.debug\"",
    "\"i;octet\"",
    "\"i;ascii-casemap\"",
    "\"i;ascii-numeric\"",
    "\"gt\"",
    "\"ge\"",
    "\"lt\"",
    "\"le\"",
    "\"eq\"",
    "\"ne\"",
    "${hex:",
    "${unicode:",
    "${0}",
    "${1}",
    "text:",
    "/*",
    "#",
    "--- before1",
    "--- after1",
    "--- personal/",
    "--- global/",
];

/// The constructs with the number of cases that have them.
pub(crate) fn count(cases: &[Case]) -> BTreeMap<&'static str, usize> {
    let all = [COMMANDS, TESTS, TAGS, TEXTS].concat();
    let mut counts: BTreeMap<&str, usize> = all.iter().map(|name| (*name, 0)).collect();
    for case in cases {
        let text = case.text();
        let words = words(&text);
        for name in &all {
            let is_there = if TEXTS.contains(name) { text.contains(name) } else { words.contains(*name) };
            *counts.entry(name).or_default() += usize::from(is_there);
        }
    }
    counts
}

/// Identifiers and tags outside strings.
fn words(script: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut word = String::new();
    let mut is_string = false;
    let mut letters = script.chars();
    while let Some(letter) = letters.next() {
        if is_string {
            match letter {
                '\\' => drop(letters.next()),
                '"' => is_string = false,
                _ => {}
            }
        } else if letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':') {
            word.push(letter);
            continue;
        } else {
            is_string = letter == '"';
        }
        found.insert(std::mem::take(&mut word));
    }
    found
}
