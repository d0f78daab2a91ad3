//! What a file of signatures holds, by its ending: a table.

use super::hashes::Of;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Hash(Of),
    SectionHash,
    Body,
    Logical,
    Ignored,
    Yara,
    /// Known, and not served.
    Unserved(&'static str),
}

const ENDINGS: [(&[&str], Kind); 14] = [
    (&["hdb", "hsb", "hdu", "hsu"], Kind::Hash(Of::Contents)),
    (&["fp", "sfp"], Kind::Hash(Of::Good)),
    (&["mdb", "msb", "mdu", "msu"], Kind::SectionHash),
    (&["ndb", "ndu"], Kind::Body),
    (&["ldb", "ldu"], Kind::Logical),
    (&["ign", "ign2"], Kind::Ignored),
    (&["yar", "yara"], Kind::Yara),
    (&["cvd", "cld", "cud"], Kind::Unserved("packed collections: unpack them with sigtool")),
    (&["cdb"], Kind::Unserved("names of members of containers")),
    (&["ftm"], Kind::Unserved("kinds of files")),
    (&["pdb", "gdb", "wdb"], Kind::Unserved("lists of domains for phishing")),
    (&["cbc"], Kind::Unserved("programs for ClamAV")),
    (&["idb"], Kind::Unserved("icons")),
    (&["crb", "cat", "imp", "pwdb", "cfg", "info"], Kind::Unserved("certificates, imports and settings of ClamAV")),
];

/// `None`: no file of signatures.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    ENDINGS.iter().find(|(endings, _)| endings.contains(&ending.as_str())).map(|(_, kind)| *kind)
}

/// True for the name of a file of signatures, served or not.
pub fn is_signature_file(name: &str) -> bool {
    !name.starts_with('.') && kind_of(name).is_some()
}

impl Kind {
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Hash(Of::Good) => "digests of good files",
            Self::Hash(Of::Contents | Of::Section) => "digests",
            Self::SectionHash => "digests of sections",
            Self::Body => "patterns",
            Self::Logical => "logical signatures",
            Self::Ignored => "names to ignore",
            Self::Yara => "YARA rules",
            Self::Unserved(_) => "not served",
        }
    }
}
