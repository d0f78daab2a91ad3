//! Attachments and archive members that are declared, or named, as something harmless and are something else.
//!
//! Only strong lies: a picture, sound, text or document that is a program, an archive or a page. Honest mail mislabels
//! within a family all the time (a .doc that is RTF or HTML, a docx declared as zip, image/jpg), and bytes of an unknown
//! kind prove nothing. A script declared as text is no lie: it is text.

use super::{Check, Facts, Finding};
use crate::mail::Message;
use crate::unpack::{Item, NoteKind};

pub(super) const CHECK: Check = Check {
    name: "declared_types",
    about: "What was declared or named as harmless, and is of another kind.",
    finds: &["false_type"],
    look,
};

/// Families of kinds: within one, nobody is misled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Pictures, sound, film, fonts.
    Media,
    Pdf,
    /// Text that is shown as it is.
    Text,
    Html,
    /// Documents of offices.
    Document,
    /// Zip archives, and what is one without being known: documents are that too.
    Zip,
    Archive,
    Script,
    Program,
}

/// Media types by their begin, the first that fits.
const TYPES: [(&str, Family); 34] = [
    ("image/", Family::Media),
    ("audio/", Family::Media),
    ("video/", Family::Media),
    ("font/", Family::Media),
    ("application/pdf", Family::Pdf),
    ("application/x-pdf", Family::Pdf),
    ("text/html", Family::Html),
    ("application/xhtml", Family::Html),
    ("text/", Family::Text),
    ("application/msword", Family::Document),
    ("application/vnd.ms-word", Family::Document),
    ("application/vnd.ms-excel", Family::Document),
    ("application/vnd.ms-powerpoint", Family::Document),
    ("application/vnd.ms-office", Family::Document),
    ("application/vnd.openxmlformats-", Family::Document),
    ("application/vnd.oasis.opendocument.", Family::Document),
    ("application/rtf", Family::Document),
    ("application/onenote", Family::Document),
    ("application/zip", Family::Zip),
    ("application/x-zip", Family::Zip),
    ("application/gzip", Family::Archive),
    ("application/x-gzip", Family::Archive),
    ("application/vnd.rar", Family::Archive),
    ("application/x-rar", Family::Archive),
    ("application/x-7z", Family::Archive),
    ("application/x-tar", Family::Archive),
    ("application/x-bzip", Family::Archive),
    ("application/x-xz", Family::Archive),
    ("application/zstd", Family::Archive),
    ("application/vnd.ms-cab", Family::Archive),
    ("application/x-iso9660", Family::Archive),
    ("application/x-arj", Family::Archive),
    ("application/x-lz", Family::Archive),
    ("application/x-ace", Family::Archive),
];
const ENDINGS: [(&str, Family); 40] = [
    ("jpg", Family::Media),
    ("jpeg", Family::Media),
    ("jfif", Family::Media),
    ("png", Family::Media),
    ("gif", Family::Media),
    ("bmp", Family::Media),
    ("tif", Family::Media),
    ("tiff", Family::Media),
    ("webp", Family::Media),
    ("heic", Family::Media),
    ("ico", Family::Media),
    ("mp3", Family::Media),
    ("mp4", Family::Media),
    ("m4a", Family::Media),
    ("wav", Family::Media),
    ("ogg", Family::Media),
    ("mov", Family::Media),
    ("avi", Family::Media),
    ("ttf", Family::Media),
    ("woff2", Family::Media),
    ("pdf", Family::Pdf),
    ("txt", Family::Text),
    ("csv", Family::Text),
    ("log", Family::Text),
    ("htm", Family::Html),
    ("html", Family::Html),
    ("doc", Family::Document),
    ("docx", Family::Document),
    ("dotx", Family::Document),
    ("xls", Family::Document),
    ("xlsx", Family::Document),
    ("ppt", Family::Document),
    ("pptx", Family::Document),
    ("odt", Family::Document),
    ("ods", Family::Document),
    ("odp", Family::Document),
    ("rtf", Family::Document),
    ("zip", Family::Zip),
    ("rar", Family::Archive),
    ("7z", Family::Archive),
];

fn look(_message: &Message<'_>, facts: &Facts) -> Vec<Finding> {
    let items = facts.inside.items.iter();
    items.filter_map(|item| look_at_item(item, is_program(item, facts))).collect()
}

fn is_program(item: &Item, facts: &Facts) -> bool {
    facts.inside.notes.iter().any(|note| note.kind == NoteKind::Program && note.path == item.path)
}

fn look_at_item(item: &Item, is_program: bool) -> Option<Finding> {
    let truth = match of_type(&item.true_type) {
        Some(Family::Text) if is_program => Family::Script,
        _ if is_program => Family::Program,
        known => known?,
    };
    let name = item.name.as_deref().unwrap_or_default();
    let by_type = of_type(&item.declared_type).filter(|promised| misleads(*promised, truth));
    let by_name = of_name(name).filter(|promised| misleads(*promised, truth));
    let said = match (by_type, by_name) {
        (Some(_), _) => item.declared_type.as_str(),
        (None, Some(_)) => name,
        (None, None) => return None,
    };
    Some(Finding::new("false_type", format!("{}: said to be {said}, is {}", item.path.join("/"), item.true_type)))
}

fn misleads(promised: Family, truth: Family) -> bool {
    match truth {
        Family::Media | Family::Text => false,
        Family::Pdf | Family::Document => {
            matches!(promised, Family::Media | Family::Text) || (promised, truth) == (Family::Pdf, Family::Document)
        }
        Family::Html => matches!(promised, Family::Media | Family::Pdf),
        Family::Zip => matches!(promised, Family::Media | Family::Pdf | Family::Text | Family::Html),
        Family::Archive => !matches!(promised, Family::Zip | Family::Archive),
        Family::Script => !matches!(promised, Family::Text | Family::Script | Family::Program),
        Family::Program => !matches!(promised, Family::Script | Family::Program),
    }
}

fn of_type(media_type: &str) -> Option<Family> {
    TYPES.iter().find(|(begin, _)| media_type.starts_with(begin)).map(|(_, family)| *family)
}

fn of_name(name: &str) -> Option<Family> {
    let (_, ending) = name.rsplit_once('.')?;
    ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, family)| *family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_lies_count() {
        for (declared, name, truth, program, want) in [
            ("image/jpg", "a.jpg", "image/jpeg", false, false),
            ("image/png", "a.png", "image/webp", false, false),
            ("application/octet-stream", "a.bin", "application/zip", false, false),
            (
                "application/zip",
                "a.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                false,
                false,
            ),
            ("application/msword", "a.doc", "application/rtf", false, false),
            ("application/msword", "a.doc", "text/html", false, false),
            ("text/plain", "a.py", "text/x-python", true, false),
            ("text/plain", "", "application/octet-stream", false, false),
            ("application/pdf", "a.pdf", "application/octet-stream", false, false),
            ("application/x-zip-compressed", "a.zip", "application/zip", false, false),
            ("image/png", "a.png", "application/zip", false, true),
            ("", "a.jpg", "application/vnd.microsoft.portable-executable", true, true),
            ("audio/mpeg", "", "text/html", false, true),
            ("application/pdf", "a.pdf", "text/html", false, true),
            ("image/gif", "a.gif", "text/javascript", true, true),
            ("text/plain", "a.txt", "application/vnd.rar", false, true),
            ("", "a.docx", "application/vnd.rar", false, true),
            ("", "a.docx", "application/x-elf", true, true),
            ("", "a.zip", "application/vnd.microsoft.portable-executable", true, true),
        ] {
            let item = Item {
                path: vec!["2".to_string()],
                name: (!name.is_empty()).then(|| name.to_string()),
                declared_type: declared.to_string(),
                true_type: truth.to_string(),
                size: 1,
                sha256: String::new(),
            };
            assert_eq!(look_at_item(&item, program).is_some(), want, "{declared} {name} {truth}");
        }
    }
}
