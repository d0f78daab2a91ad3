//! Runs one compiled script over a message and notes what it wants; carries out nothing.
//!
//! Answers the engine's questions from the request alone. Whatever goes wrong ends the run with a sentence for the
//! script's owner. Standards: RFC 5228 §2.10, RFC 5490 §3 (`mailboxexists`), RFC 6609 §3 (`include`), RFC 5233 (detail).
//! *Deviation:* the engine reads the clock for `currentdate` itself; [`Request::now`] can't be handed to it.

use super::compile::Cache;
use super::mend::{ALLOWED, Act, Mark};
use super::{Request, Script};
use crate::limits::{SCRIPT_EVENTS_MAX, SCRIPT_INSTRUCTIONS_MAX, SCRIPT_NESTED_INCLUDES_MAX, SCRIPT_STRING_BYTES_MAX};
use crate::plan::{Flags, FolderName, Step};
use ::sieve::compiler::grammar::Capability;
use ::sieve::runtime::Variable;
use ::sieve::{Envelope, Event, Input, Mailbox, Runtime, Script as Included};

/// What a script wants done.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// In the order of the script; a folder may come twice.
    pub(super) filed: Vec<(FolderName, Flags)>,
    /// The flags of INBOX where an implicit or explicit keep is in effect at the end.
    pub(super) keep: Option<Flags>,
    /// Which `discard` ran last, in words.
    pub(super) discarded: Option<String>,
    pub(super) steps: Vec<Step>,
}

/// Runs one script. The steps go into `wishes` also where it fails.
///
/// # Errors
/// A sentence that says what went wrong; nothing that the script wanted may be done then.
pub(super) fn run(
    message: &[u8],
    script: &Script,
    request: &Request,
    cache: &mut Cache,
    wishes: &mut Wishes,
) -> Result<(), String> {
    let compiled = cache.compile(&script.name, &script.text).map_err(|m| format!("script {}, {m}", script.name))?;
    let runtime = runtime();
    let mut context = runtime.filter(message).with_envelope_list(envelope(request)).with_user_address(&*request.to);
    let mut run = Run { script, request, cache, wishes, doubts: compiled.doubts, made: Vec::new() };
    let mut input = Input::script("", compiled.sieve);
    for _ in 0..SCRIPT_EVENTS_MAX {
        input = match context.run(input) {
            None => return run.end(),
            Some(Ok(event)) => run.answer(event).map_err(|why| format!("script {}, {why}", script.name))?,
            Some(Err(error)) => return Err(format!("script {}: {}", script.name, words_of(&error))),
        };
    }
    Err(format!("script {} asked more than {SCRIPT_EVENTS_MAX} questions", script.name))
}

fn runtime() -> Runtime {
    let refused = Capability::all().iter().filter(|c| !ALLOWED.contains(&c.to_string().as_str())).cloned();
    Runtime::new()
        .without_capabilities(refused)
        .with_cpu_limit(SCRIPT_INSTRUCTIONS_MAX)
        .with_max_nested_includes(SCRIPT_NESTED_INCLUDES_MAX)
        .with_max_variable_size(SCRIPT_STRING_BYTES_MAX)
        .with_max_header_size(SCRIPT_STRING_BYTES_MAX)
        .with_env_variable("name", "tamis")
        .with_env_variable("version", env!("CARGO_PKG_VERSION"))
        .with_env_variable("location", "MDA")
        .with_env_variable("phase", "during")
}

/// The envelope as tests see it; handed over whole, because the engine's own reader drops addresses that real mail has.
/// It knows `+` alone: where the server splits at another sign, the address is there a second time with a `+`.
fn envelope(request: &Request) -> Vec<(Envelope, Variable)> {
    let value = |text: &str| Variable::from(text.to_string());
    let mut envelope = vec![(Envelope::From, value(&request.from)), (Envelope::To, value(&request.to))];
    if let Some((local, domain)) = request.to.rsplit_once('@')
        && let Some((user, detail)) = local.split_once(|c| request.recipient_delimiter.contains(c))
        && !local.contains('+')
    {
        envelope.push((Envelope::To, value(&format!("{user}+{detail}@{domain}"))));
    }
    envelope
}

/// The engine swaps line and column, and has no words for one of its errors.
fn words_of(error: &::sieve::runtime::RuntimeError) -> String {
    use ::sieve::runtime::RuntimeError as E;
    match error {
        E::TooManyIncludes => format!("scripts include each other more than {SCRIPT_NESTED_INCLUDES_MAX} deep"),
        E::InvalidInstruction(what) => format!("{:?} is unknown or not supported yet", what.name()),
        E::ScriptErrorMessage(_) | E::CapabilityNotAllowed(_) | E::CapabilityNotSupported(_) | E::CPULimitReached => {
            error.to_string()
        }
    }
}

struct Run<'a> {
    script: &'a Script,
    request: &'a Request,
    cache: &'a mut Cache,
    wishes: &'a mut Wishes,
    /// Of all scripts that took part.
    doubts: Vec<&'static str>,
    /// Folders that this run will make.
    made: Vec<FolderName>,
}

impl Run<'_> {
    /// Notes a wish or answers a question.
    fn answer(&mut self, event: Event) -> Result<Input, String> {
        match event {
            Event::FileInto { folder, flags, mailbox_id, .. } => self.note(&folder, &flags, mailbox_id)?,
            // Every keep of the script has become a FileInto: what is left is the implicit one.
            Event::Keep { flags, .. } => {
                self.wishes.keep = Some(self.wishes.keep.take().unwrap_or_default().united(&flags_of(&flags)));
                self.step(&self.script.name.clone(), 0, "implicit keep".into());
            }
            Event::IncludeScript { name, optional } => return self.include(name, optional),
            Event::MailboxExists { mailboxes, special_use } => {
                return Ok(Input::from(special_use.is_empty() && mailboxes.iter().all(|m| self.exists(m))));
            }
            Event::Discard => return Err("an unmarked discard".into()),
            Event::Reject { .. } => return Err("reject is not supported yet".into()),
            Event::SendMessage { .. } => return Err("sending is not supported yet".into()),
            Event::Notify { .. } => return Err("notify is not supported yet".into()),
            Event::CreatedMessage { .. } => return Err("changing the message is not supported yet".into()),
            Event::SetEnvelope { .. } => return Err("changing the envelope is not supported".into()),
            Event::ListContains { .. } => return Err("external lists are not supported yet".into()),
            Event::DuplicateId { .. } => return Err("duplicate is not supported yet".into()),
            Event::Function { .. } => return Err("functions are not supported".into()),
        }
        Ok(Input::True)
    }

    fn note(&mut self, folder: &str, flags: &[String], mark: Option<String>) -> Result<(), String> {
        let mark: Option<Mark> = mark.and_then(|mark| serde_json::from_str(&mark).ok());
        let Some(Mark { act, script, line }) = mark else { return Err("an unmarked fileinto".into()) };
        let flags = flags_of(flags);
        match act {
            Act::Keep => {
                self.wishes.keep = Some(self.wishes.keep.take().unwrap_or_default().united(&flags));
                self.step(&script, line, "keep".into());
            }
            Act::Discard => {
                self.wishes.discarded = Some(format!("script {script}, line {line}: discard"));
                self.step(&script, line, "discard".into());
            }
            Act::FileInto => {
                let name =
                    FolderName::parse(folder).map_err(|why| format!("line {line}: fileinto {folder:?}: {why}"))?;
                self.step(&script, line, format!("fileinto {name}"));
                self.made.push(name.clone());
                self.wishes.filed.push((name, flags));
            }
        }
        Ok(())
    }

    fn include(&mut self, name: Included, optional: bool) -> Result<Input, String> {
        let global = matches!(name, Included::Global(_));
        let wanted = self.request.includes.iter().find(|i| i.global == global && i.name == *name);
        let Some(found) = wanted else {
            // The engine would go on without it; RFC 6609 §3.2 wants an error.
            return if optional {
                Ok(Input::False)
            } else {
                Err(format!("include {:?}: no such script", name.as_str()))
            };
        };
        let compiled =
            self.cache.compile(&found.name, &found.text).map_err(|m| format!("include {}, {m}", found.name))?;
        self.doubts.extend(compiled.doubts);
        Ok(Input::script(name, compiled.sieve))
    }

    fn exists(&self, mailbox: &Mailbox) -> bool {
        match mailbox {
            Mailbox::Name(name) => FolderName::parse(name).is_ok_and(|name| {
                name.is_inbox() || self.made.contains(&name) || self.request.folders.contains(&name.to_string())
            }),
            Mailbox::Id(_) => false,
        }
    }

    fn step(&mut self, script: &str, line: usize, what: String) {
        self.wishes.steps.push(Step { script: script.to_string(), line, what });
    }

    /// A script that the engine may have read wrongly may not lose the message.
    fn end(self) -> Result<(), String> {
        let stored = self.wishes.keep.is_some() || !self.wishes.filed.is_empty();
        match (&self.wishes.discarded, self.doubts.first()) {
            (Some(_), Some(doubt)) if !stored => Err(format!(
                "script {} discarded the message, but uses {doubt}, which can't be trusted yet; it was kept",
                self.script.name
            )),
            _ => Ok(()),
        }
    }
}

fn flags_of(names: &[String]) -> Flags {
    Flags::from_names(names.iter().map(String::as_str))
}
