//! Connections to providers that are kept: used again, closed when they are not, and left when the
//! other side has closed them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::ErrorKind::WouldBlock;
use std::time::{Duration, Instant};

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use vestibule_core::drive::Transport;
use vestibule_core::{HttpCall, Purpose, Response, Unreachable};
use vestibule_hyper::HyperTransport;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

struct Provider(TcpListener);

impl Provider {
    async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn call(&self, transport: &HyperTransport) -> Calling {
        let url = format!("http://{}/token", self.0.local_addr().unwrap()).parse().unwrap();
        let mut call = HttpCall::new(Method::POST, url, Purpose::ExchangeCode);
        call.body = "x".into();
        let transport = transport.clone();
        tokio::spawn(async move { transport.http(call).await })
    }

    async fn accept(&self) -> TcpStream {
        self.0.accept().await.unwrap().0
    }

    /// Reads a request and answers it, the body apart from the head.
    async fn answer(stream: &mut TcpStream) {
        read_request(stream).await;
        for part in [ANSWER, "o", "k"] {
            stream.write_all(part.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A call that is made on a new connection and answered with these bytes at once.
    async fn serve(&self, transport: &HyperTransport, answer: &str) -> TcpStream {
        let call = self.call(transport);
        let mut stream = self.accept().await;
        read_request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        expect_ok(call).await;
        stream
    }

    /// Nobody has connected.
    async fn expect_silence(&self) {
        tokio::select! {
            biased;
            _ = self.accept() => unreachable!("a connection more"),
            () = settled() => {}
        }
    }
}

/// To its body, which is an `x`.
async fn read_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\nx") {
        read.push(stream.read_u8().await.unwrap());
    }
}

/// A way there and back, after which this thread knows what has come on other sockets before.
async fn settled() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut here = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut there, _) = listener.accept().await.unwrap();
    there.write_all(b"x").await.unwrap();
    here.read_u8().await.unwrap();
}

type Calling = tokio::task::JoinHandle<Result<Response, Unreachable>>;

async fn expect_ok(calling: Calling) {
    assert_eq!(calling.await.unwrap().unwrap().body, "ok");
}

#[tokio::test]
async fn one_connection_serves_one_call_after_another_and_no_two_at_once() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let calls = [provider.call(&transport), provider.call(&transport)];
    let (mut one, mut two) = (provider.accept().await, provider.accept().await);
    Provider::answer(&mut one).await;
    Provider::answer(&mut two).await;
    for call in calls {
        expect_ok(call).await;
    }
    for _ in 0..3 {
        let call = provider.call(&transport);
        // The one that was used last.
        tokio::select! {
            () = Provider::answer(&mut one) => {}
            () = Provider::answer(&mut two) => {}
            _ = provider.accept() => unreachable!("two connections are free"),
        }
        expect_ok(call).await;
    }
}

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const UNASKED: &str = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn what_the_provider_has_closed_is_not_used() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    for unasked in ["", UNASKED] {
        let mut stream = provider.serve(&transport, WHOLE).await;
        stream.write_all(unasked.as_bytes()).await.unwrap();
        drop(stream);
        settled().await;
    }
    provider.serve(&transport, WHOLE).await;
}

/// An answer that nobody asked for would be taken for that of the next call.
#[tokio::test]
async fn what_the_provider_has_spoiled_is_not_used_though_it_stays_open() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let mut open = Vec::new();
    for unasked in ["x", UNASKED, WHOLE] {
        // With the answer, and later.
        open.push(provider.serve(&transport, &format!("{WHOLE}{unasked}")).await);
        let mut stream = provider.serve(&transport, WHOLE).await;
        stream.write_all(unasked.as_bytes()).await.unwrap();
        settled().await;
        open.push(stream);
    }
    provider.serve(&transport, WHOLE).await;
}

/// RFC 9112 §9.3.
#[tokio::test]
async fn what_the_provider_does_not_keep_is_not_used_though_it_stays_open() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let mut open = Vec::new();
    for last in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        open.push(provider.serve(&transport, last).await);
    }
    provider.serve(&transport, WHOLE).await;
}

/// The provider may have done what it was asked.
#[tokio::test]
async fn what_a_kept_connection_has_taken_is_not_sent_again() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let mut stream = provider.serve(&transport, WHOLE).await;
    let call = provider.call(&transport);
    read_request(&mut stream).await;
    drop(stream);
    assert_eq!(call.await.unwrap().unwrap_err(), Unreachable::Connection);
    provider.expect_silence().await;
}

#[tokio::test]
async fn of_more_than_are_kept_the_oldest_is_closed() {
    let (first, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let mut oldest = first.serve(&transport, WHOLE).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        let provider = Provider::new().await;
        let calls: Vec<_> = (0..64).map(|_| provider.call(&transport)).collect();
        let mut streams = Vec::new();
        for _ in &calls {
            streams.push(provider.accept().await);
        }
        for stream in &mut streams {
            read_request(stream).await;
            stream.write_all(WHOLE.as_bytes()).await.unwrap();
        }
        for call in calls {
            expect_ok(call).await;
        }
        others.append(&mut streams);
    }
    // Before its time is over.
    let closed = timeout(Duration::from_secs(3), oldest.read(&mut [0])).await;
    assert_eq!(closed.unwrap().unwrap(), 0);
    for stream in others {
        assert!(matches!(stream.try_read(&mut [0]), Err(open) if open.kind() == WouldBlock));
    }
}

#[tokio::test]
async fn a_connection_that_is_not_used_is_closed_after_four_seconds() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let call = provider.call(&transport);
    let mut stream = provider.accept().await;
    Provider::answer(&mut stream).await;
    expect_ok(call).await;
    let free = Instant::now();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    let kept = free.elapsed().as_secs_f64();
    assert!((3.5..10.0).contains(&kept), "kept for {kept} s");
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_no_connection() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    let call = provider.call(&transport);
    let mut stream = provider.accept().await;
    stream.write_all(ANSWER.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    call.abort();
    let mut request = Vec::new();
    // To its end, or a reset.
    let _ = stream.read_to_end(&mut request).await;
    assert!(request.ends_with(b"\r\n\r\nx"));
}
