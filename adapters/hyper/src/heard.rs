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
}

impl Heard {
    pub(crate) fn new(stream: TcpStream, usage: Arc<Usage>) -> Self {
        Self { stream: BufReader::with_capacity(FIRST_READ, stream), usage }
    }

    /// The first bytes, as soon as there are some, without taking them; none where none will come.
    pub(crate) async fn first(&mut self) -> io::Result<&[u8]> {
        let first = self.stream.fill_buf().await?;
        if !first.is_empty() {
            self.usage.heard();
        }
        Ok(first)
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.usage.heard();
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

    /// Nothing: hyper asks for it last and drops the socket then, which ends it in the same way.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
