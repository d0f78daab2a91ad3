//! Java class files and Android byte code.
//!
//! Jar and APK files are zip documents and stand there. Source: JVM specification §4.1, the Dalvik executable format.

use super::macho::CLASS_VERSION_MIN;
use crate::unpack::{Contents, Format, Nature};

pub(in crate::unpack) const CLASS: Format =
    Format { name: "class", about: "Java class files", recognise: recognise_class, nature: Nature::Program };
pub(in crate::unpack) const DEX: Format =
    Format { name: "dex", about: "Android byte code", recognise: recognise_dex, nature: Nature::Program };

fn recognise_class(contents: &Contents<'_>) -> Option<&'static str> {
    let version =
        contents.bytes.strip_prefix(b"\xca\xfe\xba\xbe")?.get(..4)?.try_into().ok().map(u32::from_be_bytes)?;
    // Minor and major version; the minor one is nearly always 0.
    (version & 0xffff >= CLASS_VERSION_MIN).then_some("application/java-vm")
}

fn recognise_dex(contents: &Contents<'_>) -> Option<&'static str> {
    (contents.bytes.starts_with(b"dex\n") || contents.bytes.starts_with(b"dey\n"))
        .then_some("application/vnd.android.dex")
}
