//! The headers of tar: their fields, pax records, lists of sparse files.
//!
//! Does not walk. Standards: POSIX pax (ustar), GNU tar's manual (Tar Internals).

use crate::unpack::fields::{digits, slice, text};

pub(super) const BLOCK_BYTES: usize = 512;
/// Pairs in a block that continues the list of a sparse member.
pub(super) const SPARSE_PER_BLOCK: usize = 21;
const SPARSE_PAIR_BYTES: usize = 24;
/// Octets of a number in the list of a sparse member.
const SPARSE_NUMBER_BYTES: usize = 12;

/// A header whose checksum is right.
pub(super) struct Header<'a> {
    block: &'a [u8],
    pub(super) kind: u8,
    pub(super) size: u64,
}

impl<'a> Header<'a> {
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let block = slice(bytes, at, BLOCK_BYTES)?;
        if block.first() == Some(&0) && block.get(345) == Some(&0) || !has_checksum(block) {
            return None;
        }
        Some(Self { block, kind: *block.get(156)?, size: number(block.get(124..136)?)? })
    }

    /// A mark as ustar and its followers have it.
    pub(super) fn is_marked(&self) -> bool {
        self.field(257, 5) == b"ustar"
    }

    /// The same, whatever else is in the block.
    pub(super) fn is_marked_at(bytes: &[u8], at: usize) -> bool {
        let mark = slice(bytes, at + 257, 8);
        matches!(mark, Some(b"ustar\x0000" | b"ustar  \0"))
    }

    fn field(&self, at: usize, length: usize) -> &'a [u8] {
        slice(self.block, at, length).unwrap_or_default()
    }

    pub(super) fn name(&self) -> String {
        let name = text(self.field(0, 100));
        // GNU's own format keeps other things where ustar has the folder.
        let prefix = if self.field(257, 6) == b"ustar\0" { text(self.field(345, 155)) } else { String::new() };
        if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
    }

    pub(super) fn link(&self) -> String {
        text(self.field(157, 100))
    }

    /// False where the digits may stand for a size that they can't hold.
    pub(super) fn is_size_sure(&self) -> bool {
        self.size != 0o77_777_777_777
    }

    /// The list of an old GNU sparse member.
    pub(super) fn sparse(&self) -> Vec<(u64, u64)> {
        Self::sparse_in(self.block, 386, 4)
    }

    pub(super) fn sparse_in(block: &[u8], from: usize, count: usize) -> Vec<(u64, u64)> {
        let pairs = (0..count).map_while(|index| {
            let at = from + index * SPARSE_PAIR_BYTES;
            let offset = slice(block, at, SPARSE_NUMBER_BYTES)?;
            let length = slice(block, at + SPARSE_NUMBER_BYTES, SPARSE_NUMBER_BYTES)?;
            // An empty field ends the list.
            if offset.first() == Some(&0) { None } else { number(offset).zip(number(length)) }
        });
        pairs.collect()
    }

    pub(super) fn has_more_sparse(&self) -> bool {
        self.block.get(482).is_some_and(|flag| *flag != 0)
    }

    pub(super) fn real_size(&self) -> Option<u64> {
        number(self.field(483, SPARSE_NUMBER_BYTES))
    }
}

/// The sum of all octets, its own eight taken as spaces; old writers took octets as signed.
fn has_checksum(block: &[u8]) -> bool {
    let Some(said) = block.get(148..156).and_then(|field| digits(field, 8)) else { return false };
    let octets = || block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
    let unsigned: u64 = octets().map(u64::from).sum();
    let signed: i64 = octets().map(|byte| i64::from(byte.cast_signed())).sum();
    said != 0 && (said == unsigned || i64::try_from(said) == Ok(signed))
}

/// Octal digits, or a number in base 256 behind a set high bit.
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first()? {
        (0x80, rest) => rest.iter().try_fold(0u64, |value, byte| Some(value.checked_mul(256)? + u64::from(*byte))),
        _ => digits(field, 8),
    }
}

/// A file with holes: offsets and lengths of what is stored.
pub(super) struct Sparse {
    pub(super) list: Vec<(u64, u64)>,
    pub(super) real_size: Option<u64>,
}

/// What headers without contents say of a member.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<String>,
    pub(super) link: Option<String>,
    /// The least and the most that was said.
    pub(super) size: Option<(u64, u64)>,
    /// Offsets and lengths of a sparse file's data.
    list: Vec<(u64, u64)>,
    is_sparse: bool,
    list_in_data: bool,
    real_size: Option<u64>,
}

impl Extended {
    /// Reads pax records: `length keyword=value\n`.
    pub(super) fn read(&mut self, mut records: &[u8]) {
        while let Some(space) = memchr::memchr(b' ', records) {
            let length = records.get(..space).and_then(|field| digits(field, 10)).and_then(|n| usize::try_from(n).ok());
            let Some(record) = length.and_then(|length| records.get(space + 1..length)) else { return };
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(equals) = memchr::memchr(b'=', record) {
                let (keyword, value) = record.split_at(equals);
                self.set(keyword, value.get(1..).unwrap_or_default());
            }
            records = records.get(length.unwrap_or(0)..).unwrap_or_default();
        }
    }

    fn set(&mut self, keyword: &[u8], value: &[u8]) {
        let number = digits(value, 10);
        match keyword {
            // The sparse name stands for the one that old readers shall see.
            b"path" if self.is_sparse && self.path.is_some() => {}
            b"path" | b"GNU.sparse.name" => self.path = Some(text(value)),
            b"linkpath" => self.link = Some(text(value)),
            b"size" => {
                if let Some(size) = number {
                    let (least, most) = self.size.unwrap_or((size, size));
                    self.size = Some((least.min(size), most.max(size)));
                }
            }
            b"GNU.sparse.major" => (self.is_sparse, self.list_in_data) = (true, number != Some(0)),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => (self.is_sparse, self.real_size) = (true, number),
            b"GNU.sparse.offset" => self.list.push((number.unwrap_or(0), 0)),
            b"GNU.sparse.numbytes" => {
                if let (Some((_, length)), Some(number)) = (self.list.last_mut(), number) {
                    *length = number;
                }
            }
            b"GNU.sparse.map" => {
                let numbers: Vec<u64> = value.split(|byte| *byte == b',').map_while(|n| digits(n, 10)).collect();
                self.list = numbers.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect();
            }
            _ => {}
        }
    }

    /// Takes from a global header what was not said of the member itself.
    pub(super) fn fill_from(&mut self, global: &Self) {
        self.path = self.path.take().or_else(|| global.path.clone());
        self.link = self.link.take().or_else(|| global.link.clone());
        self.size = self.size.or(global.size);
    }

    /// The list of a sparse file, and its size where that was said.
    pub(super) fn sparse(&self) -> Option<Sparse> {
        self.is_sparse.then(|| Sparse { list: self.list.clone(), real_size: self.real_size })
    }

    pub(super) fn has_list_in_data(&self) -> bool {
        self.list_in_data
    }
}

/// The list at the begin of a sparse member's data (GNU sparse 1.0), and how many octets it takes there.
pub(super) fn sparse_list(data: &[u8]) -> Option<(Vec<(u64, u64)>, usize)> {
    let mut at = 0;
    let mut number = || {
        let rest = data.get(at..)?;
        let end = memchr::memchr(b'\n', rest.get(..rest.len().min(BLOCK_BYTES))?)?;
        at += end + 1;
        digits(rest.get(..end)?, 10)
    };
    let count = number()?;
    let mut list = Vec::new();
    // Each pair takes four octets of the data, so this ends.
    for _ in 0..count {
        list.push((number()?, number()?));
    }
    Some((list, at.next_multiple_of(BLOCK_BYTES)))
}
