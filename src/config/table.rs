//! THE TABLE of settings: every key with its default, its meaning for a person and its reader.
//!
//! A new setting is one entry in a file of `table/` and one field in `settings.rs`; file, manual and error sentences follow. The order
//! is that of `config/tamis.toml`.

mod classes;
mod contents;
mod doors;
mod keeping;
mod scripts;
mod signatures;

use super::setting::Setting;

/// The setting of a name.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    every_setting().find(|setting| setting.name == name)
}

/// A section's heading.
pub struct Section {
    pub name: &'static str,
    pub about: &'static str,
}

/// What the sections are for. `class` stands before all of `class.*`.
pub const SECTIONS: &[Section] = &[
    Section { name: "server", about: "Who we are and where we keep things." },
    Section { name: "lmtp", about: "Where Postfix hands messages over (RFC 2033), and what one peer may take." },
    Section {
        name: "users",
        about: "Who is a user. The sources that are set are asked in the order of this section; the first that knows \
                the address decides. A source that can't be asked makes the answer 451, never \"no such user\".",
    },
    Section {
        name: "login",
        about: "Who may sign in to ManageSieve. Nobody, where nothing is set here. The first source that is set is asked.",
    },
    Section {
        name: "managesieve",
        about: "Where people edit their Sieve scripts (RFC 5804). Off until an address is set; then also set who may \
                sign in, in [login].",
    },
    Section { name: "look", about: "How messages are looked at, in sandboxed worker processes." },
    Section {
        name: "class",
        about: "What happens to each class of message. The actions: \"mark\" delivers it with the line X-PM-Scan, and \
                the user's script decides where; \"tag\" does the same and puts the tag before its subject; \
                \"quarantine\" holds it away from the user; \"discard\" stores nothing, and only the journal remembers \
                it.",
    },
    Section { name: "class.clean", about: "CLEAN: nothing was found." },
    Section { name: "class.bulk", about: "BULK: newsletters and the like." },
    Section { name: "class.spam", about: "SPAM: unwanted." },
    Section { name: "class.virus", about: "VIRUS: dangerous content." },
    Section {
        name: "class.unscanned",
        about: "UNSCANNED: no look was taken, or clamd gave no answer, for a reason that X-PM-Report names. See also \
                look.tries and [clamd].",
    },
    Section {
        name: "class.hostile",
        about: "Messages built to break their readers, whose structure was refused before any look, and those of which \
                not all was looked at, because it went beyond [unpack]. X-PM-Scan says UNSCANNED.",
    },
    Section {
        name: "unpack",
        about: "What looking into the attachments of one message may cost. What lies beyond is not looked at; the finding \
                says so, and the message is UNSCANNED and goes the way of [class.hostile].",
    },
    Section { name: "content", about: "What kinds of contents mean that are no virus by themselves." },
    Section {
        name: "clamd",
        about: "The antivirus server of ClamAV, which scans each message beside our own look. Off until a socket or an \
                address is set. What it finds is judged by the list signature_classes.",
    },
    Section {
        name: "signatures",
        about: "Antivirus signatures that are matched inside tamis, always and beside clamd. What their names mean is a list: \
                signature_classes.txt in rules.dir.",
    },
    Section {
        name: "sieve",
        about: "Where Sieve scripts live, in Dovecot's layout, and what they may send. An empty path is off. Replaced are \
                %h (home), %u (user), %n (local part) and %d (domain); ~/ is %h/.",
    },
    Section { name: "quarantine", about: "Held messages." },
    Section { name: "journal", about: "What was decided and why, one record for each recipient." },
    Section { name: "rules", about: "What findings weigh." },
    Section { name: "quota", about: "Limits of a mailbox (Maildir++), for users whose source sets none." },
];

/// The settings in the order of `config/tamis.toml`.
const GROUPS: [&[Setting]; 6] = [
    doors::SETTINGS,
    classes::SETTINGS,
    contents::SETTINGS,
    signatures::SETTINGS,
    scripts::SETTINGS,
    keeping::SETTINGS,
];

/// Every setting.
pub fn every_setting() -> impl Iterator<Item = &'static Setting> {
    GROUPS.into_iter().flatten()
}
