//! Every other way in which programs may read a message, so that nothing hides between two of them.
//!
//! The strict reading (`parts`) is what people see. Here the message is cut at every line that could be a boundary, each
//! piece is decoded in every way that its header could mean, and the carver takes files out of the bare text. What all
//! this shows beyond the strict reading is kept, each contents once, with the kinds of disagreement. Linear in the
//! octets, and safe on messages that the structure screen refuses. Does not open messages inside: `unpack` does, and each
//! gets its own readings. Standards: RFC 2045, RFC 2046, RFC 2231; *Deviation* from all of them is the purpose.

mod boundaries;
#[cfg(test)]
mod disputes;
mod head;
mod kept;
mod parameters;
mod segments;

pub(super) use head::Coding;
pub(super) use kept::Site;

use super::carve::{self, is_file, is_meant};
use super::{Ambiguity, Part, header_end, looks_like_html, transfer};
use boundaries::Boundaries;
use head::{Attached, Head};
use kept::{Kept, Offer, Outcome, Strict};
use segments::{More, Place, Segment};
use std::ops::{ControlFlow, Range};

/// What the other readings show.
#[derive(Debug, Default)]
pub(super) struct Readings {
    pub(super) parts: Vec<Part>,
    /// Each kind once, in the order of the list.
    pub(super) ambiguities: Vec<Ambiguity>,
}

/// Reads a message in every other way; `sites` says where each strict part stands.
pub(super) fn read(bytes: &[u8], parts: &[Part], sites: &[Site]) -> Readings {
    let strict = Strict::new(parts, sites);
    let masked = strict.messages();
    let boundaries = Boundaries::declared(bytes);
    let (pieces, more) = segments::split(bytes, &boundaries, &masked);
    let kept = Kept::new(strict, bytes.len());
    let mut reader =
        Reader { bytes, kept, doubtful: Vec::new(), clean: masked, shows: Shows::Nothing, quoted: Quoted::No };
    if more == More::Yes {
        reader.kept.note(Ambiguity::TooManyReadings);
    }
    for (at, piece) in pieces.iter().enumerate() {
        reader.piece(piece, pieces.get(at + 1).map(|next| next.place));
    }
    reader.carve();
    reader.finish()
}

/// Octets that one carved file may have for each octet of the message: runs in BinHex are packed.
const CARVED_RATIO: usize = 4;

struct Reader<'a> {
    bytes: &'a [u8],
    kept: Kept<'a>,
    /// Oddities that matter only where a reading shows something.
    doubtful: Vec<Ambiguity>,
    /// Places that the carver need not look at: whole parts in clean base64, and messages that are opened on their own.
    clean: Vec<Range<usize>>,
    shows: Shows,
    quoted: Quoted,
}

/// Whether a quoted multipart was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoted {
    No,
    Looked,
}

/// Whether a reading shows what the strict one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Nothing,
    Something,
}

impl<'a> Reader<'a> {
    fn piece(&mut self, piece: &Segment, next: Option<Place>) {
        let range = piece.range.clone();
        let head = head::read(self.bytes, range.start, range.end);
        // Behind a closing boundary stands a page, or a part that some readers take all the same.
        if piece.place == Place::Epilogue && head.is_bare() {
            self.page(range, Ambiguity::Epilogue, "epilogue");
            return;
        }
        self.note_oddities(&head, piece.place, next);
        let first_body = head.bodies.first().copied().unwrap_or(range.start).min(range.end);
        if head.is_multipart() {
            if next.is_some() {
                self.page(first_body..range.end, Ambiguity::Preamble, "preamble");
            }
            self.encoded_multipart(&head, first_body..range.end);
        }
        if let Some((site, part)) = self.strict_at(first_body) {
            self.other_names(&head, part);
            self.look_at_coding(site, part, &head);
            let is_same = head.bodies.len() == 1
                && match head.encodings.as_slice() {
                    [] => site.coding == Coding::Plain,
                    [one] => *one == site.coding,
                    _ => false,
                };
            if is_same && !self.goes_on(site.range.end, range.end) {
                return;
            }
        }
        for body in head.bodies.clone() {
            self.body(&head, body.min(range.end)..range.end, piece.place);
        }
    }

    /// The strict part that begins where this body does.
    fn strict_at(&self, body: usize) -> Option<(&'a Site, &'a Part)> {
        self.kept.strict().within(&(body..body + 1)).find(|(site, _)| site.range.start == body)
    }

    /// True where something but white space lies between the end of the strict part and that of the piece.
    fn goes_on(&self, from: usize, to: usize) -> bool {
        self.bytes.get(from..to).is_some_and(|rest| !rest.trim_ascii().is_empty())
    }

    fn note_oddities(&mut self, head: &Head, place: Place, next: Option<Place>) {
        for kind in &head.odd {
            if [Ambiguity::OddHeaderEnd, Ambiguity::OddFieldName, Ambiguity::OddType].contains(kind) {
                self.doubt(*kind);
            } else {
                self.kept.note(*kind);
            }
        }
        if place == Place::Undeclared {
            self.doubt(Ambiguity::MissingBoundary);
        }
        let hides = head.types.iter().any(|kind| !kind.is_multipart() && kind.boundary().is_some());
        if hides && next.is_some() {
            self.doubt(Ambiguity::UndeclaredMultipart);
        }
    }

    fn doubt(&mut self, kind: Ambiguity) {
        if !self.doubtful.contains(&kind) {
            self.doubtful.push(kind);
        }
    }

    /// Every way to decode a body.
    fn body(&mut self, head: &Head, range: Range<usize>, place: Place) {
        let raw = self.bytes.get(range.clone()).unwrap_or_default();
        let plain = [Coding::Plain];
        let codings = if head.encodings.is_empty() { &plain[..] } else { &head.encodings };
        for coding in codings {
            if *coding == Coding::Plain && self.is_shown_plain(&range, head, place) {
                continue;
            }
            if !self.kept.pay(raw.len()) {
                return;
            }
            let contents = decode(raw, *coding);
            if *coding == Coding::Base64 && !is_meant(&contents) {
                continue;
            }
            self.offer(head, range.clone(), contents, "lenient");
        }
    }

    /// True for bare text that the strict reading shows as well, or that is no part: a preamble is looked at on its own.
    fn is_shown_plain(&self, range: &Range<usize>, head: &Head, place: Place) -> bool {
        let covered = self.kept.strict().within(range).any(|(site, _)| {
            site.coding == Coding::Plain && site.range.start <= range.start && site.range.end + 2 >= range.end
        });
        let is_whole = place == Place::Top && !self.kept.strict().is_empty();
        covered || is_whole || head.is_multipart() || (place == Place::Undeclared && head.types.is_empty())
    }

    fn offer(&mut self, head: &Head, range: Range<usize>, contents: Vec<u8>, label: &'static str) {
        let kind = head.types.last();
        let is_hidden = is_file(&contents);
        let offer = Offer {
            range,
            contents,
            name: head.names.last().cloned(),
            declared_type: kind.map_or("text/plain".to_string(), |kind| kind.word.clone()),
            charset: kind.and_then(|kind| kind.charset()).map(str::to_string),
            attached: head.attached,
            label,
        };
        match self.kept.offer(offer) {
            Outcome::New if is_hidden => self.hidden(Ambiguity::HiddenPart),
            Outcome::New => self.shows = Shows::Something,
            Outcome::Bare | Outcome::Left => {}
        }
    }

    fn hidden(&mut self, kind: Ambiguity) {
        self.shows = Shows::Something;
        self.kept.note(kind);
    }

    /// Another name of a part than the strict reading gives, with another ending.
    fn other_names(&mut self, head: &Head, part: &'a Part) {
        let ending = |name: &str| name.rsplit('.').next().unwrap_or_default().trim().to_lowercase();
        let shown = part.name.as_deref().map(ending);
        if let Some(name) = head.names.iter().find(|name| Some(ending(name)) != shown) {
            self.kept.offer_name(part, name.clone());
        }
    }

    /// What the strict reading of a part may have missed in its own encoding, or in one that it does not declare.
    fn look_at_coding(&mut self, site: &Site, part: &Part, head: &Head) {
        let raw = self.bytes.get(site.range.clone()).unwrap_or_default();
        match site.coding {
            Coding::Base64 => match purity(raw) {
                Purity::Clean => self.clean.push(site.range.clone()),
                Purity::Footer => {}
                Purity::Junk => self.kept.note(Ambiguity::JunkInBase64),
            },
            Coding::Quoted if memchr::memchr(0, raw).is_some() && self.kept.pay(raw.len()) => {
                self.offer(head, site.range.clone(), decode(raw, Coding::Quoted), "lenient");
            }
            Coding::Plain if !part.declared_type.starts_with("message/") && looks_quoted(raw) => {
                let contents = decode(raw, Coding::Quoted);
                let is_file = is_file(&contents);
                let is_page = looks_like_html(&contents) && memchr::memmem::find(raw, b"=3D").is_some();
                if self.kept.pay(raw.len()) && (is_file || is_page) {
                    if is_file {
                        self.kept.note(Ambiguity::UndeclaredEncoding);
                    }
                    self.offer(head, site.range.clone(), contents, "lenient");
                }
            }
            Coding::Plain | Coding::Quoted => {}
        }
    }

    /// Text before the first part or behind the last: looked at where it is a page or has links.
    fn page(&mut self, range: Range<usize>, kind: Ambiguity, label: &'static str) {
        let raw = self.bytes.get(range.clone()).unwrap_or_default();
        let is_page = looks_like_html(raw);
        let has = |word: &[u8]| memchr::memmem::find(raw, word).is_some();
        if !self.kept.pay(raw.len()) || !(is_page || has(b"http:") || has(b"https:") || has(b"www.")) {
            return;
        }
        let declared_type = if is_page { "text/html" } else { "text/plain" }.to_string();
        let contents = raw.to_vec();
        let (name, charset, attached) = (None, None, Attached::No);
        let offer = Offer { range, contents, name, declared_type, charset, attached, label };
        if self.kept.offer(offer) == Outcome::New && is_page {
            self.kept.note(kind);
        }
    }

    /// A multipart in an encoding, as a message of its own.
    fn encoded_multipart(&mut self, head: &Head, range: Range<usize>) {
        let Some(kind) = head.types.iter().find(|kind| kind.is_multipart()) else { return };
        for coding in &head.encodings {
            // What is quoted shows its boundaries, so it goes on to the end; the outermost holds all others.
            if *coding == Coding::Quoted && std::mem::replace(&mut self.quoted, Quoted::Looked) == Quoted::Looked {
                continue;
            }
            let end = if *coding == Coding::Quoted { self.bytes.len() } else { range.end };
            let raw = self.bytes.get(range.start..end).unwrap_or_default();
            let is_worth = match coding {
                Coding::Plain => false,
                Coding::Base64 => raw.len() > 100,
                Coding::Quoted => has_quoted_fields(raw),
            };
            if !is_worth || !self.kept.pay(raw.len()) {
                continue;
            }
            let body = decode(raw, *coding);
            let boundary = kind.boundary().unwrap_or_default();
            if memchr::memmem::find(&body, format!("--{boundary}").as_bytes()).is_none() {
                continue;
            }
            let fields = format!("Content-Type: {}; boundary=\"{boundary}\"\r\n\r\n", kind.word);
            let offer = Offer {
                range: range.start..end,
                contents: [fields.as_bytes(), &body].concat(),
                name: None,
                declared_type: "message/rfc822".to_string(),
                charset: None,
                attached: Attached::No,
                label: "lenient",
            };
            if self.kept.offer(offer) == Outcome::New {
                self.hidden(Ambiguity::EncodedMultipart);
            }
        }
    }

    /// Files in the bare text. What lies in a text that is shown is left to `unpack`, which opens such texts anywhere.
    fn carve(&mut self) {
        let mut clean = std::mem::take(&mut self.clean);
        clean.sort_by_key(|range| (range.start, range.end));
        let most = self.bytes.len().saturating_mul(CARVED_RATIO);
        let header = header_end(self.bytes);
        carve::files_beside(self.bytes, &clean, most, &mut |carved| {
            if !self.kept.pay(carved.contents.len()) {
                return ControlFlow::Break(());
            }
            let is_shown = self.kept.strict().within(&carved.range).any(|(site, _)| {
                let covers = site.range.start <= carved.range.start && carved.range.end <= site.range.end + 2;
                covers && site.coding != Coding::Base64
            });
            // Signatures and tokens in folded fields look like files, and no reader takes a file from there.
            let is_field = carved.coding == "base64" && carved.range.start < header && header < self.bytes.len();
            if is_shown || is_field {
                return ControlFlow::Continue(());
            }
            let offer = Offer {
                range: carved.range,
                declared_type: if is_file(&carved.contents) { "application/octet-stream" } else { "text/plain" }
                    .to_string(),
                contents: carved.contents,
                name: carved.name,
                charset: None,
                attached: Attached::Yes,
                label: "carved",
            };
            if self.kept.offer(offer) == Outcome::New {
                self.hidden(Ambiguity::HiddenPart);
            }
            ControlFlow::Continue(())
        });
    }

    fn finish(mut self) -> Readings {
        if self.shows == Shows::Something {
            for kind in std::mem::take(&mut self.doubtful) {
                self.kept.note(kind);
            }
        }
        let mut ambiguities = self.kept.kinds;
        ambiguities.sort_unstable();
        Readings { parts: self.kept.parts, ambiguities }
    }
}

fn decode(raw: &[u8], coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Plain => raw.to_vec(),
        Coding::Base64 => transfer::base64(raw),
        // A NUL within an escape would break it; many readers drop it.
        Coding::Quoted if memchr::memchr(0, raw).is_some() => {
            transfer::quoted_printable(&raw.iter().copied().filter(|byte| *byte != 0).collect::<Vec<_>>())
        }
        Coding::Quoted => transfer::quoted_printable(raw),
    }
}

/// Letters of a line that is taken for base64 behind other text: a shorter one may be a word of a footer.
const FULL_LINE: usize = 20;

/// What a part in base64 holds beside it.
enum Purity {
    Clean,
    /// Other lines at the end, as lists append them.
    Footer,
    /// Base64 goes on behind a pad, behind foreign characters, or behind a line of broken groups that is shorter than the
    /// next.
    Junk,
}

fn purity(raw: &[u8]) -> Purity {
    let mut purity = Purity::Clean;
    let mut has_ended = false;
    let mut last: Option<usize> = None;
    let mut at = 0;
    while let Some(line) = carve::lines::line_at(raw, at) {
        let text = carve::lines::text_of(raw, line).trim_ascii();
        at = line.next;
        let is_clean = carve::is_base64_line(text);
        let bare = text.iter().rev().skip_while(|byte| **byte == b'=');
        let is_full = bare.clone().count() >= FULL_LINE && !text.contains(&b' ');
        if is_clean && has_ended && is_full {
            return Purity::Junk;
        }
        let is_padded_within = bare.clone().any(|byte| *byte == b'=');
        if is_clean && is_padded_within && is_full {
            return Purity::Junk;
        }
        let is_broken = last.is_some_and(|last| last % 4 != 0 && last < text.len());
        if is_clean && is_full && is_broken {
            return Purity::Junk;
        }
        if !text.is_empty() && !is_clean {
            purity = Purity::Footer;
        }
        last = Some(text.len()).filter(|count| *count > 0).or(last);
        has_ended |= (!text.is_empty() && !is_clean) || text.contains(&b'=');
    }
    purity
}

/// Escapes of text that is taken for quoted-printable.
const ESCAPES_MIN: usize = 4;

/// True for text with several escapes of quoted-printable and a soft line end.
fn looks_quoted(raw: &[u8]) -> bool {
    let begin = raw.get(..raw.len().min(64 << 10)).unwrap_or_default();
    let is_escape = |at: &usize| begin.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    let is_soft = |at: usize| matches!(begin.get(at + 1), Some(b'\r' | b'\n'));
    let escapes = memchr::memchr_iter(b'=', begin).filter(is_escape).take(ESCAPES_MIN).count();
    escapes >= ESCAPES_MIN && memchr::memchr_iter(b'=', begin).any(is_soft)
}

/// True where fields of parts are quoted themselves.
fn has_quoted_fields(raw: &[u8]) -> bool {
    [&b"charset=3D"[..], b"name=3D", b"boundary=3D", b"-Type=3A", b"ncoding=3A"]
        .iter()
        .any(|mark| memchr::memmem::find(raw, mark).is_some())
}
