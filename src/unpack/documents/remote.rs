//! Which addresses in documents lead to another machine.
//!
//! Does not resolve them.

use crate::limits::NOTE_TEXT_CHARS_MAX;

/// Schemes by which Office fetches.
const FETCHED: [&str; 5] = ["http://", "https://", "ftp://", "mhtml:", "webdav:"];
/// Schemes that no honest document uses for anything: they start programs.
const STARTING: [&str; 10] = [
    "ms-msdt:",
    "search-ms:",
    "search:",
    "script:",
    "javascript:",
    "vbscript:",
    "mhtml:",
    "x-usc:",
    "ms-officecmd:",
    "ms-excel:ofe",
];

/// True for an address that is fetched from another machine, by the web or by shared folders. A server without a
/// dot in its name is one of the writer's own network: old templates lie there.
pub(in crate::unpack) fn is_remote(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    FETCHED.iter().any(|scheme| address.starts_with(scheme)) || is_shared_folder(&address) || starts_programs(&address)
}

/// True for `\\server.example\share`, `file://server.example/share` and their like.
pub(in crate::unpack) fn is_shared_folder(address: &str) -> bool {
    let path = address.trim().to_ascii_lowercase().replace('\\', "/");
    let path = path.strip_prefix("file:").unwrap_or(&path);
    let Some(rest) = path.strip_prefix("//") else { return false };
    // `file:///C:/x` is this machine, `file://///server/x` another.
    let local = rest.strip_prefix('/').is_some_and(|rest| !rest.starts_with('/'));
    let server = rest.trim_start_matches('/').split(['/', '@']).next().unwrap_or_default();
    !local && server.contains('.')
}

pub(in crate::unpack) fn starts_programs(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    STARTING.iter().any(|scheme| address.starts_with(scheme))
}

/// Foreign text, shortened for a note.
pub(in crate::unpack) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NOTE_TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_machines_are_remote() {
        for (address, want) in [
            ("https://evil.example/t.dotm", true),
            (" HTTP://evil.example/t", true),
            ("mhtml:http://evil.example!x-usc:http://evil.example", true),
            ("\\\\192.0.2.1\\share\\t.dotm", true),
            ("file://evil.example/t.dotm", true),
            ("file:///\\\\evil.example\\t.dotm", true),
            ("file:///C:\\Users\\a.b\\Normal.dotm", false),
            ("file:///\\\\fileserver\\templates\\a.dotm", false),
            ("\\\\fileserver\\templates\\a.dotm", false),
            ("C:\\x.dot", false),
            ("media/image1.png", false),
            ("", false),
        ] {
            assert_eq!(is_remote(address), want, "{address}");
        }
    }
}
