//! RAR archives of all versions: 1.4 to 7, solid ones, single volumes.
//!
//! Does not decrypt, does not join volumes, follows no links. A member that fails does not stop the others, except in
//! solid archives, where the rest depends on it. Standards: technote.txt of RAR 4 and RAR 5; what the `rars` crate found.

use super::names;
use super::rar_old;
use crate::limits::{UNPACK_DICTIONARY_BYTES_MAX, UNPACK_ENTRIES_MAX, UNPACK_TABLE_BYTES_MAX};
use crate::unpack::budget::Timer;
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use rars::{
    Archive, ArchiveMember, ArchiveMemberDetail, ArchiveReadOptions, ArchiveReader, Error, ErrorKind,
    ExtractionDecision, ExtractionErrorAction, rar50,
};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::rc::Rc;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "rar", about: "RAR archives, versions 1.4 to 7", recognise, nature: Nature::Container(open) };

const MARKS: [&[u8]; 3] = [b"Rar!\x1a\x07\x01\0", b"Rar!\x1a\x07\0", b"RE~^"];
/// Octets of a RAR 5 member that the decoder holds at once, to filter them.
const BUFFERED_BYTES_MAX: u64 = 16 << 20;
/// Octets of all that the decoder holds: two windows, model, filters.
const WORKSPACE_BYTES_MAX: u64 = 3 * UNPACK_DICTIONARY_BYTES_MAX;
/// Octets that a decoder may give between two looks at the clock.
const STEP_BYTES: usize = 128 << 10;
/// Broken headers behind which an archive is cut off to read what comes before.
const RETRIES: usize = 2;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    MARKS.iter().any(|mark| contents.bytes.starts_with(mark)).then_some("application/vnd.rar")
}

fn options() -> ArchiveReadOptions<'static> {
    ArchiveReadOptions::new()
        .with_max_header_count(UNPACK_ENTRIES_MAX as u64 * 4)
        .with_max_header_bytes(UNPACK_TABLE_BYTES_MAX)
        .with_rar50_dictionary_size_limit(UNPACK_DICTIONARY_BYTES_MAX)
        .with_rar50_buffered_decode_limit(BUFFERED_BYTES_MAX)
        .with_max_reader_workspace_bytes(WORKSPACE_BYTES_MAX)
}

/// Gives all members of an archive that begins right here, whatever follows it.
pub(in crate::unpack) fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let error = match ArchiveReader::read_with_options(contents.bytes, options()) {
        Ok(archive) => return all(&archive, opening),
        Err(error) => error,
    };
    let (kind, detail) = reason(&error);
    if kind == NoteKind::Damaged
        && let Some(plain) = rar_old::without_notes(contents.bytes)
        && let Ok(archive) = ArchiveReader::read_with_options(&plain, options())
    {
        return all(&archive, opening);
    }
    opening.note(kind, detail);
    before_damage(contents.bytes, error, opening);
}

fn all(archive: &Archive, opening: &mut Opening<'_>) {
    // Nothing follows that a spent budget could skip.
    let _ = members(archive, opening);
}

/// What comes before a broken header is read by others.
fn before_damage(bytes: &[u8], mut error: Error, opening: &mut Opening<'_>) {
    let mut bytes = bytes;
    for _ in 0..RETRIES {
        let Error::AtArchiveOffset { offset, .. } = error else { return };
        let Some(before) = bytes.get(..offset).filter(|before| before.len() < bytes.len()) else { return };
        bytes = before;
        error = match ArchiveReader::read_with_options(bytes, options()) {
            Ok(archive) => return all(&archive, opening),
            Err(error) if reason(&error).0 == NoteKind::Damaged => error,
            Err(_) => return,
        };
    }
}

/// What a failure of the reader means.
fn reason(error: &Error) -> (NoteKind, &'static str) {
    if matches!(error.root_cause(), Error::FeatureDisabled { .. } | Error::UnsupportedEncryption { .. }) {
        return (NoteKind::Encrypted, "a RAR archive with a password");
    }
    if matches!(error.root_cause(), Error::HeaderCountLimitExceeded { .. }) {
        return (NoteKind::TooMany, "members of a RAR archive");
    }
    let kind = error.kind();
    if matches!(kind, ErrorKind::PasswordRequired | ErrorKind::BadPassword) {
        (NoteKind::Encrypted, "a RAR archive with a password")
    } else if matches!(kind, ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature) {
        (NoteKind::Unread, "a RAR method that is not read")
    } else if kind == ErrorKind::ResourceLimit {
        (NoteKind::TooBig, "a RAR archive")
    } else {
        (NoteKind::Damaged, "a RAR archive")
    }
}

/// Where the contents of one member go.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    most: usize,
    broken: bool,
}

/// What the decoder writes to: keeps one octet more than may be, and refuses the rest, or what comes too late.
struct SinkWriter {
    sink: Rc<RefCell<Sink>>,
    timer: Timer,
    /// Octets since the last look at the clock.
    unchecked: usize,
}

impl Write for SinkWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.unchecked += bytes.len();
        if self.unchecked >= STEP_BYTES {
            self.unchecked = 0;
            if !self.timer.has_time() {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
        }
        let mut sink = self.sink.borrow_mut();
        let room = (sink.most + 1).saturating_sub(sink.bytes.len());
        if room == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let kept = bytes.get(..room).unwrap_or(bytes);
        sink.bytes.extend_from_slice(kept);
        Ok(kept.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What was kept of a member; fails at its end where the decoder did.
struct SinkReader<'s>(&'s [u8], bool);

impl Read for SinkReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() && self.1 {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        self.0.read(buffer)
    }
}

struct Walk<'w, 'b> {
    opening: &'w mut Opening<'b>,
    solid: bool,
    /// Members that were seen.
    given: usize,
    current: Option<(String, Rc<RefCell<Sink>>)>,
    flow: ControlFlow<()>,
}

impl Walk<'_, '_> {
    /// Gives the member whose contents are complete now.
    fn finish(&mut self) {
        if let Some((name, sink)) = self.current.take() {
            let sink = sink.take();
            let flow = self.opening.take(&name, SinkReader(&sink.bytes, sink.broken));
            if flow.is_break() {
                self.flow = flow;
            }
        }
    }

    fn decide(&mut self, member: &ArchiveMember) -> ExtractionDecision {
        self.finish();
        if self.flow.is_break() {
            return ExtractionDecision::Stop;
        }
        let closed = why_closed(member);
        if self.solid && closed.is_some() {
            // What follows depends on it.
            return ExtractionDecision::Stop;
        }
        self.given += 1;
        let name = name(member);
        names::note_climbing(&name, self.opening);
        if let Some((kind, detail)) = closed {
            self.flow = self.opening.take_closed(&name, member.meta.unpacked_size, kind, detail);
            return ExtractionDecision::Skip;
        }
        if member.meta.is_directory || member.meta.is_redirection {
            self.flow = self.opening.skip();
            return ExtractionDecision::Skip;
        }
        let most = usize::try_from(self.opening.member_bytes_left()).unwrap_or(usize::MAX - 1);
        let sink = Rc::new(RefCell::new(Sink { bytes: Vec::new(), most, broken: false }));
        self.current = Some((name, Rc::clone(&sink)));
        ExtractionDecision::Extract(Box::new(SinkWriter { sink, timer: self.opening.timer(), unchecked: 0 }))
    }

    fn failed(&mut self) {
        if let Some((_, sink)) = &self.current {
            let mut sink = sink.borrow_mut();
            sink.broken = sink.bytes.len() <= sink.most;
        }
    }
}

fn members(archive: &Archive, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let solid = archive.is_solid();
    let walk = RefCell::new(Walk { opening, solid, given: 0, current: None, flow: ControlFlow::Continue(()) });
    let result = archive.extract_with_control_and_errors(
        options(),
        |member| Ok(walk.borrow_mut().decide(member)),
        |_, _| {
            walk.borrow_mut().failed();
            Ok(ExtractionErrorAction::Continue)
        },
    );
    let mut walk = walk.into_inner();
    if result.is_err() {
        walk.failed();
    }
    walk.finish();
    walk.flow?;
    let (kind, detail) = match &result {
        Err(error) if error.kind() == ErrorKind::Io => (NoteKind::TooBig, "the rest of a solid RAR archive"),
        Err(error) => reason(error),
        Ok(_) => (NoteKind::Unread, "the rest of a solid RAR archive"),
    };
    for member in archive.members().skip(walk.given) {
        let name = name(&member);
        names::note_climbing(&name, walk.opening);
        if member.meta.is_directory || member.meta.is_redirection {
            walk.opening.skip()?;
            continue;
        }
        let (kind, detail) = why_closed(&member).unwrap_or((kind, detail));
        walk.opening.take_closed(&name, member.meta.unpacked_size, kind, detail)?;
    }
    streams(archive, walk.opening)
}

fn name(member: &ArchiveMember) -> String {
    names::decoded(&member.meta.name)
}

/// Why a member is not even tried.
fn why_closed(member: &ArchiveMember) -> Option<(NoteKind, &'static str)> {
    let meta = &member.meta;
    if meta.is_encrypted {
        return Some((NoteKind::Encrypted, "RAR members with a password"));
    }
    if meta.is_split_before || meta.is_split_after {
        return Some((NoteKind::Unread, "a part of a split archive"));
    }
    if dictionary_bytes(&member.detail) > UNPACK_DICTIONARY_BYTES_MAX && !meta.is_stored && !meta.is_directory {
        return Some((NoteKind::TooBig, "a large dictionary"));
    }
    None
}

/// The window of RAR 5 and 7: 128 KiB times a power of two. Older ones have at most 4 MiB.
fn dictionary_bytes(detail: &ArchiveMemberDetail) -> u64 {
    let ArchiveMemberDetail::Rar50Plus { compression_info, .. } = detail else { return 0 };
    (128u64 << 10) << (compression_info >> 10 & 0x1f)
}

/// Alternate data streams, which Windows keeps beside a file, where they are stored.
fn streams(archive: &Archive, opening: &mut Opening<'_>) -> ControlFlow<()> {
    let Some(rar50) = archive.as_rar50() else { return ControlFlow::Continue(()) };
    for block in &rar50.blocks {
        let rar50::Block::Service(service) = block else { continue };
        if service.name != b"STM" {
            continue;
        }
        let name = names::decoded(service.service_data.as_deref().unwrap_or(b"stream"));
        match service.packed_data(rar50) {
            Ok(data) if service.is_stored() && !service.encrypted => opening.take(&name, data.as_slice())?,
            Ok(_) | Err(_) => {
                opening.take_closed(&name, service.unpacked_size, NoteKind::Unread, "a packed stream of NTFS")?
            }
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{rar4, rar5, shown};

    const PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01";

    #[test]
    fn members_of_both_families_are_given() {
        for archive in
            [rar4(&[("a.txt", b"text"), ("dir/run", PROGRAM)]), rar5(&[("a.txt", b"text"), ("dir/run", PROGRAM)])]
        {
            let (items, notes) = shown(&archive);
            assert_eq!(items, ["application/vnd.rar", "a.txt text/plain", "dir/run application/x-elf"]);
            assert_eq!(notes, ["Program"]);
        }
    }

    #[test]
    fn a_broken_member_or_header_hides_no_other() {
        let whole = rar5(&[("a.txt", b"text"), ("run", PROGRAM)]);
        let mut wrong = whole.clone();
        let at = memchr::memmem::find(&wrong, b"text").unwrap();
        wrong[at] = b'T';
        assert_eq!(shown(&wrong).1, ["Damaged", "Program"]);
        let whole = rar5(&[("run", PROGRAM), ("a.txt", b"text")]);
        let mut wrong = whole.clone();
        let at = memchr::memmem::find(&wrong, b"a.txt").unwrap();
        wrong[at] = b'b';
        let (items, notes) = shown(&wrong);
        assert_eq!(
            (items[1].as_str(), notes),
            ("run application/x-elf", vec!["Damaged".to_string(), "Program".to_string()])
        );
    }
}
