//! `tamis rules list` and `tamis rules check`: the rules as a table, and whether their samples hold.
//!
//! Only prints: what is checked and how is the filter's.

use super::{Exit, Fault, settings, show};
use crate::admin::{self, Rule, Rules};
use std::path::Path;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// All rules: points of spam and of bulk, group, and what each says.
    List {
        /// One JSON object per line and rule.
        #[arg(long)]
        json: bool,
    },
    /// Check every rule, the operator's laid over ours, against its samples.
    Check,
}

pub(super) fn run(config: &Path, command: &Command) -> Result<Exit, Fault> {
    let rules = admin::rules(&settings(config)?).map_err(|e| Fault::new(Exit::Config, e))?;
    match command {
        Command::List { json: true } => rules.rules.values().for_each(|rule| show::json(&value(rule))),
        Command::List { json: false } => table(&rules),
        Command::Check => return Ok(check(&rules)),
    }
    Ok(Exit::Ok)
}

/// Prints for each sample that does not hold what was found instead.
fn check(rules: &Rules) -> Exit {
    let problems = rules.check();
    for problem in &problems {
        show::say(show::safe_lines(&problem.to_string()));
        show::say("");
    }
    let samples: usize = rules.rules.values().map(|rule| rule.hits.len() + rule.misses.len()).sum();
    show::say(format!("{} rules, {samples} samples, {} problems", rules.rules.len(), problems.len()));
    if problems.is_empty() { Exit::Ok } else { Exit::Data }
}

fn value(rule: &Rule) -> serde_json::Value {
    serde_json::json!({
        "name": rule.name,
        "weight": rule.weight,
        "bulk": rule.bulk,
        "group": rule.group,
        "class": rule.class,
        "says": rule.says,
    })
}

fn table(rules: &Rules) {
    let points = |points: f64| if points == 0.0 { String::new() } else { format!("{points:.1}") };
    let row = |rule: &Rule| {
        let says = rule.class.map_or_else(|| rule.says.clone(), |class| format!("{} Always {class}.", rule.says));
        vec![rule.name.clone(), points(rule.weight), points(rule.bulk), rule.group.clone().unwrap_or_default(), says]
    };
    show::table(&["rule", "weight", "bulk", "group", "says"], rules.rules.values().map(row));
}
