//! Header fields, of the message and of its parts, as tests compare them.
//!
//! Standards: RFC 5228 §5.1, §5.5 and §5.7, RFC 5260 §6 (`:index`), RFC 5703 §4 (`:mime`).

use super::super::address::AddressPart;
use super::super::content::{self, MimeOption};
use super::super::letter;
use super::super::program::{Index, Mime, MimePart, Texts};
use super::super::{address, date};
use super::Run;

/// The raw value of one field.
type Raw = Vec<u8>;

impl Run<'_> {
    /// What `header` compares.
    pub(super) fn header_values(&self, names: &[String], index: Option<Index>, mime: Option<&Mime>) -> Vec<String> {
        let option = mime.and_then(|mime| self.mime_option(&mime.part));
        let mut values = Vec::new();
        for (name, raw) in self.raw_values(names, index, mime) {
            let text = letter::decode(&raw);
            match &option {
                Some(option) => values.extend(content::values(name, &text, option)),
                None => values.push(text),
            }
        }
        values
    }

    /// What `address` compares.
    pub(super) fn address_values(
        &self,
        names: &[String],
        part: AddressPart,
        index: Option<Index>,
        mime: Option<&Mime>,
    ) -> Vec<String> {
        let delimiter = &self.request.recipient_delimiter;
        let raws = self.raw_values(names, index, mime).into_iter();
        raws.flat_map(|(_, raw)| address::values(&String::from_utf8_lossy(&raw), part, delimiter)).collect()
    }

    /// Are all fields there?
    pub(super) fn exist(&self, fields: &Texts, mime: Option<&Mime>) -> bool {
        self.expand_all(fields).into_iter().all(|name| !self.raw_values(&[name], None, mime).is_empty())
    }

    /// What `date` compares: the date of the first field, or of that which `:index` names.
    pub(super) fn date_of(&self, name: &str, index: Option<Index>) -> Option<date::Moment> {
        let names = [name.to_string()];
        let raws = self.raw_values(&names, index, None);
        raws.first().and_then(|(_, raw)| date::parse(&String::from_utf8_lossy(raw)))
    }

    /// The fields of all these names, with the name of each. *Reading:* `:index` counts over all of them, in the order of
    /// the names, as in Pigeonhole (RFC 5260 §6 speaks of one name).
    fn raw_values<'n>(&self, names: &'n [String], index: Option<Index>, mime: Option<&Mime>) -> Vec<(&'n str, Raw)> {
        let of = |name: &'n String| {
            let values: Vec<Raw> = match mime {
                None => self.letter.all(name).map(|field| field.value.to_vec()).collect(),
                Some(mime) => self.part_values(name, mime.anychild),
            };
            values.into_iter().map(|raw| (name.as_str(), raw))
        };
        indexed(names.iter().flat_map(of).collect(), index)
    }

    /// RFC 5703 §4: of the part that a loop has reached, and with `:anychild` of all below it.
    fn part_values(&self, name: &str, anychild: bool) -> Vec<Raw> {
        let parts = self.letter.parts();
        let part = self.part();
        let end = if anychild { parts.parts.get(part).map_or(part + 1, |part| part.end) } else { part + 1 };
        let mut values = Vec::new();
        for at in part..end {
            if at == 0 {
                values.extend(self.letter.all(name).map(|field| field.value.to_vec()));
            } else {
                values.extend(parts.fields(at).filter(|field| field.is(name)).map(|field| field.value.to_vec()));
            }
        }
        values
    }

    fn mime_option(&self, part: &MimePart) -> Option<MimeOption> {
        match part {
            MimePart::Whole => None,
            MimePart::Type => Some(MimeOption::Type),
            MimePart::Subtype => Some(MimeOption::Subtype),
            MimePart::ContentType => Some(MimeOption::ContentType),
            MimePart::Param(names) => Some(MimeOption::Param(self.expand_all(names))),
        }
    }

    /// What `extracttext` takes.
    pub(super) fn part_text(&self, first: Option<u64>) -> String {
        let text = content::part_text(self.letter.parts(), self.part());
        match first.and_then(|first| usize::try_from(first).ok()) {
            Some(first) => text.chars().take(first).collect(),
            None => text,
        }
    }
}

/// RFC 5260 §6: the n-th from the top, or from the bottom.
pub(super) fn indexed<T>(mut values: Vec<T>, index: Option<Index>) -> Vec<T> {
    let Some(index) = index else { return values };
    let nth = usize::try_from(index.nth).unwrap_or(usize::MAX);
    let at = if index.last { values.len().checked_sub(nth) } else { nth.checked_sub(1) };
    match at.filter(|at| *at < values.len()) {
        Some(at) => vec![values.swap_remove(at)],
        None => Vec::new(),
    }
}
