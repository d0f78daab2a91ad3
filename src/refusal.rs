//! Why not: one code and sentence for the peer, one cause for the log, one remedy for the operator.
//!
//! Does not decide anything. The sentences for peers are fixed, so that no reply can carry foreign text, CR or LF; the
//! one exception is a recipient's rejection, whose words the reply's writer makes printable and short.
//! Standards: RFC 5321 §4.2, RFC 3463, RFC 5248. Our own trouble is always 4xx (invariant 3).

use std::fmt;

/// What kind of refusal it is; decides the reply and what the operator should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The user source said a definite no.
    UnknownUser,
    /// The user source could not be asked.
    UsersUnreachable,
    /// A message that must leave could not be handed over to Postfix now.
    Unsent,
    /// The recipient's script rejects the message, and the settings say so to its sender's server.
    Rejected,
    /// The message is larger than the limit of the server or of the recipient's domain.
    TooLarge,
    /// More recipients than one transaction may have.
    TooManyRecipients,
    /// The file system is full.
    DiskFull,
    /// The user's own quota is used up.
    OverQuota,
    /// The memory for messages under way is used up.
    NoMemory,
    /// The disk or database said no in another way.
    Storage,
    /// No file handles, memory or threads left.
    Resources,
    /// The user's Maildir can't be written: permissions or configuration.
    Mailbox,
    /// The look at the message failed through our own trouble.
    LookFailed,
    /// clamd did not scan the message, and the operator wants it scanned.
    NotScanned,
    /// It took longer than a delivery may.
    Deadline,
    /// A part of the program panicked.
    Panic,
    /// We are going down.
    ShuttingDown,
}

impl Kind {
    /// What the operator can do now.
    pub fn remedy(self) -> &'static str {
        match self {
            Kind::UnknownUser => "if the user should exist, add it to the user source (settings: users.*)",
            Kind::UsersUnreachable => "check that the user source runs and may be read (settings: users.*)",
            Kind::Unsent => "check that Postfix answers at sieve.submission, or that sieve.sendmail works",
            Kind::Rejected => "nothing: the recipient's script says so",
            Kind::TooLarge => {
                "raise lmtp.message_bytes_max here and message_size_limit in Postfix, if such mail is wanted"
            }
            Kind::TooManyRecipients => "nothing: Postfix sends the rest by itself",
            Kind::DiskFull => "free space or inodes on the file system named in the cause",
            Kind::OverQuota => "raise the quota or ask the user to delete mail",
            Kind::NoMemory => "raise lmtp.memory_bytes_max, or let Postfix open fewer connections",
            Kind::Storage => "check the disk named in the cause; Postfix keeps the mail and tries again",
            Kind::Resources => "raise LimitNOFILE or MemoryMax, or lower lmtp.connections_max",
            Kind::Mailbox => "check owner and permissions of the folder named in the cause",
            Kind::LookFailed => "see the log for the worker's last words; `tamis scan` shows what happens",
            Kind::NotScanned => "check that clamd runs and answers (settings: clamd.*); `tamis config check` asks it",
            Kind::Deadline => "check the load of disk and processor",
            Kind::Panic => "this is a defect of tamis: please report the log lines around it",
            Kind::ShuttingDown => "nothing: Postfix tries again by itself",
        }
    }

    /// True where we could not do what we should, and the operator must act; false where the peer or user is the cause.
    pub fn is_ours(self) -> bool {
        match self {
            Self::UsersUnreachable
            | Self::Unsent
            | Self::DiskFull
            | Self::Storage
            | Self::Resources
            | Self::NoMemory
            | Self::Mailbox
            | Self::LookFailed
            | Self::NotScanned
            | Self::Deadline
            | Self::Panic => true,
            Self::UnknownUser
            | Self::Rejected
            | Self::TooLarge
            | Self::TooManyRecipients
            | Self::OverQuota
            | Self::ShuttingDown => false,
        }
    }
}

/// One refusal, for its three readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: Kind,
    /// What we were doing, to which path or peer, and what the system said. For the log and the journal only.
    pub cause: String,
    /// The recipient's own words for the peer, of [`Kind::Rejected`] alone; foreign text.
    pub words: Option<String>,
}

impl Refusal {
    pub fn new(kind: Kind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), words: None }
    }

    /// The recipient's script rejects it, in these words.
    pub fn rejected(words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), ..Self::new(Kind::Rejected, "the recipient's script rejects it") }
    }

    /// Code, enhanced code and sentence for the peer.
    pub fn reply(&self) -> (u16, &'static str, &'static str) {
        match self.kind {
            Kind::UnknownUser => (550, "5.1.1", "No such user here"),
            Kind::UsersUnreachable => (451, "4.3.0", "User table can't be asked right now, try again later"),
            Kind::Unsent => (451, "4.4.1", "Message can't be sent on right now, try again later"),
            Kind::Rejected => (550, "5.7.1", "Message was rejected by its recipient"),
            Kind::TooLarge => (552, "5.3.4", "Message is larger than this mailbox accepts"),
            Kind::TooManyRecipients => (452, "4.5.3", "Too many recipients, send the rest in another transaction"),
            Kind::DiskFull => (452, "4.3.1", "Disk is full, try again later"),
            Kind::OverQuota => (452, "4.2.2", "Mailbox is full, try again later"),
            Kind::NoMemory => (452, "4.3.1", "No memory for this message now, try again later"),
            Kind::Storage => (451, "4.3.0", "Message can't be stored right now, try again later"),
            Kind::Resources => (451, "4.3.2", "Server is busy, try again later"),
            Kind::Mailbox => (451, "4.2.0", "Mailbox can't be written right now, try again later"),
            Kind::LookFailed => (451, "4.3.0", "Message can't be examined right now, try again later"),
            Kind::NotScanned => (451, "4.7.1", "Message can't be scanned for viruses right now, try again later"),
            Kind::Deadline => (451, "4.3.0", "Delivery took too long, try again later"),
            Kind::Panic => (451, "4.3.0", "Delivery failed inside, try again later"),
            Kind::ShuttingDown => (421, "4.3.2", "Server is going down, try again later"),
        }
    }

    /// A refusal that will be the same next time.
    pub fn is_permanent(&self) -> bool {
        self.reply().0 >= 500
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, enhanced, text) = self.reply();
        write!(f, "{code} {enhanced} {text} ({})", self.cause)
    }
}

impl std::error::Error for Refusal {}

/// An error of the system becomes the refusal that its kind asks for (facts: ENOSPC 452 4.3.1, EDQUOT 452 4.2.2,
/// EMFILE and ENOMEM 451 4.3.2, EACCES 451 4.2.0, all else 451 4.3.0).
pub fn of_io(doing: &str, error: &std::io::Error) -> Refusal {
    use std::io::ErrorKind as E;
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    let kind = match (error.kind(), error.raw_os_error()) {
        (E::StorageFull, _) => Kind::DiskFull,
        (E::QuotaExceeded, _) => Kind::OverQuota,
        (E::PermissionDenied, _) => Kind::Mailbox,
        (E::OutOfMemory, _) | (_, Some(EMFILE | ENFILE)) => Kind::Resources,
        _ => Kind::Storage,
    };
    Refusal::new(kind, format!("{doing}: {error}"))
}
