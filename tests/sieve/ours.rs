//! The questions to tamis, and its answers in the form that is compared.

use crate::{
    letters::Letter,
    oracle::SETTINGS,
    outcome::{Outcome, Reply, edited, plain, store},
    script::{Case, Script},
};
use serde_json::{Map, Value, json};
use std::path::Path;

/// One line for `tamis sieve test --batch`.
pub(crate) fn request(case: &Case, letter: &Letter, personal: &Path, global: &Path) -> Value {
    let texts = |scripts: &[Script]| -> Vec<String> { scripts.iter().map(Script::text).collect() };
    let settings: Map<String, Value> = SETTINGS.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
    json!({
        "script": case.main.text(),
        "message": letter.text,
        "from": letter.from,
        "to": letter.to,
        "orig_to": letter.to,
        "mailboxes": ["INBOX"],
        "include_dir": personal,
        "global_dir": global,
        "before": texts(&case.before),
        "after": texts(&case.after),
        "set": settings,
    })
}

pub(crate) fn outcome(case: &Case, letter: &Letter, answer: &Value) -> Outcome {
    if answer["compile"]["ok"] != true {
        return Outcome::Refused(answer["compile"]["errors"].to_string());
    }
    let actions = answer["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !answer["error"].is_null() {
        let is_kept = !actions.is_empty() && actions.iter().all(|action| action["do"] == "keep");
        let error = answer["error"].to_string();
        // An action beside the keep is an action too many.
        // The other scripts of a chain are read when they run.
        let is_late = answer["error"]["script"] != "main";
        return if is_kept && is_late {
            Outcome::Late(error)
        } else if is_kept {
            Outcome::Failed(error)
        } else {
            Outcome::Done(vec![format!("{error} with {actions:?}")])
        };
    }
    Outcome::done(
        case,
        actions.iter().filter(|action| is_done(action)).map(|action| normal(case, letter, action, answer)).collect(),
    )
}

/// A notification or a vacation without a message was thought of and not sent.
fn is_done(action: &Value) -> bool {
    action["do"] != "notify" && action["do"] != "vacation" || !action["msg"].is_null()
}

fn normal(case: &Case, letter: &Letter, action: &Value, answer: &Value) -> String {
    let word = |name: &str| action[name].as_str().unwrap_or_default();
    let flags: Vec<String> =
        action["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect();
    match word("do") {
        "keep" => store(action["implicit"] == true, "INBOX", &flags, &[]),
        "store" => store(false, word("folder"), &flags, &[]),
        "redirect" if case.edits() => format!("redirect {}{}", word("to"), edited(&message(letter, action, answer))),
        "redirect" => format!("redirect {}", word("to")),
        "reject" | "ereject" => format!("reject {}", plain(word("reason"))),
        "vacation" => Reply::read(&message(letter, action, answer)).vacation(),
        "notify" => Reply::read(&message(letter, action, answer)).notification(),
        other => other.to_string(),
    }
}

/// The message that an action sends.
fn message(letter: &Letter, action: &Value, answer: &Value) -> String {
    let text = &answer["messages"][action["msg"].to_string()];
    if action["msg"] == 0 {
        return letter.text.clone();
    }
    text.as_str().unwrap_or_default().to_string()
}
