use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONNECTION, HOST, RETRY_AFTER};
use http::{HeaderValue, StatusCode, Version};
use tower_service::Service;

use crate::answer::Answer;
use crate::usage::{Handler, Untaken, Usage};

/// The address that a request's connection comes from: in the extensions of every request that
/// [`serve`](crate::serve()) hands on. It may be a proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "whoever serves in another way makes it")]
pub struct Peer(pub SocketAddr);

/// A connection's service: it counts handlers and answers, and tells requests from where they came.
#[derive(Clone)]
pub(crate) struct Counted<S> {
    pub(crate) inner: S,
    pub(crate) peer: SocketAddr,
    pub(crate) usage: Arc<Usage>,
}

impl<S, R, B> Service<http::Request<R>> for Counted<S>
where
    S: Service<http::Request<R>, Response = http::Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = http::Response<Answer<B>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<R>) -> Self::Future {
        let Some(handler) = Handler::begun(&self.usage, request.version()) else {
            // What would begin now would not be waited for, and its answer might be lost.
            return Box::pin(ready(Ok(wordless(StatusCode::SERVICE_UNAVAILABLE))));
        };
        if !names_one_host(&request) {
            return Box::pin(async move {
                drop(handler);
                Ok(wordless(StatusCode::BAD_REQUEST))
            });
        }
        request.extensions_mut().insert(Peer(self.peer));
        let usage = Arc::clone(&self.usage);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _handler = handler;
            let answer = answer.await?;
            // Before the handler ends: in between the connection would seem to rest.
            let untaken = Untaken::made(&usage);
            Ok(answer.map(|body| Answer::new(body, untaken)))
        })
    }
}

/// RFC 9112 §3.2: with HTTP/1.1, a request that names no host, or several, is answered with 400.
fn names_one_host<R>(request: &http::Request<R>) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    request.version() != Version::HTTP_11 || hosts == 1
}

/// As hyper answers to what is no HTTP: without a word, and the connection is closed.
fn wordless<B>(status: StatusCode) -> http::Response<Answer<B>> {
    let mut response = http::Response::new(Answer::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
