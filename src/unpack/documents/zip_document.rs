//! Documents and programs that are zip archives: Office Open XML, OpenDocument, EPUB, jar, APK.
//!
//! Does not look at macros itself: a VBA project inside is an OLE file, found as a member; what the parts say is looked at in
//! `ooxml` and `open_document`. Standards: ECMA-376 part 2
//! (content types), ODF 1.3 part 2 §3.3 (mimetype).

use super::{markup, ooxml, open_document};
use crate::limits::UNPACK_HINT_BYTES_MAX;
use crate::unpack::archives::zip::{is_zip, open};
use crate::unpack::archives::zip_local;
use crate::unpack::{Contents, Format, Nature, Opening};
use ::zip::ZipArchive;
use memchr::memmem;
use std::io::{Cursor, Read};

pub(in crate::unpack) const OOXML: Format = Format {
    name: "ooxml",
    about: "Office documents since 2007: docx, docm, xlsx, xlsm, xlsb, pptx and others",
    recognise: recognise_ooxml,
    nature: Nature::Container(open_ooxml),
};
pub(in crate::unpack) const OPEN_DOCUMENT: Format = Format {
    name: "odf",
    about: "OpenDocument and EPUB files: odt, ods, odp, epub",
    recognise: recognise_open_document,
    nature: Nature::Container(open_open_document),
};
pub(in crate::unpack) const ANDROID: Format = Format {
    name: "apk",
    about: "Android packages",
    recognise: recognise_android,
    nature: Nature::ProgramContainer(open),
};
pub(in crate::unpack) const JAR: Format = Format {
    name: "jar",
    about: "Java archives with classes",
    recognise: recognise_jar,
    nature: Nature::ProgramContainer(open),
};

const CONTENT_TYPES: &str = "[Content_Types].xml";
/// Words in `[Content_Types].xml` that name the main part; those with macros first.
const MAIN_PARTS: [(&str, &str); 17] = [
    ("ms-word.document.macroenabled.main", "application/vnd.ms-word.document.macroenabled.12"),
    ("ms-word.template.macroenabledtemplate.main", "application/vnd.ms-word.template.macroenabled.12"),
    ("ms-excel.sheet.macroenabled.main", "application/vnd.ms-excel.sheet.macroenabled.12"),
    ("ms-excel.sheet.binary.macroenabled.main", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    ("ms-excel.template.macroenabled.main", "application/vnd.ms-excel.template.macroenabled.12"),
    ("ms-excel.addin.macroenabled.main", "application/vnd.ms-excel.addin.macroenabled.12"),
    ("ms-powerpoint.presentation.macroenabled.main", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
    ("ms-powerpoint.slideshow.macroenabled.main", "application/vnd.ms-powerpoint.slideshow.macroenabled.12"),
    ("ms-powerpoint.template.macroenabled.main", "application/vnd.ms-powerpoint.template.macroenabled.12"),
    ("ms-powerpoint.addin.macroenabled.main", "application/vnd.ms-powerpoint.addin.macroenabled.12"),
    ("wordprocessingml.document.main", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("wordprocessingml.template.main", "application/vnd.openxmlformats-officedocument.wordprocessingml.template"),
    ("spreadsheetml.sheet.main", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("spreadsheetml.template.main", "application/vnd.openxmlformats-officedocument.spreadsheetml.template"),
    ("presentationml.presentation.main", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("presentationml.slideshow.main", "application/vnd.openxmlformats-officedocument.presentationml.slideshow"),
    ("presentationml.template.main", "application/vnd.openxmlformats-officedocument.presentationml.template"),
];
/// Parts that tell the kind of a document whose content types don't.
const FOLDERS: [(&[u8], &str); 3] = [
    (b"word/document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/presentation", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];
/// What the first member, `mimetype`, may say.
const MIMETYPES: [&str; 19] = [
    "application/vnd.oasis.opendocument.text-template",
    "application/vnd.oasis.opendocument.text-master",
    "application/vnd.oasis.opendocument.text-web",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet-template",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation-template",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics-template",
    "application/vnd.oasis.opendocument.graphics",
    "application/vnd.oasis.opendocument.formula",
    "application/vnd.oasis.opendocument.chart",
    "application/vnd.oasis.opendocument.base",
    "application/vnd.sun.xml.writer.template",
    "application/vnd.sun.xml.writer",
    "application/vnd.sun.xml.calc",
    "application/vnd.sun.xml.impress",
    "application/vnd.sun.xml.draw",
    "application/epub+zip",
];

fn recognise_ooxml(contents: &Contents<'_>) -> Option<&'static str> {
    let types = markup::decoded(&member(contents.bytes, CONTENT_TYPES)?).to_lowercase();
    let main = MAIN_PARTS.iter().find(|(word, _)| types.contains(word)).map(|(_, media_type)| *media_type);
    // Content types can lie; the folders of the parts are what Office looks for.
    main.or_else(|| {
        let found = FOLDERS.iter().find(|(folder, _)| memmem::find(contents.bytes, folder).is_some());
        found.map(|(_, media_type)| *media_type)
    })
}

fn open_ooxml(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let first = opening.members.len();
    open(contents, opening);
    ooxml::look(first, contents.name, opening);
}

fn open_open_document(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let first = opening.members.len();
    open(contents, opening);
    open_document::look(first, opening);
}

fn recognise_open_document(contents: &Contents<'_>) -> Option<&'static str> {
    let bytes = contents.bytes;
    if !bytes.starts_with(zip_local::MARK) || bytes.get(30..38) != Some(b"mimetype") {
        return None;
    }
    let said = String::from_utf8(member(bytes, "mimetype")?).ok()?;
    MIMETYPES.iter().find(|known| **known == said.trim()).copied()
}

fn recognise_android(contents: &Contents<'_>) -> Option<&'static str> {
    (has_member(contents.bytes, "AndroidManifest.xml") && has_member(contents.bytes, "classes.dex"))
        .then_some("application/vnd.android.package-archive")
}

fn recognise_jar(contents: &Contents<'_>) -> Option<&'static str> {
    let has_class = memmem::find(contents.bytes, b".class").is_some();
    (has_class && has_member(contents.bytes, "META-INF/MANIFEST.MF")).then_some("application/java-archive")
}

/// The archive, where a member of that name may be in it: the cheap look for the name comes first.
fn archive<'a>(bytes: &'a [u8], name: &str) -> Option<ZipArchive<Cursor<&'a [u8]>>> {
    let may_be = is_zip(bytes) && memmem::find(bytes, name.as_bytes()).is_some();
    if may_be { ZipArchive::new(Cursor::new(bytes)).ok() } else { None }
}

fn has_member(bytes: &[u8], name: &str) -> bool {
    archive(bytes, name).is_some_and(|archive| archive.index_for_name(name).is_some())
}

/// The begin of a member, at most [`UNPACK_HINT_BYTES_MAX`].
fn member(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut archive = archive(bytes, name)?;
    let mut begin = Vec::new();
    archive.by_name(name).ok()?.take(UNPACK_HINT_BYTES_MAX).read_to_end(&mut begin).ok()?;
    Some(begin)
}
