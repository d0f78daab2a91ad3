//! XML and HTML files that run: HTML applications, script hosts' files, consoles, installers' manifests, starters.
//!
//! Does not look at the scripts of plain web pages: those are documents. Texts come in lower case. Source: what
//! Microsoft documents of each; JSR 56 (JNLP).

use crate::limits::MARKUP_BYTES_MAX;
use memchr::memmem;

/// An element near the begin, what else must be in the text, the type.
const ROOTS: [(&str, &str, &str); 16] = [
    ("<hta:application", "", "application/hta"),
    ("<job", "<script", "text/x-ms-wsf"),
    ("<package", "<job", "text/x-ms-wsf"),
    ("<scriptlet", "", "text/x-ms-scriptlet"),
    ("<component", "<registration", "text/x-ms-scriptlet"),
    ("<xsl:stylesheet", "ms:script", "text/x-ms-xsl-script"),
    ("<stylesheet", "ms:script", "text/x-ms-xsl-script"),
    ("<xsl:stylesheet", "msxsl:script", "text/x-ms-xsl-script"),
    ("<mmc_consolefile", "", "application/x-ms-msc"),
    ("<pcsettings", "<deeplink", "application/x-ms-settingcontent"),
    ("<librarydescription", "<searchconnectordescription", "application/x-ms-library"),
    ("<persistedquery", "", "application/x-ms-search"),
    ("<searchconnectordescription", "", "application/x-ms-search"),
    ("<appinstaller", "<main", "application/appinstaller"),
    ("<jnlp", "", "application/x-java-jnlp-file"),
    ("<configuration", "<scriptblock>", "text/x-powershell"),
];

/// The type of a text that begins as markup and runs.
pub(super) fn recognise(text: &str, ending: &str) -> Option<&'static str> {
    let begin = text.trim_start();
    if !begin.starts_with('<') {
        return None;
    }
    let mut near = begin.len().min(MARKUP_BYTES_MAX);
    while !begin.is_char_boundary(near) {
        near -= 1;
    }
    let near = begin.get(..near).unwrap_or_default();
    let holds = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let found = ROOTS.iter().find(|(root, more, _)| is_element(near, root) && holds(more));
    if let Some((_, _, media_type)) = found {
        return Some(media_type);
    }
    let manifest = is_element(near, "<assembly") || is_element(near, "<asmv1:assembly");
    if manifest && holds("deployment") && holds("codebase=") {
        return Some("application/x-ms-application");
    }
    if is_element(near, "<plist") && holds("<key>amapplicationbuild</key>") {
        return Some("application/x-apple-workflow");
    }
    // Whatever page has this name runs as an application.
    (ending == "hta").then_some("application/hta")
}

/// The element is there, and not one whose name only begins so.
fn is_element(text: &str, element: &str) -> bool {
    memmem::find_iter(text.as_bytes(), element.as_bytes()).any(|at| {
        let behind = text.as_bytes().get(at + element.len());
        behind.is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_that_runs_is_told_from_pages_and_data() {
        for (text, ending, want) in [
            ("<html><head><HTA:APPLICATION id=x></head>", "txt", Some("application/hta")),
            ("<html><script>x</script></html>", "hta", Some("application/hta")),
            ("<html><script>x</script></html>", "html", None),
            ("<?xml version='1.0'?><job id='x'><script language='JScript'>1</script></job>", "", Some("text/x-ms-wsf")),
            ("<jobs><script>a list of plays</script></jobs>", "xml", None),
            ("<?XML version=\"1.0\"?><scriptlet><registration/></scriptlet>", "", Some("text/x-ms-scriptlet")),
            ("<MMC_ConsoleFile ConsoleVersion=\"3.0\">", "msc", Some("application/x-ms-msc")),
            ("<PCSettings><DeepLink>%windir%</DeepLink>", "", Some("application/x-ms-settingcontent")),
            ("<jnlp spec='1.0+' codebase='x'>", "", Some("application/x-java-jnlp-file")),
            ("<configuration><appSettings/></configuration>", "config", None),
        ] {
            assert_eq!(recognise(&text.to_lowercase(), ending), want, "{text}");
        }
    }
}
