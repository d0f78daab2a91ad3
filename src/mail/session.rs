//! What the peer told us about a message outside of it: the envelope and the client of the MTA in front.
//!
//! Does not trust anything: how each fact became known is part of it. Standards: RFC 5321, Postfix XFORWARD_README.

use super::Address;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The envelope and its history, as values for the parts that judge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// MAIL FROM; `None` is the null reverse-path `<>`.
    pub reverse_path: Option<Address>,
    /// Who handed the message to our MTA.
    pub client: Client,
    /// The MTA's queue id, constant over retries; from XFORWARD IDENT or Received.
    pub queue_id: Option<String>,
    /// `LMTP`, `UTF8LMTP` (RFC 6531 §3.7.3 with RFC 3848), or `local` for a message from standard input.
    pub protocol: String,
    /// The name the LMTP peer gave with LHLO.
    pub lhlo: String,
    /// Seconds since 1970 at which the final dot arrived.
    pub received_at: i64,
    /// What another filter said, where the operator believes the host that wrote it ([`super::foreign_verdict`]).
    #[serde(default)]
    pub foreign_verdict: Option<String>,
    /// Which transaction of which connection, for the log: `s12.3`.
    pub id: String,
}

impl Session {
    /// The protocol of a message that a program of this machine piped to us.
    pub const LOCAL: &str = "local";

    pub fn is_local(&self) -> bool {
        self.protocol == Self::LOCAL
    }
}

/// The SMTP client in front of our MTA.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub address: Option<IpAddr>,
    /// The verified reverse name, where the MTA found one.
    pub name: Option<String>,
    pub helo: Option<String>,
    /// `SMTP`, `ESMTP`, …
    pub protocol: Option<String>,
    pub source: ClientSource,
}

/// How the client became known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientSource {
    Xforward,
    /// The topmost Received field of our own host.
    Received,
    #[default]
    Unknown,
}
