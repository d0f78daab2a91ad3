//! Scripts: by the interpreter in their first line, by unmistakable marks, or by the words of a language.
//!
//! Text that is shown as the message's body is not a file that anybody starts, so it is no script here. What counts as
//! a language's word stands in `languages`.

use super::{languages, markup, signs, starter, text};
use crate::unpack::documents::vba::is_module;
use crate::unpack::{Contents, Format, Nature, Role};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "script",
    about: "scripts and text files that start something: shell, PowerShell, batch, VBScript, JScript, HTA, Python and others",
    recognise,
    nature: Nature::Program,
};
pub(in crate::unpack) const PAGE_SHORTCUT: Format = Format {
    name: "page shortcut",
    about: "internet shortcuts that show a web page",
    recognise: recognise_page_shortcut,
    nature: Nature::Plain,
};

/// Interpreters by the begin of their name.
const INTERPRETERS: [(&str, &str); 10] = [
    ("python", languages::PYTHON),
    ("pypy", languages::PYTHON),
    ("perl", languages::PERL),
    ("ruby", languages::RUBY),
    ("php", languages::PHP),
    ("node", languages::JAVASCRIPT),
    ("deno", languages::JAVASCRIPT),
    ("osascript", languages::APPLESCRIPT),
    ("pwsh", languages::POWERSHELL),
    ("lua", languages::LUA),
];
/// Where the picture's header would stand in a script that pretends to be one.
const GIF_MARK: &str = "gif8";

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    // A macro's source runs in its document only, which is noted as such.
    if contents.role == Role::Body || is_module(contents.bytes) {
        return None;
    }
    if let Some(media_type) = interpreter(contents.bytes) {
        return Some(media_type);
    }
    let text = text::begin(contents)?;
    let ending = text::ending(contents);
    if text.trim_start().starts_with("<?php") || text.trim_start().starts_with("<?=") {
        return Some(languages::PHP);
    }
    // Microsoft's script encoder: mark, length, `==`.
    if text.find("#@~^").is_some_and(|at| text.get(at + 10..at + 12) == Some("==")) {
        return Some(if ending.starts_with('j') { languages::JAVASCRIPT } else { languages::VBSCRIPT });
    }
    // No picture is all text: `GIF89a=…` is a script.
    if text.starts_with(GIF_MARK) && text.len() > 6 {
        return Some(languages::JAVASCRIPT);
    }
    markup::recognise(&text, &ending)
        .or_else(|| starter::recognise(&text))
        .or_else(|| signs::recognise(&text, &ending, contents.declared_type))
}

/// The interpreter of the first line names the type.
fn interpreter(bytes: &[u8]) -> Option<&'static str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line = bytes.strip_prefix(b"#!")?.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let line = std::str::from_utf8(line).ok()?.trim();
    if !line.starts_with('/') {
        return None;
    }
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    // `env -S python -u`: the first word that is no option.
    let program = words.find(|word| *word != "env" && !word.starts_with('-') && !word.contains('='))?;
    let known = INTERPRETERS.iter().find(|(name, _)| program.starts_with(name));
    Some(match known {
        Some((_, media_type)) => media_type,
        None if program.ends_with("sh") => languages::SHELL,
        None => "text/x-script",
    })
}

fn recognise_page_shortcut(contents: &Contents<'_>) -> Option<&'static str> {
    let begins =
        contents.bytes.iter().find(|byte| !matches!(byte, 0 | 0xff | 0xfe | 0xef | 0xbb | 0xbf | b'\r' | b'\n'));
    let text = begins.filter(|byte| **byte == b'[').and_then(|_| text::begin(contents))?;
    starter::is_page_shortcut(&text).then_some(starter::INTERNET_SHORTCUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_names_the_type() {
        for (text, want) in [
            ("#!/bin/sh\n", Some("text/x-shellscript")),
            ("#! /usr/bin/env python3\n", Some("text/x-python")),
            ("#!/usr/bin/env -S X=1 perl -w\r\n", Some("text/x-perl")),
            ("#!/opt/thing", Some("text/x-script")),
            ("#!", None),
            ("#!important", None),
            (" #!/bin/sh", None),
        ] {
            let contents = Contents { bytes: text.as_bytes(), name: None, declared_type: "", role: Role::File };
            assert_eq!(recognise(&contents), want, "{text}");
            assert_eq!(recognise(&Contents { role: Role::Body, ..contents }), None);
        }
    }

    #[test]
    fn marks_name_the_type() {
        for (text, name, want) in [
            ("\n<?php system($_GET[0]);", None, Some(languages::PHP)),
            ("#@~^DgAAAA==\\ko$K6,JKhUJbQAAA==^#~@", None, Some(languages::VBSCRIPT)),
            ("#@~^DgAAAA==\\ko$K6,JKhUJbQAAA==^#~@", Some("a.jse"), Some(languages::JAVASCRIPT)),
            ("GIF89a=1;new ActiveXObject('x')", Some("a.gif"), Some(languages::JAVASCRIPT)),
            ("see #@~^ there", None, None),
        ] {
            assert_eq!(
                recognise(&Contents { bytes: text.as_bytes(), name, declared_type: "", role: Role::File }),
                want,
                "{text}"
            );
        }
    }
}
