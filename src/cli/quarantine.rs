//! `tamis quarantine`: held messages.

use super::{Exit, Fault, open_without_rules, runtime, show};
use crate::admin::{self, Class, Held, HeldWanted};
use std::io::Write;
use std::path::Path;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Held messages, newest first.
    List {
        /// Only those of this user.
        #[arg(long)]
        user: Option<String>,
        /// Only those of this class: CLEAN, BULK, SPAM, VIRUS, UNSCANNED.
        #[arg(long, value_parser = |word: &str| Class::parse(word).ok_or("no such class"))]
        class: Option<Class>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// One JSON object per line.
        #[arg(long)]
        json: bool,
    },
    /// One held message: why it is held, or with --raw its bytes.
    Show {
        id: String,
        /// The message itself, byte for byte, to standard output.
        #[arg(long)]
        raw: bool,
        #[arg(long)]
        json: bool,
    },
    /// Deliver held messages to their recipients' INBOX.
    Release {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Delete held messages for good.
    Delete {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    let env = open_without_rules(config)?;
    match command {
        Command::List { user, class, limit, json } => {
            let wanted = HeldWanted { user: user.clone(), class: *class, limit: *limit };
            list(&admin::quarantine_list(&wanted, &env)?, *json);
            Ok(Exit::Ok)
        }
        Command::Show { id, raw, json } => {
            let (held, message) = admin::quarantine_show(id, &env)?.ok_or_else(|| missing(id))?;
            match (raw, json) {
                (true, _) => drop(std::io::stdout().write_all(&message)),
                (_, true) => show::json(&held),
                _ => print(&held),
            }
            Ok(Exit::Ok)
        }
        Command::Release { ids } => each(ids, |id| {
            let receipt =
                runtime()?.block_on(admin::quarantine_release(id, "operator", &env))?.ok_or_else(|| missing(id))?;
            show::say(match receipt.already {
                true => format!("{id}: had been released already"),
                false => format!("{id}: delivered to INBOX"),
            });
            Ok(())
        }),
        Command::Delete { ids } => each(ids, |id| {
            if !admin::quarantine_delete(id, &env)? {
                return Err(missing(id));
            }
            show::say(format!("{id}: deleted"));
            Ok(())
        }),
    }
}

/// Does all it can; the exit code is that of the last fault.
fn each(ids: &[String], act: impl Fn(&str) -> Result<(), Fault>) -> Result<Exit, Fault> {
    Ok(ids.iter().filter_map(|id| act(id).err()).map(Fault::print).last().unwrap_or(Exit::Ok))
}

fn missing(id: &str) -> Fault {
    Fault::new(Exit::Data, format!("no message {id:?} is held; `tamis quarantine list` shows those that are"))
}

fn list(held: &[Held], json: bool) {
    if json {
        return held.iter().for_each(show::json);
    }
    let rows = held.iter().map(|h| {
        let state = if h.released_at.is_some() { "released" } else { "held" };
        vec![
            h.id.clone(),
            show::time(h.at),
            h.class.to_string(),
            h.rcpt.clone(),
            h.from_text.clone(),
            h.subject.clone(),
            h.why.clone(),
            state.into(),
        ]
    });
    show::table(&["id", "at", "class", "for", "from", "subject", "why", "state"], rows);
}

fn print(held: &Held) {
    let who = if held.operator_only { "the operator only" } else { "its recipient or the operator" };
    let rows = [
        ("id", held.id.clone()),
        ("held at", show::time(held.at)),
        ("until", show::time(held.expires_at)),
        ("for", held.rcpt.clone()),
        ("envelope from", held.reverse_path.clone()),
        ("from", held.from_text.clone()),
        ("subject", held.subject.clone()),
        ("message-id", held.message_id.clone()),
        ("size", show::size(held.bytes)),
        ("class", format!("{} {:.1}", held.class, held.score)),
        ("why", held.why.clone()),
        ("released by", who.into()),
        ("released at", held.released_at.map(show::time).unwrap_or_default()),
    ];
    show::table(&["", "held message"], rows.map(|(name, value)| vec![name.into(), value]));
    let findings = held.findings.iter().map(|f| vec![f.name.clone(), format!("{:+.1}", f.weight), f.detail.clone()]);
    show::table(&["finding", "weight", "detail"], findings);
}
