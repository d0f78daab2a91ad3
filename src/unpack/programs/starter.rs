//! Small text files that start something, or fetch it, when they are opened: shortcuts of browsers and desktops, shell
//! commands, setup and registry scripts, queries, themes, remote desktops.
//!
//! Does not follow them. Texts come in lower case. Source: the freedesktop.org Desktop Entry specification; the ini
//! files that Windows documents.

use super::text::{has_line, value};

pub(super) const INTERNET_SHORTCUT: &str = "application/x-mswinurl";
/// Where a shortcut of a browser leads to start something instead of a page.
const STARTING_SCHEMES: [&str; 9] =
    ["file:", "\\\\", "//", "javascript:", "vbscript:", "data:", "search-ms:", "shell:", "ms-"];

/// The type of a text that starts something.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    let begin = text.trim_start();
    if begin.starts_with("windows registry editor version") || begin.starts_with("regedit4") {
        return Some("text/x-ms-regedit");
    }
    if begin.starts_with("web\n1\nhttp") || begin.starts_with("web\r\n1\r\nhttp") {
        return Some("text/x-ms-iqy");
    }
    if begin.contains("full address:s:") && [":s:", ":i:"].iter().all(|kind| begin.contains(kind)) {
        return Some("application/x-rdp");
    }
    if !begin.lines().take(200).any(|line| line.trim_start().starts_with('[')) {
        return None;
    }
    of_sections(text)
}

/// Ini files, by their sections.
fn of_sections(text: &str) -> Option<&'static str> {
    let section = |name: &str| has_line(text, name);
    if section("[internetshortcut") && starts_something(text) {
        return Some(INTERNET_SHORTCUT);
    }
    if section("[desktop entry]") && value(text, "exec").is_some_and(|rest| rest.starts_with(['=', ' ', '['])) {
        return Some("application/x-desktop");
    }
    if section("[shell]") && (has_line(text, "command=") || leads_away(text, "iconfile=")) {
        return Some("application/x-ms-scf");
    }
    let installs = ["[defaultinstall", "[autorun]", "runpresetupcommands", "runpostsetupcommands", "registerocxs"];
    let is_setup = section("[version]") && has_line(text, "signature");
    if (is_setup && installs.iter().any(|word| has_line(text, word)))
        || (section("[autorun]") && ["open=", "shellexecute=", "shell\\"].iter().any(|word| has_line(text, word)))
    {
        return Some("text/x-ms-inf");
    }
    let saver = value(text, "scrnsave.exe=").is_some_and(|path| !path.is_empty() && !path.contains("system32"));
    (section("[theme]") && (saver || leads_away(text, "wallpaper="))).then_some("application/x-windows-theme")
}

/// True for a plain shortcut to a page.
pub(super) fn is_page_shortcut(text: &str) -> bool {
    has_line(text, "[internetshortcut")
}

fn starts_something(text: &str) -> bool {
    let target = value(text, "url=").unwrap_or_default();
    STARTING_SCHEMES.iter().any(|scheme| target.starts_with(scheme))
        || leads_away(text, "iconfile=")
        || leads_away(text, "workingdirectory=")
}

/// A path on somebody's server: Windows fetches it at the mere sight, and signs in there.
fn leads_away(text: &str, key: &str) -> bool {
    value(text, key).is_some_and(|path| ["\\\\", "//", "file://", "http"].iter().any(|begin| path.starts_with(begin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_something_is_told_from_what_shows_a_page() {
        for (text, want) in [
            ("[InternetShortcut]\r\nURL=https://a.example/\r\n", None),
            ("[InternetShortcut]\r\nURL=file://192.0.2.1/share/a.exe\r\n", Some(INTERNET_SHORTCUT)),
            (
                "[InternetShortcut]\r\nURL=https://a.example/\r\nIconFile=\\\\192.0.2.1\\x.ico\r\n",
                Some(INTERNET_SHORTCUT),
            ),
            ("[Desktop Entry]\nType=Application\nExec=sh -c 'x'\n", Some("application/x-desktop")),
            ("[Desktop Entry]\nType=Link\nURL=https://a.example/\n", None),
            ("[Shell]\r\nCommand=2\r\nIconFile=x\r\n", Some("application/x-ms-scf")),
            (
                "[Version]\r\nSignature=\"$CHICAGO$\"\r\n[DefaultInstall]\r\nRunPreSetupCommands=x\r\n",
                Some("text/x-ms-inf"),
            ),
            ("[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=Printer\r\n", None),
            ("[autorun]\r\nopen=setup.exe\r\n", Some("text/x-ms-inf")),
            ("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\x]\r\n", Some("text/x-ms-regedit")),
            ("WEB\r\n1\r\nhttps://a.example/x\r\n", Some("text/x-ms-iqy")),
            ("screen mode id:i:1\r\nfull address:s:192.0.2.1\r\n", Some("application/x-rdp")),
            (
                "[Theme]\r\nDisplayName=x\r\n[boot]\r\nSCRNSAVE.EXE=\\\\192.0.2.1\\x.scr\r\n",
                Some("application/x-windows-theme"),
            ),
            ("[Theme]\r\nDisplayName=x\r\n[Control Panel\\Desktop]\r\nWallpaper=%SystemRoot%\\x.jpg\r\n", None),
            ("[section]\nkey=value\n", None),
            ("The shell command is a word in [brackets].\n", None),
        ] {
            assert_eq!(recognise(&text.to_lowercase()), want, "{text}");
        }
    }
}
