//! XSL style sheets that run scripts of their own: Windows starts them as programs.
//!
//! Does not take a style sheet without scripts for a program. Standards: XSLT 1.0; the `msxsl:script` element of MSXML.

use crate::unpack::{Contents, Format, Nature};
use memchr::memmem;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "xsl", about: "XSL style sheets with scripts", recognise, nature: Nature::Program };

/// The namespace whose `script` element runs.
const NAMESPACE: &[u8] = b"urn:schemas-microsoft-com:xslt";

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    let wide: Vec<u8>;
    let text = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"<\0") {
        wide = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        wide.strip_prefix(b"\xff\xfe").unwrap_or(&wide)
    } else {
        bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
    };
    let is_xml = text.trim_ascii_start().starts_with(b"<");
    let has_script = || memmem::find(text, NAMESPACE).is_some() && memmem::find(text, b":script").is_some();
    (is_xml && has_script()).then_some("application/xslt+xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::Role;

    #[test]
    fn only_style_sheets_with_scripts_are_programs() {
        let head = "<?xml version='1.0'?><s:stylesheet xmlns:s='http://www.w3.org/1999/XSL/Transform' xmlns:ms='urn:schemas-microsoft-com:xslt'>";
        for (inner, want) in [("<ms:script language='JScript'>x</ms:script>", true), ("<s:output/>", false)] {
            let text = format!("{head}{inner}</s:stylesheet>");
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for bytes in [text.as_bytes(), &wide] {
                let contents = Contents { bytes, name: None, declared_type: "", role: Role::File };
                assert_eq!(recognise(&contents).is_some(), want, "{text}");
            }
        }
    }
}
