//! BinHex 4.0: both forks of a Macintosh file in a 6-bit alphabet, with runs packed.
//!
//! Gives the data fork; the resource fork stands behind it where there is one, so that both are looked at. Wrong sums
//! make it *damaged*, no more. Standards: RFC 1741.

use super::lines::{Line, text_of};
use super::{Carved, Condition};

const MARK: &[u8] = b"(This file must be converted with BinHex";
const ALPHABET: &[u8; 64] = br##"!"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"##;
/// Octets between the mark and the colon that begins the file.
const GAP_BYTES_MAX: usize = 1024;
/// Octets that one run stands for at most.
const REPEAT: u8 = 0x90;

/// The file that begins at the line of the mark, and where reading goes on; `None` for another line.
pub(super) fn begun(bytes: &[u8], line: Line, most: usize) -> Option<(Option<Carved>, usize)> {
    if !text_of(bytes, line).starts_with(MARK) {
        return None;
    }
    let gap = bytes.get(line.next..bytes.len().min(line.next + GAP_BYTES_MAX)).unwrap_or_default();
    let Some(colon) = memchr::memchr(b':', gap) else { return Some((None, line.next)) };
    let start = line.next + colon + 1;
    let (packed, used) = letters(bytes.get(start..).unwrap_or_default());
    let end = start + used;
    let (plain, cut) = unpack(&packed, most);
    let carved = file(&plain).map(|(name, contents, is_sound)| Carved {
        coding: "binhex",
        name: Some(name),
        range: line.start..end,
        contents,
        condition: match (cut, is_sound) {
            (Cut::Yes, _) => Condition::CutOff,
            (Cut::No, true) => Condition::Sound,
            (Cut::No, false) => Condition::Damaged,
        },
    });
    Some((carved, end))
}

/// The octets that the letters stand for, up to the closing colon or a foreign character, and how many were read.
fn letters(text: &[u8]) -> (Vec<u8>, usize) {
    let mut values = [None; 256];
    for (value, letter) in ALPHABET.iter().enumerate() {
        if let Some(slot) = values.get_mut(usize::from(*letter)) {
            *slot = u32::try_from(value).ok();
        }
    }
    let mut out = Vec::new();
    let (mut group, mut bits) = (0_u32, 0);
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        let Some(value) = values.get(usize::from(*byte)).copied().flatten() else { return (out, at + 1) };
        group = (group << 6 | value) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.extend((group >> bits & 0xff).to_le_bytes().first());
        }
    }
    (out, text.len())
}

/// Whether the bound cut it off.
#[derive(Clone, Copy)]
enum Cut {
    Yes,
    No,
}

/// Undoes the runs: an octet, 0x90, how often; 0x90 0x00 is 0x90 itself.
fn unpack(packed: &[u8], most: usize) -> (Vec<u8>, Cut) {
    let mut out: Vec<u8> = Vec::new();
    let mut bytes = packed.iter();
    while let Some(byte) = bytes.next() {
        if *byte != REPEAT {
            out.push(*byte);
        } else {
            match bytes.next() {
                Some(0) => out.push(REPEAT),
                Some(count) => {
                    let last = out.last().copied().unwrap_or_default();
                    out.resize(out.len() + usize::from(*count) - 1, last);
                }
                None => {}
            }
        }
        if out.len() > most {
            out.truncate(most);
            return (out, Cut::Yes);
        }
    }
    (out, Cut::No)
}

/// Name, forks, and whether their sums are right.
fn file(plain: &[u8]) -> Option<(String, Vec<u8>, bool)> {
    let length = usize::from(*plain.first()?);
    let name = String::from_utf8_lossy(plain.get(1..1 + length)?).into_owned();
    // NUL, type, creator, flags, two lengths, a sum.
    let head = 1 + length + 1 + 4 + 4 + 2;
    let number = |at: usize| Some(u32::from_be_bytes(plain.get(at..at + 4)?.try_into().ok()?) as usize);
    let (data, resource) = (number(head)?, number(head + 4)?);
    let body = head + 8;
    let fork = |from: usize, count: usize| {
        let end = from.saturating_add(count);
        let fork = plain.get(from.min(plain.len())..end.min(plain.len())).unwrap_or_default();
        let sum =
            plain.get(end..end.saturating_add(2)).map(|sum| sum.iter().fold(0, |sum, b| sum << 8 | u16::from(*b)));
        (fork, sum == Some(crc(fork)))
    };
    let (data_fork, data_sound) = fork(body + 2, data);
    let (resource_fork, resource_sound) = fork((body + 4).saturating_add(data), resource);
    Some((name, [data_fork, resource_fork].concat(), data_sound && resource_sound))
}

/// CRC-16 with the polynomial 0x1021, two zero octets behind the fork.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::Condition;
    use super::super::tests::carve;
    use super::*;

    /// A BinHex text with this data fork.
    pub(crate) fn binhex(name: &str, data: &[u8]) -> String {
        let mut plain = vec![name.len() as u8];
        plain.extend(name.as_bytes());
        plain.extend(b"\0TEXTttxt\0\0");
        plain.extend((data.len() as u32).to_be_bytes());
        plain.extend([0; 4]);
        plain.extend(crc(&plain.clone()).to_be_bytes());
        plain.extend(data);
        plain.extend(crc(data).to_be_bytes());
        plain.extend(crc(&[]).to_be_bytes());
        let packed: Vec<u8> =
            plain.iter().flat_map(|b| if *b == REPEAT { vec![REPEAT, 0] } else { vec![*b] }).collect();
        let letter = |value: u32| char::from(ALPHABET[value as usize & 63]);
        let mut text = String::new();
        for group in packed.chunks(3) {
            let at = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
            let all = at(0) << 16 | at(1) << 8 | at(2);
            text.extend([18, 12, 6, 0].iter().take(group.len() + 1).map(|shift| letter(all >> shift)));
        }
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
        format!("(This file must be converted with BinHex 4.0)\r\n\r\n:{}:\r\n", lines.join("\r\n"))
    }

    #[test]
    fn the_data_fork_comes_back() {
        let data = [&b"PK\x03\x04"[..], &[0x90, 1, 2, 0x90], &[65; 90]].concat();
        let found = carve(binhex("a.zip", &data).as_bytes());
        assert_eq!((found[0].0, found[0].1.as_deref(), found[0].3), ("binhex", Some("a.zip"), Condition::Sound));
        assert_eq!(found[0].2, data);
        assert_eq!(unpack(&[65, REPEAT, 4, REPEAT, 0], 100).0, [65, 65, 65, 65, REPEAT]);
        assert_eq!(unpack(&[65, REPEAT, 255], 100).0.len(), 100);
    }
}
