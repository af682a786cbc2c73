//! One connection: HTTP/1.1 or HTTP/2, for as long as it is used.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tower_service::Service;

use crate::limits::Limits;
use crate::usage::{Counted, Usage};

/// What a client may send of one request's body before it is read, in bytes: HTTP/2's own default,
/// and one byte less than the longest body that is read at all.
const STREAM_WINDOW: u32 = 64 * 1024 - 1;

/// The same for all requests of one HTTP/2 connection together.
const CONNECTION_WINDOW: u32 = 4 * STREAM_WINDOW;

/// How many bytes of one HTTP/2 answer wait for a client that does not read: more than any document
/// or page of ours.
const SEND_BUFFER: usize = 64 * 1024;

/// What all connections have in common.
pub(crate) struct Connections<S> {
    http: auto::Builder<TokioExecutor>,
    limits: Limits,
    service: S,
    stopping: watch::Receiver<()>,
}

impl<S, B> Connections<S>
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// They end when the other side of `stopping` is gone.
    pub(crate) fn new(limits: Limits, service: S, stopping: watch::Receiver<()>) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        let head = limits.head.max(8 * 1024);
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle_deadline)
            .max_buf_size(usize::try_from(head).unwrap_or(usize::MAX));
        // Beside these, the defaults of hyper and h2 end a connection whose client resets requests
        // as fast as it sends them (CVE-2023-44487: 20 that were not yet looked at), provokes our
        // own resets (1024), or sends a head in pieces without end (CVE-2024-27316).
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(head)
            .max_concurrent_streams(limits.streams)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(limits.ping)
            .keep_alive_timeout(limits.ping);
        Self { http, limits, service, stopping }
    }

    /// Serves a connection until it is closed, idle for too long, or all are to end.
    pub(crate) fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send + use<S, B> {
        // Answers are written at once; where the option is refused they are merely later.
        let _ = stream.set_nodelay(true);
        let usage = Usage::begun();
        let service = Counted { inner: self.service.clone(), peer, usage: Arc::clone(&usage) };
        let service = TowerToHyperService::new(service);
        let connection = self.http.serve_connection(TokioIo::new(stream), service).into_owned();
        let (mut stopping, limits) = (self.stopping.clone(), self.limits.clone());
        async move {
            let mut connection = pin!(connection);
            tokio::select! {
                // What went wrong on a connection is its client's business.
                _ = connection.as_mut() => return,
                () = usage.idle_for(limits.idle_deadline) => {}
                _ = stopping.changed() => {}
            }
            // HTTP/1.1: no further request. HTTP/2: GOAWAY (RFC 9113 §6.8). Whoever is not done
            // after the grace has a client that does not read its answer, or sends no more.
            connection.as_mut().graceful_shutdown();
            let _ = timeout(limits.grace, connection).await;
        }
    }
}
