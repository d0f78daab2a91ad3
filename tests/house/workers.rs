//! The pool of workers: what content does to one worker, no other question notices.
//!
//! The worker is this very program, started as `tamis worker`, in its real cage.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tamis::ask::{Attempt, Options, Outcome, Pool, Trouble};
use tamis::mail::Session;
use tamis::plan::{Action, Plan};
use tamis::sieve::{Request, Script};

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_tamis"))
}

fn pool(workers: usize) -> Pool {
    Pool::with(Options { answer_seconds: 20, ..Options::new(program(), workers) })
}

fn message(n: usize) -> Arc<[u8]> {
    format!("From: a@example.org\r\nSubject: message {n}\r\n\r\nbody {n}\r\n").into_bytes().into()
}

fn scripts(texts: &[&str]) -> Request {
    let scripts = texts.iter().map(|text| Script::new("main", *text)).collect();
    Request { scripts, ..Request::default() }
}

fn folders(plan: &Plan) -> Vec<String> {
    plan.actions
        .iter()
        .map(|action| match action {
            Action::File { folder, .. } => folder.to_string(),
            Action::Send(_) => "send".to_string(),
            Action::Discard { .. } => "discard".into(),
            Action::Quarantine { .. } => "quarantine".into(),
        })
        .collect()
}

/// A program that answers `Hello` as a worker does and then runs the given shell lines.
fn impostor(dir: &Path, then: &str) -> PathBuf {
    let path = dir.join("impostor");
    let hello = r#"{"in_force":[],"missing":[]}"#;
    let text = format!("#!/bin/sh\nprintf 'H\\034\\000\\000\\000%s' '{hello}'\n{then}\n");
    assert_eq!(hello.len(), 0o34);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_looks_sixteen_at_a_time_are_all_answered() {
    let pool = pool(3);
    pool.warm().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    let at_once = Arc::new(tokio::sync::Semaphore::new(16));
    for n in 0..1000 {
        let (pool, at_once) = (pool.clone(), at_once.clone());
        tasks.spawn(async move {
            let _turn = at_once.acquire().await.unwrap();
            let message = message(n);
            pool.look(&message, &Session::default()).await.unwrap();
            // The script must see this message and no other one's.
            let script = format!(
                "require \"fileinto\"; if header :is \"subject\" \"message {n}\" {{ fileinto \"yes\"; }} else {{ fileinto \"no\"; }}"
            );
            let plan = pool.sieve(&message, &scripts(&[&script])).await.unwrap();
            assert_eq!(folders(&plan), ["INBOX.yes"]);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cage_stops_every_escape() {
    let pool = pool(1);
    let cage = pool.warm().await.unwrap();
    for (attempt, result) in pool.test_cage().await {
        assert!(!matches!(result, Ok(Outcome::Succeeded)), "{attempt:?} succeeded; cage: {cage:?}");
    }
    assert!(cage.in_force.iter().any(|wall| wall == "no files opened"), "{cage:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_is_replaced_and_its_question_gets_trouble() {
    let pool = pool(1);
    for (attempt, words) in [(Attempt::OverflowStack, "overflow"), (Attempt::Panic, "panicked: attempt")] {
        let trouble = pool.attempt(attempt).await.unwrap_err();
        assert!(matches!(&trouble, Trouble::Died(w) if w.contains(words)), "{attempt:?}: {trouble:?}");
        pool.look(&message(1), &Session::default()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_is_killed_while_others_go_on() {
    let pool = Pool::with(Options { answer_seconds: 2, ..Options::new(program(), 2) });
    pool.warm().await.unwrap();
    let hanging = tokio::spawn({
        let pool = pool.clone();
        async move { pool.attempt(Attempt::Loop).await }
    });
    let begin = Instant::now();
    while !hanging.is_finished() {
        pool.look(&message(1), &Session::default()).await.unwrap();
    }
    assert_eq!(hanging.await.unwrap(), Err(Trouble::TooSlow(2)));
    assert!(begin.elapsed() < Duration::from_secs(10));
    pool.look(&message(1), &Session::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_never_ends_costs_its_own_question_only() {
    let pool = Pool::with(Options { answer_seconds: 2, ..Options::new(program(), 1) });
    let message: Arc<[u8]> = b"Subject: x\r\n\r\n".to_vec().into();
    // What comparisons cost is counted; what it takes to read a thousand expressions is not.
    let patterns = (0..1000).map(|n| format!("\"([a-z]{{1,40}}x){{1,40}}{n}\"")).collect::<Vec<_>>().join(",");
    let script = format!("require \"regex\"; if header :regex \"subject\" [{patterns}] {{ discard; }}");
    let trouble = pool.sieve(&message, &scripts(&[&script])).await.unwrap_err();
    assert!(matches!(trouble, Trouble::TooSlow(2) | Trouble::Died(_)), "{trouble:?}");
    let plan = pool.sieve(&message, &scripts(&["keep;"])).await.unwrap();
    assert_eq!(folders(&plan), ["INBOX"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    for (then, want) in [
        ("printf 'XXXXXXXXXX'; exec cat >/dev/null", "Nonsense"),
        ("printf 'A\\377\\377\\377\\377'; exec cat >/dev/null", "Nonsense"),
        ("printf 'A\\002\\000\\000\\000no'; exec cat >/dev/null", "Nonsense"),
        ("printf 'H\\000\\000\\000\\000'; exec cat >/dev/null", "Nonsense"),
        ("printf 'A\\024\\000\\000\\000'; exit 3", "Died"),
        ("echo last words >&2; exit 3", "Died"),
        ("exec cat", "Nonsense"),
        ("exec sleep 30", "TooSlow"),
    ] {
        let options = Options { answer_seconds: 2, ..Options::new(impostor(dir.path(), then), 1) };
        let trouble = Pool::with(options).look(&message(1), &Session::default()).await.unwrap_err();
        assert!(format!("{trouble:?}").starts_with(want), "{then}: {trouble:?}");
        if then.contains("last words") {
            assert!(trouble.to_string().contains("last words"), "{trouble}");
        }
    }
    for (program, words) in [("/nonexistent", "No such file"), ("/bin/true", "worker can't be started")] {
        let trouble = Pool::new(program.into(), 1).look(&message(1), &Session::default()).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Start(_)) && trouble.to_string().contains(words), "{trouble}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_kept_and_replaced_after_their_share_of_questions() {
    let dir = tempfile::tempdir().unwrap();
    let (starts, counting) = (dir.path().join("starts"), dir.path().join("counting"));
    let text = format!("#!/bin/sh\necho >>'{}'\nexec '{}' worker\n", starts.display(), program().display());
    std::fs::write(&counting, text).unwrap();
    std::fs::set_permissions(&counting, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (questions_max, want) in [(2, 5), (100, 1), (1, 9)] {
        let pool = Pool::with(Options { questions_max, ..Options::new(counting.clone(), 1) });
        for n in 0..9 {
            pool.look(&message(n), &Session::default()).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), want);
        std::fs::remove_file(&starts).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_given_up_frees_its_worker() {
    let pool = pool(1);
    pool.warm().await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(200), pool.attempt(Attempt::Loop)).await;
    assert!(given_up.is_err());
    pool.look(&message(1), &Session::default()).await.unwrap();
}
