//! What people may do: the one door for command line and pages.
//!
//! Returns values and prints nothing. Each act goes through the same parts as a delivery, so what is shown here is
//! what would happen there.

mod history;
mod old_mail;
mod refiling;
mod scan;
mod script_test;
pub mod scripts;
pub mod signatures;

use crate::ask::Clamd;
use crate::config::{Settings, rule_overlays};
use crate::deliver::{self, Answer, Env, Mail};
use crate::limits::{CLAMD_SIGNATURES_DAYS_MAX, SCRIPT_BYTES_MAX};
use crate::mail::{Address, Session};
use crate::plan::FolderName;
use crate::refusal::{Kind, Refusal};
use crate::sieve::{Include, Question, Report, report};
use crate::store::{Disk, Receipt, journal, quarantine};
use futures_util::StreamExt;
use std::{io::ErrorKind, path::Path, sync::Arc};

pub use history::{Hits, Reason, RuleHits, stats, why};
pub use old_mail::{Application, Applied, Compared, Comparison, Known, NoRun, apply, compare};
pub use scan::{ReadAs, Scan, scan};
pub use script_test::{Asked as ScriptAsked, Tested as ScriptTested, compile_json, test as test_script};

pub use crate::ask::login::{Channel, Exchange, No as NoLogin, Turn};
pub use crate::deliver::{Explained, Sight};
pub use crate::filter::{Class, Rule, Rules};
pub use crate::sieve::{Cache, Diagnostic, announced as extensions};
pub use crate::store::{Certificate, CertificateFiles};
pub use crate::store::{
    FolderCount, Held, journal::Row, journal::Wanted as JournalWanted, quarantine::Wanted as HeldWanted,
};
pub use crate::unpack::{Format, Item, formats};

/// All that would happen to a message for one recipient; writes nothing.
///
/// # Errors
/// The refusal that the recipient would get.
pub async fn explain(
    bytes: Vec<u8>,
    session: Session,
    user: &Address,
    sight: Arc<Sight>,
) -> Result<Explained, Refusal> {
    let rcpt = sight.rcpt(user).await?;
    let mail = Arc::new(Mail { bytes: bytes.into(), session, rcpts: vec![rcpt] });
    deliver::explain(mail, sight).await
}

/// Delivers one message of a local program; one answer per recipient, in order.
pub async fn deliver_local(bytes: Vec<u8>, session: Session, rcpts: &[Address], env: Arc<Env>) -> Vec<Answer> {
    let mut known = Vec::new();
    let mut answers = Vec::new();
    for address in rcpts {
        let bytes_max = env.settings.message_bytes_max(address.domain());
        let found = match bytes.len() as u64 <= bytes_max {
            true => deliver::recipient(address, &session, &env).await,
            false => Err(Refusal::new(Kind::TooLarge, format!("{} octets, the limit is {bytes_max}", bytes.len()))),
        };
        answers.push(found.as_ref().err().cloned());
        known.extend(found);
    }
    let mail = Arc::new(Mail { bytes: bytes.into(), session, rcpts: known });
    let mut delivered = deliver::deliver(mail, Arc::clone(&env));
    let mut all = Vec::new();
    for refused in answers {
        all.push(match refused {
            Some(refusal) => Err(refusal),
            None => delivered.next().await.unwrap_or_else(|| Err(Refusal::new(Kind::Panic, "no answer"))),
        });
    }
    all
}

/// Checks the text of a script; folders and addresses are doubted where some are named.
pub fn check_script(text: String, folders: &[String], addresses: &[String]) -> Report {
    let names =
        || folders.iter().filter_map(|name| FolderName::parse(name).ok()).map(|name| name.to_string()).collect();
    let folders = (!folders.is_empty()).then(names);
    report(&Question { text, folders, addresses: addresses.to_vec(), ..Question::default() })
}

/// Is it a folder?
pub fn is_folder(path: &Path) -> bool {
    Disk::default().dir(path).is_ok()
}

/// The scripts of a folder, for `include`.
///
/// # Errors
/// What the system says.
pub fn scripts_in(dir: &Path, global: bool) -> std::io::Result<Vec<Include>> {
    let dir = match Disk::default().dir(dir) {
        Ok(dir) => dir,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut includes = Vec::new();
    for file in dir.names()? {
        let Some(name) = file.strip_suffix(".sieve") else { continue };
        let text = String::from_utf8_lossy(&dir.read(&file, SCRIPT_BYTES_MAX)?).into_owned();
        includes.push(Include { name: name.to_string(), global, text });
    }
    Ok(includes)
}

/// A user's folders with their numbers of messages.
///
/// # Errors
/// The refusal that the user would get as a recipient.
pub async fn folders(user: &Address, sight: &Arc<Sight>) -> Result<Vec<FolderCount>, Refusal> {
    let rcpt = sight.rcpt(user).await?;
    sight.blocking(move |sight| Ok(sight.homes.counts(&rcpt.mailbox))).await
}

/// The rules in force: the operator's laid over the embedded ones.
///
/// # Errors
/// The first file that can't be read, or the first mistake with its place.
pub fn rules(settings: &Settings) -> Result<Rules, String> {
    Rules::load(&rule_overlays(settings)?).map_err(|e| e.to_string())
}

/// What clamd says of itself, and what is wrong with it; nothing where none is set.
pub async fn clamd(settings: &Settings) -> (Option<String>, Option<String>) {
    match Clamd::new(&settings.clamd).version().await {
        None => (None, None),
        Some(Err(why)) => (None, Some(format!("clamd does not answer at {why}"))),
        Some(Ok(version)) => {
            let days = version.signatures_days(deliver::now()).filter(|days| *days > CLAMD_SIGNATURES_DAYS_MAX);
            let old = |days| format!("clamd's signatures are {days} days old: does freshclam run?");
            (Some(format!("clamd answers: {version}")), days.map(old))
        }
    }
}

/// The certificate that peers are shown; `make` makes our own, PEM with its key, where the operator has none. Blocks.
///
/// # Errors
/// Which file can't be read or written.
pub fn certificate(env: &Env, make: impl FnOnce() -> Result<String, String>) -> Result<Certificate, Refusal> {
    let set = &env.settings.managesieve;
    let files = set.tls_certificate.clone().zip(set.tls_key.clone());
    let files = files.map(|(certificate, key)| CertificateFiles { certificate, key });
    env.store.certificate(files.as_ref(), make)
}

/// Held messages, newest first.
///
/// # Errors
/// What the database said.
pub fn quarantine_list(wanted: &quarantine::Wanted, env: &Env) -> Result<Vec<Held>, Refusal> {
    env.store.quarantine.list(wanted)
}

/// One held message with its bytes.
///
/// # Errors
/// What the database said; `None` where there is no such message.
pub fn quarantine_show(id: &str, env: &Env) -> Result<Option<(Held, Vec<u8>)>, Refusal> {
    env.store.quarantine.get(id)
}

/// Lets a held message go to its recipient's INBOX. `None` where there is no such message.
///
/// # Errors
/// The refusal of the delivery; the message stays held.
pub async fn quarantine_release(id: &str, by: &str, env: &Arc<Env>) -> Result<Option<Receipt>, Refusal> {
    let Some((held, message)) = env.store.quarantine.get(id)? else { return Ok(None) };
    deliver::release(held, message.into(), by, env).await.map(Some)
}

/// Deletes a held message for good; false where there was none.
///
/// # Errors
/// What database or disk said.
pub fn quarantine_delete(id: &str, env: &Env) -> Result<bool, Refusal> {
    env.store.quarantine.delete(id)
}

/// Rows of the journal, newest first.
///
/// # Errors
/// What the database said.
pub fn journal_list(wanted: &journal::Wanted, env: &Env) -> Result<Vec<journal::Row>, Refusal> {
    journal::list(&env.store.database, wanted)
}

/// One row of the journal.
///
/// # Errors
/// What the database said; `None` where there is no such row.
pub fn journal_show(id: i64, env: &Env) -> Result<Option<journal::Row>, Refusal> {
    journal::get(&env.store.database, id)
}

/// Removes a bounded number of expired entries of quarantine and journal; true where more may be left.
///
/// # Errors
/// What database or disk said.
pub fn keep_house(env: &Env) -> Result<bool, Refusal> {
    let now = deliver::now();
    env.store.expire(now, now - env.settings.journal_days * 86_400)
}
