//! Signatures of known malware, phishing and spam: ClamAV's text formats and YARA rules, matched in memory.
//!
//! Pure: files come as texts, contents as octets. Does not judge: a hit is a name, which class that is stands in a list
//! ([`Names`]), and what a class means is a rule of `filter`.

mod names;
mod seen;

pub use names::{Class, Names, NamesError};
pub use seen::{Hit, Seen};
