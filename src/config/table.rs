//! THE TABLE of settings: every key with its default, its meaning for a person and its reader.
//!
//! A new setting is one entry here and one field in `settings.rs`; file, manual and error sentences follow. The order
//! is that of `config/tamis.toml`.

use super::readers::{
    action, choice, delimiters, domain, flag, host_name, ip_address, list, log_filter, mode, optional_path,
    optional_size, optional_text, path, points, points_or_off, releases, script_path, size, socket_address,
    socket_path, tag, tcp_address, text, user_path, whole, whole_u32, whole_usize,
};
use super::setting::{Read, Setting};
use super::settings::AfterTries;

/// The setting of a name.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
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
        about: "UNSCANNED: no look was taken, for a reason that X-PM-Report names. See also look.tries.",
    },
    Section {
        name: "class.hostile",
        about: "Messages built to break their readers, whose structure was refused before any look. X-PM-Scan says \
                UNSCANNED.",
    },
    Section {
        name: "sieve",
        about: "Where Sieve scripts live, in Dovecot's layout. An empty path is off. Replaced are %h (home), %u (user), \
                %n (local part) and %d (domain); ~/ is %h/.",
    },
    Section { name: "quarantine", about: "Held messages." },
    Section { name: "journal", about: "What was decided and why, one record for each recipient." },
    Section { name: "rules", about: "What findings weigh." },
    Section { name: "quota", about: "Limits of a mailbox (Maildir++), for users whose source sets none." },
];

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "server.host_name",
        default: r#""""#,
        about: "The name in our greeting, in the Received line and in file names. Empty: the name of the machine.",
        read: Read::Server(|s, v| {
            if text(v)?.is_empty() {
                return Ok(());
            }
            s.server.host_name = host_name(v)?;
            Ok(())
        }),
    },
    Setting {
        name: "server.data_dir",
        default: r#""/var/lib/tamis""#,
        about: "The folder of database and quarantine; made with mode 0700 if it isn't there.",
        read: Read::Server(|s, v| path(v, &s.folder).map(|read| s.server.data_dir = read)),
    },
    Setting {
        name: "server.mta_names",
        default: "[]",
        about: "The names by which your own Postfix writes \"by\" in its Received lines (its myhostname). Where Postfix \
                sends no XFORWARD, the topmost Received of these hosts says who the client was; all others are foreign \
                text. Empty: server.host_name.",
        read: Read::Server(|s, v| list(v, host_name).map(|read| s.server.mta_names = read)),
    },
    Setting {
        name: "server.log",
        default: r#""info""#,
        about: "How much is logged: off, error, warn, info, debug or trace; also by part, such as \
                \"info,tamis::serve=debug\".",
        read: Read::Server(|s, v| log_filter(v).map(|read| s.server.log = read)),
    },
    Setting {
        name: "lmtp.unix",
        default: r#""/run/tamis/lmtp.sock""#,
        about: "The Unix socket, at most 107 octets. Empty: none. In Postfix: lmtp:unix:PATH; where Postfix runs lmtp \
                in a chroot (Debian does), the path must lie below its queue folder. Sockets handed over by systemd \
                come in its place. Read at start.",
        read: Read::Server(|s, v| socket_path(v, &s.folder).map(|read| s.lmtp.unix = read)),
    },
    Setting {
        name: "lmtp.unix_mode",
        default: r#""0660""#,
        about: "Permission bits of the Unix socket, in octal. Read at start.",
        read: Read::Server(|s, v| mode(v).map(|read| s.lmtp.unix_mode = read)),
    },
    Setting {
        name: "lmtp.unix_group",
        default: r#""""#,
        about: "The group of the Unix socket, such as \"postfix\". Empty: the group we run as. Unless we run as root, \
                we must be a member of it. Read at start.",
        read: Read::Server(|s, v| optional_text(v).map(|read| s.lmtp.unix_group = read)),
    },
    Setting {
        name: "lmtp.tcp",
        default: "[]",
        about: "TCP addresses with port, such as [\"127.0.0.1:24\"]. Port 25 is refused (RFC 2033 §5), port 0 is any \
                free one. In Postfix: lmtp:inet:127.0.0.1:24. Read at start.",
        read: Read::Server(|s, v| list(v, tcp_address).map(|read| s.lmtp.tcp = read)),
    },
    Setting {
        name: "lmtp.allow_remote",
        default: "false",
        about: "May lmtp.tcp hold addresses that other machines reach? Whoever reaches them can deliver to every user, \
                and nothing is encrypted: only for a network of your own, behind a firewall.",
        read: Read::Server(|s, v| flag(v).map(|read| s.lmtp.allow_remote = read)),
    },
    Setting {
        name: "lmtp.trusted",
        default: r#"["127.0.0.1", "::1"]"#,
        about: "TCP peers, as IP addresses, whose word about the client (XFORWARD) is believed. Others get 550 5.7.14 \
                for it.",
        read: Read::Server(|s, v| list(v, ip_address).map(|read| s.lmtp.trusted = read)),
    },
    Setting {
        name: "lmtp.trusted_uids",
        default: "[]",
        about: "Uids, as numbers, whose XFORWARD is believed on the Unix socket. Empty: of everyone who may open it.",
        read: Read::Server(|s, v| list(v, |uid| whole_u32(uid, 0..=u32::MAX)).map(|read| s.lmtp.trusted_uids = read)),
    },
    Setting {
        name: "lmtp.message_bytes_max",
        default: r#""50 MiB""#,
        about: "The largest message, from 1 octet to 1 GiB. Beyond: 552 5.3.4, and the sender gets it back. Not lower \
                than message_size_limit of Postfix; a domain may take less than the server. Messages much beyond \
                150 MiB don't fit into a worker and are UNSCANNED.",
        read: Read::Domain(|p, v| size(v, 1..=1 << 30).map(|read| p.message_bytes_max = read)),
    },
    Setting {
        name: "lmtp.memory_bytes_max",
        default: r#""1 GiB""#,
        about: "What all messages under way may take together, from 1 octet to 1 TiB. Beyond: 452 4.3.1, and Postfix \
                tries again. Read at start.",
        read: Read::Server(|s, v| size(v, 1..=1 << 40).map(|read| s.lmtp.memory_bytes_max = read)),
    },
    Setting {
        name: "lmtp.connections_max",
        default: "200",
        about: "Connections at a time, from 1 to 10000. Beyond: new ones wait until one ends, because a refused greeting \
                would make Postfix put off all mail for us. Read at start.",
        read: Read::Server(|s, v| whole_usize(v, 1..=10_000).map(|read| s.lmtp.connections_max = read)),
    },
    Setting {
        name: "lmtp.idle_seconds",
        default: "300",
        about: "Seconds that a peer may be silent between commands, from 1 to 86400. Beyond: 421 4.4.2. RFC 5321 \
                §4.5.3.2.7 asks for at least 300; less is for tests.",
        read: Read::Server(|s, v| whole(v, 1..=86_400).map(|read| s.lmtp.idle_seconds = read)),
    },
    Setting {
        name: "lmtp.data_seconds",
        default: "300",
        about: "Seconds that a peer may be silent within a message, from 1 to 86400. Beyond: the connection is closed \
                without an answer, and Postfix tries again.",
        read: Read::Server(|s, v| whole(v, 1..=86_400).map(|read| s.lmtp.data_seconds = read)),
    },
    Setting {
        name: "lmtp.recipient_delimiter",
        default: r#""+""#,
        about: "The signs that part user and detail: the first one found counts, so that anna+lists@example.org is \
                anna. The same as recipient_delimiter of Postfix. Empty: no details.",
        read: Read::Server(|s, v| delimiters(v).map(|read| s.lmtp.recipient_delimiter = read)),
    },
    Setting {
        name: "users.passwd_file",
        default: r#""""#,
        about: "A Dovecot passwd-file (user:password:uid:gid:gecos:home:shell:extra). Read again when it changes. \
                Empty: none.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.users.passwd_file = read)),
    },
    Setting {
        name: "users.dovecot_socket",
        default: r#""""#,
        about: "Dovecot's auth-userdb socket, such as \"/run/dovecot/auth-userdb\". Empty: none.",
        read: Read::Server(|s, v| socket_path(v, &s.folder).map(|read| s.users.dovecot_socket = read)),
    },
    Setting {
        name: "users.system",
        default: "false",
        about: "Are the users of the system (getpwnam) users of ours? To write their mail as them, tamis must run as \
                root: see systemd/system-users.conf.",
        read: Read::Server(|s, v| flag(v).map(|read| s.users.system = read)),
    },
    Setting {
        name: "users.system_uid_min",
        default: "1000",
        about: "System users below this uid get no mail, from 1 to 4294967295: root and services have their mail \
                aliased in Postfix.",
        read: Read::Server(|s, v| whole_u32(v, 1..=u32::MAX).map(|read| s.users.system_uid_min = read)),
    },
    Setting {
        name: "users.domains",
        default: "[]",
        about: "Domains whose every address is a user, with a mailbox that is made at the first message. For trials, \
                and where Postfix knows the users and refuses others.",
        read: Read::Server(|s, v| list(v, domain).map(|read| s.users.domains = read)),
    },
    Setting {
        name: "users.home",
        default: r#""/var/vmail/%d/%n""#,
        about: "The home of a user whose source names none. Replaced are %u (user), %n (local part), %d (domain).",
        read: Read::Server(|s, v| user_path(v, &s.folder, "und").map(|read| s.users.home = read)),
    },
    Setting {
        name: "users.maildir",
        default: r#""%h/Maildir""#,
        about: "The Maildir of a user whose source names none. Replaced are %h (home), %u (user), %n (local part), %d \
                (domain); ~/ is %h/. The same as mail_location of Dovecot.",
        read: Read::Server(|s, v| user_path(v, &s.folder, "hund").map(|read| s.users.maildir = read)),
    },
    Setting {
        name: "login.dovecot_socket",
        default: r#""""#,
        about: "Dovecot's auth-client socket, such as \"/run/dovecot/auth-client\": passwords and mechanisms are \
                Dovecot's. Empty: none.",
        read: Read::Server(|s, v| socket_path(v, &s.folder).map(|read| s.login.dovecot_socket = read)),
    },
    Setting {
        name: "login.passwd_file",
        default: r#""""#,
        about: "A Dovecot passwd-file with passwords, asked where login.dovecot_socket is empty; it may be the file of \
                users.passwd_file. Known are PLAIN, CRYPT, MD5-CRYPT, SHA256-CRYPT, SHA512-CRYPT, BLF-CRYPT, ARGON2I, \
                ARGON2ID, PBKDF2, SHA*, SSHA* and SCRAM-SHA-256; a user with another scheme can't sign in. Read \
                again when it changes. Empty: none.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.login.passwd_file = read)),
    },
    Setting {
        name: "managesieve.listen",
        default: "[]",
        about: "TCP addresses with port, such as [\"0.0.0.0:4190\", \"[::]:4190\"], on which a connection is encrypted \
                by STARTTLS. Sockets named managesieve that systemd hands over come in its place. Read at start.",
        read: Read::Server(|s, v| list(v, socket_address).map(|read| s.managesieve.listen = read)),
    },
    Setting {
        name: "managesieve.tls_listen",
        default: "[]",
        about: "TCP addresses on which a connection is encrypted from the start. Read at start.",
        read: Read::Server(|s, v| list(v, socket_address).map(|read| s.managesieve.tls_listen = read)),
    },
    Setting {
        name: "managesieve.tls_certificate",
        default: r#""""#,
        about: "The certificate with its chain, a PEM file; read again at a reload. Empty: a self-signed one that is \
                made in server.data_dir at the first start, which clients will not trust by themselves.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.managesieve.tls_certificate = read)),
    },
    Setting {
        name: "managesieve.tls_key",
        default: r#""""#,
        about: "The key of managesieve.tls_certificate, a PEM file.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.managesieve.tls_key = read)),
    },
    Setting {
        name: "managesieve.allow_clear_on_loopback",
        default: "false",
        about: "May peers on this machine, such as a webmail, sign in without TLS? Others never may.",
        read: Read::Server(|s, v| flag(v).map(|read| s.managesieve.allow_clear_on_loopback = read)),
    },
    Setting {
        name: "managesieve.webmail_hosts",
        default: "[]",
        about: "IP addresses of webmails on other machines. One of them speaks for many people, as does this machine: \
                its connections are not counted, and wrong passwords are counted by name instead of by address.",
        read: Read::Server(|s, v| list(v, ip_address).map(|read| s.managesieve.webmail_hosts = read)),
    },
    Setting {
        name: "managesieve.connections_max",
        default: "400",
        about: "Connections at a time, from 1 to 10000. Beyond: new ones wait until one ends. Read at start.",
        read: Read::Server(|s, v| whole_usize(v, 1..=10_000).map(|read| s.managesieve.connections_max = read)),
    },
    Setting {
        name: "managesieve.idle_seconds",
        default: "1800",
        about: "Seconds that a signed-in peer may be silent, from 1 to 86400. Beyond: BYE. RFC 5804 §1.1 asks for at \
                least 1800; less is for tests.",
        read: Read::Server(|s, v| whole(v, 1..=86_400).map(|read| s.managesieve.idle_seconds = read)),
    },
    Setting {
        name: "managesieve.scripts_max",
        default: "32",
        about: "Scripts of one user, from 1 to 10000. Beyond: NO (QUOTA/MAXSCRIPTS).",
        read: Read::Server(|s, v| whole(v, 1..=10_000).map(|read| s.managesieve.scripts_max = read)),
    },
    Setting {
        name: "managesieve.storage_bytes_max",
        default: r#""4 MiB""#,
        about: "Octets of all scripts of one user, from 1 octet to 1 GiB. Beyond: NO (QUOTA/MAXSTORAGE). One script may \
                have 1 MiB.",
        read: Read::Server(|s, v| size(v, 1..=1 << 30).map(|read| s.managesieve.storage_bytes_max = read)),
    },
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
        about: "The script of users without one (Dovecot: sieve_default). Empty: the embedded one, which files SPAM \
                into INBOX.Spams and BULK into INBOX.Bulks.",
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
        name: "sieve.active",
        default: r#""%h/.dovecot.sieve""#,
        about: "The user's script that runs: a symbolic link into sieve.dir, or a file (Dovecot: sieve, active=).",
        read: Read::Server(|s, v| script_path(v, &s.folder).map(|read| s.scripts.active = read)),
    },
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
