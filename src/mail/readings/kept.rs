//! What the lenient readings found that the strict one does not show, each contents once.
//!
//! Does not read the message. Work is paid for: see [`crate::limits::READING_WORK_RATIO`].

use super::super::carve::{is_file, is_meant};
use super::super::{Ambiguity, Part, looks_like_html};
use super::head::{Attached, Coding};
use crate::limits::{READING_KEPT_RATIO, READING_WORK_FREE_BYTES, READING_WORK_RATIO, READINGS_MAX};
use memchr::memmem;
use std::ops::Range;

/// Where a part of the strict reading stands, and how it was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mail) struct Site {
    pub(in crate::mail) range: Range<usize>,
    pub(in crate::mail) coding: Coding,
}

/// What the strict reading shows.
pub(super) struct Strict<'a> {
    pub(super) parts: &'a [Part],
    /// The site of each part, and its index there, by where they begin.
    sites: Vec<(&'a Site, usize)>,
}

impl<'a> Strict<'a> {
    pub(super) fn new(parts: &'a [Part], sites: &'a [Site]) -> Self {
        let mut sorted: Vec<(&Site, usize)> = sites.iter().zip(0..).collect();
        sorted.sort_by_key(|(site, _)| (site.range.start, site.range.end));
        Self { parts, sites: sorted }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts that share octets with the range.
    pub(super) fn within(&self, range: &Range<usize>) -> impl Iterator<Item = (&'a Site, &'a Part)> + '_ {
        let first = self.sites.partition_point(|(site, _)| site.range.end <= range.start);
        let end = range.end;
        let near =
            self.sites.get(first..).unwrap_or_default().iter().take_while(move |(site, _)| site.range.start < end);
        near.filter_map(|(site, at)| Some((*site, self.parts.get(*at)?)))
    }

    /// Places of messages that are opened on their own.
    pub(super) fn messages(&self) -> Vec<Range<usize>> {
        let is_message = |part: &Part| ["message/rfc822", "message/global"].contains(&part.declared_type.as_str());
        let plain = self.sites.iter().filter(|(site, at)| {
            site.coding == Coding::Plain && self.parts.get(*at).is_some_and(is_message) && !site.range.is_empty()
        });
        plain.map(|(site, _)| site.range.clone()).collect()
    }
}

/// One reading of a place.
pub(super) struct Offer {
    pub(super) range: Range<usize>,
    pub(super) contents: Vec<u8>,
    pub(super) name: Option<String>,
    pub(super) declared_type: String,
    pub(super) charset: Option<String>,
    pub(super) attached: Attached,
    /// How the reading goes by in paths.
    pub(super) label: &'static str,
}

/// The parts that were kept.
pub(super) struct Kept<'a> {
    strict: Strict<'a>,
    pub(super) parts: Vec<Part>,
    pub(super) kinds: Vec<Ambiguity>,
    work: usize,
    /// Octets that may still be kept.
    room: usize,
}

impl<'a> Kept<'a> {
    pub(super) fn new(strict: Strict<'a>, message_bytes: usize) -> Self {
        let work = message_bytes.saturating_mul(READING_WORK_RATIO).saturating_add(READING_WORK_FREE_BYTES);
        let room = message_bytes.saturating_mul(READING_KEPT_RATIO).saturating_add(READING_WORK_FREE_BYTES);
        Self { strict, parts: Vec::new(), kinds: Vec::new(), work, room }
    }

    pub(super) fn strict(&self) -> &Strict<'a> {
        &self.strict
    }

    pub(super) fn note(&mut self, kind: Ambiguity) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    /// Pays for octets that are decoded or compared; false where there were too many.
    pub(super) fn pay(&mut self, octets: usize) -> bool {
        let left = self.work.checked_sub(octets);
        self.work = left.unwrap_or(0);
        if left.is_none() || self.parts.len() >= READINGS_MAX {
            self.note(Ambiguity::TooManyReadings);
            return false;
        }
        true
    }

    /// Keeps a reading, unless its contents are there already.
    pub(super) fn offer(&mut self, offer: Offer) -> Outcome {
        let contents = offer.contents.trim_ascii_end();
        if contents.is_empty() || !self.pay(contents.len()) {
            return Outcome::Left;
        }
        let mut outcome = Outcome::New;
        let near: Vec<&Part> = self.strict.within(&offer.range).map(|(_, part)| part).collect();
        for part in near {
            if !self.pay(part.contents.len()) {
                return Outcome::Left;
            }
            match likeness(contents, &part.contents) {
                Likeness::Shown => return Outcome::Left,
                Likeness::Begin => outcome = Outcome::Bare,
                Likeness::Other => {}
            }
        }
        // Elsewhere only the same contents count.
        let is_same = |part: &Part| part.contents.trim_ascii_end() == contents;
        if self.strict.parts.iter().any(is_same) || self.parts.iter().any(is_same) {
            return Outcome::Left;
        }
        if !self.has_room(offer.contents.len()) {
            return Outcome::Left;
        }
        let is_text = offer.declared_type.starts_with("text/") && !is_file(&offer.contents);
        let text = is_text.then(|| decode(&offer.contents, offer.charset.as_deref()));
        let count = self.parts.len() + 1;
        self.parts.push(Part {
            number: format!("{}.{count}", offer.label),
            name: offer.name,
            declared_type: offer.declared_type,
            contents: offer.contents,
            text,
            is_attachment: offer.attached == Attached::Yes,
        });
        outcome
    }

    fn has_room(&mut self, octets: usize) -> bool {
        let left = self.room.checked_sub(octets);
        self.room = left.unwrap_or(0);
        if left.is_none() {
            self.note(Ambiguity::TooManyReadings);
        }
        left.is_some()
    }

    /// The same contents under another name: what opens them is decided by the name.
    pub(super) fn offer_name(&mut self, part: &Part, name: String) {
        if self.pay(part.contents.len()) && self.has_room(part.contents.len()) {
            let count = self.parts.len() + 1;
            self.parts.push(Part { number: format!("name.{count}"), name: Some(name), ..part.clone() });
        }
    }
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its contents are there already, or are no more than what is there.
    Left,
    /// Kept; a part shows the same with something behind it.
    Bare,
    /// Kept: nothing shows this.
    New,
}

/// How contents relate to known ones.
enum Likeness {
    /// They show nothing beyond the known ones: they lie in them, or go on with what is no file.
    Shown,
    /// A file that the known contents begin with: signatures of whole files need it bare.
    Begin,
    Other,
}

/// Octets that a text may go on with unseen.
const TAIL_BYTES_MAX: usize = 24;

fn likeness(contents: &[u8], known: &[u8]) -> Likeness {
    let known = known.trim_ascii_end();
    if contents.len() <= known.len() {
        let is_file = is_file(contents);
        return match (known.len() == contents.len(), is_file) {
            (true, _) if known == contents => Likeness::Shown,
            // A file is opened by its begin, so it is not shown where something stands before it.
            (false, true) if known.starts_with(contents) => Likeness::Begin,
            (false, false) if memmem::find(known, contents).is_some() => Likeness::Shown,
            (true | false, _) => Likeness::Other,
        };
    }
    let goes_on = |rest: &[u8]| {
        let is_harmless = !is_meant(rest.trim_ascii_start()) && !looks_like_html(rest);
        is_harmless && (is_file(known) || rest.len() < TAIL_BYTES_MAX)
    };
    let is_shown = !known.is_empty() && contents.strip_prefix(known).is_some_and(goes_on);
    if is_shown { Likeness::Shown } else { Likeness::Other }
}

/// The text in its charset, in UTF-8 where nobody knows it.
fn decode(contents: &[u8], charset: Option<&str>) -> String {
    let encoding = charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    let encoding = encoding.unwrap_or(encoding_rs::UTF_8);
    encoding.decode_without_bom_handling(contents).0.into_owned()
}
