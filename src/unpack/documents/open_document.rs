//! What OpenDocument files hold beside text: Basic and other scripts, events that start them, DDE, encryption.
//!
//! Looks at the members that the zip reader has taken already. Standards: ODF 1.3 part 3 §3.12 and §3.13 (scripts), §14.4
//! (events), §14.6 (DDE); part 2 §4.8 (encryption).

use super::markup::{decoded, tags};
use super::remote::{is_remote, shown};
use super::vba::words;
use crate::unpack::{NoteKind, Opening};

/// Looks at the members from `first` on.
pub(in crate::unpack) fn look(first: usize, opening: &mut Opening<'_>) {
    let members = std::mem::take(&mut opening.members);
    for member in members.get(first..).unwrap_or_default() {
        let part = member.label.as_str();
        if opening.pay_time().is_break() {
            break;
        }
        if part.starts_with("Scripts/") && !member.bytes.is_empty() {
            opening.note(NoteKind::Macro, &shown(part));
        } else if part.ends_with(".xml") {
            let text = decoded(&member.bytes);
            look_at_xml(&text, part, opening);
        }
    }
    opening.members = members;
}

/// Looks at one part, or at a document that is one XML file.
pub(in crate::unpack) fn look_at_xml(text: &str, part: &str, opening: &mut Opening<'_>) {
    let mut all = tags(text);
    for (count, tag) in all.by_ref().enumerate() {
        if count % 4096 == 0 && opening.pay_time().is_break() {
            break;
        }
        match tag.local() {
            // The text of one module; in flat files it stands in `source-code`.
            "module" | "source-code" => module(&tag.text(), tag.attribute("name").as_deref().unwrap_or(part), opening),
            "event-listener" => {
                let event = tag.attribute("event-name").unwrap_or_default().to_ascii_lowercase();
                let by_itself = ["dom:load", "dom:unload", "office:"].iter().any(|begin| event.starts_with(begin));
                let target = tag.attribute("href").or_else(|| tag.attribute("macro-name")).unwrap_or_default();
                // Templates of LibreOffice call what comes with the program.
                let of_program = target.starts_with("application:") || target.contains("location=application");
                if by_itself && !target.is_empty() && !of_program {
                    opening.note(NoteKind::AutoMacro, &shown(&format!("{event}: {target}")));
                }
            }
            "dde-source" | "dde-connection-decl" => {
                let said = |name| tag.attribute(name).unwrap_or_default();
                opening.note(NoteKind::Dde, &shown(&format!("{}|{}", said("dde-application"), said("dde-topic"))));
            }
            "encryption-data" => opening.note(NoteKind::Encrypted, "an OpenDocument file with a password"),
            "object" | "object-ole" | "section-source" | "floating-frame" => {
                let target = tag.attribute("href").unwrap_or_default();
                if is_remote(&target) {
                    opening.note(NoteKind::ExternalObject, &shown(&format!("{}: {target}", tag.local())));
                }
            }
            _ => {}
        }
    }
    if all.is_cut() {
        opening.note(NoteKind::Damaged, "XML with a tag or a comment that does not end");
    }
}

/// Notes a module of Basic, where it does something.
fn module(source: &str, name: &str, opening: &mut Opening<'_>) {
    let is_code = |line: &&str| {
        let line = line.trim().to_ascii_lowercase();
        let idle = ["rem ", "'", "option "].iter().any(|word| line.starts_with(word));
        // What LibreOffice writes into a new module.
        let empty = ["sub main", "end sub", "rem"].contains(&line.as_str());
        !(line.is_empty() || idle || empty)
    };
    if source.lines().filter(is_code).count() == 0 {
        return;
    }
    opening.note(NoteKind::Macro, &shown(name));
    words::look(source, &shown(name), opening);
}
