//! `tamis demo`: a real server on loopback, a dozen messages of different kinds over its real socket, and a table of
//! what became of them and why. Goes on serving until Ctrl-C.
//!
//! Writes only below `./tamis-demo`. The messages are made here; the harmful ones are harmless samples.

mod client;
mod letters;

use super::{
    Exit, Fault, program, runtime,
    serve::{close, log_to_stderr},
    show,
};
use crate::admin::{self, JournalWanted, Row};
use crate::config::Settings;
use crate::deliver::Env;
use crate::mail::Address;
use crate::serve;
use client::{Client, Said};
use letters::Letter;
use std::path::Path;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

const FOLDER: &str = "tamis-demo";

/// Every address of demo.example is a user; sockets and files below ./tamis-demo.
const SETTINGS: &str = r#"
[server]
host_name = "mail.demo.example"
data_dir = "data"
log = "warn"
[lmtp]
unix = "lmtp.sock"
tcp = ["127.0.0.1:0"]
[users]
domains = ["demo.example"]
home = "home/%n"
"#;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Stop after the table instead of serving on.
    #[arg(long)]
    once: bool,
}

pub(super) fn run(args: &Args) -> Result<Exit, Fault> {
    let settings = prepare()?;
    log_to_stderr(&settings.server.log)?;
    let env = Env::open(settings, program()?)?;
    runtime()?.block_on(play(Arc::new(env), args))
}

/// Makes the folder with a settings file in it, so that other commands can look at the demo, too.
fn prepare() -> Result<Settings, Fault> {
    let fault =
        |e: std::io::Error| Fault::new(Exit::Unavailable, format!("./{FOLDER}: {e}; run the demo where you may write"));
    std::fs::create_dir_all(FOLDER).map_err(fault)?;
    let file = Path::new(FOLDER).join("tamis.toml");
    std::fs::write(&file, SETTINGS).map_err(fault)?;
    super::settings(&file)
}

async fn play(env: Arc<Env>, args: &Args) -> Result<Exit, Fault> {
    let fault = |e: std::io::Error| Fault::new(Exit::Unavailable, e.to_string());
    let listeners = serve::bind(&env.settings).map_err(fault)?;
    let places = listeners.places();
    let (stop, stopped) = watch::channel(false);
    let (_envs, current) = watch::channel(Arc::clone(&env));
    let served = tokio::spawn(serve::serve(current, stopped, listeners));

    let said = send_all(&env).await.map_err(fault)?;
    env.blocking(|env| env.store.database.flush()).await?;
    table(&said, &env)?;
    mailboxes(&env).await?;
    farewell(&places, args.once);
    if !args.once {
        let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.map_err(fault)?,
            _ = terminate.recv() => {}
        }
    }
    let _ = stop.send(true);
    served.await.map_err(|e| Fault::new(Exit::Software, e.to_string()))?.map_err(fault)?;
    close(&env).await?;
    Ok(Exit::Ok)
}

/// Sends every letter over the unix socket, with a progress bar.
async fn send_all(env: &Env) -> std::io::Result<Vec<(Letter, Vec<Said>)>> {
    let socket = env.settings.lmtp.unix.clone().unwrap_or_default();
    let mut client = Client::connect(&socket).await?;
    let letters = letters::all(crate::deliver::now());
    let bar = show::bar(letters.len());
    let mut all = Vec::new();
    for letter in letters {
        bar.set_message(letter.kind);
        let said = client.send(&letter).await?;
        all.push((letter, said));
        bar.inc(1);
    }
    bar.finish_and_clear();
    client.quit().await?;
    Ok(all)
}

/// One row per recipient: letter → class, score, why → where it went.
fn table(sent: &[(Letter, Vec<Said>)], env: &Env) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for (letter, said) in sent {
        for said in said {
            let entry = match said.accepted {
                true => entry(letter, &said.rcpt, env)?,
                false => None,
            };
            rows.push(match entry {
                Some(row) => vec![
                    letter.kind.into(),
                    said.rcpt.clone(),
                    row.class.clone(),
                    format!("{:.1}", row.score),
                    why(&row),
                    row.outcome,
                ],
                None => vec![
                    letter.kind.into(),
                    said.rcpt.clone(),
                    String::new(),
                    String::new(),
                    String::new(),
                    said.reply.clone(),
                ],
            });
        }
    }
    show::table(&["message", "to", "class", "score", "why", "where it went"], rows);
    Ok(())
}

fn entry(letter: &Letter, rcpt: &str, env: &Env) -> Result<Option<Row>, Fault> {
    let wanted = JournalWanted { rcpt: Some(rcpt.into()), limit: 200, ..JournalWanted::default() };
    Ok(admin::journal_list(&wanted, env)?.into_iter().find(|row| row.message_id == letter.id))
}

/// The three strongest findings.
fn why(row: &Row) -> String {
    let details: serde_json::Value = serde_json::from_str(&row.details).unwrap_or_default();
    let names = details.get("findings").and_then(|f| f.as_array()).into_iter().flatten();
    names.take(3).filter_map(|f| f.get("name")?.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the demo's users find in their Maildirs now.
async fn mailboxes(env: &Env) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for user in ["anna@demo.example", "ben@demo.example"] {
        let address = Address::parse(user).map_err(|_| Fault::new(Exit::Software, user))?;
        for folder in admin::folders(&address, env).await? {
            rows.push(vec![user.into(), folder.folder, folder.all.to_string(), folder.path.display().to_string()]);
        }
    }
    show::say("");
    show::table(&["user", "folder", "messages", "directory"], rows);
    Ok(())
}

fn farewell(places: &[String], once: bool) {
    let again = format!("--config {FOLDER}/tamis.toml");
    let tamis = std::env::args().next().unwrap_or_else(|| "tamis".into());
    show::say(format!(
        "\nSettings: ./{FOLDER}/tamis.toml   database and quarantine: ./{FOLDER}/data\n\
         Listening: {}\n\nNext things to try:\n\
         \x20 {tamis} journal list {again}\n\
         \x20 {tamis} journal show 1 {again}\n\
         \x20 {tamis} quarantine list {again}\n\
         \x20 {tamis} quarantine release ID {again}\n\
         \x20 {tamis} explain FILE --for anna@demo.example {again}\n\
         \x20 swaks --protocol LMTP --socket {FOLDER}/lmtp.sock --to anna@demo.example",
        places.join(", ")
    ));
    if !once {
        show::say("\nServing until Ctrl-C.");
    }
}
