//! One pass over the tokens of a page: its scripts, handlers, `data:` links, frames, and long runs of code in its text.
//!
//! Builds no tree. Standards: the WHATWG HTML tokenizer (html5gum), RFC 2397 (`data:`).

use super::literals;
use crate::limits::WEB_BULK_BYTES_MIN;
use crate::unpack::Opening;
use html5gum::{DefaultEmitter, StartTag, State, Token, Tokenizer};

/// A `data:` link.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    /// The name that `download` gives it.
    pub(super) file_name: Option<String>,
    /// The link saves it (`download`).
    pub(super) is_saved: bool,
}

#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) scripts: Vec<Vec<u8>>,
    /// Event handlers and `javascript:` links, one a line.
    pub(super) handlers: Vec<u8>,
    pub(super) links: Vec<Link>,
    /// Pages in `srcdoc`.
    pub(super) frames: Vec<Vec<u8>>,
    /// Long code in text and attributes, where scripts may fetch it.
    pub(super) bulk: Vec<Vec<u8>>,
    pub(super) has_script_elsewhere: bool,
    /// A form, a frame or a field in `foreignObject`.
    pub(super) has_foreign_form: bool,
    is_xml: bool,
    foreign_depth: usize,
    text: Vec<u8>,
    script: Option<Vec<u8>>,
}

/// Tokens between two looks at the clock.
const STEP_TOKENS: usize = 4096;

impl Page {
    /// Reads a page; none where the time is over.
    pub(super) fn read(bytes: &[u8], is_xml: bool, opening: &mut Opening<'_>) -> Option<Self> {
        let mut page = Self { is_xml, ..Self::default() };
        let mut tokens = Tokenizer::new_with_emitter(bytes, DefaultEmitter::default());
        let mut count = 0_usize;
        while let Some(Ok(token)) = tokens.next() {
            count += 1;
            if count.is_multiple_of(STEP_TOKENS) && opening.pay_time().is_break() {
                return None;
            }
            match token {
                Token::StartTag(tag) => {
                    page.end_text();
                    if let Some(state) = page.start(&tag) {
                        tokens.set_state(state);
                    }
                }
                Token::EndTag(tag) => {
                    page.end_text();
                    page.end(&tag.name);
                }
                Token::String(text) => page.string(&text),
                // In XML a script may stand in a CDATA section, which HTML takes for a comment.
                Token::Comment(text) => page.string(text.strip_prefix(b"[CDATA[").unwrap_or_default()),
                Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        page.end_text();
        page.scripts.extend(page.script.take());
        Some(page)
    }

    fn string(&mut self, text: &[u8]) {
        match &mut self.script {
            Some(script) => script.extend_from_slice(text),
            None => self.text.extend_from_slice(text),
        }
    }

    fn end_text(&mut self) {
        if memchr::memmem::find(&self.text, b"data:").is_some() {
            self.style(&self.text.clone());
        } else if self.text.len() >= WEB_BULK_BYTES_MIN && literals::is_code(&self.text) {
            self.bulk.push(std::mem::take(&mut self.text));
        }
        self.text.clear();
    }

    /// Takes `url(data:…)` of a style sheet or a style attribute.
    fn style(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(uri) = memchr::memmem::find(rest, b"data:").and_then(|at| rest.get(at..)) {
            let end = memchr::memchr3(b')', b'"', b'\'', uri).unwrap_or(uri.len());
            self.links.extend(uri.get(..end).and_then(data));
            rest = uri.get(end..).unwrap_or_default();
        }
    }

    fn end(&mut self, name: &[u8]) {
        let name = local(name);
        if name == b"script" {
            self.scripts.extend(self.script.take());
        } else if is_foreign(name) {
            self.foreign_depth = self.foreign_depth.saturating_sub(1);
        }
    }

    /// Reads a tag; the state in which its contents are to be read, where it is another.
    fn start(&mut self, tag: &StartTag<()>) -> Option<State> {
        let name = local(&tag.name).to_vec();
        self.attributes(&name, tag);
        let is_foreign_page = self.foreign_depth > 0 || self.is_xml;
        match name.as_slice() {
            b"script" => {
                self.scripts.extend(self.script.take());
                if is_foreign_page && tag.self_closing {
                    self.has_script_elsewhere |= tag.attributes.keys().any(|key| local(key) == b"href");
                    return None;
                }
                self.has_script_elsewhere |=
                    tag.attributes.keys().any(|key| [&b"src"[..], b"href"].contains(&local(key)));
                self.script = Some(Vec::new());
                // With a prefix it is an element of XML, whose text is read as any text.
                (!tag.name.contains(&b':')).then_some(State::ScriptData)
            }
            b"form" | b"input" | b"iframe" | b"embed" | b"object" | b"meta"
                if self.is_xml && self.foreign_depth > 0 =>
            {
                self.has_foreign_form = true;
                None
            }
            _ if is_foreign(&name) && !tag.self_closing => {
                self.foreign_depth += 1;
                None
            }
            b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" if !is_foreign_page => Some(State::RawText),
            b"title" | b"textarea" if !is_foreign_page => Some(State::RcData),
            _ => None,
        }
    }

    fn attributes(&mut self, name: &[u8], tag: &StartTag<()>) {
        let saved = tag.attributes.get(&b"download"[..]);
        for (key, value) in &tag.attributes {
            let value: &[u8] = value;
            let key = local(key);
            let trimmed = value.trim_ascii_start();
            if key == b"srcdoc" {
                self.frames.push(value.to_vec());
            } else if is_handler(key, trimmed) {
                self.handler(value);
            } else if starts_with_scheme(trimmed, b"data:") {
                let file_name = saved.map(|name| String::from_utf8_lossy(name).into_owned());
                let is_saved = saved.is_some() && name == b"a";
                let file_name = file_name.filter(|name| is_saved && !name.is_empty());
                self.links.extend(data(trimmed).map(|link| Link { file_name, is_saved, ..link }));
            } else if memchr::memmem::find(value, b"data:").is_some() {
                self.style(value);
            } else if value.len() >= WEB_BULK_BYTES_MIN && literals::is_code(value) {
                self.bulk.push(value.to_vec());
            }
        }
    }

    fn handler(&mut self, value: &[u8]) {
        if !value.trim_ascii().is_empty() {
            self.handlers.extend_from_slice(value);
            self.handlers.push(b'\n');
        }
    }
}

/// The name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b':').next().unwrap_or(name)
}

/// An event handler, or a link that runs a script.
fn is_handler(key: &[u8], value: &[u8]) -> bool {
    let is_event = key.starts_with(b"on") && key.len() > 3;
    is_event || [&b"javascript:"[..], b"vbscript:"].iter().any(|scheme| starts_with_scheme(value, scheme))
}

fn is_foreign(name: &[u8]) -> bool {
    [&b"svg"[..], b"math", b"foreignobject"].contains(&name)
}

/// Browsers pass over tabs and line ends in a scheme, and do not care for case.
fn starts_with_scheme(value: &[u8], scheme: &[u8]) -> bool {
    let begin = value.iter().filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n')).take(scheme.len());
    begin.map(u8::to_ascii_lowercase).eq(scheme.iter().copied())
}

/// Reads a `data:` link.
pub(super) fn data(uri: &[u8]) -> Option<Link> {
    let comma = uri.iter().take(512).position(|byte| *byte == b',')?;
    let (head, payload) = uri.split_at_checked(comma)?;
    let head = String::from_utf8_lossy(head.get(5..)?).to_ascii_lowercase();
    let media_type = head.split(';').next().unwrap_or_default().trim().to_string();
    let unescaped = literals::from_percent(payload.get(1..)?);
    let bytes = if head.contains("base64") { literals::from_base64(&unescaped)? } else { unescaped };
    Some(Link { media_type, bytes, ..Link::default() })
}
