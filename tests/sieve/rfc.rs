//! The examples of the standards, the engine's defects and our own promises: cases with a wanted result each.
//!
//! The form of a case is in casefile.rs, that of a wanted result in wants.rs.
//!   TAMIS_SIEVE_CASE=rfc5228/14     only the cases whose file name holds this

use crate::{
    batch,
    casefile::{self, Case, Clock, Trial},
    wants,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// The scripts, fragments and tests that each RFC prints, counted in its text (a list of strings and their values as one).
const PRINTED: &[(&str, usize)] = &[
    ("5228", 30),
    ("5229", 11),
    ("5230", 8),
    ("5231", 6),
    ("5232", 21),
    ("5233", 1),
    ("5235", 4),
    ("5260", 7),
    ("5293", 6),
    ("5429", 4),
    ("5703", 8),
    ("6609", 9),
    ("7352", 8),
];

/// The engine's defects, by their numbers in the list that we keep, which has no number 12.
const DEFECTS: std::ops::RangeInclusive<u32> = 1..=30;
const NOT_GIVEN: u32 = 12;

#[test]
fn every_printed_script_is_a_case() {
    for (number, printed) in PRINTED {
        let cases = casefile::folder(&format!("rfc{number}"));
        let count: usize = cases.iter().map(Case::scripts).sum();
        assert_eq!(count, *printed, "scripts of RFC {number} in our cases, and in its text");
        for case in cases {
            let source = format!("RFC {number} §");
            assert!(case.about.starts_with(&source), "{}: about begins with {source}…", case.file.display());
        }
    }
}

#[test]
fn every_defect_is_a_case() {
    let number = |case: &Case| case.file.file_name().unwrap().to_str().unwrap()[..2].parse::<u32>().unwrap();
    let shown: BTreeSet<u32> = casefile::folder("defects").iter().map(number).collect();
    let missing: Vec<u32> = DEFECTS.filter(|row| *row != NOT_GIVEN && !shown.contains(row)).collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

#[test]
fn examples_of_the_standards() {
    let cases = PRINTED.iter().flat_map(|(number, _)| casefile::folder(&format!("rfc{number}")));
    all_as_wanted(cases.collect());
}

#[test]
fn defects_of_the_engine() {
    all_as_wanted(casefile::folder("defects"));
}

#[test]
fn promises_of_tamis() {
    all_as_wanted(casefile::folder("tamis"));
}

/// One letter of a case.
struct Run<'a> {
    case: &'a Case,
    trial: &'a Trial,
    wants: Vec<String>,
    request: Value,
    answer: Value,
}

fn all_as_wanted(mut cases: Vec<Case>) {
    let only = std::env::var("TAMIS_SIEVE_CASE").unwrap_or_default();
    cases.retain(|case| case.file.to_str().unwrap().contains(&only));
    let shelf = tempfile::tempdir().unwrap();
    let clock = Clock::now();
    let trials = cases.iter().flat_map(|case| case.trials.iter().map(move |trial| (case, trial)));
    let mut runs: Vec<Run> = trials
        .enumerate()
        .map(|(n, (case, trial))| {
            let wants = trial.wants(&clock);
            let request = case.request(trial, &wants, &shelf.path().join(n.to_string()));
            Run { case, trial, wants, request, answer: Value::Null }
        })
        .collect();
    // A letter that follows another one is asked about when that one is answered.
    let mut round: Vec<usize> = (0..runs.len()).filter(|n| !runs[*n].trial.again).collect();
    while !round.is_empty() {
        ask(&mut runs, &round);
        round = round.iter().map(|n| n + 1).filter(|n| runs.get(*n).is_some_and(|run| run.trial.again)).collect();
        for n in &round {
            runs[*n].request["seen"] = remembered(&runs[n - 1]);
        }
    }
    let failures = (0..runs.len()).filter(|n| !is_as_wanted(&runs, *n)).count();
    assert_eq!(failures, 0, "of {} letters in {} cases", runs.len(), cases.len());
}

fn ask(runs: &mut [Run], round: &[usize]) {
    let requests: Vec<Value> = round.iter().map(|n| runs[*n].request.clone()).collect();
    for (n, answer) in round.iter().zip(batch::run(&requests)) {
        runs[*n].answer = answer;
    }
}

/// What `duplicate` knows after this delivery.
fn remembered(run: &Run) -> Value {
    let lists = [&run.request["seen"], &run.answer["asked"]];
    lists.iter().flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect()
}

fn is_as_wanted(runs: &[Run], n: usize) -> bool {
    let run = &runs[n];
    let before = run.trial.again.then(|| &runs[n - 1].answer);
    let bad = wants::differences(&run.wants, &run.trial.letter, &run.answer, before);
    if !bad.is_empty() {
        println!("{}\n  {}", run.case.file.display(), run.case.about);
        println!("  wanted: {}\n  {}\n  answer: {}\n", run.wants.join(" | "), bad.join("\n  "), run.answer);
    }
    bad.is_empty()
}
