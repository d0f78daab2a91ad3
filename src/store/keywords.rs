//! Keywords of one folder: which letter stands for which, as Dovecot keeps it in the folder's `dovecot-keywords`.
//!
//! A line is `0 name`; the number is that of the letter, `a` is 0. A keyword that can't get a letter is left out with a
//! word in the log: a message is never held up by its flags. Standards: RFC 3501 §2.3.2 and §9 (flag-keyword), Maildir
//! (letters in ASCII order); Dovecot's maildir format.

use super::{Dir, dotlock};
use crate::limits::{KEYWORD_BYTES_MAX, KEYWORDS_BYTES_MAX, KEYWORDS_MAX};
use std::collections::BTreeSet;

const FILE: &str = "dovecot-keywords";

/// The letters of these keywords in this folder, in order; new ones are written into its file first, durably.
pub(super) fn letters(folder: &Dir, wanted: &[String]) -> String {
    let (fair, odd): (Vec<&str>, Vec<&str>) = wanted.iter().map(String::as_str).partition(|name| is_keyword(name));
    if !odd.is_empty() {
        tracing::warn!(folder = ?folder.path(), keywords = ?odd, "not IMAP keywords, left out");
    }
    if fair.is_empty() {
        return String::new();
    }
    let changed = std::cell::Cell::new(false);
    let result = dotlock::change(folder, FILE, KEYWORDS_BYTES_MAX, |old| {
        let new = with(old, &fair);
        changed.set(new.is_some());
        new
    });
    // Else a power cut could leave the letter without its meaning.
    let result = result.and_then(|text| if changed.get() { folder.sync().map(|()| text) } else { Ok(text) });
    match result {
        Ok(text) => letters_in(&text, &fair, folder),
        Err(error) => {
            tracing::warn!(folder = ?folder.path(), keywords = ?fair, %error, "keywords are left out");
            String::new()
        }
    }
}

/// The keywords for which these letters stand in this folder; those without a meaning are left out.
pub(super) fn names(folder: &Dir, letters: &str) -> Vec<String> {
    if letters.is_empty() {
        return Vec::new();
    }
    let bytes = folder.read(FILE, KEYWORDS_BYTES_MAX).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let number = |letter: char| ('a'..='z').position(|known| known == letter);
    let name = |number| entries(&text).find(|(known, _)| *known == number).map(|(_, name)| name.to_string());
    letters.chars().filter_map(number).filter_map(name).collect()
}

fn letters_in(text: &str, names: &[&str], folder: &Dir) -> String {
    let mut letters = BTreeSet::new();
    for name in names {
        match entries(text).find(|(_, known)| known.eq_ignore_ascii_case(name)) {
            Some((number, _)) => letters.extend((b'a'..=b'z').nth(number).map(char::from)),
            None => tracing::warn!(folder = ?folder.path(), keyword = name, "all 26 letters are taken, left out"),
        }
    }
    letters.into_iter().collect()
}

/// The file with the names in it; `None` where nothing is to be added.
fn with(old: &str, names: &[&str]) -> Option<String> {
    let mut taken: BTreeSet<usize> = entries(old).map(|(number, _)| number).collect();
    let mut new = old.to_string();
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
    }
    let mut is_more = false;
    for name in names.iter().filter(|name| !entries(old).any(|(_, known)| known.eq_ignore_ascii_case(name))) {
        let Some(free) = (0..KEYWORDS_MAX).find(|number| !taken.contains(number)) else { break };
        taken.insert(free);
        new.push_str(&format!("{free} {name}\n"));
        is_more = true;
    }
    is_more.then_some(new)
}

/// (number, keyword) of each line that is one.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().filter_map(|line| {
        let (number, name) = line.split_once(' ')?;
        Some((number.parse().ok().filter(|number| *number < KEYWORDS_MAX)?, name))
    })
}

/// RFC 3501 §9: an atom.
fn is_keyword(name: &str) -> bool {
    let fair = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte);
    (1..=KEYWORD_BYTES_MAX).contains(&name.len()) && name.bytes().all(fair)
}

#[cfg(test)]
mod tests {
    use super::super::Disk;
    use super::*;

    fn words(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keywords_get_the_letters_that_dovecot_gives_them() {
        for (old, names, want) in [
            ("", vec!["$Junk", "work"], Some("0 $Junk\n1 work\n")),
            ("0 a\n2 c", vec!["b", "A"], Some("0 a\n2 c\n1 b\n")),
            ("0 a\n", vec!["A"], None),
            ("nonsense\n0 a\n99 z\n", vec!["b"], Some("nonsense\n0 a\n99 z\n1 b\n")),
        ] {
            assert_eq!(with(old, &names).as_deref(), want, "{old:?} + {names:?}");
        }
        let full: String = (0..26).map(|n| format!("{n} k{n}\n")).collect();
        assert_eq!(with(&full, &["more"]), None);
    }

    #[test]
    fn letters_are_in_order_and_what_has_none_is_left_out() {
        let place = tempfile::tempdir().unwrap();
        let dir = Disk::default().dir(place.path()).unwrap();
        assert_eq!(letters(&dir, &words(&["one", "two"])), "ab");
        assert_eq!(letters(&dir, &words(&["three", "ONE"])), "ac");
        assert_eq!(names(&dir, "cax"), ["three", "one"]);
        assert_eq!(letters(&dir, &words(&["two words", "(", "", &"x".repeat(51)])), "");
        for n in 0..30 {
            letters(&dir, &words(&[&format!("k{n}")]));
        }
        assert_eq!(letters(&dir, &words(&["k22", "k23", "two"])), "bz");
        let text = std::fs::read_to_string(place.path().join(FILE)).unwrap();
        assert_eq!((text.lines().count(), text.lines().nth(2)), (26, Some("2 three")));
        assert_eq!(dir.names().unwrap(), [FILE]);
    }

    #[test]
    fn a_lock_of_somebody_else_costs_the_keyword_only() {
        let place = tempfile::tempdir().unwrap();
        let dir = Disk::default().dir(place.path()).unwrap();
        dir.create("dovecot-keywords.lock", b"").unwrap();
        assert_eq!(letters(&dir, &words(&["one"])), "");
        assert_eq!(dir.names().unwrap(), ["dovecot-keywords.lock"]);
    }
}
