//! ManageSieve: how people edit their Sieve scripts from a mail program.
//!
//! `words` cuts lines and literals into strings, `command` reads them, `state` decides, `session` does; `acts` carries
//! out what concerns scripts, `login` speaks SASL, `reply` writes. Nothing here checks or stores: that is `admin`.
//! Standards: RFC 5804; RFC 4422 (SASL), RFC 3629 (UTF-8).

mod acts;
mod command;
mod guests;
mod login;
mod reply;
mod session;
mod state;
mod wire;
mod words;

pub(in crate::serve) use guests::Guests;
pub(in crate::serve) use session::converse;
