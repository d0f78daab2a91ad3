//! A checked script: values only, in the order in which they run.
//!
//! Made by `check`, run by `engine` and `eval`. What can't be right has no form here.

pub(super) use super::address::AddressPart;
use super::template::{Template, VariableName};
use regex::Regex;
use std::collections::HashMap;
use std::sync::Arc;

/// One checked script.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// By [`TestId`].
    pub(super) tests: Vec<Placed<Test>>,
    /// By [`ActId`].
    pub(super) acts: Vec<Placed<Act>>,
    /// Expressions that are written out, compiled once for all runs.
    pub(super) regexes: HashMap<(String, Comparator), Arc<Regex>>,
    /// `variables` is required: matches are remembered.
    pub(super) remembers_matches: bool,
}

pub(super) type TestId = usize;
pub(super) type ActId = usize;

/// Something with the line where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed<T> {
    /// 1-based.
    pub(super) line: usize,
    pub(super) it: T,
}

/// What the engine runs: the control structures.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Act(ActId),
    /// The first branch whose test is true; `None` is `else`.
    If(Vec<(Option<TestId>, Vec<Step>)>),
    /// The act says whether there is something to include.
    Include(ActId),
    /// The act begins the loop.
    ForEveryPart(ActId, Vec<Step>),
    /// Ends so many loops, from the innermost; the act says so to them.
    Break(ActId, usize),
    Stop,
    Return,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Const(bool),
    Not(Box<Test>),
    Any(Vec<Test>),
    All(Vec<Test>),
    Look(Look),
    Ask(Ask),
}

/// A test of the message, its envelope, or what the script has made.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Look {
    Header { fields: Texts, keys: Texts, how: How, index: Option<Index>, mime: Option<Mime> },
    Address { part: AddressPart, fields: Texts, keys: Texts, how: How, index: Option<Index>, mime: Option<Mime> },
    Envelope { part: AddressPart, fields: Texts, keys: Texts, how: How },
    Exists { fields: Texts, mime: Option<Mime> },
    Size { over: bool, limit: u64 },
    Body { transform: Transform, keys: Texts, how: How },
    String { values: Texts, keys: Texts, how: How },
    HasFlag { variables: Option<Texts>, keys: Texts, how: How },
    Date { field: Template, zone: Zone, part: Template, keys: Texts, how: How, index: Option<Index> },
    CurrentDate { zone: Zone, part: Template, keys: Texts, how: How },
    Environment { item: Template, keys: Texts, how: How },
}

/// A test of what surrounds the message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    MailboxExists {
        folders: Texts,
    },
    /// Without a mailbox: of the server.
    Metadata {
        mailbox: Option<Template>,
        annotation: Template,
        keys: Texts,
        how: How,
    },
    MetadataExists {
        mailbox: Option<Template>,
        annotations: Texts,
    },
    SpecialUseExists {
        mailbox: Option<Template>,
        uses: Texts,
    },
    Spam {
        percent: bool,
        key: Template,
        how: How,
    },
    Virus {
        key: Template,
        how: How,
    },
    Duplicate {
        handle: Option<Template>,
        id: DuplicateId,
        seconds: Option<u64>,
        last: bool,
    },
    ValidNotifyMethod {
        uris: Texts,
    },
    NotifyMethodCapability {
        uri: Template,
        capability: Template,
        keys: Texts,
        how: How,
    },
    ValidExtList {
        names: Texts,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Keep {
        flags: Option<Texts>,
    },
    FileInto {
        folder: Template,
        flags: Option<Texts>,
        copy: bool,
        create: bool,
        special_use: Option<Template>,
    },
    Redirect {
        address: Template,
        copy: bool,
    },
    Discard,
    Reject {
        reason: Template,
        extended: bool,
    },
    Vacation(Box<Vacation>),
    Notify {
        method: Template,
        from: Option<Template>,
        importance: Option<Template>,
        message: Option<Template>,
    },
    SetFlag {
        variable: Option<Template>,
        flags: Texts,
    },
    AddFlag {
        variable: Option<Template>,
        flags: Texts,
    },
    RemoveFlag {
        variable: Option<Template>,
        flags: Texts,
    },
    Set {
        variable: VariableName,
        modifiers: Vec<Modifier>,
        value: Template,
    },
    Global {
        names: Vec<String>,
    },
    Include {
        name: String,
        global: bool,
        once: bool,
        optional: bool,
    },
    Error {
        words: Template,
    },
    ForEveryPart,
    /// Ends so many loops.
    Break(usize),
    ExtractText {
        variable: VariableName,
        modifiers: Vec<Modifier>,
        first: Option<u64>,
    },
    AddHeader {
        field: Template,
        value: Template,
        last: bool,
    },
    DeleteHeader {
        field: Template,
        index: Option<Index>,
        patterns: Option<Texts>,
        how: How,
    },
    DebugLog {
        words: Template,
    },
}

pub(super) type Texts = Vec<Template>;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vacation {
    pub(super) reason: Template,
    /// `None`: the default of the settings.
    pub(super) seconds: Option<u64>,
    pub(super) subject: Option<Template>,
    pub(super) from: Option<Template>,
    pub(super) addresses: Texts,
    pub(super) handle: Option<Template>,
    pub(super) mime: bool,
}

/// How values and keys are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct How {
    pub(super) comparator: Comparator,
    pub(super) match_type: MatchType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Comparator {
    Octet,
    AsciiCasemap,
    AsciiNumeric,
    UnicodeCasemap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchType {
    Is,
    Contains,
    Matches,
    Regex,
    Count(Relation),
    Value(Relation),
    List,
}

/// RFC 5231 §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Gt,
    Ge,
    Lt,
    Le,
    Eq,
    Ne,
}

/// `:index 2 :last` (RFC 5260 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// 1-based.
    pub(super) nth: u64,
    pub(super) last: bool,
}

/// `:mime` (RFC 5703 §4).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mime {
    pub(super) anychild: bool,
    pub(super) part: MimePart,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum MimePart {
    Whole,
    Type,
    Subtype,
    ContentType,
    Param(Texts),
}

/// RFC 5173 §5.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Transform {
    Raw,
    Text,
    Content(Texts),
}

/// RFC 5260 §4.1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Zone {
    /// That of the server.
    Local,
    /// As the field has it.
    Original,
    Given(Template),
}

/// By what two messages are the same (RFC 7352 §3.1).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum DuplicateId {
    MessageId,
    Header(Template),
    Unique(Template),
}

/// What `set` does with a value, in the order of RFC 5229 §4.1: the highest precedence first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Modifier {
    Lower,
    Upper,
    LowerFirst,
    UpperFirst,
    QuoteWildcard,
    QuoteRegex,
    EncodeUrl,
    Length,
}
