//! Strings of a script: encoded characters, variables, match values; taken apart once, put together at each run.
//!
//! Does not know what variables hold. Standards: RFC 5228 §2.4.2.4, RFC 5229 §3 and §6, RFC 5183 §3.

use super::extensions::Required;
use crate::limits::{SCRIPT_MATCH_VALUES_MAX, SCRIPT_VARIABLE_NAME_BYTES_MAX};

/// One string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(pub(super) Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Variable(VariableName),
    /// `${1}`
    Match(usize),
}

/// Whose variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum VariableName {
    /// Lower case.
    Own(String),
    /// `global.x` (RFC 6609 §3.4.2); lower case.
    Global(String),
    /// `env.x` (vnd.dovecot.environment); lower case.
    Environment(String),
}

impl Template {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// As it was written, with its references.
    pub(super) fn source(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(VariableName::Own(name)) => format!("${{{name}}}"),
            Piece::Variable(VariableName::Global(name)) => format!("${{global.{name}}}"),
            Piece::Variable(VariableName::Environment(name)) => format!("${{env.{name}}}"),
            Piece::Match(n) => format!("${{{n}}}"),
        };
        self.0.iter().map(piece).collect()
    }

    /// The text, where it is the same at each run.
    pub(super) fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Takes a string apart, as far as the script's extensions go; what they don't cover stays as it is.
///
/// # Errors
/// (code, sentence): an encoded character that is none, a namespace or match value that is not there.
pub(super) fn parse(text: &str, required: &Required) -> Result<Template, (&'static str, String)> {
    let decoded;
    let text = if required.has("encoded-character") {
        decoded = decode_characters(text)?;
        decoded.as_str()
    } else {
        text
    };
    if !required.has("variables") {
        return Ok(Template::plain(text));
    }
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        plain.push_str(before);
        let inner = behind.get(2..).and_then(|behind| behind.split_once('}')).map(|(inner, _)| inner);
        match inner.map(reference).transpose()?.flatten() {
            Some(piece) => {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                check_namespace(&piece, required)?;
                pieces.push(piece);
                rest = behind.get(3 + inner.map_or(0, str::len)..).unwrap_or_default();
            }
            // RFC 5229 §3: what is no reference stays as it is.
            None => {
                plain.push_str("${");
                rest = behind.get(2..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(Template(pieces))
}

/// What stands between `${` and `}`; `None` where that is no reference.
fn reference(inner: &str) -> Result<Option<Piece>, (&'static str, String)> {
    if !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_digit()) {
        return match inner.parse() {
            Ok(number) if number <= SCRIPT_MATCH_VALUES_MAX => Ok(Some(Piece::Match(number))),
            _ => Err(("bad-variable", format!("${{{inner}}}: match values go up to ${{{SCRIPT_MATCH_VALUES_MAX}}}"))),
        };
    }
    if !inner.split('.').all(is_identifier) {
        return Ok(None);
    }
    variable(inner).map(|name| Some(Piece::Variable(name)))
}

/// Reads the name of a variable, as `set` takes it.
///
/// # Errors
/// (code, sentence)
pub(super) fn variable(name: &str) -> Result<VariableName, (&'static str, String)> {
    let lower = name.to_ascii_lowercase();
    if lower.len() > SCRIPT_VARIABLE_NAME_BYTES_MAX {
        let words = format!("the name of a variable has at most {SCRIPT_VARIABLE_NAME_BYTES_MAX} octets");
        return Err(("bad-variable", words));
    }
    if !lower.split('.').all(is_identifier) {
        return Err(("bad-variable", format!("{name:?} can't be the name of a variable")));
    }
    match lower.split_once('.') {
        None => Ok(VariableName::Own(lower)),
        Some(("global", rest)) if is_identifier(rest) => Ok(VariableName::Global(rest.into())),
        Some(("env" | "environment", rest)) => Ok(VariableName::Environment(rest.into())),
        Some((space, _)) => Err(("bad-variable", format!("{name:?}: there is no namespace {space:?}"))),
    }
}

/// RFC 5229 §3: namespaces need their extension.
pub(super) fn check_namespace(piece: &Piece, required: &Required) -> Result<(), (&'static str, String)> {
    let (needs, space) = match piece {
        Piece::Variable(VariableName::Global(_)) => ("include", "global"),
        Piece::Variable(VariableName::Environment(_)) => ("vnd.dovecot.environment", "env"),
        Piece::Text(_) | Piece::Match(_) | Piece::Variable(VariableName::Own(_)) => return Ok(()),
    };
    if required.has(needs) {
        return Ok(());
    }
    Err(("missing-require", format!("the namespace {space:?} needs require \"{needs}\"")))
}

pub(super) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `${hex:40 41}` and `${unicode:40}`.
fn decode_characters(text: &str) -> Result<String, (&'static str, String)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        bytes.extend_from_slice(before.as_bytes());
        let inner = behind.get(2..).and_then(|behind| behind.split_once('}')).map(|(inner, _)| inner);
        let decoded = inner.and_then(|inner| inner.split_once(':')).map(|(kind, digits)| {
            if kind.eq_ignore_ascii_case("hex") {
                Ok(octets(digits))
            } else if kind.eq_ignore_ascii_case("unicode") {
                characters(digits)
            } else {
                Ok(None)
            }
        });
        match decoded.transpose()?.flatten() {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = behind.get(3 + inner.map_or(0, str::len)..).unwrap_or_default();
            }
            None => {
                bytes.extend_from_slice(b"${");
                rest = behind.get(2..).unwrap_or_default();
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| ("syntax", "the octets of ${hex:…} are no UTF-8 (RFC 5228 §2.4.2.4)".into()))
}

/// `None` where these are no pairs of hexadecimal digits with white space between.
fn octets(digits: &str) -> Option<Vec<u8>> {
    let words: Vec<&str> = digits.split_ascii_whitespace().collect();
    if words.is_empty() || words.iter().any(|word| word.len() > 2) {
        return None;
    }
    words.into_iter().map(|word| u8::from_str_radix(word, 16).ok()).collect()
}

/// `None` where these are no hexadecimal numbers.
fn characters(digits: &str) -> Result<Option<Vec<u8>>, (&'static str, String)> {
    let words: Vec<&str> = digits.split_ascii_whitespace().collect();
    if words.is_empty() || !words.iter().all(|word| word.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Ok(None);
    }
    let mut text = String::new();
    for word in words {
        let c = u32::from_str_radix(word, 16).ok().and_then(char::from_u32);
        text.push(c.ok_or_else(|| ("syntax", format!("${{unicode:{word}}} is no character of Unicode")))?);
    }
    Ok(Some(text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::extensions;
    use super::*;

    fn required(names: &[&str]) -> Required {
        let mut required = Required::default();
        names.iter().for_each(|name| required.add(extensions::find(name).unwrap()));
        required
    }

    #[test]
    fn only_what_is_required_is_expanded() {
        for (text, names, want) in [
            ("${hex:41}${x}", &[][..], "${hex:41}${x}"),
            ("${hex:41 42}|${HEX: 43 }", &["encoded-character"], "AB|C"),
            ("${unicode:e9}${hex:zz}${hex:}${hex:4", &["encoded-character"], "é${hex:zz}${hex:}${hex:4"),
            ("${hex:c3 a9}", &["encoded-character"], "é"),
            ("$${hex:41}{x", &["encoded-character"], "$A{x"),
        ] {
            assert_eq!(parse(text, &required(names)).unwrap().constant(), Some(want), "{text}");
        }
        assert!(parse("${unicode:d800}", &required(&["encoded-character"])).is_err());
        assert!(parse("${hex:ff}", &required(&["encoded-character"])).is_err());
    }

    #[test]
    fn references_are_taken_apart() {
        let all = required(&["variables", "encoded-character", "include"]);
        let own = |name: &str| Piece::Variable(VariableName::Own(name.into()));
        let text = |text: &str| Piece::Text(text.into());
        for (source, want) in [
            ("a${X}b${1}", vec![text("a"), own("x"), text("b"), Piece::Match(1)]),
            ("${01}", vec![Piece::Match(1)]),
            ("${a b}${${x}}", vec![text("${a b}${"), own("x"), text("}")]),
            ("${hex:24}{x}", vec![own("x")]),
            ("${global.G}", vec![Piece::Variable(VariableName::Global("g".into()))]),
            ("${", vec![text("${")]),
            ("", vec![text("")]),
        ] {
            assert_eq!(parse(source, &all).unwrap().0, want, "{source}");
        }
        for bad in ["${99}", "${foo.bar}", "${env.x}"] {
            assert!(parse(bad, &all).is_err(), "{bad}");
        }
    }
}
