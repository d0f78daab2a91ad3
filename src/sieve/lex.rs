//! The words of a script with their places: what the engine does not tell is read from here.
//!
//! Does not check anything: what can't be read ends the list, and the engine's compiler says what is wrong. Standards:
//! RFC 5228 §8.1.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A command, a test or a number.
    Word,
    /// `:contains`; its text has no colon.
    Tag,
    /// A quoted string; its text is as written between the quotes.
    Quoted,
    /// A multi-line string (`text:`).
    Block,
    /// One of `{ } [ ] ( ) ; ,`, or anything else.
    Sign,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Octets from the script's begin to the token's, quotes and all.
    pub(super) start: usize,
    /// Octets from the script's begin to behind the token.
    pub(super) end: usize,
    /// 1-based.
    pub(super) line: usize,
    /// 1-based, in octets.
    pub(super) column: usize,
}

impl Token<'_> {
    /// True for that command or test, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// All tokens of a script, comments and white space left out.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut reader = Reader { source, at: 0, line: 1, line_start: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = reader.next() {
        tokens.push(token);
    }
    tokens
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Goes on by so many octets, counting lines.
    fn go(&mut self, octets: usize) -> &'a str {
        let passed = self.rest().get(..octets).unwrap_or_default();
        for at in memchr::memchr_iter(b'\n', passed.as_bytes()) {
            self.line += 1;
            self.line_start = self.at + at + 1;
        }
        self.at += passed.len();
        passed
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let octets = if rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else if let Some(comment) = rest.strip_prefix("/*") {
                comment.find("*/").map_or(rest.len(), |end| end + 4)
            } else {
                rest.len() - rest.trim_ascii_start().len()
            };
            if octets == 0 {
                return;
            }
            self.go(octets);
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space_and_comments();
        let (start, line, column) = (self.at, self.line, self.at - self.line_start + 1);
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, octets) = if first == '"' {
            (Kind::Quoted, quoted_octets(rest)?)
        } else if first == ':' && rest.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic()) {
            (Kind::Tag, 1 + word_octets(rest.get(1..)?))
        } else if word_octets(rest) > 0 {
            match block_octets(rest) {
                Some(octets) => (Kind::Block, octets),
                None => (Kind::Word, word_octets(rest)),
            }
        } else {
            (Kind::Sign, first.len_utf8())
        };
        let whole = self.go(octets);
        let text = match kind {
            Kind::Tag => whole.get(1..),
            Kind::Quoted => whole.get(1..whole.len() - 1),
            Kind::Word | Kind::Block | Kind::Sign => Some(whole),
        };
        Some(Token { kind, text: text.unwrap_or_default(), start, end: self.at, line, column })
    }
}

fn word_octets(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

/// Octets of a quoted string with its quotes; `None` where it has no end.
fn quoted_octets(text: &str) -> Option<usize> {
    let mut escaped = true; // the opening quote ends nothing
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    None
}

/// Octets of a multi-line string from `text:` to its dot; `None` where it is none.
fn block_octets(text: &str) -> Option<usize> {
    let head = text.get(..5).filter(|head| head.eq_ignore_ascii_case("text:"))?;
    let mut octets = 0;
    for line in text.split_inclusive('\n') {
        octets += line.len();
        if octets > head.len() && line.trim_end() == "." {
            return Some(octets);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_knows_its_place() {
        let source = "require \"a\\\"b\"; # x \"\n/* if\n*/ if :is text:\n.. \"\n.\n{ k_1; }\n\"open";
        let got: Vec<_> = tokens(source).iter().map(|t| (t.kind, t.text, t.line, t.column)).collect();
        assert_eq!(
            got,
            [
                (Kind::Word, "require", 1, 1),
                (Kind::Quoted, "a\\\"b", 1, 9),
                (Kind::Sign, ";", 1, 15),
                (Kind::Word, "if", 3, 4),
                (Kind::Tag, "is", 3, 7),
                (Kind::Block, "text:\n.. \"\n.\n", 3, 11),
                (Kind::Sign, "{", 6, 1),
                (Kind::Word, "k_1", 6, 3),
                (Kind::Sign, ";", 6, 6),
                (Kind::Sign, "}", 6, 8),
            ]
        );
    }
}
