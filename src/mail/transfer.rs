//! Transfer decoding that never fails: what a lenient client would make of base64 and quoted-printable.
//!
//! Does not find where a part begins or ends. Standards: RFC 2045 §6.7 and §6.8. *Deviation:* foreign characters are
//! skipped, not refused (§6.8 allows it), because readers do so and contents would hide behind one.

/// What an octet is in base64: a value below 64, [`PAD`] or [`FOREIGN`].
fn value(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => PAD,
        _ => FOREIGN,
    }
}

const PAD: u8 = 64;
const FOREIGN: u8 = 65;

/// True for letters, digits, `+`, `/` and `=`.
pub(super) fn is_base64(byte: u8) -> bool {
    value(byte) != FOREIGN
}

/// Decodes base64; characters outside of its alphabet are skipped, `=` ends a group.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    let values: [u8; 256] = std::array::from_fn(|byte| u8::try_from(byte).map_or(FOREIGN, value));
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let mut group: u32 = 0;
    let mut filled = 0;
    for byte in bytes {
        let value = values.get(usize::from(*byte)).copied().unwrap_or(FOREIGN);
        if value == PAD {
            flush(&mut out, group, filled);
            (group, filled) = (0, 0);
        }
        if value >= PAD {
            continue;
        }
        group = group << 6 | u32::from(value);
        filled += 1;
        if filled == 4 {
            out.extend_from_slice(group.to_be_bytes().get(1..).unwrap_or_default());
            (group, filled) = (0, 0);
        }
    }
    flush(&mut out, group, filled);
    out
}

/// Writes the whole octets of an incomplete group of `filled` characters.
fn flush(out: &mut Vec<u8>, group: u32, filled: u32) {
    let bytes = (group << (6 * (4 - filled.min(4)))).to_be_bytes();
    let whole = match filled {
        0 => 0,
        // mail-parser writes one octet for a lone character as well.
        1 | 2 => 1,
        _ => 2,
    };
    out.extend_from_slice(bytes.get(1..=whole).unwrap_or_default());
}

/// How much of an `=` sequence was read.
enum Escape {
    No,
    Equals,
    Half(u8),
}

/// Decodes quoted-printable; a broken escape is left out. White space and CR inside an escape are skipped, as
/// mail-parser does.
pub(crate) fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut escape = Escape::No;
    for byte in bytes {
        escape = match (escape, byte) {
            (Escape::No, b'=') => Escape::Equals,
            (Escape::No, _) => {
                out.push(*byte);
                Escape::No
            }
            (Escape::Equals, b'\n') => Escape::No,
            (Escape::Equals, byte) if byte.is_ascii_whitespace() => Escape::Equals,
            (Escape::Equals, byte) => hex(*byte).map_or(Escape::No, Escape::Half),
            (Escape::Half(high), b'\r' | b'\n') => {
                out.push(*byte);
                Escape::Half(high)
            }
            (Escape::Half(high), byte) => {
                out.extend(hex(*byte).map(|low| high << 4 | low));
                Escape::No
            }
        };
    }
    out
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_in_base64_hides_nothing() {
        for (text, want) in [
            ("aGVsbG8=", "hello"),
            ("aG Vs\r\nbG8", "hello"),
            ("a!G*V.s-b_G8=", "hello"),
            ("aGVsbG8=IHdvcmxk", "hello world"),
            ("", ""),
            ("====", ""),
            ("aGVsbA==bw==", "hello"),
        ] {
            assert_eq!(base64(text.as_bytes()), want.as_bytes(), "{text}");
        }
    }

    #[test]
    fn quoted_printable_is_read_leniently() {
        for (text, want) in [
            ("a=3Db", "a=b"),
            ("a=\r\nb", "ab"),
            ("a=  \r\nb", "ab"),
            ("=41=4a=4A", "AJJ"),
            ("a=ZZb=", "aZb"),
            ("a=  41", "aA"),
        ] {
            assert_eq!(quoted_printable(text.as_bytes()), want.as_bytes(), "{text}");
        }
    }
}
