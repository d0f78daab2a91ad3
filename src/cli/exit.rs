//! How a command ends: exit codes of BSD sysexits, and the sentence of a failure.
#![allow(clippy::print_stderr, reason = "the command line speaks to people")]

use crate::deliver::OpenError;
use crate::refusal::{Kind, Refusal};

/// The exit codes we use (sysexits.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    Ok,
    /// The command line is wrong.
    Usage,
    /// The input is wrong.
    Data,
    /// An input file can't be read.
    NoInput,
    /// No such user.
    NoUser,
    /// A server or peer isn't there.
    Unavailable,
    Software,
    /// Try again later.
    TempFail,
    Config,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Usage => 64,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::NoUser => 67,
            Self::Unavailable => 69,
            Self::Software => 70,
            Self::TempFail => 75,
            Self::Config => 78,
        }
    }
}

/// Why a command failed, in a sentence for a person.
#[derive(Debug)]
pub(super) struct Fault {
    exit: Exit,
    sentence: String,
}

impl Fault {
    pub(super) fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into() }
    }

    /// The same, for a caller that shall try again later.
    pub(super) fn temporary(self) -> Self {
        Self { exit: Exit::TempFail, ..self }
    }

    pub(super) fn print(self) -> Exit {
        eprintln!("tamis: {}", self.sentence);
        self.exit
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Settings(sentence) => Self::new(Exit::Config, sentence),
            OpenError::Store(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let exit = match (refusal.kind, refusal.is_permanent()) {
            (Kind::UnknownUser, _) => Exit::NoUser,
            (_, true) => Exit::Data,
            (_, false) => Exit::TempFail,
        };
        let (_, _, text) = refusal.reply();
        Self::new(exit, format!("{text}: {}; {}", refusal.cause, refusal.kind.remedy()))
    }
}
