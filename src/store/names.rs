//! File names in a Maildir: unique, with sizes for Dovecot, and in `tmp/` with what a later start needs to know.
//!
//! Uniqueness rests on O_EXCL and on link's EEXIST, not on the clock. Does not touch the disk. Standards: Maildir
//! (D. J. Bernstein), Maildir++; `,S=` and `,W=` as Dovecot reads them.

use super::{Key, disk};
use crate::limits::NAME_HOST_BYTES_MAX;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const SCRATCH: &str = "tamis-";

/// Makes names that nobody else makes.
pub(super) struct Names {
    host: String,
    pid: u32,
    next: AtomicU64,
}

/// The two sizes of a message that Dovecot keeps in names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Octets on disk.
    pub(super) bytes: u64,
    /// Octets with each bare LF counted as CRLF (RFC822.SIZE of RFC 3501).
    pub(super) virtual_bytes: u64,
}

impl Sizes {
    pub(super) fn of(message: &[u8]) -> Self {
        let bytes = message.len() as u64;
        let mut before = 0;
        let mut bare = 0;
        for at in memchr::memchr_iter(b'\n', message) {
            before = if at > 0 { message.get(at - 1).copied().unwrap_or(0) } else { before };
            bare += u64::from(before != b'\r');
        }
        Self { bytes, virtual_bytes: bytes + bare }
    }
}

impl Names {
    pub(super) fn new(host: &str) -> Self {
        Self { host: escaped(host), pid: std::process::id(), next: AtomicU64::new(0) }
    }

    /// `<sec>.M<µs>P<pid>Q<seq>R<random>.<host>`
    fn unique(&self) -> io::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let random = disk::random()?;
        let (seconds, micros) = (now.as_secs(), now.subsec_micros());
        Ok(format!("{seconds}.M{micros}P{}Q{next}R{random:016x}.{}", self.pid, self.host))
    }

    /// The name under which users see a message: without the letters of flags for `new/`, with them for `cur/`.
    pub(super) fn stored(&self, sizes: Sizes, letters: &str) -> io::Result<String> {
        let info = if letters.is_empty() { String::new() } else { format!(":2,{letters}") };
        Ok(format!("{},S={},W={}{info}", self.unique()?, sizes.bytes, sizes.virtual_bytes))
    }

    /// The name in `tmp/`: carries the delivery's key and how many links it gets; 0 links: no record of anything.
    pub(super) fn staged(&self, key: &Key, links: usize) -> io::Result<String> {
        let hex: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{},K={hex},L={links}", self.unique()?))
    }
}

/// A name in `tmp/` for what becomes a control file.
pub(super) fn scratch(what: &str) -> io::Result<String> {
    Ok(format!("{SCRATCH}{what}.{:016x}", disk::random()?))
}

/// True for what [`scratch`] made: worth nothing after a crash.
pub(super) fn is_scratch(name: &str) -> bool {
    name.starts_with(SCRATCH)
}

/// Key and links of a name that [`Names::staged`] made; `None` for foreign ones.
pub(super) fn read_staged(name: &str) -> Option<(Key, u64)> {
    let (rest, links) = name.rsplit_once(",L=")?;
    let (_, hex) = rest.rsplit_once(",K=")?;
    let mut key = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some((Key(key), links.parse().ok()?))
}

/// The octets that a name claims (`,S=`).
pub(super) fn size_in(name: &str) -> Option<u64> {
    let base = name.split(':').next()?;
    base.split(',').find_map(|field| field.strip_prefix("S="))?.parse().ok()
}

/// `/` and `:` as the Maildir paper asks; the comma because fields begin with it.
fn escaped(host: &str) -> String {
    let mut out = String::new();
    for c in host.chars() {
        match c {
            '/' => out.push_str("\\057"),
            ':' => out.push_str("\\072"),
            ',' => out.push_str("\\054"),
            c if c.is_ascii_graphic() => out.push(c),
            _ => out.push('_'),
        }
        if out.len() >= NAME_HOST_BYTES_MAX {
            break;
        }
    }
    if out.is_empty() { "localhost".to_string() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_size_counts_bare_line_feeds_as_crlf() {
        for (message, want) in
            [("", 0), ("a\r\nb\r\n", 6), ("a\nb\n", 6), ("\n", 2), ("\n\n", 4), ("a\r\n\nb", 6), ("\r\r\n\n", 5)]
        {
            assert_eq!(Sizes::of(message.as_bytes()).virtual_bytes, want, "{message:?}");
        }
    }

    #[test]
    fn names_hold_what_they_promise() {
        let names = Names::new("mx/1:a,b.example");
        let sizes = Sizes { bytes: 10, virtual_bytes: 12 };
        let name = names.stored(sizes, "").unwrap();
        assert!(name.ends_with(".mx\\0571\\072a\\054b.example,S=10,W=12"), "{name}");
        assert_eq!(size_in(&name), Some(10));
        let name = names.stored(sizes, "FSab").unwrap();
        assert!(name.ends_with(",S=10,W=12:2,FSab"), "{name}");
        assert_eq!(size_in(&name), Some(10));
        assert_ne!(names.stored(sizes, "FSab").unwrap(), name);
        assert!(Names::new(&"ü".repeat(500)).staged(&Key([255; 32]), 1000).unwrap().len() < 250);
    }

    #[test]
    fn only_our_own_staged_names_are_read_as_ours() {
        let names = Names::new("mx.example");
        let key = Key(std::array::from_fn(|i| i as u8 * 7));
        let name = names.staged(&key, 3).unwrap();
        assert_eq!(read_staged(&name), Some((key, 3)));
        for foreign in ["1.M2P3.host", "x,K=00,L=1", name.strip_suffix("3").unwrap(), &name.replace(",K=", ",K=zz")] {
            assert_eq!(read_staged(foreign), None, "{foreign}");
        }
    }
}
