//! What words in the source of macros mean.
//!
//! Does not judge: what a macro that starts programs weighs is a rule. The words are those of the field: what campaigns
//! used, without those that honest macros use every day.

use super::source::{Folded, fold};
use crate::limits::{MACRO_WORDS_SHOWN_MAX, VBA_SOURCE_BYTES_MAX};
use crate::unpack::{NoteKind, Opening};
use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// Procedures that Office calls by itself: when it starts, or opens, closes or shows a document.
const AUTO_PROCEDURES: [&str; 37] = [
    "autoexec",
    "autoopen",
    "autonew",
    "autoclose",
    "autoexit",
    "auto_open",
    "auto_close",
    "auto_exec",
    "auto_activate",
    "document_open",
    "document_new",
    "document_close",
    "document_beforeclose",
    "document_contentcontrolonenter",
    "documentopen",
    "documentchange",
    "documentbeforeclose",
    "newdocument",
    "app_documentopen",
    "app_newdocument",
    "workbook_open",
    "workbook_activate",
    "workbook_deactivate",
    "workbook_beforeclose",
    "workbook_close",
    "workbook_windowactivate",
    "workbook_addininstall",
    "workbook_sheetactivate",
    "workbook_sheetcalculate",
    "worksheet_calculate",
    "worksheet_activate",
    "presentation_open",
    "slideshow_begin",
    "onslideshowpagechange",
    "onslideshowterminate",
    "application_startup",
    "application_newmail",
];
/// Ends of procedures that controls on a page call without a click.
const AUTO_ENDS: [&str; 19] = [
    "_layout",
    "_painted",
    "_painting",
    "_gotfocus",
    "_lostfocus",
    "_mousemove",
    "_mousehover",
    "_mouseenter",
    "_mouseleave",
    "_resize",
    "_beforenavigate2",
    "_documentcomplete",
    "_downloadbegin",
    "_downloadcomplete",
    "_navigatecomplete2",
    "_statustextchange",
    "_titlechange",
    "_onconnecting",
    "_ondisconnected",
];

/// Words in the folded source: whole words where they begin or end with a letter or a digit.
const WORDS: [(&str, NoteKind); 92] = [
    // Starting programs by Office, the shell or its objects.
    ("shell", NoteKind::MacroStarts),
    ("shell32", NoteKind::MacroStarts),
    ("wscript.shell", NoteKind::MacroStarts),
    ("shell.application", NoteKind::MacroStarts),
    ("shellexecute", NoteKind::MacroStarts),
    ("shellexecutea", NoteKind::MacroStarts),
    ("shellexecuteex", NoteKind::MacroStarts),
    ("wshshell", NoteKind::MacroStarts),
    ("wbemscripting.swbemlocator", NoteKind::MacroStarts),
    ("winmgmts:", NoteKind::MacroStarts),
    ("win32_process", NoteKind::MacroStarts),
    ("win32_processstartup", NoteKind::MacroStarts),
    ("schedule.service", NoteKind::MacroStarts),
    ("mmc20.application", NoteKind::MacroStarts),
    ("outlook.createobject", NoteKind::MacroStarts),
    ("exec_shell", NoteKind::MacroStarts),
    ("macscript", NoteKind::MacroStarts),
    ("popen", NoteKind::MacroStarts),
    // Programs that attackers find on each machine.
    ("powershell", NoteKind::MacroStarts),
    ("pwsh", NoteKind::MacroStarts),
    ("cmd /c", NoteKind::MacroStarts),
    ("cmd /k", NoteKind::MacroStarts),
    ("cmd.exe", NoteKind::MacroStarts),
    ("mshta", NoteKind::MacroStarts),
    ("rundll32", NoteKind::MacroStarts),
    ("regsvr32", NoteKind::MacroStarts),
    ("cscript", NoteKind::MacroStarts),
    ("wscript", NoteKind::MacroStarts),
    ("wmic", NoteKind::MacroStarts),
    ("msiexec", NoteKind::MacroStarts),
    ("schtasks", NoteKind::MacroStarts),
    ("installutil", NoteKind::MacroStarts),
    ("msbuild.exe", NoteKind::MacroStarts),
    ("regasm", NoteKind::MacroStarts),
    ("forfiles", NoteKind::MacroStarts),
    ("pcalua", NoteKind::MacroStarts),
    // Calls of the system that make processes, threads and code.
    ("createprocess", NoteKind::MacroStarts),
    ("createprocessa", NoteKind::MacroStarts),
    ("createthread", NoteKind::MacroStarts),
    ("createremotethread", NoteKind::MacroStarts),
    ("virtualalloc", NoteKind::MacroStarts),
    ("virtualallocex", NoteKind::MacroStarts),
    ("virtualprotect", NoteKind::MacroStarts),
    ("writeprocessmemory", NoteKind::MacroStarts),
    ("rtlmovememory", NoteKind::MacroStarts),
    ("ntallocatevirtualmemory", NoteKind::MacroStarts),
    ("queueuserapc", NoteKind::MacroStarts),
    ("enumsystemlanguagegroupsw", NoteKind::MacroStarts),
    ("enumdateformatsw", NoteKind::MacroStarts),
    ("heapcreate", NoteKind::MacroStarts),
    ("loadlibrary", NoteKind::MacroStarts),
    ("loadlibrarya", NoteKind::MacroStarts),
    ("executeexcel4macro", NoteKind::MacroStarts),
    // Fetching.
    ("urldownloadtofile", NoteKind::MacroLoads),
    ("urldownloadtofilea", NoteKind::MacroLoads),
    ("urldownloadtocachefile", NoteKind::MacroLoads),
    ("internetopenurl", NoteKind::MacroLoads),
    ("internetreadfile", NoteKind::MacroLoads),
    ("msxml2.xmlhttp", NoteKind::MacroLoads),
    ("msxml2.serverxmlhttp", NoteKind::MacroLoads),
    ("microsoft.xmlhttp", NoteKind::MacroLoads),
    ("winhttp.winhttprequest", NoteKind::MacroLoads),
    ("serverxmlhttp", NoteKind::MacroLoads),
    ("xmlhttp", NoteKind::MacroLoads),
    ("net.webclient", NoteKind::MacroLoads),
    ("downloadstring", NoteKind::MacroLoads),
    ("downloadfile", NoteKind::MacroLoads),
    ("invoke-webrequest", NoteKind::MacroLoads),
    ("start-bitstransfer", NoteKind::MacroLoads),
    ("bitsadmin", NoteKind::MacroLoads),
    ("certutil", NoteKind::MacroLoads),
    ("curl.exe", NoteKind::MacroLoads),
    // Writing.
    ("adodb.stream", NoteKind::MacroLoads),
    ("savetofile", NoteKind::MacroLoads),
    ("createtextfile", NoteKind::MacroLoads),
    ("for binary", NoteKind::MacroLoads),
    ("for output", NoteKind::MacroLoads),
    ("scripting.filesystemobject", NoteKind::MacroLoads),
    ("regwrite", NoteKind::MacroLoads),
    ("copyhere", NoteKind::MacroLoads),
    // Hiding.
    ("strreverse", NoteKind::MacroHides),
    ("callbyname", NoteKind::MacroHides),
    ("scriptcontrol", NoteKind::MacroHides),
    ("msscriptcontrol.scriptcontrol", NoteKind::MacroHides),
    ("executeglobal", NoteKind::MacroHides),
    ("vbproject", NoteKind::MacroHides),
    ("vbcomponents", NoteKind::MacroHides),
    ("addfromstring", NoteKind::MacroHides),
    ("accessvbom", NoteKind::MacroHides),
    ("bin.base64", NoteKind::MacroHides),
    ("frombase64string", NoteKind::MacroHides),
    ("-encodedcommand", NoteKind::MacroHides),
];

static MATCHER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(WORDS.iter().map(|(word, _)| word)).ok());

/// Characters as numbers in one module: nobody writes more of them by hand.
const CHARACTERS_MAX: usize = 30;
/// Octets of a text without a space.
const LONG_TEXT_BYTES: usize = 200;
/// Names that no person thought of.
const RANDOM_NAMES_MAX: usize = 8;

/// Notes what the words in a source mean, each with the name of the module.
pub(in crate::unpack) fn look(source: &str, module: &str, opening: &mut Opening<'_>) {
    let mut end = source.len().min(VBA_SOURCE_BYTES_MAX);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    let folded = fold(source.get(..end).unwrap_or_default());
    let procedures: Vec<&str> = folded.text.lines().filter_map(procedure).filter(|name| is_auto(name)).collect();
    note(NoteKind::AutoMacro, &procedures, module, opening);
    note_words(&folded.text, module, opening);
    let hidden = hiding(&folded);
    note(NoteKind::MacroHides, &hidden, module, opening);
    if folded.text.contains("strreverse") {
        let reversed: String = folded.text.chars().rev().collect();
        note_words(&reversed, module, opening);
    }
}

/// Notes the words in a text that is in lower case already: formulas, command lines.
pub(in crate::unpack) fn note_words(text: &str, place: &str, opening: &mut Opening<'_>) {
    for kind in [NoteKind::MacroStarts, NoteKind::MacroLoads, NoteKind::MacroHides] {
        note(kind, &found(text, kind), place, opening);
    }
    let declares = text.lines().any(|line| {
        line.contains("declare ")
            && [" lib \"kernel32", " lib \"ntdll"].iter().any(|lib| line.contains(lib))
            && ["alloc", "thread", "process", "movememory", "protect"].iter().any(|call| line.contains(call))
    });
    let runs =
        text.contains("createobject(") && [".run ", ".run(", ".exec(", ".exec "].iter().any(|run| text.contains(run));
    note(
        NoteKind::MacroStarts,
        &[(declares, "declare lib kernel32"), (runs, ".run")]
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| *word)
            .collect::<Vec<_>>(),
        place,
        opening,
    );
}

/// The words of a kind, each once.
fn found(text: &str, kind: NoteKind) -> Vec<&'static str> {
    let Some(matcher) = MATCHER.as_ref() else { return Vec::new() };
    let mut words = Vec::new();
    for hit in matcher.find_overlapping_iter(text) {
        let Some((word, of)) = WORDS.get(hit.pattern().as_usize()) else { continue };
        if *of == kind && !words.contains(word) && stands_alone(text, hit.start(), hit.end()) {
            words.push(*word);
        }
    }
    words
}

/// True where no letter or digit goes on before or after a word that begins or ends with one.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (before, word, after) = (text.get(..start), text.get(start..end), text.get(end..));
    let (Some(before), Some(word), Some(after)) = (before, word, after) else { return false };
    let goes_on_before = is_part(before.chars().next_back()) && is_part(word.chars().next());
    let goes_on_behind = is_part(word.chars().next_back()) && is_part(after.chars().next());
    !goes_on_before && !goes_on_behind
}

/// The name of the procedure that a line of folded source declares.
fn procedure(line: &str) -> Option<&str> {
    let mut words = line.split([' ', '\t', '(']).filter(|word| !word.is_empty());
    words.by_ref().take(4).find(|word| ["sub", "function"].contains(word))?;
    words.next()
}

fn is_auto(name: &str) -> bool {
    AUTO_PROCEDURES.contains(&name)
        || (!name.starts_with("userform") && AUTO_ENDS.iter().any(|end| name.ends_with(end)))
}

/// Ways in which a source hides what it does, beyond words.
fn hiding(folded: &Folded) -> Vec<&'static str> {
    let text = folded.text.as_str();
    let loops = text.contains(" xor ") && ["mid(", "mid$(", "asc(", "ascw("].iter().any(|part| text.contains(part));
    [
        (folded.characters > CHARACTERS_MAX, "characters as numbers"),
        (folded.longest > LONG_TEXT_BYTES, "a long text without spaces"),
        (loops, "xor of characters"),
        (random_names(text) > RANDOM_NAMES_MAX, "names that nobody thought of"),
    ]
    .iter()
    .filter(|(is, _)| *is)
    .map(|(_, what)| *what)
    .collect()
}

/// Distinct names with six consonants in a row, up to one more than are too many.
fn random_names(text: &str) -> usize {
    let mut names: Vec<&str> = Vec::new();
    for name in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|name| (10..80).contains(&name.len())) {
        let mut run = 0;
        let is_random = name.bytes().any(|byte| {
            let vowel = matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'0'..=b'9');
            run = if vowel { 0 } else { run + 1 };
            run >= 6
        });
        if is_random && !names.contains(&name) {
            names.push(name);
        }
        if names.len() > RANDOM_NAMES_MAX {
            break;
        }
    }
    names.len()
}

fn note(kind: NoteKind, words: &[&str], place: &str, opening: &mut Opening<'_>) {
    if words.is_empty() {
        return;
    }
    let shown: Vec<&str> = words.iter().take(MACRO_WORDS_SHOWN_MAX).copied().collect();
    opening.note(kind, &format!("{place}: {}", shown.join(", ")));
}
