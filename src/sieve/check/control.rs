//! Control structures: `if`, loops, `include`, and which command goes where.
//!
//! Standards: RFC 5228 §3, RFC 5463 §3 (what `ihave` guards is not checked), RFC 5703 §3, RFC 6609 §3.

use super::super::notes::Span;
use super::super::parse::Command;
use super::super::program::{Act, Step, Test};
use super::super::template;
use super::Checker;

/// The branches of the `if` that is being read.
#[derive(Default)]
struct Branches {
    open: bool,
    /// A test before was always true: nothing behind it is ever run.
    closed: bool,
    /// Index of its step; `None` where all branches before are never taken.
    step: Option<usize>,
}

impl Checker<'_, '_> {
    pub(super) fn block(&mut self, commands: &[Command]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut branches = Branches::default();
        let mut ended: Option<&str> = None;
        for command in commands {
            if let Some(by) = ended.take() {
                let words =
                    format!("\"{}\" and what follows here is never reached: \"{by}\" stands before it", command.name);
                self.notes.warning("unreachable", command.span, words, None);
            }
            let name = command.name.to_ascii_lowercase();
            match name.as_str() {
                "if" => {
                    branches = Branches { open: true, ..Branches::default() };
                    self.branch(command, &mut branches, &mut steps);
                    continue;
                }
                "elsif" | "else" if branches.open => {
                    self.branch(command, &mut branches, &mut steps);
                    branches.open = name == "elsif";
                    continue;
                }
                "elsif" | "else" => {
                    let words = format!("\"{name}\" must stand right behind the block of an \"if\" or \"elsif\"");
                    self.notes.error("misplaced-elsif", command.span, words);
                    branches = Branches { open: true, ..Branches::default() };
                    self.branch(command, &mut branches, &mut steps);
                    continue;
                }
                _ => branches.open = false,
            }
            let step = self.command(&name, command);
            ended = step.as_ref().and_then(|step| self.ends(step));
            steps.extend(step);
        }
        self.doubt_discard(commands);
        steps
    }

    /// Nothing behind this step in its block is run.
    fn ends(&self, step: &Step) -> Option<&'static str> {
        match step {
            Step::Stop => Some("stop"),
            Step::Return => Some("return"),
            Step::Break(..) => Some("break"),
            Step::Act(id) if self.program.acts.get(*id).is_some_and(|act| matches!(act.it, Act::Error { .. })) => {
                Some("error")
            }
            Step::Act(_) | Step::If(_) | Step::Include(_) | Step::ForEveryPart(..) => None,
        }
    }

    fn branch(&mut self, command: &Command, branches: &mut Branches, steps: &mut Vec<Step>) {
        self.given_command(command);
        // Nothing behind a test that is always true is checked: `ihave` guards what may be unknown here.
        if branches.closed {
            let words = format!("this \"{}\" is never reached: a test before it is always true", command.name);
            return self.notes.warning("unreachable", command.span, words, None);
        }
        let test = match command.tests.first() {
            Some(test) => self.test(test),
            None => Test::Const(true),
        };
        let known = constant(&test);
        if known == Some(false) {
            return;
        }
        branches.closed = known == Some(true);
        // What always decides, but remembers matches on its way, is run all the same.
        let id = (test != Test::Const(true))
            .then(|| self.test_id(command.tests.first().map_or(command.span, |t| t.span), test));
        let block = self.block(command.block.as_deref().unwrap_or_default());
        match branches.step.and_then(|at| steps.get_mut(at)) {
            Some(Step::If(known)) => known.push((id, block)),
            _ => {
                branches.step = Some(steps.len());
                steps.push(Step::If(vec![(id, block)]));
            }
        }
    }

    /// Any command but `if` and its kin.
    fn command(&mut self, name: &str, command: &Command) -> Option<Step> {
        match name {
            "require" => {
                let words = "\"require\" must stand at the begin of the script, before all other commands";
                self.notes.error("misplaced-require", command.span, words);
                self.require(command);
                None
            }
            "stop" => {
                self.given_command(command);
                Some(Step::Stop)
            }
            "return" => {
                self.given_command(command);
                Some(Step::Return)
            }
            "include" => self.include(command),
            "foreverypart" => self.for_every_part(command),
            "break" => self.break_(command),
            "global" => self.global(command),
            _ => self.action(name, command).map(|act| Step::Act(self.act(command.span, act))),
        }
    }

    fn for_every_part(&mut self, command: &Command) -> Option<Step> {
        let given = self.given_command(command)?;
        self.loops.push(given.plain_tag("name").map(|(name, _)| name.to_string()));
        let id = self.act(command.span, Act::ForEveryPart);
        let block = self.block(command.block.as_deref().unwrap_or_default());
        self.loops.pop();
        Some(Step::ForEveryPart(id, block))
    }

    fn break_(&mut self, command: &Command) -> Option<Step> {
        let given = self.given_command(command)?;
        let name = given.plain_tag("name").map(|(name, _)| name);
        // RFC 5703 §3.2: the innermost of that name.
        let at = self.loops.iter().rev().position(|label| name.is_none() || label.as_deref() == name);
        let Some(at) = at else {
            let words = match name {
                Some(name) => format!("there is no \"foreverypart :name \\\"{name}\\\"\" around this \"break\""),
                None => "\"break\" must stand inside of a \"foreverypart\"".into(),
            };
            self.notes.error("syntax", command.span, words);
            return None;
        };
        let id = self.act(command.span, Act::Break(at + 1));
        Some(Step::Break(id, at + 1))
    }

    fn include(&mut self, command: &Command) -> Option<Step> {
        let given = self.given_command(command)?;
        let (name, span) = given.plain_texts(0).first().copied()?;
        if !is_script_name(name) {
            self.notes.error("wrong-argument", span, format!("{name:?} can't be the name of a script"));
            return None;
        }
        let (global, once, optional) = (given.has("global"), given.has("once"), given.has("optional"));
        self.doubt_include(name, global, optional, span);
        // What it sets is not known here.
        self.variables.unknown = true;
        let act = Act::Include { name: name.to_string(), global, once, optional };
        Some(Step::Include(self.act(command.span, act)))
    }

    fn global(&mut self, command: &Command) -> Option<Step> {
        let given = self.given_command(command)?;
        self.needs("variables", "\"global\"", command.span);
        let mut names = Vec::new();
        for (name, span) in given.plain_texts(0) {
            if template::is_identifier(name) {
                let name = name.to_ascii_lowercase();
                self.variables.set(&name);
                names.push(name);
            } else {
                self.notes.error("bad-variable", span, format!("{name:?} can't be the name of a variable"));
            }
        }
        Some(Step::Act(self.act(command.span, Act::Global { names })))
    }

    /// A test that must be true or false at once (RFC 5463 §4), or one that is run.
    pub(super) fn ihave(&mut self, names: &[(&str, Span)]) -> Test {
        let known: Vec<_> = names.iter().map(|(name, _)| super::super::extensions::find(name)).collect();
        if known.iter().any(Option::is_none) {
            return Test::Const(false);
        }
        // RFC 5463 §4: what was asked for needs no require.
        known.into_iter().flatten().for_each(|extension| self.required.add(extension));
        Test::Const(true)
    }
}

/// What the test always says, where it does.
fn constant(test: &Test) -> Option<bool> {
    let decided = |tests: &[Test], by: bool| tests.iter().any(|test| constant(test) == Some(by)).then_some(by);
    match test {
        Test::Const(known) => Some(*known),
        Test::Not(inner) => constant(inner).map(|known| !known),
        Test::Any(tests) => decided(tests, true),
        Test::All(tests) => decided(tests, false),
        Test::Look(_) | Test::Ask(_) => None,
    }
}

/// What a ManageSieve client may name a script (RFC 5804 §1.6), and a file may be called.
fn is_script_name(name: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\u{2028}' | '\u{2029}' | '\\');
    !name.is_empty() && name != "." && name != ".." && name.chars().count() <= 256 && !name.contains(bad)
}
