//! Tests: what each asks, from its arguments.
//!
//! Standards: RFC 5228 §5 and §2.7, RFC 5231 (relational), RFC 5260 (date, index), RFC 5703 §4 (mime).

use super::super::notes::{Span, use_nearest};
use super::super::parse::Command;
use super::super::program::{
    AddressPart, Ask, Comparator, DuplicateId, How, Index, Look, MatchType, Mime, MimePart, Relation, Test, Texts,
    Transform, Zone,
};
use super::Checker;
use super::arguments::Given;
use super::values;

impl Checker<'_, '_> {
    /// An unknown or broken test is noted and taken for false.
    pub(super) fn test(&mut self, command: &Command) -> Test {
        let Some((name, given)) = self.given_test(command) else {
            command.tests.iter().for_each(|inner| drop(self.test(inner)));
            // Not known to be false: what stands in its block is checked, too.
            return Test::Any(Vec::new());
        };
        match name {
            "true" => Test::Const(true),
            "false" => Test::Const(false),
            "not" => match command.tests.first().map(|inner| self.test(inner)) {
                Some(Test::Const(known)) => Test::Const(!known),
                Some(test) => Test::Not(Box::new(test)),
                None => Test::Const(false),
            },
            "anyof" => self.junction(&command.tests, true),
            "allof" => self.junction(&command.tests, false),
            "ihave" => self.ihave(&given.plain_texts(0)),
            "header" | "address" | "envelope" | "exists" | "size" | "body" => Test::Look(self.base_test(name, &given)),
            "date" | "currentdate" => Test::Look(self.date(name, &given)),
            "string" | "hasflag" | "environment" => Test::Look(self.value_test(name, &given)),
            "duplicate" => Test::Ask(self.duplicate(&given)),
            _ => Test::Ask(self.other_test(name, &given)),
        }
    }

    /// `anyof`, where the deciding answer is true, and `allof`, where it is false. What stands behind a test that
    /// always decides is not checked, because `ihave` may guard it.
    fn junction(&mut self, tests: &[Command], decides: bool) -> Test {
        let mut open = Vec::new();
        for test in tests {
            match self.test(test) {
                Test::Const(known) if known == decides => {
                    if open.is_empty() {
                        return Test::Const(decides);
                    }
                    open.push(Test::Const(decides));
                    break;
                }
                Test::Const(_) => {}
                test @ (Test::Not(_) | Test::Any(_) | Test::All(_) | Test::Look(_) | Test::Ask(_)) => open.push(test),
            }
        }
        match open.len() {
            0 => Test::Const(!decides),
            _ if decides => Test::Any(open),
            _ => Test::All(open),
        }
    }

    fn base_test(&mut self, name: &str, given: &Given<'_>) -> Look {
        match name {
            "header" => {
                let how = self.how(given);
                let (index, mime) = (self.index(given), self.mime(given));
                let fields = self.fields(given, 0);
                let keys = self.texts(given, 1);
                self.doubt_address(given, &fields, &keys, &how);
                self.doubt_keys(given, 1, &keys, &how);
                Look::Header { fields, keys, how, index, mime }
            }
            "address" => {
                let (how, part) = (self.how(given), address_part(given));
                let (index, mime) = (self.index(given), self.mime(given));
                let fields = self.address_fields(given);
                let keys = self.texts(given, 1);
                self.doubt_address_keys(given, &keys, &how, part);
                Look::Address { part, fields, keys, how, index, mime }
            }
            "envelope" => {
                let (how, part) = (self.how(given), address_part(given));
                let fields = self.texts(given, 0);
                for (name, span) in given.plain_texts(0) {
                    if !name.contains("${") && !values::ENVELOPE_PARTS.iter().any(|p| p.eq_ignore_ascii_case(name)) {
                        let mend = use_nearest(name, values::ENVELOPE_PARTS.iter().copied());
                        let words = format!("the envelope has no part {name:?}; it has from, to, auth and orig_to");
                        self.notes.error_with("wrong-argument", span, words, mend);
                    }
                }
                let keys = self.texts(given, 1);
                self.doubt_address_keys(given, &keys, &how, part);
                Look::Envelope { part, fields, keys, how }
            }
            "exists" => Look::Exists { mime: self.mime(given), fields: self.fields(given, 0) },
            "size" => {
                if given.of_group("limit").is_none() {
                    self.notes.error("missing-tag", given.span, "\"size\" needs :over or :under");
                }
                let limit = given.argument(0).and_then(values::number).unwrap_or_default();
                Look::Size { over: given.has("over"), limit }
            }
            _ => {
                let how = self.how(given);
                let transform = match given.of_group("body transform") {
                    Some(("raw", _)) => Transform::Raw,
                    Some(("content", _)) => Transform::Content(self.tag_texts(given, "content").unwrap_or_default()),
                    Some(_) | None => Transform::Text,
                };
                let keys = self.texts(given, 0);
                self.doubt_slow(given, 0, &keys, &how);
                Look::Body { transform, keys, how }
            }
        }
    }

    fn date(&mut self, name: &str, given: &Given<'_>) -> Look {
        let how = self.how(given);
        let zone = match self.tag_text(given, "zone") {
            Some(zone) => Zone::Given(zone),
            None if given.has("originalzone") => Zone::Original,
            None => Zone::Local,
        };
        self.check_zone(given);
        let shift = usize::from(name == "date");
        let part = self.text(given, shift);
        let keys = self.texts(given, shift + 1);
        self.check_date_part(given, shift, &keys, &how);
        if name == "currentdate" {
            return Look::CurrentDate { zone, part, keys, how };
        }
        let index = self.index(given);
        let field = self.fields(given, 0).into_iter().next().unwrap_or_default();
        Look::Date { field, zone, part, keys, how, index }
    }

    fn value_test(&mut self, name: &str, given: &Given<'_>) -> Look {
        let how = self.how(given);
        match name {
            "string" => Look::String { values: self.texts(given, 0), keys: self.texts(given, 1), how },
            "hasflag" => {
                self.check_flag_variables(given);
                Look::HasFlag { variables: self.optional_texts(given, 0), keys: self.texts(given, 1), how }
            }
            _ => Look::Environment { item: self.text(given, 0), keys: self.texts(given, 1), how },
        }
    }

    fn duplicate(&mut self, given: &Given<'_>) -> Ask {
        let id = match given.of_group("id") {
            Some(("header", _)) => {
                self.check_fields(given.value("header"));
                DuplicateId::Header(self.tag_text(given, "header").unwrap_or_default())
            }
            Some(_) => DuplicateId::Unique(self.tag_text(given, "uniqueid").unwrap_or_default()),
            None => DuplicateId::MessageId,
        };
        let handle = self.tag_text(given, "handle");
        Ask::Duplicate { handle, id, seconds: given.number("seconds"), last: given.has("last") }
    }

    fn other_test(&mut self, name: &str, given: &Given<'_>) -> Ask {
        match name {
            "mailboxexists" => {
                self.doubt_folders(given, 0);
                Ask::MailboxExists { folders: self.texts(given, 0) }
            }
            "specialuse_exists" => Ask::SpecialUseExists {
                mailbox: self.optional_texts(given, 0).and_then(|texts| texts.into_iter().next()),
                uses: self.texts(given, 1),
            },
            "metadata" => {
                let how = self.how(given);
                let (mailbox, annotation) = (Some(self.text(given, 0)), self.text(given, 1));
                Ask::Metadata { mailbox, annotation, keys: self.texts(given, 2), how }
            }
            "servermetadata" => {
                let how = self.how(given);
                Ask::Metadata { mailbox: None, annotation: self.text(given, 0), keys: self.texts(given, 1), how }
            }
            "metadataexists" => {
                Ask::MetadataExists { mailbox: Some(self.text(given, 0)), annotations: self.texts(given, 1) }
            }
            "servermetadataexists" => Ask::MetadataExists { mailbox: None, annotations: self.texts(given, 0) },
            "spamtest" => Ask::Spam { percent: given.has("percent"), how: self.how(given), key: self.text(given, 0) },
            "virustest" => Ask::Virus { how: self.how(given), key: self.text(given, 0) },
            "valid_notify_method" => Ask::ValidNotifyMethod { uris: self.texts(given, 0) },
            "notify_method_capability" => {
                let how = self.how(given);
                let (uri, capability) = (self.text(given, 0), self.text(given, 1));
                Ask::NotifyMethodCapability { uri, capability, keys: self.texts(given, 2), how }
            }
            // The table of grammar.rs has no other.
            _ => Ask::ValidExtList { names: self.texts(given, 0) },
        }
    }

    /// Comparator and match type (RFC 5228 §2.7).
    pub(super) fn how(&mut self, given: &Given<'_>) -> How {
        let comparator = match given.plain_tag("comparator") {
            Some((name, span)) => self.comparator(name, span),
            None => Comparator::AsciiCasemap,
        };
        let Some((name, span)) = given.of_group("match type") else {
            return How { comparator, match_type: MatchType::Is };
        };
        let match_type = match name {
            "contains" => MatchType::Contains,
            "matches" => MatchType::Matches,
            "regex" => MatchType::Regex,
            "count" => MatchType::Count(self.relation(given, name, span)),
            "value" => MatchType::Value(self.relation(given, name, span)),
            "list" => MatchType::List,
            _ => MatchType::Is,
        };
        let whole = matches!(match_type, MatchType::Contains | MatchType::Matches | MatchType::Regex);
        if comparator == Comparator::AsciiNumeric && whole {
            // RFC 4790 §9.1.1: no substring operation.
            let words = format!("\":{name}\" can't compare numbers (i;ascii-numeric)");
            self.notes.error("conflicting-tags", span, words);
        }
        How { comparator, match_type }
    }

    fn comparator(&mut self, name: &str, span: Span) -> Comparator {
        let (comparator, needs) = match name {
            "i;octet" => (Comparator::Octet, ""),
            "i;ascii-casemap" => (Comparator::AsciiCasemap, ""),
            "i;ascii-numeric" => (Comparator::AsciiNumeric, "comparator-i;ascii-numeric"),
            "i;unicode-casemap" => (Comparator::UnicodeCasemap, "comparator-i;unicode-casemap"),
            _ => {
                let mend = use_nearest(name, values::COMPARATORS.iter().copied());
                self.notes.error_with("unknown-comparator", span, format!("unknown comparator {name:?}"), mend);
                (Comparator::AsciiCasemap, "")
            }
        };
        self.needs(needs, &format!("the comparator \"{name}\""), span);
        comparator
    }

    fn relation(&mut self, given: &Given<'_>, tag: &str, span: Span) -> Relation {
        let name = given.plain_tag(tag).map(|(name, _)| name.to_ascii_lowercase()).unwrap_or_default();
        match name.as_str() {
            "gt" => Relation::Gt,
            "ge" => Relation::Ge,
            "lt" => Relation::Lt,
            "le" => Relation::Le,
            "eq" => Relation::Eq,
            "ne" => Relation::Ne,
            _ => {
                let words =
                    format!("\":{tag}\" needs one of \"gt\", \"ge\", \"lt\", \"le\", \"eq\", \"ne\", not {name:?}");
                self.notes.error("wrong-argument", span, words);
                Relation::Eq
            }
        }
    }

    pub(super) fn index(&mut self, given: &Given<'_>) -> Option<Index> {
        let (number, last) = (given.number("index"), given.has("last"));
        match number {
            // RFC 5260 §6: counted from 1.
            Some(0) => {
                self.notes.error("bad-number", given.span, "\":index\" counts from 1");
                None
            }
            Some(nth) => Some(Index { nth, last }),
            None => {
                if last {
                    self.notes.error("missing-tag", given.span, "\":last\" needs \":index\" beside it");
                }
                None
            }
        }
    }

    fn mime(&mut self, given: &Given<'_>) -> Option<Mime> {
        let part = match given.of_group("part of the field") {
            Some(("type", _)) => MimePart::Type,
            Some(("subtype", _)) => MimePart::Subtype,
            Some(("contenttype", _)) => MimePart::ContentType,
            Some(_) => MimePart::Param(self.tag_texts(given, "param").unwrap_or_default()),
            None => MimePart::Whole,
        };
        if given.has("mime") {
            return Some(Mime { anychild: given.has("anychild"), part });
        }
        if given.has("anychild") || part != MimePart::Whole {
            self.notes.error(
                "missing-tag",
                given.span,
                "\":anychild\", \":type\" and the like need \":mime\" beside them",
            );
        }
        None
    }

    /// Names of header fields, with a doubt where one can't be.
    pub(super) fn fields(&mut self, given: &Given<'_>, n: usize) -> Texts {
        self.check_fields(given.argument(n));
        self.texts(given, n)
    }

    fn address_fields(&mut self, given: &Given<'_>) -> Texts {
        for (name, span) in given.plain_texts(0) {
            // RFC 5703 §4.2: a part has fields of its own, such as Content-From.
            if !name.contains("${") && !given.has("mime") && !values::is_address_field(name) {
                // RFC 5228 §5.1: only fields that hold addresses.
                let words = format!("\"address\" can't read the field {name:?}, which holds no list of addresses");
                self.notes.error_with("bad-header-name", span, words, Some("use the test \"header\"".into()));
            }
        }
        self.texts(given, 0)
    }
}

fn address_part(given: &Given<'_>) -> AddressPart {
    match given.of_group("address part") {
        Some(("localpart", _)) => AddressPart::LocalPart,
        Some(("domain", _)) => AddressPart::Domain,
        Some(("user", _)) => AddressPart::User,
        Some(("detail", _)) => AddressPart::Detail,
        Some(_) | None => AddressPart::All,
    }
}
