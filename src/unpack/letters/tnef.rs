//! TNEF: the file `winmail.dat`, in which Outlook hides the attachments of a message, its text, and messages inside.
//!
//! Checksums are not enforced: readers don't. Properties that are no file are passed over, save the packed RTF text. Does
//! not build a message of it. Standards: MS-OXTNEF, MS-OXPROPS.

use super::packed_rtf;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "tnef", about: "attachments of Outlook (winmail.dat)", recognise, nature: Nature::Container(open) };

const SIGNATURE: &[u8] = b"\x78\x9f\x3e\x22";
/// Levels of an attribute.
const OF_MESSAGE: u8 = 1;
const OF_ATTACHMENT: u8 = 2;
/// Identifiers of attributes, without their type.
const TITLE: u16 = 0x8010;
const DATA: u16 = 0x800f;
const META: u16 = 0x8011;
const RENDER: u16 = 0x9002;
const PROPERTIES: u16 = 0x9003;
const ATTACHMENT: u16 = 0x9005;
/// Identifiers of properties.
const RTF_COMPRESSED: u16 = 0x1009;
const BODY_HTML: u16 = 0x1013;
const ATTACH_DATA: u16 = 0x3701;
const ATTACH_NAMES: [u16; 2] = [0x3707, 0x3704];
/// GUID before an object that is a message.
const OBJECT_HEAD_BYTES: usize = 16;
/// Properties of one list, and values of one property: real ones have under 200.
const PROPERTIES_MAX: u32 = 10_000;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(SIGNATURE).then_some("application/ms-tnef")
}

/// The attachment that is being read.
#[derive(Default)]
struct Attachment {
    name: Option<String>,
    data: Vec<u8>,
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    // Signature and key.
    let mut rest = contents.bytes.get(6..).unwrap_or_default();
    let mut attachment = Attachment::default();
    let mut count = 0;
    while !rest.is_empty() {
        let Some((attribute, behind)) = attribute(rest) else {
            if rest.iter().any(|byte| *byte != 0 && !byte.is_ascii_whitespace()) {
                opening.note(NoteKind::Damaged, "an attribute goes beyond the end");
            }
            break;
        };
        rest = behind;
        let flow = match (attribute.level, attribute.id) {
            (OF_ATTACHMENT, RENDER) => give(&mut attachment, &mut count, opening),
            (OF_ATTACHMENT, TITLE) => {
                attachment.name = Some(text(attribute.value));
                ControlFlow::Continue(())
            }
            (OF_ATTACHMENT, DATA) => {
                attachment.data = attribute.value.to_vec();
                ControlFlow::Continue(())
            }
            (OF_ATTACHMENT, ATTACHMENT) => properties(attribute.value, &mut attachment, opening),
            (OF_MESSAGE, PROPERTIES) => properties(attribute.value, &mut Attachment::default(), opening),
            (OF_ATTACHMENT, META) | (_, _) => ControlFlow::Continue(()),
        };
        if flow.is_break() {
            return;
        }
    }
    let _ = give(&mut attachment, &mut count, opening);
}

struct Attribute<'a> {
    level: u8,
    id: u16,
    value: &'a [u8],
}

/// Level, identifier, type, length, value, sum. A value that goes beyond the end is taken as far as it goes.
fn attribute(bytes: &[u8]) -> Option<(Attribute<'_>, &[u8])> {
    let level = *bytes.first()?;
    let id = u16::from_le_bytes(bytes.get(1..3)?.try_into().ok()?);
    let length = u32::from_le_bytes(bytes.get(5..9)?.try_into().ok()?) as usize;
    let end = 9_usize.checked_add(length)?;
    if !matches!(level, OF_MESSAGE | OF_ATTACHMENT) || length == 0 && id == 0 {
        return None;
    }
    let value = bytes.get(9..end.min(bytes.len()))?;
    Some((Attribute { level, id, value }, bytes.get(end + 2..).unwrap_or_default()))
}

fn text(value: &[u8]) -> String {
    let end = memchr::memchr(0, value).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
}

fn give(attachment: &mut Attachment, count: &mut usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let Attachment { name, data } = std::mem::take(attachment);
    if data.is_empty() {
        return ControlFlow::Continue(());
    }
    *count += 1;
    opening.take(&name.unwrap_or_else(|| format!("attachment.{count}")), data.as_slice())
}

/// A list of MAPI properties: names and data of an attachment, texts of a message, messages inside.
fn properties(list: &[u8], attachment: &mut Attachment, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let mut reader = Reader { rest: list };
    let count = reader.number().unwrap_or_default().min(PROPERTIES_MAX);
    for _ in 0..count {
        opening.pay_time()?;
        let Some((id, kind, values)) = property(&mut reader) else {
            opening.note(NoteKind::Damaged, "a property goes beyond the end");
            return ControlFlow::Continue(());
        };
        for value in values {
            match id {
                RTF_COMPRESSED => match packed_rtf::unpack(value, opening.member_bytes_left()) {
                    Some(rtf) => opening.take("text.rtf", rtf.as_slice())?,
                    None => opening.note(NoteKind::Damaged, "the packed text"),
                },
                BODY_HTML => opening.take("text.html", value)?,
                ATTACH_DATA if kind == OBJECT => {
                    let inner = value.get(OBJECT_HEAD_BYTES..).unwrap_or_default();
                    let name = if inner.starts_with(SIGNATURE) { "message.tnef" } else { "object" };
                    opening.take(name, inner)?;
                }
                ATTACH_DATA if attachment.data.is_empty() => attachment.data = value.to_vec(),
                id if ATTACH_NAMES.contains(&id) => {
                    let name = if kind == UNICODE { wide_text(value) } else { text(value) };
                    attachment.name = Some(name).filter(|name| !name.is_empty()).or(attachment.name.take());
                }
                _ => {}
            }
        }
    }
    ControlFlow::Continue(())
}

/// Kinds of properties.
const OBJECT: u16 = 0x000d;
const STRING: u16 = 0x001e;
const UNICODE: u16 = 0x001f;
const BINARY: u16 = 0x0102;
const MANY: u16 = 0x1000;

/// Identifier, kind and values of the next property.
fn property<'a>(reader: &mut Reader<'a>) -> Option<(u16, u16, Vec<&'a [u8]>)> {
    let (kind, id) = (reader.short()?, reader.short()?);
    if id >= 0x8000 {
        // A named property: GUID, then a number or a name.
        reader.take(16)?;
        if reader.number()? == 0 {
            reader.take(4)?;
        } else {
            let length = reader.number()? as usize;
            reader.padded(length)?;
        }
    }
    let base = kind & !MANY;
    let has_lengths = matches!(base, OBJECT | STRING | UNICODE | BINARY);
    let count = if has_lengths || kind != base { reader.number()? } else { 1 };
    if count > PROPERTIES_MAX {
        return None;
    }
    let size = match base {
        0x0002 | 0x000b => 4,
        0x0003 | 0x0004 | 0x000a | 0x0001 => 4,
        0x0005..=0x0007 | 0x0014 | 0x0040 => 8,
        0x0048 => 16,
        _ if has_lengths => 0,
        _ => return None,
    };
    let mut values = Vec::new();
    for _ in 0..count {
        let length = if has_lengths { reader.number()? as usize } else { size };
        values.push(reader.padded(length)?);
    }
    Some((id, base, values))
}

fn wide_text(value: &[u8]) -> String {
    let units = value.chunks_exact(2).map(|pair| pair.iter().rev().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
    char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// Values end at a multiple of four.
    fn padded(&mut self, count: usize) -> Option<&'a [u8]> {
        let value = self.take(count)?;
        let pad = count.wrapping_neg() % 4;
        self.rest = self.rest.get(pad..).unwrap_or_default();
        Some(value)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Message;
    use crate::unpack::samples::letter;
    use crate::unpack::{eicar, open as open_all};

    fn attribute(level: u8, id: u16, value: &[u8]) -> Vec<u8> {
        let mut out = vec![level];
        out.extend(u32::from(id).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(value);
        out.extend([0, 0]);
        out
    }

    fn value(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let mut out = [kind.to_le_bytes(), id.to_le_bytes()].concat();
        out.extend(1_u32.to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn tnef(attributes: &[Vec<u8>]) -> Vec<u8> {
        [SIGNATURE.to_vec(), vec![1, 0], attributes.concat()].concat()
    }

    fn paths(bytes: &[u8]) -> (Vec<String>, Vec<NoteKind>) {
        let letter = letter("winmail.dat", bytes);
        let inside = open_all(&Message::parse(&letter));
        let paths = inside.items.iter().skip(1).map(|item| item.path.join("/")).collect();
        (paths, inside.notes.iter().map(|note| note.kind).collect())
    }

    #[test]
    fn attachments_texts_and_messages_inside_are_opened() {
        let plain = tnef(&[
            attribute(OF_ATTACHMENT, RENDER, &[0; 14]),
            attribute(OF_ATTACHMENT, TITLE, b"a.com\0"),
            attribute(OF_ATTACHMENT, DATA, &eicar::sample()),
        ]);
        assert_eq!(paths(&plain), (vec!["2".to_string(), "2/a.com".to_string()], vec![NoteKind::Eicar]));
        let object = [&[7; 16][..], &plain].concat();
        let list = |values: &[Vec<u8>]| [(values.len() as u32).to_le_bytes().to_vec(), values.concat()].concat();
        let nested = tnef(&[
            attribute(
                OF_MESSAGE,
                PROPERTIES,
                &list(&[
                    value(3, 0x1234, &[])[..4].iter().copied().chain([1, 0, 0, 0]).collect(),
                    value(BINARY, BODY_HTML, b"<html>x"),
                ]),
            ),
            attribute(OF_ATTACHMENT, RENDER, &[0; 14]),
            attribute(OF_ATTACHMENT, ATTACHMENT, &list(&[value(OBJECT, ATTACH_DATA, &object)])),
        ]);
        let (found, notes) = paths(&nested);
        assert_eq!(found, ["2", "2/text.html", "2/message.tnef", "2/message.tnef/a.com"]);
        assert_eq!(notes, [NoteKind::Eicar]);
        let long = tnef(&[
            attribute(OF_ATTACHMENT, RENDER, &[0; 14]),
            attribute(OF_ATTACHMENT, TITLE, b"short\0"),
            attribute(OF_ATTACHMENT, DATA, b"x"),
            attribute(OF_ATTACHMENT, ATTACHMENT, &list(&[value(UNICODE, 0x3707, b"l\0o\0n\0g\0\0\0")])),
        ]);
        assert_eq!(paths(&long).0, ["2", "2/long"]);
        assert_eq!(paths(&tnef(&[vec![2, 0xff, 0xff]])).1, [NoteKind::Damaged]);
    }
}
