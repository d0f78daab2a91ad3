//! The rules of a script: its actions with their lines and names, for statistics; and which steps of a run were actions.
//!
//! A rule is a line with an action that a run tells. Its name is the comment above it: `# rule:[name]` as Roundcube
//! writes it, else the last line of the comment right above the outermost command around it. Runs nothing.

use super::notes::{Notes, Span};
use super::parse::Command;
use super::{lex, parse};
use crate::limits::SCRIPT_TRACE_TEXT_MAX;
use crate::plan::Step;

/// Actions that leave a step in the trace; `ereject` is told as `reject`.
const ACTIONS: &[&str] =
    &["keep", "fileinto", "discard", "redirect", "reject", "vacation", "notify", "addheader", "deleteheader"];

/// One rule of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// 1-based.
    pub line: usize,
    /// One of the actions, such as `fileinto`.
    pub action: &'static str,
    /// From the comment above it; empty where there is none.
    pub name: String,
    /// The line as it is written.
    pub text: String,
}

/// All rules of a script in the order of their lines; of one with errors those that can be read.
pub fn rules_of(text: &str) -> Vec<Rule> {
    let mut notes = Notes::new(text);
    let commands = parse::parse(&lex::tokens(text, &mut notes), &mut notes);
    let lines: Vec<&str> = text.lines().collect();
    let line_of = |span: Span| notes.line(span);
    let mut rules = Vec::new();
    let mut name = String::new();
    for command in &commands {
        // A branch belongs to the `if` before it.
        if !["elsif", "else"].iter().any(|branch| command.name.eq_ignore_ascii_case(branch)) {
            name = comment_above(&lines, line_of(command.span));
        }
        collect(command, &name, &lines, &line_of, &mut rules);
    }
    rules
}

fn collect(command: &Command, name: &str, lines: &[&str], line_of: &impl Fn(Span) -> usize, rules: &mut Vec<Rule>) {
    if let Some(action) = action_named(&command.name) {
        let line = line_of(command.span);
        let is_known = rules.iter().any(|rule| rule.line == line && rule.action == action);
        if !is_known {
            let text = lines.get(line - 1).map(|text| text.trim()).unwrap_or_default();
            let text = text.chars().take(SCRIPT_TRACE_TEXT_MAX).collect();
            rules.push(Rule { line, action, name: name.to_string(), text });
        }
    }
    // The parser bounds how deep blocks may nest.
    for inner in command.block.iter().flatten() {
        collect(inner, name, lines, line_of, rules);
    }
}

fn action_named(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let word = if word == "ereject" { "reject" } else { word.as_str() };
    ACTIONS.iter().find(|action| **action == word).copied()
}

/// What the comment right above a line calls what follows.
fn comment_above(lines: &[&str], line: usize) -> String {
    let above = lines.get(..line.saturating_sub(1)).unwrap_or_default().iter().rev();
    let comments: Vec<&str> = above.map_while(|line| line.trim().strip_prefix('#')).map(str::trim).collect();
    let named = comments.iter().find_map(|comment| comment.strip_prefix("rule:[")?.strip_suffix(']'));
    let plain = comments.iter().find(|comment| !comment.trim_matches(['#', '-', '=', '*', ' ']).is_empty());
    named.or(plain.copied()).unwrap_or_default().chars().take(SCRIPT_TRACE_TEXT_MAX).collect()
}

/// Which action a step tells of; `None` for a test and for a remark.
pub fn action_of(step: &Step) -> Option<&'static str> {
    action_named(step.what.split([' ', ':']).next()?)
}

/// Did a script name the inbox itself? Else what lies there was kept because nothing took it away.
pub fn keeps(trace: &[Step]) -> bool {
    trace.iter().any(|step| {
        let what = step.what.strip_suffix(" (again)").unwrap_or(&step.what);
        matches!(what, "keep" | "fileinto INBOX")
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Cache, Request, Script, plan_with};
    use super::*;

    const SCRIPT: &str = "\
require [\"fileinto\", \"copy\", \"reject\", \"vacation\"];
# rule:[Lists]
if anyof (header :contains \"list-id\" \"rust\")
{
    fileinto \"Lists\";
    stop;
}
elsif header :is \"subject\" \"x\" { fileinto :copy \"X\"; keep; }

# ----
# My own
# words
if size :over 1M { if true { discard; } }
## rule:[Not above]

keep;
vacation \"away\";
";

    #[test]
    fn rules_are_the_lines_with_actions_under_the_names_of_their_comments() {
        let rules = rules_of(SCRIPT);
        let found: Vec<(usize, &str, &str)> =
            rules.iter().map(|rule| (rule.line, rule.action, rule.name.as_str())).collect();
        let want = [
            (5, "fileinto", "Lists"),
            (8, "fileinto", "Lists"),
            (8, "keep", "Lists"),
            (13, "discard", "words"),
            (16, "keep", ""),
            (17, "vacation", ""),
        ];
        assert_eq!(found, want);
        assert_eq!(rules[0].text, "fileinto \"Lists\";");
    }

    #[test]
    fn rules_of_a_broken_script_are_those_that_can_be_read() {
        let lines = |text: &str| rules_of(text).iter().map(|rule| rule.line).collect::<Vec<_>>();
        assert_eq!(lines("keep;\nfileinto \"\nkeep;"), [1, 2]);
        assert_eq!(lines(""), [0; 0]);
        assert_eq!(lines("ereject \"no\";\n}\nkeep;"), [1, 3]);
    }

    #[test]
    fn each_action_of_a_run_is_found_again_among_the_rules() {
        let mail = b"From: <a@x.example>\r\nList-Id: <rust.example>\r\nSubject: x\r\n\r\nx\r\n";
        let with = |text: &str| Request { scripts: vec![Script::new("main", text)], ..Request::default() };
        for (text, want, explicit) in [
            (SCRIPT, vec![(5, "fileinto")], false),
            ("if header :is \"subject\" \"x\" { keep; }", vec![(1, "keep")], true),
            ("require \"fileinto\"; fileinto \"INBOX\"; keep;", vec![(1, "fileinto"), (1, "keep")], true),
            ("discard;", vec![(1, "discard")], false),
            ("redirect \"b@x.example\";", vec![(1, "redirect")], false),
            (
                "require \"editheader\";\naddheader \"X-A\" \"b\";\ndeleteheader \"List-Id\";",
                vec![(2, "addheader"), (3, "deleteheader")],
                false,
            ),
            ("require \"vnd.dovecot.debug\"; debug_log \"keep\";", vec![], false),
            ("if header :is \"subject\" \"y\" { keep; }", vec![], false),
        ] {
            let plan = plan_with(&mut Cache::default(), mail, &with(text));
            assert_eq!(plan.trouble, None, "{text}");
            let hits: Vec<_> = plan.trace.iter().filter_map(|step| Some((step.line, action_of(step)?))).collect();
            assert_eq!(hits, want, "{text}");
            assert_eq!(keeps(&plan.trace), explicit, "{text}");
            let rules = rules_of(text);
            let known = |(line, action): &(usize, &str)| rules.iter().any(|r| r.line == *line && r.action == *action);
            assert!(hits.iter().all(known), "{text}: {hits:?} in {rules:?}");
        }
    }
}
