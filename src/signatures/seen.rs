//! What signatures found in one message: names with places, and where they gave up.

use super::Class;
use crate::limits::SIGNATURE_HITS_MAX;

/// One signature that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub name: String,
    /// As the signature itself says, where it does; else the name decides.
    pub class: Option<Class>,
    /// The way to the contents, as in `unpack`; empty for the message as it came.
    pub path: Vec<String>,
}

/// Everything that signatures found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub hits: Vec<Hit>,
    /// Contents for which not all signatures could be tried.
    pub gave_up: Vec<Vec<String>>,
}

impl Seen {
    /// Adds a hit: one name once, where it was found first.
    pub fn add(&mut self, hit: Hit) {
        if self.hits.len() < SIGNATURE_HITS_MAX && self.hits.iter().all(|other| other.name != hit.name) {
            self.hits.push(hit);
        }
    }

    /// Notes contents for which not all signatures could be tried.
    pub fn give_up(&mut self, path: &[String]) {
        if self.gave_up.len() < SIGNATURE_HITS_MAX {
            self.gave_up.push(path.to_vec());
        }
    }
}
