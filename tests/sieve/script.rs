//! A generated script as a tree, so that it can be printed and made smaller.

use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// One command without a block.
    Line(String),
    /// Heads such as `if true` or `elsif not exists "x"`, each with its block; `foreverypart` has one branch.
    Chain(Vec<(String, Vec<Node>)>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Script {
    pub(crate) needs: BTreeSet<String>,
    pub(crate) body: Vec<Node>,
}

/// A script with everything around it that decides what it does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) before: Vec<Script>,
    pub(crate) main: Script,
    pub(crate) after: Vec<Script>,
    /// Scripts that `include` may name.
    pub(crate) personal: Vec<(String, Script)>,
    pub(crate) global: Vec<(String, Script)>,
}

impl Script {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if !self.needs.is_empty() {
            let names: Vec<String> = self.needs.iter().map(|name| format!("\"{name}\"")).collect();
            text = format!("require [{}];\r\n", names.join(", "));
        }
        print(&self.body, 0, &mut text);
        text
    }
}

fn print(nodes: &[Node], depth: usize, text: &mut String) {
    let margin = "  ".repeat(depth);
    for node in nodes {
        match node {
            Node::Line(line) => text.push_str(&format!("{margin}{line}\r\n")),
            Node::Chain(branches) => {
                for (head, block) in branches {
                    text.push_str(&format!("{margin}{head} {{\r\n"));
                    print(block, depth + 1, text);
                    text.push_str(&format!("{margin}}}\r\n"));
                }
            }
        }
    }
}

impl Case {
    /// Every script of the case with a name, for people and for counting.
    pub(crate) fn scripts(&self) -> Vec<(String, &Script)> {
        let numbered = |kind: &str, list: &'_ [Script]| -> Vec<String> {
            (1..=list.len()).map(|n| format!("{kind}{n}")).collect()
        };
        let mut all: Vec<(String, &Script)> = Vec::new();
        all.extend(numbered("before", &self.before).into_iter().zip(&self.before));
        all.push(("main".into(), &self.main));
        all.extend(numbered("after", &self.after).into_iter().zip(&self.after));
        all.extend(self.personal.iter().map(|(name, script)| (format!("personal/{name}"), script)));
        all.extend(self.global.iter().map(|(name, script)| (format!("global/{name}"), script)));
        all
    }

    pub(crate) fn text(&self) -> String {
        let texts: Vec<String> =
            self.scripts().iter().map(|(name, script)| format!("# --- {name}\r\n{}", script.text())).collect();
        texts.concat()
    }

    /// True if some script edits header fields.
    pub(crate) fn edits(&self) -> bool {
        self.scripts().iter().any(|(_, script)| script.needs.contains("editheader"))
    }

    /// The case with each line and each head of a block rewritten.
    pub(crate) fn with_lines(&self, rewrite: &dyn Fn(&str) -> String) -> Case {
        self.with_blocks(&|nodes| rewritten(nodes, rewrite))
    }

    /// The case with the body of each script rewritten.
    pub(crate) fn with_blocks(&self, rewrite: &dyn Fn(&[Node]) -> Vec<Node>) -> Case {
        let mut case = self.clone();
        let included = case.personal.iter_mut().chain(&mut case.global).map(|(_, script)| script);
        let chain = case.before.iter_mut().chain([&mut case.main]).chain(&mut case.after);
        chain.chain(included).for_each(|script| script.body = rewrite(&script.body));
        case
    }

    /// Every case that is smaller by one thing.
    pub(crate) fn smaller(&self) -> Vec<Case> {
        let mut all = Vec::new();
        for n in 0..self.before.len() {
            let mut less = self.clone();
            less.before.remove(n);
            all.push(less);
        }
        for n in 0..self.after.len() {
            let mut less = self.clone();
            less.after.remove(n);
            all.push(less);
        }
        let mut vary = |script: &Script, put: &dyn Fn(&mut Case, Script)| {
            for smaller in smaller_script(script) {
                let mut less = self.clone();
                put(&mut less, smaller);
                all.push(less);
            }
        };
        vary(&self.main, &|case, script| case.main = script);
        for n in 0..self.before.len() {
            vary(&self.before[n], &|case, script| case.before[n] = script);
        }
        for n in 0..self.after.len() {
            vary(&self.after[n], &|case, script| case.after[n] = script);
        }
        for n in 0..self.personal.len() {
            vary(&self.personal[n].1, &|case, script| case.personal[n].1 = script);
        }
        for n in 0..self.global.len() {
            vary(&self.global[n].1, &|case, script| case.global[n].1 = script);
        }
        all
    }
}

fn rewritten(nodes: &[Node], rewrite: &dyn Fn(&str) -> String) -> Vec<Node> {
    let one = |node: &Node| match node {
        Node::Line(line) => Node::Line(rewrite(line)),
        Node::Chain(branches) => {
            Node::Chain(branches.iter().map(|(head, block)| (rewrite(head), rewritten(block, rewrite))).collect())
        }
    };
    nodes.iter().map(one).collect()
}

fn smaller_script(script: &Script) -> Vec<Script> {
    let bodies = smaller_bodies(&script.body).into_iter();
    let mut all: Vec<Script> = bodies.map(|body| Script { body, ..script.clone() }).collect();
    for name in &script.needs {
        let mut less = script.clone();
        less.needs.remove(name);
        all.push(less);
    }
    all
}

/// One node less; one branch less; a chain replaced by what is in one of its blocks.
fn smaller_bodies(nodes: &[Node]) -> Vec<Vec<Node>> {
    let mut all = Vec::new();
    for n in 0..nodes.len() {
        let with = |middle: &[Node]| [&nodes[..n], middle, &nodes[n + 1..]].concat();
        all.push(with(&[]));
        let Node::Chain(branches) = &nodes[n] else { continue };
        for (b, (_, block)) in branches.iter().enumerate() {
            all.push(with(block));
            let mut fewer = branches.clone();
            let (head, _) = fewer.remove(b);
            if !fewer.is_empty() {
                if b == 0 && head.starts_with("if") {
                    let Some(rest) = fewer[0].0.strip_prefix("els").filter(|rest| rest.starts_with("if")) else {
                        continue;
                    };
                    fewer[0].0 = rest.to_string();
                }
                all.push(with(&[Node::Chain(fewer)]));
            }
            for inner in smaller_bodies(block) {
                let mut same = branches.clone();
                same[b].1 = inner;
                all.push(with(&[Node::Chain(same)]));
            }
        }
    }
    all
}
