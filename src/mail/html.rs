//! What a reader sees of HTML, and where it leads: tokens only, no tree, no style sheets.
//!
//! Does not know what CSS hides and does not follow anything. Standards: the WHATWG HTML tokenizer (html5gum), WHATWG
//! MIME sniffing §7.1 for [`looks_like_html`].

use html5gum::{DefaultEmitter, HtmlString, StartTag, State, StringReader, Token, Tokenizer};

/// Elements whose text nobody sees.
const UNSEEN: [&[u8]; 7] = [b"script", b"style", b"title", b"iframe", b"noembed", b"noframes", b"template"];
/// Elements that begin a new line.
const BLOCKS: [&[u8]; 24] = [
    b"p",
    b"div",
    b"br",
    b"tr",
    b"li",
    b"ul",
    b"ol",
    b"dl",
    b"dt",
    b"dd",
    b"table",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"hr",
    b"pre",
    b"blockquote",
    b"center",
    b"section",
    b"article",
    b"form",
];
/// First tags by which contents are known as HTML.
const FIRST_TAGS: [&str; 24] = [
    "!doctype html",
    "html",
    "head",
    "body",
    "script",
    "iframe",
    "h1",
    "div",
    "font",
    "table",
    "a",
    "style",
    "title",
    "b",
    "br",
    "p",
    "meta",
    "center",
    "span",
    "img",
    "form",
    "base",
    "link",
    "svg",
];

/// One reference as written, before it is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) url: String,
    /// The anchor's text; empty for others.
    pub(super) text: String,
}

/// All that one pass finds.
#[derive(Default)]
pub(super) struct Reading {
    /// The first `base href`.
    pub(super) base: Option<String>,
    pub(super) references: Vec<Reference>,
    pub(super) text: String,
    /// The text outside of anchors, tags replaced by line ends: readers make links of URLs here.
    pub(super) unlinked: String,
}

/// The text that a reader sees: tags, scripts and styles left out, entities decoded, white space folded, one line per
/// block.
pub fn visible_text(html: &str) -> String {
    read(html).text.trim().to_string()
}

/// True where the bytes begin as HTML does: white space, comments and a byte order mark, then a known tag.
pub fn looks_like_html(bytes: &[u8]) -> bool {
    let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    loop {
        if let Some(comment) = rest.strip_prefix(b"<!--") {
            match memchr::memmem::find(comment, b"-->").and_then(|end| comment.get(end + 3..)) {
                Some(behind) => rest = behind.trim_ascii_start(),
                None => return true,
            }
        } else if let Some(declaration) = rest.strip_prefix(b"<?xml") {
            match memchr::memchr(b'>', declaration).and_then(|end| declaration.get(end + 1..)) {
                Some(behind) => rest = behind.trim_ascii_start(),
                None => return false,
            }
        } else {
            break;
        }
    }
    let Some(tag) = rest.strip_prefix(b"<") else { return false };
    FIRST_TAGS.iter().any(|name| {
        tag.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name.as_bytes()))
            && tag.get(name.len()).is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
    })
}

/// Reads a whole document. Linear; the caller bounds the length.
pub(super) fn read(html: &str) -> Reading {
    let mut reader = Reader::default();
    let mut tokens = Tokenizer::new_with_emitter(html, DefaultEmitter::default());
    while let Some(Ok(token)) = tokens.next() {
        match token {
            Token::StartTag(tag) => reader.start(&tag, &mut tokens),
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::String(text) => reader.text(&text),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.close_anchor();
    reader.reading
}

#[derive(Default)]
struct Reader {
    reading: Reading,
    /// The unseen element that is open.
    unseen: Option<HtmlString>,
    /// The anchor that is open: its URL, and where its text begins in the text read so far.
    anchor: Option<(String, usize)>,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>, tokens: &mut Tokenizer<StringReader<'_>>) {
        let name: &[u8] = &tag.name;
        // Readers of mail run no scripts, so what is in noscript is shown.
        let state = match name {
            b"script" => Some(State::ScriptData),
            b"title" | b"textarea" => Some(State::RcData),
            b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => Some(State::RawText),
            b"plaintext" => Some(State::PlainText),
            _ => None,
        };
        if let Some(state) = state {
            tokens.set_state(state);
        }
        self.refer(name, tag);
        if self.unseen.is_none() && UNSEEN.contains(&name) && !tag.self_closing {
            self.unseen = Some(tag.name.clone());
        }
        self.separate(name);
    }

    /// Notes where a tag leads.
    fn refer(&mut self, name: &[u8], tag: &StartTag<()>) {
        let attribute =
            |key: &[u8]| tag.attributes.get(key).map(|value| String::from_utf8_lossy(&value.value).into_owned());
        let found = match name {
            b"a" => {
                self.close_anchor();
                self.anchor = attribute(b"href").map(|url| (url, self.reading.text.len()));
                None
            }
            b"base" => {
                self.reading.base = self.reading.base.take().or_else(|| attribute(b"href"));
                None
            }
            b"area" | b"link" => attribute(b"href"),
            b"form" => attribute(b"action"),
            b"button" | b"input" => attribute(b"formaction"),
            b"img" => {
                if self.anchor.is_some() {
                    self.text(attribute(b"alt").unwrap_or_default().as_bytes());
                }
                attribute(b"src")
            }
            b"iframe" | b"frame" | b"embed" | b"script" => attribute(b"src"),
            b"object" => attribute(b"data"),
            b"meta" if attribute(b"http-equiv").is_some_and(|value| value.trim().eq_ignore_ascii_case("refresh")) => {
                attribute(b"content").and_then(|content| refresh_url(&content))
            }
            _ => None,
        };
        self.reading.references.extend(found.map(|url| Reference { url, text: String::new() }));
    }

    fn end(&mut self, name: &HtmlString) {
        if self.unseen.as_ref() == Some(name) {
            self.unseen = None;
        }
        if name.as_slice() == b"a" {
            self.close_anchor();
        }
        self.separate(name);
    }

    /// A block begins a line, a table cell a word.
    fn separate(&mut self, name: &[u8]) {
        if !self.reading.unlinked.ends_with('\n') {
            self.reading.unlinked.push('\n');
        }
        let text = &mut self.reading.text;
        if BLOCKS.contains(&name) {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        } else if matches!(name, b"td" | b"th") {
            self.push_space();
        }
    }

    fn push_space(&mut self) {
        let text = &mut self.reading.text;
        if !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        if self.unseen.is_some() {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        if self.anchor.is_none() {
            self.reading.unlinked.push_str(&text);
        }
        if text.starts_with(char::is_whitespace) {
            self.push_space();
        }
        for (at, word) in text.split_whitespace().enumerate() {
            if at > 0 {
                self.push_space();
            }
            self.reading.text.push_str(word);
        }
        if text.ends_with(char::is_whitespace) {
            self.push_space();
        }
    }

    fn close_anchor(&mut self) {
        if let Some((url, begin)) = self.anchor.take() {
            // A block inside the anchor may have cut white space before its begin.
            let seen = self.reading.text.get(begin..).unwrap_or_default();
            let text = seen.split_whitespace().collect::<Vec<_>>().join(" ");
            self.reading.references.push(Reference { url, text });
        }
    }
}

/// The URL of a refresh such as `0; url='https://x.example'`.
fn refresh_url(content: &str) -> Option<String> {
    let (_, rest) = content.split_once([';', ','])?;
    let rest = rest.trim();
    let url = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            rest.get(3..).unwrap_or_default().trim_start().strip_prefix('=').unwrap_or(rest)
        }
        Some(_) | None => rest,
    };
    Some(url.trim().trim_matches(['"', '\'']).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_reader_sees_is_text() {
        for (html, want) in [
            ("<p>Hello&nbsp;<b>wor</b>ld</p><p>two</p>", "Hello world\ntwo"),
            ("<style>a{}</style>x<script>if (a<b) </p>;</script>y<title>t</title>z", "xyz"),
            ("a<br>b<!-- no -->c", "a\nbc"),
            ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
            ("&lt;b&gt; &#x41;&#66;", "<b> AB"),
            ("<noscript>shown</noscript><textarea><b></textarea>", "shown<b>"),
            ("plain < text > here", "plain < text > here"),
            ("", ""),
            ("<div", ""),
        ] {
            assert_eq!(visible_text(html), want, "{html}");
        }
    }

    #[test]
    fn every_tag_that_leads_somewhere_is_a_reference() {
        let html = "<base href='https://b.example/d/'><a href=x>one <b>two</b></a><area href=ar><form action=f>\
                    <img src=i><iframe src=fr></iframe><link href=l><meta http-equiv=Refresh content='0; URL=\"m\"'>\
                    <a name=n>no</a><a href=o><img src=p alt=pic><a href=q>nested";
        let reading = read(html);
        let found: Vec<_> = reading.references.iter().map(|r| (r.url.as_str(), r.text.as_str())).collect();
        let want = [
            ("x", "one two"),
            ("ar", ""),
            ("f", ""),
            ("i", ""),
            ("fr", ""),
            ("l", ""),
            ("m", ""),
            ("p", ""),
            ("o", "pic"),
            ("q", "nested"),
        ];
        assert_eq!(found, want);
        assert_eq!(reading.base.as_deref(), Some("https://b.example/d/"));
    }

    #[test]
    fn html_is_known_by_its_first_tag() {
        for (text, want) in [
            ("<!DOCTYPE html><p>", true),
            ("\u{feff}\n <HTML>", true),
            ("<!-- x --><div class=a>", true),
            ("<?xml version='1.0'?><html/>", true),
            ("<a@b.example> wrote", false),
            ("<?xml version='1.0'?><rss/>", false),
            ("hello <p>", false),
            ("", false),
        ] {
            assert_eq!(looks_like_html(text.as_bytes()), want, "{text}");
        }
    }
}
