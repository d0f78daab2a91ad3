//! yEnc: octets shifted by 42, with four of them escaped.
//!
//! Does not join the parts of several messages: each is a file of its own. Standards: yEnc 1.3 (=ybegin, =ypart, =yend).

use super::lines::{Line, line_at, text_of};
use super::{Carved, Condition};

/// The file that begins at a line `=ybegin …`, and where reading goes on; `None` for another line.
pub(super) fn begun(bytes: &[u8], line: Line, most: usize) -> Option<(Option<Carved>, usize)> {
    let head = text_of(bytes, line).strip_prefix(b"=ybegin ")?;
    let head = String::from_utf8_lossy(head.get(..head.len().min(1024)).unwrap_or_default()).into_owned();
    let (before, name) = head.split_once("name=")?;
    let size = before.split_whitespace().find_map(|word| word.strip_prefix("size=")?.parse::<u64>().ok());
    let mut out = Vec::new();
    let mut condition = Condition::Damaged;
    let mut at = line.next;
    while let Some(line) = yenc_line(bytes, at) {
        let text = text_of(bytes, line);
        if text.starts_with(b"=ybegin ") {
            break;
        }
        at = line.next;
        if text.starts_with(b"=yend") {
            let is_part = head.contains("part=");
            condition = if is_part || size == Some(out.len() as u64) { Condition::Sound } else { Condition::Damaged };
            break;
        }
        if !text.starts_with(b"=ypart ") {
            decode(text, &mut out);
        }
        if out.len() > most {
            out.truncate(most);
            condition = Condition::CutOff;
            break;
        }
    }
    let name = Some(name.trim().to_string());
    let carved = Carved { coding: "yenc", name, range: line.start..at, contents: out, condition };
    Some((Some(carved).filter(|carved| !carved.contents.is_empty()), at))
}

/// yEnc escapes CR and LF, so each of them is a line end.
fn yenc_line(bytes: &[u8], at: usize) -> Option<Line> {
    line_at(bytes, at)
}

fn decode(text: &[u8], out: &mut Vec<u8>) {
    // A dot at the begin is doubled on its way (RFC 5321 §4.5.2); whoever sends mail undoes it.
    let mut escaped = false;
    for byte in text {
        if *byte == b'=' && !escaped {
            escaped = true;
            continue;
        }
        let shift = if escaped { 64 + 42 } else { 42 };
        out.push(byte.wrapping_sub(shift));
        escaped = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Condition;
    use super::super::tests::carve;

    #[test]
    fn a_file_comes_back_whole() {
        let mut text = b"=ybegin line=128 size=4 name=a b.bin\r\n".to_vec();
        text.extend([b'P' + 42, b'K' + 42, b'=', (0xd6_u8).wrapping_add(42).wrapping_add(64), 5 + 42]);
        text.extend(b"\r\n=yend size=4 crc32=0\r\n");
        let found = carve(&text);
        assert_eq!(found[0].2, [b'P', b'K', 0xd6, 5]);
        assert_eq!((found[0].1.as_deref(), found[0].3), (Some("a b.bin"), Condition::Sound));
    }
}
