//! How long things are kept, and how much of them.
//!
//! Entries of the table only: sections [quarantine], [journal], [rules] and [quota] of the settings.

use super::super::readers::{optional_path, optional_size, whole, whole_u32};
use super::super::setting::{Read, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "quarantine.days",
        default: "30",
        about: "Days that a held message is kept, from 1 to 3650; then it is deleted.",
        read: Read::Server(|s, v| whole_u32(v, 1..=3650).map(|read| s.quarantine_days = read.into())),
    },
    Setting {
        name: "journal.days",
        default: "30",
        about: "Days that a record is kept, from 1 to 3650.",
        read: Read::Server(|s, v| whole_u32(v, 1..=3650).map(|read| s.journal_days = read.into())),
    },
    Setting {
        name: "rules.dir",
        default: r#""""#,
        about: "A folder whose *.toml add rules or replace embedded ones of the same name. Empty: only those.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.rules_dir = read)),
    },
    Setting {
        name: "quota.bytes",
        default: r#""""#,
        about: "The most that a mailbox holds, such as \"1 GiB\". Beyond: 452 4.2.2, and Postfix tries again until it \
                gives up. Empty or 0: no limit.",
        read: Read::User(|p, v| optional_size(v).map(|read| p.quota.bytes = read)),
    },
    Setting {
        name: "quota.messages",
        default: "0",
        about: "The most messages that a mailbox holds, up to 4294967295. Beyond: as quota.bytes. 0: no limit.",
        read: Read::User(|p, v| {
            let read = whole(v, 0..=u64::from(u32::MAX))?;
            p.quota.messages = Some(read).filter(|messages| *messages > 0);
            Ok(())
        }),
    },
];
