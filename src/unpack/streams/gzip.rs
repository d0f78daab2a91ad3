//! Gzip: one compressed file, or several joined to one.
//!
//! Does not check names. Standards: RFC 1952.

use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use flate2::read::MultiGzDecoder;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "gzip", about: "gzip files", recognise, nature: Nature::Container(open) };

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    contents.bytes.starts_with(b"\x1f\x8b\x08").then_some("application/gzip")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let decoder = MultiGzDecoder::new(contents.bytes);
    let own = decoder.header().and_then(|header| header.filename());
    let name = match own {
        Some(name) => String::from_utf8_lossy(name).into_owned(),
        None => name_without_suffix(contents.name),
    };
    if decoder.header().is_none() {
        opening.note(NoteKind::Damaged, "no gzip header");
    }
    // Nothing follows that a spent budget could skip.
    let _ = opening.take(&name, decoder);
}

/// `a.txt.gz` holds `a.txt`, `a.tgz` holds `a.tar`.
fn name_without_suffix(name: Option<&str>) -> String {
    let Some((stem, suffix)) = name.and_then(|name| name.rsplit_once('.')) else {
        return "contents".to_string();
    };
    match suffix.to_ascii_lowercase().as_str() {
        "gz" => stem.to_string(),
        "tgz" => format!("{stem}.tar"),
        _ => "contents".to_string(),
    }
}
