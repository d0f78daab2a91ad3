//! Tar archives of all flavours: v7, ustar, GNU, pax, star.
//!
//! Does not follow links and has no use for paths. Readers differ in which of two sizes they believe and where they stop;
//! here both sizes are read, and the search goes on behind broken headers and the end mark. No crate reads on behind
//! damage. Standards: POSIX pax (ustar), GNU tar's manual (Tar Internals).

use super::tar_header::{BLOCK_BYTES, Extended, Header, SPARSE_PER_BLOCK, Sparse, sparse_list};
use super::traversal::{self, Links};
use crate::limits::TAR_EXTENDED_BYTES_MAX;
use crate::unpack::fields::text;
use crate::unpack::pieces::{Piece, Pieces, stored};
use crate::unpack::{Contents, Format, Nature, NoteKind, Opening};
use std::ops::ControlFlow;

pub(in crate::unpack) const FORMAT: Format =
    Format { name: "tar", about: "tar archives", recognise, nature: Nature::Container(open) };
pub(in crate::unpack) const BEHIND: Format = Format {
    name: "tar behind damage",
    about: "tar archives whose begin is broken",
    recognise: recognise_behind,
    nature: Nature::Container(open),
};

/// Blocks at the begin that may be broken.
const BROKEN_BLOCKS_MAX: usize = 128;

fn recognise(contents: &Contents<'_>) -> Option<&'static str> {
    Header::read(contents.bytes, 0).map(|_| "application/x-tar")
}

/// A header with a mark and a checksum at the begin of a later block: GNU tar goes on there. A mark alone at the begin
/// is a header that is broken.
fn recognise_behind(contents: &Contents<'_>) -> Option<&'static str> {
    let is_marked = Header::is_marked_at(contents.bytes, 0);
    let found = (1..BROKEN_BLOCKS_MAX)
        .filter_map(|block| Header::read(contents.bytes, block * BLOCK_BYTES))
        .any(|header| header.is_marked());
    (found || is_marked).then_some("application/x-tar")
}

fn open(contents: &Contents<'_>, opening: &mut Opening<'_>) {
    let mut walk = Walk {
        bytes: contents.bytes,
        at: 0,
        quiet_until: 0,
        global: Extended::default(),
        next: Extended::default(),
        links: Links::default(),
    };
    while walk.at < walk.bytes.len() {
        if walk.step(opening).is_break() {
            return;
        }
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Up to here lies what one of two readings takes for contents: no header there is no damage.
    quiet_until: usize,
    global: Extended,
    /// What was said of the next member.
    next: Extended,
    links: Links,
}

impl Walk<'_> {
    fn step(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        opening.pay_time()?;
        let zeros = self.bytes.iter().skip(self.at).take_while(|byte| **byte == 0).count();
        if zeros >= BLOCK_BYTES || self.at + zeros >= self.bytes.len() {
            // The end mark, or filler. Members behind it are seen by some readers.
            self.at += (zeros / BLOCK_BYTES).max(1) * BLOCK_BYTES;
            self.next = Extended::default();
            return ControlFlow::Continue(());
        }
        match Header::read(self.bytes, self.at) {
            Some(header) => self.member(&header, opening),
            None => self.junk(opening),
        }
    }

    /// Jumps to the next header.
    fn junk(&mut self, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let from = self.at;
        self.next = Extended::default();
        self.at += BLOCK_BYTES;
        while self.at < self.bytes.len() && Header::read(self.bytes, self.at).is_none() {
            self.at += BLOCK_BYTES;
        }
        let from = from.max(self.quiet_until).min(self.at);
        let junk = self.bytes.get(from..self.at.min(self.bytes.len())).unwrap_or_default();
        // A header that is broken stands before contents that are not.
        let is_header = Header::is_marked_at(junk, 0);
        let junk = if is_header { junk.get(BLOCK_BYTES..).unwrap_or_default() } else { junk };
        if junk.iter().all(|byte| *byte == 0) && !is_header {
            return ControlFlow::Continue(());
        }
        opening.note(NoteKind::Damaged, "octets of a tar archive that belong to no member");
        opening.take("no header", junk)
    }

    fn member(&mut self, header: &Header<'_>, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let data = self.at + BLOCK_BYTES;
        match header.kind {
            b'x' | b'X' | b'g' | b'L' | b'K' | b'N' => {
                self.extend(header, data);
                self.at = end_of(data, header.size);
                return ControlFlow::Continue(());
            }
            _ => {}
        }
        let mut said = std::mem::take(&mut self.next);
        said.fill_from(&self.global);
        let name = said.path.clone().unwrap_or_else(|| header.name());
        if self.links.escapes(&name) {
            opening.note(NoteKind::Lying, traversal::DETAIL);
        }
        match header.kind {
            b'1'..=b'6' | b'D' | b'V' => self.special(header, &name, &said, opening),
            _ => self.file(header, &name, &said, opening),
        }
    }

    /// A link, a device, a folder, a label: without contents, though some say they have.
    fn special(
        &mut self,
        header: &Header<'_>,
        name: &str,
        said: &Extended,
        opening: &mut Opening<'_>,
    ) -> ControlFlow<()> {
        let data = self.at + BLOCK_BYTES;
        if matches!(header.kind, b'1' | b'2') {
            let target = said.link.clone().unwrap_or_else(|| header.link());
            // A hard link counts from the top of the archive.
            self.links.add(if header.kind == b'1' { "link" } else { name }, &target);
            if header.kind == b'1' && traversal::climbs(&target) {
                opening.note(NoteKind::Lying, traversal::DETAIL);
            }
        }
        let size = said.size.map_or(header.size, |(_, most)| most);
        let is_header_next = Header::read(self.bytes, data).is_some();
        if size == 0 || header.kind == b'V' || header.kind == b'5' && is_header_next {
            self.at = data;
            return opening.skip();
        }
        // Readers differ in whether these octets are contents: they are looked at both ways.
        if is_header_next && header.kind != b'1' {
            opening.note(NoteKind::Lying, "a tar member of no contents that claims some");
        }
        self.at = data;
        self.quiet_until = self.quiet_until.max(end_of(data, size));
        opening.take(name, stored(self.bytes, data, size))
    }

    fn file(&mut self, header: &Header<'_>, name: &str, said: &Extended, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let mut data = self.at + BLOCK_BYTES;
        // Eight gibibytes and more do not fit into the header's digits.
        let (least, most) = match said.size {
            Some((least, most)) if header.is_size_sure() => (least.min(header.size), most.max(header.size)),
            Some(sizes) => sizes,
            None => (header.size, header.size),
        };
        let mut sparse = said.sparse();
        if header.kind == b'S' {
            let (list, blocks) = self.old_sparse(header);
            sparse = Some(Sparse { list, real_size: header.real_size() });
            data += blocks * BLOCK_BYTES;
        }
        let end = end_of(data, most);
        self.at = end_of(data, least);
        if least != most {
            opening.note(NoteKind::Lying, "two sizes of one tar member");
            self.quiet_until = self.quiet_until.max(end);
        }
        let Some(mut sparse) = sparse else {
            return opening.take(name, stored(self.bytes, data, most));
        };
        if said.has_list_in_data() {
            match sparse_list(self.bytes.get(data..end.min(self.bytes.len())).unwrap_or_default()) {
                Some((list, octets)) => (sparse.list, data) = (list, data + octets),
                None => opening.note(NoteKind::Damaged, "a sparse tar member without its list"),
            }
        }
        self.sparse_file(name, &sparse, data, opening)
    }

    /// Gives a sparse file as it would lie on a disk.
    fn sparse_file(&self, name: &str, sparse: &Sparse, data: usize, opening: &mut Opening<'_>) -> ControlFlow<()> {
        let mut pieces = Vec::with_capacity(2 * sparse.list.len() + 1);
        let (mut at, mut start) = (0u64, data as u64);
        for (offset, length) in &sparse.list {
            pieces.push(Piece::Hole(offset.saturating_sub(at)));
            pieces.push(Piece::Data { start, length: *length });
            start = start.saturating_add(*length);
            at = at.max(*offset).saturating_add(*length);
        }
        pieces.push(Piece::Hole(sparse.real_size.unwrap_or(at).saturating_sub(at)));
        opening.take(name, Pieces::new(self.bytes, pieces.into_iter()))
    }

    /// The list of an old GNU sparse member, and how many blocks of it follow the header.
    fn old_sparse(&self, header: &Header<'_>) -> (Vec<(u64, u64)>, usize) {
        let mut list = header.sparse();
        let mut blocks = 0;
        let mut more = header.has_more_sparse();
        while more {
            let from = self.at + (1 + blocks) * BLOCK_BYTES;
            let Some(block) = self.bytes.get(from..from + BLOCK_BYTES) else { break };
            list.extend(Header::sparse_in(block, 0, SPARSE_PER_BLOCK));
            more = block.get(504).is_some_and(|flag| *flag != 0);
            blocks += 1;
        }
        (list, blocks)
    }

    /// Keeps what a header without contents of its own says of the next member, or of all.
    fn extend(&mut self, header: &Header<'_>, data: usize) {
        let length = usize::try_from(header.size).unwrap_or(usize::MAX).min(TAR_EXTENDED_BYTES_MAX);
        let rest = self.bytes.get(data..).unwrap_or_default();
        let field = rest.get(..length.min(rest.len())).unwrap_or_default();
        match header.kind {
            b'L' => self.next.path = Some(text(field)),
            b'K' => self.next.link = Some(text(field)),
            b'g' => self.global.read(field),
            b'x' | b'X' => self.next.read(field),
            _ => {}
        }
    }
}

/// Where the blocks of contents end.
fn end_of(data: usize, size: u64) -> usize {
    let size = usize::try_from(size).unwrap_or(usize::MAX / 2).min(usize::MAX / 2);
    data.saturating_add(size.div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES))
}
