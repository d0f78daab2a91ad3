//! Who we are, who may reach us, and who our users are.
//!
//! Entries of the table only: sections [server], [lmtp], [users], [login] and [managesieve] of the settings.

use super::super::readers::{
    delimiters, domain, flag, host_name, ip_address, list, log_filter, mode, optional_path, optional_text, path, size,
    socket_address, socket_path, tcp_address, text, user_path, whole, whole_u32, whole_usize,
};
use super::super::setting::{Read, Setting};

pub(super) const SETTINGS: &[Setting] = &[
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
];
