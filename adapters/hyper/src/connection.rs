//! One connection: HTTP/1.1 or HTTP/2, for as long as it is used.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service;

use crate::counted::Counted;
use crate::heard::Heard;
use crate::house::Guest;
use crate::limits::Limits;
use crate::usage::Spent;

/// What a client may send of one request's body before it is read, in bytes: HTTP/2's own default,
/// and one byte less than the longest body that is read at all.
const STREAM_WINDOW: u32 = 64 * 1024 - 1;

/// The same for all requests of one HTTP/2 connection together.
const CONNECTION_WINDOW: u32 = 2 * STREAM_WINDOW;

/// How many bytes of one HTTP/2 answer wait for a client that does not read: more than any document
/// or page of ours.
const SEND_BUFFER: usize = 64 * 1024;

/// The longest time between pings: hyper adds it to the time it is.
const PING_AT_MOST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What all connections have in common.
pub(crate) struct Connections<S> {
    versions: Arc<Versions>,
    grace: Duration,
    service: S,
    stopping: watch::Receiver<()>,
}

/// How connections are served.
struct Versions {
    /// HTTP/1.1, without a look at what it is.
    http1: auto::Builder<TokioExecutor>,
    /// Whatever it turns out to be.
    any: auto::Builder<TokioExecutor>,
}

impl Versions {
    /// What a connection whose first bytes are these can be: HTTP/2 begins with `PRI * HTTP/2.0`
    /// (RFC 9113 §3.4). `any` reads so many bytes apart from the rest, so that hyper looks at the head
    /// of a first request twice; only what may be HTTP/2 goes there.
    fn of(&self, first: &[u8]) -> &auto::Builder<TokioExecutor> {
        let may_be_http2 = first.iter().zip(b"PRI").all(|(byte, preface)| byte == preface);
        if may_be_http2 { &self.any } else { &self.http1 }
    }
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
    /// They finish what they are at when the other side of `stopping` says so, and are closed when
    /// it is gone.
    pub(crate) fn new(limits: &Limits, service: S, stopping: watch::Receiver<()>) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        let head = limits.head.max(8 * 1024);
        let ping = limits.ping.min(PING_AT_MOST);
        // hyper's own deadline of heads also runs while a kept connection is idle; ours does not.
        http.http1()
            .header_read_timeout(None)
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
            .keep_alive_interval(ping)
            .keep_alive_timeout(ping);
        let versions = Versions { http1: http.clone().http1_only(), any: http };
        Self { versions: Arc::new(versions), grace: limits.grace, service, stopping }
    }

    /// Serves a connection until it is closed, has had its time, or all are to end.
    pub(crate) fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        guest: Guest,
    ) -> impl Future<Output = ()> + Send + use<S, B> {
        // Answers are written at once; where the option is refused they are merely later.
        let _ = stream.set_nodelay(true);
        let usage = Arc::clone(&guest.usage);
        let service = Counted { inner: self.service.clone(), peer, usage: Arc::clone(&usage) };
        let service = TowerToHyperService::new(service);
        let (versions, mut stopping) = (Arc::clone(&self.versions), self.stopping.clone());
        let grace = self.grace;
        async move {
            // Its place is another's as soon as the socket is closed.
            let _guest = guest;
            let mut stream = Heard::new(stream, Arc::clone(&usage));
            let mut spent = pin!(usage.spent());
            let http = tokio::select! {
                biased;
                first = stream.first() => match first {
                    Ok(bytes) if !bytes.is_empty() => versions.of(bytes),
                    Ok(_) | Err(_) => return,
                },
                // Nothing was asked, so nothing is to be answered.
                _ = spent.as_mut() => return,
                _ = stopping.changed() => return,
            };
            let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
            let spent = tokio::select! {
                biased;
                // What went wrong on a connection is its client's business.
                _ = connection.as_mut() => return,
                spent = spent => spent,
                stopped = stopping.changed() => match stopped {
                    Ok(()) => Spent::Idle,
                    Err(_gone) => return,
                },
            };
            // HTTP/1.1: no further request. HTTP/2: GOAWAY (RFC 9113 §6.8), which the first poll
            // below writes. Handlers that run are waited for, and end by themselves; whoever is not
            // done a grace after the last of them has a client that does not read its answer, or
            // sends no more.
            let grace = if spent == Spent::Unasked { Duration::ZERO } else { grace };
            usage.closes(grace);
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                _ = connection => {}
                () = usage.given_up() => {}
                () = gone(&mut stopping) => {}
            }
        }
    }
}

/// Waits until nobody is there any more who could say that all are to end.
async fn gone(stopping: &mut watch::Receiver<()>) {
    while stopping.changed().await.is_ok() {}
}
