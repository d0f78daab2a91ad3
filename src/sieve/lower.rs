//! A checked program becomes a script that the engine may run: its control structures, and nothing else.
//!
//! Each test and action is one call of a function of ours with its number, so that no answer of the engine's own tests
//! is ever taken (they differ from the standards in some thirty ways), values that matched can be told afterwards, and
//! no string of a user reaches the engine. Does not run anything.

use super::program::{Act, Program, Step};
use std::fmt::Write;

/// What the engine calls us for: (name, number of the function).
pub(super) const FUNCTIONS: [(&str, u32); 8] = [
    ("test", TEST),
    ("act", ACT),
    ("may_include", MAY_INCLUDE),
    ("included", INCLUDED),
    ("each", EACH),
    ("next", NEXT),
    ("leave", LEAVE),
    ("leaving", LEAVING),
];
/// Is the test true?
pub(super) const TEST: u32 = 0;
/// Do the action.
pub(super) const ACT: u32 = 1;
/// Is there something to include?
pub(super) const MAY_INCLUDE: u32 = 2;
/// The included script has ended.
pub(super) const INCLUDED: u32 = 3;
/// A loop over parts begins.
pub(super) const EACH: u32 = 4;
/// Is there another part?
pub(super) const NEXT: u32 = 5;
/// One or several loops are left.
pub(super) const LEAVE: u32 = 6;
/// Is the loop around left, too?
pub(super) const LEAVING: u32 = 7;

const REQUIRE: &str = "require [\"include\", \"vnd.stalwart.expressions\", \"vnd.stalwart.while\"];\n";

/// The engine's text.
pub(super) fn lower(program: &Program) -> String {
    let mut lowered = Lowered { text: REQUIRE.to_string(), program };
    lowered.steps(&program.steps);
    lowered.text
}

/// The name of an included script in the engine's text: the same name is the same script.
pub(super) fn slot(name: &str, global: bool) -> String {
    let mut slot = String::from(if global { "g" } else { "p" });
    name.bytes().for_each(|byte| slot.push_str(&format!("{byte:02x}")));
    slot
}

struct Lowered<'p> {
    text: String,
    program: &'p Program,
}

impl Lowered<'_> {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    fn steps(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Act(id) => self.line(format_args!("eval \"act({id})\";")),
            Step::Stop => self.line(format_args!("stop;")),
            Step::Return => self.line(format_args!("return;")),
            Step::If(branches) => self.branches(branches),
            Step::Include(id) => {
                let Some(Act::Include { name, global, .. }) = self.program.acts.get(*id).map(|act| &act.it) else {
                    return;
                };
                let slot = slot(name, *global);
                self.line(format_args!(
                    "if eval \"may_include({id})\" {{ include \"{slot}\"; eval \"included({id})\"; }}"
                ));
            }
            Step::ForEveryPart(id, block) => {
                self.line(format_args!("eval \"each({id})\";\nwhile \"next({id})\" {{"));
                self.steps(block);
                self.line(format_args!("}}"));
                if leaves_beyond(block, 1) {
                    self.line(format_args!("if eval \"leaving({id})\" {{ break; }}"));
                }
            }
            Step::Break(id, _) => self.line(format_args!("eval \"leave({id})\";\nbreak;")),
        }
    }

    fn branches(&mut self, branches: &[(Option<usize>, Vec<Step>)]) {
        for (at, (test, block)) in branches.iter().enumerate() {
            match (at, test) {
                (0, Some(id)) => self.line(format_args!("if eval \"test({id})\" {{")),
                (_, Some(id)) => self.line(format_args!("elsif eval \"test({id})\" {{")),
                (0, None) => return self.steps(block),
                (_, None) => self.line(format_args!("else {{")),
            }
            self.steps(block);
            self.line(format_args!("}}"));
        }
    }
}

/// Is there a `break` that leaves more than the loops which begin here? `loops` is how many lie around these steps.
fn leaves_beyond(steps: &[Step], loops: usize) -> bool {
    steps.iter().any(|step| match step {
        Step::Break(_, left) => *left > loops,
        Step::If(branches) => branches.iter().any(|(_, block)| leaves_beyond(block, loops)),
        Step::ForEveryPart(_, block) => leaves_beyond(block, loops + 1),
        Step::Act(_) | Step::Include(_) | Step::Stop | Step::Return => false,
    })
}
