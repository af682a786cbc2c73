//! Connections to providers that are kept: used again, closed when they are not, and left when the
//! other side has closed them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\nx") {
            read.push(stream.read_u8().await.unwrap());
        }
        for part in [ANSWER, "o", "k"] {
            stream.write_all(part.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
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

#[tokio::test]
async fn what_the_provider_has_closed_or_spoiled_is_not_used() {
    let (provider, transport) = (Provider::new().await, HyperTransport::new().unwrap());
    for unasked in ["", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"] {
        let call = provider.call(&transport);
        let mut stream = provider.accept().await;
        Provider::answer(&mut stream).await;
        expect_ok(call).await;
        stream.write_all(unasked.as_bytes()).await.unwrap();
        drop(stream);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let call = provider.call(&transport);
    Provider::answer(&mut provider.accept().await).await;
    expect_ok(call).await;
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
