//! How Dovecot's protocols write values, so that none of them ends its field or line.
//!
//! Standards: Dovecot 2.3 *authentication protocol* (tab-escaped values).

/// The characters that end fields and lines, and what stands for them behind `\x01`.
const ESCAPES: [(char, char); 5] = [('\0', '0'), ('\u{1}', '1'), ('\t', 't'), ('\r', 'r'), ('\n', 'n')];

/// A value that stays in its field.
pub(in crate::ask) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match ESCAPES.iter().find(|(plain, _)| *plain == c) {
            Some((_, sign)) => escaped.extend(['\u{1}', *sign]),
            None => escaped.push(c),
        }
    }
    escaped
}

/// What [`escape`] made, as it was.
pub(in crate::ask) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1}' {
            plain.push(c);
        } else if let Some(sign) = chars.next() {
            plain.push(ESCAPES.iter().find(|(_, known)| *known == sign).map_or(sign, |(plain, _)| *plain));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_keep_every_name_in_its_field() {
        for (plain, escaped) in [("a\tb\n\r\u{1}\0c", "a\u{1}tb\u{1}n\u{1}r\u{1}1\u{1}0c"), ("é %u", "é %u")] {
            assert_eq!(escape(plain), escaped);
            assert_eq!(unescape(escaped), plain);
        }
        assert_eq!(unescape("x\u{1}"), "x");
    }
}
