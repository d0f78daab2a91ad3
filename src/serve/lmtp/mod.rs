//! LMTP: how our MTA hands us messages, and how each recipient is answered.
//!
//! `command` and `xforward` read lines, `state` decides, `session` does; `data` and `receive` take the message, `answer`
//! and `reply` speak. Nothing here judges or stores: that is `deliver`. Offered: PIPELINING, ENHANCEDSTATUSCODES,
//! 8BITMIME, SMTPUTF8, SIZE, and XFORWARD to trusted peers. Standards: RFC 2033, RFC 5321, RFC 2920, RFC 2034, RFC 6152,
//! RFC 6531, RFC 1870.

mod answer;
mod command;
mod data;
mod receive;
mod reply;
mod session;
mod state;
mod xforward;

pub(in crate::serve) use session::converse;
