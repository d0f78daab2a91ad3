//! The names in PDF dictionaries that matter here.
//!
//! Does not know the rest: those are [`Word::Other`]. Standards: ISO 32000-2.

/// A name, as key or as value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Other,
    // Actions.
    Aa,
    OpenAction,
    S,
    Js,
    JavaScript,
    Rendition,
    Launch,
    Win,
    Uri,
    GoToR,
    GoToE,
    SubmitForm,
    ImportData,
    // Files.
    F,
    Uf,
    /// `/DOS`, `/Mac`, `/Unix`: names and files of old.
    OldFile,
    Ef,
    /// Not written anywhere: a file that a dictionary's `/EF` refers to.
    Embedded,
    /// Not written anywhere: the file in `/Win`.
    WinFile,
    EmbeddedFile,
    Xfa,
    // Streams.
    Type,
    Subtype,
    Filter,
    DecodeParms,
    Predictor,
    Columns,
    Colors,
    BitsPerComponent,
    EarlyChange,
    Length,
    ObjStm,
    XRef,
    N,
    First,
    // Encryption.
    Encrypt,
    Id,
    Standard,
    O,
    U,
    Ue,
    P,
    V,
    R,
    Cf,
    Cfm,
    V2,
    AesV2,
    AesV3,
    Identity,
    StmF,
    EncryptMetadata,
}

const WORDS: [(&[u8], Word); 53] = [
    (b"AA", Word::Aa),
    (b"OpenAction", Word::OpenAction),
    (b"S", Word::S),
    (b"JS", Word::Js),
    (b"JavaScript", Word::JavaScript),
    (b"Rendition", Word::Rendition),
    (b"Launch", Word::Launch),
    (b"Win", Word::Win),
    (b"URI", Word::Uri),
    (b"GoToR", Word::GoToR),
    (b"GoToE", Word::GoToE),
    (b"SubmitForm", Word::SubmitForm),
    (b"ImportData", Word::ImportData),
    (b"F", Word::F),
    (b"UF", Word::Uf),
    (b"DOS", Word::OldFile),
    (b"Mac", Word::OldFile),
    (b"Unix", Word::OldFile),
    (b"EF", Word::Ef),
    (b"EmbeddedFile", Word::EmbeddedFile),
    (b"XFA", Word::Xfa),
    (b"Type", Word::Type),
    (b"Subtype", Word::Subtype),
    (b"Filter", Word::Filter),
    (b"DecodeParms", Word::DecodeParms),
    (b"DP", Word::DecodeParms),
    (b"Predictor", Word::Predictor),
    (b"Columns", Word::Columns),
    (b"Colors", Word::Colors),
    (b"BitsPerComponent", Word::BitsPerComponent),
    (b"EarlyChange", Word::EarlyChange),
    (b"Length", Word::Length),
    (b"ObjStm", Word::ObjStm),
    (b"XRef", Word::XRef),
    (b"N", Word::N),
    (b"First", Word::First),
    (b"Encrypt", Word::Encrypt),
    (b"ID", Word::Id),
    (b"Standard", Word::Standard),
    (b"O", Word::O),
    (b"U", Word::U),
    (b"UE", Word::Ue),
    (b"P", Word::P),
    (b"V", Word::V),
    (b"R", Word::R),
    (b"CF", Word::Cf),
    (b"CFM", Word::Cfm),
    (b"V2", Word::V2),
    (b"AESV2", Word::AesV2),
    (b"AESV3", Word::AesV3),
    (b"Identity", Word::Identity),
    (b"StmF", Word::StmF),
    (b"EncryptMetadata", Word::EncryptMetadata),
];

impl Word {
    pub(super) fn of(name: &[u8]) -> Self {
        WORDS.iter().find(|(known, _)| *known == name).map_or(Self::Other, |(_, word)| *word)
    }

    /// Values of `/S` that make a dictionary an action we care for.
    pub(super) fn is_action(self) -> bool {
        [
            Self::JavaScript,
            Self::Rendition,
            Self::Launch,
            Self::Uri,
            Self::GoToR,
            Self::GoToE,
            Self::SubmitForm,
            Self::ImportData,
        ]
        .contains(&self)
    }
}
