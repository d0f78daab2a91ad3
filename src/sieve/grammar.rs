//! Which commands and tests there are, and what each takes: one line each.
//!
//! Does not check anything: `check` reads scripts by these tables. Standards: those that `extensions` lists.

/// The shape of a command or test.
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// The extension that brings it; empty for the base language.
    pub(super) needs: &'static str,
    pub(super) tags: &'static [&'static [Tag]],
    pub(super) positional: &'static [Want],
    /// Which positional argument may be missing.
    pub(super) optional: Optional,
    pub(super) block: bool,
    pub(super) tests: Tests,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Optional {
    None,
    First,
    Last,
}

/// The tests that stand behind the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tests {
    None,
    One,
    List,
}

/// A tagged argument.
#[derive(Debug)]
pub(super) struct Tag {
    /// Without the colon.
    pub(super) name: &'static str,
    pub(super) value: Option<Want>,
    pub(super) needs: &'static str,
    /// Only one of a group may be given; a tag alone in its group may be given once.
    pub(super) group: &'static str,
}

/// What kind of argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Number,
    Text,
    /// A string or a list of strings.
    Texts,
}

const fn tag(name: &'static str, group: &'static str) -> Tag {
    Tag { name, value: None, needs: "", group }
}

const fn valued(name: &'static str, value: Want) -> Tag {
    Tag { name, value: Some(value), needs: "", group: name }
}

const COMPARE: &[Tag] = &[
    valued("comparator", Want::Text),
    tag("is", "match type"),
    tag("contains", "match type"),
    tag("matches", "match type"),
    Tag { needs: "regex", ..tag("regex", "match type") },
    Tag { needs: "relational", value: Some(Want::Text), ..tag("count", "match type") },
    Tag { needs: "relational", value: Some(Want::Text), ..tag("value", "match type") },
    Tag { needs: "extlists", ..tag("list", "match type") },
];
const ADDRESS_PART: &[Tag] = &[
    tag("all", "address part"),
    tag("localpart", "address part"),
    tag("domain", "address part"),
    Tag { needs: "subaddress", ..tag("user", "address part") },
    Tag { needs: "subaddress", ..tag("detail", "address part") },
];
const INDEX: &[Tag] =
    &[Tag { needs: "index", ..valued("index", Want::Number) }, Tag { needs: "index", ..tag("last", "last") }];
const MIME: &[Tag] =
    &[Tag { needs: "mime", ..tag("mime", "mime") }, Tag { needs: "mime", ..tag("anychild", "anychild") }];
const MIME_PART: &[Tag] = &[
    Tag { needs: "mime", ..tag("type", "part of the field") },
    Tag { needs: "mime", ..tag("subtype", "part of the field") },
    Tag { needs: "mime", ..tag("contenttype", "part of the field") },
    Tag { needs: "mime", value: Some(Want::Texts), ..tag("param", "part of the field") },
];
const ZONE: &[Tag] = &[valued("zone", Want::Text), tag("originalzone", "zone")];
const MODIFIERS: &[Tag] = &[
    tag("lower", "modifier of precedence 40"),
    tag("upper", "modifier of precedence 40"),
    tag("lowerfirst", "modifier of precedence 30"),
    tag("upperfirst", "modifier of precedence 30"),
    tag("quotewildcard", "modifier of precedence 20"),
    Tag { needs: "regex", ..tag("quoteregex", "modifier of precedence 20") },
    Tag { needs: "enotify", ..tag("encodeurl", "modifier of precedence 15") },
    tag("length", "modifier of precedence 10"),
];
const FLAGS: Tag = Tag { needs: "imap4flags", ..valued("flags", Want::Texts) };
const COPY: Tag = Tag { needs: "copy", ..tag("copy", "copy") };

const PLAIN: Shape = Shape {
    name: "",
    needs: "",
    tags: &[],
    positional: &[],
    optional: Optional::None,
    block: false,
    tests: Tests::None,
};

pub(super) const COMMANDS: &[Shape] = &[
    Shape { name: "require", positional: &[Want::Texts], ..PLAIN },
    Shape { name: "if", block: true, tests: Tests::One, ..PLAIN },
    Shape { name: "elsif", block: true, tests: Tests::One, ..PLAIN },
    Shape { name: "else", block: true, ..PLAIN },
    Shape { name: "stop", ..PLAIN },
    Shape { name: "keep", tags: &[&[FLAGS]], ..PLAIN },
    Shape { name: "discard", ..PLAIN },
    Shape { name: "redirect", tags: &[&[COPY]], positional: &[Want::Text], ..PLAIN },
    Shape {
        name: "fileinto",
        needs: "fileinto",
        tags: &[&[
            COPY,
            FLAGS,
            Tag { needs: "mailbox", ..tag("create", "create") },
            Tag { needs: "special-use", ..valued("specialuse", Want::Text) },
        ]],
        positional: &[Want::Text],
        ..PLAIN
    },
    Shape { name: "reject", needs: "reject", positional: &[Want::Text], ..PLAIN },
    Shape { name: "ereject", needs: "ereject", positional: &[Want::Text], ..PLAIN },
    Shape {
        name: "vacation",
        needs: "vacation",
        tags: &[&[
            Tag { value: Some(Want::Number), ..tag("days", "period") },
            Tag { value: Some(Want::Number), needs: "vacation-seconds", ..tag("seconds", "period") },
            valued("subject", Want::Text),
            valued("from", Want::Text),
            valued("addresses", Want::Texts),
            valued("handle", Want::Text),
            tag("mime", "mime"),
        ]],
        positional: &[Want::Text],
        ..PLAIN
    },
    Shape {
        name: "notify",
        needs: "enotify",
        tags: &[&[
            valued("from", Want::Text),
            valued("importance", Want::Text),
            valued("options", Want::Texts),
            valued("message", Want::Text),
        ]],
        positional: &[Want::Text],
        ..PLAIN
    },
    FLAG_COMMAND,
    Shape { name: "addflag", ..FLAG_COMMAND },
    Shape { name: "removeflag", ..FLAG_COMMAND },
    Shape { name: "set", needs: "variables", tags: &[MODIFIERS], positional: &[Want::Text, Want::Text], ..PLAIN },
    Shape {
        name: "include",
        needs: "include",
        tags: &[&[
            tag("personal", "location"),
            tag("global", "location"),
            tag("once", "once"),
            tag("optional", "optional"),
        ]],
        positional: &[Want::Text],
        ..PLAIN
    },
    Shape { name: "return", needs: "include", ..PLAIN },
    Shape { name: "global", needs: "include", positional: &[Want::Texts], ..PLAIN },
    Shape { name: "error", needs: "ihave", positional: &[Want::Text], ..PLAIN },
    Shape { name: "foreverypart", needs: "foreverypart", tags: &[&[valued("name", Want::Text)]], block: true, ..PLAIN },
    Shape { name: "break", needs: "foreverypart", tags: &[&[valued("name", Want::Text)]], ..PLAIN },
    Shape {
        name: "extracttext",
        needs: "extracttext",
        tags: &[MODIFIERS, &[valued("first", Want::Number)]],
        positional: &[Want::Text],
        ..PLAIN
    },
    Shape {
        name: "addheader",
        needs: "editheader",
        tags: &[&[tag("last", "last")]],
        positional: &[Want::Text, Want::Text],
        ..PLAIN
    },
    Shape {
        name: "deleteheader",
        needs: "editheader",
        tags: &[&[valued("index", Want::Number), tag("last", "last")], COMPARE],
        positional: &[Want::Text, Want::Texts],
        optional: Optional::Last,
        ..PLAIN
    },
    Shape { name: "debug_log", needs: "vnd.dovecot.debug", positional: &[Want::Text], ..PLAIN },
];

const FLAG_COMMAND: Shape = Shape {
    name: "setflag",
    needs: "imap4flags",
    positional: &[Want::Text, Want::Texts],
    optional: Optional::First,
    ..PLAIN
};

/// A test of one value list against keys.
const COMPARISON: Shape = Shape { tags: &[COMPARE], positional: &[Want::Texts, Want::Texts], ..PLAIN };

pub(super) const TESTS: &[Shape] = &[
    Shape { name: "true", ..PLAIN },
    Shape { name: "false", ..PLAIN },
    Shape { name: "not", tests: Tests::One, ..PLAIN },
    Shape { name: "anyof", tests: Tests::List, ..PLAIN },
    Shape { name: "allof", tests: Tests::List, ..PLAIN },
    Shape { name: "header", tags: &[COMPARE, INDEX, MIME, MIME_PART], ..COMPARISON },
    Shape { name: "address", tags: &[COMPARE, ADDRESS_PART, INDEX, MIME], ..COMPARISON },
    Shape { name: "envelope", needs: "envelope", tags: &[COMPARE, ADDRESS_PART], ..COMPARISON },
    Shape { name: "exists", tags: &[MIME], positional: &[Want::Texts], ..PLAIN },
    Shape {
        name: "size",
        tags: &[&[tag("over", "limit"), tag("under", "limit")]],
        positional: &[Want::Number],
        ..PLAIN
    },
    Shape {
        name: "body",
        needs: "body",
        tags: &[
            COMPARE,
            &[
                tag("raw", "body transform"),
                tag("text", "body transform"),
                Tag { value: Some(Want::Texts), ..tag("content", "body transform") },
            ],
        ],
        positional: &[Want::Texts],
        ..PLAIN
    },
    Shape { name: "string", needs: "variables", ..COMPARISON },
    Shape { name: "hasflag", needs: "imap4flags", optional: Optional::First, ..COMPARISON },
    Shape {
        name: "date",
        needs: "date",
        tags: &[COMPARE, ZONE, INDEX],
        positional: &[Want::Text, Want::Text, Want::Texts],
        ..PLAIN
    },
    Shape {
        name: "currentdate",
        needs: "date",
        tags: &[COMPARE, &[valued("zone", Want::Text)]],
        positional: &[Want::Text, Want::Texts],
        ..PLAIN
    },
    Shape { name: "environment", needs: "environment", positional: &[Want::Text, Want::Texts], ..COMPARISON },
    Shape { name: "ihave", needs: "ihave", positional: &[Want::Texts], ..PLAIN },
    Shape { name: "mailboxexists", needs: "mailbox", positional: &[Want::Texts], ..PLAIN },
    Shape { name: "metadata", needs: "mboxmetadata", positional: &[Want::Text, Want::Text, Want::Texts], ..COMPARISON },
    Shape { name: "metadataexists", needs: "mboxmetadata", positional: &[Want::Text, Want::Texts], ..PLAIN },
    Shape { name: "servermetadata", needs: "servermetadata", positional: &[Want::Text, Want::Texts], ..COMPARISON },
    Shape { name: "servermetadataexists", needs: "servermetadata", positional: &[Want::Texts], ..PLAIN },
    Shape {
        name: "specialuse_exists",
        needs: "special-use",
        positional: &[Want::Text, Want::Texts],
        optional: Optional::First,
        ..PLAIN
    },
    Shape {
        name: "spamtest",
        needs: "spamtest",
        tags: &[COMPARE, &[Tag { needs: "spamtestplus", ..tag("percent", "percent") }]],
        positional: &[Want::Text],
        ..PLAIN
    },
    Shape { name: "virustest", needs: "virustest", positional: &[Want::Text], ..COMPARISON },
    Shape {
        name: "duplicate",
        needs: "duplicate",
        tags: &[&[
            valued("handle", Want::Text),
            Tag { value: Some(Want::Text), ..tag("header", "id") },
            Tag { value: Some(Want::Text), ..tag("uniqueid", "id") },
            valued("seconds", Want::Number),
            tag("last", "last"),
        ]],
        ..PLAIN
    },
    Shape { name: "valid_notify_method", needs: "enotify", positional: &[Want::Texts], ..PLAIN },
    Shape {
        name: "notify_method_capability",
        needs: "enotify",
        positional: &[Want::Text, Want::Text, Want::Texts],
        ..COMPARISON
    },
    Shape { name: "valid_ext_list", needs: "extlists", positional: &[Want::Texts], ..PLAIN },
];

/// Names are compared in any case (RFC 5228 §2.1).
pub(super) fn find(table: &'static [Shape], name: &str) -> Option<&'static Shape> {
    table.iter().find(|shape| shape.name.eq_ignore_ascii_case(name))
}

/// A known command behind which no test may stand.
pub(super) fn is_plain_command(name: &str) -> bool {
    find(COMMANDS, name).is_some_and(|shape| shape.tests == Tests::None)
}

#[cfg(test)]
mod tests {
    use super::super::extensions;
    use super::*;

    #[test]
    fn every_shape_names_known_extensions() {
        for shape in COMMANDS.iter().chain(TESTS) {
            let tags = shape.tags.iter().flat_map(|tags| tags.iter()).map(|tag| tag.needs);
            for needs in std::iter::once(shape.needs).chain(tags).filter(|needs| !needs.is_empty()) {
                assert!(extensions::find(needs).is_some(), "{}: {needs}", shape.name);
            }
        }
    }
}
