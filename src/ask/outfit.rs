//! What every worker of a pool is given when it starts: the operator's choices, as values.
//!
//! Does not read files.

use crate::unpack::Allowance;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The operator's choices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outfit {
    /// Rules and lists, (name, text); they have been read without a mistake before.
    pub overlays: Vec<(String, String)>,
    /// What unpacking one message may cost.
    pub allowance: Allowance,
    /// Compiled signatures; empty: our own alone. They travel in a frame of their own.
    #[serde(skip)]
    pub signatures: Signatures,
}

/// Compiled signatures, shared: cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Signatures(pub Arc<[u8]>);

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signatures({} octets)", self.0.len())
    }
}
