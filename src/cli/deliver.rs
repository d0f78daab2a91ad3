//! `tamis deliver`: one message from standard input, for people who pipe.

use super::{Exit, Fault, open, runtime, scan, show};
use crate::admin;
use crate::config::Settings;
use crate::mail::{self, Address, Session};
use std::path::Path;
use std::sync::Arc;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The envelope sender; empty is the null reverse-path.
    #[arg(long, default_value = "")]
    from: String,
    /// Recipient addresses.
    #[arg(required = true)]
    rcpts: Vec<String>,
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    let rcpts = args.rcpts.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    let bytes = scan::read(Path::new("-"))?;
    // Whoever pipes to us has accepted the message: our own trouble must not bounce it.
    let env = open(config).map_err(Fault::temporary)?;
    let session = session(&bytes, &args.from, &env.settings)?;
    let answers = runtime()?.block_on(admin::deliver_local(bytes, session, &rcpts, Arc::clone(&env)));
    let mut exit = Exit::Ok;
    for (rcpt, answer) in rcpts.iter().zip(answers) {
        match answer {
            Ok(receipt) => {
                show::say(show::safe(&format!("{rcpt}: {receipt}")));
            }
            Err(refusal) => exit = Fault::from(refusal).print(),
        }
    }
    env.store.close();
    Ok(exit)
}

fn address(text: &str) -> Result<Address, Fault> {
    Address::parse(text).map_err(|_| Fault::new(Exit::Usage, format!("{text:?} is not an address")))
}

/// The session of a message that came without one: its client is read from our own host's Received field.
pub(super) fn session(bytes: &[u8], from: &str, settings: &Settings) -> Result<Session, Fault> {
    let (client, queue_id) = mail::client_of(bytes, &settings.server.mta_names);
    Ok(Session {
        reverse_path: if from.is_empty() { None } else { Some(address(from)?) },
        client,
        queue_id,
        protocol: Session::LOCAL.into(),
        lhlo: "localhost".into(),
        received_at: crate::deliver::now(),
        foreign_verdict: None,
        id: format!("p{}", std::process::id()),
    })
}
