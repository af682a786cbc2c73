//! Whether a connection is used: how many handlers run for it, and since when none does.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tower_service::Service;

/// The address that a request's connection comes from: in the extensions of every request that
/// [`serve`](crate::serve()) hands on. It may be a proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "whoever serves in another way makes it")]
pub struct Peer(pub SocketAddr);

/// How a connection is used.
pub(crate) struct Usage(Mutex<State>);

struct State {
    handlers: usize,
    /// When the last of them ended, or the connection began.
    idle_since: Instant,
}

impl Usage {
    /// Of a connection on which nothing was asked yet.
    pub(crate) fn begun() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { handlers: 0, idle_since: Instant::now() })))
    }

    /// Done when no handler has run for so long.
    pub(crate) async fn idle_for(&self, deadline: Duration) {
        loop {
            let now = Instant::now();
            let since = self.idle_since().unwrap_or(now);
            if since + deadline <= now {
                return;
            }
            sleep_until(since + deadline).await;
        }
    }

    fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.handlers == 0).then_some(state.idle_since)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handler that runs, until this is dropped.
struct Handler(Arc<Usage>);

impl Handler {
    fn begun(usage: &Arc<Usage>) -> Self {
        usage.state().handlers += 1;
        Self(Arc::clone(usage))
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.handlers -= 1;
        state.idle_since = Instant::now();
    }
}

/// A connection's service: it counts handlers and tells them from where the request came.
#[derive(Clone)]
pub(crate) struct Counted<S> {
    pub(crate) inner: S,
    pub(crate) peer: SocketAddr,
    pub(crate) usage: Arc<Usage>,
}

impl<S, B> Service<http::Request<B>> for Counted<S>
where
    S: Service<http::Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        request.extensions_mut().insert(Peer(self.peer));
        let handler = Handler::begun(&self.usage);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _handler = handler;
            answer.await
        })
    }
}
