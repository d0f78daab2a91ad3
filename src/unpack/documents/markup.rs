//! XML of documents, read as a row of tags and texts.
//!
//! Does not check that it is well-formed, and knows no entities but those that all XML has: Office refuses others.
//! Standards: XML 1.0 §2.4, §4.6.

use crate::limits::VBA_SOURCE_BYTES_MAX;

/// One tag with the text that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::unpack) struct Tag<'a> {
    /// As written, with its prefix: `w:fldSimple`, `/w:p`.
    pub(in crate::unpack) name: &'a str,
    attributes: &'a str,
    /// Up to the next tag, as written.
    text: &'a str,
}

impl<'a> Tag<'a> {
    /// The name without its prefix; ends keep their slash: `fldSimple`, `/p`.
    pub(in crate::unpack) fn local(&self) -> &'a str {
        let Some((prefix, local)) = self.name.split_once(':') else { return self.name };
        // `/w:p`: the text keeps its slash nowhere, so ends are told by the tag itself.
        if prefix.starts_with('/') { "/" } else { local }
    }

    pub(in crate::unpack) fn is(&self, local: &str) -> bool {
        self.local().eq_ignore_ascii_case(local)
    }

    /// The value of an attribute, whatever its prefix.
    pub(in crate::unpack) fn attribute(&self, local: &str) -> Option<String> {
        let mut rest = self.attributes;
        while let Some((name, behind)) = rest.split_once('=') {
            let name = name.trim();
            let behind = behind.trim_start();
            let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = behind.get(1..)?.split_once(quote)?;
            if name.rsplit(':').next().is_some_and(|own| own.eq_ignore_ascii_case(local)) {
                return Some(plain(value));
            }
            rest = after;
        }
        None
    }

    /// The text behind the tag, its entities read: at most [`VBA_SOURCE_BYTES_MAX`], which is more than any that matters.
    pub(in crate::unpack) fn text(&self) -> String {
        let mut end = self.text.len().min(VBA_SOURCE_BYTES_MAX);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        plain(self.text.get(..end).unwrap_or_default())
    }

    /// The text behind the tag as written.
    pub(in crate::unpack) fn raw(&self) -> &'a str {
        self.text
    }
}

/// The tags of a text, in order. Comments and declarations are left out, CDATA is text.
pub(in crate::unpack) fn tags(text: &str) -> Tags<'_> {
    Tags { rest: text, cut: false }
}

/// See [`tags`].
pub(in crate::unpack) struct Tags<'a> {
    rest: &'a str,
    cut: bool,
}

impl<'a> Tags<'a> {
    /// True where something began that does not end, so that what follows was not read.
    pub(in crate::unpack) fn is_cut(&self) -> bool {
        self.cut
    }

    /// What stands before this end, and goes on behind it.
    fn until(&mut self, from: usize, end: &str) -> Option<&'a str> {
        let (text, after) = self.rest.get(from..)?.split_once(end)?;
        self.rest = after;
        Some(text)
    }

    /// The tag or the comment at the begin; `None` where it does not end.
    fn read(&mut self) -> Option<Option<Tag<'a>>> {
        if self.rest.starts_with("!--") {
            return self.until(3, "-->").map(|_| None);
        }
        if self.rest.starts_with('?') {
            // Its quotes need not match. The program that a document is for stands here: it is no tag.
            return self.until(1, "?>").map(|_| None);
        }
        if self.rest.starts_with("![CDATA[") {
            let text = self.until(8, "]]>")?;
            return Some(Some(Tag { name: "![CDATA[", attributes: "", text }));
        }
        let inside = self.rest.get(..end_of(self.rest)?)?;
        let behind = self.rest.get(inside.len() + 1..)?;
        let text_end = memchr::memchr(b'<', behind.as_bytes()).unwrap_or(behind.len());
        let (text, rest) = behind.split_at_checked(text_end)?;
        self.rest = rest;
        let name_end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
        let (name, attributes) = inside.split_at_checked(name_end)?;
        Some(Some(Tag { name: name.trim_end_matches('/'), attributes, text }))
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        while !self.cut {
            let start = memchr::memchr(b'<', self.rest.as_bytes())?;
            self.rest = self.rest.get(start + 1..)?;
            match self.read() {
                Some(Some(tag)) => return Some(tag),
                Some(None) => {}
                None => {
                    self.cut = true;
                    // CDATA that does not end is still text.
                    let text = self.rest.strip_prefix("![CDATA[")?;
                    return Some(Tag { name: "![CDATA[", attributes: "", text });
                }
            }
        }
        None
    }
}

/// Where a tag ends: `>` in a quoted value is part of it.
fn end_of(rest: &str) -> Option<usize> {
    let mut quote = None;
    rest.bytes().position(|byte| match (quote, byte) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        (Some(open), byte) if open == byte => {
            quote = None;
            false
        }
        (None | Some(_), _) => false,
    })
}

/// XML as text: UTF-8, or UTF-16 by its mark or by how it begins.
pub(in crate::unpack) fn decoded(bytes: &[u8]) -> String {
    let wide = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    match wide {
        Some(encoding) => encoding.decode(bytes).0.into_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Text without entities.
pub(in crate::unpack) fn plain(text: &str) -> String {
    const LONGEST_ENTITY: usize = 12;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        out.push_str(before);
        let end = entity.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
        let meant = end.and_then(|end| entity.get(..end)).and_then(character);
        match meant.zip(end) {
            Some((character, end)) => {
                out.push(character);
                rest = entity.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = entity;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        number => {
            let digits = number.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_their_attributes_and_text() {
        let text = "<?xml version='1.0'?><?it's?><!-- <w:no/> --><w:a r:id='1' Target = \"a&amp;b>c\">x&lt;y</w:a><b/><![CDATA[<z>]]>";
        let all: Vec<Tag<'_>> = tags(text).collect();
        let names: Vec<&str> = all.iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["w:a", "/w:a", "b", "![CDATA["]);
        assert!(all[0].is("A") && !all[1].is("a"));
        assert_eq!(all[0].attribute("target").as_deref(), Some("a&b>c"));
        assert_eq!((all[0].text(), all[3].raw()), ("x<y".to_string(), "<z>"));
        for broken in ["<", "<a", "<a b", "<a b='", "<!--", "<![CDATA[", "a&#x;&#x110000;&"] {
            let mut all = tags(broken);
            assert!(all.by_ref().count() < 2 && !plain(broken).is_empty());
            assert_eq!(all.is_cut(), broken.starts_with('<'), "{broken}");
        }
    }

    #[test]
    fn wide_text_is_read() {
        let wide: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&wide), "<a/>");
    }
}
