//! Cuts one line of a command into its words, and says which literal follows it.
//!
//! Pure. Clients send `{5+}`; `{5}` is taken as the same, because this protocol has no go-ahead to wait for. A quoted
//! string knows `\"` and `\\` only. Standards: RFC 5804 §4 (grammar), §1.2 (literals).

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Of a command's name.
    Atom(String),
    /// Quoted or literal.
    Text(Vec<u8>),
    Number(u64),
}

/// Octets that follow a line; `None` where none do.
pub(super) type Literal = Option<u64>;

/// The literal that a line announces at its end, and what stands before it. A number beyond 64 bits is the largest one.
pub(super) fn literal(line: &[u8]) -> (&[u8], Literal) {
    let none = (line, None);
    let Some(inner) = line.strip_suffix(b"}") else { return none };
    let inner = inner.strip_suffix(b"+").unwrap_or(inner);
    let digits = inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let Some((before, number)) = inner.split_at_checked(inner.len() - digits) else { return none };
    let Some(before) = before.strip_suffix(b"{").filter(|_| digits > 0) else { return none };
    let number = std::str::from_utf8(number).ok().map(|number| number.parse().unwrap_or(u64::MAX));
    (before, number)
}

/// Adds the words of a line to those before it.
///
/// # Errors
/// What is wrong with the line, in words for the peer.
pub(super) fn cut(line: &[u8], words: &mut Vec<Word>) -> Result<(), &'static str> {
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        match rest.first() {
            None => return Ok(()),
            Some(b'"') => {
                let (text, after) = quoted(rest.get(1..).unwrap_or_default())?;
                words.push(Word::Text(text));
                rest = after;
            }
            Some(_) => {
                let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
                words.push(plain(word)?);
                rest = after;
            }
        }
        if rest.first().is_some_and(|byte| *byte != b' ') {
            return Err("A space belongs between two words");
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn quoted(text: &[u8]) -> Result<(Vec<u8>, &[u8]), &'static str> {
    let mut out = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Ok((out, text.get(at + 1..).unwrap_or_default())),
            b'\\' => match bytes.next() {
                Some((_, escaped @ (b'"' | b'\\'))) => out.push(*escaped),
                Some(_) | None => return Err("Only \\\" and \\\\ may follow a backslash in a quoted string"),
            },
            _ => out.push(*byte),
        }
    }
    Err("A quoted string has no end")
}

fn plain(word: &[u8]) -> Result<Word, &'static str> {
    let text = std::str::from_utf8(word).map_err(|_| "A word must be a name, a number or a string")?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Word::Number).map_err(|_| "A number is too large");
    }
    // `*` gives up an exchange of SASL in some clients that forget its quotes.
    if text == "*" || text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Ok(Word::Atom(text.to_string()));
    }
    Err("A word must be a name, a number or a string")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Word {
        Word::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_are_cut_as_the_grammar_says() {
        let atom = |name: &str| Word::Atom(name.into());
        for (line, want) in [
            ("NOOP", vec![atom("NOOP")]),
            ("noop \"a\"", vec![atom("noop"), text("a")]),
            ("HAVESPACE \"a b\" 123", vec![atom("HAVESPACE"), text("a b"), Word::Number(123)]),
            (r#"SETACTIVE """#, vec![atom("SETACTIVE"), text("")]),
            (r#"X "a\"b\\c""#, vec![atom("X"), text(r#"a"b\c"#)]),
            ("X  \"é\" ", vec![atom("X"), text("é")]),
            ("X \"tab\there\"", vec![atom("X"), text("tab\there")]),
            ("*", vec![atom("*")]),
            ("", vec![]),
        ] {
            let mut words = Vec::new();
            assert_eq!(cut(line.as_bytes(), &mut words), Ok(()), "{line}");
            assert_eq!(words, want, "{line}");
        }
        for bad in
            [r#"X "a"#, r#"X "a\n""#, r#"X "a\"#, r#"X "a""b""#, "X 99999999999999999999", "X (a)", "X a.b", "X \u{e9}"]
        {
            assert!(cut(bad.as_bytes(), &mut Vec::new()).is_err(), "{bad}");
        }
    }

    #[test]
    fn literals_are_seen_at_the_end_of_a_line_only() {
        for (line, want) in [
            ("PUTSCRIPT \"a\" {5+}", ("PUTSCRIPT \"a\" ", Some(5))),
            ("PUTSCRIPT {5}", ("PUTSCRIPT ", Some(5))),
            ("{0+}", ("", Some(0))),
            ("X {99999999999999999999999+}", ("X ", Some(u64::MAX))),
            ("X \"{5+}\"", ("X \"{5+}\"", None)),
            ("X {5+} y", ("X {5+} y", None)),
            ("X {+}", ("X {+}", None)),
            ("X {-5}", ("X {-5}", None)),
            ("X {5++}", ("X {5++}", None)),
            ("X 5}", ("X 5}", None)),
        ] {
            assert_eq!(literal(line.as_bytes()), (want.0.as_bytes(), want.1), "{line}");
        }
    }

    #[test]
    fn no_line_makes_the_reader_panic() {
        let pieces: [&[u8]; 10] = [b"\"", b"\\", b"{", b"}", b"+", b" ", b"9", b"A", b"\xff", b"*"];
        for a in 0..pieces.len().pow(4) {
            let line: Vec<u8> = [a % 10, a / 10 % 10, a / 100 % 10, a / 1000]
                .iter()
                .flat_map(|at| pieces[*at].iter().copied())
                .collect();
            let (before, _) = literal(&line);
            let _ = cut(before, &mut Vec::new());
        }
    }
}
