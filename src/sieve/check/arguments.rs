//! The arguments of one command or test, sorted by its shape.
//!
//! Says what is missing, unknown, doubled or of the wrong kind; does not know what the values mean. Standards:
//! RFC 5228 §2.6.

use super::super::grammar::{self, COMMANDS, Optional, Shape, TESTS, Tag, Tests, Want};
use super::super::notes::{Span, use_nearest};
use super::super::parse::{Argument, Command, Value};
use super::super::program::Texts;
use super::super::template::{self, Template};
use super::Checker;

/// What was given, by the shape.
pub(super) struct Given<'c> {
    pub(super) span: Span,
    tags: Vec<(&'static Tag, Option<&'c Argument>, Span)>,
    positional: Vec<Option<&'c Argument>>,
}

impl<'c> Given<'c> {
    /// True where the tag stands.
    pub(super) fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|(known, _, _)| known.name == tag)
    }

    /// The tag of a group, and where it stands.
    pub(super) fn of_group(&self, group: &str) -> Option<(&'static str, Span)> {
        self.tags.iter().find(|(tag, _, _)| tag.group == group).map(|(tag, _, span)| (tag.name, *span))
    }

    /// The value of a tag.
    pub(super) fn value(&self, tag: &str) -> Option<&'c Argument> {
        self.tags.iter().find(|(known, _, _)| known.name == tag).and_then(|(_, value, _)| *value)
    }

    pub(super) fn number(&self, tag: &str) -> Option<u64> {
        match self.value(tag)?.value {
            Value::Number(number) => Some(number),
            Value::Tag(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// The n-th positional argument.
    pub(super) fn argument(&self, n: usize) -> Option<&'c Argument> {
        self.positional.get(n).copied().flatten()
    }

    /// Names that are not expanded: of extensions, labels, scripts.
    pub(super) fn plain_texts(&self, n: usize) -> Vec<(&'c str, Span)> {
        self.argument(n).map(plain).unwrap_or_default()
    }

    pub(super) fn plain_tag(&self, tag: &str) -> Option<(&'c str, Span)> {
        self.value(tag).map(plain)?.first().copied()
    }
}

/// The strings of an argument as they were written.
pub(super) fn plain(argument: &Argument) -> Vec<(&str, Span)> {
    match &argument.value {
        Value::Text(text) => vec![(text.as_str(), argument.span)],
        Value::List(texts) => texts.iter().map(|(text, span)| (text.as_str(), *span)).collect(),
        Value::Tag(_) | Value::Number(_) => Vec::new(),
    }
}

impl Checker<'_, '_> {
    /// The arguments of a command; `None` where it is unknown.
    pub(super) fn given_command<'c>(&mut self, command: &'c Command) -> Option<Given<'c>> {
        let Some(shape) = grammar::find(COMMANDS, &command.name) else {
            self.unknown("command", command);
            return None;
        };
        self.check_form(shape, command);
        Some(self.given(shape, command))
    }

    /// The arguments of a test; `None` where it is unknown.
    pub(super) fn given_test<'c>(&mut self, command: &'c Command) -> Option<(&'static str, Given<'c>)> {
        let Some(shape) = grammar::find(TESTS, &command.name) else {
            self.unknown("test", command);
            return None;
        };
        self.check_form(shape, command);
        Some((shape.name, self.given(shape, command)))
    }

    fn unknown(&mut self, kind: &str, command: &Command) {
        let name = &command.name;
        let (own, other, else_where) = match kind {
            "test" => (TESTS, COMMANDS, "is a command, not a test"),
            _ => (COMMANDS, TESTS, "is a test; it belongs behind \"if\""),
        };
        if grammar::find(other, name).is_some() {
            let words = format!("\"{name}\" {else_where}");
            return self.notes.error(&format!("unknown-{kind}"), command.span, words);
        }
        let names = own.iter().map(|shape| shape.name).filter(|_| !self.notes.is_full());
        let mend = use_nearest(name, names);
        self.notes.error_with(&format!("unknown-{kind}"), command.span, format!("unknown {kind} \"{name}\""), mend);
    }

    /// Block and tests where they belong.
    fn check_form(&mut self, shape: &Shape, command: &Command) {
        let name = shape.name;
        self.needs(shape.needs, &format!("\"{name}\""), command.span);
        match (shape.block, command.block.is_some()) {
            (true, false) => self.notes.error("syntax", command.span, format!("\"{name}\" needs a block {{ … }}")),
            (false, true) => self.notes.error("syntax", command.span, format!("\"{name}\" takes no block {{ … }}")),
            (true, true) | (false, false) => {}
        }
        let words = match shape.tests {
            Tests::None if !command.tests.is_empty() => format!("\"{name}\" takes no test"),
            Tests::One if command.test_list => format!("\"{name}\" takes one test without parentheses"),
            Tests::One if command.tests.len() != 1 => format!("\"{name}\" needs a test"),
            Tests::List if !command.test_list => format!("\"{name}\" needs a list of tests (…, …)"),
            Tests::None | Tests::One | Tests::List => return,
        };
        self.notes.error("syntax", command.span, words);
    }

    fn given<'c>(&mut self, shape: &'static Shape, command: &'c Command) -> Given<'c> {
        let mut given = Given { span: command.span, tags: Vec::new(), positional: Vec::new() };
        let mut positional = Vec::new();
        let mut arguments = command.arguments.iter();
        while let Some(argument) = arguments.next() {
            let Value::Tag(name) = &argument.value else {
                positional.push(argument);
                continue;
            };
            if !positional.is_empty() {
                let words = format!("\":{name}\" stands behind an argument without tag; tags come first");
                self.notes.error("wrong-argument", argument.span, words);
            }
            let Some(tag) = self.tag(shape, name, argument.span) else { continue };
            let value = match tag.value {
                None => None,
                Some(want) => match arguments.clone().next().filter(|next| is_a(next, want)) {
                    Some(value) => {
                        arguments.next();
                        Some(value)
                    }
                    None => {
                        let words = format!("\":{name}\" needs {} behind it", want_words(want));
                        self.notes.error("missing-argument", argument.span, words);
                        continue;
                    }
                },
            };
            self.add_tag(&mut given, tag, value, argument.span);
        }
        given.positional = self.positional(shape, &positional, command.span);
        given
    }

    fn tag(&mut self, shape: &'static Shape, name: &str, span: Span) -> Option<&'static Tag> {
        let tags = || shape.tags.iter().flat_map(|tags| tags.iter());
        let found = tags().find(|tag| tag.name.eq_ignore_ascii_case(name));
        match found {
            Some(tag) => self.needs(tag.needs, &format!("\":{}\"", tag.name), span),
            None => {
                let known: Vec<String> = tags().map(|tag| format!(":{}", tag.name)).collect();
                let mend = use_nearest(&format!(":{name}"), known.iter().map(String::as_str));
                let words = format!("\"{}\" knows no \":{name}\"", shape.name);
                self.notes.error_with("unknown-tag", span, words, mend);
            }
        }
        found
    }

    fn add_tag<'c>(&mut self, given: &mut Given<'c>, tag: &'static Tag, value: Option<&'c Argument>, span: Span) {
        match given.of_group(tag.group) {
            Some((other, _)) if other == tag.name => {
                self.notes.error("conflicting-tags", span, format!("\":{}\" stands there twice", tag.name));
            }
            Some((other, _)) => {
                let words = format!("\":{}\" and \":{other}\" exclude each other (each is a {})", tag.name, tag.group);
                self.notes.error("conflicting-tags", span, words);
            }
            None => given.tags.push((tag, value, span)),
        }
    }

    fn positional<'c>(&mut self, shape: &Shape, found: &[&'c Argument], span: Span) -> Vec<Option<&'c Argument>> {
        let wants = shape.positional;
        let missing = wants.len().saturating_sub(found.len());
        if found.len() > wants.len() {
            let extra = found.get(wants.len()).map_or(span, |argument| argument.span);
            let words =
                format!("\"{}\" takes {} without tags, here are {}", shape.name, arguments(wants.len()), found.len());
            self.notes.error("too-many-arguments", extra, words);
        }
        let may_miss = usize::from(shape.optional != Optional::None);
        if missing > may_miss {
            let wanted: Vec<&str> = wants.iter().map(|want| want_words(*want)).collect();
            let words = format!("\"{}\" needs {}, here are {}", shape.name, wanted.join(", then "), found.len());
            self.notes.error("missing-argument", span, words);
            return vec![None; wants.len()];
        }
        let mut placed: Vec<Option<&'c Argument>> = found.iter().copied().map(Some).take(wants.len()).collect();
        if missing == 1 {
            placed.insert(if shape.optional == Optional::First { 0 } else { placed.len() }, None);
        }
        for (slot, want) in placed.iter_mut().zip(wants) {
            if let Some(argument) = slot.filter(|argument| !is_a(argument, *want)) {
                let words = format!("\"{}\" needs {} here", shape.name, want_words(*want));
                self.notes.error("wrong-argument", argument.span, words);
                *slot = None;
            }
        }
        placed
    }

    /// One string with its variables.
    pub(super) fn template(&mut self, text: &str, span: Span) -> Template {
        match template::parse(text, &self.required) {
            Ok(template) => {
                self.read_variables(&template, span);
                self.doubt_literal(text, span);
                template
            }
            Err((code, words)) => {
                self.notes.error(code, span, words);
                Template::plain("")
            }
        }
    }

    /// The n-th positional argument as one string; what is missing was told before.
    pub(super) fn text(&mut self, given: &Given<'_>, n: usize) -> Template {
        self.texts(given, n).into_iter().next().unwrap_or_default()
    }

    /// The n-th positional argument as strings.
    pub(super) fn texts(&mut self, given: &Given<'_>, n: usize) -> Texts {
        self.templates(given.argument(n))
    }

    pub(super) fn optional_texts(&mut self, given: &Given<'_>, n: usize) -> Option<Texts> {
        given.argument(n).map(|argument| self.templates(Some(argument)))
    }

    pub(super) fn tag_text(&mut self, given: &Given<'_>, tag: &str) -> Option<Template> {
        given.value(tag).and_then(|argument| self.templates(Some(argument)).into_iter().next())
    }

    pub(super) fn tag_texts(&mut self, given: &Given<'_>, tag: &str) -> Option<Texts> {
        given.value(tag).map(|argument| self.templates(Some(argument)))
    }

    pub(super) fn templates(&mut self, argument: Option<&Argument>) -> Texts {
        argument.map(plain).unwrap_or_default().into_iter().map(|(text, span)| self.template(text, span)).collect()
    }
}

fn is_a(argument: &Argument, want: Want) -> bool {
    match (&argument.value, want) {
        (Value::Number(_), Want::Number) | (Value::Text(_), Want::Text | Want::Texts) => true,
        (Value::List(_), Want::Texts) => true,
        // A list of one string is not a string (RFC 5228 §2.4.2.1 allows only the other way round).
        (Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Tag(_), _) => false,
    }
}

fn want_words(want: Want) -> &'static str {
    match want {
        Want::Number => "a number",
        Want::Text => "a string",
        Want::Texts => "a string or a list of strings",
    }
}

fn arguments(count: usize) -> String {
    if count == 1 { "1 argument".into() } else { format!("{count} arguments") }
}
