//! Does tamis run Sieve as the standards say, and as Pigeonhole does? Whole scripts through the command
//! `tamis sieve test --json --batch`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::explicit_write,
    reason = "a test that can't go on shall stop where it stands and say so"
)]

mod batch;
mod casefile;
mod coverage;
mod dice;
mod differential;
mod generator;
mod letters;
mod oracle;
mod ours;
mod outcome;
mod pigeonhole;
mod rfc;
mod script;
mod wants;
