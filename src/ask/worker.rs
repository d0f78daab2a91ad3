//! The worker's side: locks itself in, answers questions from standard input on standard output.
//!
//! Looks at hostile messages and runs users' scripts, so it may be captured, killed or driven mad at any moment; the
//! pool is written for that. Has no settings and no environment. A panic is an answer; the pool then replaces us.

use super::cage::{self, Attempt};
use super::frame::{self, Kind};
use super::outfit::Outfit;
use crate::filter::{Kit, Lists, Look, Rules, look_with};
use crate::limits::{SCRIPT_CPU_SECONDS, WORKER_CPU_SECONDS, WORKER_STACK_BYTES};
use crate::mail::Session;
use crate::sieve::{Cache, Question, Request, plan_with, report};
use crate::signatures::Database;
use crate::unpack::{Allowance, Spent};
use serde::Serialize;
use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// sysexits EX_PROTOCOL: the pool said something that we don't understand.
const EXIT_PROTOCOL: u8 = 76;
/// sysexits EX_OSERR: no thread could be started.
const EXIT_SYSTEM: u8 = 71;

/// Runs until standard input ends; the exit code of the process.
pub fn run() -> u8 {
    let cage = cage::close();
    let questions = move || {
        let mut cage = cage;
        cage::close_behind_threads(&mut cage);
        answer_all(&cage)
    };
    // Parsers recurse: they get a stack that fits the limits of the structure screen many times over.
    let thread = std::thread::Builder::new().name("questions".into()).stack_size(WORKER_STACK_BYTES).spawn(questions);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => 0,
        Ok(Ok(Err(error))) => {
            say(&format!("worker ends: {error}"));
            EXIT_PROTOCOL
        }
        Ok(Err(_)) | Err(_) => EXIT_SYSTEM,
    }
}

/// Standard error is read by the pool, for the log.
fn say(words: &str) {
    // There is nobody left to tell where this fails.
    let _ = writeln!(io::stderr(), "{words}");
}

fn answer_all(cage: &cage::Cage) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    frame::write(&mut output, Kind::Hello, &serde_json::to_vec(cage)?)?;
    let mut desk = Desk::default();
    while let Some((kind, payload)) = frame::read(&mut input)? {
        if let Err(why) = cage::renew_cpu(seconds_of(kind)) {
            say(&format!("processor time can't be renewed: {why}"));
        }
        match catch_unwind(AssertUnwindSafe(|| desk.answer(kind, payload))) {
            Ok(Some(answer)) => frame::write(&mut output, Kind::Answer, &answer?)?,
            Ok(None) => {}
            Err(panic) => frame::write(&mut output, Kind::Panic, words_of(&*panic).as_bytes())?,
        }
    }
    Ok(())
}

/// CPU seconds for one frame.
fn seconds_of(kind: Kind) -> u64 {
    match kind {
        Kind::Sieve | Kind::Check => SCRIPT_CPU_SECONDS,
        Kind::Outfit
        | Kind::Signatures
        | Kind::Message
        | Kind::Look
        | Kind::Attempt
        | Kind::Hello
        | Kind::Answer
        | Kind::Panic => WORKER_CPU_SECONDS,
    }
}

/// What a worker remembers between questions.
#[derive(Default)]
struct Desk {
    /// `None`: nothing was chosen.
    chosen: Option<(Arc<Lists>, Allowance)>,
    /// `None`: our own alone.
    signatures: Option<Arc<Database>>,
    message: Vec<u8>,
    scripts: Cache,
}

impl Desk {
    fn look(&self, session: &Session) -> Look {
        begin();
        let (lists, allowance) =
            self.chosen.clone().unwrap_or_else(|| (Rules::embedded().lists.clone(), Allowance::default()));
        let signatures = self.signatures.as_ref().unwrap_or_else(|| Database::embedded());
        let kit = Kit { lists, allowance, signatures: Arc::clone(signatures), clock: spent };
        look_with(&self.message, session, &kit)
    }

    /// The answer to one frame; `None` where none is expected.
    fn answer(&mut self, kind: Kind, payload: Vec<u8>) -> Option<io::Result<Vec<u8>>> {
        match kind {
            Kind::Outfit => read_outfit(&payload).map(|chosen| self.chosen = Some(chosen)).err().map(Err),
            Kind::Signatures => match Database::open(payload) {
                Ok(database) => {
                    self.signatures = Some(Arc::new(database));
                    None
                }
                Err(why) => Some(Err(io::Error::other(why))),
            },
            Kind::Message => {
                self.message = payload;
                None
            }
            Kind::Look => Some(question::<Session>(&payload, |session| json(&self.look(session)))),
            Kind::Sieve => Some(question::<Request>(&payload, |request| {
                json(&plan_with(&mut self.scripts, &self.message, request))
            })),
            Kind::Check => Some(question::<Question>(&payload, |question| json(&report(question)))),
            Kind::Attempt => Some(question::<Attempt>(&payload, |attempt| json(&cage::attempt(*attempt)))),
            Kind::Hello | Kind::Answer | Kind::Panic => Some(Err(io::Error::other(format!("{kind:?} is no question")))),
        }
    }
}

/// The pool has read the same texts before, so that a mistake in them says that it is not our pool.
fn read_outfit(payload: &[u8]) -> io::Result<(Arc<Lists>, Allowance)> {
    let outfit: Outfit = serde_json::from_slice(payload)?;
    let rules = Rules::load(&outfit.overlays).map_err(|mistake| io::Error::other(mistake.to_string()))?;
    Ok((rules.lists, outfit.allowance))
}

thread_local! {
    /// When the look under way began, by the clock and by the processor.
    static BEGUN: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

fn begin() {
    BEGUN.set(Some((Instant::now(), cage::cpu_used())));
}

/// What the look under way has used.
fn spent() -> Spent {
    BEGUN.get().map_or_else(Spent::default, |(at, cpu)| Spent {
        cpu: cage::cpu_used().saturating_sub(cpu),
        wall: at.elapsed(),
    })
}

fn question<T: serde::de::DeserializeOwned>(
    payload: &[u8],
    answer: impl FnOnce(&T) -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    answer(&serde_json::from_slice(payload)?)
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without words".into())
}
