//! What people may do with Sieve scripts: list, read, put, check, rename, delete, make active.
//!
//! ManageSieve and the command line both come here. A script is stored only if the checker has no error for it; what
//! was there before stays in its history.

use crate::ask::Trouble;
use crate::deliver::Env;
use crate::limits::SCRIPT_CHECKS_AT_ONCE;
use crate::mail::Address;
use crate::plan::Mailbox;
use crate::refusal::{Kind, Refusal};
use crate::sieve::{Question, Report};
use crate::store::versions::{self, Change, How};
use crate::store::{Owned, ShelfError, ShelfLimits, now};
use std::sync::Arc;
use tokio::sync::Semaphore;

pub use crate::sieve::{Diagnostic, announced};
pub use crate::store::versions::Version;
pub use crate::store::{ScriptName, ShelfError as No, Shelved};

/// However many editors there are, mail waits behind so many checks at most.
static CHECKS: Semaphore = Semaphore::const_new(SCRIPT_CHECKS_AT_ONCE);

/// Whose scripts, and who is at work.
#[derive(Clone, Debug)]
pub struct Editor {
    pub mailbox: Mailbox,
    /// Who, for the history: `anna@example.org from 192.0.2.1`, `operator`.
    pub who: String,
}

/// Why a script was not stored.
#[derive(Clone, Debug)]
pub enum NotPut {
    /// The checker found errors.
    Invalid(Report),
    /// The checker gave no answer.
    Unchecked(Trouble),
    Shelf(ShelfError),
}

/// The mailbox of a name that signed in.
///
/// # Errors
/// As for a recipient; `UnknownUser` also where the user source means somebody else by that name.
pub async fn signed_in(user: &str, env: &Arc<Env>) -> Result<Mailbox, Refusal> {
    let unknown = |why: String| Refusal::new(Kind::UnknownUser, why);
    let address =
        Address::parse(user).map_err(|_| unknown(format!("{user:?} signed in, which is no name of a mailbox")))?;
    let mailbox = env.rcpt(&address).await?.mailbox;
    // A detail is cut off for mail, but whoever signs in as anna+x is not thereby anna.
    let local = mailbox.user.rsplit_once('@').map_or(mailbox.user.as_str(), |(local, _)| local);
    if local.to_lowercase() != address.local().to_lowercase() {
        return Err(unknown(format!("{user:?} signed in, which the user source takes for {:?}", mailbox.user)));
    }
    Ok(mailbox)
}

/// Reads a script and says what is wrong with it; stores nothing.
///
/// # Errors
/// Why the checker gave no answer.
pub async fn check(text: &[u8], editor: &Editor, env: &Arc<Env>) -> Result<Report, NotPut> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text.to_string(),
        Err(error) => return Ok(Report { errors: vec![not_utf8(text, error.valid_up_to())], warnings: Vec::new() }),
    };
    let bytes_max = env.settings.sieve.script_bytes_max;
    if text.len() as u64 > bytes_max {
        return Err(NotPut::Shelf(ShelfError::TooLarge(bytes_max)));
    }
    let mailbox = editor.mailbox.clone();
    let folders = env.blocking(move |env| Ok(env.homes.folders(&mailbox))).await;
    let user = &editor.mailbox.user;
    let addresses = user.contains('@').then(|| user.clone()).into_iter().collect();
    let scripts = list(editor, env).await.map(|shelved| shelved.iter().map(|s| s.name.to_string()).collect());
    let (folders, scripts, bytes_max) = (folders.ok(), scripts.ok(), Some(bytes_max));
    let question = Question { text, folders, addresses, scripts, bytes_max, ..Question::default() };
    // Never closed; an error can't come.
    let _turn = CHECKS.acquire().await;
    env.pool.check(&question).await.map_err(NotPut::Unchecked)
}

/// Checks a script and stores it; returns the warnings.
///
/// # Errors
/// [`NotPut`]; nothing has changed then.
pub async fn put(name: &ScriptName, text: &[u8], editor: &Editor, env: &Arc<Env>) -> Result<Report, NotPut> {
    put_as(How::Stored, name, text, editor, env).await
}

async fn put_as(how: How, name: &ScriptName, text: &[u8], editor: &Editor, env: &Arc<Env>) -> Result<Report, NotPut> {
    has_space(name, text.len() as u64, editor, env).await.map_err(NotPut::Shelf)?;
    let report = check(text, editor, env).await?;
    if !report.errors.is_empty() {
        return Err(NotPut::Invalid(report));
    }
    let (name, text, who) = (name.clone(), text.to_vec(), editor.who.clone());
    let stored = on_shelf(editor, env, move |env, of| {
        note_found(env, of, &name);
        env.store.shelves.put(of, &name, &text, limits(env))?;
        note(env, of, &name, how, &who, Some(text));
        Ok(())
    });
    stored.await.map_err(NotPut::Shelf)?;
    Ok(report)
}

/// The history of a script, newest first.
///
/// # Errors
/// What the database said.
pub async fn log(name: &ScriptName, editor: &Editor, env: &Arc<Env>) -> Result<Vec<Version>, Refusal> {
    let (name, user) = (name.clone(), editor.mailbox.user.clone());
    env.blocking(move |env| versions::list(&env.store.database, &user, &name)).await
}

/// The text of one version; `None` where there is no such one.
///
/// # Errors
/// What the database said.
pub async fn version(id: i64, name: &ScriptName, editor: &Editor, env: &Arc<Env>) -> Result<Option<Vec<u8>>, Refusal> {
    let (name, user) = (name.clone(), editor.mailbox.user.clone());
    env.blocking(move |env| versions::text(&env.store.database, &user, &name, id)).await
}

/// Gives a script the text of an older version again: of that one, or of the newest that differs from what is there.
/// Returns which one it was; `None` where there is no such version.
///
/// # Errors
/// As [`put`]: an old text that the checker finds wrong today is not stored.
pub async fn rollback(
    name: &ScriptName,
    id: Option<i64>,
    editor: &Editor,
    env: &Arc<Env>,
) -> Result<Option<i64>, NotPut> {
    let refused = |refusal| NotPut::Shelf(No::Refused(refusal));
    let is = get(name, editor, env).await.ok();
    for listed in log(name, editor, env).await.map_err(refused)? {
        if id.is_some_and(|id| id != listed.id) {
            continue;
        }
        let Some(text) = version(listed.id, name, editor, env).await.map_err(refused)? else { continue };
        if id.is_some() || is.as_ref() != Some(&text) {
            put_as(How::Rollback, name, &text, editor, env).await?;
            return Ok(Some(listed.id));
        }
    }
    Ok(None)
}

/// May a script of so many octets be put under that name?
///
/// # Errors
/// Which limit stands in the way.
pub async fn has_space(name: &ScriptName, bytes: u64, editor: &Editor, env: &Arc<Env>) -> Result<(), No> {
    let name = name.clone();
    on_shelf(editor, env, move |env, of| env.store.shelves.has_space(of, &name, bytes, limits(env))).await
}

/// All scripts of a user.
///
/// # Errors
/// What the disk said.
pub async fn list(editor: &Editor, env: &Arc<Env>) -> Result<Vec<Shelved>, No> {
    on_shelf(editor, env, |env, of| env.store.shelves.list(of)).await
}

/// The bytes of a script.
///
/// # Errors
/// [`No::NonExistent`], or what the disk said.
pub async fn get(name: &ScriptName, editor: &Editor, env: &Arc<Env>) -> Result<Vec<u8>, No> {
    let name = name.clone();
    on_shelf(editor, env, move |env, of| env.store.shelves.get(of, &name)).await
}

/// Deletes a script; its history stays.
///
/// # Errors
/// [`No::NonExistent`], [`No::Active`], or what the disk said.
pub async fn delete(name: &ScriptName, editor: &Editor, env: &Arc<Env>) -> Result<(), No> {
    let (name, who) = (name.clone(), editor.who.clone());
    let gone = on_shelf(editor, env, move |env, of| {
        note_found(env, of, &name);
        env.store.shelves.delete(of, &name)?;
        note(env, of, &name, How::Deleted, &who, None);
        Ok(())
    });
    gone.await
}

/// Gives a script another name; the active one stays active.
///
/// # Errors
/// [`No::NonExistent`], [`No::AlreadyExists`], or what the disk said.
pub async fn rename(from: &ScriptName, to: &ScriptName, editor: &Editor, env: &Arc<Env>) -> Result<(), No> {
    let (from, to, who) = (from.clone(), to.clone(), editor.who.clone());
    let renamed = on_shelf(editor, env, move |env, of| {
        note_found(env, of, &from);
        env.store.shelves.rename(of, &from, &to)?;
        let followed = versions::follow(&env.store.database, &of.mailbox.user, &from, &to);
        followed.unwrap_or_else(|refusal| lost(&refusal));
        note(env, of, &to, How::Renamed, &who, env.store.shelves.get(of, &to).ok());
        Ok(())
    });
    renamed.await
}

/// Lets that script be the active one; `None`: none is. A script that came another way than through us is checked first,
/// so that what was active stays where the new one can't run.
///
/// # Errors
/// [`NotPut`]; what was active still is.
pub async fn activate(name: Option<&ScriptName>, editor: &Editor, env: &Arc<Env>) -> Result<(), NotPut> {
    if let Some(name) = name {
        let text = get(name, editor, env).await.map_err(NotPut::Shelf)?;
        let report = check(&text, editor, env).await?;
        if !report.errors.is_empty() {
            return Err(NotPut::Invalid(report));
        }
    }
    let name = name.cloned();
    let done = on_shelf(editor, env, move |env, of| env.store.shelves.activate(of, name.as_ref())).await;
    done.map_err(NotPut::Shelf)
}

/// Runs disk work for one user's shelf where it may block.
async fn on_shelf<T: Send + 'static>(
    editor: &Editor,
    env: &Arc<Env>,
    work: impl FnOnce(&Env, Owned<'_>) -> Result<T, No> + Send + 'static,
) -> Result<T, No> {
    let mailbox = editor.mailbox.clone();
    let done = env.blocking(move |env| Ok(work(env, Owned { mailbox: &mailbox, paths: &env.settings.scripts })));
    done.await.unwrap_or_else(|refusal| Err(No::Refused(refusal)))
}

/// What somebody wrote past us is remembered before it changes.
fn note_found(env: &Env, of: Owned<'_>, name: &ScriptName) {
    if let Ok(text) = env.store.shelves.get(of, name) {
        note(env, of, name, How::Found, "somebody past tamis", Some(text));
    }
}

/// The script is what matters: a history that can't be written is a word in the log.
fn note(env: &Env, of: Owned<'_>, name: &ScriptName, how: How, who: &str, text: Option<Vec<u8>>) {
    let (user, name, who) = (of.mailbox.user.clone(), name.clone(), who.to_string());
    let change = Change { user, name, how, who, at: now(), text };
    versions::record(&env.store.database, change).unwrap_or_else(|refusal| lost(&refusal));
}

fn lost(refusal: &Refusal) {
    tracing::error!(cause = refusal.cause, "the history of a script could not be written");
}

fn limits(env: &Env) -> ShelfLimits {
    let set = &env.settings.managesieve;
    ShelfLimits {
        scripts: set.scripts_max,
        script_bytes: env.settings.sieve.script_bytes_max,
        bytes: set.storage_bytes_max,
    }
}

/// RFC 5228 §2.1.
fn not_utf8(text: &[u8], at: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(text.get(..at).unwrap_or_default()).into_owned();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let words = "this is not UTF-8".to_string();
    let mend = Some("save the script in UTF-8".to_string());
    Diagnostic { line, column, code: "not-utf8".into(), words, mend, excerpt: String::new() }
}
