//! Which extensions there are: one line each.
//!
//! Only what works is announced. Standards: RFC 5228 §6 (registry), RFC 5804 §1.7 (what a server announces); those of the
//! extensions stand in their lines.

/// One capability string.
pub(super) struct Extension {
    pub(super) name: &'static str,
    /// Told to clients; the others are for tests of scripts alone.
    announced: bool,
    /// What it brings with it.
    implies: &'static [&'static str],
}

const fn known(name: &'static str) -> Extension {
    Extension { name, announced: true, implies: &[] }
}

const EXTENSIONS: &[Extension] = &[
    known("fileinto"),                                             // RFC 5228 §4.1
    known("envelope"),                                             // RFC 5228 §5.4
    known("encoded-character"),                                    // RFC 5228 §2.4.2.4
    known("comparator-i;ascii-numeric"),                           // RFC 4790 §9.1
    known("comparator-i;unicode-casemap"),                         // RFC 5051
    Extension { announced: false, ..known("comparator-i;octet") }, // RFC 5228 §2.7.3: always there
    Extension { announced: false, ..known("comparator-i;ascii-casemap") },
    known("copy"),                                                     // RFC 3894
    known("body"),                                                     // RFC 5173
    known("environment"),                                              // RFC 5183
    known("variables"),                                                // RFC 5229
    known("vacation"),                                                 // RFC 5230
    Extension { implies: &["vacation"], ..known("vacation-seconds") }, // RFC 6131 §2
    known("relational"),                                               // RFC 5231
    known("imap4flags"),                                               // RFC 5232
    known("subaddress"),                                               // RFC 5233
    known("spamtest"),                                                 // RFC 5235
    Extension { implies: &["spamtest"], ..known("spamtestplus") },
    known("virustest"),
    known("date"), // RFC 5260
    known("index"),
    known("editheader"), // RFC 5293
    known("reject"),     // RFC 5429
    known("ereject"),
    known("enotify"),                                        // RFC 5435, RFC 5436
    known("ihave"),                                          // RFC 5463
    known("mailbox"),                                        // RFC 5490
    Extension { announced: false, ..known("mboxmetadata") }, // there are no annotations to ask for
    Extension { announced: false, ..known("servermetadata") },
    known("foreverypart"), // RFC 5703
    known("mime"),
    known("extracttext"),
    known("extlists"),    // RFC 6134
    known("include"),     // RFC 6609
    known("duplicate"),   // RFC 7352
    known("special-use"), // RFC 8579
    known("regex"),       // draft-ietf-sieve-regex
    known("vnd.dovecot.debug"),
    known("vnd.dovecot.environment"),
];

/// What old servers called them: (name, what to require instead).
const OLD_NAMES: &[(&str, &str)] = &[("imapflags", "imap4flags"), ("notify", "enotify")];

/// The extension of that name; capability strings are compared as they are.
pub(super) fn find(name: &str) -> Option<&'static Extension> {
    EXTENSIONS.iter().find(|extension| extension.name == name)
}

/// The name by which an old extension goes today.
pub(super) fn new_name(name: &str) -> Option<&'static str> {
    OLD_NAMES.iter().find(|(old, _)| *old == name).map(|(_, new)| *new)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    EXTENSIONS.iter().map(|extension| extension.name)
}

/// The names of all extensions that work, as a server announces them (RFC 5804 §1.7).
pub fn announced() -> impl Iterator<Item = &'static str> {
    EXTENSIONS.iter().filter(|extension| extension.announced).map(|extension| extension.name)
}

impl Extension {
    /// True for itself and for what it implies.
    pub(super) fn brings(&self, name: &str) -> bool {
        self.name == name || self.implies.contains(&name)
    }
}

/// What a script has required so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Required {
    names: Vec<&'static str>,
}

impl Required {
    pub(super) fn add(&mut self, extension: &Extension) {
        for name in std::iter::once(extension.name).chain(extension.implies.iter().copied()) {
            if let Some(known) = find(name).filter(|_| !self.has(name)) {
                self.names.push(known.name);
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}
