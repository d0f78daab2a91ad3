//! HTML and text as signatures expect them: lower case, white space folded, comments and tags taken out.
//!
//! Writers of signatures see what ClamAV makes of a page; these forms follow it closely enough for letters to fit, not
//! octet by octet. Does not know what a browser hides.

use crate::limits::SIGNATURE_NORMAL_BYTES_MAX;
use memchr::{memchr, memmem};

/// Text in lower case, white space folded to one space, control signs and all above ASCII left out.
pub(super) fn text(octets: &[u8]) -> Vec<u8> {
    let mut normal = Vec::new();
    for octet in octets.iter().take(SIGNATURE_NORMAL_BYTES_MAX) {
        match octet {
            b'\t'..=b'\r' | b' ' => push_space(&mut normal),
            0x21..=0x7f => normal.push(octet.to_ascii_lowercase()),
            _ => {}
        }
    }
    normal
}

/// A page twice: with its tags, and without. Comments are left out of both.
pub(super) fn html(octets: &[u8]) -> [Vec<u8>; 2] {
    let octets = octets.get(..SIGNATURE_NORMAL_BYTES_MAX).unwrap_or(octets);
    let mut page = Page { rest: octets, tagged: Vec::new(), plain: Vec::new() };
    while let Some(octet) = page.rest.first() {
        match octet {
            b'<' => page.markup(),
            b'&' => page.reference(),
            octet => {
                page.text(*octet);
                page.skip(1);
            }
        }
    }
    [page.tagged, page.plain]
}

struct Page<'a> {
    rest: &'a [u8],
    tagged: Vec<u8>,
    plain: Vec<u8>,
}

impl<'a> Page<'a> {
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn text(&mut self, octet: u8) {
        push(&mut self.tagged, octet);
        push(&mut self.plain, octet);
    }

    fn markup(&mut self) {
        if self.rest.starts_with(b"<!--") {
            let end = memmem::find(self.rest, b"-->").map_or(self.rest.len(), |at| at + 3);
            return self.skip(end);
        }
        let is_tag = self.rest.get(1).is_some_and(|next| next.is_ascii_alphabetic() || b"/!?".contains(next));
        if !is_tag {
            self.text(b'<');
            return self.skip(1);
        }
        let begin = self.tagged.len();
        let end = self.tag();
        self.skip(end);
        let tag = self.tagged.get(begin..).unwrap_or_default();
        if let Some(close) = [(&b"<script"[..], &b"</script"[..]), (b"<style", b"</style")]
            .into_iter()
            .find_map(|(open, close)| tag.starts_with(open).then_some(close))
        {
            self.code(close);
        }
    }

    /// Writes a tag; where it ends. White space is folded, quotes become double, addresses are text as well.
    fn tag(&mut self) -> usize {
        let mut quote = None;
        let mut address = None;
        for (at, octet) in self.rest.iter().enumerate() {
            match (octet, quote) {
                (b'>', None) => {
                    self.tagged.push(b'>');
                    return at + 1;
                }
                (b'"' | b'\'', None) => {
                    quote = Some(*octet);
                    let before = self.tagged.as_slice();
                    let is_address = [&b"href="[..], b"src=", b"action="].iter().any(|name| before.ends_with(name));
                    address = is_address.then_some(at + 1);
                    self.tagged.push(b'"');
                }
                (octet, Some(open)) if *octet == open => {
                    quote = None;
                    self.tagged.push(b'"');
                    if let Some(url) = address.take().and_then(|from| self.rest.get(from..at)) {
                        push_space(&mut self.plain);
                        self.plain.extend(url);
                        self.plain.push(b' ');
                    }
                }
                (octet, _) => push(&mut self.tagged, *octet),
            }
        }
        self.rest.len()
    }

    /// A script or a style, up to its end tag: white space counts for nothing there.
    fn code(&mut self, close: &[u8]) {
        while let Some(octet) = self.rest.first() {
            let is_end =
                *octet == b'<' && self.rest.get(..close.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(close));
            if is_end {
                return;
            }
            if !octet.is_ascii_whitespace() {
                self.tagged.push(octet.to_ascii_lowercase());
            }
            self.skip(1);
        }
    }

    fn reference(&mut self) {
        let word = self.rest.get(1..self.rest.len().min(REFERENCE_BYTES_MAX)).unwrap_or_default();
        let end = memchr(b';', word);
        let octet = end.and_then(|end| meant(word.get(..end)?));
        match (octet, end) {
            (Some(octet), Some(end)) => {
                self.text(octet);
                self.skip(end + 2);
            }
            _ => {
                self.text(b'&');
                self.skip(1);
            }
        }
    }
}

/// A reference is not longer than this, with both its signs.
const REFERENCE_BYTES_MAX: usize = 12;

/// The octet that a reference stands for, where it is one.
fn meant(word: &[u8]) -> Option<u8> {
    match word {
        b"amp" => Some(b'&'),
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        b"nbsp" => Some(b' '),
        [b'#', b'x' | b'X', digits @ ..] => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

fn push(normal: &mut Vec<u8>, octet: u8) {
    if octet.is_ascii_whitespace() { push_space(normal) } else { normal.push(octet.to_ascii_lowercase()) }
}

fn push_space(normal: &mut Vec<u8>) {
    if normal.last() != Some(&b' ') {
        normal.push(b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded() {
        assert_eq!(text(b"Hello   WORLD\r\n\tx\x01\x7f\x80\xff\0y (a)\n\n"), b"hello world x\x7fy (a) ");
    }

    #[test]
    fn pages_are_read_with_and_without_tags() {
        let page = b"<HTML><!-- a Comment --><Body BGCOLOR=red>Hello &amp;  <b>World</b>&#65;\n new   Line \
                     <a HREF='http://X.Example/P?Q=1'>Link</A><script>var X = \"A\"; // <c>\nalert(X)</script></body>";
        let [tagged, plain] = html(page);
        assert_eq!(
            String::from_utf8(tagged).unwrap(),
            "<html><body bgcolor=red>hello & <b>world</b>a new line <a href=\"http://x.example/p?q=1\">link</a>\
             <script>varx=\"a\";//<c>alert(x)</script></body>"
        );
        assert_eq!(String::from_utf8(plain).unwrap(), "hello & worlda new line http://X.Example/P?Q=1 link");
    }
}
