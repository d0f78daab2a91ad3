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
pub(in crate::unpack) fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = memchr::memchr(b'<', rest.as_bytes())?;
            rest = rest.get(start + 1..)?;
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->")?.1;
                continue;
            }
            if let Some(instruction) = rest.strip_prefix('?') {
                // Its quotes need not match. The program that a document is for stands here: it is no tag.
                rest = instruction.split_once("?>")?.1;
                continue;
            }
            if let Some(data) = rest.strip_prefix("![CDATA[") {
                let (text, after) = data.split_once("]]>").unwrap_or((data, ""));
                rest = after;
                return Some(Tag { name: "![CDATA[", attributes: "", text });
            }
            let inside = rest.get(..end_of(rest)?)?;
            let behind = rest.get(inside.len() + 1..)?;
            let text_end = memchr::memchr(b'<', behind.as_bytes()).unwrap_or(behind.len());
            rest = behind.get(text_end..)?;
            let name_end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
            let (name, attributes) = inside.split_at_checked(name_end)?;
            return Some(Tag { name: name.trim_end_matches('/'), attributes, text: behind.get(..text_end)? });
        }
    })
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
            assert!(tags(broken).count() < 2 && !plain(broken).is_empty());
        }
    }

    #[test]
    fn wide_text_is_read() {
        let wide: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&wide), "<a/>");
    }
}
