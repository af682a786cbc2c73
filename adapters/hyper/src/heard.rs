use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;

use crate::usage::Usage;

/// What is read from the socket at once where less is asked for: the head of a request.
const FIRST_READ: usize = 1024;

/// A socket that says when bytes have come: hyper tells nobody when a head begins.
///
/// The first bytes tell HTTP/1.1 from HTTP/2, and stay in a buffer for whoever reads next. What asks
/// for more goes past it.
pub(crate) struct Heard {
    stream: BufReader<TcpStream>,
    usage: Arc<Usage>,
    /// Whether the client has sent all that it will, and all of it was read.
    is_at_end: bool,
}

impl Heard {
    pub(crate) fn new(stream: TcpStream, usage: Arc<Usage>) -> Self {
        let stream = BufReader::with_capacity(FIRST_READ, stream);
        Self { stream, usage, is_at_end: false }
    }

    /// The first bytes, as soon as there are some, without taking them; none where none will come.
    pub(crate) async fn first(&mut self) -> io::Result<&[u8]> {
        self.stream.fill_buf().await
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, wants_more) = (into.filled().len(), into.remaining() > 0);
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.usage.heard();
        } else if wants_more && matches!(read, Poll::Ready(Ok(()))) {
            self.is_at_end = true;
        }
        read
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// hyper asks for it last and drops the socket then. That says the same to a client that has
    /// ended its side; where bytes are left unread, it would be a reset, which may overtake the answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_at_end {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
