//! Packages that install something: Windows applications, extensions of browsers and editors, macOS installers.
//!
//! Does not check signatures. Source: the MSIX package format, Mozilla's and Chromium's extension formats; xar.h.

use crate::unpack::archives::zip::{is_zip, open};
use crate::unpack::fields::u32_le;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use ::zip::ZipArchive;
use memchr::memmem;
use std::io::Cursor;

pub(in crate::unpack) const ZIPPED: Format = Format {
    name: "package",
    about: "packages that install applications and extensions: msix, appx, xpi, vsix",
    recognise: recognise_zipped,
    nature: Nature::ProgramContainer(open),
};
pub(in crate::unpack) const CHROME: Format = Format {
    name: "crx",
    about: "Chrome extensions",
    recognise: recognise_chrome,
    nature: Nature::ProgramContainer(open_chrome),
};
pub(in crate::unpack) const XAR: Format = Format {
    name: "xar",
    about: "macOS installers (pkg, xar); not opened",
    recognise: recognise_xar,
    nature: Nature::Program,
};
pub(in crate::unpack) const DISK_IMAGE: Format = Format {
    name: "dmg",
    about: "macOS disk images (dmg); not opened",
    recognise: recognise_disk_image,
    nature: Nature::Unread(open_disk_image),
};

/// Members that make a zip archive a package.
const MEMBERS: [(&str, &str); 5] = [
    ("AppxManifest.xml", "application/msix"),
    ("AppxMetadata/AppxBundleManifest.xml", "application/msixbundle"),
    ("META-INF/mozilla.rsa", "application/x-xpinstall"),
    ("install.rdf", "application/x-xpinstall"),
    ("extension.vsixmanifest", "application/vsix"),
];
/// The block at the end of a disk image.
const TRAILER_BYTES: usize = 512;

fn recognise_zipped(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if !is_zip(bytes) || !MEMBERS.iter().any(|(name, _)| memmem::find(bytes, name.as_bytes()).is_some()) {
        return None;
    }
    let archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    MEMBERS.iter().find(|(name, _)| archive.index_for_name(name).is_some()).map(|(_, media_type)| *media_type)
}

fn recognise_chrome(contents: &Contents<'_>) -> Option<&'static str> {
    let version = u32_le(contents.bytes, 4)?;
    (contents.bytes.starts_with(b"Cr24") && (2..=3).contains(&version)).then_some("application/x-chrome-extension")
}

/// The zip archive behind the header, whose length it tells.
fn open_chrome(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let bytes = contents.bytes;
    let length = |at: usize| u32_le(bytes, at).unwrap_or(0) as usize;
    let from = if length(4) == 2 { 16 + length(8) + length(12) } else { 12 + length(8) };
    match bytes.get(from..) {
        Some(archive) => drop(opening.take("extension.zip", archive)),
        None => opening.note(NoteKind::Damaged, "the archive of the extension is missing"),
    }
}

fn recognise_xar(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(b"xar!\0").then_some("application/x-xar")
}

fn recognise_disk_image(contents: &Contents<'_>) -> Option<&'static str> {
    let trailer = contents.bytes.len().checked_sub(TRAILER_BYTES).and_then(|at| contents.bytes.get(at..))?;
    trailer.starts_with(b"koly\0\0\0\x04").then_some("application/x-apple-diskimage")
}

fn open_disk_image(_contents: &Contents<'_>, opening: &mut Opening<'_>) {
    opening.note(NoteKind::Unread, "a macOS disk image");
}
