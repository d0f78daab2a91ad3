//! What a run decided: each action with its place in the script, for the plan, for tests of scripts and for people.
//!
//! Carries out nothing. Standards: RFC 5228 §2.10.2 (implicit keep) and §2.10.3 (one copy a folder).

use crate::plan::{Action, Asked, Content, Edit, Flags, FolderName, Outgoing, OutgoingKind, Plan, Step};
use serde::{Deserialize, Serialize};

/// What became of a sequence of scripts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// In the order of the scripts.
    pub done: Vec<Done>,
    /// Is the message kept in the inbox at the end, because nothing took that away?
    pub keep: Option<Flags>,
    /// Was there a `keep` in the last script that ran?
    pub explicit_keep: bool,
    /// Changes of the header, in order.
    pub edits: Vec<Edit>,
    pub asked: Vec<Asked>,
    pub trace: Vec<Step>,
    pub fault: Option<Fault>,
    /// Variables of the last script at its end: (name, value).
    pub variables: Vec<(String, String)>,
}

/// One action that a script decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    pub script: String,
    /// 1-based.
    pub line: usize,
    /// How many of [`Outcome::edits`] the action sees.
    pub edits: usize,
    pub act: DoneAct,
}

#[derive(Clone, Debug, PartialEq)]
pub enum DoneAct {
    Keep {
        flags: Flags,
    },
    Store {
        written: String,
        folder: FolderName,
        flags: Flags,
        create: bool,
    },
    Discard,
    Redirect {
        to: String,
        from: String,
    },
    /// Where no reply may be sent, the words say why; `drops`: the message then goes, because its sender is nobody or
    /// forged (RFC 5429 §2.2), else it is kept.
    Reject {
        reason: String,
        extended: bool,
        reply: Result<Outgoing, String>,
        drops: bool,
    },
    Vacation {
        reply: Result<Outgoing, String>,
    },
    Notify {
        method: String,
        reply: Result<Outgoing, String>,
    },
}

impl DoneAct {
    /// Do both file into the same folder?
    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        self.folder().is_some_and(|folder| other.folder() == Some(folder))
    }

    /// Where a copy goes.
    pub(super) fn folder(&self) -> Option<FolderName> {
        match self {
            Self::Keep { .. } => Some(FolderName::inbox()),
            Self::Store { folder, .. } => Some(folder.clone()),
            Self::Discard
            | Self::Redirect { .. }
            | Self::Reject { .. }
            | Self::Vacation { .. }
            | Self::Notify { .. } => None,
        }
    }

    /// Takes the flags of another copy.
    pub(super) fn unite(&mut self, other: &Self) {
        if let (
            Self::Keep { flags } | Self::Store { flags, .. },
            Self::Keep { flags: more } | Self::Store { flags: more, .. },
        ) = (self, other)
        {
            *flags = std::mem::take(flags).united(more);
        }
    }
}

/// Why a script failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub script: String,
    /// 1-based; 0 where it is the whole script.
    pub line: usize,
    pub words: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "script {}: {}", self.script, self.words),
            line => write!(f, "script {}, line {line}: {}", self.script, self.words),
        }
    }
}

impl Outcome {
    /// Its trace and variables alone.
    pub(super) fn of_trace(self) -> Self {
        Self { trace: self.trace, variables: self.variables, ..Self::default() }
    }

    /// The plan: each folder once, the inbox where keep is in effect or something went wrong, a discard only where
    /// nothing else is done.
    pub fn into_plan(self) -> Plan {
        let mut plan = Plan { trace: self.trace, edits: self.edits, asked: self.asked, ..Plan::default() };
        plan.trouble = self.fault.as_ref().map(ToString::to_string);
        let mut discarded = None;
        for done in &self.done {
            let place = format!("script {}, line {}", done.script, done.line);
            match &done.act {
                DoneAct::Keep { flags } => file(&mut plan.actions, FolderName::inbox(), flags, done.edits),
                DoneAct::Store { folder, flags, .. } => file(&mut plan.actions, folder.clone(), flags, done.edits),
                DoneAct::Discard => discarded = Some(format!("{place}: discard")),
                DoneAct::Redirect { to, from } => plan.actions.push(redirect(to, from, done.edits)),
                DoneAct::Reject { reply: Ok(reply), .. } => plan.actions.push(Action::Send(reply.clone())),
                DoneAct::Reject { reply: Err(why), drops: true, .. } => {
                    discarded = Some(format!("{place}: reject, but {why}"));
                }
                DoneAct::Vacation { reply: Ok(reply) } => plan.actions.push(Action::Send(reply.clone())),
                DoneAct::Notify { reply: Ok(reply), .. } => plan.actions.push(Action::Send(reply.clone())),
                DoneAct::Vacation { reply: Err(why) }
                | DoneAct::Notify { reply: Err(why), .. }
                | DoneAct::Reject { reply: Err(why), .. } => {
                    plan.trace.push(Step {
                        script: done.script.clone(),
                        line: done.line,
                        what: format!("nothing is sent: {why}"),
                    });
                }
            }
        }
        if let Some(flags) = self.keep {
            file(&mut plan.actions, FolderName::inbox(), &flags, plan.edits.len());
        }
        let leaves = |action: &Action| match action {
            Action::File { .. } | Action::Quarantine { .. } | Action::Discard { .. } => true,
            Action::Send(outgoing) => matches!(outgoing.kind, OutgoingKind::Redirect | OutgoingKind::Reject),
        };
        if !plan.actions.iter().any(leaves) {
            match discarded.filter(|_| plan.trouble.is_none()) {
                Some(why) => plan.actions.push(Action::Discard { why }),
                None => file(&mut plan.actions, FolderName::inbox(), &Flags::default(), plan.edits.len()),
            }
        }
        plan
    }
}

/// RFC 5228 §2.10.3: the same folder gets one copy; it has the flags of all.
fn file(actions: &mut Vec<Action>, folder: FolderName, flags: &Flags, edits: usize) {
    for action in actions.iter_mut() {
        if let Action::File { folder: known, flags: have, .. } = action
            && *known == folder
        {
            *have = std::mem::take(have).united(flags);
            return;
        }
    }
    actions.push(Action::File { folder, flags: flags.clone(), edits });
}

fn redirect(to: &str, from: &str, edits: usize) -> Action {
    let (kind, content) = (OutgoingKind::Redirect, Content::Message { edits });
    Action::Send(Outgoing { kind, from: from.into(), to: vec![to.into()], content, once: None })
}
