//! Signatures of known malware, phishing and spam: ClamAV's text formats and YARA rules, matched in memory.
//!
//! Pure: files come as texts, contents as octets. [`compile`] makes one row of octets of all files, in the server;
//! a [`Database`] opens it, in every worker, and a [`Scan`] matches it over one message. Does not judge: a hit is a
//! name, which class that is stands in a list ([`Names`]), and what a class means is a rule of `filter`.

mod atoms;
mod blob;
mod compile;
mod database;
mod executable;
mod hashes;
mod hex;
mod kinds;
mod lines;
mod logical;
mod names;
mod normal;
mod offset;
mod pack;
mod pass;
mod program;
mod regex;
mod scan;
mod seen;
#[cfg(test)]
mod tests;
mod yara;

pub use compile::{Compiled, FileReport, Problem, SignatureFile, compile};
pub use database::Database;
pub use kinds::is_signature_file;
pub use names::{Class, Names, NamesError};
pub use scan::Scan;
pub use seen::{Hit, Seen};
