//! Files that were embedded in a document as an object (the *packager* of Windows), and links to objects elsewhere.
//!
//! Does not open what was embedded: it is a member. Standards: MS-OLEDS §2.2 (OLE1 objects), §2.3.6 (`Ole10Native`), §2.3.3
//! (`Ole`).

use super::octets::{piece, size_at, u16_at, until_nul, utf16};
use super::remote::{is_remote, shown};
use crate::unpack::{NoteKind, Opening};
use memchr::memmem;
use std::ops::ControlFlow;

/// A file as the packager wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::unpack) struct Packaged<'a> {
    pub(in crate::unpack) name: String,
    pub(in crate::unpack) data: &'a [u8],
}

const KIND_EMBEDDED: u16 = 3;
const KIND_LINKED: u16 = 1;
/// An URL moniker's class.
const URL_MONIKER: &[u8] = b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b";
/// A file moniker's class.
const FILE_MONIKER: &[u8] = b"\x03\x03\0\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
/// Octets of one address in a link.
const ADDRESS_BYTES_MAX: usize = 4096;

/// Reads what the packager wrote, without the length before it: two, a label, a path, a kind, a path for a copy, the
/// file.
pub(in crate::unpack) fn packaged(native: &[u8]) -> Option<Packaged<'_>> {
    if u16_at(native, 0)? != 2 {
        return None;
    }
    let (label, rest) = until_nul(native.get(2..)?)?;
    let (path, rest) = until_nul(rest)?;
    if u16_at(rest, 2)? != KIND_EMBEDDED {
        return None;
    }
    let copy_bytes = size_at(rest, 4)?;
    let at = 8_usize.checked_add(copy_bytes)?;
    let size = size_at(rest, at)?;
    let all = rest.get(at.checked_add(4)?..)?;
    // A size that is a lie hides nothing: Windows would refuse it, we look at what is there.
    let data = all.get(..size).unwrap_or(all);
    let name =
        [label, path].iter().map(|name| String::from_utf8_lossy(name).into_owned()).find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "package".to_string());
    Some(Packaged { name: name.rsplit(['\\', '/']).next().unwrap_or_default().to_string(), data })
}

/// The path of a file that was linked instead of embedded.
fn linked(native: &[u8]) -> Option<String> {
    let (_, rest) = until_nul(native.get(2..).filter(|_| u16_at(native, 0) == Some(2))?)?;
    let (path, rest) = until_nul(rest)?;
    (u16_at(rest, 2)? == KIND_LINKED).then(|| String::from_utf8_lossy(path).into_owned())
}

/// Takes the contents of an `Ole10Native` stream: an embedded file, or what another old program kept.
pub(in crate::unpack) fn take_stream(stream: &[u8], opening: &mut Opening<'_>) -> ControlFlow<()> {
    let native = stream.get(4..).unwrap_or_default();
    match packaged(native) {
        Some(file) => {
            opening.note(NoteKind::Package, &shown(&file.name));
            opening.take(&file.name, file.data)
        }
        None if linked(native).is_some() => {
            opening.note(NoteKind::Package, &format!("a link to {}", shown(&linked(native).unwrap_or_default())));
            ControlFlow::Continue(())
        }
        None if u16_at(native, 0) == Some(2) => {
            opening.note(NoteKind::Package, "a package that can't be read");
            opening.take("package", native)
        }
        // Pictures of old drawing programs, equations.
        None => opening.take("native", native),
    }
}

/// An object of the first OLE, as RTF holds it: its class and its data.
pub(in crate::unpack) struct OldObject<'a> {
    pub(in crate::unpack) class: String,
    /// The file or topic of a link.
    pub(in crate::unpack) topic: String,
    pub(in crate::unpack) is_link: bool,
    pub(in crate::unpack) data: &'a [u8],
}

/// Reads the header of an object: version, kind, class, topic, item, size, data.
pub(in crate::unpack) fn old_object(bytes: &[u8]) -> Option<OldObject<'_>> {
    const LINKED: usize = 1;
    const EMBEDDED: usize = 2;
    let kind = size_at(bytes, 4)?;
    if kind != LINKED && kind != EMBEDDED {
        return None;
    }
    let mut at = 8_usize;
    let mut text = || {
        let size = size_at(bytes, at)?;
        let text = piece(bytes, at + 4, size)?;
        at = at.checked_add(4)?.checked_add(size)?;
        Some(String::from_utf8_lossy(text).trim_end_matches('\0').to_string())
    };
    let (class, topic, _item) = (text()?, text()?, text()?);
    let data = match size_at(bytes, at) {
        Some(size) if kind == EMBEDDED => {
            let all = bytes.get(at + 4..).unwrap_or_default();
            all.get(..size).unwrap_or(all)
        }
        _ => b"",
    };
    Some(OldObject { class, topic, is_link: kind == LINKED, data })
}

/// Notes an object that is fetched from elsewhere: the monikers of an `Ole` stream.
pub(in crate::unpack) fn look_at_link(stream: &[u8], opening: &mut Opening<'_>) {
    if let Some(at) = memmem::find(stream, URL_MONIKER) {
        let rest = stream.get(at + URL_MONIKER.len() + 4..).unwrap_or_default();
        let text = utf16(rest.get(..rest.len().min(ADDRESS_BYTES_MAX)).unwrap_or_default());
        let address = text.split('\0').next().unwrap_or_default();
        opening.note(NoteKind::ExternalObject, &format!("a linked object: {}", shown(address)));
    }
    if let Some(at) = memmem::find(stream, FILE_MONIKER) {
        let rest = stream.get(at + FILE_MONIKER.len() + 2..).unwrap_or_default();
        let size = size_at(rest, 0).unwrap_or(0).min(ADDRESS_BYTES_MAX);
        let path = piece(rest, 4, size).map(|path| String::from_utf8_lossy(path).trim_end_matches('\0').to_string());
        if let Some(path) = path.filter(|path| is_remote(path)) {
            opening.note(NoteKind::ExternalObject, &format!("a linked object: {}", shown(&path)));
        }
    }
}

#[cfg(test)]
pub(in crate::unpack) mod tests {
    use super::*;

    /// An `Ole10Native` stream with one file.
    pub(in crate::unpack) fn native(name: &str, data: &[u8]) -> Vec<u8> {
        let path = format!("C:\\x\\{name}");
        let size = |bytes: usize| (bytes as u32).to_le_bytes();
        let inner = [
            &b"\x02\0"[..],
            name.as_bytes(),
            b"\0",
            path.as_bytes(),
            b"\0\0\0\x03\0",
            &size(path.len() + 1),
            path.as_bytes(),
            b"\0",
            &size(data.len()),
            data,
        ]
        .concat();
        [&size(inner.len())[..], &inner].concat()
    }

    #[test]
    fn a_packaged_file_is_read_with_its_name() {
        let bytes = native("run.exe", b"MZ data");
        let file = packaged(&bytes[4..]).unwrap();
        assert_eq!((file.name.as_str(), file.data), ("run.exe", &b"MZ data"[..]));
        for end in 0..bytes.len() - 7 {
            assert!(packaged(bytes.get(4..end).unwrap_or_default()).is_none());
        }
    }
}
