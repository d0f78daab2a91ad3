//! The frames between pool and worker: kind (one octet), length (four octets, least first), payload.
//!
//! A message and compiled signatures travel as they are; everything else is JSON. The pool reads a worker's frames as hostile: kind and length
//! are checked before a byte of the payload is. Does not know what the payloads mean.

use std::io::{self, Read, Write};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To the worker, first: the operator's choices; no answer.
    Outfit,
    /// To the worker, before the first look: compiled signatures, as they are; no answer.
    Signatures,
    /// To the worker: a message to remember; no answer.
    Message,
    /// To the worker: look at the message; a session.
    Look,
    /// To the worker: run scripts over the message; a request.
    Sieve,
    /// To the worker: check the text of a script; a question.
    Check,
    /// To the worker: try to break out; an attempt.
    Attempt,
    /// From the worker, once: what of the cage is in force.
    Hello,
    /// From the worker: what was asked for.
    Answer,
    /// From the worker: the question made it panic; the words of the panic.
    Panic,
}

const KINDS: [(Kind, u8); 10] = [
    (Kind::Outfit, b'R'),
    (Kind::Signatures, b'G'),
    (Kind::Message, b'M'),
    (Kind::Look, b'L'),
    (Kind::Sieve, b'S'),
    (Kind::Check, b'C'),
    (Kind::Attempt, b'T'),
    (Kind::Hello, b'H'),
    (Kind::Answer, b'A'),
    (Kind::Panic, b'P'),
];

const HEAD_BYTES: usize = 5;

fn head(kind: Kind, payload: &[u8]) -> io::Result<[u8; HEAD_BYTES]> {
    let octet = KINDS.iter().find(|(known, _)| *known == kind).map_or(0, |(_, octet)| *octet);
    let length = u32::try_from(payload.len()).map_err(|_| io::Error::other("a frame of more than 4 GiB"))?;
    let [a, b, c, d] = length.to_le_bytes();
    Ok([octet, a, b, c, d])
}

/// Kind and length; an unknown kind or a length beyond `bytes_max` is an error.
fn read_head([octet, a, b, c, d]: [u8; HEAD_BYTES], bytes_max: usize) -> io::Result<(Kind, usize)> {
    let kind = KINDS.iter().find(|(_, known)| *known == octet).map(|(kind, _)| *kind);
    let kind = kind.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("a frame of kind {octet}")))?;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if length > bytes_max {
        let words = format!("a frame of {length} bytes, at most {bytes_max}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok((kind, length))
}

/// The worker's side of reading; `None` where the pool has closed the pipe between two frames.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut first = [0; 1];
    if from.read(&mut first)? == 0 {
        return Ok(None);
    }
    let mut rest = [0; HEAD_BYTES - 1];
    from.read_exact(&mut rest)?;
    let ([octet], [a, b, c, d]) = (first, rest);
    let (kind, length) = read_head([octet, a, b, c, d], usize::MAX)?;
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    Ok(Some((kind, payload)))
}

/// The worker's side of writing.
pub(super) fn write(to: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    to.write_all(&head(kind, payload)?)?;
    to.write_all(payload)?;
    to.flush()
}

/// The pool's side of reading. An unknown kind or a length beyond `bytes_max` is `InvalidData`.
pub(super) async fn receive(from: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> io::Result<(Kind, Vec<u8>)> {
    let mut head = [0; HEAD_BYTES];
    from.read_exact(&mut head).await?;
    let (kind, length) = read_head(head, bytes_max)?;
    // Not reserved at once: a worker that only promises many bytes gets no memory for them.
    let mut payload = Vec::new();
    from.take(length as u64).read_to_end(&mut payload).await?;
    if payload.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((kind, payload))
}

/// The pool's side of writing.
pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), kind: Kind, payload: &[u8]) -> io::Result<()> {
    to.write_all(&head(kind, payload)?).await?;
    to.write_all(payload).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_and_nothing_else() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Answer, b"abc").unwrap();
        assert_eq!(pipe, b"A\x03\0\0\0abc");
        assert_eq!(receive(&mut &pipe[..], 3).await.unwrap(), (Kind::Answer, b"abc".to_vec()));
        assert_eq!(read(&mut &pipe[..]).unwrap(), Some((Kind::Answer, b"abc".to_vec())));
        assert_eq!(read(&mut &b""[..]).unwrap(), None);
        for bad in [&pipe[..4], &pipe[..7], b"X\0\0\0\0", b"A\x04\0\0\0abcd"] {
            assert!(receive(&mut &bad[..], 3).await.is_err(), "{bad:?}");
        }
    }
}
