//! The cage in which a worker reads hostile content: no files, no network, no programs, bounded memory and time.
//!
//! Two walls: limits of the process (no file descriptor beyond standard input, output and error can be opened) and,
//! where the kernel has it, Landlock with not a single rule. Does not decide what to do where a wall is missing: says
//! so, and the server logs it once. [`Attempt`]s prove the cage from inside, in tests and for the operator.
//! Standards: setrlimit(2), landlock(7).

use crate::limits::{WORKER_CPU_SECONDS, WORKER_FILES, WORKER_MEMORY_BYTES, WORKER_QUESTIONS_MAX};
use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr, RulesetError,
    RulesetStatus, Scope,
};
use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use nix::sys::time::TimeVal;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The newest kernel interface whose walls are asked for; older kernels give what they have.
const LANDLOCK: ABI = ABI::V6;
/// Descriptors that a careless parent may have left open in us: closed. The rest is closed by `exec`.
const INHERITED_FILES: std::ops::Range<i32> = 3..256;

/// What of the cage is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cage {
    /// Such as `landlock 6`.
    pub in_force: Vec<String>,
    /// In words for the operator; empty is a whole cage.
    pub missing: Vec<String>,
}

impl Cage {
    fn note(&mut self, wall: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.in_force.push(wall.to_string()),
            Err(why) => self.missing.push(format!("{wall}: {why}")),
        }
    }
}

/// Locks the calling thread in, and all that it starts. To be called while it is the only one.
pub(super) fn close() -> Cage {
    for file in INHERITED_FILES {
        // Most are not open, which is what we want.
        let _ = nix::unistd::close(file);
    }
    let mut cage = Cage::default();
    let walls = landlock().map_err(|error| error.to_string());
    let name = match walls.as_ref().map(|status| status.landlock) {
        Ok(LandlockStatus::Available { effective_abi, .. }) => format!("landlock {effective_abi:?}"),
        Ok(_) | Err(_) => "landlock".to_string(),
    };
    cage.note(&name, walls.and_then(judge));
    let limits = [
        ("no core", Resource::RLIMIT_CORE, 0),
        ("no files written", Resource::RLIMIT_FSIZE, 0),
        ("no files opened", Resource::RLIMIT_NOFILE, WORKER_FILES),
        ("memory", Resource::RLIMIT_AS, WORKER_MEMORY_BYTES),
    ];
    for (name, resource, most) in limits {
        cage.note(name, setrlimit(resource, most, most).map_err(|error| error.to_string()));
    }
    cage.note(
        "not dumpable",
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
            .map_err(|error| error.to_string()),
    );
    cage
}

/// The last wall, when all threads run: not one more, and no process. The kernel does not hold root to it.
pub(super) fn close_behind_threads(cage: &mut Cage) {
    let result = setrlimit(Resource::RLIMIT_NPROC, 0, 0).map_err(|error| error.to_string());
    cage.note("no processes", result);
    cage.note("processor time", renew_cpu(WORKER_CPU_SECONDS));
}

/// Gives the next question its processor time: what was used so far and `seconds` more, at most
/// [`WORKER_CPU_SECONDS`].
///
/// # Errors
/// What the system said.
pub(super) fn renew_cpu(seconds: u64) -> Result<(), String> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(|error| error.to_string())?;
    let used = usage.user_time().tv_sec() + usage.system_time().tv_sec() + 1;
    let next = u64::try_from(used).unwrap_or(0) + seconds.min(WORKER_CPU_SECONDS);
    // The hard limit can't be raised again: it is that of a whole life.
    let life = WORKER_CPU_SECONDS * (u64::from(WORKER_QUESTIONS_MAX) + 1) * 2;
    setrlimit(Resource::RLIMIT_CPU, next.min(life), life).map_err(|error| error.to_string())
}

/// The processor time of this process so far.
pub(super) fn cpu_used() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let of = |time: TimeVal| {
        let (seconds, micros) = (u64::try_from(time.tv_sec()), u64::try_from(time.tv_usec()));
        Duration::from_secs(seconds.unwrap_or(0)) + Duration::from_micros(micros.unwrap_or(0))
    };
    of(usage.user_time()) + of(usage.system_time())
}

/// Landlock with no rules: every file, every TCP port, every process outside is out of reach.
fn landlock() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .restrict_self()
}

fn judge(status: RestrictionStatus) -> Result<(), String> {
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => Err("only in part: the kernel is older than 6.12".into()),
        RulesetStatus::NotEnforced => Err(match status.landlock {
            LandlockStatus::NotEnabled => "not enabled in this kernel (boot parameter lsm=)".into(),
            LandlockStatus::NotImplemented => "not built into this kernel (5.13 and newer have it)".into(),
            LandlockStatus::Available { .. } => "not in force".into(),
        }),
    }
}

/// Something that a captured worker would try. Each is harmless where it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    ReadFile,
    WriteFile,
    Connect,
    UnixSocket,
    RunProgram,
    TakeMemory,
    /// Not an escape: the three ways in which content kills a worker, for tests of the pool.
    Loop,
    OverflowStack,
    Panic,
}

impl Attempt {
    /// Those that the cage must stop.
    pub const ESCAPES: [Self; 6] =
        [Self::ReadFile, Self::WriteFile, Self::Connect, Self::UnixSocket, Self::RunProgram, Self::TakeMemory];
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The cage holds; what the system said.
    Stopped(String),
    /// The cage does not hold.
    Succeeded,
}

/// Tries it.
pub(super) fn attempt(attempt: Attempt) -> Outcome {
    match attempt {
        Attempt::ReadFile => of(rustix::fs::open("/etc/passwd", OFlags::RDONLY, Mode::empty())),
        // A file without a name: it is gone with its descriptor.
        Attempt::WriteFile => of(rustix::fs::open("/tmp", OFlags::WRONLY | OFlags::TMPFILE, Mode::RUSR)),
        Attempt::Connect => match std::net::TcpStream::connect(("127.0.0.1", 9)) {
            // Nobody listens there; that we were told so means that the packet went out.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Outcome::Succeeded,
            result => of(result),
        },
        Attempt::UnixSocket => of(std::os::unix::net::UnixStream::pair()),
        Attempt::RunProgram => of(std::process::Command::new("/bin/true").status()),
        Attempt::TakeMemory => {
            of(Vec::<u8>::new().try_reserve_exact(usize::try_from(WORKER_MEMORY_BYTES).unwrap_or(usize::MAX)))
        }
        Attempt::Loop => loop {
            std::hint::spin_loop();
        },
        Attempt::OverflowStack => Outcome::Stopped(overflow(1).to_string()),
        Attempt::Panic => fail(),
    }
}

fn of<T, E: std::fmt::Display>(result: Result<T, E>) -> Outcome {
    match result {
        Ok(_) => Outcome::Succeeded,
        Err(error) => Outcome::Stopped(error.to_string()),
    }
}

#[expect(clippy::panic, reason = "to panic is what it is for")]
fn fail() -> Outcome {
    panic!("attempt")
}

/// Recurses without end; `black_box` keeps the compiler from making a loop of it.
#[expect(unconditional_recursion, reason = "to overflow the stack is what it is for")]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 512]);
    overflow(depth + 1) + room.iter().sum::<u64>()
}
