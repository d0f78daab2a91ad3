//! `tamis config show | check | explain`: what is in force and where it comes from, what is wrong, what a key means.
//!
//! Prints what `config` says; decides nothing. Exit codes are those of sysexits(3).

use super::{Exit, runtime};
use crate::admin;
use crate::config::{self, ConfigError, SETTINGS_FILE, Settings};
use clap::Subcommand;
use comfy_table::{Table, presets};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Every setting in force, and where it comes from.
    Show {
        /// Print a settings file with every key, its meaning and default.
        #[arg(long)]
        defaults: bool,
        /// One JSON array of `{"key", "value", "from"}`.
        #[arg(long, conflicts_with = "defaults")]
        json: bool,
    },
    /// What is wrong in a settings file, all of it at once.
    Check {
        /// The file; without it the one of --config.
        file: Option<PathBuf>,
    },
    /// What a key means, or what a section holds.
    Explain { key: String },
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Table,
    Json,
}

/// What a command has to say.
struct Said {
    code: Exit,
    out: String,
    err: String,
}

pub(super) fn run(file: &Path, command: &Command) -> Exit {
    say(&match command {
        Command::Show { defaults: true, .. } => {
            Said { code: Exit::Ok, out: config::print_defaults(), err: String::new() }
        }
        Command::Show { json, .. } => said_by_show(file, if *json { Form::Json } else { Form::Table }),
        Command::Check { file: named } => said_by_check(named.as_deref().unwrap_or(file)),
        Command::Explain { key } => said_by_explain(key),
    })
}

fn said_by_explain(key: &str) -> Said {
    match config::explain(key) {
        Ok(out) => Said { code: Exit::Ok, out, err: String::new() },
        Err(err) => Said { code: Exit::Usage, out: String::new(), err: format!("tamis: {err}\n") },
    }
}

fn said_by_show(file: &Path, form: Form) -> Said {
    let (settings, err) = match file == Path::new(SETTINGS_FILE) && !file.exists() {
        true => (Ok(Settings::embedded()), format!("tamis: there is no {SETTINGS_FILE}; these are the defaults\n")),
        false => (Settings::load(file), String::new()),
    };
    match settings {
        Ok(settings) => Said { code: Exit::Ok, out: rows(&settings, form), err },
        Err(errors) => Said { code: Exit::Config, out: String::new(), err: mistakes(&errors) },
    }
}

fn said_by_check(file: &Path) -> Said {
    match Settings::load(file) {
        Ok(settings) => {
            if let Err(mistake) = admin::rules(&settings) {
                return Said { code: Exit::Config, out: String::new(), err: format!("{mistake}\n") };
            }
            let mut warnings = settings.warnings();
            warnings.extend(not_there(&settings));
            let (clamd, trouble) = asked_clamd(&settings);
            warnings.extend(trouble);
            let clamd = clamd.map(|words| format!("{words}\n")).unwrap_or_default();
            let err = warnings.iter().map(|warning| format!("{}: warning: {warning}\n", file.display())).collect();
            Said { code: Exit::Ok, out: format!("{}: no mistake found\n{clamd}", file.display()), err }
        }
        Err(errors) => Said { code: Exit::Config, out: String::new(), err: mistakes(&errors) },
    }
}

/// What clamd says of itself, and what is wrong with it: perhaps it does not run yet, so it is no mistake.
fn asked_clamd(settings: &Settings) -> (Option<String>, Option<String>) {
    match settings.clamd.door().and(runtime().ok()) {
        Some(runtime) => runtime.block_on(admin::clamd(settings)),
        None => (None, None),
    }
}

/// What the settings name and the machine hasn't: perhaps not yet, so it is no mistake.
fn not_there(settings: &Settings) -> Vec<String> {
    let path = |key, path: &Option<PathBuf>| path.clone().map(|path| (key, path));
    let script = |key, text: &str| (!text.is_empty() && !text.contains('%')).then(|| (key, PathBuf::from(text)));
    let named = [
        path("users.passwd_file", &settings.users.passwd_file),
        path("users.dovecot_socket", &settings.users.dovecot_socket),
        script("sieve.before", &settings.scripts.before),
        script("sieve.after", &settings.scripts.after),
        script("sieve.default", &settings.scripts.default),
        script("sieve.global", &settings.scripts.global),
    ];
    let missing = named.into_iter().flatten().filter(|(_, path)| !path.exists());
    missing.map(|(key, path)| format!("{key}: {} is not there", path.display())).collect()
}

fn mistakes(errors: &[ConfigError]) -> String {
    errors.iter().map(|error| format!("{error}\n")).collect()
}

fn rows(settings: &Settings, form: Form) -> String {
    let rows = config::show(settings);
    match form {
        Form::Json => serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n",
        Form::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_header(["KEY", "VALUE", "FROM"]);
            for row in rows {
                table.add_row([row.key, row.value.to_string(), row.from]);
            }
            table.trim_fmt() + "\n"
        }
    }
}

/// Writes what was said. A reader that has gone away (`| head`) is no error.
fn say(said: &Said) -> Exit {
    let written = std::io::stdout().write_all(said.out.as_bytes()).and_then(|()| std::io::stdout().flush());
    drop(written);
    drop(std::io::stderr().write_all(said.err.as_bytes()));
    said.code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tamis.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_good_file_is_said_to_be_good_and_its_surprises_are_named() {
        let (_folder, path) = file("[lmtp]\nidle_seconds = 10\n[users]\nsystem = true\n");
        let said = said_by_check(&path);
        assert_eq!((said.code, said.out), (Exit::Ok, format!("{}: no mistake found\n", path.display())));
        assert!(said.err.contains("warning: lmtp.idle_seconds is 10"), "{}", said.err);
    }

    #[test]
    fn all_mistakes_of_a_bad_file_are_named_at_once() {
        let (_folder, path) = file("[lmtp]\nunixx = \"/x\"\nidle_seconds = 0\n");
        for said in [said_by_check(&path), said_by_show(&path, Form::Table)] {
            assert_eq!((said.code, said.out.as_str()), (Exit::Config, ""));
            assert!(said.err.contains(":2:1: lmtp.unixx: ") && said.err.contains(":3:16: lmtp.idle_seconds: "));
        }
    }

    #[test]
    fn programs_get_json_and_people_a_table() {
        let (_folder, path) = file("[lmtp]\ntcp = [\"127.0.0.1:24\"]\n");
        let json: serde_json::Value = serde_json::from_str(&said_by_show(&path, Form::Json).out).unwrap();
        let row = json.as_array().unwrap().iter().find(|row| row["key"] == "lmtp.tcp").unwrap();
        assert_eq!(row["value"], serde_json::json!(["127.0.0.1:24"]));
        assert_eq!(row["from"], format!("{}:2", path.display()));
        let table = said_by_show(&path, Form::Table).out;
        let line = table.lines().find(|line| line.trim_start().starts_with("lmtp.tcp")).unwrap();
        assert!(line.contains("[\"127.0.0.1:24\"]") && line.ends_with("tamis.toml:2"), "{line}");
    }

    #[test]
    fn an_unknown_key_is_wrong_usage() {
        assert_eq!(said_by_explain("lmtp.unixx").code, Exit::Usage);
    }
}
