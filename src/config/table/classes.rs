//! How messages are looked at, and what happens to each class.
//!
//! Entries of the table only: sections [look] and [class.*] of the settings.

use super::super::readers::{
    action, choice, host_name, list, points, points_or_off, releases, tag, whole_u32, whole_usize,
};
use super::super::setting::{Read, Setting};
use super::super::settings::AfterTries;

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "look.workers",
        default: "0",
        about: "Worker processes that look at messages, from 1 to 256. 0: as many as processors.",
        read: Read::Server(|s, v| whole_usize(v, 0..=256).map(|read| s.look.workers = read)),
    },
    Setting {
        name: "look.tries",
        default: "3",
        about: "How often a message whose look failed through our own trouble is answered 451 4.3.0, so that Postfix \
                tries again, before look.then; from 0 to 100.",
        read: Read::Server(|s, v| whole_u32(v, 0..=100).map(|read| s.look.tries = read)),
    },
    Setting {
        name: "look.then",
        default: r#""deliver""#,
        about: "What happens then: \"deliver\" goes on with the class UNSCANNED, \"quarantine\" holds it for the \
                operator.",
        read: Read::Server(|s, v| {
            let choices = [("deliver", AfterTries::Deliver), ("quarantine", AfterTries::Quarantine)];
            choice(v, &choices).map(|read| s.look.then = read)
        }),
    },
    Setting {
        name: "look.believed_hosts",
        default: "[]",
        about: "Hosts whose verdicts in X-Spam-Flag and the like are believed, where they stand above a Received \
                line that such a host wrote and only our own hosts lie behind it. Empty: none, because every sender can write such lines.",
        read: Read::Server(|s, v| list(v, host_name).map(|read| s.look.believed_hosts = read)),
    },
    Setting {
        name: "class.clean.action",
        default: r#""mark""#,
        about: "What happens to CLEAN messages: \"mark\", \"tag\", \"quarantine\" or \"discard\".",
        read: Read::User(|p, v| action(&mut p.policy.clean, v)),
    },
    Setting {
        name: "class.clean.tag",
        default: r#""""#,
        about: "The words before the subject with the action \"tag\": ASCII, at most 40 characters.",
        read: Read::User(|p, v| tag(&mut p.policy.clean, v)),
    },
    Setting {
        name: "class.clean.recipient_releases",
        default: "true",
        about: "May recipients release their own from quarantine? false: only the operator.",
        read: Read::User(|p, v| releases(&mut p.policy.clean, v)),
    },
    Setting {
        name: "class.bulk.score",
        default: "3.0",
        about: "Bulk points from which a message that is not SPAM is BULK, from 0 to 1000.",
        read: Read::User(|p, v| points(v).map(|read| p.policy.bulk_score = read)),
    },
    Setting {
        name: "class.bulk.action",
        default: r#""mark""#,
        about: "What happens to BULK messages: \"mark\", \"tag\", \"quarantine\" or \"discard\".",
        read: Read::User(|p, v| action(&mut p.policy.bulk, v)),
    },
    Setting {
        name: "class.bulk.tag",
        default: r#""[BULK]""#,
        about: "The words before the subject with the action \"tag\": ASCII, at most 40 characters.",
        read: Read::User(|p, v| tag(&mut p.policy.bulk, v)),
    },
    Setting {
        name: "class.bulk.recipient_releases",
        default: "true",
        about: "May recipients release their own from quarantine? false: only the operator.",
        read: Read::User(|p, v| releases(&mut p.policy.bulk, v)),
    },
    Setting {
        name: "class.spam.score",
        default: "6.0",
        about: "Points from which a message is SPAM, from 0 to 1000.",
        read: Read::User(|p, v| points(v).map(|read| p.policy.spam_score = read)),
    },
    Setting {
        name: "class.spam.action",
        default: r#""mark""#,
        about: "What happens to SPAM messages: \"mark\", \"tag\", \"quarantine\" or \"discard\".",
        read: Read::User(|p, v| action(&mut p.policy.spam, v)),
    },
    Setting {
        name: "class.spam.tag",
        default: r#""[SPAM]""#,
        about: "The words before the subject with the action \"tag\": ASCII, at most 40 characters.",
        read: Read::User(|p, v| tag(&mut p.policy.spam, v)),
    },
    Setting {
        name: "class.spam.recipient_releases",
        default: "true",
        about: "May recipients release their own from quarantine? false: only the operator.",
        read: Read::User(|p, v| releases(&mut p.policy.spam, v)),
    },
    Setting {
        name: "class.spam.quarantine_score",
        default: r#""off""#,
        about: "Points from which SPAM is quarantined, whatever its action; \"off\" or a number that is not below \
                class.spam.score.",
        read: Read::User(|p, v| points_or_off(v).map(|read| p.policy.quarantine_score = read)),
    },
    Setting {
        name: "class.spam.discard_score",
        default: r#""off""#,
        about: "Points from which SPAM is discarded; \"off\" or a number that is not below \
                class.spam.quarantine_score.",
        read: Read::User(|p, v| points_or_off(v).map(|read| p.policy.discard_score = read)),
    },
    Setting {
        name: "class.virus.action",
        default: r#""quarantine""#,
        about: "What happens to VIRUS messages: \"mark\", \"tag\", \"quarantine\" or \"discard\".",
        read: Read::User(|p, v| action(&mut p.policy.virus, v)),
    },
    Setting {
        name: "class.virus.tag",
        default: r#""[VIRUS]""#,
        about: "The words before the subject with the action \"tag\": ASCII, at most 40 characters.",
        read: Read::User(|p, v| tag(&mut p.policy.virus, v)),
    },
    Setting {
        name: "class.virus.recipient_releases",
        default: "false",
        about: "May recipients release their own from quarantine? false: only the operator.",
        read: Read::User(|p, v| releases(&mut p.policy.virus, v)),
    },
    Setting {
        name: "class.unscanned.action",
        default: r#""mark""#,
        about: "What happens to UNSCANNED messages: \"mark\", \"tag\", \"quarantine\" or \"discard\".",
        read: Read::User(|p, v| action(&mut p.policy.unscanned, v)),
    },
    Setting {
        name: "class.unscanned.tag",
        default: r#""[UNSCANNED]""#,
        about: "The words before the subject with the action \"tag\": ASCII, at most 40 characters.",
        read: Read::User(|p, v| tag(&mut p.policy.unscanned, v)),
    },
    Setting {
        name: "class.unscanned.recipient_releases",
        default: "true",
        about: "May recipients release their own from quarantine? false: only the operator.",
        read: Read::User(|p, v| releases(&mut p.policy.unscanned, v)),
    },
    Setting {
        name: "class.hostile.action",
        default: r#""quarantine""#,
        about: "What happens to messages of hostile structure: \"mark\", \"tag\", \"quarantine\" or \"discard\".",
        read: Read::User(|p, v| action(&mut p.policy.hostile, v)),
    },
    Setting {
        name: "class.hostile.tag",
        default: r#""[UNSCANNED]""#,
        about: "The words before the subject with the action \"tag\": ASCII, at most 40 characters.",
        read: Read::User(|p, v| tag(&mut p.policy.hostile, v)),
    },
    Setting {
        name: "class.hostile.recipient_releases",
        default: "false",
        about: "May recipients release their own from quarantine? false: only the operator.",
        read: Read::User(|p, v| releases(&mut p.policy.hostile, v)),
    },
];
