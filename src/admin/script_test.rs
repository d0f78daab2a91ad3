//! What a script would do to a message: nothing is written or sent, nobody is asked.
//!
//! Its request and its answer are a stable contract, which other programs rely on (README, `tamis sieve test`). The
//! message is taken as it is: `X-PM-Scan` and `X-PM-Score` on top of it are our own words of an earlier delivery.

use crate::mail::{self, Address};
use crate::plan::{Content, Flags, Outgoing};
use crate::sieve::{
    self, Cache, Done, DoneAct, Include, List, Options, Outcome, Question, Report, Request, Scan, Script, report,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One request; every field but script and message may be missing or null.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    pub script: String,
    pub name: Option<String>,
    pub message: Option<String>,
    /// In base64, for messages that are not UTF-8.
    pub message_b64: Option<String>,
    /// Only compile.
    pub check: Option<bool>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub orig_to: Option<String>,
    pub auth: Option<String>,
    pub user_email: Option<String>,
    /// Names of the folders that exist.
    pub mailboxes: Option<Vec<String>>,
    pub metadata: Option<Vec<(String, String, String)>>,
    pub include_dir: Option<String>,
    pub global_dir: Option<String>,
    pub before: Option<Vec<String>>,
    pub after: Option<Vec<String>>,
    pub set: Option<BTreeMap<String, Value>>,
    /// Tell the variables at the end.
    pub vars: Option<bool>,
    /// Run the embedded script behind all others, as a delivery does.
    pub last: Option<bool>,
    /// Lists of `:list`: name and entries.
    pub lists: Option<BTreeMap<String, Vec<String>>>,
    /// Keys of `duplicate` that are taken for known.
    pub seen: Option<Vec<String>>,
    /// What the scan said, instead of the message's own X-PM-Scan.
    pub scan: Option<Scan>,
    /// Seconds since 1970 instead of the clock's.
    pub now: Option<i64>,
}

/// The answer, and the report and outcome behind it.
pub struct Tested {
    pub report: Report,
    /// `None` where the script was only checked, or is wrong.
    pub outcome: Option<Outcome>,
    pub message: Vec<u8>,
    vars: bool,
    checked_only: bool,
}

/// Checks the script and runs it over the message. `includes` are the scripts of `include_dir` and `global_dir`.
///
/// # Errors
/// What is wrong with the request.
pub fn test(asked: &Asked, includes: Vec<Include>, zone: Vec<(i64, i32)>, cache: &mut Cache) -> Result<Tested, String> {
    let message = message_of(asked)?;
    let request = request_of(asked, &message, includes, zone)?;
    let folders = asked.mailboxes.as_ref().map(|_| request.folders.clone());
    let question = Question {
        text: asked.script.clone(),
        folders,
        addresses: asked.user_email.iter().cloned().collect(),
        metadata: request.options.metadata,
        bytes_max: Some(request.options.script_bytes_max),
        ..Question::default()
    };
    let report = report(&question);
    let checked_only = asked.check.unwrap_or(false);
    let runs = !checked_only && report.errors.is_empty();
    let outcome = runs.then(|| sieve::run(cache, &message, &request));
    Ok(Tested { report, outcome, message, vars: asked.vars.unwrap_or(false), checked_only })
}

fn message_of(asked: &Asked) -> Result<Vec<u8>, String> {
    use base64::Engine;
    match (&asked.message, &asked.message_b64) {
        (Some(text), _) => Ok(text.clone().into_bytes()),
        (None, Some(text)) => base64::engine::general_purpose::STANDARD
            .decode(text.trim())
            .map_err(|error| format!("message_b64 is no base64: {error}")),
        (None, None) => Ok(Vec::new()),
    }
}

fn request_of(asked: &Asked, message: &[u8], includes: Vec<Include>, zone: Vec<(i64, i32)>) -> Result<Request, String> {
    let set = Set::read(asked.set.as_ref())?;
    let name = asked.name.clone().unwrap_or_else(|| "main".into());
    let others = |texts: &Option<Vec<String>>, kind: &str| -> Vec<Script> {
        let texts = texts.iter().flatten().enumerate();
        texts.map(|(n, text)| Script::new(format!("{kind}{}", n + 1), text.clone())).collect()
    };
    let mut scripts = others(&asked.before, "before");
    scripts.push(Script::new(name, asked.script.clone()));
    scripts.extend(others(&asked.after, "after"));
    scripts.extend(asked.last.unwrap_or(false).then(Script::vendor));
    let to = asked.to.clone().unwrap_or_else(|| {
        first_address(message, &["Envelope-To", "To"]).unwrap_or_else(|| "recipient@example.com".into())
    });
    let from = asked.from.clone().unwrap_or_else(|| {
        first_address(message, &["Return-Path", "Sender", "From"]).unwrap_or_else(|| "sender@example.com".into())
    });
    let folders = asked.mailboxes.iter().flatten();
    let mut options = set.options;
    options.metadata = asked.metadata.is_some();
    Ok(Request {
        scripts,
        includes,
        folders: folders.filter_map(|name| crate::plan::FolderName::parse(name).ok()).map(|f| f.to_string()).collect(),
        from: from.trim_matches(['<', '>']).to_string(),
        user: to.clone(),
        to,
        orig_to: asked.orig_to.clone(),
        auth: asked.auth.clone(),
        user_email: asked.user_email.clone().or(set.user_email).unwrap_or_default(),
        recipient_delimiter: set.recipient_delimiter,
        stamp: None,
        now: asked.now.unwrap_or_else(crate::deliver::now),
        zone,
        scan: asked.scan.clone().or_else(|| own_scan(message)),
        seen: asked.seen.iter().flatten().cloned().collect(),
        special_uses: set.special_uses,
        lists: lists_of(asked),
        metadata: asked.metadata.clone().unwrap_or_default(),
        environment: BTreeMap::from([("host".into(), "localhost".into()), ("domain".into(), "localhost".into())]),
        options,
        seed: "test".into(),
    })
}

fn lists_of(asked: &Asked) -> Vec<List> {
    let lists = asked.lists.iter().flatten();
    lists
        .map(|(name, entries)| List { name: name.clone(), entries: entries.iter().map(|e| e.to_lowercase()).collect() })
        .collect()
}

pub(super) fn first_address(message: &[u8], names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let field = mail::fields(message).find(|field| field.is(name))?;
        let text = field.text();
        let inner = text.rsplit_once('<').map_or(text.as_str(), |(_, rest)| rest.split('>').next().unwrap_or_default());
        Address::parse(inner.trim()).ok().map(|address| address.to_string())
    })
}

/// What an earlier delivery of ours wrote on top.
pub(super) fn own_scan(message: &[u8]) -> Option<Scan> {
    let text = |name: &str| mail::fields(message).find(|field| field.is(name)).map(|field| field.text());
    let class = text("X-PM-Scan")?.split_ascii_whitespace().next()?.to_ascii_uppercase();
    let score = text("X-PM-Score").and_then(|text| text.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    Some(Scan { class, score, spam_score: crate::filter::Policy::default().spam_score, findings: Vec::new() })
}

/// Settings by our own names or Pigeonhole's.
struct Set {
    options: Options,
    user_email: Option<String>,
    recipient_delimiter: String,
    special_uses: Vec<(String, String)>,
}

impl Set {
    fn read(given: Option<&BTreeMap<String, Value>>) -> Result<Self, String> {
        let mut set = Self {
            options: Options::default(),
            user_email: None,
            recipient_delimiter: "+".into(),
            special_uses: Vec::new(),
        };
        for (name, value) in given.into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    value.to_string()
                }
            };
            set.one(name, &text).map_err(|why| format!("setting {name} = {text:?}: {why}"))?;
        }
        Ok(set)
    }

    fn one(&mut self, name: &str, text: &str) -> Result<(), String> {
        let name = name.strip_prefix("sieve.").or(name.strip_prefix("sieve_")).unwrap_or(name);
        let options = &mut self.options;
        match name {
            "max_script_size" | "script_bytes_max" => options.script_bytes_max = size(text)?,
            "max_actions" | "actions_max" => options.actions_max = count(text)?,
            "max_redirects" | "redirects_max" => options.redirects_max = count(text)?,
            "user_email" => self.user_email = Some(text.trim_matches(['<', '>']).to_string()),
            "vacation_min_period" | "vacation_seconds_min" => options.vacation_seconds_min = seconds(text)?,
            "vacation_max_period" | "vacation_seconds_max" => options.vacation_seconds_max = seconds(text)?,
            "vacation_default_period" | "vacation_seconds_default" => options.vacation_seconds_default = seconds(text)?,
            "variables_max_value_size" | "variable_bytes_max" => {
                options.variable_bytes_max = usize::try_from(size(text)?).unwrap_or(usize::MAX);
            }
            "editheader_protected" => options.editheader_protected = words(text),
            "editheader_max_header_size" | "variables_max_scope_size" | "extensions" | "global_extensions" => {}
            "duplicate_default_period" | "duplicate_seconds_default" => {
                options.duplicate_seconds_default = seconds(text)?
            }
            "duplicate_max_period" | "duplicate_seconds_max" => options.duplicate_seconds_max = seconds(text)?,
            "redirect_envelope_from" | "redirect_from" => options.redirect_from_recipient = text != "sender",
            "recipient_delimiter" | "lmtp.recipient_delimiter" => self.recipient_delimiter = text.to_string(),
            "special_use" => self.special_uses = words(text).iter().filter_map(|pair| special_use(pair)).collect(),
            _ => return self.score(name, text),
        }
        Ok(())
    }

    /// `spamtest_*` and `virustest_*`.
    fn score(&mut self, name: &str, text: &str) -> Result<(), String> {
        let (field, rest) = match (name.strip_prefix("spamtest_"), name.strip_prefix("virustest_")) {
            (Some(rest), _) => (&mut self.options.spamtest, rest),
            (None, Some(rest)) => (&mut self.options.virustest, rest),
            (None, None) => return Err("there is no such setting".into()),
        };
        match rest {
            "status_header" => field.status_header = text.to_string(),
            "status_type" => field.status_type = text.to_string(),
            "max_header" => field.max_header = text.to_string(),
            "max_value" => field.max_value = text.to_string(),
            _ => {
                let n: usize = rest
                    .strip_prefix("text_value")
                    .and_then(|n| n.parse().ok())
                    .filter(|n| *n <= 10)
                    .ok_or("there is no such setting")?;
                field.text_values.resize(field.text_values.len().max(n + 1), String::new());
                if let Some(value) = field.text_values.get_mut(n) {
                    *value = text.to_string();
                }
            }
        }
        Ok(())
    }
}

fn special_use(pair: &str) -> Option<(String, String)> {
    let (use_, folder) = pair.split_once('=')?;
    crate::plan::FolderName::parse(folder).ok().map(|folder| (use_.to_string(), folder.to_string()))
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_string).collect()
}

fn count(text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| "is no number".into())
}

/// `1M`, `64k`, `4096`, `1 MiB`.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let number: u64 = number.parse().map_err(|_| "is no size".to_string())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err("has an unknown unit".into()),
    };
    Ok(number.saturating_mul(factor))
}

/// `1d`, `2h`, `30s`, `60 days`; a number alone is seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let number: u64 = number.parse().map_err(|_| "is no period".to_string())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "seconds" => 1,
        "m" | "min" | "mins" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        _ => return Err("has an unknown unit".into()),
    };
    Ok(number.saturating_mul(factor))
}

impl Tested {
    /// The answer as programs read it.
    pub fn json(&self) -> Value {
        let mut answer = json!({ "compile": compile_json(&self.report) });
        let Some(fields) = answer.as_object_mut().filter(|_| !self.checked_only) else { return answer };
        let mut told = Told { messages: BTreeMap::new(), sent: Vec::new(), original: &self.message };
        let keep = json!({ "do": "keep", "implicit": true, "flags": [], "msg": 0 });
        match &self.outcome {
            None => {
                fields.insert("actions".into(), json!([keep]));
                fields.insert("error".into(), Value::Null);
            }
            Some(outcome) => {
                fields.insert("actions".into(), told.actions(outcome));
                let error =
                    outcome.fault.as_ref().map(|f| json!({ "line": f.line, "msg": f.words, "script": f.script }));
                fields.insert("error".into(), error.unwrap_or(Value::Null));
                let trace = outcome
                    .trace
                    .iter()
                    .map(|step| json!({ "script": step.script, "line": step.line, "what": step.what }));
                fields.insert("trace".into(), Value::Array(trace.collect()));
                let keys: Vec<&str> = outcome.asked.iter().map(|asked| asked.key.as_str()).collect();
                fields.insert("asked".into(), json!(keys));
                if self.vars {
                    let vars: BTreeMap<_, _> = outcome.variables.iter().cloned().collect();
                    fields.insert("vars".into(), json!(vars));
                }
            }
        }
        fields.insert("messages".into(), json!(told.messages));
        fields.insert("sent".into(), Value::Array(told.sent));
        answer
    }
}

/// Errors and warnings as programs read them.
pub fn compile_json(report: &Report) -> Value {
    let list = |list: &[sieve::Diagnostic]| -> Vec<Value> { list.iter().map(diagnostic_json).collect() };
    json!({ "ok": report.errors.is_empty(), "errors": list(&report.errors), "warnings": list(&report.warnings) })
}

fn diagnostic_json(found: &sieve::Diagnostic) -> Value {
    let mut value = json!({ "line": found.line, "col": found.column, "code": found.code, "msg": found.words });
    if let (Some(mend), Some(fields)) = (&found.mend, value.as_object_mut()) {
        fields.insert("mend".into(), json!(mend));
    }
    value
}

/// Messages and transports, numbered while the actions are told. 0 is the message itself.
struct Told<'a> {
    messages: BTreeMap<String, Text>,
    sent: Vec<Value>,
    original: &'a [u8],
}

/// A message as JSON can hold it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Octets { b64: String },
}

impl Told<'_> {
    fn actions(&mut self, outcome: &Outcome) -> Value {
        let mut actions: Vec<Value> = outcome.done.iter().map(|done| self.action(done, outcome)).collect();
        if let Some(flags) = &outcome.keep {
            let msg = self.version(outcome.edits.len(), outcome);
            actions.push(json!({ "do": "keep", "implicit": true, "flags": names(flags), "msg": msg }));
        }
        Value::Array(actions)
    }

    fn action(&mut self, done: &Done, outcome: &Outcome) -> Value {
        let msg = self.version(done.edits, outcome);
        let mut value = match &done.act {
            DoneAct::Keep { flags } => json!({ "do": "keep", "implicit": false, "flags": names(flags), "msg": msg }),
            DoneAct::Store { written, folder, flags, create } => json!({
                "do": "store", "folder": written, "place": folder, "flags": names(flags), "create": create, "msg": msg
            }),
            DoneAct::Discard => json!({ "do": "discard" }),
            DoneAct::Redirect { to, from } => {
                self.sent.push(json!({ "from": from, "to": [to], "msg": msg }));
                json!({ "do": "redirect", "to": to, "msg": msg })
            }
            DoneAct::Reject { reason, extended, reply, .. } => {
                let kind = if *extended { "ereject" } else { "reject" };
                self.reply(json!({ "do": kind, "reason": reason }), reply)
            }
            DoneAct::Vacation { reply } => self.reply(json!({ "do": "vacation" }), reply),
            DoneAct::Notify { method, reply } => self.reply(json!({ "do": "notify", "method": method }), reply),
        };
        if let Some(fields) = value.as_object_mut() {
            fields.insert("line".into(), json!(done.line));
            fields.insert("script".into(), json!(done.script));
        }
        value
    }

    fn reply(&mut self, mut value: Value, reply: &Result<Outgoing, String>) -> Value {
        let Some(fields) = value.as_object_mut() else { return value };
        match reply {
            Ok(outgoing) => {
                let text = match &outgoing.content {
                    Content::Text(text) => text.clone().into_bytes(),
                    Content::Message { .. } => self.original.to_vec(),
                };
                let msg = self.number(text);
                self.sent.push(json!({ "from": outgoing.from, "to": outgoing.to, "msg": msg }));
                fields.insert("msg".into(), json!(msg));
                fields.insert("to".into(), json!(outgoing.to));
                if let Some(once) = &outgoing.once {
                    fields.insert("seconds".into(), json!(once.seconds));
                    fields.insert("key".into(), json!(once.key));
                }
            }
            Err(why) => {
                fields.insert("msg".into(), Value::Null);
                fields.insert("not_sent".into(), json!(why));
            }
        }
        value
    }

    /// The number of the message with so many edits.
    fn version(&mut self, edits: usize, outcome: &Outcome) -> usize {
        match outcome.edits.get(..edits) {
            Some(edits) if !edits.is_empty() => {
                let text = mail::edited(self.original, edits).into_owned();
                self.number(text)
            }
            _ => 0,
        }
    }

    fn number(&mut self, bytes: Vec<u8>) -> usize {
        use base64::Engine;
        let text = match String::from_utf8(bytes) {
            Ok(text) => Text::Plain(text),
            Err(error) => Text::Octets { b64: base64::engine::general_purpose::STANDARD.encode(error.as_bytes()) },
        };
        let known = self.messages.iter().find(|(_, known)| **known == text);
        if let Some(number) = known.and_then(|(number, _)| number.parse().ok()) {
            return number;
        }
        let number = self.messages.len() + 1;
        self.messages.insert(number.to_string(), text);
        number
    }
}

fn names(flags: &Flags) -> Vec<String> {
    flags.names()
}
