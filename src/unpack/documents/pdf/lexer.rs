//! The words of PDF: names, strings, numbers, brackets.
//!
//! Does not build a tree and never fails: what is no word is passed over. Standards: ISO 32000-2 §7.2 and §7.3.

use std::borrow::Cow;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Without the slash, `#xx` decoded.
    Name(Cow<'a, [u8]>),
    Integer(i64),
    /// What stands between the parentheses, escapes and all.
    Literal(Span),
    /// What stands between the angle brackets.
    Hex(Span),
    DictOpen,
    DictClose,
    ArrayOpen,
    ArrayClose,
    /// Keywords, and numbers with a point.
    Word(&'a [u8]),
}

/// A piece of the bytes that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Reads words from `at` on.
pub(super) struct Lexer<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next word; none at the end.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.skip_space();
            let byte = self.peek()?;
            let second = self.bytes.get(self.at + 1).copied();
            match (byte, second) {
                (b'/', _) => {
                    self.at += 1;
                    return Some(Token::Name(decoded_name(self.run())));
                }
                (b'(', _) => return Some(self.literal()),
                (b'<', Some(b'<')) => return Some(self.sign(2, Token::DictOpen)),
                (b'>', Some(b'>')) => return Some(self.sign(2, Token::DictClose)),
                (b'<', _) => return Some(self.hex()),
                (b'[', _) => return Some(self.sign(1, Token::ArrayOpen)),
                (b']', _) => return Some(self.sign(1, Token::ArrayClose)),
                (b')' | b'>' | b'{' | b'}', _) => self.at += 1,
                _ => {
                    let word = self.run();
                    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
                    return Some(number.map_or(Token::Word(word), Token::Integer));
                }
            }
        }
    }

    fn sign(&mut self, length: usize, token: Token<'a>) -> Token<'a> {
        self.at += length;
        token
    }

    /// Passes over white space and comments.
    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                self.at += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// All up to white space or a delimiter.
    fn run(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A string in balanced parentheses; one that is not closed ends with the bytes.
    fn literal(&mut self) -> Token<'a> {
        let from = self.at + 1;
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => open += 1,
                b')' if open <= 1 => return Token::Literal(Span { from, to: self.at - 1 }),
                b')' => open -= 1,
                _ => {}
            }
        }
        Token::Literal(Span { from, to: self.bytes.len() })
    }

    fn hex(&mut self) -> Token<'a> {
        let from = self.at + 1;
        let rest = self.bytes.get(from..).unwrap_or_default();
        let length = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at = from + length + 1;
        Token::Hex(Span { from, to: from + length })
    }
}

fn decoded_name(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'#') {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, behind)) = rest.split_first() {
        let pair = behind.first().zip(behind.get(1)).and_then(|(a, b)| Some((hex_value(*a)? << 4) | hex_value(*b)?));
        match pair {
            Some(byte) if *first == b'#' => {
                out.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    Cow::Owned(out)
}

pub(super) fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The octets of a hex string; an odd last digit stands before a zero.
pub(super) fn from_hex(raw: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = raw.iter().filter_map(|byte| hex_value(*byte)).collect();
    digits.chunks(2).map(|pair| (pair.first().unwrap_or(&0) << 4) | pair.get(1).unwrap_or(&0)).collect()
}

/// The octets of a literal string, escapes decoded.
pub(super) fn from_literal(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(0x0c),
            // A line end behind a backslash is no line end.
            Some(b'\r') => drop(bytes.next_if_eq(&b'\n')),
            Some(b'\n') | None => {}
            Some(digit @ b'0'..=b'7') => {
                let mut value = u16::from(digit - b'0');
                for _ in 0..2 {
                    let Some(next) = bytes.next_if(|next| matches!(next, b'0'..=b'7')) else { break };
                    value = value * 8 + u16::from(next - b'0');
                }
                out.push(value.to_le_bytes()[0]);
            }
            Some(other) => out.push(other),
        }
    }
    out
}

/// A text string as text: UTF-16 or UTF-8 with a mark, or else one octet a character.
pub(super) fn text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned();
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned();
    }
    match std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let bytes = b"<< /J#61va#53cript (a(b)\\)c) /K <4a4B5> [12 0 R] >> % x\nstream (open";
        let mut lexer = Lexer { bytes, at: 0 };
        let mut seen = Vec::new();
        while let Some(token) = lexer.next() {
            seen.push(match token {
                Token::Name(name) => format!("/{}", String::from_utf8_lossy(&name)),
                Token::Integer(number) => number.to_string(),
                Token::Literal(span) => text(&from_literal(&bytes[span.from..span.to])),
                Token::Hex(span) => text(&from_hex(&bytes[span.from..span.to])),
                Token::DictOpen => "<<".to_string(),
                Token::DictClose => ">>".to_string(),
                Token::ArrayOpen => "[".to_string(),
                Token::ArrayClose => "]".to_string(),
                Token::Word(word) => text(word),
            });
        }
        let want = ["<<", "/JavaScript", "a(b))c", "/K", "JKP", "[", "12", "0", "R", "]", ">>", "stream", "open"];
        assert_eq!(seen, want);
    }

    #[test]
    fn strings_are_text_in_any_of_their_codes() {
        for (raw, want) in [
            (&b"a\\101\\n\\\r\nb\\7"[..], "aA\nb\u{7}"),
            (b"\xfe\xff\0J\0S", "JS"),
            (b"\xef\xbb\xbf\xc3\xa4", "\u{e4}"),
            (b"\xe4", "\u{e4}"),
        ] {
            assert_eq!(text(&from_literal(raw)), want);
        }
    }
}
