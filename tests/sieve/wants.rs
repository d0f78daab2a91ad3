//! What a case wants, line by line, beside what the program answered.
//!
//!   keep implicit [\Seen]           the letter stays in the inbox by itself; flags in brackets, none if none are named
//!   keep | store FOLDER | discard | redirect ADDRESS
//!   reject TEXT | ereject TEXT | vacation TEXT | notify TEXT      TEXT stands in the action or in its message
//!   ACTION has TEXT | ACTION lacks TEXT | ACTION header lacks FIELD       of the message that the action is about
//!   nothing                         no action at all
//!   sent FROM TO                    an envelope; <> is the null sender
//!   clean                           no message that was built holds a control character
//!   key as before | key unlike before               of a vacation: would it be one reply or two within the period?
//!   error [TEXT]                    the script broke off, and the letter is kept
//!   compile-error LINE[:COLUMN] [CODE] [TEXT]     every error is named, unless there is a line `more`
//!   warning LINE[:COLUMN] CODE [TEXT] | no-warning

use serde_json::Value;

const KEEP: &str = "keep implicit []";
const ACTIONS: &[&str] = &["keep", "store", "discard", "redirect", "reject", "ereject", "vacation", "notify"];

/// Every point where the answer is not what the case wants.
pub(crate) fn differences(wants: &[String], letter: &str, answer: &Value, before: Option<&Value>) -> Vec<String> {
    let reply = Reply { letter, answer, before };
    let mut bad: Vec<String> = wants.iter().filter_map(|want| reply.misses(want)).collect();
    bad.extend(reply.diagnostics(wants));
    bad.extend(reply.actions(wants));
    bad
}

struct Reply<'a> {
    letter: &'a str,
    answer: &'a Value,
    /// Of the letter before, where this one follows it.
    before: Option<&'a Value>,
}

fn words(line: &str) -> (&str, &str) {
    line.split_once(' ').unwrap_or((line, ""))
}

fn is_fact(want: &str) -> bool {
    ["has", "lacks", "header"].contains(&words(words(want).1).0)
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// `LINE[:COLUMN] [CODE] [TEXT]` and the diagnostic.
fn describes(want: &str, found: &Value) -> bool {
    let (place, rest) = words(want);
    let (code, text) = words(rest);
    let (line, column) = place.split_once(':').unwrap_or((place, ""));
    let says = |name: &str, wanted: &str| wanted.is_empty() || found[name].to_string().trim_matches('"') == wanted;
    says("line", line) && says("col", column) && says("code", code) && found.to_string().contains(text)
}

impl Reply<'_> {
    /// What is really done: a reply that is not sent is none.
    fn done(&self) -> Vec<&Value> {
        list(self.answer, "actions").iter().filter(|action| action["not_sent"].is_null()).collect()
    }

    /// What a single line wants that is not about the list of actions.
    fn misses(&self, want: &str) -> Option<String> {
        let (word, rest) = words(want);
        let compiled = &self.answer["compile"];
        let is_met = match word {
            _ if is_fact(want) => self.fact(word, rest),
            "error" => {
                self.answer["error"].is_object() && self.answer["error"].to_string().to_lowercase().contains(rest)
            }
            "compile-error" => list(compiled, "errors").iter().any(|found| describes(rest, found)),
            "warning" => list(compiled, "warnings").iter().any(|found| describes(rest, found)),
            "no-warning" => list(compiled, "warnings").is_empty(),
            "clean" => self.built().all(|text| !text.chars().any(|c| c.is_control() && !"\r\n\t".contains(c))),
            "sent" => {
                let (from, to) = words(rest);
                let from = if from == "<>" { "" } else { from };
                list(self.answer, "sent").iter().any(|sent| sent["from"] == from && sent["to"][0] == to)
            }
            "key" => {
                let (now, before) = (key(self.answer), self.before.map(key));
                !now.is_empty() && (before.as_ref() == Some(&now)) == (rest == "as before")
            }
            "more" | "nothing" => true,
            _ if ACTIONS.contains(&word) => true,
            _ => panic!("no want begins with {word:?}"),
        };
        (!is_met).then(|| format!("missed: {want}"))
    }

    /// `has TEXT`, `lacks TEXT`, `header lacks FIELD` of some action of this kind.
    fn fact(&self, kind: &str, rest: &str) -> bool {
        let mut texts = self
            .done()
            .into_iter()
            .filter(|action| kind_of(action) == kind)
            .map(|action| (action, self.message(action)));
        match words(rest) {
            ("has", text) => texts.any(|(action, message)| message.contains(text) || action.to_string().contains(text)),
            ("lacks", text) => texts.all(|(_, message)| !message.contains(text)),
            ("header", field) => {
                let field = field.trim_start_matches("lacks ").to_lowercase();
                let lines = |message: &str| message.split("\r\n\r\n").next().unwrap_or("").to_lowercase();
                texts.all(|(_, message)| !lines(&message).lines().any(|line| line.starts_with(&field)))
            }
            _ => panic!("has what? {rest}"),
        }
    }

    /// The message that an action is about, its header fields unfolded.
    fn message(&self, action: &Value) -> String {
        let id = action["msg"].as_u64().unwrap_or(0).to_string();
        let text = self.answer["messages"][id].as_str().unwrap_or(self.letter);
        text.replace("\r\n ", " ").replace("\r\n\t", " ")
    }

    fn built(&self) -> impl Iterator<Item = &str> {
        let messages = self.answer["messages"].as_object().into_iter().flatten();
        messages.filter(|(id, _)| *id != "0").filter_map(|(_, text)| text.as_str())
    }

    /// Errors that nobody wanted.
    fn diagnostics(&self, wants: &[String]) -> Vec<String> {
        let wanted: Vec<&str> = wants.iter().filter_map(|want| want.strip_prefix("compile-error ")).collect();
        let mut bad = Vec::new();
        if !wants.iter().any(|want| want == "more") {
            let errors = list(&self.answer["compile"], "errors");
            let extra = errors.iter().filter(|found| !wanted.iter().any(|want| describes(want, found)));
            bad.extend(extra.map(|found| format!("compile error: {found}")));
        }
        if self.answer["compile"]["ok"].as_bool() != Some(wanted.is_empty()) {
            bad.push(format!("compile.ok is {}", self.answer["compile"]["ok"]));
        }
        if self.answer["error"].is_object() && wanted.is_empty() && !wants.iter().any(|want| words(want).0 == "error") {
            bad.push(format!("error: {}", self.answer["error"]));
        }
        bad
    }

    /// The list of actions: all that are wanted, and no others.
    fn actions(&self, wants: &[String]) -> Vec<String> {
        let is_broken = wants.iter().any(|want| ["error", "compile-error"].contains(&words(want).0));
        let mut wanted = plain(wants);
        if is_broken {
            wanted = vec!["keep implicit".to_string()];
            if self.answer["actions"].is_null() {
                return Vec::new();
            }
        }
        if wanted.is_empty() && !wants.iter().any(|want| want == "nothing") {
            return Vec::new();
        }
        let mut found = self.done();
        // A discard only takes the implicit keep away: beside another action it is nothing.
        if found.iter().any(|action| action["do"] != "discard") {
            found.retain(|action| action["do"] != "discard");
            wanted.retain(|want| want != "discard");
        }
        let mut bad = Vec::new();
        for want in wanted {
            match found.iter().position(|action| self.fits(&want, action)) {
                Some(at) => drop(found.remove(at)),
                None => bad.push(format!("not done: {want}")),
            }
        }
        bad.extend(found.iter().map(|action| format!("done: {}", self.said(action))));
        bad
    }

    fn fits(&self, want: &str, action: &Value) -> bool {
        let kind = words(want).0;
        if want == kind && want != "keep" {
            return kind_of(action) == kind;
        }
        if ["keep", "store", "discard", "redirect"].contains(&kind) {
            let want = if want.ends_with(']') || !["keep", "store"].contains(&kind) {
                want.to_string()
            } else {
                format!("{want} []")
            };
            return folder_form(&want) == self.said(action);
        }
        action["do"] == kind
            && [action.to_string(), self.message(action)].iter().any(|text| text.contains(words(want).1))
    }

    /// An action as a case writes it.
    fn said(&self, action: &Value) -> String {
        let mut flags: Vec<String> =
            list(action, "flags").iter().map(|flag| flag.as_str().unwrap_or("?").to_lowercase()).collect();
        flags.sort();
        let flags = format!("[{}]", flags.join(" "));
        match kind_of(action) {
            "keep" if action["implicit"] == true => format!("keep implicit {flags}"),
            "keep" => format!("keep {flags}"),
            "store" => folder_form(&format!("store {} {flags}", action["folder"].as_str().unwrap_or("?"))),
            "redirect" => format!("redirect {}", action["to"].as_str().unwrap_or("?")),
            "discard" => "discard".to_string(),
            _ => action.to_string(),
        }
    }
}

/// Under which keys replies of this run are remembered.
fn key(answer: &Value) -> Vec<&Value> {
    list(answer, "actions").iter().map(|action| &action["key"]).filter(|key| !key.is_null()).collect()
}

/// Filing into the inbox is a keep.
fn kind_of(action: &Value) -> &str {
    let is_inbox = action["folder"].as_str().is_some_and(|folder| folder.eq_ignore_ascii_case("INBOX"));
    if is_inbox { "keep" } else { action["do"].as_str().unwrap_or("?") }
}

/// The lines that name actions; an action of which only a fact is told is wanted too.
fn plain(wants: &[String]) -> Vec<String> {
    let names = |want: &&String| ACTIONS.contains(&words(want).0);
    let mut plain: Vec<String> = wants.iter().filter(names).filter(|want| !is_fact(want)).cloned().collect();
    for want in wants.iter().filter(names).filter(|want| is_fact(want)) {
        let kind = words(want).0;
        if !plain.iter().any(|line| words(line).0 == kind) {
            plain.push(kind.to_string());
        }
    }
    plain
}

/// One spelling of a folder's name and of flags.
fn folder_form(line: &str) -> String {
    let Some((name, flags)) = line.rsplit_once(" [") else { return line.to_string() };
    let lower = flags.trim_end_matches(']').to_lowercase();
    let mut flags: Vec<&str> = lower.split_whitespace().collect();
    flags.sort_unstable();
    let flags = flags.join(" ") + "]";
    let Some(name) = name.strip_prefix("store ") else { return format!("{name} [{flags}") };
    let name = name.replace('/', ".");
    let is_below_inbox = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("INBOX."));
    let name = if is_below_inbox { &name[6..] } else { &name };
    format!("store {name} [{flags}")
}

/// The comparison itself: right answers pass, and each kind of wrong one is found.
#[test]
fn wrong_answers_are_found() {
    use serde_json::json;
    let count = |wants: &[&str], answer: &Value| {
        let wants: Vec<String> = wants.iter().map(|want| want.to_string()).collect();
        differences(&wants, "Subject: old\r\n\r\n", answer, None).len()
    };
    let stored = json!({"compile": {"ok": true, "errors": [], "warnings": []}, "error": null,
        "actions": [{"do": "store", "folder": "INBOX/A", "flags": ["\\Seen"], "msg": 1},
                    {"do": "keep", "implicit": true}], "messages": {"1": "Subject: new\r\n\r\na\u{7}"}});
    assert_eq!(count(&["store A [\\Seen]", KEEP, "store has new", "store lacks old"], &stored), 0);
    assert_eq!(count(&["store A", "keep implicit"], &stored), 2, "flags");
    assert_eq!(count(&["store A [\\Seen]"], &stored), 1, "a copy too many");
    assert_eq!(count(&["store A [\\Seen]", "keep"], &stored), 2, "an implicit keep is none of the script");
    assert_eq!(count(&["store has Old", "store header lacks subject", "clean"], &stored), 4);
    assert_eq!(count(&["error"], &stored), 2, "no error, and a copy");
    let refused = json!({"compile": {"ok": false, "errors": [{"line": 2, "col": 5, "code": "syntax", "msg": "a"},
        {"line": 3, "col": 1, "code": "syntax", "msg": "b"}], "warnings": []}});
    assert_eq!(count(&["compile-error 2:5 syntax a", "compile-error 3"], &refused), 0);
    assert_eq!(count(&["compile-error 2:5 syntax", "more"], &refused), 0);
    assert_eq!(count(&["compile-error 2:5 syntax"], &refused), 1, "one is not named");
    assert_eq!(count(&["compile-error 2:6", "more"], &refused), 1, "another column");
    assert!(count(&["keep implicit"], &refused) > 0);
}
