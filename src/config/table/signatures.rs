//! The antivirus signatures that are matched inside tamis, and where they come from.
//!
//! Entries of the table only: section [signatures] of the settings.

use super::super::readers::{list, optional_path, text, whole};
use super::super::setting::{Read, Setting};
use super::super::value::Value;

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "signatures.dir",
        default: r#""""#,
        about: "A folder with signature files: .hdb .hsb .mdb .msb .ndb .ldb .fp .sfp .ign .ign2 (ClamAV's text formats) and \
                .yar. Whatever is put there is used. Empty: only the rules that tamis brings with it.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.signatures.dir = read)),
    },
    Setting {
        name: "signatures.check_seconds",
        default: "60",
        about: "How often the folder is looked at for changes, from 1 to 86400; 0 is never, until SIGHUP. A changed file is \
                used from then on, without a pause. A file that is wrong is left out, at start and later; all others are used, \
                and the log names it as an error.",
        read: Read::Server(|s, v| whole(v, 0..=86_400).map(|read| s.signatures.check_seconds = read)),
    },
    Setting {
        name: "signatures.sources",
        default: "[]",
        about: "Where `tamis signatures update` fetches files from: \"https://…\", \"http://…\" or \"rsync://…\", each with the \
                name of one file at its end.",
        read: Read::Server(|s, v| list(v, source).map(|read| s.signatures.sources = read)),
    },
    Setting {
        name: "signatures.keyring",
        default: r#""""#,
        about: "A keyring for gpgv(1). If set, each file of a source must be signed: its signature is fetched as the name \
                with .sig behind it. Empty: signatures of files are not asked for.",
        read: Read::Server(|s, v| optional_path(v, &s.folder).map(|read| s.signatures.keyring = read)),
    },
];

/// Endings of packed collections, which would be fetched and then not be used.
const PACKED: [&str; 3] = ["cvd", "cld", "cud"];

/// A source with one plain file name at its end.
fn source(value: &Value) -> Result<String, String> {
    let source = text(value)?;
    let rest = ["https://", "http://", "rsync://"].iter().find_map(|scheme| source.strip_prefix(scheme));
    let path = rest.ok_or_else(|| format!("{source:?} must begin with https://, http:// or rsync://"))?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase());
    if PACKED.contains(&ending.as_str()) {
        return Err(format!(
            "{source:?} ends in .{ending}: packed collections of ClamAV are not read here; leave them to freshclam and \
             clamd, and name text files such as …/junk.ndb"
        ));
    }
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let is_good = path.contains('/') && crate::signatures::is_signature_file(name) && plain(name);
    if !is_good || source.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("{source:?} must end with the name of one signature file, such as …/junk.ndb"));
    }
    Ok(source.to_string())
}
