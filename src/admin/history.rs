//! What scripts did: from the steps that the journal keeps with each delivery.
//!
//! Rows are the truth; a script is read only to name rules and to show their lines, and may have changed since.

use crate::deliver::{Env, now};
use crate::limits::JOURNAL_ROWS_AT_ONCE;
use crate::mail::Address;
use crate::plan::{Action, Mailbox, Plan, Step};
use crate::refusal::Refusal;
use crate::sieve::{DEFAULT_SCRIPT, Rule, action_of, rules_of};
use crate::store::{Scripts, journal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why one recipient's copy of a message went where it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// Of the journal's row.
    pub id: i64,
    pub at: i64,
    pub rcpt: String,
    pub user: String,
    pub subject: String,
    pub class: String,
    pub outcome: String,
    /// Why the script failed, where it did.
    pub trouble: Option<String>,
    pub steps: Vec<Told>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    pub script: String,
    pub line: usize,
    pub what: String,
    /// The line of the script as it is today, where it still seems to be the one.
    pub text: Option<String>,
}

/// One rule and how often it acted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleHits {
    pub script: String,
    pub line: usize,
    pub action: String,
    /// From the comment above it; empty where there is none.
    pub name: String,
    /// The line as it is today; `None`: the script has changed since, and there is no such rule any more.
    pub text: Option<String>,
    /// Messages.
    pub hits: usize,
    /// Seconds since 1970.
    pub last: Option<i64>,
    /// Of all messages, 0 to 1.
    pub share: f64,
}

/// The rules of one user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hits {
    pub user: String,
    pub days: i64,
    /// Messages of these days over which scripts were run.
    pub messages: usize,
    /// Messages at which a script failed.
    pub failed: usize,
    /// In the order of scripts and lines.
    pub rules: Vec<RuleHits>,
}

/// Of a row's record, what the scripts did.
#[derive(Deserialize)]
struct Record {
    plan: Plan,
}

/// Why a message went where it went, the newest first; one user's copies where one is named.
///
/// # Errors
/// What database or user source said.
pub async fn why(message_id: &str, user: Option<&Address>, env: &Arc<Env>) -> Result<Vec<Reason>, Refusal> {
    let id = message_id.trim().trim_matches(['<', '>']).to_string();
    let user = match user {
        Some(user) => Some(env.rcpt(user).await?.mailbox.user),
        None => None,
    };
    let sought = journal::Sought { user, message_id: Some(id), since: i64::MIN };
    let rows = env.blocking(move |env| journal::seek(&env.store.database, &sought, None, 0)).await?;
    let mut reasons = Vec::new();
    for row in rows {
        let Some(plan) = plan_of(&row) else { continue };
        // Whoever is no user any more has no scripts to show.
        let scripts = match Address::parse(&row.rcpt) {
            Ok(address) => match env.rcpt(&address).await {
                Ok(rcpt) => by_name(read(&rcpt.mailbox, env).await),
                Err(_) => Vec::new(),
            },
            Err(_) => Vec::new(),
        };
        reasons.push(reason(row, plan, &scripts));
    }
    Ok(reasons)
}

fn reason(row: journal::Row, plan: Plan, scripts: &[(String, String)]) -> Reason {
    let tell = |step: Step| {
        let text = line_of(&step, scripts);
        Told { script: step.script, line: step.line, what: step.what, text }
    };
    let steps = plan.trace.into_iter().map(tell).collect();
    let journal::Row { id, at, rcpt, user, subject, class, outcome, .. } = row;
    Reason { id, at, rcpt, user, subject, class, outcome, trouble: plan.trouble, steps }
}

/// The line of a step, where it still holds the word with which the step begins.
fn line_of(step: &Step, scripts: &[(String, String)]) -> Option<String> {
    let (_, text) = scripts.iter().find(|(name, _)| *name == step.script)?;
    let line = text.lines().nth(step.line.checked_sub(1)?)?.trim();
    let word = step.what.split([' ', ':']).next()?;
    let lower = line.to_ascii_lowercase();
    (lower.contains(word) || word == "reject" && lower.contains("ereject")).then(|| line.to_string())
}

/// How often each rule of a user acted in the last days; rules of the active script that never did are told, too.
///
/// # Errors
/// What database or user source said.
pub async fn stats(user: &Address, days: i64, env: &Arc<Env>) -> Result<Hits, Refusal> {
    let rcpt = env.rcpt(user).await?;
    let days = days.clamp(1, env.settings.journal_days);
    let sought = journal::Sought {
        user: Some(rcpt.mailbox.user.clone()),
        message_id: None,
        since: now() - days.saturating_mul(86_400),
    };
    let counted = env.blocking(move |env| count(&sought, env)).await?;
    let scripts = read(&rcpt.mailbox, env).await;
    let active = scripts.personal.as_ref().map(|(name, _)| name.clone());
    Ok(counted.into_hits(rcpt.mailbox.user, days, &by_name(scripts), active.as_deref()))
}

/// Hits by script, line and action.
#[derive(Default)]
struct Counted {
    messages: usize,
    failed: usize,
    rules: BTreeMap<(String, usize, &'static str), (usize, i64)>,
}

fn count(sought: &journal::Sought, env: &Env) -> Result<Counted, Refusal> {
    let mut counted = Counted::default();
    let mut last: Option<journal::Row> = None;
    loop {
        let rows = journal::seek(&env.store.database, sought, last.as_ref(), JOURNAL_ROWS_AT_ONCE)?;
        for row in &rows {
            if let Some(plan) = plan_of(row).filter(|plan| !is_held(plan)) {
                counted.add(row.at, &plan);
            }
        }
        // Each page begins behind the last row of the one before, so there is an end.
        match rows.into_iter().last() {
            Some(row) => last = Some(row),
            None => return Ok(counted),
        }
    }
}

impl Counted {
    /// A rule that acts twice on a message has hit it once.
    fn add(&mut self, at: i64, plan: &Plan) {
        self.messages += 1;
        self.failed += usize::from(plan.trouble.is_some());
        let hit: BTreeSet<(&str, usize, &'static str)> =
            plan.trace.iter().filter_map(|step| Some((step.script.as_str(), step.line, action_of(step)?))).collect();
        for (script, line, action) in hit {
            let (hits, last) = self.rules.entry((script.to_string(), line, action)).or_default();
            *hits += 1;
            *last = at.max(*last);
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a share is shown with one decimal")]
    fn into_hits(mut self, user: String, days: i64, scripts: &[(String, String)], active: Option<&str>) -> Hits {
        let rules: Vec<(&String, Vec<Rule>)> = scripts.iter().map(|(name, text)| (name, rules_of(text))).collect();
        for (name, rules) in rules.iter().filter(|(name, _)| active == Some(name.as_str())) {
            for rule in rules {
                self.rules.entry(((*name).clone(), rule.line, rule.action)).or_default();
            }
        }
        let find = |script: &str, line: usize, action: &str| {
            let (_, rules) = rules.iter().find(|(name, _)| *name == script)?;
            rules.iter().find(|rule| rule.line == line && rule.action == action)
        };
        let all = self.messages.max(1) as f64;
        let tell = |((script, line, action), (hits, last)): ((String, usize, &'static str), (usize, i64))| {
            let rule = find(&script, line, action);
            let (name, text) = (rule.map(|rule| rule.name.clone()), rule.map(|rule| rule.text.clone()));
            let (action, name, last) = (action.to_string(), name.unwrap_or_default(), (hits > 0).then_some(last));
            RuleHits { script, line, action, name, text, hits, last, share: hits as f64 / all }
        };
        let (messages, failed) = (self.messages, self.failed);
        Hits { user, days, messages, failed, rules: self.rules.into_iter().map(tell).collect() }
    }
}

/// The plan that a row keeps; `None` for a refusal and for a record that was too large.
fn plan_of(row: &journal::Row) -> Option<Plan> {
    serde_json::from_str::<Record>(&row.details).ok().map(|record| record.plan)
}

/// What is held is held before any script.
fn is_held(plan: &Plan) -> bool {
    plan.actions.iter().any(|action| matches!(action, Action::Quarantine { .. }))
}

/// All scripts that may run for a user, by the names that steps have; the user's first.
fn by_name(scripts: Scripts) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = scripts.personal.into_iter().collect();
    all.extend(scripts.before);
    all.extend(scripts.after);
    all.extend(scripts.personal_includes);
    all.extend(scripts.global_includes);
    all.push(("default".to_string(), DEFAULT_SCRIPT.to_string()));
    all
}

/// A user's scripts and the operator's; nothing where they can't be read: they only adorn what the journal says.
async fn read(mailbox: &Mailbox, env: &Arc<Env>) -> Scripts {
    let mailbox = mailbox.clone();
    let paths = env.settings.scripts.clone();
    env.blocking(move |env| Ok(env.homes.scripts(&mailbox, &paths))).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(line: usize, what: &str) -> Step {
        Step { script: "main".into(), line, what: what.into() }
    }

    fn plan(steps: &[(usize, &str)]) -> Plan {
        Plan { trace: steps.iter().map(|(line, what)| step(*line, what)).collect(), ..Plan::keep() }
    }

    #[test]
    fn rules_are_counted_once_a_message_and_named_while_they_are_there() {
        let mut counted = Counted::default();
        counted.add(
            5,
            &plan(&[(2, "header subject: \"x\" is \"x\""), (2, "fileinto INBOX.A"), (2, "fileinto INBOX.A (again)")]),
        );
        counted.add(9, &plan(&[(2, "fileinto INBOX.B"), (7, "discard")]));
        counted.add(7, &plan(&[]));
        counted.add(8, &Plan::keep_after("broken"));
        let text = "# rule:[Lists]\nif true { fileinto \"A\"; }\nkeep;\n";
        let scripts = [("main".to_string(), text.to_string()), ("default".to_string(), DEFAULT_SCRIPT.to_string())];
        let hits = counted.into_hits("anna".into(), 30, &scripts, Some("main"));
        assert_eq!((hits.messages, hits.failed), (4, 1));
        let told: Vec<_> = hits
            .rules
            .iter()
            .map(|r| (r.line, r.action.as_str(), r.name.as_str(), r.text.is_some(), r.hits, r.last, r.share))
            .collect();
        let want = [
            (2, "fileinto", "Lists", true, 2, Some(9), 0.5),
            (3, "keep", "", true, 0, None, 0.0),
            (7, "discard", "", false, 1, Some(9), 0.25),
        ];
        assert_eq!(told, want);
    }

    #[test]
    fn a_line_is_shown_only_where_it_still_says_the_same() {
        let text = "if header :is \"subject\" \"x\" {\n  ereject \"no\";\n}\n";
        let scripts = [("main".to_string(), text.to_string())];
        let shown = |line, what| line_of(&step(line, what), &scripts);
        assert_eq!(shown(1, "header subject: \"x\" is \"x\"").as_deref(), Some("if header :is \"subject\" \"x\" {"));
        assert_eq!(shown(2, "reject").as_deref(), Some("ereject \"no\";"));
        for (line, what) in [(1, "fileinto INBOX.A"), (0, "header"), (9, "header"), (3, "keep")] {
            assert_eq!(shown(line, what), None, "{line} {what}");
        }
    }

    #[test]
    fn rows_without_a_plan_and_held_ones_are_passed_over() {
        let row = |details: &str| journal::Row { details: details.into(), ..journal::Row::default() };
        for details in ["", "{}", "{\"too_large\":9}", "[]", "{\"plan\":3}"] {
            assert_eq!(plan_of(&row(details)), None, "{details}");
        }
        let kept = serde_json::json!({ "plan": Plan::keep(), "ms": 3 }).to_string();
        assert_eq!(plan_of(&row(&kept)), Some(Plan::keep()));
        let held = r#"{"plan":{"actions":[{"do":"quarantine","hold":{"why":"v","operator_only":true}}]}}"#;
        assert!(plan_of(&row(held)).is_some_and(|plan| is_held(&plan)));
    }
}
