//! `tamis docs`: the program prints its own manual page and shell completions.
#![allow(clippy::print_stdout, reason = "the command line speaks to people")]

use super::{Exit, Fault, Line};
use clap::{CommandFactory, Subcommand};
use std::io::Write;

#[derive(Subcommand)]
pub(super) enum Command {
    /// The manual page, in roff: `tamis docs man | man -l -`.
    Man,
    /// Completions for a shell: `tamis docs completions bash > /etc/bash_completion.d/tamis`.
    Completions { shell: clap_complete::Shell },
}

pub(super) fn run(command: &Command) -> Result<Exit, Fault> {
    let mut out = Vec::new();
    match command {
        Command::Man => man(&mut out).map_err(|e| Fault::new(Exit::Software, e.to_string()))?,
        Command::Completions { shell } => clap_complete::generate(*shell, &mut Line::command(), "tamis", &mut out),
    }
    let _ = std::io::stdout().write_all(&out);
    Ok(Exit::Ok)
}

/// One page: the program, then every command with its options.
fn man(out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut line = Line::command();
    line.build();
    let page = clap_mangen::Man::new(line.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for command in line.get_subcommands().filter(|c| !c.is_hide_set()) {
        section(command, command.get_name(), out)?;
    }
    Ok(())
}

fn section(command: &clap::Command, path: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(out, ".SH \"tamis {path}\"")?;
    let page = clap_mangen::Man::new(command.clone());
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        section(sub, &format!("{path} {}", sub.get_name()), out)?;
    }
    Ok(())
}
