//! Changes of the header that a script asks for: fields added and deleted, the body never touched.
//!
//! Whoever runs the script and whoever stores its message call the same function, so that both see the same header.
//! Our own lines and the trace fields can be neither added nor deleted, whatever is asked: what asks may be captured.
//! Standards: RFC 5293, RFC 5322 §2.1.1 and §2.2.3 (folding), RFC 2047. *Deviation:* fields that RFC 5293 §6 lets a
//! system protect are left alone without a word; the sieve room says so to the script's owner.

use super::fields::{fields, header_end};
use super::forward::REDIRECTED;
use super::stamp::{FOLD_COLUMN, OURS, line_end_of};
use crate::limits::HEADER_EDITS_MAX;
use mail_builder::headers::{Header, text::Text};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;

/// One change of the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// A field above all others, or below them. The value is UTF-8 without controls, not folded.
    Add { name: String, value: String, last: bool },
    /// The fields at these places, counted from 0 over the header as the edits before have left it.
    Delete { fields: Vec<usize> },
}

/// Fields that no script adds or deletes, beside [`OURS`].
const TRACE: &[&str] = &["Return-Path", "Received", REDIRECTED];

/// Printable ASCII without a colon (RFC 5322 §2.2).
pub fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

/// May a script add a field of this name?
pub fn may_be_added(name: &str) -> bool {
    is_field_name(name) && !OURS.iter().chain(TRACE).any(|kept| kept.eq_ignore_ascii_case(name))
}

/// May a script delete fields of this name? `Auto-Submitted` stays too: it keeps automata from answering each other
/// (RFC 5293 §6).
pub fn may_be_deleted(name: &str) -> bool {
    !OURS.iter().chain(TRACE).chain(&["Auto-Submitted"]).any(|kept| kept.eq_ignore_ascii_case(name))
}

/// The message with these changes, in order. Places are those of [`fields`]; places that are not there, fields that
/// must stay and changes beyond [`HEADER_EDITS_MAX`] are passed over.
pub fn edited<'a>(message: &'a [u8], edits: &[Edit]) -> Cow<'a, [u8]> {
    if edits.is_empty() {
        return Cow::Borrowed(message);
    }
    let eol = line_end_of(message);
    let mut header: Vec<Cow<'_, [u8]>> =
        fields(message).map(|field| Cow::Borrowed(message.get(field.start..field.end).unwrap_or_default())).collect();
    for edit in edits.iter().take(HEADER_EDITS_MAX) {
        match edit {
            Edit::Add { name, value, last } if may_be_added(name) => add(&mut header, name, value, *last, eol),
            Edit::Add { .. } => {}
            Edit::Delete { fields } => delete(&mut header, fields),
        }
    }
    let mut out = header.concat();
    out.extend_from_slice(message.get(header_end(message)..).unwrap_or_default());
    Cow::Owned(out)
}

fn add(header: &mut Vec<Cow<'_, [u8]>>, name: &str, value: &str, last: bool, eol: &[u8]) {
    let line = written(name, value, eol);
    if !last {
        // A message that begins with a continuation of nothing would be continued by ours.
        let hangs = header.first().is_some_and(|field| field.starts_with(b" ") || field.starts_with(b"\t"));
        return header.insert(usize::from(hangs), Cow::Owned(line));
    }
    if let Some(end) = header.last_mut().filter(|field| !field.ends_with(b"\n")) {
        end.to_mut().extend_from_slice(eol);
    }
    header.push(Cow::Owned(line));
}

fn delete(header: &mut Vec<Cow<'_, [u8]>>, places: &[usize]) {
    let places: HashSet<usize> = places.iter().copied().collect();
    let mut place = 0;
    header.retain(|whole| {
        let is_meant = places.contains(&place);
        place += 1;
        !is_meant || fields(whole).any(|field| !may_be_deleted(&String::from_utf8_lossy(field.name)))
    });
}

/// One field, folded; encoded words where the value is not ASCII.
fn written(name: &str, value: &str, eol: &[u8]) -> Vec<u8> {
    let value = value.replace(char::is_control, " ");
    let mut out = format!("{name}: ").into_bytes();
    if value.is_ascii() {
        fold(&mut out, &value, eol);
        out.extend_from_slice(eol);
        return out;
    }
    let mut encoded = Vec::new();
    let begun = out.len();
    // Writing into memory does not fail.
    if Text::new(value).write_header(&mut encoded, begun).is_err() {
        encoded = eol.to_vec();
    }
    for line in String::from_utf8_lossy(&encoded).split_terminator("\r\n") {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(eol);
    }
    out
}

/// A line end before a space where the line grows too long, so that unfolding gives the very same value. Not where only
/// white space would stand on a line (RFC 5322 §3.2.2).
fn fold(out: &mut Vec<u8>, value: &str, eol: &[u8]) {
    let mut column = out.len();
    for (at, word) in value.split(' ').enumerate() {
        let is_too_long = column + 1 + word.len() > FOLD_COLUMN;
        if at > 0 {
            if is_too_long && !word.is_empty() && out.iter().rev().take(column).any(|b| *b != b' ') {
                out.extend_from_slice(eol);
                column = 0;
            }
            out.push(b' ');
            column += 1;
        }
        out.extend_from_slice(word.as_bytes());
        column += word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Message;

    fn add(name: &str, value: &str, last: bool) -> Edit {
        Edit::Add { name: name.into(), value: value.into(), last }
    }

    fn delete(fields: &[usize]) -> Edit {
        Edit::Delete { fields: fields.to_vec() }
    }

    fn text(message: &str, edits: &[Edit]) -> String {
        String::from_utf8_lossy(&edited(message.as_bytes(), edits)).into_owned()
    }

    #[test]
    fn fields_are_added_above_and_below_and_deleted_where_they_stand() {
        let mail = "A: 1\r\nB: 2\r\n x\r\nno colon\r\nA: 3\r\n\r\nA: body\r\n";
        for (edits, want) in [
            (vec![add("N", "v", false)], "N: v\r\nA: 1\r\nB: 2\r\n x\r\nno colon\r\nA: 3\r\n\r\nA: body\r\n"),
            (vec![add("N", "v", true)], "A: 1\r\nB: 2\r\n x\r\nno colon\r\nA: 3\r\nN: v\r\n\r\nA: body\r\n"),
            (vec![delete(&[0, 3])], "B: 2\r\n x\r\nno colon\r\n\r\nA: body\r\n"),
            (vec![delete(&[1, 2, 9])], "A: 1\r\nA: 3\r\n\r\nA: body\r\n"),
            (vec![add("N", "v", false), delete(&[1, 0])], "B: 2\r\n x\r\nno colon\r\nA: 3\r\n\r\nA: body\r\n"),
            (vec![delete(&[0, 1, 2, 3]), add("N", "", true)], "N: \r\n\r\nA: body\r\n"),
        ] {
            assert_eq!(text(mail, &edits), want, "{edits:?}");
        }
    }

    #[test]
    fn odd_messages_keep_every_byte_below_the_header() {
        for (mail, want) in [
            ("", "N: v\r\n"),
            ("\r\nbody", "N: v\r\n\r\nbody"),
            ("A: 1", "A: 1\r\nN: v\r\n"),
            ("A: 1\n\nbody\r\n", "A: 1\nN: v\n\nbody\r\n"),
        ] {
            assert_eq!(text(mail, &[add("N", "v", true)]), want, "{mail:?}");
        }
        assert_eq!(text(" hangs\r\nA: 1\r\n\r\n", &[add("N", "v", false)]), " hangs\r\nN: v\r\nA: 1\r\n\r\n");
        assert!(matches!(edited(b"A: 1\r\n", &[]), Cow::Borrowed(_)));
    }

    #[test]
    fn our_lines_and_the_trace_stay_whatever_is_asked() {
        let mail = "Return-Path: <a@b>\r\nX-PM-Scan: SPAM\r\nreceived : x\r\nAuto-Submitted: no\r\nA: 1\r\n\r\n";
        assert_eq!(text(mail, &[delete(&[0, 1, 2, 3, 4])]), mail.replace("A: 1\r\n", ""));
        for name in ["X-PM-Scan", "x-pm-sieve", "Received", "return-path", REDIRECTED, "", "a b", "a:"] {
            assert_eq!(text(mail, &[add(name, "v", false)]), mail, "{name}");
        }
        assert!(text(mail, &[add("Auto-Submitted", "auto-generated", false)]).starts_with("Auto-Submitted: auto"));
    }

    #[test]
    fn values_are_folded_and_encoded_and_read_back_the_same() {
        let many = "word ".repeat(60) + "end";
        let spaced = format!("a{}b", " ".repeat(200));
        for value in
            ["x", "grüße aus Köln", &"Ünïcödé ".repeat(40), &many, &spaced, &"x".repeat(300), "  two", "日本語"]
        {
            let mail = text("A: 1\r\n\r\nbody", &[add("X-Long", value, false)]);
            let message = Message::parse(mail.as_bytes());
            assert_eq!(message.fields.len(), 2, "{mail}");
            assert!(mail.is_ascii() && mail.ends_with("A: 1\r\n\r\nbody"), "{mail}");
            assert!(mail.lines().skip(1).all(|line| !line.trim().is_empty() || line.is_empty()), "{mail:?}");
            let unfolded = mail.replace("\r\n ", " ");
            if value.is_ascii() {
                assert!(unfolded.starts_with(&format!("X-Long: {value}\r\n")), "{mail}");
            } else {
                assert_eq!(message.decoded("X-Long").as_deref(), Some(value.trim_end()), "{mail}");
            }
        }
        let short = text("\r\n", &[add("X-Long", &many, false)]);
        assert!(short.lines().all(|line| line.len() <= FOLD_COLUMN), "{short}");
    }

    #[test]
    fn no_value_can_begin_a_field_of_its_own() {
        let mail = text("A: 1\n\n", &[add("N", "v\r\nX-PM-Scan: CLEAN\n\nbody", true)]);
        assert_eq!(mail, "A: 1\nN: v  X-PM-Scan: CLEAN  body\n\n");
    }
}
