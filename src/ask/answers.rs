//! Reads what a worker answers as if a captured one had written it.
//!
//! The types of the answers keep most promises by themselves (a folder name that parses can't leave the Maildir); here
//! are the bounds and forms that they can't express. Does not judge whether an answer is right.

use crate::filter::Look;
use crate::limits::DASH_LINES_MAX;
use crate::limits::{
    DETAIL_BYTES_MAX, HEADER_EDITS_MAX, LINKS_MAX, MEMORY_KEYS_MAX, SCRIPT_ACTIONS_MAX, SCRIPT_DIAGNOSTICS_MAX,
    SCRIPT_EVENTS_MAX, SENT_TEXT_BYTES_MAX, SENT_TO_MAX, UNPACK_DEPTH_MAX, UNPACK_ENTRIES_MAX,
};
use crate::plan::{Action, Content, Outgoing, OutgoingKind, Plan};
use crate::sieve::Report;

/// Octets of a finding's name: those of the rules are shorter.
const NAME_BYTES_MAX: usize = 64;

/// # Errors
/// What no honest worker says.
pub(super) fn check_look(look: &Look) -> Result<(), String> {
    let bad_name = |name: &str| {
        name.is_empty()
            || name.len() > NAME_BYTES_MAX
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    for finding in &look.findings {
        if bad_name(&finding.name) {
            return Err(format!("a finding named {:?}", cut(&finding.name)));
        }
        if finding.detail.len() > DETAIL_BYTES_MAX {
            return Err(format!("a detail of {} bytes", finding.detail.len()));
        }
    }
    if look.links.len() > LINKS_MAX {
        return Err(format!("{} links", look.links.len()));
    }
    if look.parts.len() > UNPACK_ENTRIES_MAX + DASH_LINES_MAX {
        return Err(format!("{} parts", look.parts.len()));
    }
    for part in &look.parts {
        if part.path.len() > 2 * UNPACK_DEPTH_MAX + 3 {
            return Err(format!("a part {} levels deep", part.path.len()));
        }
        if !part.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("a SHA-256 that is none".into());
        }
    }
    Ok(())
}

/// # Errors
/// What no honest worker says.
pub(super) fn check_plan(plan: &Plan) -> Result<(), String> {
    if plan.actions.is_empty() || plan.actions.len() > SCRIPT_ACTIONS_MAX {
        return Err(format!("a plan of {} actions", plan.actions.len()));
    }
    if plan.trace.len() > SCRIPT_EVENTS_MAX * 100 {
        return Err(format!("a trace of {} steps", plan.trace.len()));
    }
    if plan.edits.len() > HEADER_EDITS_MAX || plan.asked.len() > MEMORY_KEYS_MAX {
        return Err(format!("{} changes of the header, {} keys", plan.edits.len(), plan.asked.len()));
    }
    check_sent(plan)?;
    let courtesy = |outgoing: &Outgoing| matches!(outgoing.kind, OutgoingKind::Vacation | OutgoingKind::Notify);
    let lone = !plan.actions.iter().any(|action| match action {
        Action::File { .. } | Action::Quarantine { .. } => true,
        Action::Send(outgoing) => !courtesy(outgoing),
        Action::Discard { .. } => false,
    });
    for action in &plan.actions {
        match action {
            Action::File { .. } => {}
            Action::Send(outgoing) if outgoing.to.is_empty() => return Err("a message to nobody".into()),
            Action::Send(_) => {}
            Action::Discard { .. } if lone && plan.trouble.is_none() => {}
            Action::Discard { .. } => return Err("a discard beside something else".into()),
            Action::Quarantine { .. } => return Err("a quarantine, which scripts can't ask for".into()),
        }
    }
    Ok(())
}

fn check_sent(plan: &Plan) -> Result<(), String> {
    let mut to = 0;
    for action in &plan.actions {
        let Action::Send(outgoing) = action else { continue };
        to += outgoing.to.len();
        if outgoing.to.is_empty() || to > SENT_TO_MAX {
            return Err(format!("a message for {} addresses, {to} in all", outgoing.to.len()));
        }
        match &outgoing.content {
            Content::Text(text) if text.len() > SENT_TEXT_BYTES_MAX => {
                return Err(format!("a message of {} bytes", text.len()));
            }
            Content::Text(_) | Content::Message { .. } => {}
        }
    }
    Ok(())
}

/// # Errors
/// What no honest worker says.
pub(super) fn check_report(report: &Report) -> Result<(), String> {
    let all = report.errors.len() + report.warnings.len();
    if all > 2 * SCRIPT_DIAGNOSTICS_MAX { Err(format!("a report of {all} lines")) } else { Ok(()) }
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Finding;
    use crate::plan::{Flags, FolderName, Hold, Outgoing, OutgoingKind};

    #[test]
    fn a_captured_worker_can_not_hold_or_lose_by_a_trick() {
        let file = || Action::File { folder: FolderName::inbox(), flags: Flags::default(), edits: 0 };
        let discard = || Action::Discard { why: "x".into() };
        let hold = || Action::Quarantine { hold: Hold { why: "x".into(), operator_only: true } };
        let send = |kind, to: usize, text: usize| {
            let (from, to, content) = (String::new(), vec!["a@b".to_string(); to], Content::Text("x".repeat(text)));
            Action::Send(Outgoing { kind, from, to, content, once: None })
        };
        let reply = |to, text| send(OutgoingKind::Vacation, to, text);
        for (actions, honest) in [
            (vec![reply(1, 9), discard()], true),
            (vec![reply(1, 9), file()], true),
            (vec![reply(0, 9), file()], false),
            (vec![reply(60, 9), reply(60, 9), file()], false),
            (vec![reply(1, SENT_TEXT_BYTES_MAX + 1), file()], false),
            (vec![file()], true),
            (vec![discard()], true),
            (vec![], false),
            (vec![file(), discard()], false),
            (vec![hold()], false),
            (vec![file(); 33], false),
        ] {
            let plan = Plan { actions, ..Plan::default() };
            assert_eq!(check_plan(&plan).is_ok(), honest, "{plan:?}");
        }
        assert!(serde_json::from_str::<Plan>(r#"{"actions":[{"do":"file","folder":"../x","flags":{"seen":true,"answered":false,"flagged":false,"draft":false,"deleted":false}}],"trace":[],"trouble":null}"#).is_err());
    }

    #[test]
    fn findings_have_names_of_rules() {
        for (name, honest) in [("gtube", true), ("", false), ("X-Evil: 1\r\n", false), (&"a".repeat(65), false)] {
            let finding = Finding { name: name.into(), detail: String::new() };
            assert_eq!(check_look(&Look { findings: vec![finding], ..Look::default() }).is_ok(), honest, "{name:?}");
        }
        let finding = Finding { name: "a".into(), detail: "x".repeat(201) };
        assert!(check_look(&Look { findings: vec![finding], ..Look::default() }).is_err());
    }
}
