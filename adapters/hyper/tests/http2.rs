//! HTTP/2 without TLS, on the socket where HTTP/1.1 is spoken too.

#![allow(clippy::unwrap_used, reason = "tests")]

mod frames;
mod gate;
mod running;
mod sign_in;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use running::{Running, run, run_within};
use sign_in::coming_back;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use vestibule_core::Request;
use vestibule_hyper::{Limits, Options};

type Body = BoxBody<Bytes, Infallible>;

/// `:status` in Huffman's code (RFC 7541 §6.2.1, Appendices A and B).
const STATUS_431: [u8; 5] = [0x48, 0x83, 0x69, 0x90, 0xff];
const STATUS_503: [u8; 5] = [0x48, 0x83, 0x6c, 0x0c, 0xff];

/// A client, and its connection until it has ended.
async fn connect(running: &Running) -> (SendRequest<Body>, JoinHandle<hyper::Result<()>>) {
    let stream = TokioIo::new(running.connect().await);
    let (client, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn metadata() -> http::Request<Body> {
    let uri = "http://as.test/.well-known/oauth-authorization-server";
    http::Request::get(uri).body(Full::default().boxed()).unwrap()
}

fn post<B>(body: B) -> http::Request<Body>
where
    B: http_body::Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static,
{
    http::Request::post("http://as.test/oauth/token").body(body.boxed()).unwrap()
}

/// The first request of a sign-in that asks questions.
fn asking(running: &Running) -> http::Request<Body> {
    let mut request = coming_back(running.vestibule.server()).map(|body| Full::new(body).boxed());
    *request.uri_mut() = format!("http://as.test{}", request.uri()).parse().unwrap();
    request
}

async fn text<B: http_body::Body<Error = hyper::Error>>(response: Response<B>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn both_versions_are_answered_on_one_socket() {
    let running = run(Options::default()).await;
    let (mut client, _connection) = connect(&running).await;
    let mut first = running.send(running::METADATA).await;
    let plain = running::read_response(&mut first).await;
    for _ in 0..2 {
        let response = client.send_request(metadata()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(plain.ends_with(&text(response).await));
    }
    let mut trace = metadata();
    *trace.method_mut() = Method::TRACE;
    let response = client.send_request(trace).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(text(response).await.contains("\"error\""));
    drop(client);
    running.stop().await;
}

/// `P` may begin either version.
#[tokio::test]
async fn a_first_request_that_comes_in_pieces_is_answered_in_its_version() {
    let running = run(Options::default()).await;
    let post = "POST /oauth/token HTTP/1.1\r\nHost: as.test\r\n\r\n";
    let beginning = [frames::beginning(), frames::metadata(1)].concat();
    for at in 1..=4 {
        let mut first = running.send(&post[..at]).await;
        let mut second = running.send(&beginning[..at]).await;
        // Answered later, so that the pieces above are looked at by themselves.
        running::read_response(&mut running.send(running::METADATA).await).await;
        first.write_all(&post.as_bytes()[at..]).await.unwrap();
        assert!(running::read_response(&mut first).await.starts_with("HTTP/1.1 415"));
        second.write_all(&beginning[at..]).await.unwrap();
        // `:status: 200` (RFC 7541, Appendix A).
        let answer = frames::until(&mut second, frames::HEADERS).await;
        assert_eq!(answer.payload[0], 0x88);
    }
    running.stop().await;
}

#[tokio::test]
async fn htt_09_a_body_without_end() {
    let running = run(Options::default()).await;
    let (mut client, _connection) = connect(&running).await;
    let response = client.send_request(post(Endless)).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let announced = post(Full::from(vec![b'x'; Request::BODY_LIMIT + 1]));
    let response = client.send_request(announced).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // The connection goes on.
    let response = client.send_request(metadata()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    drop(client);
    running.stop().await;
}

/// Bodies that do not end, of one client or many, share one bound.
#[tokio::test]
async fn htt_09_bodies_without_end_leave_others_their_answers() {
    let mut options = Options::default();
    // The least that four bodies hold.
    options.body_memory = 4 * 1024;
    let mut running = run(options).await;
    let mut holder = running.send(frames::beginning()).await;
    for stream in [1, 3, 5, 7, 9] {
        frames::send(&mut holder, &frames::open_body(stream)).await;
    }
    let refused = frames::until(&mut holder, frames::HEADERS).await;
    assert!(refused.payload.starts_with(&STATUS_503), "{:?}", refused.payload);
    running.handler_dropped().await;

    let (mut client, _connection) = connect(&running).await;
    let response = client.send_request(metadata()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    running.handler_dropped().await;
    let response = client.send_request(post(Full::from("a"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    running.handler_dropped().await;

    drop(holder);
    for _ in 0..4 {
        running.handler_dropped().await;
    }
    let response = client.send_request(post(Full::from("a"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    drop(client);
    running.stop().await;
}

#[tokio::test]
async fn htt_11_a_head_that_is_too_long() {
    let running = run(Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    let cookie = frames::literal("cookie", &"x".repeat(12 * 1024));
    frames::send(&mut client, &frames::request(1, &cookie.repeat(4))).await;
    let answer = frames::until(&mut client, frames::HEADERS).await;
    assert_eq!(answer.payload, STATUS_431);
    // HTT-11: a thousand cookies, each a field of its own.
    let cookie = frames::literal("cookie", "a=b");
    frames::send(&mut client, &frames::request(3, &cookie.repeat(1000))).await;
    let answer = frames::until(&mut client, frames::HEADERS).await;
    // The same status, which now stands in the table of both (RFC 7541 §6.1).
    assert_eq!((answer.stream, &answer.payload[..]), (3, &[0xbe][..]));
    drop(client);
    running.stop().await;
}

#[tokio::test]
async fn htt_12_a_slow_body_holds_up_nobody_else() {
    let mut options = Options::default();
    options.body_deadline = Duration::from_millis(200);
    let running = run(options).await;
    let (mut client, _connection) = connect(&running).await;
    let slow = client.send_request(post(Never));
    for _ in 0..3 {
        let response = client.send_request(metadata()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(slow.await.unwrap().status(), StatusCode::REQUEST_TIMEOUT);
    drop(client);
    running.stop().await;
}

#[tokio::test]
async fn htt_21_a_stream_that_is_reset_ends_no_flow() {
    let mut running = run(Options::default()).await;
    let (mut client, _connection) = connect(&running).await;
    let request = asking(&running);
    let answer = tokio::spawn(client.send_request(request));
    running.gate.expect(&["load"]).await;
    answer.abort();
    running.handler_dropped().await;
    running.gate.open();
    running.gate.expect(&["http", "http", "swap"]).await;
    assert_eq!(running.gate.told().await.status, StatusCode::SEE_OTHER);
    assert_eq!(running.vestibule.driver().store.len(), 1);
    drop(client);
    running.stop().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_closed() {
    let mut limits = Limits::default();
    limits.idle_deadline = Duration::from_millis(100);
    let running = run_within(limits, Options::default()).await;
    let (mut client, connection) = connect(&running).await;
    let response = client.send_request(metadata()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    connection.await.unwrap().unwrap();
    running.stop().await;
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
