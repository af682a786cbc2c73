//! The service behind sockets: hyper's connections, axum's router, clients that misbehave.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod sign_in;

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gate::{Gate, Keeper, gate};
use sign_in::{coming_back, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_service::Service;
use vestibule_core::Request;
use vestibule_hyper::{Options, Vestibule, serve};

const METADATA: &str =
    "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: as.test\r\n\r\n";

/// A server that runs beside the test.
struct Running {
    address: SocketAddr,
    vestibule: Vestibule<Gate>,
    gate: Keeper,
    /// Says when hyper drops a handler's future, done or not.
    dropped: UnboundedReceiver<()>,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<()>,
}

async fn run(options: Options) -> Running {
    let (vestibule, gate) = gate(server(), options);
    let (drops, dropped) = unbounded_channel();
    let (stop, stopping) = oneshot::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Watched { inner: vestibule.clone(), drops };
    let stopped = tokio::spawn(serve(listener, service, async { drop(stopping.await) }));
    Running { address, vestibule, gate, dropped, stop, stopped }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.stopped.await.unwrap();
        self.vestibule.shutdown().await;
    }
}

#[tokio::test]
async fn htt_21_flow_is_driven_to_its_end_when_the_client_goes_away() {
    let mut running = run(Options::default()).await;
    let request = coming_back(running.vestibule.server());
    let mut head = format!("GET {} HTTP/1.1\r\nHost: as.test\r\n", request.uri());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    let mut client = running.connect().await;
    client.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    running.gate.expect(&["load"]).await;

    drop(client);
    running.dropped.recv().await.unwrap();
    running.gate.open();
    running.gate.expect(&["http", "http", "swap"]).await;
    assert_eq!(running.gate.told().await.status, 303);
    assert_eq!(running.vestibule.driver().store.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn connections_are_kept_and_closed_at_shutdown() {
    let running = run(Options::default()).await;
    let mut client = running.connect().await;
    for _ in 0..2 {
        client.write_all(METADATA.as_bytes()).await.unwrap();
        assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
    }
    let address = running.address;
    running.stop().await;
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_that_is_being_answered_at_shutdown_gets_its_answer() {
    let mut running = run(Options::default()).await;
    let request = coming_back(running.vestibule.server());
    let cookie = request.headers()["cookie"].to_str().unwrap();
    let head = format!("GET {} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n", request.uri());
    let mut client = running.connect().await;
    client.write_all(head.as_bytes()).await.unwrap();
    running.gate.expect(&["load"]).await;
    running.stop.send(()).unwrap();
    running.gate.open();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 303 "));
    running.stopped.await.unwrap();
}

#[tokio::test]
async fn htt_11_a_head_that_is_too_long() {
    let running = run(Options::default()).await;
    let mut client = running.connect().await;
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\n\r\n", "x".repeat(64 * 1024));
    // The server may close before it has read all of it.
    let _ = client.write_all(head.as_bytes()).await;
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 431 "));
    running.stop().await;
}

#[tokio::test]
async fn htt_09_a_body_that_is_too_large_is_refused_unread() {
    let running = run(Options::default()).await;
    let mut client = running.connect().await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    let head = format!("{head}Content-Length: {}\r\n\r\n", Request::BODY_LIMIT + 1);
    client.write_all(head.as_bytes()).await.unwrap();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 413 "));

    let mut client = running.connect().await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..=Request::BODY_LIMIT / 0x1000 {
        client.write_all(chunk.as_bytes()).await.unwrap();
    }
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 413 "));
    running.stop().await;
}

#[tokio::test]
async fn htt_12_a_body_that_does_not_come() {
    let mut options = Options::default();
    options.body_deadline = Duration::from_millis(20);
    let running = run(options).await;
    let mut client = running.connect().await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello";
    client.write_all(head.as_bytes()).await.unwrap();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 408 "));
    running.stop().await;
}

#[tokio::test]
async fn htt_17_what_is_no_http_is_refused() {
    let running = run(Options::default()).await;
    let broken_chunk = "Transfer-Encoding: chunked\r\n\r\nnot a length\r\n";
    let two_lengths = "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello";
    for rest in [broken_chunk, two_lengths] {
        let mut client = running.connect().await;
        let head = format!("POST /oauth/token HTTP/1.1\r\nHost: a\r\n{rest}");
        client.write_all(head.as_bytes()).await.unwrap();
        let response = read_response(&mut client).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{rest}: {response}");
    }
    // RFC 9112 §6.1: the coding counts, the length does not, and the connection is closed before
    // what follows is read.
    let mut client = running.connect().await;
    let both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let smuggled = format!("POST /oauth/token HTTP/1.1\r\nHost: a\r\n{both}{METADATA}");
    client.write_all(smuggled.as_bytes()).await.unwrap();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 4"));
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    running.stop().await;
}

#[tokio::test]
async fn it_mounts_in_axum() {
    let (vestibule, _gate) = gate(server(), Options::default());
    let app = axum::Router::new()
        .route("/hello", axum::routing::get(async || "hello"))
        .fallback_service(vestibule.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = oneshot::channel::<()>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopping.await) });
    let stopped = tokio::spawn(serving.into_future());

    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(read_response(&mut client).await.ends_with("hello"));
    client.write_all(METADATA.as_bytes()).await.unwrap();
    assert!(read_response(&mut client).await.contains("\"issuer\""));
    drop(client);
    stop.send(()).unwrap();
    stopped.await.unwrap().unwrap();
    vestibule.shutdown().await;
}

/// A response's head and the body that its Content-Length announces.
async fn read_response(client: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(read).unwrap();
    let length = head.to_lowercase();
    let length = length.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    client.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// A service around another, as a program has one for its logs; this one says when a handler's
/// future is dropped.
#[derive(Clone)]
struct Watched {
    inner: Vestibule<Gate>,
    drops: UnboundedSender<()>,
}

impl Service<http::Request<hyper::body::Incoming>> for Watched {
    type Response = http::Response<http_body_util::Full<Bytes>>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<hyper::body::Incoming>) -> Self::Future {
        let told = TellsDrop(self.drops.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _told = told;
            answer.await
        })
    }
}

struct TellsDrop(UnboundedSender<()>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}
