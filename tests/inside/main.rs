//! What is inside: real containers, real documents and real tools, through the command `tamis scan --json`.
//!
//! The archives are made by the tools of Debian, the documents by LibreOffice or taken from the test files of other
//! people's projects, which `tests/run.sh` fetches. In CI a missing tool is a failure.
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

#[path = "../world/mod.rs"]
mod world;

mod attacks;
mod documents;
mod matrix;
mod ordinary;
mod scan;
mod testfiles;
mod tools;
