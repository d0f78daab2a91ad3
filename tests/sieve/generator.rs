//! Writes scripts by chance, grammar-directed: most are right, some have a mistake, some fail when they run.
//!
//! What a script needs it requires; what it found out it shows: in the folders it files into and the texts it notifies.

mod acts;
mod asks;
mod words;

use crate::{
    dice::Dice,
    script::{Case, Node, Script},
};
use std::collections::BTreeSet;

/// Scripts with a mistake, of a hundred.
const MISTAKES_PERCENT: usize = 6;

/// The case of a seed.
pub(crate) fn case(seed: u64) -> Case {
    let mut writer = Writer::new(seed);
    let mut case = Case { seed, ..Case::default() };
    if writer.dice.percent(30) {
        for name in ["first", "second"] {
            let script = writer.included();
            case.personal.push((name.into(), script));
            writer.includes.push(format!(":personal \"{name}\""));
        }
        let script = writer.included();
        case.global.push(("shared".into(), script));
        writer.includes.push(":global \"shared\"".into());
    }
    if writer.dice.percent(15) {
        case.before.push(writer.script(2));
    }
    case.main = if writer.dice.percent(4) { writer.rejecting() } else { writer.script(4) };
    if writer.dice.percent(15) {
        case.after.push(writer.script(2));
    }
    // A script that ends the chain hides a mistake in the next one.
    if case.before.is_empty() && writer.dice.percent(MISTAKES_PERCENT) {
        writer.mistake(&mut case.main);
    }
    case
}

/// Writes the scripts of one case.
struct Writer {
    dice: Dice,
    needs: BTreeSet<String>,
    /// Whether `${…}` stands for a variable, or for a byte, in the script at hand.
    variables: bool,
    encoded: bool,
    /// Whether strings may have a `${…}` that is no variable.
    stray: bool,
    /// Whether strings may be written as `text:`.
    in_lines: bool,
    includes: Vec<String>,
    /// In a script that may run twice, or never at top level.
    is_included: bool,
    /// Loops around the command at hand.
    loops: usize,
    /// Tags every visible action of the case, so that none is like another.
    marks: usize,
    notifies: usize,
    redirects: usize,
    /// Each may stand once in a case: a second one would only be an error.
    vacations: usize,
    rejects: usize,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            needs: BTreeSet::new(),
            variables: false,
            encoded: false,
            stray: true,
            in_lines: true,
            includes: Vec::new(),
            is_included: false,
            loops: 0,
            marks: 0,
            notifies: 0,
            redirects: 0,
            vacations: 0,
            rejects: 0,
        }
    }

    fn need(&mut self, name: &str) {
        self.needs.insert(name.to_string());
    }

    fn included(&mut self) -> Script {
        self.is_included = true;
        let script = self.script(2);
        self.is_included = false;
        script
    }

    fn script(&mut self, size: usize) -> Script {
        self.needs.clear();
        self.variables = self.dice.percent(70);
        self.encoded = self.dice.percent(20);
        if self.variables {
            self.need("variables");
        }
        if self.encoded {
            self.need("encoded-character");
        }
        if self.is_included || !self.includes.is_empty() {
            // A keep of a script without this leaves the flags of another script's keep alone, or clears them: who knows.
            self.need("imap4flags");
        }
        let mut body = Vec::new();
        if self.variables && !self.includes.is_empty() && self.dice.percent(50) || self.is_included && self.variables {
            self.need("include");
            body.push(Node::Line("global [\"a\", \"b\"];".into()));
        }
        let count = size + self.dice.below(size + 1);
        body.extend(self.block(count, 0));
        Script { needs: std::mem::take(&mut self.needs), body }
    }

    /// A reject hardly ever goes with other actions, so it gets scripts of its own.
    fn rejecting(&mut self) -> Script {
        self.needs.clear();
        self.variables = self.dice.percent(50);
        self.encoded = false;
        if self.variables {
            self.need("variables");
        }
        let test = self.test(1);
        let reject = self.reject();
        let other = self.mark();
        let chain = Node::Chain(vec![(format!("if {test}"), vec![reject]), ("else".into(), vec![other])]);
        Script { body: vec![chain], needs: std::mem::take(&mut self.needs) }
    }

    fn mistake(&mut self, script: &mut Script) {
        let kept: Vec<String> = script.needs.iter().cloned().collect();
        if !kept.is_empty() && self.dice.percent(30) {
            script.needs.remove(&kept[self.dice.below(kept.len())]);
        } else {
            let mistake = self.dice.pick(words::MISTAKES);
            let place = if mistake.starts_with("els") { 0 } else { self.dice.below(script.body.len() + 1) };
            let is_open = mistake.starts_with("/*") || mistake.contains("never closed") || mistake.ends_with("keep; ");
            let place = if is_open { script.body.len() } else { place };
            script.body.insert(place, Node::Line(mistake.to_string()));
        }
    }

    /// A string as the script writes it.
    fn quote(&mut self, raw: &str) -> String {
        if self.in_lines && self.dice.percent(2) && !raw.contains('\n') {
            let dot = if raw.starts_with('.') { "." } else { "" };
            return format!("text:\r\n{dot}{raw}\r\n.\r\n");
        }
        let mut written = String::new();
        let spelled =
            if self.encoded && self.dice.percent(20) { self.dice.below(raw.chars().count() + 1) } else { usize::MAX };
        for (n, letter) in raw.chars().enumerate() {
            if n == spelled {
                let mut bytes = [0; 4];
                let hex: Vec<String> = letter.encode_utf8(&mut bytes).bytes().map(|b| format!("{b:02x}")).collect();
                written += &if self.dice.percent(50) {
                    format!("${{hex:{}}}", hex.join(" "))
                } else {
                    format!("${{unicode: {:X}}}", u32::from(letter))
                };
                continue;
            }
            if matches!(letter, '"' | '\\') || letter.is_ascii_alphanumeric() && self.dice.percent(1) {
                written.push('\\');
            }
            written.push(letter);
        }
        if self.dice.percent(if self.variables { 12 } else { usize::from(self.stray) }) {
            let variable = self.variable();
            let at_end = self.dice.percent(50);
            written = if at_end { written + &variable } else { variable + &written };
        }
        format!("\"{written}\"")
    }

    /// A reference to a variable, to a value of the last match, or to nothing.
    fn variable(&mut self) -> String {
        match self.dice.below(if self.stray { 10 } else { 8 }) {
            0..=3 => format!("${{{}}}", self.dice.pick(words::VARIABLES)),
            4..=7 => format!("${{{}}}", self.dice.below(4)),
            8 => self
                .dice
                .pick(&[
                    "${A}",
                    "${ a}",
                    "${never_set}",
                    "${hex:41}",
                    "${}",
                    "${01}",
                    "${9}",
                    "${${a}}",
                    "$${a}",
                    "${a",
                ])
                .to_string(),
            _ => format!("${{{}}}", self.dice.pick(&["b", "NAME", "a1"])),
        }
    }

    /// One string, or a list of them.
    fn strings(&mut self, raw: &[&str]) -> String {
        if raw.len() == 1 && self.dice.percent(70) {
            return self.quote(raw[0]);
        }
        let quoted: Vec<String> = raw.iter().map(|text| self.quote(text)).collect();
        format!("[{}]", quoted.join(", "))
    }

    fn block(&mut self, commands: usize, depth: usize) -> Vec<Node> {
        (0..commands).map(|_| self.command(depth)).collect()
    }
}
