use std::error::Error;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::usage::Untaken;

pin_project! {
    /// The body of an answer, which says how long it takes its client to take it: until the last of
    /// its bytes has gone to the kernel, or its stream or connection has ended.
    pub(crate) struct Answer<B> {
        #[pin]
        body: Option<B>,
        untaken: Option<Arc<Untaken>>,
    }
}

impl<B> Answer<B> {
    pub(crate) fn new(body: B, untaken: Untaken) -> Self {
        Self { body: Some(body), untaken: Some(Arc::new(untaken)) }
    }

    pub(crate) fn empty() -> Self {
        Self { body: None, untaken: None }
    }
}

impl<B> Body for Answer<B>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Piece<B::Data>;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let piece = |data| Piece { data, _untaken: this.untaken.clone() };
        body.poll_frame(context)
            .map(|polled| polled.map(|frame| frame.map(|frame| frame.map_data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), B::size_hint)
    }
}

/// Bytes of an answer. hyper drops them when they are written.
pub(crate) struct Piece<D> {
    data: D,
    _untaken: Option<Arc<Untaken>>,
}

impl<D: Buf> Buf for Piece<D> {
    fn remaining(&self) -> usize {
        self.data.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.data.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.data.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.data.advance(count);
    }
}
