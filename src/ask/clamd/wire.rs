//! A connection to clamd that is never read without end, and whose answer is not lost when clamd stops listening.
//!
//! clamd that has enough of a message answers and closes while we still send: the failed write is remembered, the rest
//! is thrown away, and the answer is read. Does not know what is said.

use crate::limits::CLAMD_REPLY_BYTES_MAX;
use clamav_client::tokio::TransportProtocol;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A way to clamd whose connections are bounded.
pub(super) struct Bounded<T>(pub(super) T);

impl<T: TransportProtocol> TransportProtocol for Bounded<T> {
    type Stream = Wire<T::Stream>;

    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> {
        let connecting = self.0.connect();
        async { Ok(Wire { stream: connecting.await?, left: CLAMD_REPLY_BYTES_MAX, closed: None }) }
    }
}

/// One such connection.
pub(super) struct Wire<S> {
    stream: S,
    /// Octets of the answer that may still come.
    left: usize,
    /// Why nothing more is sent: the peer has stopped listening.
    closed: Option<io::ErrorKind>,
}

/// The peer is gone or has closed its end.
fn is_closing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted)
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        let count = buf.filled().len().saturating_sub(before);
        let nothing_came = self.left == CLAMD_REPLY_BYTES_MAX;
        match (read, self.closed) {
            (Err(error), Some(_)) if is_closing(error.kind()) && !nothing_came => Poll::Ready(Ok(())),
            (Ok(()), Some(kind)) if count == 0 && nothing_came => Poll::Ready(Err(kind.into())),
            (Ok(()), _) => match self.left.checked_sub(count) {
                Some(left) => {
                    self.left = left;
                    Poll::Ready(Ok(()))
                }
                None => {
                    // A reader that gets an error has got nothing else.
                    buf.set_filled(before);
                    let words = format!("an answer of more than {CLAMD_REPLY_BYTES_MAX} octets");
                    Poll::Ready(Err(io::Error::other(words)))
                }
            },
            (Err(error), _) => Poll::Ready(Err(error)),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.closed.is_some() {
            return Poll::Ready(Ok(bytes.len()));
        }
        match ready!(Pin::new(&mut self.stream).poll_write(cx, bytes)) {
            Err(error) if is_closing(error.kind()) => {
                self.closed = Some(error.kind());
                Poll::Ready(Ok(bytes.len()))
            }
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
