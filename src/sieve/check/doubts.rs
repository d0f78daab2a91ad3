//! What is legal but hardly meant: warnings that prevent accidents.
//!
//! A script with warnings runs as it is written. Each doubt says what will happen, so that people can decide.

use super::super::address;
use super::super::extensions;
use super::super::notes::{Span, use_nearest};
use super::super::parse::{Argument, Command};
use super::super::program::{AddressPart, Comparator, How, MatchType, Texts};
use super::super::template::{Piece, Template, VariableName};
use super::Checker;
use super::arguments::{Given, plain};
use crate::limits::{SCRIPT_SLOW_KEYS, SCRIPT_SLOW_WILDCARDS};
use crate::plan::{Flags, FolderName};
use std::collections::BTreeSet;

/// Which variables are written and read.
#[derive(Default)]
pub(super) struct Variables {
    written: BTreeSet<String>,
    read: Vec<(String, Span)>,
    /// Others may write, too: included scripts.
    pub(super) unknown: bool,
}

impl Variables {
    pub(super) fn set(&mut self, name: &str) {
        self.written.insert(name.to_string());
    }
}

impl Checker<'_, '_> {
    pub(super) fn read_variables(&mut self, template: &Template, span: Span) {
        for piece in &template.0 {
            if let Piece::Variable(VariableName::Own(name)) = piece {
                self.variables.read.push((name.clone(), span));
            }
        }
    }

    pub(super) fn doubt_variables(&mut self) {
        let read = std::mem::take(&mut self.variables.read);
        for (name, span) in read {
            if !self.variables.unknown && !self.variables.written.contains(&name) {
                let mend = use_nearest(&name, self.variables.written.iter().map(String::as_str));
                let words = format!("nothing sets the variable \"{name}\"; it is always empty");
                self.notes.warning("unset-variable", span, words, mend);
            }
        }
    }

    /// `${x}` without the extension that gives it a meaning.
    pub(super) fn doubt_literal(&mut self, text: &str, span: Span) {
        let Some((inner, _)) = text.split_once("${").and_then(|(_, rest)| rest.split_once('}')) else { return };
        let lower = inner.to_ascii_lowercase();
        let name = |b: u8| b.is_ascii_alphanumeric() || b"_.".contains(&b);
        let extension = if lower.starts_with("hex:") || lower.starts_with("unicode:") {
            "encoded-character"
        } else if !inner.is_empty() && inner.bytes().all(name) {
            "variables"
        } else {
            return;
        };
        if !self.required.has(extension) {
            let words = format!("\"${{{inner}}}\" stands for itself without require \"{extension}\"");
            self.notes.warning("literal-reference", span, words, Some(format!("add require \"{extension}\"")));
        }
    }

    pub(super) fn doubt_requires(&mut self) {
        // Comparators and strings use these in ways that no command shows.
        let silent = ["variables", "encoded-character", "ihave"];
        for (name, span, used) in std::mem::take(&mut self.requires) {
            if !used && extensions::find(&name).is_some() && !silent.contains(&name.as_str()) {
                let words = format!("nothing in this script uses the extension \"{name}\"");
                self.notes.warning("unused-require", span, words, Some("leave it out".into()));
            }
        }
    }

    /// RFC 5228 §4.4: `discard` only takes the implicit keep away.
    pub(super) fn doubt_discard(&mut self, commands: &[Command]) {
        let Some(at) = commands.iter().position(|c| c.name.eq_ignore_ascii_case("discard")) else { return };
        let follows = commands.get(at + 1).filter(|next| {
            ["if", "fileinto", "keep", "redirect"].iter().any(|name| next.name.eq_ignore_ascii_case(name))
        });
        if let (Some(discard), Some(next)) = (commands.get(at), follows) {
            let words = format!(
                "\"discard\" does not end the script: the \"{}\" behind it still runs and may bring the message back",
                next.name
            );
            self.notes.warning("discard-goes-on", discard.span, words, Some("add \"stop;\" behind it".into()));
        }
    }

    pub(super) fn doubt_include(&mut self, name: &str, global: bool, optional: bool, span: Span) {
        let Some(known) = self.question.scripts.as_ref().filter(|_| !optional && !global) else { return };
        if !known.iter().any(|known| known == name) {
            let words = format!("there is no script \"{name}\" yet; without it every message goes to the inbox");
            let mend = use_nearest(name, known.iter().map(String::as_str));
            self.notes.warning("missing-include", span, words, mend);
        }
    }

    /// Folders that are not there.
    pub(super) fn doubt_folders(&mut self, given: &Given<'_>, n: usize) {
        let Some(folders) = self.question.folders.clone() else { return };
        for (text, span) in given.plain_texts(n) {
            let Some(name) = FolderName::parse(text).ok().filter(|_| !text.contains("${")) else { continue };
            let shown = name.to_string();
            if !name.is_inbox() && !folders.contains(&shown) {
                let mend = use_nearest(&shown, folders.iter().map(String::as_str));
                let words = format!("there is no folder \"{shown}\" yet; it is made when a message is filed into it");
                self.notes.warning("unknown-folder", span, words, mend);
            }
        }
    }

    /// `header` compares whole fields, with display names and comments.
    pub(super) fn doubt_address(&mut self, given: &Given<'_>, fields: &Texts, keys: &Texts, how: &How) {
        let what = match how.match_type {
            MatchType::Is => {
                "\"header :is\" compares the whole field, \"Anna <a@b>\": an address alone is rarely all of it"
            }
            MatchType::Contains => "\"header :contains\" finds the address in display names and longer addresses, too",
            MatchType::Matches | MatchType::Regex | MatchType::Count(_) | MatchType::Value(_) | MatchType::List => {
                return;
            }
        };
        let is_address = |text: &str| !text.contains(char::is_whitespace) && address::parse_one(text).is_ok();
        let names = ["from", "to", "cc", "sender", "reply-to"];
        let holds_addresses = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let any = |texts: &Texts, is: &dyn Fn(&str) -> bool| texts.iter().any(|text| text.constant().is_some_and(is));
        if any(fields, &holds_addresses) && any(keys, &is_address) {
            self.notes.warning("use-address", given.span, what, Some("use the test \"address\"".into()));
        }
    }

    pub(super) fn doubt_redirect(&mut self, given: &Given<'_>) {
        let own = |text: &str| self.question.addresses.iter().any(|address| address.eq_ignore_ascii_case(text));
        if let Some((text, span)) = given.plain_texts(0).first()
            && own(text)
        {
            let words = format!("{text:?} is your own address: the message would come back, and is kept instead");
            self.notes.warning("redirect-to-self", *span, words, Some("use \"keep\"".into()));
        }
    }

    pub(super) fn doubt_vacation(&mut self, given: &Given<'_>) {
        if given.value("addresses").is_none() && self.question.addresses.len() != 1 {
            let words = "\"vacation\" answers only what is addressed to your main address; other addresses of yours get no answer";
            let mend = Some("name them: :addresses [\"…\", \"…\"]".to_string());
            self.notes.warning("vacation-addresses", given.span, words, mend);
        }
        for (text, span) in given.value("addresses").map(plain).unwrap_or_default() {
            if !text.contains("${")
                && let Err(why) = address::parse_one(text)
            {
                self.notes.warning(
                    "bad-address",
                    span,
                    format!("{text:?} is no address ({why}); it is left out"),
                    None,
                );
            }
        }
        if given.number("days") == Some(0) {
            self.notes.warning(
                "bad-number",
                given.span,
                "\":days 0\" is taken for the shortest period that is allowed",
                None,
            );
        }
    }

    pub(super) fn doubt_flags(&mut self, flags: Option<&Argument>) {
        for (text, span) in flags.map(plain).unwrap_or_default() {
            for flag in text.split_ascii_whitespace().filter(|flag| flag.starts_with('\\') && !flag.contains("${")) {
                if Flags::from_names([flag]) == Flags::default() {
                    let known = ["\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen"];
                    let words = format!("{flag:?} is no flag of messages; it is left out");
                    self.notes.warning("bad-flag", span, words, use_nearest(flag, known));
                }
            }
        }
    }

    /// Keys that no value of a header field can equal, and patterns.
    pub(super) fn doubt_keys(&mut self, given: &Given<'_>, n: usize, keys: &Texts, how: &How) {
        for ((_, span), key) in given.plain_texts(n).into_iter().zip(keys) {
            let Some(key) = key.constant().filter(|_| how.match_type == MatchType::Is) else { continue };
            if key != key.trim() || key.contains(['\r', '\n']) {
                // RFC 5228 §5.7: leading and trailing white space is not compared.
                let words = format!("{key:?} is never equal to a field: white space around the value is cut away");
                self.notes.warning("never-matches", span, words, None);
            }
        }
        self.doubt_slow(given, n, keys, how);
    }

    pub(super) fn doubt_address_keys(&mut self, given: &Given<'_>, keys: &Texts, how: &How, part: AddressPart) {
        let part_only = !matches!(part, AddressPart::All);
        for ((_, span), key) in given.plain_texts(1).into_iter().zip(keys) {
            let Some(key) = key.constant().filter(|_| how.match_type == MatchType::Is) else { continue };
            if part_only && key.contains('@') && !key.starts_with('"') {
                let words = format!("{key:?} is never equal to one part of an address, which has no \"@\"");
                self.notes.warning("never-matches", span, words, Some("leave out the address part".into()));
            }
        }
        self.doubt_slow(given, 1, keys, how);
    }

    pub(super) fn doubt_date_keys(&mut self, given: &Given<'_>, n: usize, part: &str, keys: &Texts, how: &How) {
        let digits = match part.to_ascii_lowercase().as_str() {
            "year" => 4,
            "month" | "day" | "hour" | "minute" | "second" => 2,
            "weekday" => 1,
            _ => return,
        };
        for ((_, span), key) in given.plain_texts(n).into_iter().zip(keys) {
            let Some(key) = key.constant().filter(|_| how.match_type == MatchType::Is) else { continue };
            let fits = key.len() == digits && key.bytes().all(|b| b.is_ascii_digit());
            if !fits && how.comparator != Comparator::AsciiNumeric {
                let words = format!("\"{part}\" has {digits} digits: {key:?} is never equal to it");
                self.notes.warning("never-matches", span, words, None);
            }
        }
        self.doubt_slow(given, n, keys, how);
    }

    /// Patterns that take long, or that can't be read.
    pub(super) fn doubt_slow(&mut self, given: &Given<'_>, n: usize, keys: &Texts, how: &How) {
        self.check_regexes(given, n, keys, how);
        let spans = given.plain_texts(n);
        if spans.len() > SCRIPT_SLOW_KEYS
            && let Some((_, span)) = spans.first()
        {
            let words = format!("{} keys are compared one by one; a message that takes too long is kept", spans.len());
            self.notes.warning("slow-pattern", *span, words, None);
        }
        for ((_, span), key) in spans.into_iter().zip(keys) {
            let wildcards = key.constant().map_or(0, |key| key.matches('*').count());
            if how.match_type == MatchType::Matches && wildcards > SCRIPT_SLOW_WILDCARDS {
                let words = format!("a pattern with {wildcards} \"*\" takes long on large messages");
                self.notes.warning("slow-pattern", span, words, None);
            }
        }
    }
}
