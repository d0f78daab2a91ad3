//! Variables: reading, writing, modifiers.
//!
//! Standards: RFC 5229 §3 and §4, RFC 6609 §3.4 (global), vnd.dovecot.environment. *Reading:* letters change their case
//! in ASCII alone (RFC 5229 §4.1 leaves the rest open), as in Pigeonhole.

use super::super::program::Modifier;
use super::super::reply::notify;
use super::super::template::{Piece, Template, VariableName};
use super::Run;

impl Run<'_> {
    /// The string with its variables in their places.
    pub(super) fn expand(&self, template: &Template) -> String {
        if let Some(text) = template.constant() {
            return text.to_string();
        }
        let mut out = String::new();
        for piece in &template.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(name) => out.push_str(&self.variable(name)),
                Piece::Match(n) => {
                    let matches = self.scopes.last().map(|scope| &scope.matches);
                    out.push_str(matches.and_then(|found| found.get(*n)).map_or("", String::as_str));
                }
            }
        }
        out
    }

    pub(super) fn expand_all(&self, templates: &[Template]) -> Vec<String> {
        templates.iter().map(|template| self.expand(template)).collect()
    }

    /// Empty where it was never set.
    pub(super) fn variable(&self, name: &VariableName) -> String {
        let own = |name: &String| {
            let scope = self.scopes.last()?;
            if scope.bound.contains(name) { self.globals.get(name) } else { scope.variables.get(name) }
        };
        match name {
            VariableName::Own(name) => own(name).cloned().unwrap_or_default(),
            VariableName::Global(name) => self.globals.get(name).cloned().unwrap_or_default(),
            VariableName::Environment(name) => self.environment(name).unwrap_or_default(),
        }
    }

    pub(super) fn set(&mut self, name: &VariableName, modifiers: &[Modifier], value: String) {
        let mut value = modifiers.iter().fold(value, |value, modifier| modified(value, *modifier));
        cut(&mut value, self.request.options.variable_bytes_max);
        match name {
            VariableName::Own(name) => {
                let Some(scope) = self.scopes.last_mut() else { return };
                let values = if scope.bound.contains(name) { &mut self.globals } else { &mut scope.variables };
                values.insert(name.clone(), value);
            }
            VariableName::Global(name) => {
                self.globals.insert(name.clone(), value);
            }
            // The checker refuses to write these.
            VariableName::Environment(_) => {}
        }
    }

    pub(super) fn bind_globals(&mut self, names: &[String]) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.bound.extend(names.iter().cloned());
        }
    }
}

/// RFC 5229 §4.1, RFC 5435 §6 (`:encodeurl`), draft-ietf-sieve-regex (`:quoteregex`).
fn modified(value: String, modifier: Modifier) -> String {
    let first = |change: fn(&mut str)| {
        let mut value = value.clone();
        let end = value.chars().next().map_or(0, char::len_utf8);
        if let Some(first) = value.get_mut(..end) {
            change(first);
        }
        value
    };
    match modifier {
        Modifier::Lower => value.to_ascii_lowercase(),
        Modifier::Upper => value.to_ascii_uppercase(),
        Modifier::LowerFirst => first(str::make_ascii_lowercase),
        Modifier::UpperFirst => first(str::make_ascii_uppercase),
        Modifier::QuoteWildcard => escaped(&value, "*?\\"),
        Modifier::QuoteRegex => escaped(&value, "\\.+*?()[]{}^$|"),
        Modifier::EncodeUrl => notify::encode_url(&value),
        Modifier::Length => value.chars().count().to_string(),
    }
}

fn escaped(value: &str, signs: &str) -> String {
    value.chars().flat_map(|c| signs.contains(c).then_some('\\').into_iter().chain([c])).collect()
}

/// At most so many octets, without half a character.
pub(super) fn cut(value: &mut String, bytes_max: usize) {
    if value.len() > bytes_max {
        let end = (0..=bytes_max).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
        value.truncate(end);
    }
}
