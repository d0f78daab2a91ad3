//! Generated scripts do in tamis what they do in Pigeonhole, letter by letter and action by action.
//!
//! What is left out stands in `pigeonhole.rs`, and every comparison that is left out is counted.
//!   TAMIS_SIEVE_SEEDS=17      one case
//!   TAMIS_SIEVE_SEEDS=1-100   some

use crate::{
    batch, coverage, generator,
    letters::{self, Letter},
    oracle::{self, Oracle},
    ours,
    outcome::Outcome,
    pigeonhole,
    script::Case,
};
use std::{collections::BTreeMap, thread, time::Instant};

const CASES: u64 = 3000;
const LETTERS: usize = 6;
const THREADS: usize = 2;
/// Differences that are made small and printed; more say nothing new.
const SHOWN: usize = 40;

fn seeds() -> Vec<u64> {
    let Ok(asked) = std::env::var("TAMIS_SIEVE_SEEDS") else { return (1..=CASES).collect() };
    let (from, upto) = asked.split_once('-').unwrap_or((&asked, &asked));
    (from.parse().unwrap()..=upto.parse().unwrap()).collect()
}

/// Six of the letters, others for other cases.
fn letters_for(all: &[Letter], seed: u64) -> Vec<&Letter> {
    all.iter().cycle().skip(seed as usize % all.len()).take(LETTERS).collect()
}

/// What both programs do with a case and its letters: (letter, Pigeonhole, tamis).
fn both<'a>(
    oracle: &Oracle,
    cases: &[Case],
    letters: &dyn Fn(&Case) -> Vec<&'a Letter>,
) -> Vec<Vec<(&'a Letter, Outcome, Outcome)>> {
    let mut requests = Vec::new();
    let mut theirs = Vec::new();
    for case in cases {
        let letters = letters(case);
        let (personal, global) = oracle.shelve(case);
        requests.extend(letters.iter().map(|letter| ours::request(case, letter, &personal, &global)));
        theirs.push((letters.clone(), oracle.ask(case, &letters)));
    }
    let mut answers = batch::one_process(&requests).into_iter();
    let pairs = cases.iter().zip(theirs).map(|(case, (letters, outcomes))| {
        let each = letters.into_iter().zip(outcomes);
        each.map(|(letter, theirs)| (letter, theirs, ours::outcome(case, letter, &answers.next().unwrap()))).collect()
    });
    pairs.collect()
}

/// What one thread found.
#[derive(Default)]
struct Found {
    compared: usize,
    agreed: usize,
    left_out: BTreeMap<&'static str, usize>,
    outcomes: BTreeMap<&'static str, usize>,
    different: usize,
    shown: Vec<String>,
}

fn compare(seeds: &[u64], letters: &[Letter]) -> Found {
    let oracle = Oracle::new();
    let mut found = Found::default();
    for part in seeds.chunks(50) {
        let cases: Vec<Case> = part.iter().map(|seed| generator::case(*seed)).collect();
        let results = both(&oracle, &cases, &|case| letters_for(letters, case.seed));
        for (case, results) in cases.iter().zip(results) {
            let mut is_shown = false;
            for (letter, theirs, ours) in results {
                found.compared += 1;
                *found.outcomes.entry(theirs.kind()).or_default() += 1;
                if theirs.agrees(&ours) {
                    found.agreed += 1;
                    continue;
                }
                let bugs = explained(&oracle, case, letter, &theirs, &ours);
                if bugs.is_empty() {
                    found.different += 1;
                    if !is_shown && found.shown.len() < SHOWN / THREADS {
                        // The other letters of this case hardly show anything else.
                        is_shown = true;
                        found.shown.push(show(&oracle, case, letter));
                    }
                }
                for bug in bugs {
                    *found.left_out.entry(bug).or_default() += 1;
                }
            }
        }
    }
    found
}

/// The bug without which both programs agree on this case, or the bugs; none if they don't agree without them all.
fn explained(oracle: &Oracle, case: &Case, letter: &Letter, theirs: &Outcome, ours: &Outcome) -> Vec<&'static str> {
    let suspects = pigeonhole::suspects(case, theirs, ours);
    if let Some((alone, _)) = suspects.iter().find(|(_, without)| differ(oracle, without, letter).is_none()) {
        return vec![alone];
    }
    let (mut mended, mut all) = (case.clone(), Vec::new());
    let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
    loop {
        // Without one bug another one may come to light.
        let (next, names) = pigeonhole::mended(&mended, &theirs, &ours);
        if names.is_empty() {
            return Vec::new();
        }
        all.extend(names);
        let Some(outcomes) = differ(oracle, &next, letter) else { return all };
        (theirs, ours) = outcomes;
        mended = next;
    }
}

fn differ(oracle: &Oracle, case: &Case, letter: &Letter) -> Option<(Outcome, Outcome)> {
    let (_, theirs, ours) = both(oracle, std::slice::from_ref(case), &|_| vec![letter]).remove(0).remove(0);
    (!theirs.agrees(&ours)).then_some((theirs, ours))
}

/// The smallest case with a difference that we find, and what both programs make of it.
fn show(oracle: &Oracle, case: &Case, letter: &Letter) -> String {
    let differs = |case: &Case| {
        let (theirs, ours) = differ(oracle, case, letter)?;
        explained(oracle, case, letter, &theirs, &ours).is_empty().then_some((theirs, ours))
    };
    let Some((first, _)) = differs(case) else { return format!("seed {}: it differs now and then", case.seed) };
    // A script that lost its `require` differs for another reason.
    let small = smallest(case, &|case| differs(case).is_some_and(|(theirs, _)| theirs.kind() == first.kind()));
    let Some((theirs, ours)) = differs(&small) else { return format!("seed {}: it differs now and then", case.seed) };
    let text = small.text();
    format!("seed {} letter {}\n{text}\nPigeonhole {theirs}\ntamis      {ours}\n", case.seed, letter.name)
}

/// Takes away what the difference doesn't need, until nothing more can go.
pub(crate) fn smallest(case: &Case, is_such: &dyn Fn(&Case) -> bool) -> Case {
    let mut small = case.clone();
    while let Some(less) = small.smaller().into_iter().find(|less| is_such(less)) {
        small = less;
    }
    small
}

#[test]
fn generated_scripts_do_what_they_do_in_pigeonhole() {
    if oracle::is_missing() {
        return;
    }
    let begun = Instant::now();
    let letters = letters::all();
    let seeds = seeds();
    let mut all = Found::default();
    thread::scope(|scope| {
        let letters = &letters;
        let parts = seeds.chunks(seeds.len().div_ceil(THREADS));
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || compare(part, letters))).collect();
        for worker in workers {
            let found = worker.join().unwrap();
            all.compared += found.compared;
            all.agreed += found.agreed;
            all.different += found.different;
            all.shown.extend(found.shown);
            for (name, count) in found.left_out {
                *all.left_out.entry(name).or_default() += count;
            }
            for (name, count) in found.outcomes {
                *all.outcomes.entry(name).or_default() += count;
            }
        }
    });
    println!("{}", all.shown.join("\n----\n"));
    println!("{} comparisons in {:?}: {} agree, {} differ", all.compared, begun.elapsed(), all.agreed, all.different);
    println!("Pigeonhole: {:?}; left out for its own bugs:", all.outcomes);
    for bug in pigeonhole::BUGS {
        println!("{:6} {} ({})", all.left_out.get(bug.name).unwrap_or(&0), bug.name, bug.standard);
    }
    assert_eq!(all.different, 0, "tamis and Pigeonhole differ; see above");
}

#[test]
fn generator_writes_everything() {
    let cases: Vec<Case> = (1..=CASES).map(generator::case).collect();
    let counts = coverage::count(&cases);
    let few: Vec<_> = counts.iter().filter(|(_, count)| **count < coverage::LEAST).collect();
    assert!(few.is_empty(), "the generator writes too little of these: {few:?}");
}
