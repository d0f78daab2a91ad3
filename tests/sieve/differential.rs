//! Generated scripts do in tamis what they do in Pigeonhole, letter by letter and action by action.
//!
//! What is left out stands in `pigeonhole.rs`, and every left-out comparison is counted.
//!   TAMIS_SIEVE_SEEDS=17      one case
//!   TAMIS_SIEVE_SEEDS=1-100   some
use crate::{
    coverage, generator,
    letters::{self, Letter},
    oracle::Oracle,
    outcome::Outcome,
    script::Case,
};
use std::{thread, time::Instant};

const CASES: u64 = 3000;
const LETTERS: usize = 6;

fn seeds() -> Vec<u64> {
    let Ok(asked) = std::env::var("TAMIS_SIEVE_SEEDS") else { return (1..=CASES).collect() };
    let (from, upto) = asked.split_once('-').unwrap_or((&asked, &asked));
    (from.parse().unwrap()..=upto.parse().unwrap()).collect()
}

/// Six of the letters, others for other cases.
fn letters_for<'a>(all: &'a [Letter], seed: u64) -> Vec<&'a Letter> {
    all.iter().cycle().skip(seed as usize % all.len()).take(LETTERS).collect()
}

#[test]
fn generator_writes_everything() {
    let cases: Vec<Case> = (1..=CASES).map(generator::case).collect();
    let counts = coverage::count(&cases);
    let line: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!("{}", line.join("\n"));
    let few: Vec<_> = counts.iter().filter(|(_, count)| **count < coverage::LEAST).collect();
    assert!(few.is_empty(), "the generator writes too little of these: {few:?}");
}

#[test]
fn oracle_alone() {
    let all = letters::all();
    let begun = Instant::now();
    let seeds = seeds();
    thread::scope(|scope| {
        for part in seeds.chunks(seeds.len().div_ceil(2)) {
            let all = &all;
            scope.spawn(move || {
                let oracle = Oracle::new();
                let (mut done, mut failed, mut refused) = (0, 0, 0);
                for seed in part {
                    let case = generator::case(*seed);
                    for outcome in oracle.ask(&case, &letters_for(all, *seed)) {
                        match outcome {
                            Outcome::Done(_) => done += 1,
                            Outcome::Failed(why) => { failed += 1; println!("FAILED {seed} {why}"); }
                            Outcome::Refused(why) => { refused += 1; if refused % 6 == 1 { println!("REFUSED {seed} {}", why); } }
                        }
                    }
                }
                println!("done {done} failed {failed} refused {refused}");
            });
        }
    });
    println!("{:?}", begun.elapsed());
}
