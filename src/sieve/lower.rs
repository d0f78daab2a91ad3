//! Writes a script anew where the engine would read its text wrongly, line for line.
//!
//! Does not change what a script means by the standard. Standards: RFC 5228 §2.4.2 (strings), RFC 5229 §3 (variables
//! live to the end of the script; the engine ends them with their block), RFC 6609 §3.4 (`global`).

use super::compile::Mistake;
use super::lex::{Kind, Token};
use std::collections::BTreeSet;

/// The script as the engine shall read it.
///
/// # Errors
/// A string with `${…}` for which the extension is not required: by the standard it is plain text, to the engine never.
pub(super) fn lower(source: &str, tokens: &[Token<'_>]) -> Result<String, Mistake> {
    let required = required(tokens);
    let mut lowered = String::with_capacity(source.len() + 256);
    let mut copied = 0;
    let hoist_at = required.end.filter(|_| required.names.contains("variables"));
    for token in tokens {
        if token.kind == Kind::Quoted || token.kind == Kind::Block {
            check_expansions(token, &required)?;
        }
        if token.kind == Kind::Quoted && engine_misreads(token.text) {
            lowered.push_str(source.get(copied..token.start).unwrap_or_default());
            lowered.push_str(&write_string(token.text));
            copied = token.end;
        }
        if hoist_at == Some(token.end) {
            lowered.push_str(source.get(copied..token.end).unwrap_or_default());
            lowered.push_str(&declarations(tokens));
            copied = token.end;
        }
    }
    lowered.push_str(source.get(copied..).unwrap_or_default());
    Ok(lowered)
}

/// What the script requires, and where the last `require` at its top ends.
struct Required {
    names: BTreeSet<String>,
    end: Option<usize>,
}

fn required(tokens: &[Token<'_>]) -> Required {
    let mut required = Required { names: BTreeSet::new(), end: None };
    let mut rest = tokens;
    while let Some((first, more)) = rest.split_first()
        && first.is_word("require")
        && let Some(end) = more.iter().position(|t| t.is_sign(";"))
    {
        let (names, behind) = more.split_at(end);
        required.names.extend(names.iter().filter(|t| t.kind == Kind::Quoted).map(|t| t.text.to_string()));
        required.end = behind.first().map(|t| t.end);
        rest = behind.get(1..).unwrap_or_default();
    }
    required
}

/// The engine takes `\n`, `\r` and `\t` for controls and loses count of doubled backslashes.
fn engine_misreads(raw: &str) -> bool {
    ["\\\\", "\\n", "\\r", "\\t"].iter().any(|bad| raw.contains(bad))
}

/// The same string in the one spelling that the engine reads rightly.
fn write_string(raw: &str) -> String {
    let mut written = String::from("\"");
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        // RFC 5228 §2.4.2: a backslash before any other character is left out.
        let c = if c == '\\' { chars.next().unwrap_or('\\') } else { c };
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("${hex:5c}"),
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

fn check_expansions(token: &Token<'_>, required: &Required) -> Result<(), Mistake> {
    for (_, behind) in token.text.match_indices("${").filter_map(|(at, _)| token.text.split_at_checked(at + 2)) {
        let Some((inner, _)) = behind.split_once('}') else { continue };
        let lower = inner.to_ascii_lowercase();
        let extension = if lower.starts_with("hex:") || lower.starts_with("unicode:") {
            "encoded-character"
        } else if !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b)) {
            "variables"
        } else {
            continue;
        };
        if !required.names.contains(extension) {
            return Err(Mistake {
                line: token.line,
                column: token.column,
                words: format!("${{{inner}}} needs require \"{extension}\""),
            });
        }
    }
    Ok(())
}

/// `set "x" "";` for each variable that is set inside a block, so that it lives to the end of the script.
fn declarations(tokens: &[Token<'_>]) -> String {
    let mut depth = 0_usize;
    let mut inner = BTreeSet::new();
    let mut global = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let mut arguments = tokens.get(at + 1..).unwrap_or_default().iter();
        if token.is_sign("{") {
            depth += 1;
        } else if token.is_sign("}") {
            depth = depth.saturating_sub(1);
        } else if token.is_word("set") && depth > 0 {
            let name = arguments.find(|t| t.kind != Kind::Tag).filter(|t| t.kind == Kind::Quoted);
            inner.extend(name.map(|t| t.text.to_ascii_lowercase()));
        } else if token.is_word("global") {
            let names = arguments.take_while(|t| !t.is_sign(";")).filter(|t| t.kind == Kind::Quoted);
            global.extend(names.map(|t| t.text.to_ascii_lowercase()));
        }
    }
    let plain = |name: &&String| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    inner.difference(&global).filter(plain).map(|name| format!("set \"{name}\" \"\";")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::lex::tokens;
    use super::*;

    fn check(source: &str, want: Result<&str, &str>) {
        let got = lower(source, &tokens(source)).map_err(|m| m.to_string());
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{source}");
    }

    #[test]
    fn strings_and_variables_are_written_as_the_engine_needs_them() {
        for (source, want) in [
            (r#"fileinto "A";"#, Ok(r#"fileinto "A";"#)),
            (r#"fileinto "x\\";"#, Ok(r#"fileinto "x${hex:5c}";"#)),
            (r#"fileinto "a\nb\"c";"#, Ok(r#"fileinto "anb\"c";"#)),
            (
                "require [\"variables\"];\nif true { set :lower \"N\" \"x\"; set \"g\" \"\"; }\nglobal \"g\";",
                Ok(
                    "require [\"variables\"];set \"n\" \"\";\nif true { set :lower \"N\" \"x\"; set \"g\" \"\"; }\nglobal \"g\";",
                ),
            ),
            ("\n fileinto \"${x}\";", Err("line 2, column 11: ${x} needs require \"variables\"")),
            ("fileinto \"${HEX:41}\";", Err("line 1, column 10: ${HEX:41} needs require \"encoded-character\"")),
            ("# \"${x}\"\nfileinto \"$x {y} ${ }\";", Ok("# \"${x}\"\nfileinto \"$x {y} ${ }\";")),
        ] {
            check(source, want);
        }
    }
}
