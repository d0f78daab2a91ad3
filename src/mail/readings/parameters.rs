//! A field value with parameters, read loosely: every parameter of a name counts, comments don't.
//!
//! Does not decode charsets. Standards: RFC 2045 §5.1, RFC 2231.

use super::boundaries::encoded_word;

/// A value such as `multipart/mixed; boundary=x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// Before the first semicolon, lower case, comments and white space left out.
    pub(super) word: String,
    /// Names in lower case, as written otherwise (`filename*0*`), in their order.
    parameters: Vec<(String, String)>,
}

/// Parameters that are read of one field; real ones have under 30.
const PARAMETERS_MAX: usize = 200;

/// Reads a value.
pub(super) fn read(field: &[u8]) -> Value {
    let text = without_comments(&String::from_utf8_lossy(field));
    let mut pieces = split(&text).into_iter();
    let first = pieces.next().unwrap_or_default();
    let word = first.chars().filter(|c| !c.is_whitespace() && *c != '\0').flat_map(char::to_lowercase).collect();
    let parameters = pieces
        .filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            let value = value.trim();
            let inner = value.strip_prefix('"').map_or(value, |inner| inner.split('"').next().unwrap_or_default());
            Some((name.trim().to_lowercase(), inner.to_string()))
        })
        .take(PARAMETERS_MAX)
        .collect();
    Value { word, parameters }
}

/// Pieces between semicolons that stand in no quotes.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut is_quoted = false;
    for c in text.chars() {
        is_quoted ^= c == '"';
        match pieces.last_mut() {
            Some(piece) if c != ';' || is_quoted => piece.push(c),
            Some(_) | None => pieces.push(String::new()),
        }
    }
    pieces
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut is_quoted) = (0_usize, false);
    for c in text.chars() {
        match c {
            '"' if depth == 0 => {
                is_quoted = !is_quoted;
                out.push(c);
            }
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth > 0 => depth -= 1,
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    // A comment that nobody closes is none.
    if depth > 0 { text.to_string() } else { out }
}

impl Value {
    /// True for `type/subtype` of the letters that RFC 2045 allows.
    pub(super) fn is_type(&self) -> bool {
        let is_token = |token: &str| {
            !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
        };
        self.word.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.word.starts_with("multipart")
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.parameters.iter().filter_map(move |(written, value)| {
            let behind = written.strip_prefix(name)?;
            (behind.is_empty() || behind.starts_with('*')).then_some((behind, value.as_str()))
        })
    }

    pub(super) fn boundary(&self) -> Option<&str> {
        self.of("boundary").next().map(|(_, value)| value)
    }

    /// How many different values a parameter has; its pieces count as one.
    pub(super) fn count_of(&self, name: &str) -> usize {
        let mut plain: Vec<&str> = self.of(name).filter(|(behind, _)| behind.is_empty()).map(|(_, v)| v).collect();
        plain.sort_unstable();
        plain.dedup();
        plain.len() + usize::from(self.of(name).any(|(behind, _)| !behind.is_empty()))
    }

    pub(super) fn has_pieces(&self, name: &str) -> bool {
        self.of(name).any(|(behind, _)| !behind.is_empty())
    }

    /// Every value of a parameter as a text: the plain ones, then the joined pieces.
    pub(super) fn texts_of(&self, name: &str) -> impl Iterator<Item = String> {
        let plain = self.of(name).filter(|(behind, _)| behind.is_empty()).map(|(_, value)| {
            encoded_word(value.as_bytes()).map_or(value.to_string(), |word| String::from_utf8_lossy(&word).into_owned())
        });
        let mut pieces: Vec<(u32, &str)> = self
            .of(name)
            .filter(|(behind, _)| !behind.is_empty())
            .map(|(behind, value)| (behind.trim_matches('*').parse().unwrap_or_default(), value))
            .collect();
        pieces.sort_by_key(|(number, _)| *number);
        let joined: String = pieces.iter().map(|(_, value)| *value).collect();
        let joined = Some(joined).filter(|text| !text.is_empty());
        plain.chain(joined).collect::<Vec<_>>().into_iter()
    }

    /// The charset, as written.
    pub(super) fn charset(&self) -> Option<&str> {
        self.of("charset").next().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_loosely() {
        let value = read(
            b" Multipart (x)/ mixed (y); boundary=\"a;b\"; charset=utf-8; name=x.exe; name=\"y.txt\"; n*1=b; n*0=a",
        );
        assert_eq!((value.word.as_str(), value.boundary(), value.is_type()), ("multipart/mixed", Some("a;b"), true));
        assert_eq!(value.texts_of("name").collect::<Vec<_>>(), ["x.exe", "y.txt"]);
        assert_eq!(value.texts_of("n").collect::<Vec<_>>(), ["ab"]);
        assert_eq!((value.charset(), value.count_of("name")), (Some("utf-8"), 2));
        for odd in ["multipart", "multipart/", "/x", "multipart/mixed/x", "text plain", ""] {
            assert!(!read(odd.as_bytes()).is_type(), "{odd}");
        }
    }
}
