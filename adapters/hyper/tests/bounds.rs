//! How long a connection may be held by somebody who asks nothing, and how many there may be.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod running;
mod sign_in;

use std::time::Duration;

use gate::gate;
use running::{METADATA, Running, read_response, run_within, until_closed};
use sign_in::{coming_back, server};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;
use vestibule_hyper::{Limits, Options, Peer, serve};

async fn impatient() -> Running {
    let mut limits = Limits::default();
    limits.idle_deadline = Duration::from_millis(100);
    limits.grace = Duration::from_millis(50);
    run_within(limits, Options::default()).await
}

/// The version is not known yet, or the head not whole.
#[tokio::test]
async fn htt_12_a_connection_that_asks_nothing_is_closed() {
    let running = impatient().await;
    let mut clients = Vec::new();
    for begun in
        ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n", "G", "POST /oauth/token HTTP/1.1\r\nHost: a\r\n"]
    {
        clients.push(running.send(begun).await);
    }
    for client in &mut clients {
        let said = until_closed(client).await;
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408 "), "{said:?}");
    }
    running.stop().await;
}

#[tokio::test]
async fn htt_12_a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let running = impatient().await;
    let mut other = running.connect().await;
    let (mut reading, mut writing) = running.connect().await.into_split();
    let dripping = tokio::spawn(async move {
        for byte in METADATA.bytes().cycle().filter(|byte| !byte.is_ascii_control()) {
            if writing.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    other.write_all(METADATA.as_bytes()).await.unwrap();
    assert!(read_response(&mut other).await.starts_with("HTTP/1.1 200 "));
    tokio::io::copy(&mut reading, &mut tokio::io::sink()).await.unwrap_or_default();
    dripping.await.unwrap();
    running.stop().await;
}

/// A kept connection between two requests.
#[tokio::test]
async fn an_idle_connection_is_closed() {
    let running = impatient().await;
    let mut client = running.send(METADATA).await;
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
    assert!(until_closed(&mut client).await.is_empty());
    running.stop().await;
}

/// While a request is being answered, a connection is not idle.
#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let mut limits = Limits::default();
    limits.idle_deadline = Duration::from_millis(20);
    limits.grace = Duration::from_millis(20);
    let mut running = run_within(limits, Options::default()).await;
    let request = coming_back(running.vestibule.server());
    let cookie = request.headers()["cookie"].to_str().unwrap();
    let head = format!("GET {} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n", request.uri());
    let mut client = running.send(head).await;
    running.gate.expect(&["load"]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.gate.open();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 303 "));
    running.stop().await;
}

/// It asks and asks, and reads nothing: what it did not take is given up when nothing moves.
#[tokio::test]
async fn answers_that_are_not_read_are_given_up() {
    let running = impatient().await;
    let mut client = running.connect().await;
    let many = METADATA.repeat(1000);
    // Until neither kernel takes more, or the server has closed.
    while client.write_all(many.as_bytes()).await.is_ok() {}
    running.stop().await;
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_has_ended() {
    let mut limits = Limits::default();
    limits.connections = 2;
    let running = run_within(limits, Options::default()).await;
    let mut first = running.send(METADATA).await;
    let mut second = running.send(METADATA).await;
    for client in [&mut first, &mut second] {
        assert!(read_response(client).await.starts_with("HTTP/1.1 200 "));
    }
    let mut third = running.send(METADATA).await;
    // What the others ask is answered, and the third is not.
    for _ in 0..10 {
        first.write_all(METADATA.as_bytes()).await.unwrap();
        assert!(read_response(&mut first).await.starts_with("HTTP/1.1 200 "));
        assert_eq!(third.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
    drop(second);
    assert!(read_response(&mut third).await.starts_with("HTTP/1.1 200 "));
    running.stop().await;
}

/// Who waits for a place does not keep the server from ending.
#[tokio::test]
async fn a_full_server_ends_when_it_is_told_to() {
    let mut limits = Limits::default();
    limits.connections = 1;
    let running = run_within(limits, Options::default()).await;
    let mut first = running.send(METADATA).await;
    assert!(read_response(&mut first).await.starts_with("HTTP/1.1 200 "));
    let _waiting = running.send(METADATA).await;
    running.stop().await;
}

/// A limiter finds it there.
#[tokio::test]
async fn a_request_knows_from_where_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (vestibule, _gate) = gate(server(), Options::default());
    let (sender, mut peers) = tokio::sync::mpsc::unbounded_channel();
    let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        sender.send(*request.extensions().get::<Peer>().unwrap()).unwrap();
        vestibule.clone().call(request)
    });
    let serving = tokio::spawn(serve(listener, service, std::future::pending()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(METADATA.as_bytes()).await.unwrap();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(peers.recv().await.unwrap(), Peer(client.local_addr().unwrap()));
    serving.abort();
}
