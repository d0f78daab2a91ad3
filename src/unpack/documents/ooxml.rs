//! What Office Open XML documents say about things elsewhere: relationships, fields, links to programs, macro sheets.
//!
//! Looks at the parts that the zip reader has taken already; does not unpack. VBA projects and embedded files are members
//! with readers of their own. Standards: ECMA-376 part 1 §15 (relationships), §17.16 (fields), §18.14 (external links);
//! MS-OFFMACRO2 (macro sheets).

use super::dde::{BEGIN, END, Fields, RESULT};
use super::excel;
use super::markup::{Tag, decoded, tags};
use super::remote::{is_remote, is_shared_folder, shown, starts_programs};
use super::vba::words;
use crate::unpack::{NoteKind, Opening};

/// Relationships whose target becomes part of the document before anybody is asked.
const TEMPLATES: [&str; 4] = ["attachedtemplate", "frame", "subdocument", "xslt"];
/// Relationships to objects of other programs.
const OBJECTS: [&str; 6] = ["oleobject", "package", "control", "afchunk", "externallink", "customui"];
/// Classes of ActiveX controls that come with Office: buttons, boxes, bars.
const USUAL_CONTROLS: [&str; 7] =
    ["{8bd21d", "{d7053240", "{978c9e23", "{4c599241", "{79176fb0", "{dfd181e0", "{6e182020"];
/// Functions of macro sheets as text.
const FUNCTIONS: [(&str, NoteKind); 8] = [
    ("exec(", NoteKind::MacroStarts),
    ("call(", NoteKind::MacroStarts),
    ("register(", NoteKind::MacroStarts),
    ("run(", NoteKind::MacroStarts),
    ("fopen(", NoteKind::MacroLoads),
    ("fwrite", NoteKind::MacroLoads),
    ("formula(", NoteKind::MacroHides),
    ("get.workspace(", NoteKind::MacroHides),
];

/// Looks at the parts of a document; `members` from `first` on are its own.
pub(in crate::unpack) fn look(first: usize, name: Option<&str>, opening: &mut Opening<'_>) {
    let members = std::mem::take(&mut opening.members);
    let own = members.get(first..).unwrap_or_default();
    let has_macros = own.iter().any(|member| member.label.to_ascii_lowercase().ends_with("vbaproject.bin"));
    let mut has_sheet = false;
    let mut starts = false;
    for member in own {
        let part = member.label.to_ascii_lowercase().replace('\\', "/");
        if opening.pay_time().is_break() {
            break;
        }
        if part.contains("macrosheets/") && !part.contains("_rels/") {
            has_sheet = true;
            macro_sheet(&part, &member.bytes, opening);
        }
        if part.ends_with("xl/workbook.bin") {
            starts |= wide_contains(&member.bytes, "_xlnm.Auto_") || wide_contains(&member.bytes, "Auto_Open");
        }
        if part.contains("externallinks/") && part.ends_with(".bin") {
            binary_link(&member.bytes, opening);
        }
        if [".rels", ".xml", ".vml"].iter().any(|end| part.ends_with(end)) {
            let text = decoded(&member.bytes);
            starts |= look_at_xml(&text, has_macros, opening);
            if part == "[content_types].xml" {
                false_type(&text, name, opening);
            }
        }
    }
    if has_sheet {
        opening.note(NoteKind::Macro, "Excel 4.0");
    }
    if has_sheet && starts {
        opening.note(NoteKind::AutoMacro, "Excel 4.0: a name that starts it");
    }
    opening.members = members;
}

/// Looks at all tags of one part, or of a document that is one XML file. True where a defined name starts macros.
pub(in crate::unpack) fn look_at_xml(text: &str, has_macros: bool, opening: &mut Opening<'_>) -> bool {
    let mut fields = Fields::default();
    let mut starts = false;
    let mut in_code = false;
    let mut all = tags(text);
    for (count, tag) in all.by_ref().enumerate() {
        if count % 4096 == 0 && opening.pay_time().is_break() {
            break;
        }
        let local = tag.local().to_ascii_lowercase();
        let in_name = local == "definedname";
        match local.as_str() {
            "relationship" => relationship(&tag, opening),
            "ddelink" => {
                let said = |name| tag.attribute(name).unwrap_or_default();
                opening.note(NoteKind::Dde, &shown(&format!("{}|{}", said("ddeService"), said("ddeTopic"))));
            }
            "fldsimple" => {
                fields.push(BEGIN);
                fields.push_all(tag.attribute("instr").unwrap_or_default().chars());
                fields.push(END);
            }
            "fldchar" => fields.push(match tag.attribute("fldCharType").unwrap_or_default().as_str() {
                "begin" => BEGIN,
                "separate" => RESULT,
                "end" => END,
                _ => ' ',
            }),
            "instrtext" | "delinstrtext" => fields.push_all(tag.text().chars()),
            // The text of a field may stand in CDATA.
            "![cdata[" if in_code => fields.push_all(tag.raw().chars()),
            "customui" if has_macros && tag.attribute("onLoad").is_some() => {
                opening.note(
                    NoteKind::AutoMacro,
                    &shown(&format!("customUI onLoad: {}", tag.attribute("onLoad").unwrap_or_default())),
                );
            }
            "ocx" => control(&tag, opening),
            "hlinkclick" | "hlinkmouseover" | "hlinkhover" => action(&tag, opening),
            _ if in_name => starts |= is_start(&tag),
            _ => {}
        }
        in_code = local == "instrtext";
        fields.settle(opening);
    }
    fields.look(opening);
    if all.is_cut() {
        opening.note(NoteKind::Damaged, "XML with a tag or a comment that does not end");
    }
    starts
}

fn relationship(tag: &Tag<'_>, opening: &mut Opening<'_>) {
    if !tag.attribute("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external")) {
        return;
    }
    let kind = tag.attribute("Type").unwrap_or_default().to_ascii_lowercase();
    let kind = kind.rsplit('/').next().unwrap_or_default();
    let target = tag.attribute("Target").unwrap_or_default();
    let said = format!("{kind}: {}", shown(&target));
    if TEMPLATES.contains(&kind) && is_remote(&target) {
        opening.note(NoteKind::RemoteTemplate, &said);
    } else if starts_programs(&target)
        || (OBJECTS.contains(&kind) && is_remote(&target))
        || (kind != "hyperlink" && is_shared_folder(&target))
    {
        opening.note(NoteKind::ExternalObject, &said);
    }
}

/// A defined name that Excel calls: `_xlnm.Auto_Open`.
fn is_start(tag: &Tag<'_>) -> bool {
    let name = tag.attribute("name").unwrap_or_default().to_ascii_lowercase();
    name.strip_prefix("_xlnm.").unwrap_or(&name).starts_with("auto_")
}

/// A control that is none of the usual ones.
fn control(tag: &Tag<'_>, opening: &mut Opening<'_>) {
    let class = tag.attribute("classid").unwrap_or_default().to_ascii_lowercase();
    if !USUAL_CONTROLS.iter().any(|usual| class.starts_with(usual)) {
        opening.note(NoteKind::Package, &shown(&format!("an ActiveX control {class}")));
    }
}

/// Actions of slides.
fn action(tag: &Tag<'_>, opening: &mut Opening<'_>) {
    let action = tag.attribute("action").unwrap_or_default().to_ascii_lowercase();
    if action.starts_with("ppaction://program") {
        opening.note(NoteKind::ExternalObject, "an action that starts a program");
    }
}

fn macro_sheet(part: &str, bytes: &[u8], opening: &mut Opening<'_>) {
    opening.note(NoteKind::ExcelMacro, &shown(part));
    if part.ends_with(".bin") {
        return excel::look_at_code(bytes, opening);
    }
    let text = decoded(bytes);
    for tag in tags(&text).filter(|tag| tag.is("f")) {
        let formula = tag.text().to_ascii_lowercase();
        for (function, kind) in FUNCTIONS.iter().filter(|(function, _)| formula.contains(function)) {
            opening.note(*kind, &format!("Excel 4.0: {}", function.trim_end_matches('(').to_ascii_uppercase()));
        }
        words::note_words(&formula, "Excel 4.0", opening);
    }
}

/// A link of an xlsb file: record 360 tells its kind, 1 is DDE, then the program and the topic (MS-XLSB §2.4.2).
fn binary_link(bytes: &[u8], opening: &mut Opening<'_>) {
    const BEGIN_BOOK: &[u8] = b"\xe8\x02";
    const DDE: u8 = 1;
    let Some(at) = memchr::memmem::find(bytes.get(..bytes.len().min(64)).unwrap_or_default(), BEGIN_BOOK) else {
        return;
    };
    if bytes.get(at + 3) == Some(&DDE) {
        let text = super::octets::utf16(bytes.get(at + 5..bytes.len().min(at + 5 + 512)).unwrap_or_default());
        opening.note(NoteKind::Dde, &shown(&text));
    }
}

fn wide_contains(bytes: &[u8], word: &str) -> bool {
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(bytes, &wide).is_some()
}

/// A main part with macros in a file whose name promises that there are none.
fn false_type(types: &str, name: Option<&str>, opening: &mut Opening<'_>) {
    let name = name.unwrap_or_default().to_ascii_lowercase();
    let promises =
        [".docx", ".dotx", ".xlsx", ".xltx", ".pptx", ".ppsx", ".potx"].iter().any(|end| name.ends_with(end));
    let types = types.to_ascii_lowercase();
    let has_macros = ["macroenabled.main", "macroenabledtemplate.main"].iter().any(|main| types.contains(main));
    if promises && has_macros {
        opening.note(NoteKind::Lying, "a document with macros under the name of one without");
    }
}
