//! Reads the command line and starts one command.
//!
//! Does nothing itself: [`tamis::cli`] has one file per group of commands.

fn main() -> std::process::ExitCode {
    tamis::cli::run().into()
}
