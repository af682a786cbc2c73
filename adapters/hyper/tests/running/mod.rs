//! A server on a socket of its own, and a client that speaks in bytes.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_service::Service;
use vestibule_hyper::{Limits, Options, Vestibule, serve_within};

use crate::gate::{Gate, Keeper, gate};
use crate::sign_in::{coming_back, server};

pub(crate) const METADATA: &str =
    "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: as.test\r\n\r\n";

/// A connection that stays open makes a test fail, not hang.
const BOUND: Duration = Duration::from_secs(20);

/// A server that runs beside the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) vestibule: Vestibule<Gate>,
    pub(crate) gate: Keeper,
    /// Says when hyper drops a handler's future, done or not.
    pub(crate) dropped: UnboundedReceiver<()>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) stopped: JoinHandle<()>,
}

pub(crate) async fn run(options: Options) -> Running {
    run_within(Limits::default(), options).await
}

pub(crate) async fn run_within(limits: Limits, options: Options) -> Running {
    let (vestibule, gate) = gate(server(), options);
    let (drops, dropped) = unbounded_channel();
    let (stop, stopping) = oneshot::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Watched { inner: vestibule.clone(), drops };
    let stopped =
        tokio::spawn(serve_within(limits, listener, service, async { drop(stopping.await) }));
    Running { address, vestibule, gate, dropped, stop, stopped }
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut client = self.connect().await;
        // The server may close before it has read all of them.
        let _ = client.write_all(bytes.as_ref()).await;
        client
    }

    /// Waits until hyper has dropped a handler's future.
    pub(crate) async fn handler_dropped(&mut self) {
        timeout(BOUND, self.dropped.recv()).await.unwrap().unwrap();
    }

    /// Waits until the first request of a sign-in is being answered; it is until the gate opens.
    pub(crate) async fn ask(&mut self) -> TcpStream {
        let request = coming_back(self.vestibule.server());
        let cookie = request.headers()["cookie"].to_str().unwrap();
        let head = format!("GET {} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n", request.uri());
        let client = self.send(head).await;
        self.gate.expect(&["load"]).await;
        client
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(BOUND, self.stopped).await.unwrap().unwrap();
        timeout(BOUND, self.vestibule.shutdown()).await.unwrap();
    }
}

/// A response's head and the body that its Content-Length announces.
pub(crate) async fn read_response(client: &mut TcpStream) -> String {
    let head = read_head(client).await;
    let length = head.to_lowercase();
    let length = length.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    timeout(BOUND, client.read_exact(&mut body)).await.unwrap().unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// A response's head alone.
pub(crate) async fn read_head(client: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(timeout(BOUND, client.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(read).unwrap()
}

/// Waits until the other side has closed; what it said until then.
pub(crate) async fn until_closed(client: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    // A reset is an end, too.
    let closed = timeout(BOUND, client.read_to_end(&mut read)).await;
    assert!(closed.is_ok(), "the connection stays open");
    read
}

/// A service around another, as a program has one for its logs; this one says when a handler's
/// future is dropped.
#[derive(Clone)]
pub(crate) struct Watched {
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
