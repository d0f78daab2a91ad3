//! Tells by its words which script language a text is written in, if any.
//!
//! Prose, sources that nobody runs, configuration, logs and markup are no scripts, also where they quote one: a script
//! needs several different signs, more than of any other language, and must not read like prose. A file's own ending
//! lowers that. Texts come in lower case.

use super::languages::{BATCH, LANGUAGES, Language, Start};
use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// Weights that a script without its ending must reach together, and different signs that they must come from.
const ENOUGH: u32 = 9;
const SIGNS_MIN: usize = 4;
/// Octets up to which a text may be a script of one or two lines, which no sign begins.
const ONE_LINER_BYTES: usize = 2048;
/// Words of one line that make it a sentence.
const SENTENCE_WORDS: usize = 5;
/// Lines of a batch file that may all be commands, however they read.
const COMMAND_LINES: usize = 3;

/// All signs of all languages, with the place of their language.
static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let signs: Vec<Sign> = LANGUAGES
        .iter()
        .enumerate()
        .flat_map(|(language, known)| {
            known.signs.iter().map(move |(weight, word)| {
                let anchored = word.len() > 1 && word.starts_with('^');
                Sign { language, weight: *weight, anchored, word: word.strip_prefix('^').unwrap_or(word) }
            })
        })
        .collect();
    let words = AhoCorasick::new(signs.iter().map(|sign| sign.word)).ok();
    Signs { signs, words }
});

struct Signs {
    signs: Vec<Sign>,
    words: Option<AhoCorasick>,
}

struct Sign {
    language: usize,
    weight: u32,
    anchored: bool,
    word: &'static str,
}

/// What speaks for one language.
#[derive(Clone, Copy, Default)]
struct Score {
    weight: u32,
    signs: usize,
    /// Of these, signs that begin a line: a text that only quotes a language has its words anywhere.
    anchored: usize,
}

/// The media type of the script that the text is, by its words, its ending and its declared type.
pub(super) fn recognise(text: &str, ending: &str, declared_type: &str) -> Option<&'static str> {
    let subtype = declared_type.split_once('/').map_or("", |(_, subtype)| subtype);
    let named = LANGUAGES
        .iter()
        .position(|known| known.endings.contains(&ending))
        .or_else(|| LANGUAGES.iter().position(|known| known.declared.contains(&subtype)));
    let scores = scores(text);
    if let Some((language, score)) = named.and_then(|at| LANGUAGES.get(at).zip(scores.get(at))) {
        return is_as_named(language, *score, text).then_some(language.media_type);
    }
    if is_markup_or_data(text) {
        return None;
    }
    let (best, score) = LANGUAGES.iter().zip(&scores).max_by_key(|(_, score)| score.weight)?;
    let begins_lines = score.anchored > 0 || text.len() <= ONE_LINER_BYTES;
    let enough = score.weight >= ENOUGH && score.signs >= SIGNS_MIN && begins_lines;
    let is_text = is_prose(text) || begins_as_document(text) || quotes_script(text);
    (enough && best.start != Start::Never && !is_text).then_some(best.media_type)
}

/// A heading or a sentence comes first: the scripts that follow are quoted.
fn begins_as_document(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let is_underlined = second.len() > 2 && ["=", "-", "~"].iter().any(|mark| second.replace(mark, "").is_empty());
    is_underlined || (!is_comment(first) && is_sentence(first))
}

/// Web pages and data in XML or JSON quote scripts all the time; what of them runs is known by its elements.
fn is_markup_or_data(text: &str) -> bool {
    let begin = text.trim_start();
    let behind = begin.trim_start_matches(['{', '[']);
    begin.starts_with('<') || (behind.len() < begin.len() && behind.trim_start().starts_with(['"', '{', '[']))
}

fn is_as_named(language: &Language, score: Score, text: &str) -> bool {
    let has_content = text.bytes().any(|byte| !byte.is_ascii_whitespace());
    match language.start {
        _ if score.weight >= ENOUGH && score.signs >= SIGNS_MIN => true,
        // Any word may be a command of a batch file: `start hello there my friend`.
        Start::ByClick if language.media_type == BATCH && text.lines().count() <= COMMAND_LINES => has_content,
        Start::ByClick => has_content && !is_prose(text),
        Start::ByHand => score.weight >= 2 && !is_prose(text),
        Start::Never => false,
    }
}

fn scores(text: &str) -> Vec<Score> {
    let mut scores = vec![Score::default(); LANGUAGES.len()];
    let Some(words) = &SIGNS.words else { return scores };
    let mut seen = vec![false; SIGNS.signs.len()];
    for found in words.find_overlapping_iter(text) {
        let at = found.pattern().as_usize();
        let (Some(sign), Some(seen)) = (SIGNS.signs.get(at), seen.get_mut(at)) else { continue };
        if *seen || !stands_alone(text, sign, found.start(), found.end()) {
            continue;
        }
        *seen = true;
        if let Some(score) = scores.get_mut(sign.language) {
            score.weight += sign.weight;
            score.signs += 1;
            score.anchored += usize::from(sign.anchored);
        }
    }
    scores
}

/// A sign is no piece of a longer word, and stands first in its line where it must.
fn stands_alone(text: &str, sign: &Sign, start: usize, end: usize) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    let before = bytes.get(..start).unwrap_or_default();
    let begins_word = is_letter(sign.word.as_bytes().first());
    let ends_word = is_letter(sign.word.as_bytes().last());
    if (begins_word && is_letter(before.last())) || (ends_word && is_letter(bytes.get(end))) {
        return false;
    }
    // An indentation longer than this is none.
    let line_start = before.iter().rev().take(64).find(|byte| !matches!(byte, b' ' | b'\t'));
    !sign.anchored || line_start.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
}

/// A whole script within a text: the line that names its interpreter follows a sentence.
fn quotes_script(text: &str) -> bool {
    let before = memchr::memmem::find(text.as_bytes(), b"\n#!/").and_then(|at| text.get(..at));
    before.is_some_and(|before| before.lines().map(str::trim).any(|line| !is_comment(line) && is_sentence(line)))
}

/// More than every third line that is no comment is a sentence.
fn is_prose(text: &str) -> bool {
    let (mut sentences, mut others) = (0_usize, 0_usize);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if is_comment(line) {
            continue;
        }
        if is_sentence(line) { sentences += 1 } else { others += 1 }
    }
    sentences * 2 > others
}

fn is_comment(line: &str) -> bool {
    ["#", "//", "'", "rem ", "::", "*", "/*", "--", ";"].iter().any(|mark| line.starts_with(mark))
}

fn is_sentence(line: &str) -> bool {
    let words = line.split_whitespace();
    let plain = words.filter(|word| {
        let word = word.trim_matches(['.', ',', ';', ':', '!', '?', '(', ')', '"', '\'', '`', '*']);
        !word.is_empty() && word.chars().all(|letter| letter.is_alphabetic() || matches!(letter, '-' | '\'' | '’'))
    });
    let plain = plain.count();
    plain >= SENTENCE_WORDS && plain * 4 >= line.split_whitespace().count() * 3
}

#[cfg(test)]
#[path = "signs_test.rs"]
mod tests;
