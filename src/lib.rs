//! tamis (French for *sieve*): a mail delivery agent in one binary. This page is the map of the house.
//!
//! Postfix hands a message over by LMTP. tamis looks at it once, stamps what it thinks on top of it, lets each
//! recipient's Sieve script decide where it goes, stores it so that it survives a power cut, and can say afterwards
//! why it did so. Read [`deliver`] next: it is the whole story on one page. `ARCHITECTURE.md` has the picture, the
//! laws and the list of standards.
//!
//! Five values flow one way, each made by one part: **facts → findings → verdict → plan → receipt**.
//!
//! In reading order:

#![forbid(unsafe_code)]

/// The story: one message in, one answer per recipient.
pub mod deliver;

/// What shall happen: values only.
pub mod plan;

/// What a message is: pure, never fails, notes defects.
pub mod mail;

/// What is inside it: pure; true types, archives, documents.
pub mod unpack;

/// Signatures of what is known: pure; ClamAV's text formats, YARA, what their names mean.
pub mod signatures;

/// What we think of it: pure; checks, rules, judge.
pub mod filter;

/// What the user wants: pure; a script becomes a plan.
pub mod sieve;

/// What others know and do: user tables, sandboxed workers, the server that takes what leaves; all with a deadline.
pub mod ask;

/// What we keep: Maildirs, quarantine, journal; the only part that touches the disk.
pub mod store;

/// Why it happened: one record, read by log, command line and pages.
pub mod journal;

/// Why not: a code for the peer, a cause for the log, a remedy for the operator.
pub mod refusal;

/// Every bound of the program, with value, unit and reason.
pub mod limits;

/// The table of settings; documents are printed from it.
pub mod config;

/// What people may do: the one door for command line and pages.
pub mod admin;

/// Who may talk to us: sockets and protocols.
pub mod serve;

/// The command line.
pub mod cli;
