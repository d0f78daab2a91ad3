//! The links of a message: where they are shown and where they lead.
//!
//! Does not open them and does not look inside attached messages. Standards: WHATWG URL (hosts in lower case, punycode,
//! odd forms of addresses resolved).

use super::html::{self, looks_like_html};
use super::{Message, Part};
use crate::limits::{LINK_BYTES_MAX, LINK_TEXT_BYTES_MAX, LINKS_MAX, TEXT_BYTES_MAX};
use linkify::{LinkFinder, LinkKind};
use memchr::memmem;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use url::{ParseError, Url};

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// As a browser would go there; as written where it can't be resolved. At most [`LINK_BYTES_MAX`].
    pub url: String,
    /// Host in lower case (punycode), empty where the URL has none.
    pub host: String,
    /// What the reader sees: the anchor's text, or the URL itself. At most [`LINK_BYTES_MAX`].
    pub text: String,
}

/// All links of text and HTML parts, each pair of URL and text once, at most [`LINKS_MAX`]. An HTML file counts by its
/// contents, whatever its declared type. Of each part the first [`TEXT_BYTES_MAX`] octets are read, of all parts together
/// [`LINK_TEXT_BYTES_MAX`].
pub fn links(message: &Message<'_>) -> Vec<Link> {
    let mut found = Found::default();
    let mut left = LINK_TEXT_BYTES_MAX;
    for part in message.all_parts() {
        let Some(text) = text_of(part) else { continue };
        let text = cut(&text, left.min(TEXT_BYTES_MAX));
        left -= text.len();
        if part.declared_type == "text/html" || looks_like_html(text.as_bytes()) {
            in_html(text, &mut found);
        } else {
            in_text(text, None, &mut found);
        }
    }
    found.links
}

fn text_of(part: &Part) -> Option<Cow<'_, str>> {
    match &part.text {
        Some(text) => Some(Cow::Borrowed(text)),
        None if looks_like_html(&part.contents) => Some(String::from_utf8_lossy(&part.contents)),
        None => None,
    }
}

#[derive(Default)]
struct Found {
    links: Vec<Link>,
    seen: HashSet<Link>,
}

impl Found {
    /// Takes a reference that leads somewhere; `text` is empty where the URL itself is shown.
    fn add(&mut self, url: &str, text: &str, base: Option<&Url>) {
        let written = url.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if written.is_empty() || written.starts_with('#') || self.links.len() >= LINKS_MAX {
            return;
        }
        let (url, host) = resolve(written, base);
        let text = if text.is_empty() { written } else { text };
        let link =
            Link { url: cut(&url, LINK_BYTES_MAX).to_string(), host, text: cut(text, LINK_BYTES_MAX).to_string() };
        if self.seen.insert(link.clone()) {
            self.links.push(link);
        }
    }
}

/// The URL as a browser writes it, and its host.
fn resolve(written: &str, base: Option<&Url>) -> (String, String) {
    let parsed = match Url::parse(written) {
        Err(ParseError::RelativeUrlWithoutBase) if written.starts_with("//") || begins_with_www(written) => {
            Url::parse(&format!("http://{}", written.trim_start_matches('/')))
        }
        Err(ParseError::RelativeUrlWithoutBase) => base.map_or(Err(ParseError::EmptyHost), |base| base.join(written)),
        parsed => parsed,
    };
    match parsed {
        Ok(url) => {
            let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_lowercase();
            (url.to_string(), host)
        }
        Err(_) => (written.to_string(), String::new()),
    }
}

fn begins_with_www(text: &str) -> bool {
    text.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("www."))
}

/// Anchors and their kin, and URLs in the visible text outside of them, which readers make into links as well.
fn in_html(text: &str, found: &mut Found) {
    let reading = html::read(text);
    let base = reading.base.as_deref().and_then(|base| Url::parse(base.trim()).ok());
    for reference in &reading.references {
        found.add(&reference.url, &reference.text, base.as_ref());
    }
    in_text(&reading.unlinked, base.as_ref(), found);
}

/// URLs with a scheme, and names that begin with `www.`.
fn in_text(text: &str, base: Option<&Url>, found: &mut Found) {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]).url_must_have_scheme(true);
    let mut covered = 0;
    for link in finder.links(text) {
        without_scheme(text, covered, link.start(), found);
        found.add(link.as_str(), "", base);
        covered = link.end();
    }
    without_scheme(text, covered, text.len(), found);
}

/// What the finder leaves out between two links: names without a scheme, and URLs with a foreign top-level domain.
fn without_scheme(text: &str, from: usize, to: usize, found: &mut Found) {
    let Some(gap) = text.get(from..to) else { return };
    for word in gap.split(|c: char| c.is_whitespace() || "<>\"'()[]{}|\u{ab}\u{bb}\u{201c}\u{201d}".contains(c)) {
        let scheme = memmem::find(word.as_bytes(), b"://").and_then(|at| word.get(..at)).unwrap_or_default();
        let begin = scheme
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |at| at + scheme.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let url = word.get(begin..).unwrap_or_default().trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        let with_scheme = scheme.len() > begin;
        if with_scheme || (begins_with_www(url) && url.get(4..).is_some_and(|rest| rest.contains('.'))) {
            found.add(url, "", None);
        }
    }
}

/// The first octets of a text, at most `bytes_max`, cut between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, body: &str) -> Vec<(String, String, String)> {
        let mail = format!("From: a@b\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{body}");
        links(&Message::parse(mail.as_bytes())).into_iter().map(|l| (l.url, l.host, l.text)).collect()
    }

    fn check(kind: &str, body: &str, want: &[(&str, &str, &str)]) {
        let want: Vec<_> = want.iter().map(|(u, h, t)| (u.to_string(), h.to_string(), t.to_string())).collect();
        assert_eq!(of(kind, body), want, "{body}");
    }

    #[test]
    fn plain_text_shows_its_links() {
        check(
            "text/plain",
            "see https://A.example/x?y=1, (www.B.example) and <HTTP://c.example>. Not file.txt or mr.smith, a@d.example",
            &[
                ("https://a.example/x?y=1", "a.example", "https://A.example/x?y=1"),
                ("http://www.b.example/", "www.b.example", "www.B.example"),
                ("http://c.example/", "c.example", "HTTP://c.example"),
            ],
        );
        check(
            "text/plain",
            "https://почта.рф/x.",
            &[("https://xn--80a1acny.xn--p1ai/x", "xn--80a1acny.xn--p1ai", "https://почта.рф/x")],
        );
    }

    #[test]
    fn html_links_lead_where_a_browser_would_go() {
        check(
            "text/html",
            "<base href='http://base.example/d/'><a href=' https://EVIL.example '>https://bank.example</a>\
             <a href='rel'>r</a><a href='//cdn.example/x'>c</a><a href=\"http://0x7f.1/\">ip</a><a href='#top'>t</a>\
             <a href='mailto:a@b.example'>m</a><script>'https://no.example'</script><p>https://seen.example</p>end",
            &[
                ("https://evil.example/", "evil.example", "https://bank.example"),
                ("http://base.example/d/rel", "base.example", "r"),
                ("http://cdn.example/x", "cdn.example", "c"),
                ("http://127.0.0.1/", "127.0.0.1", "ip"),
                ("mailto:a@b.example", "", "m"),
                ("https://seen.example/", "seen.example", "https://seen.example"),
            ],
        );
    }

    #[test]
    fn the_same_link_counts_once_and_links_have_a_bound() {
        check(
            "text/html",
            "<a href=http://a.example>x</a><a href=http://a.example>x</a>",
            &[("http://a.example/", "a.example", "x")],
        );
        let many: String = (0..2 * LINKS_MAX).map(|n| format!("<a href=http://a.example/{n}>x</a>")).collect();
        assert_eq!(of("text/html", &many).len(), LINKS_MAX);
        let long = format!("<a href='data:text/html,{}'>x</a>", "x".repeat(100_000));
        assert_eq!(of("text/html", &long)[0].0.len(), LINK_BYTES_MAX);
    }

    #[test]
    fn an_attached_html_file_counts_whatever_its_declared_type() {
        check(
            "application/octet-stream",
            "<html><a href=http://a.example>x</a>",
            &[("http://a.example/", "a.example", "x")],
        );
    }
}
