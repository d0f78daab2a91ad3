//! What the scripts of a page do with code in them: does the page build a file in the browser and save it?
//!
//! One word proves nothing, for ordinary pages save tables and draw pictures with the same words; it is noted where code
//! for a file, or a mass of code, is built into a file and saved. Decodes a few layers. Does not run anything.

use super::super::marks::is_mark_of_file;
use super::literals::{CODE_BYTES_MIN, Code, Origin, codes, from_base64, from_hex, from_percent, is_code, runs};
use super::page::data;
use crate::limits::{WEB_BULK_BYTES_MIN, WEB_DECODED_BYTES_MAX, WEB_DECODED_MAX, WEB_LAYERS_MAX};
use crate::mail::looks_like_html;
use memchr::memmem;
use std::collections::BTreeSet;

/// Words that make a file of octets.
const BUILDS: [&[u8]; 7] = [
    b"new Blob",
    b"new File(",
    b"Blob([",
    b"createObjectURL",
    b"msSaveOrOpenBlob",
    b"msSaveBlob",
    b"data:application/",
];
/// Words that save it.
const SAVES: [&[u8]; 7] =
    [b".download", b"'download'", b"\"download\"", b"msSaveOrOpenBlob", b"msSaveBlob", b"saveAs(", b".click()"];
/// Words that decode.
const DECODES: [&[u8]; 7] =
    [b"atob", b"charCodeAt", b"fromCharCode", b"Uint8Array", b"unescape(", b"decodeURIComponent", b"parseInt("];
/// Words of scripts: two of them make text one.
const WORDS: [&[u8]; 9] =
    [b"function", b"document.", b"window.", b"eval(", b"var ", b"=>", b"const ", b"return", b"location"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Page,
    Script,
}

/// What stood in code.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

/// Text that waits to be decoded.
struct Waiting {
    bytes: Vec<u8>,
    layer: usize,
    is_script: bool,
}

#[derive(Default)]
pub(super) struct Study {
    pub(super) found: Vec<Found>,
    builds: bool,
    saves: bool,
    decodes: bool,
    /// Code for a file that people open.
    holds_file: bool,
    /// Much code of unknown meaning, and little else in its script.
    holds_bulk: bool,
    waiting: Vec<Waiting>,
    seen: BTreeSet<Vec<u8>>,
    decoded_bytes: usize,
}

impl Study {
    pub(super) fn script(&mut self, script: &[u8]) {
        self.waiting.push(Waiting { bytes: script.to_vec(), layer: 0, is_script: true });
    }

    /// Long code in the page's text or in an attribute.
    pub(super) fn text(&mut self, text: &[u8]) {
        self.waiting.push(Waiting { bytes: text.to_vec(), layer: 0, is_script: false });
    }

    pub(super) fn is_smuggling(&self) -> bool {
        let builds_file = self.holds_file && (self.builds || self.saves);
        builds_file || (self.holds_bulk && self.builds && self.saves && self.decodes)
    }

    pub(super) fn says(&self) -> String {
        let held = if self.holds_file { "a file in code" } else { "a mass of code" };
        format!("{held}, built and saved by the page")
    }

    /// Decodes all that waits, and what comes out, until nothing is left or a bound is reached.
    pub(super) fn decode(&mut self) {
        while let Some(next) = self.waiting.pop() {
            if next.is_script {
                self.signs(&next.bytes);
            }
            // Strings count alone or joined, not twice.
            let (mut alone, mut joined) = (0_usize, 0_usize);
            let whole = Code { bytes: Vec::new(), origin: Origin::Alone };
            let mut pieces =
                if next.is_script { codes(&next.bytes) } else { vec![Code { bytes: next.bytes.clone(), ..whole }] };
            // The longest first, so that a piece of it is known as such.
            pieces.sort_by_key(|piece| std::cmp::Reverse(piece.bytes.len()));
            for piece in &pieces {
                let unknown = self.piece(piece, next.layer);
                match piece.origin {
                    Origin::Alone => alone += unknown,
                    Origin::Joined | Origin::Numbers => joined += unknown,
                }
            }
            if next.is_script {
                for run in runs(&next.bytes, WEB_BULK_BYTES_MIN) {
                    self.piece(&Code { bytes: run.to_vec(), origin: Origin::Alone }, next.layer);
                }
            }
            let bulk = alone.max(joined);
            self.holds_bulk |= bulk >= WEB_BULK_BYTES_MIN && bulk >= next.bytes.len() / 4;
        }
    }

    fn signs(&mut self, script: &[u8]) {
        let has = |words: &[&[u8]]| words.iter().any(|word| memmem::find(script, word).is_some());
        self.builds |= has(&BUILDS);
        self.saves |= has(&SAVES);
        self.decodes |= has(&DECODES);
        // Names in pieces: window['Bl' + 'ob'].
        let bare: Vec<u8> = script.iter().copied().filter(|b| !matches!(b, b'\'' | b'"' | b'+' | b' ')).collect();
        let has_bare = |words: &[&[u8]]| words.iter().any(|word| memmem::find(&bare, word).is_some());
        self.builds |=
            has_bare(&[b"[Blob]", b"[createObjectURL]", b"[msSaveOrOpenBlob]", b"[msSaveBlob]", b"newBlob("]);
        self.saves |= has_bare(&[b"[download]", b"[click]", b"[msSaveOrOpenBlob]"]);
        self.decodes |= has_bare(&[b"[atob]", b"[fromCharCode]", b"[charCodeAt]"]);
    }

    /// Looks at one piece of code; gives its length where its meaning stays unknown.
    fn piece(&mut self, code: &Code, layer: usize) -> usize {
        let piece = code.bytes.as_slice();
        if piece.len() < CODE_BYTES_MIN || self.found.len() >= WEB_DECODED_MAX {
            return 0;
        }
        if piece.starts_with(b"data:") {
            // Pictures and fonts stand in many scripts so.
            let link = data(piece).filter(|link| is_mark_of_file(&link.bytes) || is_page(&link.bytes));
            if let Some(link) = link {
                self.keep(link.bytes, layer);
            }
            return 0;
        }
        if is_mark_of_file(piece) || (code.origin == Origin::Numbers && (is_page(piece) || is_script(piece))) {
            self.keep(piece.to_vec(), layer);
            return 0;
        }
        let is_text = is_code(piece);
        if is_text {
            let reversed: Vec<u8> = piece.iter().rev().copied().collect();
            let found = [from_hex(piece), from_base64(piece), from_base64(&reversed)];
            if found.into_iter().flatten().any(|bytes| self.keep(bytes, layer)) {
                return 0;
            }
        }
        if memmem::find(piece, b"%").is_some() && self.keep(from_percent(piece), layer) {
            return 0;
        }
        let is_known = || from_base64(piece).is_some_and(|bytes| is_harmless(&bytes));
        if code.origin == Origin::Numbers || (is_text && !is_known()) { piece.len() } else { 0 }
    }

    /// Keeps what was decoded where it means something.
    fn keep(&mut self, bytes: Vec<u8>, layer: usize) -> bool {
        let kind = if is_mark_of_file(&bytes) {
            Some(Kind::File)
        } else if is_page(&bytes) {
            Some(Kind::Page)
        } else if is_script(&bytes) {
            Some(Kind::Script)
        } else {
            None
        };
        // Code in code.
        let is_script = matches!(kind, Some(Kind::Page | Kind::Script));
        if kind.is_none() && !is_code(&bytes) {
            return false;
        }
        // The last octets of a piece may be cut.
        let begin = bytes.get(..bytes.len().saturating_sub(2)).unwrap_or_default();
        if self.found.iter().any(|found| found.bytes.starts_with(begin)) {
            return true;
        }
        if self.decoded_bytes.saturating_add(bytes.len()) > WEB_DECODED_BYTES_MAX || !self.seen.insert(bytes.clone()) {
            return true;
        }
        self.decoded_bytes += bytes.len();
        // Packed data alone stands in many reports.
        self.holds_file |= kind == Some(Kind::File) && !bytes.starts_with(b"\x1f\x8b");
        if kind != Some(Kind::File) && layer < WEB_LAYERS_MAX {
            self.waiting.push(Waiting { bytes: bytes.clone(), layer: layer + 1, is_script });
        }
        self.found.extend(kind.map(|kind| Found { kind, bytes }));
        true
    }
}

/// Pictures, fonts, sound and web assembly.
fn is_harmless(bytes: &[u8]) -> bool {
    use infer::MatcherType::{Audio, Font, Image, Video};
    bytes.starts_with(b"\0asm")
        || infer::get(bytes).is_some_and(|kind| [Audio, Font, Image, Video].contains(&kind.matcher_type()))
}

fn is_page(bytes: &[u8]) -> bool {
    const TAGS: [&[u8]; 5] = [b"<script", b"<html", b"<body", b"<form", b"<iframe"];
    let begin = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    looks_like_html(bytes) || (is_printable(begin) && TAGS.iter().any(|tag| memmem::find(begin, tag).is_some()))
}

fn is_script(bytes: &[u8]) -> bool {
    let begin = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let words = WORDS.iter().filter(|word| memmem::find(begin, word).is_some()).count();
    words >= 2 && is_printable(begin)
}

fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r'))
}
