//! The service: flows and their end, their number and their bodies.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod sign_in;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gate::{Gate, Told, gate};
use http::StatusCode;
use http::header::{CONNECTION, RETRY_AFTER};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use sign_in::{coming_back, get, server};
use tower_service::Service;
use vestibule_core::Request;
use vestibule_hyper::{Options, Outcome, RequestId, Vestibule};

const METADATA: &str = "/.well-known/oauth-authorization-server";

/// What a handler's future does when its client goes away, `Vestibule::call` seen from hyper.
async fn call<B>(
    service: &Vestibule<Gate>,
    request: http::Request<B>,
) -> http::Response<Full<Bytes>>
where
    B: http_body::Body<Error = Infallible> + Send + 'static,
    B::Data: Send,
{
    service.clone().call(request).await.unwrap()
}

fn with_body(body: impl Into<Bytes>) -> http::Request<Full<Bytes>> {
    http::Request::post("/oauth/token").body(Full::new(body.into())).unwrap()
}

#[tokio::test]
async fn a_request_that_asks_nothing_is_answered() {
    let (service, _gate) = gate(server(), Options::default());
    let response = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_flow_with_questions_is_answered_when_they_are() {
    let (service, mut gate) = gate(server(), Options::default());
    let request = coming_back(service.server()).map(Full::new);
    gate.open();
    let response = call(&service, request).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    gate.expect(&["load", "http", "http", "swap"]).await;
    assert_eq!(service.driver().store.len(), 1);
}

/// A handler that is dropped before its flow has begun leaves nothing; one that is dropped later
/// changes nothing.
#[tokio::test]
async fn htt_21_a_flow_survives_its_handler() {
    let (service, mut gate) = gate(server(), Options::default());
    let request = coming_back(service.server()).map(Full::new);
    drop(service.clone().call(request));
    gate.expect_silence();

    let request = coming_back(service.server()).map(Full::new);
    let handler = tokio::spawn({
        let service = service.clone();
        async move { call(&service, request).await }
    });
    gate.expect(&["load"]).await;
    handler.abort();
    assert!(handler.await.unwrap_err().is_cancelled());
    gate.open();
    gate.expect(&["http", "http", "swap"]).await;
    assert_eq!(gate.told().await.status, StatusCode::SEE_OTHER);
    assert_eq!(service.driver().store.len(), 1);
}

#[tokio::test]
async fn one_flow_too_many_is_answered_at_once() {
    let mut options = Options::default();
    options.flows_at_most = 1;
    let (service, mut gate) = gate(server(), options);
    let request = coming_back(service.server()).map(Full::new);
    let first = tokio::spawn({
        let service = service.clone();
        async move { call(&service, request).await }
    });
    gate.expect(&["load"]).await;
    let refused = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(RETRY_AFTER));
    assert_eq!(gate.told().await.outcome, Outcome::Overloaded);

    gate.open();
    assert_eq!(first.await.unwrap().status(), StatusCode::SEE_OTHER);
    service.shutdown().await;
}

#[tokio::test]
async fn shutdown_waits_for_flows_and_takes_no_more() {
    let (service, mut gate) = gate(server(), Options::default());
    let request = coming_back(service.server()).map(Full::new);
    let flow = tokio::spawn({
        let service = service.clone();
        async move { call(&service, request).await }
    });
    gate.expect(&["load"]).await;

    let mut shutdown = Box::pin(service.shutdown());
    assert!(is_pending(shutdown.as_mut()).await);
    let refused = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);

    gate.open();
    shutdown.await;
    assert_eq!(flow.await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(service.driver().store.len(), 1);
    // Another call finds nothing left to wait for, and the service stays shut.
    service.shutdown().await;
    let refused = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_shutdown_that_is_given_up_lets_the_service_go_on() {
    let (service, mut gate) = gate(server(), Options::default());
    let request = coming_back(service.server()).map(Full::new);
    let flow = tokio::spawn({
        let service = service.clone();
        async move { call(&service, request).await }
    });
    gate.expect(&["load"]).await;
    assert!(is_pending(Box::pin(service.shutdown()).as_mut()).await);
    let response = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(response.status(), StatusCode::OK);
    gate.open();
    flow.await.unwrap();
}

#[tokio::test]
async fn a_panic_is_answered_and_the_service_lives_on() {
    let (service, mut gate) = gate(server(), Options::default());
    gate.open();
    gate.panic_at_the_next_load();
    let response = call(&service, coming_back(service.server()).map(Full::new)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(gate.told().await.outcome, Outcome::Panicked);
    let response = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(response.status(), StatusCode::OK);
    // Its place was given back.
    service.shutdown().await;
}

#[tokio::test]
async fn htt_09_a_body_that_is_too_large() {
    let (service, _gate) = gate(server(), Options::default());
    let fits = call(&service, with_body(vec![b'x'; Request::BODY_LIMIT])).await;
    assert_ne!(fits.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let announced = call(&service, with_body(vec![b'x'; Request::BODY_LIMIT + 1])).await;
    assert_eq!(announced.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let endless = http::Request::post("/oauth/token").body(Endless).unwrap();
    assert_eq!(call(&service, endless).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// Nothing can follow on its connection, whyever it is refused.
#[tokio::test]
async fn htt_09_a_body_that_is_too_large_where_no_flow_may_run() {
    let mut options = Options::default();
    options.flows_at_most = 0;
    let (service, _gate) = gate(server(), options);
    let refused = call(&service, with_body(vec![b'x'; Request::BODY_LIMIT + 1])).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[CONNECTION], "close");
    let whole = call(&service, with_body("x")).await;
    assert_eq!(whole.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!whole.headers().contains_key(CONNECTION));
}

/// What bodies that never end hold together is bounded, and nobody else is kept from asking.
#[tokio::test]
async fn htt_09_bodies_that_are_not_finished_hold_no_more_than_they_may() {
    let mut options = Options::default();
    options.body_memory = 4 * Request::BODY_LIMIT;
    let (service, _gate) = gate(server(), options);
    let mut unfinished = Vec::new();
    for _ in 0..4 {
        let body = Unfinished(Some(Bytes::from(vec![b'x'; Request::BODY_LIMIT])));
        let request = http::Request::post("/oauth/token").body(body).unwrap();
        let mut handler = service.clone().call(request);
        assert!(is_pending(handler.as_mut()).await);
        unfinished.push(handler);
    }
    for refused in [with_body("a"), with_body(vec![b'x'; Request::BODY_LIMIT])] {
        let refused = call(&service, refused).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(RETRY_AFTER));
    }
    assert_eq!(call(&service, get(METADATA).map(Full::new)).await.status(), StatusCode::OK);
    // One client goes away.
    unfinished.pop();
    let fits = call(&service, with_body(vec![b'x'; Request::BODY_LIMIT])).await;
    assert_eq!(fits.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    // The flow has given back what it held.
    let fits = call(&service, with_body(vec![b'x'; Request::BODY_LIMIT])).await;
    assert_eq!(fits.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// What is announced and not sent holds nothing.
#[tokio::test]
async fn htt_09_announced_bodies_keep_nobody_out() {
    let mut options = Options::default();
    options.body_memory = Request::BODY_LIMIT;
    let (service, _gate) = gate(server(), options);
    let mut announced = Vec::new();
    for _ in 0..100 {
        let request = http::Request::post("/oauth/token").body(Unfinished(None)).unwrap();
        let mut handler = service.clone().call(request);
        assert!(is_pending(handler.as_mut()).await);
        announced.push(handler);
    }
    let fits = call(&service, with_body(vec![b'x'; Request::BODY_LIMIT])).await;
    assert_eq!(fits.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn htt_12_a_body_that_is_too_slow() {
    let mut options = Options::default();
    options.body_deadline = Duration::from_millis(20);
    options.flows_at_most = 1;
    let (service, _gate) = gate(server(), options);
    let never = http::Request::post("/oauth/token").body(Never).unwrap();
    let slow = call(&service, never);
    let mut slow = std::pin::pin!(slow);
    assert!(is_pending(slow.as_mut()).await);
    // It keeps nobody from the only place.
    let other = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(slow.await.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn the_observer_is_told_and_may_panic() {
    let (service, mut gate) = gate(server(), Options::default());
    gate.open();
    let mut request = coming_back(service.server()).map(Full::new);
    request.extensions_mut().insert(RequestId::new("r-1"));
    assert_eq!(call(&service, request).await.status(), StatusCode::SEE_OTHER);
    let told = gate.told().await;
    assert_eq!(
        told,
        Told {
            line: "GET /oauth/callback/idp r-1".to_owned(),
            status: StatusCode::SEE_OTHER,
            outcome: Outcome::Replied,
            events: vec!["code_issued"],
        }
    );
    gate.panic_at_the_next_observation();
    let response = call(&service, get(METADATA).map(Full::new)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

/// Whether a future is pending after one poll.
async fn is_pending(mut future: Pin<&mut (impl Future + ?Sized)>) -> bool {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1000])))))
    }
}

/// It announces as much as may be read, sends this much, and does not end.
struct Unfinished(Option<Bytes>);

impl http_body::Body for Unfinished {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |data| Poll::Ready(Some(Ok(Frame::data(data)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(Request::BODY_LIMIT as u64)
    }
}

struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
