//! `tamis explain`: all that would happen to a message for one user, and why; writes nothing.

use super::{Exit, Fault, deliver::session, program, runtime, scan, settings, show};
use crate::admin::{self, Explained, Sight};
use crate::mail::Address;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(clap::Args)]
pub(super) struct Args {
    /// A message file; `-` is standard input.
    file: PathBuf,
    /// The recipient's address.
    #[arg(long = "for", value_name = "USER")]
    user: String,
    /// The envelope sender.
    #[arg(long, default_value = "")]
    from: String,
    #[arg(long)]
    json: bool,
    /// Ask nobody: no server, no clamd.
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(config: &Path, args: &Args) -> Result<Exit, Fault> {
    let bad = |_| Fault::new(Exit::Usage, format!("{:?} is not an address", args.user));
    let user = Address::parse(&args.user).map_err(bad)?;
    let bytes = scan::read(&args.file)?;
    let settings = if args.offline { scan::offline(settings(config)?) } else { settings(config)? };
    let session = session(&bytes, &args.from, &settings)?;
    let sight = Sight::new(settings, program()?).map_err(|e| Fault::new(Exit::Config, e))?;
    let explained = runtime()?.block_on(admin::explain(bytes, session, &user, Arc::new(sight)))?;
    if args.json {
        show::json(&explained)
    } else {
        print(&explained)
    }
    Ok(Exit::Ok)
}

fn print(it: &Explained) {
    let client = &it.session.client;
    let address = client.address.map_or_else(|| "unknown".into(), |a| a.to_string());
    show::say(format!(
        "FACTS     client {address}, HELO {}, user {}, Maildir {}",
        client.helo.as_deref().unwrap_or("unknown"),
        it.mailbox.user,
        it.mailbox.maildir.display()
    ));
    if let Some(look) = &it.look {
        show::say(format!(
            "          {} parts, {} links, defects: {}",
            look.parts.len(),
            look.links.len(),
            if look.defects.is_empty() { "none".into() } else { look.defects.join(", ") }
        ));
    }
    show::say(format!("VERDICT   {} {:.1}", it.verdict.class, it.verdict.score));
    let findings =
        it.verdict.findings.iter().map(|f| vec![f.name.clone(), format!("{:+.1}", f.weight), f.detail.clone()]);
    show::table(&["finding", "weight", "detail"], findings);
    for step in &it.plan.trace {
        show::say(show::safe(&format!("SCRIPT    {}:{} {}", step.script, step.line, step.what)));
    }
    if let Some(trouble) = &it.plan.trouble {
        show::say(show::safe(&format!("TROUBLE   {trouble}")));
    }
    for action in &it.plan.actions {
        let mut action = serde_json::to_value(action).unwrap_or_default();
        // A whole message of ours would bury the plan; --json has it.
        if let Some(text) = action.pointer_mut("/content/text") {
            *text = format!("{} octets", text.as_str().map_or(0, str::len)).into();
        }
        show::say(show::safe(&format!("PLAN      {action}")));
    }
}
