//! Scripts that name their interpreter in the first line.
//!
//! Does not know a language by its words. Text that is shown as the message's body is not a file that anybody starts,
//! so it is no script here.

use crate::unpack::{Contents, Format, Nature, Role};

pub(in crate::unpack) const FORMAT: Format = Format {
    name: "script",
    about: "scripts with a #! line: shell, Python, Perl and others",
    recognise,
    nature: Nature::Program,
};

/// Interpreters by the begin of their name.
const INTERPRETERS: [(&str, &str); 9] = [
    ("python", "text/x-python"),
    ("pypy", "text/x-python"),
    ("perl", "text/x-perl"),
    ("ruby", "text/x-ruby"),
    ("php", "text/x-php"),
    ("node", "text/javascript"),
    ("osascript", "text/x-applescript"),
    ("pwsh", "text/x-powershell"),
    ("lua", "text/x-lua"),
];

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents.bytes);
    let line = bytes.strip_prefix(b"#!")?.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let line = std::str::from_utf8(line).ok()?.trim();
    if contents.role == Role::Body || !line.starts_with('/') {
        return None;
    }
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    // `env -S python -u`: the first word that is no option.
    let program = words.find(|word| *word != "env" && !word.starts_with('-') && !word.contains('='))?;
    let known = INTERPRETERS.iter().find(|(name, _)| program.starts_with(name));
    Some(match known {
        Some((_, media_type)) => media_type,
        None if program.ends_with("sh") => "text/x-shellscript",
        None => "text/x-script",
    })
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
}
