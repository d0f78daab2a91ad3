//! `tamis sieve test`: what a script would do to a message; writes and sends nothing.
//!
//! The JSON form and the lines of `--batch` are a stable contract. People get words that resemble those of `sieve-test`.

use super::super::{Exit, Fault, scan, show};
use super::check::print as print_diagnostic;
use super::differences::{self, Wanted};
use crate::admin::{self, Cache, ScriptAsked, ScriptTested};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The script.
    #[arg(required_unless_present = "batch")]
    script: Option<PathBuf>,
    /// A message file; `-` is standard input. Or a Maildir, to see which messages the script would treat differently.
    #[arg(required_unless_present = "batch", value_name = "MESSAGE|MAILDIR")]
    message: Option<PathBuf>,
    /// One JSON object; of a Maildir one for each message that differs, and a summary.
    #[arg(long)]
    json: bool,
    /// Of a Maildir: the user whose active script the new one is compared with.
    #[arg(long, value_name = "USER", conflicts_with = "batch")]
    user: Option<String>,
    /// Of a Maildir: the script that the new one is compared with.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    active: Option<PathBuf>,
    /// Of a Maildir: only this folder.
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    folder: Option<String>,
    /// One JSON request per line on standard input, one JSON answer per line on standard output.
    #[arg(long, conflicts_with_all = ["script", "message"])]
    batch: bool,
    /// The envelope sender.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The envelope recipient.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// The recipient before aliases.
    #[arg(long, value_name = "ADDRESS")]
    orig_to: Option<String>,
    /// Who signed in to send it.
    #[arg(long, value_name = "USER")]
    auth: Option<String>,
    /// The user's main address.
    #[arg(long, value_name = "ADDRESS")]
    user_email: Option<String>,
    /// A folder that exists. Repeatable.
    #[arg(long, value_name = "NAME")]
    mailbox: Vec<String>,
    /// An annotation, `MAILBOX:NAME=VALUE`. Repeatable.
    #[arg(long, value_name = "M:K=V")]
    metadata: Vec<String>,
    /// The folder of personal scripts to include.
    #[arg(long, value_name = "DIR")]
    include_dir: Option<String>,
    /// The folder of global scripts to include.
    #[arg(long, value_name = "DIR")]
    global_dir: Option<String>,
    /// A script that runs before. Repeatable.
    #[arg(long, value_name = "FILE")]
    before: Vec<PathBuf>,
    /// A script that runs after. Repeatable.
    #[arg(long, value_name = "FILE")]
    after: Vec<PathBuf>,
    /// Run the embedded script behind all others, which files spam, as a delivery does.
    #[arg(long)]
    last: bool,
    /// A setting of the section [sieve], or one of Pigeonhole's. Repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Show the variables at the end.
    #[arg(long)]
    vars: bool,
    /// Show the tests that were true and the actions: 0 nothing, 1 actions and tests.
    #[arg(long, value_name = "LEVEL")]
    trace: Option<u8>,
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    if args.batch {
        return batch();
    }
    let (Some(script), Some(message)) = (&args.script, &args.message) else {
        return Err(Fault::new(Exit::Usage, "a script and a message are needed"));
    };
    if admin::is_folder(message) {
        let wanted = Wanted {
            new: super::good_script(script, args.json)?,
            active: args.active.as_deref().map(super::script).transpose()?,
            user: args.user.as_deref().map(super::user).transpose()?,
            maildir: message,
            folder: args.folder.as_deref(),
            json: args.json,
        };
        return differences::run(config, wanted);
    }
    if args.user.is_some() || args.active.is_some() || args.folder.is_some() {
        return Err(Fault::new(Exit::Usage, format!("{} is no Maildir", message.display())));
    }
    let (asked, name) = asked(args, script, message)?;
    let tested = test(&asked, &mut Cache::default()).map_err(|why| Fault::new(Exit::Usage, why))?;
    if args.json {
        show::json(&tested.json());
    } else {
        print(&tested, &name, args);
    }
    Ok(if tested.report.errors.is_empty() { Exit::Ok } else { Exit::Data })
}

fn asked(args: &Args, script: &Path, message: &Path) -> Result<(ScriptAsked, String), Fault> {
    let (name, text) = super::script(script)?;
    let texts = |paths: &[PathBuf]| -> Result<Vec<String>, Fault> {
        paths.iter().map(|path| super::script(path).map(|(_, text)| text)).collect()
    };
    let pair = |text: &String| {
        let bad = || Fault::new(Exit::Usage, format!("{text:?} is not KEY=VALUE"));
        text.split_once('=').map(|(key, value)| (key.to_string(), json!(value))).ok_or_else(bad)
    };
    let bytes = scan::read(message)?;
    let (message, message_b64) = match String::from_utf8(bytes) {
        Ok(text) => (Some(text), None),
        Err(error) => {
            (None, Some(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, error.as_bytes())))
        }
    };
    let metadata: Vec<_> = args.metadata.iter().map(|text| annotation(text)).collect::<Result<_, _>>()?;
    let asked = ScriptAsked {
        script: text,
        name: Some(name.clone()),
        message,
        message_b64,
        from: args.from.clone(),
        to: args.to.clone(),
        orig_to: args.orig_to.clone(),
        auth: args.auth.clone(),
        user_email: args.user_email.clone(),
        mailboxes: (!args.mailbox.is_empty()).then(|| args.mailbox.clone()),
        metadata: (!metadata.is_empty()).then_some(metadata),
        include_dir: args.include_dir.clone(),
        global_dir: args.global_dir.clone(),
        before: Some(texts(&args.before)?),
        after: Some(texts(&args.after)?),
        set: Some(args.set.iter().map(pair).collect::<Result<BTreeMap<_, _>, _>>()?),
        vars: Some(args.vars),
        last: Some(args.last),
        ..ScriptAsked::default()
    };
    Ok((asked, name))
}

/// `Archive:/private/comment=kept`; without a mailbox it is the server's.
fn annotation(text: &str) -> Result<(String, String, String), Fault> {
    let bad = || Fault::new(Exit::Usage, format!("{text:?} is not MAILBOX:NAME=VALUE"));
    let (mailbox, rest) = text.split_once(':').ok_or_else(bad)?;
    let (name, value) = rest.split_once('=').ok_or_else(bad)?;
    Ok((mailbox.into(), name.into(), value.into()))
}

/// Reads the scripts to include, then tests.
fn test(asked: &ScriptAsked, cache: &mut Cache) -> Result<ScriptTested, String> {
    let mut includes = Vec::new();
    for (dir, global) in [(&asked.include_dir, false), (&asked.global_dir, true)] {
        let Some(dir) = dir.as_deref().filter(|dir| !dir.is_empty()) else { continue };
        includes.extend(admin::scripts_in(Path::new(dir), global).map_err(|error| format!("{dir}: {error}"))?);
    }
    admin::test_script(asked, includes, crate::deliver::zone(), cache)
}

/// Each line is answered before the next is read; a bad one gets `{"error": …}` and the next goes on.
fn batch() -> Result<Exit, Fault> {
    let fault = |error: std::io::Error| Fault::new(Exit::Unavailable, format!("standard input or output: {error}"));
    let mut cache = Cache::default();
    let (stdin, mut stdout) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in stdin.split(b'\n') {
        let line = line.map_err(fault)?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let asked = serde_json::from_slice::<ScriptAsked>(&line).map_err(|error| format!("bad request: {error}"));
        let answer = match asked.and_then(|asked| test(&asked, &mut cache)) {
            Ok(tested) => tested.json(),
            Err(why) => {
                json!({ "error": { "line": 0, "msg": why }, "compile": { "ok": false, "errors": [], "warnings": [] } })
            }
        };
        writeln!(stdout, "{answer}").and_then(|()| stdout.flush()).map_err(fault)?;
    }
    Ok(Exit::Ok)
}

fn print(tested: &ScriptTested, name: &str, args: &Args) {
    tested.report.errors.iter().for_each(|found| print_diagnostic(name, "error", found));
    tested.report.warnings.iter().for_each(|found| print_diagnostic(name, "warning", found));
    let answer = tested.json();
    let Some(outcome) = &tested.outcome else {
        return show::say("\nThe script is not run: every message is kept in the inbox until it is mended.");
    };
    if let Some(fault) = &outcome.fault {
        show::say(show::safe(&format!("{fault}")));
    }
    if args.trace.is_some_and(|level| level > 0) {
        show::say("\nTrace:\n");
        for step in &outcome.trace {
            show::say(show::safe(&format!("  {}:{} {}", step.script, step.line, step.what)));
        }
    }
    let none = Vec::new();
    let actions = answer.get("actions").and_then(Value::as_array).unwrap_or(&none);
    let (implicit, explicit): (Vec<_>, Vec<_>) = actions.iter().partition(|a| a.get("implicit") == Some(&json!(true)));
    for (head, list) in [("Performed actions:", explicit), ("Implicit keep:", implicit)] {
        show::say(format!("\n{head}\n"));
        if list.is_empty() {
            show::say("  (none)");
        }
        list.into_iter().for_each(print_action);
    }
    for (name, value) in outcome.variables.iter().filter(|_| args.vars) {
        show::say(show::safe(&format!("  ${{{name}}} = {value:?}")));
    }
}

fn print_action(action: &Value) {
    let text = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
    let words = match text("do").as_str() {
        "keep" => "store message in folder: INBOX".to_string(),
        "store" => format!("store message in folder: {}", text("folder")),
        "redirect" => format!("redirect message to: <{}>", text("to")),
        "reject" | "ereject" => format!("reject message with reason: {}", text("reason")),
        "vacation" => "send vacation message".to_string(),
        "notify" => format!("send notification to: {}", text("method")),
        other => other.to_string(),
    };
    let line = action.get("line").and_then(Value::as_u64).map(|line| format!("  [{}:{line}]", text("script")));
    show::say(show::safe(&format!(" * {words}{}", line.unwrap_or_default())));
    let flags = action.get("flags").and_then(Value::as_array).cloned().unwrap_or_default();
    if !flags.is_empty() {
        let names: Vec<&str> = flags.iter().filter_map(Value::as_str).collect();
        show::say(show::safe(&format!("        + IMAP flags: {}", names.join(" "))));
    }
    if let Some(why) = action.get("not_sent").and_then(Value::as_str) {
        show::say(show::safe(&format!("        + not sent: {why}")));
    }
}
