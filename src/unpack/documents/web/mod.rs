//! Web pages, vector pictures and XML that browsers show: scripts, files in `data:` links, pages that build a file.
//!
//! Does not run scripts: it reads their words and decodes what stands in them, a few layers deep. Links to other hosts are
//! not its matter. Standards: the WHATWG HTML tokenizer (html5gum), RFC 2397 (`data:`), SVG 2.

mod literals;
mod page;
mod study;

use super::marks::is_mark_of_file;
use crate::limits::{WEB_DATA_BYTES_MIN, WEB_ENTITIES_MAX};
use crate::mail::looks_like_html;
use crate::unpack::plain::is_text;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening, Role};
use memchr::memmem;
use page::{Link, Page};
use std::borrow::Cow;
use std::ops::ControlFlow;
use study::{Kind, Study};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "html",
    about: "web pages, SVG pictures, and XML with scripts",
    recognise,
    nature: Nature::Container(open),
};
pub(in crate::unpack) const SCRIPT: Format = Format {
    name: "script inside",
    about: "scripts of web pages and PDFs, which are no files",
    recognise: recognise_script,
    nature: Nature::Plain,
};

/// Octets that are looked at to know the first element.
const BEGIN_BYTES: usize = 4096;
const HTML: &str = "text/html";
/// Types of links that a page runs as its own scripts.
const SCRIPT_TYPES: [&str; 5] = [
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "text/ecmascript",
    "application/ecmascript",
];
const SVG: &str = "image/svg+xml";
const XML: &str = "text/xml";
/// Elements of these names make XML run scripts in a browser.
const NAMESPACES: [&[u8]; 2] = [b"http://www.w3.org/1999/xhtml", b"http://www.w3.org/2000/svg"];

fn recognise_script(contents: &Contents<'_>) -> Option<&'static str> {
    (contents.role == Role::Body && contents.declared_type == "text/javascript").then_some("text/javascript")
}

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let begin = contents.bytes.get(..contents.bytes.len().min(BEGIN_BYTES)).unwrap_or_default();
    let begin = as_utf8(begin);
    match first_element(&begin) {
        Some(name) if name.eq_ignore_ascii_case(b"svg") => return Some(SVG),
        Some(name) if name.eq_ignore_ascii_case(b"html") => return Some(HTML),
        _ if looks_like_html(&begin) => return Some(HTML),
        Some(_) if has_script_in_xml(contents.bytes) => return Some(XML),
        _ => {}
    }
    let name = contents.name.unwrap_or_default().to_ascii_lowercase();
    // What has no mark of a page is one all the same where a browser is told so.
    let is_told = contents.declared_type == HTML
        || [".html", ".htm", ".shtml", ".xhtml", ".xht"].iter().any(|ending| name.ends_with(ending));
    (is_told && !begin.is_empty() && is_text(contents.bytes)).then_some(HTML)
}

/// Text in UTF-16 as UTF-8, the rest as it is.
fn as_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let decoded = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"<\0") {
        encoding_rs::UTF_16LE.decode_with_bom_removal(bytes).0
    } else if bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\0<") {
        encoding_rs::UTF_16BE.decode_with_bom_removal(bytes).0
    } else {
        return Cow::Borrowed(bytes);
    };
    Cow::Owned(decoded.into_owned().into_bytes())
}

/// The name of the first element without its prefix, behind declarations and comments.
fn first_element(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    loop {
        let behind = if let Some(comment) = rest.strip_prefix(b"<!--") {
            memmem::find(comment, b"-->").and_then(|end| comment.get(end + 3..))?
        } else if let Some(declaration) = rest.strip_prefix(b"<?") {
            memmem::find(declaration, b"?>").and_then(|end| declaration.get(end + 2..))?
        } else if let Some(declaration) = rest.strip_prefix(b"<!") {
            let end = memchr::memchr2(b'>', b'[', declaration)?;
            let inner = declaration.get(end..).filter(|inner| inner.starts_with(b"["));
            let end = inner.and_then(|inner| memmem::find(inner, b"]")).map_or(end, |more| end + more);
            memchr::memchr(b'>', declaration.get(end..)?).and_then(|more| declaration.get(end + more + 1..))?
        } else {
            break;
        };
        rest = behind.trim_ascii_start();
    }
    let name = rest.strip_prefix(b"<")?;
    let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b':' | b'-' | b'_' | b'.'));
    let name =
        name.get(..end.unwrap_or(name.len())).filter(|name| name.first().is_some_and(u8::is_ascii_alphabetic))?;
    name.rsplit(|byte| *byte == b':').next()
}

fn has_script_in_xml(bytes: &[u8]) -> bool {
    NAMESPACES.iter().any(|space| memmem::find(bytes, space).is_some())
        && [&b"<script"[..], b":script"].iter().any(|tag| memmem::find(bytes, tag).is_some())
}

/// An entity whose text is elements: no drawing program writes such, but a script hides so (XML 1.0 §4.4).
fn has_entity_of_markup(bytes: &[u8]) -> bool {
    const BRACKETS: [&[u8]; 5] = [b"<", b"&#60;", b"&#060;", b"&#x3c;", b"&#x3C;"];
    memmem::find_iter(bytes, b"<!ENTITY").take(WEB_ENTITIES_MAX).any(|at| {
        let declared = bytes.get(at + 8..).unwrap_or_default().split(|byte| *byte == b'>').next().unwrap_or_default();
        BRACKETS.iter().any(|bracket| memmem::find(declared, bracket).is_some())
    })
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = as_utf8(contents.bytes);
    let is_xml = bytes.trim_ascii_start().starts_with(b"<?xml");
    let is_svg = recognise(contents) == Some(SVG);
    let Some(page) = Page::read(&bytes, is_xml || is_svg, opening) else { return };
    if is_svg {
        say_svg(&page, opening);
        if has_entity_of_markup(&bytes) {
            opening.note(NoteKind::SvgScript, "elements by an entity");
        }
    }
    // A spent budget ends it; what was found until then counts.
    let mut study = Study::default();
    let _ = members(&page, &mut study, is_svg, opening);
    if study.is_smuggling() || page.links.iter().any(is_smuggled) {
        opening.note(NoteKind::Smuggling, &study.says());
    }
}

fn say_svg(page: &Page, opening: &mut Opening<'_>) {
    let found = [
        (page.scripts.iter().any(|script| !script.trim_ascii().is_empty()) || page.has_script_elsewhere, "script"),
        (!page.handlers.is_empty(), "event handler or javascript: link"),
        (page.has_foreign_form, "a form in a foreign object"),
    ];
    for (_, what) in found.iter().filter(|(is_there, _)| *is_there) {
        opening.note(NoteKind::SvgScript, what);
    }
}

/// Takes scripts, frames, `data:` links, and what the scripts hold in code.
fn members(page: &Page, study: &mut Study, is_svg: bool, opening: &mut Opening<'_>) -> ControlFlow<()> {
    for (index, script) in page.scripts.iter().enumerate() {
        opening.take(&format!("script {}", index + 1), script.as_slice())?;
        super::declare_last(opening, "text/javascript", Role::Body);
        study.script(script);
    }
    study.script(&page.handlers);
    for text in &page.bulk {
        study.text(text);
    }
    for (index, frame) in page.frames.iter().enumerate() {
        opening.take(&format!("frame {}", index + 1), frame.as_slice())?;
        super::declare_last(opening, HTML, Role::Body);
    }
    for (index, link) in page.links.iter().enumerate() {
        opening.pay_time()?;
        let is_picture = link.media_type.starts_with("image/") || link.media_type.starts_with("font/");
        if is_picture && link.bytes.len() < WEB_DATA_BYTES_MIN && !is_mark_of_file(&link.bytes) {
            continue;
        }
        if is_svg && (link.media_type == HTML || looks_like_html(&link.bytes)) && link.media_type != SVG {
            opening.note(NoteKind::SvgScript, "a page in a data: link");
        }
        let name = link.file_name.clone().unwrap_or_else(|| format!("data {}", index + 1));
        opening.take(&name, link.bytes.as_slice())?;
        if !link.is_saved && SCRIPT_TYPES.contains(&link.media_type.as_str()) {
            super::declare_last(opening, "text/javascript", Role::Body);
        } else {
            super::declare_last(opening, &link.media_type, Role::File);
        }
    }
    study.decode();
    for (index, found) in study.found.iter().enumerate() {
        opening.take(&format!("decoded {}", index + 1), found.bytes.as_slice())?;
        match found.kind {
            Kind::File => {}
            Kind::Page => super::declare_last(opening, HTML, Role::Body),
            Kind::Script => super::declare_last(opening, "text/javascript", Role::Body),
        }
    }
    ControlFlow::Continue(())
}

/// The media type and the octets of a `data:` link.
pub(super) fn data_link(uri: &[u8]) -> Option<(String, Vec<u8>)> {
    let is_data = uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"data:"));
    page::data(uri).filter(|_| is_data).map(|link| (link.media_type, link.bytes))
}

/// A link that saves a file which stands in itself, of a kind that people open. Tables and pictures are saved so too.
fn is_smuggled(link: &Link) -> bool {
    let is_ordinary = link.bytes.starts_with(b"%PDF-") || link.bytes.starts_with(b"\x1f\x8b");
    link.is_saved && !is_ordinary && is_mark_of_file(&link.bytes)
}

#[cfg(test)]
mod tests;
