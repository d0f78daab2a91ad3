//! The end of a message and the dots before its lines: a pure state machine over octets.
//!
//! Only CRLF `.` CRLF ends a message; bare CR and bare LF are data, so that nobody can hide a second message in the first
//! (CVE-2023-51764). Knows nothing of sockets, limits or memory. smtp-proto's own receiver is not used: it does not end
//! on an empty message and takes CRLF `.` CR CR LF for an end. Standards: RFC 5321 §4.1.1.4, §4.5.2.

/// Where in a line the last octet was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// After CRLF, and at the very beginning: the CRLF of the DATA command counts (RFC 5321 §4.1.1.4).
    LineStart,
    /// After a dot at the start of a line; the dot is held back.
    Dot,
    /// After a dot at the start of a line and CR; both are held back.
    DotCr,
    /// After a CR that is data.
    Cr,
    /// Anywhere else.
    Middle,
}

/// Takes the octets of one message as they come.
#[derive(Clone, Debug)]
pub(super) struct Unstuffer {
    at: At,
}

impl Unstuffer {
    pub(super) fn new() -> Self {
        Self { at: At::LineStart }
    }

    /// Appends the message's own octets to `out`, at most one more than `input` has. Returns what follows the end of
    /// the message once it was seen; `None`: the end is still to come.
    pub(super) fn push<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
        let mut rest = input;
        while let Some((byte, after)) = rest.split_first() {
            self.at = match (self.at, byte) {
                (At::LineStart, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotCr,
                (At::DotCr, b'\n') => return Some(after),
                (At::DotCr, _) => {
                    // It was not the end: the CR is data, and this octet follows it.
                    out.push(b'\r');
                    self.at = At::Cr;
                    continue;
                }
                (At::Cr, b'\n') => {
                    out.push(b'\n');
                    At::LineStart
                }
                // RFC 5321 §4.5.2: the first dot of a longer line is removed, so it is never written.
                (At::Dot | At::LineStart | At::Cr | At::Middle, _) => {
                    rest = copy_to_cr(rest, out);
                    self.at = if out.last() == Some(&b'\r') { At::Cr } else { At::Middle };
                    continue;
                }
            };
            rest = after;
        }
        None
    }
}

/// Copies up to and with the next CR and returns what follows.
fn copy_to_cr<'a>(input: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let end = memchr::memchr(b'\r', input).map_or(input.len(), |at| at + 1);
    let (text, rest) = input.split_at_checked(end).unwrap_or((input, &[]));
    out.extend_from_slice(text);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message and what follows it, where it ended.
    fn unstuff(pieces: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>) {
        let (mut unstuffer, mut out) = (Unstuffer::new(), Vec::new());
        let mut pieces = pieces.iter();
        while let Some(piece) = pieces.next() {
            let before = out.len();
            let rest = unstuffer.push(piece, &mut out).map(<[u8]>::to_vec);
            assert!(out.len() - before <= piece.len() + 1);
            if let Some(mut rest) = rest {
                pieces.for_each(|p| rest.extend_from_slice(p));
                return (out, Some(rest));
            }
        }
        (out, None)
    }

    fn check(input: &[u8], want: &[u8], rest: Option<&[u8]>) {
        let want = (want.to_vec(), rest.map(<[u8]>::to_vec));
        assert_eq!(unstuff(&[input]), want, "{:?}", String::from_utf8_lossy(input));
        for a in 0..=input.len() {
            for b in a..=input.len() {
                assert_eq!(unstuff(&[&input[..a], &input[a..b], &input[b..]]), want, "{input:?} cut at {a} and {b}");
            }
        }
    }

    #[test]
    fn a_message_ends_at_crlf_dot_crlf() {
        check(b"a\r\n.\r\n", b"a\r\n", Some(b""));
        check(b"a\r\n.\r\nQUIT\r\n", b"a\r\n", Some(b"QUIT\r\n"));
        check(b".\r\n", b"", Some(b""));
        check(b".\r\nQUIT\r\n", b"", Some(b"QUIT\r\n"));
        check(b"\r\n.\r\n", b"\r\n", Some(b""));
        check(b"a\r\r\n.\r\n", b"a\r\r\n", Some(b""));
    }

    #[test]
    fn nothing_else_ends_a_message() {
        for body in ["\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r\n..\r\n", "\r\n.\0\r\n"]
        {
            let input = format!("a{body}b");
            let (out, rest) = unstuff(&[input.as_bytes()]);
            assert_eq!(rest, None, "{body:?} ended the message");
            let want = input.replacen("\r\n.", "\r\n", 1);
            assert_eq!(out, want.as_bytes(), "{body:?}");
            check(input.as_bytes(), want.as_bytes(), None);
        }
        // CRLF . CR CR LF: what smtp-proto takes for an end.
        check(b"a\r\n.\r\r\nb\r\n.\r\n", b"a\r\n\r\r\nb\r\n", Some(b""));
        check(b".\r\r\n.\r\n", b"\r\r\n", Some(b""));
        check(b".\r.\r\n.\r\n", b"\r.\r\n", Some(b""));
    }

    #[test]
    fn the_first_dot_of_a_longer_line_goes_also_on_the_first_line() {
        check(b"..a\r\n..\r\n...\r\n.b\r\na.\r\n.\r\n", b".a\r\n.\r\n..\r\nb\r\na.\r\n", Some(b""));
    }

    #[test]
    fn ten_thousand_stuffed_bodies_come_back_as_they_were() {
        let mut seed = 1u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for _ in 0..10_000 {
            let mut body: Vec<u8> = (0..next(40)).map(|_| b"..\r\n\r\nab\0"[next(9)]).collect();
            body.extend_from_slice(b"\r\n");
            let mut wire = Vec::new();
            for (at, byte) in body.iter().enumerate() {
                if *byte == b'.' && (at == 0 || body[..at].ends_with(b"\r\n")) {
                    wire.push(b'.');
                }
                wire.push(*byte);
            }
            wire.extend_from_slice(b".\r\nNOOP");
            let cut = next(wire.len());
            assert_eq!(unstuff(&[&wire[..cut], &wire[cut..]]), (body, Some(b"NOOP".to_vec())), "{wire:?}");
        }
    }
}
