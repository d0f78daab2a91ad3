//! Names of attachments and archive members that promise something else than what opens, or open what harms.
//!
//! Only names: what is really inside is `inside`'s, and whether it is what it was declared to be `declared_types`'. The
//! list is `config/lists/extensions.txt`. Sources: the naming rules of Windows; Unicode's bidirectional and format
//! characters.

use super::{Check, Facts, Finding};
use crate::limits::MEMBER_NAME_BYTES_MAX;
use crate::mail::Message;

pub(super) const CHECK: Check = Check {
    name: "attachment_names",
    about: "Dangerous, doubled, disguised endings of attachment names, in archives too.",
    finds: &["dangerous_extension", "double_extension", "right_to_left_name", "padded_name", "disguised_name"],
    look,
};

/// Endings that people take for harmless; before a dangerous one they are a lie.
const HARMLESS: &[&str] = &[
    "7z", "avi", "bmp", "csv", "doc", "docx", "eml", "gif", "gz", "heic", "htm", "html", "ics", "jfif", "jpeg", "jpg",
    "key", "log", "md", "mov", "mp3", "mp4", "msg", "numbers", "ods", "odt", "pages", "pdf", "png", "ppt", "pptx",
    "rar", "rtf", "svg", "tif", "tiff", "txt", "vcf", "wav", "webp", "xls", "xlsx", "xml", "zip",
];
/// Spaces in a row that push the true ending out of sight.
const PADDING_SPACES: usize = 8;
/// Characters that turn the direction of what follows: the ending stands in the middle.
const TURNING: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];
/// Of these, the ones that no writing system needs in a name.
const OVERRIDES: [char; 6] = ['\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{200f}'];
/// Characters without any width. Joiners stand in honest names of some scripts and in emoji, so they count only beside an
/// ending.
const INVISIBLE: [char; 8] =
    ['\u{ad}', '\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{3164}'];
/// Characters that look like the dot before an ending and are none, or are one for some programs.
const DOTS: [char; 5] = ['\u{2024}', '\u{3002}', '\u{fe52}', '\u{ff0e}', '\u{ff61}'];

fn look(message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let mut names: Vec<&str> = message.parts.iter().filter_map(|p| p.name.as_deref()).collect();
    names.extend(facts.inside.items.iter().filter_map(|item| item.name.as_deref()));
    names.sort_unstable();
    names.dedup();
    names.into_iter().flat_map(|name| look_at_name(name, facts)).collect()
}

fn look_at_name(name: &str, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if name.contains(OVERRIDES) {
        found.push(Finding::new("right_to_left_name", name));
    }
    let plain = Plain::of(name);
    // Windows drops dots and spaces at the end of a name, so `x.exe. ` starts like `x.exe`.
    let bare = plain.text.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let mut endings = bare.rsplit('.').map(|e| e.trim().to_lowercase());
    let (last, before) = (endings.next().unwrap_or_default(), endings.next().unwrap_or_default());
    let is_whole_name = last.len() >= bare.len();
    let danger = facts.lists.extension(&last).filter(|_| !is_whole_name);
    if let Some(what) = danger {
        found.push(Finding::new("dangerous_extension", format!("{name}: {what}")));
        // A whole name is no ending: `numbers.py`.
        if HARMLESS.contains(&before.as_str()) && endings.next().is_some() {
            found.push(Finding::new("double_extension", name));
        }
    }
    let is_stretched = bare.contains(&" ".repeat(PADDING_SPACES)) || name.len() > MEMBER_NAME_BYTES_MAX;
    if (danger.is_some() && bare.len() < plain.text.len()) || is_stretched {
        found.push(Finding::new("padded_name", name));
    }
    if plain.is_cut || (plain.is_changed && (danger.is_some() || HARMLESS.contains(&last.as_str()))) {
        found.push(Finding::new("disguised_name", name));
    }
    found
}

/// A name as the system that opens it would take it.
struct Plain {
    text: String,
    /// Something that nobody sees, or that looks like a dot, was in the ending.
    is_changed: bool,
    /// It holds a NUL or names a stream of another file: programs differ in what they take for the name.
    is_cut: bool,
}

impl Plain {
    fn of(name: &str) -> Self {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let (file, is_cut) = without_stream(file);
        let unseen = |c: char| INVISIBLE.contains(&c) || TURNING.contains(&c) || (c.is_control() && c != '\t');
        let text: String =
            file.chars().filter(|c| !unseen(*c)).map(|c| if DOTS.contains(&c) { '.' } else { c }).collect();
        let ending = |text: &str| text.rsplit('.').next().unwrap_or_default().to_string();
        let is_changed = ending(&text) != ending(file);
        Self { text, is_changed, is_cut }
    }
}

/// The piece of a name that carries its ending. `a.txt:b.exe` is a stream of a.txt for Windows, `b.exe::$DATA` is b.exe,
/// and a NUL ends a name for some programs. A colon behind plain words (`Re: offer.pdf`) is only a colon.
fn without_stream(file: &str) -> (&str, bool) {
    if let Some((before, behind)) = file.split_once('\0') {
        return (if behind.contains('.') { behind } else { before }, true);
    }
    let Some((before, behind)) = file.split_once(':') else { return (file, false) };
    if behind.to_ascii_uppercase().ends_with("$DATA") {
        return (before, true);
    }
    let ending = before.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
    (file, HARMLESS.contains(&ending.as_str()) && behind.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Kit, Rules};
    use crate::mail::Session;

    #[test]
    fn a_name_tells_what_it_hides() {
        let message = Message::parse(b"From: a@b.example\r\n\r\nx");
        let facts = Facts::gather(&message, &Session::default(), &Kit::of(&Rules::embedded().lists));
        for (name, want) in [
            ("a.pdf", &[][..]),
            ("a.EXE", &["dangerous_extension"]),
            ("a.pdf.exe", &["dangerous_extension", "double_extension"]),
            ("dir/numbers.exe", &["dangerous_extension"]),
            ("dir.exe/a.txt", &[]),
            ("dir\\a.exe. ", &["dangerous_extension", "padded_name"]),
            ("a\u{202e}fdp.exe", &["right_to_left_name", "dangerous_extension"]),
            ("a.e\u{200b}xe", &["dangerous_extension", "disguised_name"]),
            ("a\u{2024}exe", &["dangerous_extension", "disguised_name"]),
            ("a\u{ff0e}pdf", &["disguised_name"]),
            ("a.exe::$DATA", &["dangerous_extension", "disguised_name"]),
            ("a.txt:b.exe", &["dangerous_extension", "disguised_name"]),
            ("a.pdf\0.exe", &["dangerous_extension", "disguised_name"]),
            ("Re: offer.pdf", &[]),
            ("12:30 notes.txt", &[]),
            ("\u{1f469}\u{200d}\u{1f4bb} report.pdf", &[]),
            ("a.pdf            .js", &["dangerous_extension", "double_extension", "padded_name"]),
            ("exe", &[]),
        ] {
            let found: Vec<String> = look_at_name(name, &facts).into_iter().map(|finding| finding.name).collect();
            assert_eq!(found, want, "{name:?}");
        }
    }
}
