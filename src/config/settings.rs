//! The settings as values, read and checked: what the rest of the program uses.
//!
//! Does not read anything: `table.rs` fills these, `load.rs` drives it. [`Settings::embedded`] has the defaults.

use super::layers::Given;
use crate::filter::Policy;
use crate::plan::{FolderName, Quota};
use crate::sieve::Options;
use crate::store::ScriptPaths;
use crate::unpack::Allowance;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Everything that can be set. What may differ by domain or user is asked by [`Settings::policy_of`],
/// [`Settings::quota_of`] and [`Settings::message_bytes_max`]; the fields here hold the server's own values.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Section `[server]`.
    pub server: Server,
    /// Section `[lmtp]`.
    pub lmtp: Lmtp,
    /// Section `[users]`.
    pub users: UserSources,
    /// Section `[login]`.
    pub login: LoginSources,
    /// Section `[managesieve]`.
    pub managesieve: ManageSieve,
    /// Section `[look]`.
    pub look: LookSettings,
    /// Section `[signatures]`.
    pub signatures: SignatureSettings,
    /// Section `[unpack]`.
    pub unpack: Allowance,
    /// Section `[clamd]`.
    pub clamd: ClamdSettings,
    /// Sections `[class.*]` and `[content]`, before domains and users differ.
    pub policy: Policy,
    /// Section `[sieve]`.
    pub scripts: ScriptPaths,
    /// Section `[sieve]`: what a run of scripts obeys.
    pub sieve: Options,
    /// Section `[sieve]`: what scripts send.
    pub leaving: LeavingSettings,
    /// `sieve.special_use`: the folder of each special use, such as `\\Junk` (RFC 6154, RFC 8579).
    pub special_use: Vec<(String, FolderName)>,
    /// `quarantine.days`: days a held message is kept, at least 1.
    pub quarantine_days: i64,
    /// `journal.days`: days a transaction is remembered, at least 1.
    pub journal_days: i64,
    /// `rules.dir`: the folder whose `*.toml` add to or replace the embedded rules; `None`: only those.
    pub rules_dir: Option<PathBuf>,
    /// Section `[quota]`, before domains and users differ and where the user source says nothing.
    pub quota: Quota,
    /// The file they came from, as it was named; empty for the embedded defaults.
    pub file: PathBuf,
    /// The folder of that file, from which relative paths hang.
    pub folder: PathBuf,
    /// What the file gives for the whole server, in its order.
    pub given: Vec<Given>,
    /// What the sections `[domain."…"]` give, by domain in lower case.
    pub of_domains: BTreeMap<String, Vec<Given>>,
    /// What the sections `[user."…"]` give, by name in lower case, with or without domain.
    pub of_users: BTreeMap<String, Vec<Given>>,
}

/// Who we are and where we keep things.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// The name in our greeting, in our `Received` and in file names.
    pub host_name: String,
    /// Holds the database and the quarantine.
    pub data_dir: PathBuf,
    /// Names by which our own Postfix writes `by` in `Received`; never empty.
    pub mta_names: Vec<String>,
    /// The filter of the log: a level, or `target=level` with commas between.
    pub log: String,
}

/// Where Postfix reaches us, and what one peer may take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lmtp {
    /// The Unix socket; `None`: off.
    pub unix: Option<PathBuf>,
    /// Permission bits of the socket.
    pub unix_mode: u32,
    /// The group of the socket; `None`: that of the process.
    pub unix_group: Option<String>,
    /// TCP addresses; loopback only, unless `allow_remote`. Port 0 is any free one.
    pub tcp: Vec<SocketAddr>,
    /// May `tcp` hold addresses that other machines reach?
    pub allow_remote: bool,
    /// TCP peers whose XFORWARD is believed, as canonical addresses (no IPv4 in IPv6).
    pub trusted: Vec<IpAddr>,
    /// Uids whose XFORWARD is believed on the Unix socket; empty: everyone who may open it.
    pub trusted_uids: Vec<u32>,
    /// Octets of the largest message, for domains that don't say less.
    pub message_bytes_max: u64,
    /// Octets that all messages under way may take together.
    pub memory_bytes_max: u64,
    /// Connections at a time.
    pub connections_max: usize,
    /// Seconds that a peer may be silent between commands.
    pub idle_seconds: u64,
    /// Seconds that a peer may be silent within a message.
    pub data_seconds: u64,
    /// The first of these signs in a local part begins the detail; empty: no details.
    pub recipient_delimiter: String,
}

/// Who is a user. Sources that are on are asked in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserSources {
    /// A Dovecot passwd-file.
    pub passwd_file: Option<PathBuf>,
    /// Dovecot's `auth-userdb` socket.
    pub dovecot_socket: Option<PathBuf>,
    /// Are the users of the system (getpwnam) users of ours?
    pub system: bool,
    /// System users below this uid are unknown.
    pub system_uid_min: u32,
    /// Domains, in lower case, whose every address is a user.
    pub domains: Vec<String>,
    /// The home of a user whose source names none; `%u`, `%n` and `%d` are replaced.
    pub home: String,
    /// The Maildir of a user whose source names none; `%h`, `%u`, `%n` and `%d` are replaced.
    pub maildir: String,
}

/// Who may sign in. The sources that are on are asked in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoginSources {
    /// Dovecot's `auth-client` socket.
    pub dovecot_socket: Option<PathBuf>,
    /// A Dovecot passwd-file with passwords.
    pub passwd_file: Option<PathBuf>,
}

/// Where people edit their scripts, and what one of them may take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ManageSieve {
    /// TCP addresses on which a connection begins in clear and is encrypted by STARTTLS.
    pub listen: Vec<SocketAddr>,
    /// TCP addresses on which a connection is encrypted from its first octet.
    pub tls_listen: Vec<SocketAddr>,
    /// The certificate with its chain, PEM; `None`: one of our own in `server.data_dir`.
    pub tls_certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub tls_key: Option<PathBuf>,
    /// May peers on this machine sign in without TLS?
    pub allow_clear_on_loopback: bool,
    /// Addresses, canonical, of webmails on other machines: each speaks for many people.
    pub webmail_hosts: Vec<IpAddr>,
    /// Connections at a time.
    pub connections_max: usize,
    /// Seconds that a signed-in peer may be silent.
    pub idle_seconds: u64,
    /// Scripts of one user.
    pub scripts_max: u64,
    /// Octets of all scripts of one user.
    pub storage_bytes_max: u64,
}

/// How messages are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LookSettings {
    /// Worker processes; 0: as many as processors.
    pub workers: usize,
    /// Times that a message whose look failed through our own trouble is answered 451 before `then`.
    pub tries: u32,
    /// What then happens to it.
    pub then: AfterTries,
    /// Hosts, in lower case, whose `X-Spam-*` verdicts are believed.
    pub believed_hosts: Vec<String>,
}

/// Signatures that are matched inside tamis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureSettings {
    /// The folder of signature files; `None`: only our own rules.
    pub dir: Option<PathBuf>,
    /// Seconds between two looks at the folder; 0: never.
    pub check_seconds: u64,
    /// Where files are fetched from; each ends with a file name.
    pub sources: Vec<String>,
    /// The keyring that the signatures of files are checked with; `None`: they are not.
    pub keyring: Option<PathBuf>,
}

/// What happens to a message that could not be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterTries {
    /// It goes on as UNSCANNED, by the policy of that class.
    #[default]
    Deliver,
    /// It is held, whatever the policy of UNSCANNED.
    Quarantine,
}

/// The antivirus server beside us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClamdSettings {
    /// Its Unix socket.
    pub socket: Option<PathBuf>,
    /// Its `host:port` instead.
    pub tcp: Option<String>,
    /// Octets of the largest message that it takes.
    pub stream_bytes_max: u64,
    /// Messages that it scans at a time.
    pub connections: usize,
    /// Seconds within which it must answer.
    pub seconds: u64,
    /// What happens to a message that it did not scan.
    pub unscanned_with_attachments: Unscanned,
    /// The same for one without attachments.
    pub unscanned_text_only: Unscanned,
    /// Times that such a message is answered 451 before `then`.
    pub tries: u32,
    /// What then happens to it.
    pub then: AfterTries,
}

impl ClamdSettings {
    /// Where it is reached; `None`: off.
    pub fn door(&self) -> Option<ClamdDoor> {
        let socket = self.socket.clone().map(ClamdDoor::Socket);
        socket.or_else(|| self.tcp.clone().map(ClamdDoor::Tcp))
    }
}

/// Where clamd is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamdDoor {
    Socket(PathBuf),
    Tcp(String),
}

impl fmt::Display for ClamdDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => f.write_str(address),
        }
    }
}

/// What happens to a message that clamd did not scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unscanned {
    /// 451, some times.
    #[default]
    Retry,
    /// It is held.
    Quarantine,
    /// It goes on as UNSCANNED.
    Mark,
}

/// How messages of scripts leave, and how many.
#[derive(Clone, Debug, PartialEq)]
pub struct LeavingSettings {
    /// Where Postfix takes mail by SMTP.
    pub submission: SocketAddr,
    /// Program and words of a sendmail command; empty: by SMTP.
    pub sendmail: Vec<String>,
    /// The envelope sender of redirects.
    pub redirect_from: RedirectFrom,
    /// How a sender learns of a reject.
    pub reject: RejectBy,
    /// Redirects for one user in a day.
    pub redirects_per_day: u64,
    /// Vacation replies for one user in a day; rejects are counted apart, up to the same number.
    pub vacations_per_day: u64,
    /// Notifications for one user in a day.
    pub notifications_per_day: u64,
}

/// Whose address stands in MAIL FROM of a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedirectFrom {
    /// The message's own: bounces go to its sender.
    #[default]
    Sender,
    /// The recipient whose script it is: bounces go there, and SPF of the sender's domain is not broken.
    Recipient,
}

/// How a sender learns of a reject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RejectBy {
    /// By a message of ours.
    #[default]
    Message,
    /// By 550 5.7.1 over LMTP, which makes Postfix bounce.
    Lmtp,
}

impl Default for LeavingSettings {
    fn default() -> Self {
        Self {
            submission: SocketAddr::from(([127, 0, 0, 1], 25)),
            sendmail: Vec::new(),
            redirect_from: RedirectFrom::default(),
            reject: RejectBy::default(),
            redirects_per_day: 0,
            vacations_per_day: 0,
            notifications_per_day: 0,
        }
    }
}
