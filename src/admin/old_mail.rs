//! What scripts make of messages that lie there already: two scripts compared, or one carried out anew.
//!
//! Workers run the scripts, as for a delivery; the message is taken as it is, and `X-PM-Scan` on top of it says what
//! the scan said then. Nothing is sent, changed or deleted on old mail: a message only goes into other folders.

use super::refiling::{Wish, wish, words};
use super::script_test::{first_address, own_scan};
use crate::deliver::{self, Sight};
use crate::limits::{DETAIL_BYTES_MAX, OLD_MAIL_AT_ONCE, REFILE_AT_ONCE};
use crate::mail::{self, Address};
use crate::plan::{FolderName, Mailbox, Plan, Quota, Rcpt};
use crate::refusal::{Kind, Refusal};
use crate::sieve::Scan;
use crate::store::{OldMail, Refile, Scripts};
use futures_util::{StreamExt, stream, stream::BoxStream};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why nothing can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRun {
    /// The user source.
    User(Refusal),
    /// In words: a folder or script that isn't there or can't be read.
    Files(String),
}

impl From<Refusal> for NoRun {
    fn from(refusal: Refusal) -> Self {
        Self::User(refusal)
    }
}

/// Messages, and whose they are.
#[derive(Clone)]
struct Letters {
    sight: Arc<Sight>,
    rcpt: Rcpt,
    /// Folders that exist.
    folders: Vec<String>,
    all: Vec<OldMail>,
}

/// A message as people know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Known {
    pub folder: String,
    /// The file's name.
    pub file: String,
    pub message_id: String,
    pub subject: String,
}

/// Two scripts over all messages of a Maildir.
pub struct Comparison {
    letters: Letters,
    old: Scripts,
    new: Scripts,
}

/// What two scripts make of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    #[serde(flatten)]
    pub known: Known,
    /// Folders with flags, and what else is done; sorted.
    pub old: Vec<String>,
    pub new: Vec<String>,
}

/// One user's scripts over the messages of one folder.
pub struct Application {
    letters: Letters,
    scripts: Scripts,
    /// Where discarded messages go.
    trash: Option<FolderName>,
    dry_run: bool,
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    #[serde(flatten)]
    pub known: Known,
    /// Where it lies then, with the flags that it gets there.
    pub to: Vec<String>,
    /// Where it lay, without new flags.
    pub stays: bool,
    /// What the script wants beside, which is not done on old mail.
    pub skipped: Vec<String>,
    /// Why it could not be done.
    pub failed: Option<String>,
}

/// Compares a script, (name, text), with the user's, or with another one. Without a user there are no scripts of the
/// operator.
///
/// # Errors
/// Who or what can't be found or read.
pub async fn compare(
    new: (String, String),
    active: Option<(String, String)>,
    user: Option<&Address>,
    maildir: &Path,
    folder: Option<&str>,
    sight: &Arc<Sight>,
) -> Result<Comparison, NoRun> {
    let folder = folder.map(named).transpose()?;
    let here = |mailbox: &Mailbox| Mailbox { maildir: maildir.into(), owner: None, ..mailbox.clone() };
    let (rcpt, old, new) = match user {
        Some(user) => {
            let rcpt = sight.rcpt(user).await?;
            let old = scripts_of(&rcpt, active, sight).await?;
            let new = scripts_of(&rcpt, Some(new), sight).await?;
            (rcpt, old, new)
        }
        None => {
            let only = |script| Scripts { personal: Some(script), ..Scripts::default() };
            (nobody()?, active.map(only).unwrap_or_default(), only(new))
        }
    };
    let rcpt = Rcpt { mailbox: here(&rcpt.mailbox), ..rcpt };
    Ok(Comparison { letters: Letters::find(rcpt, folder, sight).await?, old, new })
}

impl Comparison {
    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.letters.all.len()
    }

    /// Each message, in order; `None` in the place of one that is gone by now.
    pub fn run(self) -> BoxStream<'static, Option<Compared>> {
        let count = self.count();
        let it = Arc::new(self);
        let one = move |at: usize| {
            let it = Arc::clone(&it);
            async move {
                let (known, message) = it.letters.read(it.letters.all.get(at)?).await.ok()?;
                let old = it.letters.plan(&message, &it.old).await;
                let new = it.letters.plan(&message, &it.new).await;
                Some(Compared { known, old: words(&old), new: words(&new) })
            }
        };
        stream::iter(0..count).map(one).buffered(OLD_MAIL_AT_ONCE).boxed()
    }
}

/// The user's scripts, or another one in the place of the active one, over a folder of the user.
///
/// # Errors
/// Who or what can't be found or read.
pub async fn apply(
    user: &Address,
    folder: &str,
    script: Option<(String, String)>,
    (trash, dry_run): (bool, bool),
    sight: &Arc<Sight>,
) -> Result<Application, NoRun> {
    let folder = named(folder)?;
    let rcpt = sight.rcpt(user).await?;
    let scripts = scripts_of(&rcpt, script, sight).await?;
    let trash = trash.then(|| bin(sight)).transpose()?;
    Ok(Application { letters: Letters::find(rcpt, Some(folder), sight).await?, scripts, trash, dry_run })
}

impl Application {
    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.letters.all.len()
    }

    /// Each message, in order; what is told is durable.
    pub fn run(self) -> BoxStream<'static, Applied> {
        let batches: Vec<Vec<OldMail>> = self.letters.all.chunks(REFILE_AT_ONCE).map(<[_]>::to_vec).collect();
        let it = Arc::new(self);
        let batch = move |mails: Vec<OldMail>| {
            let it = Arc::clone(&it);
            async move { stream::iter(it.batch(mails).await) }
        };
        stream::iter(batches).then(batch).flatten().boxed()
    }

    async fn batch(&self, mails: Vec<OldMail>) -> Vec<Applied> {
        let wished = stream::iter(mails).map(|mail| self.wish(mail)).buffered(OLD_MAIL_AT_ONCE);
        let mut wished: Vec<(Applied, Option<Refile>)> = wished.collect().await;
        if !self.dry_run {
            let moves: Vec<Refile> = wished.iter().filter_map(|(_, refile)| refile.clone()).collect();
            let mailbox = self.letters.rcpt.mailbox.clone();
            let count = moves.len();
            let done = self.letters.sight.blocking(move |sight| Ok(sight.homes.refile(&mailbox, &moves))).await;
            let mut done = done.unwrap_or_else(|refusal| vec![Err(refusal.cause.clone()); count]).into_iter();
            for (applied, _) in wished.iter_mut().filter(|(_, refile)| refile.is_some()) {
                applied.failed = done.next().and_then(Result::err);
            }
        }
        wished.into_iter().map(|(applied, _)| applied).collect()
    }

    /// What shall become of one message, and the order for it, where there is something to do.
    async fn wish(&self, mail: OldMail) -> (Applied, Option<Refile>) {
        let (known, message) = match self.letters.read(&mail).await {
            Ok(read) => read,
            Err((known, why)) => {
                let (to, skipped) = (Vec::new(), Vec::new());
                return (Applied { known, to, stays: true, skipped, failed: Some(why) }, None);
            }
        };
        let plan = self.letters.plan(&message, &self.scripts).await;
        let Wish { targets, skipped } = wish(&plan, &mail.folder, self.trash.as_ref());
        let refile = Refile { mail, targets };
        let stays = refile.changes_nothing();
        let to = refile.targets.iter().map(|(folder, flags)| super::refiling::place(folder, flags)).collect();
        let failed = plan.trouble;
        (Applied { known, to, stays, skipped, failed }, (!stays).then_some(refile))
    }
}

impl Letters {
    async fn find(rcpt: Rcpt, folder: Option<FolderName>, sight: &Arc<Sight>) -> Result<Self, NoRun> {
        let mailbox = rcpt.mailbox.clone();
        let found = sight
            .blocking(move |sight| Ok((sight.homes.folders(&mailbox), sight.homes.old_mail(&mailbox, folder.as_ref()))))
            .await?;
        let (folders, all) = found;
        let all = all.map_err(|error| NoRun::Files(format!("{}: {error}", rcpt.mailbox.maildir.display())))?;
        Ok(Self { sight: Arc::clone(sight), rcpt, folders, all })
    }

    /// A message and what it is called; `Err`: why it can't be read.
    async fn read(&self, mail: &OldMail) -> Result<(Known, Arc<[u8]>), (Known, String)> {
        let known = Known { folder: mail.folder.to_string(), file: mail.name.clone(), ..Known::default() };
        let (mailbox, mail) = (self.rcpt.mailbox.clone(), mail.clone());
        let read = self.sight.blocking(move |sight| Ok(sight.homes.read_old_mail(&mailbox, &mail))).await;
        let bytes = read.map_err(|refusal| refusal.cause).and_then(|read| read.map_err(|error| error.to_string()));
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(why) => return Err((known, why)),
        };
        let text = |name: &str| {
            let mut text = mail::decoded(&bytes, name).unwrap_or_default();
            text.truncate(text.floor_char_boundary(DETAIL_BYTES_MAX));
            text
        };
        let message_id = text("Message-ID").trim_matches(['<', '>', ' ']).to_string();
        Ok((Known { message_id, subject: text("Subject"), ..known }, bytes.into()))
    }

    /// What the scripts make of a message; a keep where they can't be run.
    async fn plan(&self, message: &Arc<[u8]>, scripts: &Scripts) -> Plan {
        let to = first_address(message, &["Delivered-To"]).and_then(|text| Address::parse(&text).ok());
        let rcpt = Rcpt { address: to.unwrap_or_else(|| self.rcpt.address.clone()), ..self.rcpt.clone() };
        let mut request = deliver::request(&rcpt, sender(message), scripts.clone(), self.folders.clone(), &self.sight);
        let mailbox = &self.rcpt.mailbox;
        let spam_score = self.sight.settings.policy_of(&mailbox.user, &mailbox.domain).spam_score;
        request.scan = own_scan(message).map(|scan| Scan { spam_score, ..scan });
        let plan = self.sight.pool.sieve(message, &request).await;
        plan.unwrap_or_else(|trouble| Plan::keep_after(format!("the script could not be run: {trouble}")))
    }
}

/// MAIL FROM as the delivery wrote it on top; an empty one is the null reverse-path.
fn sender(message: &[u8]) -> String {
    let is_known = mail::fields(message).any(|field| field.is("Return-Path"));
    let fields: &[&str] = if is_known { &["Return-Path"] } else { &["Sender", "From"] };
    first_address(message, fields).unwrap_or_default()
}

/// The scripts of the operator and of the user, or another one in the place of the user's.
async fn scripts_of(rcpt: &Rcpt, instead: Option<(String, String)>, sight: &Arc<Sight>) -> Result<Scripts, NoRun> {
    let (mailbox, paths) = (rcpt.mailbox.clone(), sight.settings.scripts.clone());
    let read = move |sight: &Sight| {
        Ok(match instead {
            Some(script) => sight.homes.scripts_with(&mailbox, &paths, script),
            None => sight.homes.scripts(&mailbox, &paths),
        })
    };
    let scripts = sight.blocking(read).await?;
    match scripts.unreadable.first() {
        Some((path, why)) => Err(NoRun::Files(format!("script {} can't be read: {why}", path.display()))),
        None => Ok(scripts),
    }
}

/// The folder of that special use.
fn bin(sight: &Sight) -> Result<FolderName, NoRun> {
    let set = sight.settings.special_use.iter().find(|(name, _)| name.eq_ignore_ascii_case("\\Trash"));
    set.map_or_else(|| named("Trash"), |(_, folder)| Ok(folder.clone()))
}

fn named(folder: &str) -> Result<FolderName, NoRun> {
    FolderName::parse(folder).map_err(NoRun::Files)
}

/// Whose messages they are where nobody is named.
fn nobody() -> Result<Rcpt, Refusal> {
    let bad = |_| Refusal::new(Kind::Panic, "the address of nobody is none");
    let mailbox = Mailbox {
        user: String::new(),
        domain: String::new(),
        home: PathBuf::new(),
        maildir: PathBuf::new(),
        owner: None,
        quota: Quota::default(),
    };
    Ok(Rcpt { address: Address::parse("recipient@example.com").map_err(bad)?, mailbox })
}
