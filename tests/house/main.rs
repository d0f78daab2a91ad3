//! The house from outside: protocol talks and whole cases, through the real server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that can't go on shall stop where it stands and say so"
)]

#[path = "../world/takes_mail.rs"]
mod takes_mail;
#[path = "../world/mod.rs"]
mod world;

mod answers;
mod cases;
mod clamd;
mod commands;
mod leaving;
mod sieve_commands;
mod sockets;
mod suspended;
mod talk;
mod workers;
