//! Scripts that include others.
//!
//! Standards: RFC 6609 §3.2. *Deviation:* whether an included script is there and right is known at the run alone,
//! because it may be changed behind the one that names it; a missing one fails the script, so that the message is kept.

use super::super::engine::Cache;
use super::super::program::Act;
use super::{Answer, Run};
use crate::limits::SCRIPT_NESTED_INCLUDES_MAX;
use ::sieve::Sieve;
use std::sync::Arc;

impl Run<'_> {
    /// Is there something to run? Then it waits for the engine, and its scope is open.
    pub(super) fn may_include(&mut self, act: &Act, cache: &mut Cache, waiting: &mut Option<Arc<Sieve>>) -> Answer {
        let Act::Include { name, global, once, optional } = act else { return Ok(false) };
        let key = (*global, name.clone());
        if *once && self.included.contains(&key) {
            return Ok(false);
        }
        let Some(found) = self.request.includes.iter().find(|i| i.global == *global && i.name == *name) else {
            let place = if *global { "global" } else { "personal" };
            return if *optional { Ok(false) } else { Err(format!("include: there is no {place} script {name:?}")) };
        };
        if self.scopes.len() > SCRIPT_NESTED_INCLUDES_MAX {
            return Err(format!("scripts include each other more than {SCRIPT_NESTED_INCLUDES_MAX} levels deep"));
        }
        let compiled = cache
            .compile(&found.text, self.request.options.script_bytes_max)
            .map_err(|(line, words)| format!("include {name:?}: line {line}: {words}"))?;
        self.included.insert(key);
        self.enter(name, compiled.program);
        *waiting = Some(compiled.engine);
        Ok(true)
    }
}
