//! `tamis sieve extensions`: what scripts may require, as ManageSieve clients are told.

use super::super::{Exit, show};
use crate::admin;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// One JSON array.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    match args.json {
        true => show::json(&admin::extensions().collect::<Vec<_>>()),
        false => admin::extensions().for_each(show::say),
    }
    Exit::Ok
}
