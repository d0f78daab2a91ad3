//! What scripts may do, and where they live.
//!
//! Entries of the table only: section [sieve] of the settings.

use super::super::readers::{
    choice, command, list, script_path, script_path_or_off, size, special_use, submission, text, whole, whole_usize,
};
use super::super::setting::{Read, Setting};
use super::super::settings::{RedirectFrom, RejectBy};
use crate::limits::{SCRIPT_BYTES_MAX, SCRIPT_STRING_BYTES_MAX};

/// Messages of one user in a day.
const PER_DAY: std::ops::RangeInclusive<u64> = 0..=1_000_000;

/// Seconds that scripts may name: a minute to a year.
const VACATION_SECONDS: std::ops::RangeInclusive<u64> = 60..=31_536_000;

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "sieve.before",
        default: r#""""#,
        about: "A script, or a folder of *.sieve, that runs before the user's (Dovecot: sieve_before).",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.before = read)),
    },
    Setting {
        name: "sieve.after",
        default: r#""""#,
        about: "A script, or a folder of *.sieve, that runs after the user's (Dovecot: sieve_after).",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.after = read)),
    },
    Setting {
        name: "sieve.default",
        default: r#""""#,
        about: "The script of users without one (Dovecot: sieve_default). Empty: none.",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.default = read)),
    },
    Setting {
        name: "sieve.global",
        default: r#""""#,
        about: "The folder of scripts that include :global may name (Dovecot: sieve_global).",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.global = read)),
    },
    Setting {
        name: "sieve.dir",
        default: r#""%h/sieve""#,
        about: "The folder of a user's scripts (Dovecot: sieve, file:).",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.dir = read)),
    },
    Setting {
        name: "sieve.last",
        default: r#""""#,
        about: "The script that runs behind all others, where none of them has decided anything: an explicit keep or fileinto \
                of a user wins over it. Empty: the embedded one, which files SPAM into INBOX.Spams and BULK into \
                INBOX.Bulks; \"off\": none.",
        read: Read::Server(|s, v| script_path_or_off(v, &s.folder).map(|read| s.scripts.last = read)),
    },
    Setting {
        name: "sieve.lists",
        default: r#""%h/sieve/lists""#,
        about: "The folder of a user's lists for \":list\" (extlists): NAME.txt holds one address or domain a line, # begins \
                a comment.",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.lists = read)),
    },
    Setting {
        name: "sieve.global_lists",
        default: r#""""#,
        about: "The folder of lists that all users may name; a user's own list of the same name is added to it.",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.global_lists = read)),
    },
    Setting {
        name: "sieve.script_bytes_max",
        default: r#""1 MiB""#,
        about: "The largest script, from 1 octet to 1 MiB (Dovecot: sieve_max_script_size).",
        read: Read::Server(|s, v| size(v, 1..=SCRIPT_BYTES_MAX).map(|read| s.sieve.script_bytes_max = read)),
    },
    Setting {
        name: "sieve.actions_max",
        default: "32",
        about: "Actions of the scripts for one message, from 1 to 32. Beyond: the message is kept in INBOX, with the reason in \
                X-PM-Sieve.",
        read: Read::Server(|s, v| whole_usize(v, 1..=32).map(|read| s.sieve.actions_max = read)),
    },
    Setting {
        name: "sieve.redirects_max",
        default: "4",
        about: "Addresses to which the scripts may redirect one message, from 0 to 32. Beyond: as sieve.actions_max.",
        read: Read::Server(|s, v| whole_usize(v, 0..=32).map(|read| s.sieve.redirects_max = read)),
    },
    Setting {
        name: "sieve.vacation_seconds_min",
        default: "86400",
        about: "The shortest time, in seconds, between two vacation replies to one sender, whatever a script asks, from 60 \
                to 31536000.",
        read: Read::Server(|s, v| whole(v, VACATION_SECONDS).map(|read| s.sieve.vacation_seconds_min = read)),
    },
    Setting {
        name: "sieve.vacation_seconds_max",
        default: "5184000",
        about: "The longest such time, from 60 to 31536000.",
        read: Read::Server(|s, v| whole(v, VACATION_SECONDS).map(|read| s.sieve.vacation_seconds_max = read)),
    },
    Setting {
        name: "sieve.vacation_seconds_default",
        default: "604800",
        about: "Such a time where the script says nothing, from 60 to 31536000.",
        read: Read::Server(|s, v| whole(v, VACATION_SECONDS).map(|read| s.sieve.vacation_seconds_default = read)),
    },
    Setting {
        name: "sieve.duplicate_seconds_default",
        default: "43200",
        about: "How long, in seconds, the test duplicate remembers a message where the script says nothing, from 60 to \
                31536000.",
        read: Read::Server(|s, v| whole(v, VACATION_SECONDS).map(|read| s.sieve.duplicate_seconds_default = read)),
    },
    Setting {
        name: "sieve.duplicate_seconds_max",
        default: "172800",
        about: "The longest such time, whatever a script asks, from 60 to 31536000.",
        read: Read::Server(|s, v| whole(v, VACATION_SECONDS).map(|read| s.sieve.duplicate_seconds_max = read)),
    },
    Setting {
        name: "sieve.variable_bytes_max",
        default: r#""4 KiB""#,
        about: "The longest value of a variable, from 128 octets to 64 KiB. Beyond: it is cut off.",
        read: Read::Server(|s, v| {
            let read = size(v, 128..=SCRIPT_STRING_BYTES_MAX as u64)?;
            s.sieve.variable_bytes_max = usize::try_from(read).unwrap_or(SCRIPT_STRING_BYTES_MAX);
            Ok(())
        }),
    },
    Setting {
        name: "sieve.editheader_protected",
        default: "[]",
        about: "Header fields that scripts may neither add nor delete, beside Received, Return-Path and our own.",
        read: Read::Server(|s, v| {
            list(v, |name| text(name).map(str::to_string)).map(|read| s.sieve.editheader_protected = read)
        }),
    },
    Setting {
        name: "sieve.active",
        default: r#""%h/.dovecot.sieve""#,
        about: "The user's script that runs: a symbolic link into sieve.dir, or a file (Dovecot: sieve, active=).",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.active = read)),
    },
    Setting {
        name: "sieve.submission",
        default: r#""127.0.0.1:25""#,
        about: "Where Postfix takes what scripts send (redirect, vacation, reject, notify), as address:port of SMTP. While \
                nobody answers there, messages that are redirected or rejected are answered 451 4.4.1.",
        read: Read::Server(|s, v| submission(v).map(|read| s.leaving.submission = read)),
    },
    Setting {
        name: "sieve.sendmail",
        default: "[]",
        about: "A command that takes it instead, such as [\"/usr/sbin/sendmail\", \"-oi\"]; -f SENDER -- RECIPIENT are \
                added. The systemd unit lets no program take other rights, which Postfix's needs. Empty: sieve.submission.",
        read: Read::Server(|s, v| command(v).map(|read| s.leaving.sendmail = read)),
    },
    Setting {
        name: "sieve.redirect_from",
        default: r#""sender""#,
        about: "Whose address a redirect has in MAIL FROM: \"sender\", who gets the bounces, or \"recipient\", which keeps \
                the sender's SPF right. A null one stays null (Dovecot: sieve_redirect_envelope_from).",
        read: Read::Server(|s, v| {
            let choices = [("sender", RedirectFrom::Sender), ("recipient", RedirectFrom::Recipient)];
            choice(v, &choices).map(|read| s.leaving.redirect_from = read)
        }),
    },
    Setting {
        name: "sieve.reject",
        default: r#""message""#,
        about: "How a sender learns that a script rejects: by a \"message\" of ours, or by 550 5.7.1 over \"lmtp\", which \
                makes Postfix bounce.",
        read: Read::Server(|s, v| {
            let choices = [("message", RejectBy::Message), ("lmtp", RejectBy::Lmtp)];
            choice(v, &choices).map(|read| s.leaving.reject = read)
        }),
    },
    Setting {
        name: "sieve.redirects_per_day",
        default: "500",
        about: "Messages that the scripts of one user send on in a day, up to 1000000. Beyond: they are kept in INBOX, with \
                the reason in X-PM-Sieve.",
        read: Read::Server(|s, v| whole(v, PER_DAY).map(|read| s.leaving.redirects_per_day = read)),
    },
    Setting {
        name: "sieve.vacations_per_day",
        default: "200",
        about: "Vacation replies for one user in a day, up to 1000000. Beyond: none is sent. As many rejects; beyond: the \
                message is kept in INBOX.",
        read: Read::Server(|s, v| whole(v, PER_DAY).map(|read| s.leaving.vacations_per_day = read)),
    },
    Setting {
        name: "sieve.notifications_per_day",
        default: "200",
        about: "Notifications for one user in a day, up to 1000000. Beyond: none is sent.",
        read: Read::Server(|s, v| whole(v, PER_DAY).map(|read| s.leaving.notifications_per_day = read)),
    },
    Setting {
        name: "sieve.special_use",
        default: r#"["\\Junk=INBOX.Spams", "\\Trash=INBOX.Trash", "\\Sent=INBOX.Sent", "\\Drafts=INBOX.Drafts", "\\Archive=INBOX.Archive"]"#,
        about: "The folder of each special use that scripts may name (RFC 8579), as USE=FOLDER.",
        read: Read::Server(|s, v| list(v, special_use).map(|read| s.special_use = read)),
    },
];
