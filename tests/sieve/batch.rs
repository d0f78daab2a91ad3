//! The program under test: `tamis sieve test --json --batch`, one request a line in, one answer a line out.
//!
//! Two processes share the requests, so that both cores work.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
};

const PROCESSES: usize = 2;

/// The answers, in the order of the requests.
pub(crate) fn run(requests: &[Value]) -> Vec<Value> {
    let share = requests.len().div_ceil(PROCESSES).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = requests.chunks(share).map(|part| scope.spawn(move || one_process(part))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

/// One request after the other: a process that falls silent is named with the request that silenced it.
pub(crate) fn one_process(requests: &[Value]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tamis"))
        .args(["sieve", "test", "--json", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tamis starts");
    let mut questions = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut all = Vec::with_capacity(requests.len());
    for request in requests {
        let line = serde_json::to_string(request).unwrap() + "\n";
        let sent = questions.write_all(line.as_bytes()).and_then(|()| questions.flush());
        let answer = answers.next().and_then(Result::ok);
        let (Ok(()), Some(answer)) = (sent, answer) else {
            panic!("tamis ended at request {} of {}: {line}", all.len() + 1, requests.len());
        };
        let parsed = serde_json::from_str(&answer);
        all.push(parsed.unwrap_or_else(|error| panic!("not JSON ({error}): {answer}\nrequest: {line}")));
    }
    drop(questions);
    let status = child.wait().unwrap();
    assert!(status.success(), "`tamis sieve test --batch` ended with {status}");
    all
}
