//! What a person reads in a message, folded so that tricks of writing don't hide words.
//!
//! Folded is: compatibility forms resolved, accents and invisible characters gone, lower case, one space between words.
//! Does not look for hidden text. Standards: Unicode NFKD (UAX #15).

use crate::limits::TEXT_BYTES_MAX;
use crate::mail::{Message, Part, visible_text};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Subject and body, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub subject: String,
    /// All text parts that are not attachments, of all readings, at most [`TEXT_BYTES_MAX`] octets before folding.
    pub body: String,
}

impl Text {
    pub(super) fn of(message: &Message<'_>) -> Self {
        let mut body = String::new();
        for part in message.all_parts().filter(|p| !p.is_attachment) {
            let room = TEXT_BYTES_MAX.saturating_sub(body.len());
            body.push_str(head(&readable(part), room));
            body.push(' ');
        }
        Self { subject: fold(&message.subject()), body: fold(&body) }
    }
}

/// The first octets of a text, at most `room`, no character cut.
fn head(text: &str, room: usize) -> &str {
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn readable(part: &Part) -> String {
    let text = head(part.text.as_deref().unwrap_or_default(), TEXT_BYTES_MAX);
    if part.declared_type == "text/html" { visible_text(text) } else { text.to_string() }
}

/// Folds a text.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd() {
        match c {
            c if is_combining_mark(c) || is_invisible(c) => {}
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            '\u{2018}' | '\u{2019}' | '\u{2bc}' | '`' | '\u{b4}' => out.push('\''),
            '\u{2010}'..='\u{2015}' => out.push('-'),
            c => out.extend(c.to_lowercase()),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters that take no room: zero width, direction marks, soft hyphen, tags, selectors.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

/// Is there a word boundary at both ends of `start..end`? `end_kind` says whether the word may go on.
pub(super) fn stands_alone(text: &str, start: usize, end: usize, end_kind: End) -> bool {
    let inner = text.get(start..end).unwrap_or_default();
    let joins =
        |a: Option<char>, b: Option<char>| a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric);
    let before = text.get(..start).and_then(|t| t.chars().next_back());
    let behind = text.get(end..).and_then(|t| t.chars().next());
    !joins(before, inner.chars().next())
        && match end_kind {
            End::Open => true,
            End::Closed => !joins(inner.chars().next_back(), behind),
        }
}

/// May a word go on behind what was looked for?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Open,
    Closed,
}

/// Does a folded text hold these words as whole words?
pub(super) fn has_word(folded: &str, words: &str) -> bool {
    !words.is_empty()
        && folded.match_indices(words).any(|(at, _)| stands_alone(folded, at, at + words.len(), End::Closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_of_writing_are_folded_away() {
        for (text, want) in [
            ("Vérifiez  votre\r\n COMPTE ", "verifiez votre compte"),
            ("P\u{200b}ay\u{ad}Pal", "paypal"),
            ("𝐕𝐞𝐫𝐢𝐟𝐲 Ｎｏｗ", "verify now"),
            ("l’été – fin", "l'ete - fin"),
            ("Straße", "straße"),
            ("", ""),
        ] {
            assert_eq!(fold(text), want);
        }
    }

    #[test]
    fn words_are_whole_words() {
        for (text, words, want) in [
            ("pay with paypal today", "paypal", true),
            ("paypalx", "paypal", false),
            ("xpaypal paypal", "paypal", true),
            ("the bank of america!", "bank of america", true),
            ("", "", false),
        ] {
            assert_eq!(has_word(text, words), want, "{text}");
        }
    }
}
