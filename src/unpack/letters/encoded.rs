//! Files written as text within a text: uuencode, xxencode, yEnc, BinHex 4.0, base64 lines.
//!
//! They may stand anywhere in it, as people pasted them before there was MIME, and some mail programs still show them as
//! attachments. The decoders are `mail::carve`. Does not look into pages: no reader takes a file from there. Standards:
//! RFC 1741, POSIX uuencode, yEnc 1.3, RFC 2045 §6.8.

use crate::mail::{Carved, Condition, carved_files, looks_like_html};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "encoded",
    about: "files written as text: uuencode, xxencode, yEnc, BinHex 4.0, base64",
    recognise,
    nature: Nature::Container(open),
};

/// Octets of decoded files that are tried to know a text: enough for the first one.
const TRIED_BYTES_MAX: usize = 64 << 10;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let known = infer::get(contents.bytes).map(|kind| kind.matcher_type());
    if known.is_some_and(|kind| kind != infer::MatcherType::Text) || looks_like_html(contents.bytes) {
        return None;
    }
    let mut found = None;
    carved_files(contents.bytes, TRIED_BYTES_MAX, &mut |carved| {
        found = Some(carved);
        ControlFlow::Break(())
    });
    let first = found?;
    // A text around it is still a text.
    let is_whole = contents.bytes.get(..first.range.start).unwrap_or_default().trim_ascii().is_empty();
    Some(if is_whole { type_of(&first) } else { "text/plain" })
}

fn type_of(carved: &Carved) -> &'static str {
    match carved.coding {
        "uuencode" => "text/x-uuencode",
        "yenc" => "text/x-yenc",
        "binhex" => "application/mac-binhex40",
        _ => "text/plain",
    }
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let most = usize::try_from(opening.member_bytes_left()).unwrap_or(usize::MAX);
    let mut count = 0;
    carved_files(contents.bytes, most, &mut |carved| {
        count += 1;
        let name = carved.name.clone().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| format!("{}.{count}", carved.coding));
        match carved.condition {
            Condition::Sound => {}
            Condition::Damaged => {
                opening.note(NoteKind::Damaged, &format!("{} without its right end: {name}", carved.coding))
            }
            Condition::CutOff => opening.note(NoteKind::TooBig, &format!("cut off: {name}")),
        }
        if opening.member_bytes_left() == 0 {
            opening.note(NoteKind::TooBig, "no octets left to unpack");
            return ControlFlow::Break(());
        }
        opening.take(&name, carved.contents.as_slice())
    });
}

#[cfg(test)]
mod tests {
    use crate::mail::Message;
    use crate::unpack::{NoteKind, eicar, open};

    #[test]
    fn a_file_within_a_text_is_opened_and_text_stays_text() {
        let lines = crate::unpack::letters::message::tests::base64_lines(&eicar::sample());
        for (body, want) in [
            (format!("Look:\r\n\r\n{lines}\r\n\r\nAnna\r\n"), Some("1/base64.1")),
            (format!("{lines}\r\n"), Some("1/base64.1")),
            ("begin with 644 of my trip\r\nwas good\r\n".to_string(), None),
        ] {
            let letter = format!("From: a@b.example\r\n\r\n{body}");
            let inside = open(&Message::parse(letter.as_bytes()));
            let found: Vec<String> =
                inside.notes.iter().filter(|n| n.kind == NoteKind::Eicar).map(|n| n.path.join("/")).collect();
            assert_eq!(found.first().map(String::as_str), want, "{body}");
            assert_eq!(inside.items[0].true_type, "text/plain", "{body}");
        }
    }
}
