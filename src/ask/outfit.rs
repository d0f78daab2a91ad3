//! What every worker of a pool is given when it starts: the operator's choices, as values.
//!
//! Does not read files.

use crate::unpack::Allowance;
use serde::{Deserialize, Serialize};

/// The operator's choices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outfit {
    /// Rules and lists, (name, text); they have been read without a mistake before.
    pub overlays: Vec<(String, String)>,
    /// What unpacking one message may cost.
    pub allowance: Allowance,
}
