//! Checks and mends a compiled script through its serialised form.
//!
//! The engine runs what its compiler let pass: unknown extensions, actions that this version can't carry out, a `keep`
//! that a later `discard` undoes. Here the first two become mistakes with a place, and every `keep`, `discard` and
//! `fileinto` becomes a `fileinto` that carries a [`Mark`], so that the engine can decide nothing by itself. What the
//! engine is known to answer wrongly and can't be mended is a doubt: a script with one may file, but not discard.
//!
//! Does not run anything. Standards: RFC 5228 §2.10, RFC 5463 (`ihave`), draft-ietf-sieve-regex.

use super::compile::Mistake;
use super::expand::expand;
use super::lex::{Kind, Token};
use ::sieve::Sieve;
use ::sieve::compiler::grammar::Capability;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The extensions of this version.
pub(super) const ALLOWED: &[&str] = &[
    "body",
    "comparator-i;ascii-casemap",
    "comparator-i;ascii-numeric",
    "comparator-i;octet",
    "copy",
    "date",
    "encoded-character",
    "envelope",
    "environment",
    "extracttext",
    "fileinto",
    "foreverypart",
    "ihave",
    "imap4flags",
    "include",
    "index",
    "mailbox",
    "mime",
    "regex",
    "relational",
    "subaddress",
    "variables",
];

/// Tests of this version, by the engine's names.
const TESTS: &[&str] = &[
    "Address",
    "Body",
    "CurrentDate",
    "Date",
    "Envelope",
    "Environment",
    "Exists",
    "HasFlag",
    "Header",
    "Ihave",
    "MailboxExists",
    "Size",
    "String",
];

/// Instructions that need no look, by the engine's names.
const PLAIN: &[&str] = &[
    "Clear",
    "EditFlags",
    "Error",
    "ExtractText",
    "ForEveryPart",
    "ForEveryPartPop",
    "ForEveryPartPush",
    "Include",
    "Jmp",
    "Jnz",
    "Jz",
    "Return",
    "Set",
    "Stop",
];

/// What an action of the script was, as it travels through the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) act: Act,
    pub(super) script: String,
    /// 1-based; 0 where it isn't known.
    pub(super) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Act {
    Keep,
    Discard,
    FileInto,
}

/// A script that may run.
#[derive(Clone)]
pub(super) struct Mended {
    pub(super) sieve: Arc<Sieve>,
    /// What it uses that the engine may answer wrongly.
    pub(super) doubts: Vec<&'static str>,
}

/// Checks and mends.
///
/// # Errors
/// The first extension, action or test that is unknown or not supported yet.
pub(super) fn mend(compiled: &Sieve, name: &str, tokens: &[Token<'_>]) -> Result<Mended, Mistake> {
    let mut form = serde_json::to_value(compiled).map_err(unreadable)?;
    let Some(instructions) = form.get_mut("instructions").and_then(Value::as_array_mut) else {
        return Err(unreadable("no instructions"));
    };
    let guarded = uses_ihave(instructions);
    let mut mender = Mender { name, tokens, guarded, seen: [0; 3], totals: [0; 3], doubts: Vec::new(), captures: 0 };
    mender.totals = [Act::Keep, Act::Discard, Act::FileInto].map(|act| count(instructions, act.engine_name()));
    for instruction in instructions.iter_mut() {
        mender.instruction(instruction)?;
    }
    if mender.captures > 1 && uses_match_values(instructions) {
        mender.doubt("values of more than one :matches or :regex");
    }
    expand(instructions);
    let doubts = mender.doubts;
    let sieve = serde_json::from_value(form).map_err(unreadable)?;
    Ok(Mended { sieve: Arc::new(sieve), doubts })
}

fn unreadable(error: impl std::fmt::Display) -> Mistake {
    Mistake { line: 0, column: 0, words: format!("the engine's form of the script can't be read: {error}") }
}

impl Act {
    /// The engine's name of the instruction; the script's word for it but for case.
    fn engine_name(self) -> &'static str {
        match self {
            Self::Keep => "Keep",
            Self::Discard => "Discard",
            Self::FileInto => "FileInto",
        }
    }
}

/// The name of an instruction or test: `"Stop"` or `{"Keep": …}`.
fn name_of(form: &Value) -> &str {
    form.as_str().or_else(|| form.as_object()?.keys().next().map(String::as_str)).unwrap_or_default()
}

fn count(instructions: &[Value], name: &str) -> usize {
    instructions.iter().filter(|i| name_of(i) == name).count()
}

fn uses_ihave(instructions: &[Value]) -> bool {
    instructions.iter().any(|i| i.get("Require").and_then(Value::as_array).is_some_and(|c| c.contains(&json!("Ihave"))))
}

/// True where `${1}` and the like stand anywhere in the script.
fn uses_match_values(instructions: &[Value]) -> bool {
    fn within(form: &Value) -> bool {
        match form {
            Value::Object(fields) => {
                fields.iter().any(|(name, form)| (name == "Variable" && form.get("Match").is_some()) || within(form))
            }
            Value::Array(items) => items.iter().any(within),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    instructions.iter().any(within)
}

struct Mender<'a> {
    name: &'a str,
    tokens: &'a [Token<'a>],
    /// The script asks with `ihave` before it uses something: what is unknown may stand where it isn't reached.
    guarded: bool,
    /// Actions met so far, by [`Act`].
    seen: [usize; 3],
    totals: [usize; 3],
    doubts: Vec<&'static str>,
    /// Tests that set match values.
    captures: usize,
}

impl Mender<'_> {
    fn doubt(&mut self, what: &'static str) {
        if !self.doubts.contains(&what) {
            self.doubts.push(what);
        }
    }

    fn instruction(&mut self, form: &mut Value) -> Result<(), Mistake> {
        match name_of(form) {
            "Require" => self.require(form.get("Require").unwrap_or(&Value::Null)),
            "Keep" => {
                let flags = form.pointer("/Keep/flags").cloned().unwrap_or_else(|| json!([]));
                *form = self.marked(Act::Keep, &json!({ "flags": flags }));
                Ok(())
            }
            "Discard" => {
                *form = self.marked(Act::Discard, &json!({}));
                Ok(())
            }
            "FileInto" => self.file_into(form),
            "Test" => self.test(form),
            "Invalid" => self.invalid(form.get("Invalid").unwrap_or(&Value::Null), "command"),
            name if PLAIN.contains(&name) => Ok(()),
            name => {
                let word = name.to_ascii_lowercase();
                self.unsupported(form, &word)
            }
        }
    }

    fn require(&self, capabilities: &Value) -> Result<(), Mistake> {
        for form in capabilities.as_array().into_iter().flatten() {
            let capability: Capability = serde_json::from_value(form.clone()).map_err(unreadable)?;
            let mut name = capability.to_string();
            // The engine writes comparators that it doesn't know without what stood before them.
            if matches!(capability, Capability::Comparator(_)) && !name.starts_with("comparator-") {
                name.insert_str(0, "comparator-");
            }
            if !ALLOWED.contains(&name.as_str()) {
                let known = Capability::all().contains(&capability);
                return Err(self.at_string(
                    &name,
                    if known {
                        format!("the extension {name:?} is not supported yet")
                    } else {
                        format!("unknown extension {name:?}")
                    },
                ));
            }
        }
        Ok(())
    }

    fn file_into(&mut self, form: &mut Value) -> Result<(), Mistake> {
        let fields = form.get("FileInto").cloned().unwrap_or_default();
        for (field, tag) in [("mailbox_id", ":mailboxid"), ("special_use", ":specialuse")] {
            if fields.get(field).is_some_and(|value| !value.is_null()) {
                return Err(self.at_word("fileinto", format!("{tag:?} is not supported yet")));
            }
        }
        *form = self.marked(Act::FileInto, &fields);
        Ok(())
    }

    /// A `fileinto` that carries its mark where the engine hands it through untouched. It undoes the implicit keep as
    /// each of the three actions does, unless it has `:copy`.
    fn marked(&mut self, act: Act, fields: &Value) -> Value {
        let mark = Mark { act, script: self.name.to_string(), line: self.line_of_next(act) };
        let field = |name: &str, default: Value| fields.get(name).cloned().unwrap_or(default);
        json!({ "FileInto": {
            "copy": field("copy", json!(false)),
            "create": true,
            "folder": field("folder", json!({ "Text": "INBOX" })),
            "flags": field("flags", json!([])),
            "mailbox_id": { "Text": serde_json::to_string(&mark).unwrap_or_default() },
            "special_use": null,
        }})
    }

    /// The engine keeps no lines, but the order: the n-th `keep` of the text is the n-th of the compiled form. Where
    /// the numbers differ (commands that were passed over under `ihave`) the line is unknown.
    fn line_of_next(&mut self, act: Act) -> usize {
        let word = act.engine_name();
        let (Some(seen), Some(total)) = (self.seen.get_mut(act as usize), self.totals.get(act as usize)) else {
            return 0;
        };
        let mut of_text = self.tokens.iter().filter(|t| t.is_word(word));
        let line = of_text.clone().nth(*seen).map_or(0, |t| t.line);
        *seen += 1;
        if of_text.by_ref().count() == *total { line } else { 0 }
    }

    fn invalid(&self, form: &Value, kind: &str) -> Result<(), Mistake> {
        if self.guarded {
            return Ok(());
        }
        let name = form.get("name").and_then(Value::as_str).unwrap_or_default();
        Err(self.at_word(name, format!("unknown {kind} {name:?}")))
    }

    /// Under `ihave` it may stand there as long as it isn't reached; without, the script is refused.
    fn unsupported(&self, form: &mut Value, word: &str) -> Result<(), Mistake> {
        // RFC 5463 §4: only what belongs to an extension may be guarded.
        if !self.guarded || word == "redirect" {
            return Err(self.at_word(word, format!("{word:?} is not supported yet")));
        }
        let invalid = json!({ "Invalid": { "name": word, "line_num": 0, "line_pos": 0 } });
        *form = if form.get("Test").is_some() { json!({ "Test": invalid }) } else { invalid };
        Ok(())
    }

    fn test(&mut self, form: &mut Value) -> Result<(), Mistake> {
        let Some(test) = form.get("Test") else { return Ok(()) };
        let name = name_of(test).to_string();
        match name.as_str() {
            "True" | "False" => Ok(()),
            "Invalid" => self.invalid(test.get("Invalid").unwrap_or(&Value::Null), "test"),
            name if TESTS.contains(&name) => match form.pointer_mut(&format!("/Test/{name}")) {
                Some(fields) => self.fields_of_test(name, fields),
                None => Ok(()),
            },
            name => {
                let word = name.to_ascii_lowercase();
                self.unsupported(form, &word)
            }
        }
    }

    fn fields_of_test(&mut self, name: &str, fields: &mut Value) -> Result<(), Mistake> {
        let comparator = fields.get("comparator").cloned().unwrap_or_default();
        if let Some(other) = comparator.get("Other").and_then(Value::as_str) {
            return Err(self.at_string(other, format!("unknown comparator {other:?}")));
        }
        let kind = fields.get("match_type").map(name_of).unwrap_or_default().to_string();
        let relation = fields.pointer("/match_type/Value").and_then(Value::as_str).unwrap_or_default().to_string();
        let is_not = fields.get("is_not") == Some(&json!(true));
        let part = fields.get("address_part").and_then(Value::as_str).unwrap_or_default();
        if kind == "Count" && ["User", "Detail"].contains(&part) {
            self.doubt(":count of :user or :detail");
        }
        if comparator == json!("AsciiNumeric") && (is_not || !["Gt", "Ge"].contains(&relation.as_str())) {
            self.doubt("i;ascii-numeric of what may be no number");
        }
        if name == "Date" && is_not {
            self.doubt("not date");
        }
        if ["Matches", "Regex"].contains(&kind.as_str()) {
            self.captures += 1;
        }
        if kind == "Regex" {
            if ["HasFlag", "Date", "CurrentDate"].contains(&name) {
                self.doubt(":regex with flags or dates");
            } else if comparator == json!("AsciiCaseMap") {
                self.ignore_case(fields);
            }
        }
        Ok(())
    }

    /// The default comparator ignores case; the engine forgets that for regular expressions.
    fn ignore_case(&mut self, fields: &mut Value) {
        for key in fields.get_mut("key_list").and_then(Value::as_array_mut).into_iter().flatten() {
            match key.pointer_mut("/Regex/expr") {
                Some(Value::String(expression)) => expression.insert_str(0, "(?i)"),
                _ => self.doubt(":regex with variables"),
            }
        }
    }

    fn at_word(&self, word: &str, words: String) -> Mistake {
        self.at(self.tokens.iter().find(|t| t.is_word(word)), words)
    }

    fn at_string(&self, text: &str, words: String) -> Mistake {
        self.at(self.tokens.iter().find(|t| t.kind == Kind::Quoted && t.text == text), words)
    }

    fn at(&self, token: Option<&Token<'_>>, words: String) -> Mistake {
        token.map_or(Mistake { line: 0, column: 0, words: words.clone() }, |t| Mistake {
            line: t.line,
            column: t.column,
            words,
        })
    }
}
