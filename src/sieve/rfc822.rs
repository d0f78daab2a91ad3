//! The words of structured header fields: atoms, quoted strings, comments. Read leniently, one character at a time.
//!
//! Does not know what the words mean; `address`, `date` and `mime` do. A failed reading leaves the scan where it stopped.
//! Standards: RFC 5322 §3.2, RFC 2045 §5.1 (tokens).

use std::str::Chars;

/// What is still to be read of one field's value.
#[derive(Clone)]
pub(super) struct Scan<'a> {
    chars: Chars<'a>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { chars: text.chars() }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.clone().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none()
    }

    /// Steps over `wanted` where it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.chars.next();
        }
        found
    }

    /// Steps over one character, whatever it is.
    pub(super) fn step(&mut self) {
        self.chars.next();
    }

    /// The longest run of characters for which `belongs` holds; may be empty.
    pub(super) fn run(&mut self, belongs: fn(char) -> bool) -> &'a str {
        let whole = self.chars.as_str();
        let end = whole.find(|c| !belongs(c)).unwrap_or(whole.len());
        let (run, rest) = whole.split_at_checked(end).unwrap_or((whole, ""));
        self.chars = rest.chars();
        run
    }

    /// White space and comments; `None` where a comment doesn't end.
    pub(super) fn skip(&mut self) -> Option<()> {
        loop {
            self.run(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
            if !self.eat('(') {
                return Some(());
            }
            let mut level = 1_usize;
            while level > 0 {
                match self.chars.next()? {
                    '(' => level += 1,
                    ')' => level -= 1,
                    '\\' => drop(self.chars.next()?),
                    _ => {}
                }
            }
        }
    }

    /// One atom and what may be skipped behind it.
    pub(super) fn atom(&mut self) -> Option<&'a str> {
        let atom = self.run(is_atext);
        if atom.is_empty() {
            return None;
        }
        self.skip().map(|()| atom)
    }

    /// A MIME token, which may hold dots; may be empty.
    pub(super) fn token(&mut self) -> Option<&'a str> {
        let token = self.run(|c| (is_atext(c) || c == '.') && !matches!(c, '/' | '?' | '='));
        self.skip().map(|()| token)
    }

    /// A quoted string without its quotes, escapes and line breaks; the opening quote comes next.
    pub(super) fn quoted(&mut self) -> Option<String> {
        if !self.eat('"') {
            return None;
        }
        let mut text = String::new();
        loop {
            match self.chars.next()? {
                '"' => return self.skip().map(|()| text),
                '\\' => text.push(self.chars.next()?),
                // RFC 5322 §3.2.2: the CRLF of a fold is no part of the string, and no other may be in it.
                '\r' | '\n' => {}
                c => text.push(c),
            }
        }
    }

    /// Steps over a phrase, which may be empty; obsolete ones with dots count.
    pub(super) fn phrase(&mut self) -> Option<()> {
        if self.peek()? == '.' {
            return None;
        }
        loop {
            if self.peek() == Some('"') {
                self.quoted()?;
            } else {
                self.run(|c| is_atext(c) || c == '.');
                self.skip()?;
            }
            match self.peek()? {
                c if is_atext(c) || c == '"' || c == '.' => {}
                _ => return Some(()),
            }
        }
    }

    /// Atoms and dots, with white space and comments around the dots.
    pub(super) fn dot_atom(&mut self) -> Option<String> {
        let mut text = self.run(is_atext).to_string();
        if text.is_empty() {
            return None;
        }
        self.skip()?;
        while self.eat('.') {
            self.skip()?;
            text.push('.');
            text.push_str(self.run(is_atext));
            self.skip()?;
        }
        Some(text)
    }
}

/// RFC 5322 §3.2.3; characters beyond ASCII count, as in RFC 6532 §3.2.
pub(super) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_they_should() {
        let mut scan = Scan::new("one (a (nested\\)) comment) \"two \\\"x\\\"\" thr/ee . four;");
        assert_eq!(scan.atom(), Some("one"));
        assert_eq!(scan.quoted().as_deref(), Some("two \"x\""));
        assert_eq!(scan.token(), Some("thr"));
        assert!(scan.eat('/'));
        assert_eq!(scan.dot_atom().as_deref(), Some("ee.four"));
        assert_eq!(scan.peek(), Some(';'));
        assert_eq!(scan.atom(), None);
    }

    #[test]
    fn what_does_not_end_is_told() {
        assert!(Scan::new("(open").skip().is_none());
        assert!(Scan::new("(open\\").skip().is_none());
        assert!(Scan::new("\"open").quoted().is_none());
        assert!(Scan::new("word").phrase().is_none(), "a phrase is followed by something");
    }
}
