//! `tamis formats`: the kinds of contents that are known, and what is done with each.
//!
//! Only prints: the table is that of `unpack`.

use super::{Exit, show};
use crate::admin::{self, Format};

#[derive(clap::Args)]
pub(super) struct Args {
    /// One JSON object per line and kind: `name`, `about`, `does`.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    if args.json {
        admin::formats().for_each(|format| {
            show::json(&serde_json::json!({ "name": format.name, "about": format.about, "does": does(format) }));
        });
    } else {
        let row = |format: &Format| vec![format.name.to_string(), does(format).to_string(), format.about.to_string()];
        show::table(&["kind", "what is done", "about"], admin::formats().map(row));
    }
    Exit::Ok
}

fn does(format: &Format) -> &'static str {
    format.nature.words()
}
