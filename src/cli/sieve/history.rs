//! `tamis sieve log` and `rollback`: what a user's script was before, and back to it.

use super::super::{Exit, Fault, open_without_rules, runtime, show};
use crate::admin::scripts::{self, Diagnostic, Editor, NotPut, ScriptName};
use crate::deliver::Env;
use crate::mail::Address;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

#[derive(clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Every version of a user's script, newest first; with --show the text of one.
    Log {
        /// The user's address, or the name by which the user signs in.
        user: String,
        /// The script's name, without .sieve.
        name: String,
        /// Print the text of this version.
        #[arg(long, value_name = "VERSION")]
        show: Option<i64>,
        /// One JSON object per line.
        #[arg(long)]
        json: bool,
    },
    /// Store an older version of a user's script again; it is checked first, as any script.
    Rollback {
        user: String,
        name: String,
        /// The version, a number of `log`. Without it: the newest that differs from what is there now.
        version: Option<i64>,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    let env = open_without_rules(config)?;
    let runtime = runtime()?;
    match command {
        Command::Log { user, name, show, json } => {
            let (editor, name) = runtime.block_on(whose(user, name, &env))?;
            match show {
                Some(id) => {
                    let text = runtime.block_on(scripts::version(*id, &name, &editor, &env))?;
                    let text = text.ok_or_else(|| missing(*id, &name))?;
                    let _ = std::io::stdout().write_all(&text);
                }
                None => print(&runtime.block_on(scripts::log(&name, &editor, &env))?, *json),
            }
            Ok(Exit::Ok)
        }
        Command::Rollback { user, name, version } => {
            let (editor, name) = runtime.block_on(whose(user, name, &env))?;
            match runtime.block_on(scripts::rollback(&name, *version, &editor, &env)) {
                Ok(Some(id)) => show::say(format!("{name}: version {id} is stored again")),
                Ok(None) => return Err(version.map_or_else(|| nothing_older(&name), |id| missing(id, &name))),
                Err(why) => return Err(not_put(&name, why)),
            }
            Ok(Exit::Ok)
        }
    }
}

async fn whose(user: &str, name: &str, env: &Arc<Env>) -> Result<(Editor, ScriptName), Fault> {
    let address =
        Address::parse(user).map_err(|_| Fault::new(Exit::Usage, format!("{user:?} is no address of a user")))?;
    let name =
        ScriptName::parse(name).ok_or_else(|| Fault::new(Exit::Usage, format!("no script is called {name:?}")))?;
    let mailbox = env.rcpt(&address).await?.mailbox;
    Ok((Editor { mailbox, who: "operator".into() }, name))
}

fn missing(id: i64, name: &ScriptName) -> Fault {
    Fault::new(Exit::Data, format!("{name} has no version {id} with a text; `tamis sieve log` shows those it has"))
}

fn nothing_older(name: &ScriptName) -> Fault {
    Fault::new(Exit::Data, format!("{name} has no older version; `tamis sieve log` shows those it has"))
}

fn not_put(name: &ScriptName, why: NotPut) -> Fault {
    match why {
        NotPut::Invalid(report) => {
            let line = |found: &Diagnostic| format!("  line {}, column {}: {}", found.line, found.column, found.words);
            let errors: Vec<String> = report.errors.iter().map(line).collect();
            Fault::new(Exit::Data, format!("{name} stays as it is: that version has errors\n{}", errors.join("\n")))
        }
        NotPut::Unchecked(trouble) => Fault::new(Exit::TempFail, format!("{name} could not be checked: {trouble}")),
        NotPut::Shelf(scripts::No::Refused(refusal)) => refusal.into(),
        NotPut::Shelf(why) => Fault::new(Exit::Data, format!("{name} stays as it is: {why}")),
    }
}

fn print(versions: &[scripts::Version], json: bool) {
    if json {
        return versions.iter().for_each(show::json);
    }
    let rows = versions.iter().map(|version| {
        let at = show::time(version.at);
        vec![version.id.to_string(), at, version.how.as_str().into(), version.who.clone(), show::size(version.bytes)]
    });
    show::table(&["version", "at", "how", "who", "size"], rows);
}
