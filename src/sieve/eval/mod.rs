//! The run of a script: variables, flags, loops, and what was decided; answers the engine's calls.
//!
//! Pure: everything that is asked for stands in the request. Standards: RFC 5228 §2, RFC 5229 (variables), RFC 5703 §3
//! (loops over parts), RFC 6609 §3 (include).

mod actions;
mod fields;
mod flags;
mod include;
mod rules;
mod scores;
mod sending;
mod tests;
mod values;
mod variables;

use super::body;
use super::engine::Cache;
use super::letter::Letter;
use super::lower;
use super::outcome::{Done, DoneAct, Fault, Outcome};
use super::program::{Act, Placed, Program, Test};
use super::request::Request;
use crate::limits::{SCRIPT_TRACE_MAX, SCRIPT_TRACE_TEXT_MAX, SCRIPT_WORK_BYTES_MAX};
use crate::plan::{Asked, Flags, Step};
use ::sieve::Sieve;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a test or action says: the answer, or why the script can't go on.
type Answer<T = bool> = Result<T, String>;

/// One script of a sequence while it runs.
pub(super) struct Run<'a> {
    pub(super) request: &'a Request,
    letter: Letter<'a>,
    /// The script, and those that it includes; the innermost last.
    scopes: Vec<Scope>,
    globals: HashMap<String, String>,
    /// Scripts that were included, for `:once`.
    included: HashSet<(bool, String)>,
    /// The internal variable of RFC 5232 §2.
    flags: Vec<String>,
    /// Loops around that a `break` still has to leave.
    leaving: usize,
    /// Bodies that were decoded.
    bodies: Vec<(body::Transform, Arc<Vec<String>>)>,
    /// Octets that comparisons may still read.
    work_left: usize,
    /// Is the implicit keep in effect?
    implicit_keep: bool,
    /// Has `keep` been run?
    explicit_keep: bool,
    done: Vec<Done>,
    /// Folders, addresses and the like of earlier scripts of the sequence.
    before: Vec<Done>,
    asked: Vec<Asked>,
    trace: Vec<Step>,
    /// Folders that this run will make.
    made: Vec<String>,
}

/// One script: its own variables, its own matches (RFC 6609 §3.4).
struct Scope {
    name: String,
    program: Arc<Program>,
    variables: HashMap<String, String>,
    /// Names that `global` has bound.
    bound: HashSet<String>,
    matches: Vec<String>,
    loops: Vec<Loop>,
}

/// One `foreverypart`.
struct Loop {
    parts: Vec<usize>,
    next: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(request: &'a Request, letter: Letter<'a>, before: &Outcome, flags: Vec<String>) -> Self {
        Self {
            request,
            letter,
            scopes: Vec::new(),
            globals: HashMap::new(),
            included: HashSet::new(),
            flags,
            leaving: 0,
            bodies: Vec::new(),
            work_left: SCRIPT_WORK_BYTES_MAX,
            implicit_keep: true,
            explicit_keep: false,
            done: Vec::new(),
            before: before.done.clone(),
            asked: Vec::new(),
            trace: Vec::new(),
            made: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, name: &str, program: Arc<Program>) {
        self.scopes.push(Scope {
            name: name.to_string(),
            program,
            variables: HashMap::new(),
            bound: HashSet::new(),
            matches: Vec::new(),
            loops: Vec::new(),
        });
    }

    /// What was decided, and the message and the internal flags as the script has left them.
    pub(super) fn end(self) -> (Letter<'a>, Vec<String>, Outcome) {
        let keep = self.implicit_keep.then(|| Flags::from_names(self.flags.iter().map(String::as_str)));
        let variables = self.scopes.first().map(|scope| scope.variables.clone()).unwrap_or_default();
        let mut variables: Vec<_> = variables.into_iter().chain(self.globals).collect();
        variables.sort();
        let (done, asked, trace, explicit_keep) = (self.done, self.asked, self.trace, self.explicit_keep);
        (self.letter, self.flags, Outcome { done, keep, explicit_keep, asked, trace, variables, ..Outcome::default() })
    }

    /// Answers one call of the engine; see [`lower::FUNCTIONS`].
    ///
    /// # Errors
    /// Line and words: the script has failed.
    pub(super) fn call(
        &mut self,
        function: u32,
        number: usize,
        cache: &mut Cache,
        waiting: &mut Option<Arc<Sieve>>,
    ) -> Result<bool, (usize, String)> {
        let Some(program) = self.scopes.last().map(|scope| Arc::clone(&scope.program)) else {
            return Err((0, "no script is running".into()));
        };
        if function == lower::TEST {
            let Some(Placed { line, it }) = program.tests.get(number) else {
                return Err((0, format!("there is no test {number}")));
            };
            return self.test(it, *line).map_err(|words| (*line, words));
        }
        if function == lower::INCLUDED {
            // Its number is that of the script around.
            self.scopes.pop();
            return Ok(true);
        }
        let Some(Placed { line, it }) = program.acts.get(number) else {
            return Err((0, format!("there is no action {number}")));
        };
        let answer = match function {
            lower::ACT => self.act(it, *line).map(|()| true),
            lower::MAY_INCLUDE => self.may_include(it, cache, waiting),
            lower::EACH => {
                let parts = self.descendants(self.part());
                if let Some(loops) = self.loops() {
                    loops.push(Loop { parts, next: 0 });
                }
                Ok(true)
            }
            lower::NEXT => Ok(self.next_part()),
            lower::LEAVE => {
                self.leave(it);
                Ok(true)
            }
            lower::LEAVING => {
                let more = self.leaving > 0;
                self.leaving = self.leaving.saturating_sub(1);
                Ok(more)
            }
            _ => Err(format!("there is no function {function}")),
        };
        answer.map_err(|words| (*line, words))
    }

    /// A fault of the script that runs now.
    pub(super) fn fault(&self, line: usize, words: String) -> Fault {
        Fault { script: self.script().to_string(), line, words }
    }

    fn script(&self) -> &str {
        self.scopes.last().map_or("", |scope| scope.name.as_str())
    }

    fn loops(&mut self) -> Option<&mut Vec<Loop>> {
        self.scopes.last_mut().map(|scope| &mut scope.loops)
    }

    /// The part that `foreverypart` has reached; 0 is the whole message.
    fn part(&self) -> usize {
        let scopes = self.scopes.iter().rev();
        let innermost = scopes.flat_map(|scope| scope.loops.iter().rev()).find(|around| around.next > 0);
        innermost.and_then(|around| around.parts.get(around.next - 1)).copied().unwrap_or(0)
    }

    /// RFC 5703 §3: all parts of the message, the message itself first; inside of a loop those below its part.
    fn descendants(&self, part: usize) -> Vec<usize> {
        let parts = &self.letter.parts().parts;
        let in_loop = self.scopes.iter().any(|scope| scope.loops.iter().any(|around| around.next > 0));
        let end = parts.get(part).map_or(parts.len(), |part| part.end);
        (part + usize::from(in_loop)..end).collect()
    }

    fn next_part(&mut self) -> bool {
        let Some(loops) = self.loops() else { return false };
        let Some(around) = loops.last_mut() else { return false };
        around.next += 1;
        let more = around.next <= around.parts.len();
        if !more {
            loops.pop();
        }
        more
    }

    fn leave(&mut self, act: &Act) {
        if let Act::Break(left) = act {
            if let Some(loops) = self.loops() {
                loops.truncate(loops.len().saturating_sub(*left));
            }
            self.leaving = left - 1;
        }
    }

    /// Notes why something was decided.
    fn note(&mut self, line: usize, what: String) {
        if self.trace.len() < SCRIPT_TRACE_MAX {
            self.trace.push(Step { script: self.script().to_string(), line, what });
        }
    }

    /// Notes what was decided.
    fn decide(&mut self, line: usize, act: DoneAct, what: String) {
        self.note(line, what);
        self.done.push(Done { script: self.script().to_string(), line, edits: self.letter.edits.len(), act });
    }

    fn test(&mut self, test: &Test, line: usize) -> Answer {
        match test {
            Test::Const(known) => Ok(*known),
            Test::Not(inner) => Ok(!self.test(inner, line)?),
            Test::Any(tests) => {
                for inner in tests {
                    if self.test(inner, line)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::All(tests) => {
                for inner in tests {
                    if !self.test(inner, line)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Look(look) => self.look(look, line),
            Test::Ask(ask) => self.ask(ask, line),
        }
    }
}

/// Foreign text in a trace: one line, not too long.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SCRIPT_TRACE_TEXT_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
