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
use frames::{GOAWAY, RST_STREAM, WINDOW_UPDATE, read_frame};
use http::{Method, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use running::{Running, run, run_within, until_closed};
use sign_in::coming_back;
use tokio::task::JoinHandle;
use vestibule_core::Request;
use vestibule_hyper::{Limits, Options};

type Body = BoxBody<Bytes, Infallible>;

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

#[tokio::test]
async fn htt_11_a_head_that_is_too_long() {
    let running = run(Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    let cookie = frames::literal("cookie", &"x".repeat(12 * 1024));
    frames::send(&mut client, &frames::request(1, &cookie.repeat(4))).await;
    let answer = frames::until(&mut client, frames::HEADERS).await;
    // `:status` 431 in Huffman's code (RFC 7541 §6.2.1, Appendices A and B).
    assert_eq!(answer.payload, [0x48, 0x83, 0x69, 0x90, 0xff]);
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
    running.dropped.recv().await.unwrap();
    running.gate.open();
    running.gate.expect(&["http", "http", "swap"]).await;
    assert_eq!(running.gate.told().await.status, StatusCode::SEE_OTHER);
    assert_eq!(running.vestibule.driver().store.len(), 1);
    drop(client);
    running.stop().await;
}

#[tokio::test]
async fn a_request_that_is_being_answered_at_shutdown_gets_its_answer() {
    let mut running = run(Options::default()).await;
    let (mut client, connection) = connect(&running).await;
    let answer = tokio::spawn(client.send_request(asking(&running)));
    running.gate.expect(&["load"]).await;
    running.stop.send(()).unwrap();
    running.gate.open();
    assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::SEE_OTHER);
    // GOAWAY: the client's own side has ended too, and takes no more requests.
    connection.await.unwrap().unwrap();
    assert!(client.send_request(metadata()).await.is_err());
    running.stopped.await.unwrap();
}

/// CVE-2023-44487.
#[tokio::test]
async fn a_client_that_resets_what_it_asks_is_sent_away() {
    let running = run(Options::default()).await;
    let mut attack = frames::beginning();
    for stream in (1..200).step_by(2) {
        attack.extend(frames::request(stream, b""));
        attack.extend(frames::frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut client = running.send(attack).await;
    let goaway = frames::until(&mut client, GOAWAY).await;
    // ENHANCE_YOUR_CALM (RFC 9113 §7).
    assert_eq!(goaway.payload[4..8], 11_u32.to_be_bytes());
    until_closed(&mut client).await;
    running.stop().await;
}

/// CVE-2024-27316.
#[tokio::test]
async fn a_head_in_pieces_without_end_is_cut_off() {
    let running = run(Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    let piece = frames::literal("x", &"y".repeat(1000));
    frames::send(&mut client, &frames::open_request(1, &piece)).await;
    for _ in 0..200 {
        frames::send(&mut client, &frames::frame(frames::CONTINUATION, 0, 1, &piece)).await;
    }
    frames::until(&mut client, GOAWAY).await;
    until_closed(&mut client).await;
    running.stop().await;
}

#[tokio::test]
async fn more_requests_at_once_than_may_run_are_refused() {
    let mut limits = Limits::default();
    limits.streams = 2;
    let running = run_within(limits, Options::default()).await;
    let mut asked = frames::beginning();
    for stream in [1, 3, 5] {
        asked.extend(frames::open_body(stream));
    }
    let mut client = running.send(asked).await;
    let reset = frames::until(&mut client, RST_STREAM).await;
    // REFUSED_STREAM (RFC 9113 §5.1.2).
    assert_eq!((reset.stream, &reset.payload[..]), (5, &7_u32.to_be_bytes()[..]));
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

/// It takes no byte of an answer, whatever the kernel would hold for it.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let mut limits = Limits::default();
    limits.idle_deadline = Duration::from_millis(50);
    limits.grace = Duration::from_millis(50);
    let running = run_within(limits, Options::default()).await;
    let mut asked = frames::beginning_with_window(0);
    asked.extend(frames::metadata(1));
    let mut client = running.send(asked).await;
    frames::until(&mut client, frames::HEADERS).await;
    frames::until(&mut client, GOAWAY).await;
    until_closed(&mut client).await;
    running.stop().await;
}

/// It is there no more, and nobody has said so.
#[tokio::test]
async fn a_client_that_answers_no_ping_is_given_up() {
    let mut limits = Limits::default();
    limits.ping = Duration::from_millis(20);
    let mut running = run_within(limits, Options::default()).await;
    let request = coming_back(running.vestibule.server());
    let mut client = running.send(frames::beginning()).await;
    frames::send(&mut client, &frames::sign_in(1, &request)).await;
    running.gate.expect(&["load"]).await;
    running.dropped.recv().await.unwrap();
    until_closed(&mut client).await;
    running.gate.open();
    assert_eq!(running.gate.told().await.status, StatusCode::SEE_OTHER);
    running.stop().await;
}

/// What is read of a body before it is asked for is bounded by the windows.
#[tokio::test]
async fn a_body_is_taken_no_faster_than_it_is_read() {
    let running = run(Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    let mut window = 65_535;
    loop {
        let frame = read_frame(&mut client).await.unwrap();
        if frame.kind == WINDOW_UPDATE && frame.stream == 0 {
            window += u32::from_be_bytes(frame.payload[..4].try_into().unwrap());
            break;
        }
    }
    assert!(window <= 256 * 1024, "{window}");
    drop(client);
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
