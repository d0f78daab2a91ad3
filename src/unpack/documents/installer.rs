//! Names of streams in Windows installer packages.
//!
//! Does not read the tables of the package. Standards: none published; the packing of names is common knowledge (two
//! characters of a set of 64 in one of Unicode's private range).

/// The first of the characters that stand for two, for one, and for a table.
const PAIR: u32 = 0x3800;
const SINGLE: u32 = 0x4800;
const TABLE: u32 = 0x4840;

/// The name of a stream as people know it: `Binary.script`, `disk1.cab`. Other names stay as they are.
pub(in crate::unpack) fn stream_name(packed: &str) -> String {
    let mut name = String::new();
    for c in packed.chars() {
        match u32::from(c) {
            value @ PAIR..SINGLE => name.extend([digit(value - PAIR), digit((value - PAIR) >> 6)]),
            value @ SINGLE..TABLE => name.push(digit(value - SINGLE)),
            TABLE => name.push('!'),
            _ => name.push(c),
        }
    }
    name
}

/// True for streams of the table of programs and scripts that the package runs, and of its icons.
pub(in crate::unpack) fn is_binary(packed: &str) -> bool {
    let is_packed = packed.chars().any(|c| (PAIR..TABLE).contains(&u32::from(c)));
    is_packed && stream_name(packed).starts_with("Binary.")
}

fn digit(value: u32) -> char {
    const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
    DIGITS.get((value & 63) as usize).map_or('_', |digit| char::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_names_are_read() {
        let pack = |name: &str| -> String {
            let place = |c: u8| {
                b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
                    .iter()
                    .position(|d| *d == c)
                    .unwrap() as u32
            };
            name.as_bytes()
                .chunks(2)
                .filter_map(|two| match two {
                    [one, two] => char::from_u32(PAIR + place(*one) + (place(*two) << 6)),
                    [one] => char::from_u32(SINGLE + place(*one)),
                    _ => None,
                })
                .collect()
        };
        for name in ["Binary.Script1", "disk1.cab", "x"] {
            assert_eq!(stream_name(&pack(name)), name);
            assert_eq!(is_binary(&pack(name)), name.starts_with("Binary."));
        }
        assert_eq!(stream_name("\u{5}SummaryInformation"), "\u{5}SummaryInformation");
        assert!(!is_binary("Binary.x"));
    }
}
