//! What looking into messages may cost, what kinds of contents mean, and the antivirus server beside us.
//!
//! Entries of the table only: sections [unpack], [content] and [clamd] of the settings.

use super::super::readers::{
    choice, flag_word, optional_host_and_port, size, socket_path, whole, whole_u32, whole_usize,
};
use super::super::setting::{Read, Setting};
use super::super::settings::{AfterTries, Unscanned};
use super::super::value::Value;
use crate::filter::Treatment;
use crate::limits::{
    CLAMD_CONNECTIONS_MAX, CLAMD_SECONDS_MAX, CLAMD_STREAM_BYTES_MAX, CLAMD_TRIES_MAX, UNPACK_BYTES_CEILING,
    UNPACK_CPU_SECONDS_CEILING, UNPACK_DEPTH_MAX, UNPACK_ENTRIES_MAX, UNPACK_RATIO_CEILING, UNPACK_SECONDS_CEILING,
};

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "unpack.depth",
        default: "17",
        about: "Containers in each other that are opened: archives in archives, messages in messages; from 1 to 17. \
                Beyond: the finding too_deep_inside.",
        read: Read::Server(|s, v| whole(v, 1..=UNPACK_DEPTH_MAX as u64).map(|read| s.unpack.depth = narrow(read))),
    },
    Setting {
        name: "unpack.bytes",
        default: r#""256 MiB""#,
        about: "What all containers of one message may yield together, from 1 MiB to 512 MiB, which is what a worker has \
                room for. Beyond: too_big_inside.",
        read: Read::Server(|s, v| size(v, 1 << 20..=UNPACK_BYTES_CEILING).map(|read| s.unpack.bytes = read)),
    },
    Setting {
        name: "unpack.member_bytes",
        default: r#""100 MiB""#,
        about: "The largest member of a container, from 1 MiB to unpack.bytes. Beyond: too_big_inside, and only its \
                beginning is looked at.",
        read: Read::Server(|s, v| size(v, 1 << 20..=UNPACK_BYTES_CEILING).map(|read| s.unpack.member_bytes = read)),
    },
    Setting {
        name: "unpack.entries",
        default: "10000",
        about: "Members of all containers of one message together, from 1 to 10000. Beyond: too_many_inside.",
        read: Read::Server(|s, v| whole(v, 1..=UNPACK_ENTRIES_MAX as u64).map(|read| s.unpack.entries = narrow(read))),
    },
    Setting {
        name: "unpack.ratio",
        default: "200",
        about: "Octets that the containers may yield for each octet of the message, from 1 to 100000; 64 MiB are yielded \
                whatever the ratio. Beyond: too_big_inside.",
        read: Read::Server(|s, v| whole(v, 1..=UNPACK_RATIO_CEILING).map(|read| s.unpack.ratio = read)),
    },
    Setting {
        name: "unpack.cpu_seconds",
        default: "6",
        about: "Seconds of a processor for all containers of one message, from 1 to 8: a worker that uses 10 is killed, \
                and nothing of the message is known. Beyond: too_long_inside.",
        read: Read::Server(|s, v| whole(v, 1..=UNPACK_CPU_SECONDS_CEILING).map(|read| s.unpack.cpu_seconds = read)),
    },
    Setting {
        name: "unpack.seconds",
        default: "15",
        about: "Seconds of the clock for the same, from 1 to 25: a worker is waited for 30. Beyond: too_long_inside.",
        read: Read::Server(|s, v| whole(v, 1..=UNPACK_SECONDS_CEILING).map(|read| s.unpack.seconds = read)),
    },
    Setting {
        name: "content.programs",
        default: r#""quarantine""#,
        about: "Messages with a program or script inside, at any depth: \"quarantine\" holds them as VIRUS, whatever \
                class.virus.action says; \"points\" lets the points of the rules decide (10, which is SPAM); \"allow\" \
                shows the finding only. A program that a signature knows is a virus all the same.",
        read: Read::User(|p, v| treatment(v).map(|read| p.policy.content.programs = read)),
    },
    Setting {
        name: "content.macro_documents",
        default: r#""points""#,
        about: "Messages with an Office document of any format that has macros: \"quarantine\", \"points\" (6, and more \
                for what the macros do) or \"allow\", which also counts nothing for what they do.",
        read: Read::User(|p, v| treatment(v).map(|read| p.policy.content.macro_documents = read)),
    },
    Setting {
        name: "content.old_macro_documents",
        default: r#""points""#,
        about: "The same for documents of the formats before 2007 (doc, xls, ppt), which hide macros behind an innocent \
                ending: \"quarantine\" holds them even where other macro documents are let pass.",
        read: Read::User(|p, v| treatment(v).map(|read| p.policy.content.old_macro_documents = read)),
    },
    Setting {
        name: "content.encrypted",
        default: r#""points""#,
        about: "Messages with something encrypted inside, into which nobody can look: \"quarantine\" holds them as \
                UNSCANNED; \"points\" or \"allow\" as above.",
        read: Read::User(|p, v| treatment(v).map(|read| p.policy.content.encrypted = read)),
    },
    Setting {
        name: "content.released_by",
        default: r#""recipient""#,
        about: "Who may release what is held for these contents alone: its \"recipient\" or the \"operator\". Viruses: \
                class.virus.recipient_releases.",
        read: Read::User(|p, v| {
            flag_word(v, "recipient", "operator").map(|read| p.policy.content.recipient_releases = read)
        }),
    },
    Setting {
        name: "clamd.socket",
        default: r#""""#,
        about: "clamd's Unix socket, such as \"/run/clamav/clamd.ctl\", which the user of tamis must be able to open. \
                Empty: off.",
        read: Read::Server(|s, v| socket_path(v, &s.folder).map(|read| s.clamd.socket = read)),
    },
    Setting {
        name: "clamd.tcp",
        default: r#""""#,
        about: "clamd's address instead, as host:port, such as \"127.0.0.1:3310\". It gets whole messages, and nobody \
                asks who it is: another machine only over a network of your own. Empty: off.",
        read: Read::Server(|s, v| optional_host_and_port(v).map(|read| s.clamd.tcp = read)),
    },
    Setting {
        name: "clamd.stream_bytes_max",
        default: r#""25 MiB""#,
        about: "The largest message that clamd takes, from 1 MiB to 2 GiB: its StreamMaxLength (Debian: 25M), which it \
                tells nobody, and at most its MaxFileSize and MaxScanSize. Beyond: not scanned. Raise all to \
                lmtp.message_bytes_max.",
        read: Read::Server(|s, v| {
            size(v, 1 << 20..=CLAMD_STREAM_BYTES_MAX).map(|read| s.clamd.stream_bytes_max = read)
        }),
    },
    Setting {
        name: "clamd.connections",
        default: "10",
        about: "Messages that clamd scans at a time, from 1 to 200; not above its MaxThreads (12) and MaxQueue.",
        read: Read::Server(|s, v| whole_usize(v, 1..=CLAMD_CONNECTIONS_MAX).map(|read| s.clamd.connections = read)),
    },
    Setting {
        name: "clamd.seconds",
        default: "20",
        about: "Seconds within which clamd must answer, the wait for a free connection included, from 1 to 40. Beyond: \
                not scanned.",
        read: Read::Server(|s, v| whole(v, 1..=CLAMD_SECONDS_MAX).map(|read| s.clamd.seconds = read)),
    },
    Setting {
        name: "clamd.unscanned_with_attachments",
        default: r#""retry""#,
        about: "What happens to a message with attachments that clamd did not scan, because it is away, late, talks \
                nonsense or finds the message too large: \"retry\" answers 451 4.7.1, so that Postfix brings it again, and \
                after clamd.tries goes on as clamd.then; \"quarantine\" holds it; \"mark\" goes on with the class \
                UNSCANNED, where it is not SPAM or VIRUS. It is never called CLEAN.",
        read: Read::Server(|s, v| unscanned(v).map(|read| s.clamd.unscanned_with_attachments = read)),
    },
    Setting {
        name: "clamd.unscanned_text_only",
        default: r#""mark""#,
        about: "The same for a message that is text only: \"retry\", \"quarantine\" or \"mark\".",
        read: Read::Server(|s, v| unscanned(v).map(|read| s.clamd.unscanned_text_only = read)),
    },
    Setting {
        name: "clamd.tries",
        default: "8",
        about: "How often such a message is answered 451 before clamd.then, from 0 to 1000. With Postfix's own times 8 \
                are about four hours. A message too large for clamd goes on as clamd.then at once, because nothing would change.",
        read: Read::Server(|s, v| whole_u32(v, 0..=CLAMD_TRIES_MAX).map(|read| s.clamd.tries = read)),
    },
    Setting {
        name: "clamd.then",
        default: r#""deliver""#,
        about: "What happens then: \"deliver\" goes on with the class UNSCANNED, \"quarantine\" holds it.",
        read: Read::Server(|s, v| {
            let choices = [("deliver", AfterTries::Deliver), ("quarantine", AfterTries::Quarantine)];
            choice(v, &choices).map(|read| s.clamd.then = read)
        }),
    },
];

fn treatment(value: &Value) -> Result<Treatment, String> {
    let choices = [("quarantine", Treatment::Quarantine), ("points", Treatment::Points), ("allow", Treatment::Allow)];
    choice(value, &choices)
}

fn unscanned(value: &Value) -> Result<Unscanned, String> {
    let choices = [("retry", Unscanned::Retry), ("quarantine", Unscanned::Quarantine), ("mark", Unscanned::Mark)];
    choice(value, &choices)
}

/// Within the range that was read already.
fn narrow(read: u64) -> usize {
    usize::try_from(read).unwrap_or(usize::MAX)
}
