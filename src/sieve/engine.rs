//! Runs checked scripts on sieve-rs: the engine walks through the control structures and calls us for each test and
//! action (see `lower`); nothing is carried out.
//!
//! Whatever goes wrong ends the run with a sentence for the script's owner. Standards: RFC 5228 §2.10,
//! draft-degener-sieve-multiscript. *Reading:* a keep of an earlier script is what the later ones start with, as in
//! Pigeonhole: they may file or discard the message instead.

use super::eval::Run;
use super::letter::Letter;
use super::lower::{self, FUNCTIONS};
use super::outcome::{DoneAct, Fault, Outcome};
use super::program::Program;
use super::request::{Request, Script};
use super::{check, lex, notes::Notes, parse, report::Question};
use crate::limits::{
    SCRIPT_EVENTS_MAX, SCRIPT_INSTRUCTIONS_MAX, SCRIPT_NESTED_INCLUDES_MAX, SCRIPT_NESTING_MAX,
    SCRIPTS_CACHED_BYTES_MAX, SCRIPTS_CACHED_MAX,
};
use crate::plan::Flags;
use ::sieve::runtime::Variable;
use ::sieve::{Compiler, Event, FunctionMap, Input, Runtime, Sieve};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// A script that is ready to run.
#[derive(Clone)]
pub(super) struct Compiled {
    pub(super) program: Arc<Program>,
    pub(super) engine: Arc<Sieve>,
}

/// Compiles one script.
///
/// # Errors
/// Line and words of its first error.
pub(super) fn compile(text: &str, bytes_max: u64) -> Result<Compiled, (usize, String)> {
    if text.len() as u64 > bytes_max {
        return Err((0, format!("the script has {} octets, at most {bytes_max} are read", text.len())));
    }
    let mut notes = Notes::new(text);
    let commands = parse::parse(&lex::tokens(text, &mut notes), &mut notes);
    let program = check::check(&commands, &Question { metadata: true, ..Question::default() }, &mut notes);
    if let Some(first) = notes.into_report().errors.first() {
        return Err((first.line, first.words.clone()));
    }
    let engine = engine_form(&program).map_err(|words| (0, words))?;
    Ok(Compiled { program: Arc::new(program), engine: Arc::new(engine) })
}

/// What the engine runs of a checked program.
///
/// # Errors
/// Why the engine refused it, which no checked program should meet.
pub(super) fn engine_form(program: &Program) -> Result<Sieve, String> {
    let compiled = compiler().compile(lower::lower(program).as_bytes());
    compiled.map_err(|error| format!("the engine refused the script: {error}"))
}

fn compiler() -> Compiler {
    let functions = FUNCTIONS.iter();
    let mut map = functions.fold(FunctionMap::new(), |map, (name, id)| map.with_external_function(*name, *id, 1));
    Compiler::new()
        .with_max_script_size(usize::MAX) // ours is checked before; lowering makes a script a little longer
        .with_max_nested_blocks(4 * SCRIPT_NESTING_MAX)
        .with_max_includes(usize::MAX)
        .register_functions(&mut map)
}

fn runtime() -> Runtime {
    Runtime::new()
        .with_capability("vnd.stalwart.expressions")
        .with_capability("vnd.stalwart.while")
        .with_cpu_limit(SCRIPT_INSTRUCTIONS_MAX)
        // Ours are counted by `eval`, which says so in words.
        .with_max_nested_includes(SCRIPT_NESTED_INCLUDES_MAX + 2)
}

/// Scripts that are compiled already, by the hash of their text. Bounded by number and size of the texts.
#[derive(Default)]
pub struct Cache {
    entries: HashMap<[u8; 32], Entry>,
    /// Counts look-ups; the entry with the lowest goes first.
    clock: u64,
    bytes: usize,
}

struct Entry {
    result: Result<Compiled, (usize, String)>,
    used: u64,
    bytes: usize,
}

impl Cache {
    pub(super) fn compile(&mut self, text: &str, bytes_max: u64) -> Result<Compiled, (usize, String)> {
        let key: [u8; 32] = Sha256::new().chain_update(bytes_max.to_le_bytes()).chain_update(text).finalize().into();
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.used = self.clock;
            return entry.result.clone();
        }
        let result = compile(text, bytes_max);
        let entry = Entry { result: result.clone(), used: self.clock, bytes: text.len() };
        self.bytes += entry.bytes;
        self.entries.insert(key, entry);
        self.shrink();
        result
    }

    fn shrink(&mut self) {
        while self.entries.len() > SCRIPTS_CACHED_MAX || self.bytes > SCRIPTS_CACHED_BYTES_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| *key);
            let Some(gone) = oldest.and_then(|key| self.entries.remove(&key)) else { return };
            self.bytes -= gone.bytes;
        }
    }
}

/// Runs script after script over the stamped message, as long as keep is in effect.
pub(super) fn sequence(cache: &mut Cache, message: &[u8], request: &Request) -> Outcome {
    let mut outcome = Outcome { keep: Some(Flags::default()), ..Outcome::default() };
    let mut letter = Letter::new(message);
    let mut explicit_keep = false;
    // RFC 5232 §2: the internal variable lasts as long as the message is under way.
    let mut flags = Vec::new();
    for script in request.scripts.iter().filter(|script| !script.text.is_empty()) {
        if script.last && explicit_keep {
            continue;
        }
        let mut run = Run::new(request, letter, &outcome, std::mem::take(&mut flags));
        let result = one(cache, script, &mut run);
        let mut part;
        (letter, flags, part) = run.end();
        outcome.trace.append(&mut part.trace);
        outcome.variables = std::mem::take(&mut part.variables);
        if let Err(fault) = result {
            // As in Pigeonhole, an error stops all and keeps: nothing of what was decided is done.
            return Outcome { keep: Some(Flags::default()), fault: Some(fault), ..outcome.of_trace() };
        }
        outcome.asked.append(&mut part.asked);
        outcome.edits.clone_from(&letter.edits);
        let kept = part.explicit_keep;
        explicit_keep |= kept;
        merge(&mut outcome, part);
        if outcome.keep.is_none() && !kept {
            break;
        }
    }
    one_inbox(&mut outcome);
    outcome
}

/// What is filed into the inbox and kept there, too, is one copy (RFC 5228 §2.10.3).
fn one_inbox(outcome: &mut Outcome) {
    let keep = |flags| DoneAct::Keep { flags };
    let kept = outcome.keep.clone().map(keep);
    let filed = kept.and_then(|kept| Some((outcome.done.iter_mut().find(|done| done.act.is_copy_of(&kept))?, kept)));
    if let Some((filed, kept)) = filed {
        filed.act.unite(&kept);
        outcome.keep = None;
    }
}

/// A keep of an earlier script is what this one starts with: its flags stay where this one keeps, too.
fn merge(outcome: &mut Outcome, mut part: Outcome) {
    let mut before = outcome.keep.take().unwrap_or_default();
    outcome.done.retain(|done| match &done.act {
        DoneAct::Keep { flags } => {
            before = std::mem::take(&mut before).united(flags);
            false
        }
        DoneAct::Store { .. }
        | DoneAct::Discard
        | DoneAct::Redirect { .. }
        | DoneAct::Reject { .. }
        | DoneAct::Vacation { .. }
        | DoneAct::Notify { .. } => true,
    });
    for done in &mut part.done {
        if let DoneAct::Keep { flags } = &mut done.act {
            *flags = before.clone().united(flags);
        }
    }
    for done in part.done {
        match outcome.done.iter_mut().find(|known| known.act.is_copy_of(&done.act)) {
            // RFC 5228 §2.10.3: one copy a folder, with the flags of both.
            Some(known) => known.act.unite(&done.act),
            None => outcome.done.push(done),
        }
    }
    outcome.keep = part.keep.map(|now| before.united(&now));
}

/// One script from its begin to its end.
fn one(cache: &mut Cache, script: &Script, run: &mut Run<'_>) -> Result<(), Fault> {
    let fault = |line, words: String| Fault { script: script.name.clone(), line, words };
    let compiled = cache
        .compile(&script.text, run.request.options.script_bytes_max)
        .map_err(|(line, words)| fault(line, words))?;
    run.enter(&script.name, Arc::clone(&compiled.program));
    let runtime = runtime();
    // The engine needs no message: it asks us for everything.
    let mut context = runtime.filter_parsed(Default::default());
    let mut input = Input::script("", compiled.engine);
    let mut waiting = None;
    for _ in 0..SCRIPT_EVENTS_MAX {
        input = match context.run(input) {
            None => return Ok(()),
            // Every keep of the script is ours: this is the engine's own at its end.
            Some(Ok(Event::Keep { .. } | Event::Discard)) => Input::True,
            Some(Ok(Event::Function { id, arguments })) => {
                let number = arguments.first().map(Variable::to_usize).unwrap_or_default();
                let answer = run.call(id, number, cache, &mut waiting);
                Input::result(Variable::from(i64::from(answer.map_err(|(line, words)| run.fault(line, words))?)))
            }
            Some(Ok(Event::IncludeScript { name, .. })) => match waiting.take() {
                Some(script) => Input::script(name, script),
                None => return Err(fault(0, "the engine included a script that nobody asked for".into())),
            },
            Some(Ok(event)) => return Err(fault(0, format!("the engine asked for {event:?}"))),
            Some(Err(error)) => return Err(fault(0, words_of(&error))),
        };
    }
    Err(fault(0, format!("the script takes more than {SCRIPT_EVENTS_MAX} steps")))
}

fn words_of(error: &::sieve::runtime::RuntimeError) -> String {
    if matches!(error, ::sieve::runtime::RuntimeError::CPULimitReached) {
        return format!("the script takes more than {SCRIPT_INSTRUCTIONS_MAX} steps");
    }
    format!("the engine failed: {error}")
}
