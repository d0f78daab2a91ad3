//! Documents made from the table: `config/tamis.toml`, what is in force, the explanation of one key.
//!
//! Makes text and rows; printing them is the command line's.

use super::Settings;
use super::layers::Layer;
use super::load::{meant, sections};
use super::setting::{Scope, Setting};
use super::table::{SECTIONS, every_setting, find};
use super::value::Value;
use serde::Serialize;

/// Characters of a line of prose.
const WIDTH: usize = 100;

const HEAD: &str = "\
Settings of tamis. Every key is here, commented out, with its default; uncomment what you change.
This file is printed by `tamis config show --defaults`. An unknown key is an error: `tamis config check` says where \
and which name is near. `tamis config explain KEY` prints what is said here. SIGHUP (systemctl reload tamis) reads \
the file again; a bad one changes nothing.
Relative paths hang from the folder of this file. Sizes are octets or text with a unit: \"50 MiB\" (1024), \"50 MB\" \
(1000), \"50M\" (1024). Times are in the unit of the key's name.";

const TAIL: &str = "\
Domains and users that differ have sections of their own, with the keys that say so above. A user's section goes over \
the domain's, the domain's over the server's. The name is the address, or what the user source says where that has no \
domain (system users).";

const EXAMPLES: &str = r##"#[domain."example.org"]
#lmtp.message_bytes_max = "20 MiB"
#class.spam.action = "quarantine"

#[user."anna@example.org"]
#class.spam.score = 8.0
#quota.bytes = "5 GiB"
"##;

/// `config/tamis.toml`: every setting with meaning and default.
pub fn print_defaults() -> String {
    let mut out = String::new();
    for paragraph in HEAD.lines() {
        comment(&mut out, paragraph);
    }
    let mut printed_about: Vec<&str> = Vec::new();
    for section in sections() {
        out.push('\n');
        for about in abouts(section) {
            if !printed_about.contains(&about) {
                printed_about.push(about);
                comment(&mut out, about);
            }
        }
        out.push_str(&format!("[{section}]\n"));
        for setting in every_setting().filter(|s| s.section() == section) {
            out.push('\n');
            comment(&mut out, setting.about);
            match setting.scope() {
                Scope::Global => {}
                Scope::Domain => comment(&mut out, "May differ by domain."),
                Scope::User => comment(&mut out, "May differ by domain and user."),
            }
            out.push_str(&format!("#{} = {}\n", setting.key(), setting.default));
        }
    }
    out.push('\n');
    for paragraph in TAIL.lines() {
        comment(&mut out, paragraph);
    }
    out + EXAMPLES
}

/// What the table says of a section and of what it is part of, outermost first.
fn abouts(section: &str) -> Vec<&'static str> {
    let is_part = |name: &str| section.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    SECTIONS.iter().filter(|s| is_part(s.name)).map(|s| s.about).collect()
}

fn comment(out: &mut String, prose: &str) {
    for line in wrap(prose, WIDTH) {
        out.push_str(&format!("# {line}\n"));
    }
}

/// Breaks prose at spaces; a word longer than a line has a line of its own.
fn wrap(prose: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in prose.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_string()),
        }
    }
    lines
}

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The key, with `domain."…".` or `user."…".` before it where it is one's own.
    pub key: String,
    pub value: Value,
    /// `default`, `this machine`, another key, or file and line.
    pub from: String,
}

/// Every setting with its value in force and where it comes from: the server's, then the domains', then the users'.
pub fn show(settings: &Settings) -> Vec<Row> {
    let place = |line: usize| format!("{}:{line}", settings.file.display());
    let of_server = |setting: &Setting| {
        let given = settings.given.iter().find(|given| given.key == setting.name);
        let (value, from) = match given {
            Some(given) => (given.value.clone(), place(given.line)),
            None => (Value::of_literal(setting.default).unwrap_or(Value::List(Vec::new())), "default".to_string()),
        };
        let (value, from) = derived(settings, setting.name, &value).unwrap_or((value, from));
        Row { key: setting.name.to_string(), value, from }
    };
    let mut rows: Vec<Row> = every_setting().map(of_server).collect();
    for layer in settings.layers().into_iter().filter(|layer| *layer != Layer::Server) {
        rows.extend(settings.given_in(&layer).iter().map(|given| Row {
            key: format!("{layer}{}", given.key),
            value: given.value.clone(),
            from: place(given.line),
        }));
    }
    rows
}

/// The empty values that stand for something else.
fn derived(settings: &Settings, name: &str, value: &Value) -> Option<(Value, String)> {
    let empty = match value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Whole(_) | Value::Number(_) | Value::Flag(_) => false,
    };
    match name {
        "server.host_name" if empty => {
            Some((Value::Text(settings.server.host_name.clone()), "this machine".to_string()))
        }
        "server.mta_names" if empty => {
            let names = settings.server.mta_names.iter().cloned().map(Value::Text).collect();
            Some((Value::List(names), "server.host_name".to_string()))
        }
        _ => None,
    }
}

/// What a key means, or what a section holds.
///
/// # Errors
/// A sentence with the nearest name, where there is neither such a key nor such a section.
pub fn explain(key: &str) -> Result<String, String> {
    let key = key.trim().trim_start_matches('[').trim_end_matches(']');
    if let Some(setting) = find(key) {
        return Ok(explain_setting(setting));
    }
    let within: Vec<&Setting> =
        every_setting().filter(|s| s.name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'))).collect();
    if within.is_empty() || key.is_empty() {
        return Err(format!("{key}: no such setting{}", meant(key)));
    }
    let mut out = String::new();
    for about in abouts(key) {
        lines(&mut out, about);
    }
    out.push('\n');
    for setting in within {
        out.push_str(&format!("{} = {}\n", setting.name, setting.default));
    }
    Ok(out)
}

fn explain_setting(setting: &Setting) -> String {
    let mut out = format!("{} = {}\n\n", setting.name, setting.default);
    lines(&mut out, setting.about);
    let scope = match setting.scope() {
        Scope::Global => "Set once for the server.",
        Scope::Domain => "May differ by domain: [domain.\"example.org\"].",
        Scope::User => "May differ by domain and user: [domain.\"example.org\"], [user.\"anna@example.org\"].",
    };
    lines(&mut out, scope);
    out.push_str(&format!("\nThe section [{}]:\n", setting.section()));
    for about in abouts(setting.section()) {
        lines(&mut out, about);
    }
    out
}

fn lines(out: &mut String, prose: &str) {
    for line in wrap(prose, WIDTH) {
        out.push_str(&line);
        out.push('\n');
    }
}
