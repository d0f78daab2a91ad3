//! The filters of PDF streams: Flate, LZW, ASCIIHex, ASCII85, RunLength, and predictors.
//!
//! Gives what it could decode where data is damaged, as readers do. Does not decode pictures. Standards: ISO 32000-2
//! §7.4.

use super::lexer::{hex_value, is_space};
use std::io::Read;

/// One filter, by its name or short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Flate,
    Lzw,
    Hex,
    Ascii85,
    RunLength,
    /// Says how data is encrypted; decides nothing here.
    Crypt,
    /// Pictures: DCT, JPX, JBIG2, CCITT.
    Picture,
    Unknown,
}

impl Filter {
    pub(super) fn named(name: &[u8]) -> Self {
        match name {
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"LZWDecode" | b"LZW" => Self::Lzw,
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"ASCII85Decode" | b"A85" => Self::Ascii85,
            b"RunLengthDecode" | b"RL" => Self::RunLength,
            b"Crypt" => Self::Crypt,
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"JBIG2Decode" | b"CCITTFaxDecode" | b"CCF" => Self::Picture,
            _ => Self::Unknown,
        }
    }
}

/// What `/DecodeParms` may say about a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) predictor: i64,
    pub(super) columns: i64,
    pub(super) colors: i64,
    pub(super) bits: i64,
    pub(super) early_change: i64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { predictor: 1, columns: 1, colors: 1, bits: 8, early_change: 1 }
    }
}

/// Decoded data.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Broken, so that not all is there.
    pub(super) is_damaged: bool,
    /// A filter that is not read stands in the chain: these are its octets.
    pub(super) is_unread: bool,
    /// There is more than was asked for.
    pub(super) is_cut: bool,
}

/// Decodes through all filters, to at most so many octets at each.
pub(super) fn decode(raw: &[u8], filters: &[Filter], parameters: &Parameters, bytes_max: usize) -> Decoded {
    let mut decoded = Decoded { bytes: raw.to_vec(), ..Decoded::default() };
    for filter in filters {
        let source = std::mem::take(&mut decoded.bytes);
        let (bytes, is_damaged) = match filter {
            Filter::Flate => flate(&source, bytes_max),
            Filter::Lzw => lzw(&source, parameters.early_change != 0, bytes_max),
            Filter::Hex => (ascii_hex(&source), false),
            Filter::Ascii85 => ascii85(&source, bytes_max),
            Filter::RunLength => run_length(&source, bytes_max),
            Filter::Crypt => (source, false),
            Filter::Picture | Filter::Unknown => {
                decoded.bytes = source;
                decoded.is_unread = true;
                return decoded;
            }
        };
        decoded.is_damaged |= is_damaged;
        decoded.is_cut |= bytes.len() >= bytes_max;
        decoded.bytes = match filter {
            Filter::Flate | Filter::Lzw if parameters.predictor > 1 => predicted(&bytes, parameters),
            Filter::Flate
            | Filter::Lzw
            | Filter::Hex
            | Filter::Ascii85
            | Filter::RunLength
            | Filter::Crypt
            | Filter::Picture
            | Filter::Unknown => bytes,
        };
    }
    decoded
}

/// zlib data; where the header is broken or missing, the bare deflate data that readers look for.
fn flate(source: &[u8], bytes_max: usize) -> (Vec<u8>, bool) {
    let bound = bytes_max as u64;
    let mut bytes = Vec::new();
    let failed = flate2::read::ZlibDecoder::new(source).take(bound).read_to_end(&mut bytes).is_err();
    if !failed || !bytes.is_empty() {
        return (bytes, failed);
    }
    for skipped in [2, 0] {
        let Some(rest) = source.get(skipped..) else { continue };
        let mut bytes = Vec::new();
        let failed = flate2::read::DeflateDecoder::new(rest).take(bound).read_to_end(&mut bytes).is_err();
        if !bytes.is_empty() {
            return (bytes, failed);
        }
    }
    (Vec::new(), !source.is_empty())
}

fn ascii_hex(source: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = source.iter().take_while(|byte| **byte != b'>').filter_map(|byte| hex_value(*byte)).collect();
    digits.chunks(2).map(|pair| (pair.first().unwrap_or(&0) << 4) | pair.get(1).unwrap_or(&0)).collect()
}

fn ascii85(source: &[u8], bytes_max: usize) -> (Vec<u8>, bool) {
    let source = source.trim_ascii_start();
    let source = source.strip_prefix(b"<~").unwrap_or(source);
    let (mut out, mut group, mut is_damaged) = (Vec::new(), Vec::with_capacity(5), false);
    for byte in source {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(byte - b'!'),
            other => is_damaged |= !is_space(*other),
        }
        if group.len() == 5 {
            out.extend(value_of(&group).to_be_bytes());
            group.clear();
        }
        if out.len() >= bytes_max {
            return (out, is_damaged);
        }
    }
    if group.len() > 1 {
        let count = group.len() - 1;
        group.resize(5, 84);
        out.extend(value_of(&group).to_be_bytes().iter().take(count));
    }
    (out, is_damaged)
}

fn value_of(group: &[u8]) -> u32 {
    group.iter().fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(u32::from(*digit)))
}

fn run_length(source: &[u8], bytes_max: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut rest = source;
    while let Some((length, behind)) = rest.split_first() {
        if *length == 128 || out.len() >= bytes_max {
            return (out, false);
        }
        let copied = usize::from(*length) + 1;
        if *length < 128 {
            out.extend_from_slice(behind.get(..copied).unwrap_or(behind));
            rest = behind.get(copied..).unwrap_or_default();
        } else {
            let Some((byte, behind)) = behind.split_first() else { return (out, true) };
            out.extend(std::iter::repeat_n(*byte, 257 - usize::from(*length)));
            rest = behind;
        }
    }
    (out, true)
}

/// Codes of 9 to 12 bits, most significant first; 256 clears the table, 257 ends.
fn lzw(source: &[u8], early: bool, bytes_max: usize) -> (Vec<u8>, bool) {
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a piece of what was written: where it begins, how long it is.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let mut before: Option<(usize, usize)> = None;
    let (mut bits, mut count, mut width) = (0_u32, 0_u32, 9_u32);
    for byte in source {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        if count < width {
            continue;
        }
        count -= width;
        let code = ((bits >> count) & ((1 << width) - 1)) as usize;
        bits &= (1 << count) - 1;
        match code {
            256 => {
                table.clear();
                (before, width) = (None, 9);
                continue;
            }
            257 => return (out, false),
            _ => {}
        }
        let start = out.len();
        if let Ok(literal) = u8::try_from(code) {
            out.push(literal);
        } else {
            let known = table.get(code - 258).copied();
            // A code that is made right now: the last piece and its own first octet.
            let Some((from, length)) = known.or(before.map(|(from, length)| (from, length + 1))) else {
                return (out, true);
            };
            for at in from..from + length {
                let Some(byte) = out.get(at).copied() else { return (out, true) };
                out.push(byte);
            }
        }
        if let Some((from, length)) = before
            && table.len() < 4096 - 258
        {
            table.push((from, length + 1));
        }
        before = Some((start, out.len() - start));
        let next = table.len() + 258 + 1 + usize::from(early);
        width = if next > 2048 {
            12
        } else if next > 1024 {
            11
        } else if next > 512 {
            10
        } else {
            9
        };
        if out.len() >= bytes_max {
            return (out, false);
        }
    }
    (out, true)
}

/// Undoes the predictors of PNG (10 to 15) and, for octets, of TIFF (2).
fn predicted(bytes: &[u8], parameters: &Parameters) -> Vec<u8> {
    let positive = |value: i64| usize::try_from(value).unwrap_or(1).clamp(1, 1 << 20);
    let bits = positive(parameters.colors).min(64) * positive(parameters.bits).min(32);
    let pixel = bits.div_ceil(8);
    let row = (bits * positive(parameters.columns)).div_ceil(8);
    let mut out = Vec::with_capacity(bytes.len());
    let is_png = parameters.predictor >= 10;
    let mut above = vec![0_u8; row];
    for line in bytes.chunks(row + usize::from(is_png)) {
        let (kind, data) = if is_png { line.split_first().map_or((0, line), |(k, d)| (*k, d)) } else { (1, line) };
        let mut current = vec![0_u8; row];
        for (at, byte) in data.iter().enumerate() {
            let of = |line: &[u8], at: Option<usize>| at.and_then(|at| line.get(at).copied()).unwrap_or(0);
            let left = of(&current, at.checked_sub(pixel));
            let up = of(&above, Some(at));
            let corner = of(&above, at.checked_sub(pixel));
            let guess = match kind {
                1 => left,
                2 => up,
                3 => u16::midpoint(u16::from(left), u16::from(up)).to_le_bytes()[0],
                4 => paeth(left, up, corner),
                _ => 0,
            };
            if let Some(place) = current.get_mut(at) {
                *place = byte.wrapping_add(guess);
            }
        }
        out.extend(current.iter().take(data.len()));
        above = current;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i32::from);
    let guess = a + b - c;
    let (to_left, to_up, to_corner) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if to_left <= to_up && to_left <= to_corner {
        left
    } else if to_up <= to_corner {
        up
    } else {
        corner
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;

    pub(in crate::unpack::documents::pdf) fn deflated(contents: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(contents).unwrap();
        writer.finish().unwrap()
    }

    fn check(raw: &[u8], filters: &[Filter], want: &[u8]) {
        let decoded = decode(raw, filters, &Parameters::default(), 1 << 20);
        assert_eq!((decoded.bytes.as_slice(), decoded.is_unread), (want, false), "{filters:?}");
    }

    #[test]
    fn each_filter_is_undone() {
        check(b"4A 53>junk", &[Filter::Hex], b"JS");
        check(b"<~87cURD]i,\"Ebo80~>", &[Filter::Ascii85], b"Hello World!");
        check(b"\x02abc\xfdx\x80", &[Filter::RunLength], b"abcxxxx");
        // The sample of the standard, §7.4.4.2.
        check(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", &[Filter::Lzw], b"-----A---B");
        check(&deflated(b"inner"), &[Filter::Flate], b"inner");
        let hex: Vec<u8> = deflated(b"twice").iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
        check(&hex, &[Filter::Hex, Filter::Flate], b"twice");
    }

    #[test]
    fn damaged_flate_gives_what_is_there() {
        let whole = deflated(&b"some words that are long enough ".repeat(50));
        let decoded = decode(&whole[..whole.len() - 6], &[Filter::Flate], &Parameters::default(), 1 << 20);
        assert!(decoded.is_damaged && decoded.bytes.starts_with(b"some words"));
        check(&whole[2..], &[Filter::Flate], &b"some words that are long enough ".repeat(50));
        let bound = decode(&whole, &[Filter::Flate], &Parameters::default(), 100);
        assert_eq!((bound.bytes.len(), bound.is_cut), (100, true));
        assert!(decode(b"x", &[Filter::Picture], &Parameters::default(), 9).is_unread);
    }

    #[test]
    fn predictors_are_undone() {
        let parameters = Parameters { predictor: 12, columns: 3, ..Parameters::default() };
        assert_eq!(predicted(&[2, 1, 2, 3, 2, 1, 1, 1], &parameters), [1, 2, 3, 2, 3, 4]);
        let tiff = Parameters { predictor: 2, columns: 3, ..Parameters::default() };
        assert_eq!(predicted(&[1, 1, 1, 5, 1, 1], &tiff), [1, 2, 3, 5, 6, 7]);
    }
}
