//! A connection to a provider, and one call after another on it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use vestibule_core::Unreachable;

use super::pool::Stream;

pub(super) type Request = http::Request<Full<Bytes>>;

/// A connection to a provider, for one call after another.
///
/// Nothing runs for it beside the call that it serves: a task of its own would be woken for every
/// answer and wake the call's. While it is kept, nobody looks at it; whether it was closed
/// meanwhile is seen before the next request is written.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None`: it has ended.
    running: Option<http1::Connection<Stream, Full<Bytes>>>,
}

impl Connection {
    /// A head of more than `head_cap` bytes is an error.
    pub(super) async fn over(stream: Stream, head_cap: usize) -> hyper::Result<Self> {
        let (sender, running) =
            http1::Builder::new().max_buf_size(head_cap).handshake(stream).await?;
        Ok(Self { sender, running: Some(running) })
    }

    /// Sends a request. The error holds it where nothing of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request,
    ) -> Result<http::Response<Incoming>, TrySendError<Request>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|context| {
            self.run(context);
            // Only what was run above can bring it, so nobody needs to be woken.
            answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await
    }

    /// The whole body, if it is no longer than `cap`; one that announces to be longer is not read
    /// at all.
    pub(super) async fn read(
        &mut self,
        mut body: Incoming,
        cap: usize,
    ) -> Result<Bytes, Unreachable> {
        if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > cap) {
            return Err(Unreachable::TooLarge);
        }
        let mut whole = Vec::new();
        while let Some(frame) = poll_fn(|context| self.frame(&mut body, context)).await {
            let Ok(data) = frame.map_err(|_| Unreachable::Connection)?.into_data() else {
                continue;
            };
            if data.len() > cap - whole.len() {
                return Err(Unreachable::TooLarge);
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.into())
    }

    /// Whether it can serve another call.
    pub(super) async fn is_free(&mut self) -> bool {
        if !self.sender.is_ready() {
            poll_fn(|context| {
                self.run(context);
                Poll::Ready(())
            })
            .await;
        }
        self.running.is_some() && self.sender.is_ready()
    }

    fn frame(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<http_body::Frame<Bytes>>>> {
        // As above: what is not there yet comes by running.
        let mut nobody = Context::from_waker(Waker::noop());
        let frame = Pin::new(&mut *body).poll_frame(&mut nobody);
        if frame.is_ready() {
            return frame;
        }
        self.run(context);
        Pin::new(body).poll_frame(&mut nobody)
    }

    /// Reads and writes what can be. How the connection ended is told to whoever waits for an
    /// answer or a body.
    fn run(&mut self, context: &mut Context<'_>) {
        if let Some(running) = &mut self.running
            && Pin::new(running).poll(context).is_ready()
        {
            // A request that it has not taken is given back now.
            self.running = None;
        }
    }
}
