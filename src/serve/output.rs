//! Writes replies to a peer: gathered while it pipelines, sent before we wait for it.
//!
//! Does not know what a reply is. A peer that doesn't read is given up after a while.

use crate::limits::REPLY_BLOCK_BYTES;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The sending half of any socket.
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The sending half of a connection.
pub(crate) struct Output<W = Writer> {
    writer: W,
    pending: Vec<u8>,
    patience: Duration,
}

impl<W: AsyncWrite + Unpin> Output<W> {
    /// `patience`: how long the peer may take to read one block.
    pub(crate) fn new(writer: W, patience: Duration) -> Self {
        Self { writer, pending: Vec::new(), patience }
    }

    /// The socket alone; what is pending is gone.
    pub(crate) fn into_writer(self) -> W {
        self.writer
    }

    /// Where replies are appended; [`Output::flush`] sends them.
    pub(crate) fn pending(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Sends what is pending once it is more than [`REPLY_BLOCK_BYTES`]: a peer can't make us gather without end.
    ///
    /// # Errors
    /// As [`Output::flush`].
    pub(crate) async fn flush_if_large(&mut self) -> io::Result<()> {
        if self.pending.len() > REPLY_BLOCK_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Sends what is pending.
    ///
    /// # Errors
    /// What the socket says; `TimedOut` where the peer does not read.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let sent = timeout(self.patience, self.writer.write_all(&self.pending)).await;
        self.pending.clear();
        sent.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Sends what is pending and closes our direction.
    ///
    /// # Errors
    /// As [`Output::flush`].
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        self.flush().await?;
        timeout(self.patience, self.writer.shutdown()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
