//! Bugs of Pigeonhole 0.5.19 that tamis doesn't share.
//!
//! An entry takes what its bug spoils out of a case. A difference is put down to bugs only if both programs agree once
//! that is done, so nothing else can hide behind an entry; how often each was needed is printed.

use crate::{
    outcome::Outcome,
    script::{Case, Node},
};

pub(crate) struct Bug {
    pub(crate) name: &'static str,
    /// What the standard says, in our words.
    pub(crate) standard: &'static str,
    /// Whether this bug, and nothing else, can be what shows.
    shows: fn(&Outcome, &Outcome) -> bool,
    /// The same case without what is spoiled.
    without: fn(&Case) -> Case,
}

pub(crate) const BUGS: &[Bug] = &[
    Bug {
        name: "a pattern with both `?` and `*` is matched wrongly or crashes the program",
        standard: "RFC 5228 §2.7.1: `*` stands for any number of characters, `?` for exactly one",
        shows: |_, _| true,
        without: |case| case.with_lines(&without_mixed_patterns),
    },
    Bug {
        name: "`string` compares bytes where no comparator is named",
        standard: "RFC 5228 §2.7.3: the default comparator is i;ascii-casemap; RFC 5229 §5 makes no exception",
        shows: |_, _| true,
        without: |case| case.with_lines(&|line| with_comparator(line)),
    },
    Bug {
        name: "a loop over parts inside another breaks off the script",
        standard: "RFC 5703 §3: foreverypart may be nested",
        shows: |theirs, _| matches!(theirs, Outcome::Failed(why) if why.contains("corrupt binary deleted")),
        without: |case| case.with_blocks(&|nodes| without_inner_loops(nodes, false)),
    },
    Bug {
        name: "a store without :copy that follows one with :copy into the same folder doesn't cancel the implicit keep",
        standard: "RFC 5228 §2.10.2 and RFC 3894 §3: each fileinto without :copy cancels it",
        shows: |_, _| true,
        without: |case| case.with_lines(&without_copy),
    },
    Bug {
        name: "`date` ignores :index and takes the first field",
        standard: "RFC 5260 §6: date is one of the tests that take :index and :last",
        shows: |_, _| true,
        without: |case| {
            case.with_lines(&|line| without_tags(line, "date ", &[" :index 1", " :index 2", " :index 3", " :last"]))
        },
    },
    Bug {
        name: "an empty value doesn't equal a text that is no number",
        standard: "RFC 4790 §9.1.1: in i;ascii-numeric both stand for infinity and are equal",
        shows: |_, _| true,
        without: |case| case.with_lines(&without_numeric_is),
    },
    Bug {
        name: ":anychild doesn't look at the parts inside",
        standard: "RFC 5703 §4: with :anychild a test looks at the part and at all its children",
        shows: |_, _| true,
        without: |case| case.with_lines(&|line| line.replace(" :anychild", "")),
    },
    Bug {
        name: ":count of a field picked by :index 2, :index 3 or :last is 0",
        standard: "RFC 5260 §6: the test looks at the picked field alone; RFC 5231 §4.2: then there is one to count",
        shows: |_, _| true,
        without: |case| case.with_lines(&without_counted_index),
    },
    Bug {
        name: ":flags of keep and fileinto takes names that are no flags",
        standard: "RFC 5232 §2: what is no flag is ignored",
        shows: |_, _| true,
        without: |case| case.with_lines(&without_built_flags),
    },
    Bug {
        name: "`body :raw` finds nothing once a field was deleted",
        standard: "RFC 5293 §5: deleteheader takes away fields, and RFC 5173 §5.1: the body is all behind the header",
        shows: |_, _| true,
        without: |case| {
            if case.text().contains("body :raw") { case.with_lines(&without_deletions) } else { case.clone() }
        },
    },
    Bug {
        name: "extracttext :first counts bytes",
        standard: "RFC 5703 §7: :first takes a number of characters",
        shows: |_, _| true,
        without: |case| case.with_lines(&|line| line.replace(" :first 10", "").replace(" :first 5", "")),
    },
    Bug {
        name: "a dry run doesn't look at the names of folders, which tamis refuses if a level is empty or has blank ends",
        standard: "RFC 5228 §4.1: an implementation may refuse a mailbox name and then fails",
        shows: |_, ours| matches!(ours, Outcome::Failed(why) | Outcome::Late(why) if why.contains("fileinto ")),
        without: |case| case.with_lines(&without_values_in_names),
    },
];

/// The bugs that may spoil this comparison, each with the case without it.
pub(crate) fn suspects(case: &Case, theirs: &Outcome, ours: &Outcome) -> Vec<(&'static str, Case)> {
    let suspected = BUGS.iter().filter(|bug| (bug.shows)(theirs, ours));
    suspected.map(|bug| (bug.name, (bug.without)(case))).filter(|(_, without)| without != case).collect()
}

/// The case without everything that is spoiled, and which bugs that concerned.
pub(crate) fn mended(case: &Case, theirs: &Outcome, ours: &Outcome) -> (Case, Vec<&'static str>) {
    let mut mended = case.clone();
    let mut names = Vec::new();
    for bug in BUGS.iter().filter(|bug| (bug.shows)(theirs, ours)) {
        let next = (bug.without)(&mended);
        if next != mended {
            names.push(bug.name);
            mended = next;
        }
    }
    (mended, names)
}

/// In every string of a line with `:matches` that has both wildcards, each `?` becomes a letter.
fn without_mixed_patterns(line: &str) -> String {
    if !line.contains(":matches") {
        return line.to_string();
    }
    // Strings have odd numbers, with escaped quotes set aside.
    let aside = line.replace("\\\"", "\u{1}");
    let parts: Vec<String> = aside
        .split('"')
        .enumerate()
        .map(|(n, part)| {
            let is_mixed = part.contains('?') && (part.contains('*') || part.contains("${"));
            if is_mixed && (n % 2 == 1 || part.contains("text:")) { part.replace('?', "x") } else { part.to_string() }
        })
        .collect();
    parts.join("\"").replace('\u{1}', "\\\"")
}

fn without_values_in_names(line: &str) -> String {
    let Some((before, name)) = line.rsplit_once("\"m").filter(|_| line.starts_with("fileinto")) else {
        return line.into();
    };
    format!("{before}\"m{}\";", name.split(['-', '"']).next().unwrap_or_default())
}

/// Takes tags out of each test of a name: from there to its first string.
fn without_tags(line: &str, test: &str, tags: &[&str]) -> String {
    let mut parts = line.split(test);
    let mut whole = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find('"').unwrap_or(part.len());
        let (head, rest) = part.split_at(end);
        let mut head = format!(" {head}");
        for tag in tags {
            head = head.replace(tag, "");
        }
        whole += &format!("{test}{}{rest}", head.trim_start());
    }
    whole
}

/// Where numbers are compared only for equality, bytes are compared instead.
fn without_numeric_is(line: &str) -> String {
    if line.contains(":value") || line.contains(":count") {
        return line.to_string();
    }
    line.replace("\"i;ascii-numeric\"", "\"i;octet\"")
}

/// Only folders that more than one command files into are concerned.
fn without_copy(line: &str) -> String {
    let is_shared = ["\"INBOX\";", "\"Shared\";", "\"Other\";"].iter().any(|end| line.ends_with(end));
    if is_shared { line.replace("fileinto :copy", "fileinto") } else { line.to_string() }
}

/// A flag is `\` and letters, or an atom: a backslash behind anything, or a brace, makes it none.
fn without_built_flags(line: &str) -> String {
    let is_store = line.starts_with("keep :flags") || line.starts_with("fileinto") && line.contains(" :flags ");
    let Some((before, behind)) = line.split_once(" :flags ").filter(|_| is_store) else { return line.into() };
    let (list, rest) = match behind.strip_prefix('[').and_then(|list| list.split_once(']')) {
        Some((list, rest)) => (list, rest),
        None => behind.split_at(
            behind.find("\" ").map_or(behind.len(), |end| end + 1).min(behind.rfind('"').map_or(0, |end| end + 1)),
        ),
    };
    let names = list.split(['"', ' ', ',']).map(|name| name.replace("\\\\", "\u{1}").replace('\\', ""));
    let is_good =
        |name: String| !name.contains(['{', '}', '*', '(', ')', '%']) && !name.chars().skip(1).any(|c| c == '\u{1}');
    if !names.map(is_good).collect::<Vec<_>>().contains(&false) {
        return line.into();
    }
    format!("{before} :flags \"\\\\Seen\"{rest}")
}

/// The line without the index of each test that counts.
fn without_counted_index(line: &str) -> String {
    if !line.contains(":count") {
        return line.to_string();
    }
    [" :index 1", " :index 2", " :index 3", " :last"].iter().fold(line.to_string(), |line, tag| line.replace(tag, ""))
}

fn without_deletions(line: &str) -> String {
    if line.starts_with("deleteheader") { "# nothing deleted".into() } else { line.to_string() }
}

/// Names the default comparator in each `string` test that names none. A test ends before the next one.
fn with_comparator(line: &str) -> String {
    let mut parts = line.split("string :");
    let mut whole = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let tags = part.split('[').next().unwrap_or_default();
        let named = if tags.contains(":comparator") || tags.starts_with("comparator") {
            ""
        } else {
            ":comparator \"i;ascii-casemap\" "
        };
        whole += &format!("string {named}:{part}");
    }
    whole
}

fn without_inner_loops(nodes: &[Node], is_inside: bool) -> Vec<Node> {
    let is_loop = |node: &Node| matches!(node, Node::Chain(branches) if branches[0].0.starts_with("foreverypart"));
    let kept = nodes.iter().filter(|node| !(is_inside && is_loop(node)));
    kept.map(|node| match node {
        Node::Line(_) => node.clone(),
        Node::Chain(branches) => {
            let is_inside = is_inside || is_loop(node);
            Node::Chain(
                branches.iter().map(|(head, block)| (head.clone(), without_inner_loops(block, is_inside))).collect(),
            )
        }
    })
    .collect()
}
