//! Just enough reading of Rust for the laws: code without comments, strings and test modules; paths; functions.
//!
//! Not a parser: it counts brackets. What it can't see, a reader must.

/// One source file.
pub(crate) struct Source {
    /// Its path from the project's folder.
    pub(crate) name: String,
    pub(crate) text: String,
    /// The text with comments and the contents of strings blanked, same lines and columns.
    pub(crate) all_code: String,
    /// The same without what stands under `#[cfg(test)]`.
    pub(crate) code: String,
}

/// One function with a body.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let all_code = blank_comments_and_strings(text);
        // `mod tests;` in a file of its own is test code as a whole.
        let is_test = name.starts_with("src/") && (name.ends_with("/tests.rs") || name.contains("/tests/"));
        let code = if is_test { blank(&all_code) } else { blank_tests(&all_code) };
        Self { name: name.to_string(), text: text.to_string(), all_code, code }
    }

    /// The first level below `src`: `mail` for `src/mail/fields.rs`, `deliver` for `src/deliver.rs`.
    pub(crate) fn part(&self) -> String {
        self.name.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_string()
    }

    /// The module's path from the crate's root.
    pub(crate) fn module(&self) -> Vec<String> {
        let stem = self.name.trim_start_matches("src/").trim_end_matches(".rs");
        let mut path: Vec<String> = stem.split('/').map(String::from).collect();
        path.retain(|level| !["mod", "lib", "main"].contains(&level.as_str()));
        path
    }
}

/// All paths that begin with `root::`, as (line, path without the root). `use` trees are spelled out. With root
/// `crate` and a module, `super::…` that leads out to the crate's root counts too.
pub(crate) fn paths(code: &str, root: &str, module: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in starts(code, root) {
        let (leaves, _) = tree(code, at + root.len());
        found.extend(leaves.into_iter().map(|(pos, path)| (line_of(code, pos), path)));
    }
    if !module.is_empty() {
        for at in starts(code, "super") {
            let base = module.len() + inline_depth(code, at);
            let (leaves, _) = tree(code, at + "super".len());
            for (pos, path) in leaves {
                let ups = 1 + path.split("::").take_while(|step| *step == "super").count();
                if ups == base {
                    let rest: Vec<&str> = path.split("::").skip(ups - 1).collect();
                    found.push((line_of(code, pos), rest.join("::")));
                }
            }
        }
    }
    found
}

/// True where the word stands in the line, not as a piece of a longer word.
pub(crate) fn words(line: &str, word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_inner);
        let after = line[at + word.len()..].chars().next().is_some_and(is_inner);
        !(before && word.starts_with(is_inner) || after && word.ends_with(is_inner))
    })
}

/// All functions with a body.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = body_of(code, at) else { continue };
        if let (false, Some(close)) = (name.is_empty(), closing(code, open)) {
            let line = line_of(code, at);
            found.push(Function { name, line, lines: line_of(code, close) - line + 1 });
        }
    }
    found
}

/// Where the body's brace is; none for a declaration that ends with `;`.
fn body_of(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, c) in code[at..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Where the brace that opens at `open` closes.
fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + offset);
        }
    }
    None
}

/// Where `root` begins a path: followed by `::`, not a piece of a longer word or path.
fn starts(code: &str, root: &str) -> Vec<usize> {
    code.match_indices(root)
        .map(|(at, _)| at)
        .filter(|at| {
            let before = code[..*at].trim_end();
            let is_piece = code[..*at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$');
            code[at + root.len()..].trim_start().starts_with("::") && !is_piece && !before.ends_with("::")
        })
        .collect()
}

/// The leaves of the path or `use` tree behind `at` (which is just before `::`), and where it ends.
fn tree(code: &str, at: usize) -> (Vec<(usize, String)>, usize) {
    let bytes = code.as_bytes();
    let mut at = skip_space(bytes, at);
    let mut path = Vec::new();
    let mut here = at;
    while code[at..].starts_with("::") {
        let next = skip_space(bytes, at + 2);
        match bytes.get(next) {
            Some(b'{') => {
                let (leaves, end) = branches(code, next);
                return (leaves.into_iter().map(|(pos, leaf)| (pos, join(&path, &leaf))).collect(), end);
            }
            Some(c) if c.is_ascii_alphabetic() || *c == b'_' || *c == b'*' => {
                let end = word_end(bytes, next);
                path.push(code[next..end].to_string());
                here = next;
                at = skip_space(bytes, end);
            }
            _ => break,
        }
    }
    (vec![(here, path.join("::"))], at)
}

/// The leaves between `{` at `open` and its `}`.
fn branches(code: &str, open: usize) -> (Vec<(usize, String)>, usize) {
    let bytes = code.as_bytes();
    let mut leaves = Vec::new();
    let mut at = skip_space(bytes, open + 1);
    while at < bytes.len() && bytes[at] != b'}' {
        let end = word_end(bytes, at).max(at + 1);
        let head = code[at..end].trim_end_matches(',').to_string();
        let (below, after) = tree(code, end);
        if !head.is_empty() {
            leaves.extend(below.into_iter().map(|(pos, leaf)| (pos, join(std::slice::from_ref(&head), &leaf))));
        }
        at = skip_space(bytes, after);
        while at < bytes.len() && bytes[at] != b',' && bytes[at] != b'}' {
            // `as name`
            at += 1;
        }
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    (leaves, at + 1)
}

fn join(path: &[String], leaf: &str) -> String {
    let head = path.join("::");
    match (head.is_empty(), leaf.is_empty() || leaf == "self") {
        (true, _) => leaf.to_string(),
        (false, true) => head,
        (false, false) => format!("{head}::{leaf}"),
    }
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let is_inner = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_' || *c == b'*';
    at + bytes[at..].iter().take_while(|c| is_inner(c)).count()
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes[at.min(bytes.len())..].iter().take_while(|c| c.is_ascii_whitespace()).count()
}

/// How many `mod name {` stand open at that place.
fn inline_depth(code: &str, at: usize) -> usize {
    module_bodies(code).iter().filter(|(open, close)| *open < at && at < *close).count()
}

/// (opening, closing) brace of every inline module.
fn module_bodies(code: &str) -> Vec<(usize, usize)> {
    let mut bodies = Vec::new();
    for (at, _) in code.match_indices("mod ") {
        let is_piece = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let name_end = word_end(code.as_bytes(), skip_space(code.as_bytes(), at + 4));
        let open = skip_space(code.as_bytes(), name_end);
        if !is_piece && code.as_bytes().get(open) == Some(&b'{') {
            bodies.extend(closing(code, open).map(|close| (open, close)));
        }
    }
    bodies
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Blanks every item behind `#[cfg(test)]`: a module, a function or a `use`.
fn blank_tests(code: &str) -> String {
    let mut out = code.to_string();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let end = match body_of(code, at + "#[cfg(test)]".len()) {
            Some(open) => closing(code, open),
            None => code[at..].find(';').map(|offset| at + offset),
        };
        let end = end.unwrap_or(code.len() - 1);
        out.replace_range(at..=end, &blank(&code[at..=end]));
    }
    out
}

/// Spaces instead of everything but line ends, as many bytes as before.
fn blank(text: &str) -> String {
    text.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect()
}

/// What stands at the begin of this text and is no code: its length, or 0.
fn no_code(text: &str) -> usize {
    let line = text.find('\n').unwrap_or(text.len());
    if text.starts_with("//") {
        return line;
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let raw = text.strip_prefix('b').unwrap_or(text);
    if let Some(hashes) = raw.strip_prefix('r').map(|rest| rest.len() - rest.trim_start_matches('#').len())
        && raw[1 + hashes..].starts_with('"')
    {
        let end = format!("\"{}", "#".repeat(hashes));
        let begin = text.len() - raw.len() + 2 + hashes;
        return text[begin..].find(&end).map_or(text.len(), |at| begin + at + end.len());
    }
    match text.as_bytes() {
        [b'"', ..] => quoted(text, 1),
        [b'b', b'"', ..] => quoted(text, 2),
        // A character, not a lifetime.
        [b'\'', b'\\', ..] => text[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 3),
        [b'\'', ..] => {
            let mut chars = text.char_indices().skip(2);
            chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        _ => 0,
    }
}

/// The length of a string whose contents begin at `from`.
fn quoted(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn blank_comments_and_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let before = out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        // `r` and `b` inside a word begin no string.
        let length = if before && c.is_alphanumeric() { 0 } else { no_code(&text[at..]) };
        if length > 0 {
            out.push_str(&blank(&text[at..at + length]));
            at += length;
        } else if c.is_ascii() {
            out.push(c);
            at += 1;
        } else {
            out.push_str(&" ".repeat(c.len_utf8()));
            at += c.len_utf8();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_no_code() {
        for (text, left) in [
            ("a // b", "a     "),
            ("a /* b */ c", "a         c"),
            ("f(\"x\\\"y\") z", "f(      ) z"),
            ("r#\"a\"b\"# c", "         c"),
            ("for 'x' in", "for     in"),
            ("'\\'' a", "     a"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("b\"x\" br\"y\" bar", "           bar"),
            ("'\"' a", "    a"),
        ] {
            assert_eq!(blank_comments_and_strings(text), left, "{text}");
        }
    }

    #[test]
    fn paths_of_trees_are_spelled_out_with_their_lines() {
        let text = "use crate::{\n    a::{self, B, c::D as E},\n    f,\n};\nlet x = crate::g::h(1);\nuse crate::i::*;";
        let want = [(2, "a"), (2, "a::B"), (2, "a::c::D"), (3, "f"), (5, "g::h"), (6, "i::*")];
        assert_eq!(paths(text, "crate", &[]), want.map(|(line, path)| (line, path.to_string())));
    }

    #[test]
    fn functions_are_counted_from_fn_to_brace() {
        let text =
            "trait T {\n    fn no_body(&self);\n}\nfn a(x: [u8; 2])\nwhere\n    X: Y,\n{\n    if b {\n    }\n}\n";
        let found: Vec<(String, usize, usize)> =
            functions(text).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("a".to_string(), 4, 7)]);
    }
}
