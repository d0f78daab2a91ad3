//! Actions: what each wants done, from its arguments.
//!
//! Standards: RFC 5228 §4, RFC 5230 (vacation), RFC 5232 (flags), RFC 5293 (editheader), RFC 5429 (reject), RFC 5435
//! (notify), RFC 5229 §4 (set).

use super::super::notes::use_nearest;
use super::super::parse::Command;
use super::super::program::{Act, Modifier, Vacation};
use super::super::template::{self, VariableName};
use super::Checker;
use super::arguments::Given;
use super::values;

impl Checker<'_, '_> {
    /// `None` where the command is unknown or its arguments are not to be read.
    pub(super) fn action(&mut self, name: &str, command: &Command) -> Option<Act> {
        let given = self.given_command(command);
        let Some(given) = given else {
            // What stands inside of an unknown command may have errors of its own.
            self.block(command.block.as_deref().unwrap_or_default());
            return None;
        };
        Some(match name {
            "keep" => Act::Keep { flags: self.tag_texts(&given, "flags") },
            "discard" => Act::Discard,
            "fileinto" => self.fileinto(&given),
            "redirect" => {
                self.check_address(given.argument(0), "the address of \"redirect\"");
                self.doubt_redirect(&given);
                Act::Redirect { address: self.text(&given, 0), copy: given.has("copy") }
            }
            "reject" | "ereject" => Act::Reject { reason: self.text(&given, 0), extended: name == "ereject" },
            "vacation" => self.vacation(&given),
            "notify" => self.notify(&given),
            "setflag" | "addflag" | "removeflag" => self.flags(name, &given),
            "set" => {
                let value = self.text(&given, 1);
                Act::Set { variable: self.variable(&given)?, modifiers: modifiers(&given), value }
            }
            "extracttext" => {
                if self.loops.is_empty() {
                    self.notes.error("syntax", given.span, "\"extracttext\" must stand inside of a \"foreverypart\"");
                }
                self.needs("variables", "\"extracttext\"", given.span);
                let (modifiers, first) = (modifiers(&given), given.number("first"));
                Act::ExtractText { variable: self.variable(&given)?, modifiers, first }
            }
            "error" => Act::Error { words: self.text(&given, 0) },
            "debug_log" => Act::DebugLog { words: self.text(&given, 0) },
            "addheader" => {
                self.check_new_field(&given);
                let (field, value) = (self.text(&given, 0), self.text(&given, 1));
                Act::AddHeader { field, value, last: given.has("last") }
            }
            "deleteheader" => self.delete_header(&given),
            // All others are control structures, which are read elsewhere.
            _ => return None,
        })
    }

    fn fileinto(&mut self, given: &Given<'_>) -> Act {
        self.check_folder(given);
        if given.value("specialuse").is_none() && !given.has("create") {
            self.doubt_folders(given, 0);
        }
        if let Some((name, span)) = given.plain_tag("specialuse")
            && !name.contains("${")
            && !name.starts_with('\\')
        {
            let words = format!("{name:?} is no special use; these begin with a backslash, as \"\\\\Junk\"");
            self.notes.error_with(
                "bad-flag",
                span,
                words,
                use_nearest(&format!("\\{name}"), values::SPECIAL_USES.iter().copied()),
            );
        }
        Act::FileInto {
            folder: self.text(given, 0),
            flags: self.tag_texts(given, "flags"),
            copy: given.has("copy"),
            create: given.has("create"),
            special_use: self.tag_text(given, "specialuse"),
        }
    }

    fn vacation(&mut self, given: &Given<'_>) -> Act {
        self.check_address(given.value("from"), "the address of \":from\"");
        self.doubt_vacation(given);
        let days = given.number("days").map(|days| days.saturating_mul(86_400));
        let (subject, from, handle) =
            (self.tag_text(given, "subject"), self.tag_text(given, "from"), self.tag_text(given, "handle"));
        Act::Vacation(Box::new(Vacation {
            reason: self.text(given, 0),
            seconds: given.number("seconds").or(days),
            subject,
            from,
            addresses: self.tag_texts(given, "addresses").unwrap_or_default(),
            handle,
            mime: given.has("mime"),
        }))
    }

    fn notify(&mut self, given: &Given<'_>) -> Act {
        self.check_address(given.value("from"), "the address of \":from\"");
        if let Some((importance, span)) = given.plain_tag("importance")
            && !importance.contains("${")
            && !["1", "2", "3"].contains(&importance)
        {
            self.notes.error(
                "wrong-argument",
                span,
                format!("\":importance\" is \"1\", \"2\" or \"3\", not {importance:?}"),
            );
        }
        self.check_options(given);
        self.check_method(given);
        let (from, importance, message) =
            (self.tag_text(given, "from"), self.tag_text(given, "importance"), self.tag_text(given, "message"));
        Act::Notify { method: self.text(given, 0), from, importance, message }
    }

    fn flags(&mut self, name: &str, given: &Given<'_>) -> Act {
        self.check_flag_variables(given);
        let variable = self.optional_texts(given, 0).and_then(|texts| texts.into_iter().next());
        if let Some((name, _)) = given.plain_texts(0).first() {
            self.variables.set(&name.to_ascii_lowercase());
        }
        self.doubt_flags(given.argument(1));
        let flags = self.texts(given, 1);
        match name {
            "setflag" => Act::SetFlag { variable, flags },
            "addflag" => Act::AddFlag { variable, flags },
            _ => Act::RemoveFlag { variable, flags },
        }
    }

    fn delete_header(&mut self, given: &Given<'_>) -> Act {
        self.check_old_field(given);
        let how = self.how(given);
        let index = self.index(given);
        let field = self.text(given, 0);
        Act::DeleteHeader { field, index, patterns: self.optional_texts(given, 1), how }
    }

    /// The variable that `set` and `extracttext` write.
    fn variable(&mut self, given: &Given<'_>) -> Option<VariableName> {
        let (name, span) = given.plain_texts(0).first().copied()?;
        match template::variable(name) {
            Ok(VariableName::Environment(_)) => {
                self.notes.error("bad-variable", span, format!("{name:?} can only be read"));
                None
            }
            Ok(variable) => {
                let piece = template::Piece::Variable(variable.clone());
                if let Err((code, words)) = template::check_namespace(&piece, &self.required) {
                    self.notes.error(code, span, words);
                }
                self.variables.set(&name.to_ascii_lowercase());
                Some(variable)
            }
            Err((code, words)) => {
                self.notes.error(code, span, words);
                None
            }
        }
    }
}

/// In the order in which they are applied (RFC 5229 §4.1: the highest precedence first).
fn modifiers(given: &Given<'_>) -> Vec<Modifier> {
    [
        ("lower", Modifier::Lower),
        ("upper", Modifier::Upper),
        ("lowerfirst", Modifier::LowerFirst),
        ("upperfirst", Modifier::UpperFirst),
        ("quotewildcard", Modifier::QuoteWildcard),
        ("quoteregex", Modifier::QuoteRegex),
        ("encodeurl", Modifier::EncodeUrl),
        ("length", Modifier::Length),
    ]
    .into_iter()
    .filter(|(tag, _)| given.has(tag))
    .map(|(_, modifier)| modifier)
    .collect()
}
