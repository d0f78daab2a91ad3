//! The words of a script with their places.
//!
//! Reads to the end whatever comes: what is no token is noted and skipped. Standards: RFC 5228 §8.1. *Reading:* line
//! ends inside of strings become CRLF, as the text of a message has them, whatever the script was saved with.

use super::notes::{Notes, Span};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A command or a test.
    Word(&'a str),
    /// `:contains`; without the colon.
    Tag(&'a str),
    Number(u64),
    /// A string without quotes and escapes, or a multi-line one without its dot-stuffing.
    Text(String),
    /// One of `{ } [ ] ( ) ; ,`.
    Sign(char),
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) span: Span,
}

impl Token<'_> {
    pub(super) fn is(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    /// What stands there, for an error.
    pub(super) fn words(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("{word:?}"),
            Kind::Tag(tag) => format!("\":{tag}\""),
            Kind::Number(number) => format!("the number {number}"),
            Kind::Text(_) => "a string".into(),
            Kind::Sign(sign) => format!("{:?}", sign.to_string()),
            Kind::End => "the end of the script".into(),
        }
    }
}

/// All tokens of a script; the last one is [`Kind::End`].
pub(super) fn tokens<'a>(source: &'a str, notes: &mut Notes<'_>) -> Vec<Token<'a>> {
    // RFC 5228 §8.1: NUL may stand nowhere, not even in a comment.
    if let Some(at) = memchr::memchr(0, source.as_bytes()) {
        notes.error("syntax", Span { start: at, end: at + 1 }, "a script can't hold NUL");
    }
    let mut reader = Reader { source, at: 0 };
    let mut tokens = Vec::new();
    loop {
        reader.skip_space_and_comments(notes);
        let start = reader.at;
        let kind = reader.next(notes);
        let span = Span { start, end: reader.at };
        let Some(kind) = kind else { continue };
        let ended = kind == Kind::End;
        tokens.push(Token { kind, span });
        if ended {
            return tokens;
        }
    }
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, octets: usize) -> &'a str {
        let taken = self.rest().get(..octets).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        self.take(rest.find(|c| !is(c)).unwrap_or(rest.len()))
    }

    fn skip_space_and_comments(&mut self, notes: &mut Notes<'_>) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            let rest = self.rest();
            if rest.starts_with('#') {
                self.take_while(|c| c != '\n');
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let start = self.at;
                let end = comment.find("*/");
                self.take(end.map_or(rest.len(), |end| end + 4));
                if end.is_none() {
                    notes.error("syntax", Span { start, end: start + 2 }, "the comment has no end (*/)");
                }
            } else {
                return;
            }
        }
    }

    /// `None` for what is no token; it is skipped.
    fn next(&mut self, notes: &mut Notes<'_>) -> Option<Kind<'a>> {
        let Some(first) = self.rest().chars().next() else { return Some(Kind::End) };
        match first {
            '"' => Some(Kind::Text(self.quoted(notes))),
            ':' => self.tag(notes),
            '0'..='9' => Some(Kind::Number(self.number(notes))),
            '{' | '}' | '[' | ']' | '(' | ')' | ';' | ',' => {
                self.take(1);
                Some(Kind::Sign(first))
            }
            c if c.is_ascii_alphabetic() || c == '_' => Some(self.word(notes)),
            c => {
                let start = self.at;
                self.take(c.len_utf8());
                if c != '\0' {
                    notes.error(
                        "syntax",
                        Span { start, end: self.at },
                        format!("{c:?} can't stand outside of a string"),
                    );
                }
                None
            }
        }
    }

    fn word(&mut self, notes: &mut Notes<'_>) -> Kind<'a> {
        let start = self.at;
        let word = self.take_while(is_word);
        // RFC 5228 §8.1: multi-line = "text:" *(SP / HTAB) (hash-comment / CRLF)
        if word.eq_ignore_ascii_case("text") && self.rest().starts_with(':') {
            self.take(1);
            return Kind::Text(self.multi_line(start, notes));
        }
        Kind::Word(word)
    }

    fn tag(&mut self, notes: &mut Notes<'_>) -> Option<Kind<'a>> {
        let start = self.at;
        self.take(1);
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Some(Kind::Tag(self.take_while(is_word)));
        }
        notes.error("syntax", Span { start, end: self.at }, "a colon begins a tag, but no name follows");
        None
    }

    /// RFC 5228 §2.4.1: K, M and G are powers of 1024.
    fn number(&mut self, notes: &mut Notes<'_>) -> u64 {
        let start = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit());
        let unit = match self.rest().chars().next() {
            Some('k' | 'K') => 1 << 10,
            Some('m' | 'M') => 1 << 20,
            Some('g' | 'G') => 1 << 30,
            _ => 1_u64,
        };
        self.take(usize::from(unit > 1));
        if self.rest().starts_with(is_word) {
            let letters = self.take_while(is_word);
            let span = Span { start, end: self.at };
            notes.error("bad-number", span, format!("{letters:?} can't follow a number; units are K, M and G"));
        }
        let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        number.filter(|number| *number <= NUMBER_MAX).unwrap_or_else(|| {
            notes.error("bad-number", Span { start, end: self.at }, format!("the number is larger than {NUMBER_MAX}"));
            0
        })
    }

    fn quoted(&mut self, notes: &mut Notes<'_>) -> String {
        let start = self.at;
        self.take(1);
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| !matches!(c, '"' | '\\' | '\r' | '\n' | '\0')));
            let Some(c) = self.rest().chars().next() else {
                notes.error("syntax", Span { start, end: start + 1 }, "the string that begins here has no end (\")");
                return text;
            };
            self.take(c.len_utf8());
            match c {
                '"' => return text,
                // RFC 5228 §2.4.2: a backslash before any other character is left out.
                '\\' => {
                    let escaped = self.rest().chars().next().filter(|c| !matches!(c, '\r' | '\n'));
                    self.take(escaped.map_or(0, char::len_utf8));
                    text.extend(escaped);
                }
                '\n' => text.push_str("\r\n"),
                // A CR alone is left out; before LF it comes with it. NUL was told.
                _ => {}
            }
        }
    }

    /// RFC 5228 §2.4.2: to the line that is a dot alone; dots at the begin of a line are doubled.
    fn multi_line(&mut self, start: usize, notes: &mut Notes<'_>) -> String {
        let head = Span { start, end: self.at };
        self.take_while(|c| matches!(c, ' ' | '\t'));
        if self.rest().starts_with('#') {
            self.take_while(|c| c != '\n');
        }
        self.take_while(|c| c == '\r');
        if !self.rest().starts_with('\n') {
            notes.error("syntax", head, "\"text:\" must be followed by the end of the line");
        }
        self.take(1);
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                notes.error("syntax", head, "the text that begins here has no end (a line with a dot alone)");
                return text;
            }
            let line = self.take(memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1));
            let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
            if line == "." {
                return text;
            }
            text.push_str(line.strip_prefix('.').filter(|line| line.starts_with('.')).unwrap_or(line));
            text.push_str("\r\n");
        }
    }
}

/// The largest number, as sizes and seconds are counted elsewhere.
const NUMBER_MAX: u64 = i64::MAX as u64;

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, want: &[Kind<'_>], faults: usize) {
        let mut notes = Notes::new(source);
        let mut kinds: Vec<Kind<'_>> = tokens(source, &mut notes).into_iter().map(|t| t.kind).collect();
        assert_eq!(kinds.pop(), Some(Kind::End), "{source}");
        assert_eq!(kinds, want, "{source}");
        assert_eq!(notes.into_report().errors.len(), faults, "{source}");
    }

    #[test]
    fn words_are_read_as_the_grammar_has_them() {
        use Kind::{Number, Sign, Tag, Text, Word};
        let text = |s: &str| Text(s.to_string());
        check("keep;", &[Word("keep"), Sign(';')], 0);
        check("/* a */ if# b\n:is 10K 3", &[Word("if"), Tag("is"), Number(10240), Number(3)], 0);
        check(r#""a\"b\\" "c\d""#, &[text("a\"b\\"), text("cd")], 0);
        check("\"a\nb\r\nc\"", &[text("a\r\nb\r\nc")], 0);
        check("text: # c\n..a\n.b\n.\n;", &[text(".a\r\n.b\r\n"), Sign(';')], 0);
        check("text:\r\n.\r\n", &[text("")], 0);
        check("header:contains", &[Word("header"), Tag("contains")], 0);
    }

    #[test]
    fn what_is_no_token_is_noted_and_skipped() {
        use Kind::{Number, Sign, Text, Word};
        check("keep ! ;", &[Word("keep"), Sign(';')], 1);
        check("\"open", &[Text("open".into())], 1);
        check("text:\nopen", &[Text("open\r\n".into())], 1);
        check("/* open", &[], 1);
        check("99999999999999999999", &[Number(0)], 1);
        check("9223372036854775807G 5x", &[Number(0), Number(5)], 2);
        check("\"a\0b\"", &[Text("ab".into())], 1);
        check(": \u{0}", &[], 2);
    }
}
