//! Messages saved by Outlook (.msg): bodies and attachments, also of messages attached to them.
//!
//! Does not read addresses or fields. Standards: MS-OXMSG §2.2 (storages), MS-OXPROPS (the numbers of properties).

use super::compound::{Compound, Stream};
use super::octets::utf16;
use crate::unpack::letters::packed_rtf;
use crate::unpack::{Opening, Role};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const DATA: &str = "__substg1.0_37010102";
/// Long name, short name, display name; wide and narrow.
const NAMES: [&str; 6] = [
    "__substg1.0_3707001F",
    "__substg1.0_3707001E",
    "__substg1.0_3704001F",
    "__substg1.0_3704001E",
    "__substg1.0_3001001F",
    "__substg1.0_3001001E",
];
const TYPES: [&str; 2] = ["__substg1.0_370E001F", "__substg1.0_370E001E"];
/// Bodies with the name they get.
const BODIES: [(&str, &str); 6] = [
    ("__substg1.0_1000001F", "body.txt"),
    ("__substg1.0_1000001E", "body.txt"),
    ("__substg1.0_10130102", "body.html"),
    ("__substg1.0_1013001F", "body.html"),
    ("__substg1.0_1013001E", "body.html"),
    ("__substg1.0_10090102", "body.rtf"),
];
const ATTACHMENT: &str = "__attach_version1.0_#";
const WIDE: &str = "001F";

fn body_name(stream: &Stream) -> Option<&'static str> {
    BODIES.iter().find(|(property, _)| stream.is(property)).map(|(_, name)| *name)
}

/// True for streams that [`take_attached`] has taken.
pub(in crate::unpack) fn is_taken(stream: &Stream) -> bool {
    stream.is(DATA) || body_name(stream).is_some()
}

/// Takes all bodies and attachments.
pub(in crate::unpack) fn take_attached(compound: &mut Compound<'_>, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let streams: Vec<(PathBuf, Option<&'static str>)> =
        compound.streams.iter().filter(|stream| is_taken(stream)).map(|s| (s.path.clone(), body_name(s))).collect();
    for (path, body) in streams {
        let Some(bytes) = compound.read(&path) else {
            opening.note(crate::unpack::NoteKind::Damaged, "a part of an Outlook message can't be read");
            continue;
        };
        let way = way_to(&path);
        match body {
            Some(name) => take_body(&format!("{way}{name}"), &path, &bytes, opening)?,
            None => {
                let name = NAMES.iter().find_map(|name| property(compound, &path, name));
                let declared = TYPES.iter().find_map(|name| property(compound, &path, name));
                opening.take(&format!("{way}{}", name.as_deref().unwrap_or("attachment")), bytes.as_slice())?;
                if let Some(member) = opening.members.last_mut() {
                    member.name = name;
                    member.declared_type = declared.unwrap_or_default().to_ascii_lowercase();
                }
            }
        }
    }
    ControlFlow::Continue(())
}

fn take_body(label: &str, path: &Path, bytes: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let is_wide = path.to_string_lossy().ends_with(WIDE);
    if label.ends_with(".rtf") {
        return match packed_rtf::unpack(bytes, opening.member_bytes_left()) {
            Some(text) => opening.take(label, text.as_slice()),
            None => {
                opening.note(crate::unpack::NoteKind::Damaged, "a packed RTF body");
                ControlFlow::Continue(())
            }
        };
    }
    if is_wide {
        opening.take(label, utf16(bytes).as_bytes())?
    } else {
        opening.take(label, bytes)?
    }
    if let Some(member) = opening.members.last_mut() {
        member.role = Role::Body;
    }
    ControlFlow::Continue(())
}

/// A text that stands beside a stream, where it is not empty.
fn property(compound: &mut Compound<'_>, path: &Path, name: &str) -> Option<String> {
    let bytes = compound.beside(path, name)?;
    let text = if name.ends_with(WIDE) { utf16(&bytes) } else { String::from_utf8_lossy(&bytes).into_owned() };
    let text: String = text.trim_end_matches('\0').chars().filter(|c| *c != '\0').collect();
    (!text.is_empty()).then_some(text)
}

/// The attached messages around a stream: `attached 1/`.
fn way_to(path: &Path) -> String {
    let numbers: Vec<String> = path
        .to_string_lossy()
        .split('/')
        .filter_map(|part| part.strip_prefix(ATTACHMENT))
        .map(|number| u32::from_str_radix(number, 16).unwrap_or(0).to_string())
        .collect();
    let is_data = path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(DATA));
    // An attachment's own storage is no message around it.
    let around = numbers.len().saturating_sub(usize::from(is_data));
    numbers.iter().take(around).map(|number| format!("attached {number}/")).collect()
}
