//! How long a connection may be held by somebody who asks nothing, and how many there may be.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod running;
mod sign_in;

use std::time::Duration;

use gate::gate;
use running::{METADATA, Running, read_response, run_within, until_closed};
use sign_in::server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_service::Service;
use vestibule_hyper::{Limits, Options, Peer, serve};

/// What does not happen makes a test fail, not hang.
const BOUND: Duration = Duration::from_secs(20);

const NEVER: Duration = Duration::MAX;

/// A server with deadlines for heads and for everything else.
async fn impatient(head: Duration, idle: Duration) -> Running {
    let mut limits = Limits::default();
    limits.head_deadline = head;
    limits.idle_deadline = idle;
    limits.grace = Duration::from_millis(50);
    run_within(limits, Options::default()).await
}

const SHORT: Duration = Duration::from_millis(100);

/// The version is not known yet, or the head not whole.
#[tokio::test]
async fn htt_12_a_connection_that_asks_nothing_is_closed() {
    let running = impatient(SHORT, NEVER).await;
    let mut clients = Vec::new();
    for begun in
        ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n", "G", "POST /oauth/token HTTP/1.1\r\nHost: a\r\n"]
    {
        clients.push(running.send(begun).await);
    }
    for client in &mut clients {
        let said = until_closed(client).await;
        assert!(said.is_empty(), "{said:?}");
    }
    running.stop().await;
}

#[tokio::test]
async fn htt_12_a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let running = impatient(SHORT, NEVER).await;
    let mut dripping = running.connect().await;
    drips_until_closed(&mut dripping).await;
    // One that asked something before gets no longer for its next head.
    let mut other = running.send(METADATA).await;
    assert!(read_response(&mut other).await.starts_with("HTTP/1.1 200 "));
    drips_until_closed(&mut other).await;
    running.stop().await;
}

/// Sends a byte of a head whenever the server has not closed for a moment.
async fn drips_until_closed(client: &mut TcpStream) {
    let dripping = async {
        for byte in METADATA.bytes().cycle().filter(|byte| !byte.is_ascii_control()) {
            let sent = client.write_all(&[byte]).await;
            let read = timeout(Duration::from_millis(5), client.read(&mut [0; 100])).await;
            match (sent, read) {
                (Ok(()), Err(_open)) => {}
                (_, Ok(Ok(said))) => return assert_eq!(said, 0),
                (Err(_reset), _) | (_, Ok(Err(_reset))) => return,
            }
        }
    };
    timeout(BOUND, dripping).await.unwrap();
}

/// A kept connection between two requests.
#[tokio::test]
async fn an_idle_connection_is_closed() {
    let running = impatient(NEVER, SHORT).await;
    let mut client = running.send(METADATA).await;
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
    assert!(until_closed(&mut client).await.is_empty());
    running.stop().await;
}

/// While a request is being answered, a connection is not idle.
#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let mut running = impatient(SHORT, SHORT).await;
    let mut client = running.ask().await;
    // As much time passes as others have.
    for _ in 0..2 {
        let mut other = running.send(METADATA).await;
        assert!(read_response(&mut other).await.starts_with("HTTP/1.1 200 "));
        until_closed(&mut other).await;
    }
    running.gate.open();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 303 "));
    running.stop().await;
}

/// It asks and asks, and reads nothing: what it did not take is given up when nothing moves.
#[tokio::test]
async fn answers_that_are_not_read_are_given_up() {
    let running = impatient(NEVER, SHORT).await;
    let mut client = running.connect().await;
    let many = METADATA.repeat(1000);
    // Until neither kernel takes more, and then until the server has closed.
    let asking = async { while client.write_all(many.as_bytes()).await.is_ok() {} };
    timeout(BOUND, asking).await.unwrap();
    running.stop().await;
}

/// No time is so long that it cannot be added to what it is.
#[tokio::test]
async fn limits_without_end() {
    let mut limits = Limits::default();
    (limits.head_deadline, limits.idle_deadline) = (NEVER, NEVER);
    (limits.grace, limits.ping) = (NEVER, NEVER);
    let running = run_within(limits, Options::default()).await;
    let mut client = running.send(METADATA).await;
    for _ in 0..2 {
        assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
        client.write_all(METADATA.as_bytes()).await.unwrap();
    }
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
    running.stop().await;
}

async fn with_places(connections: u32) -> Running {
    let mut limits = Limits::default();
    limits.connections = connections;
    (limits.head_deadline, limits.idle_deadline) = (NEVER, NEVER);
    run_within(limits, Options::default()).await
}

/// Whoever is silent, in whatever way and however many times, keeps nobody out.
#[tokio::test]
async fn htt_12_a_full_house_of_silence_keeps_nobody_from_an_answer() {
    let running = with_places(5).await;
    let mut silent = Vec::new();
    for begun in
        ["", "G", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n", METADATA].repeat(3)
    {
        let mut client = running.send(begun).await;
        if begun == METADATA {
            assert!(read_response(&mut client).await.starts_with("HTTP/1.1 200 "));
        }
        silent.push(client);
    }
    for _ in 0..10 {
        let mut honest = running.send(METADATA).await;
        assert!(read_response(&mut honest).await.starts_with("HTTP/1.1 200 "));
        silent.push(honest);
    }
    running.stop().await;
}

/// A proxy's connection between two requests is worth more than one on which nothing was asked.
#[tokio::test]
async fn who_never_asked_anything_is_shown_out_first() {
    let running = with_places(2).await;
    let mut kept = running.send(METADATA).await;
    assert!(read_response(&mut kept).await.starts_with("HTTP/1.1 200 "));
    let mut silent = running.connect().await;
    let mut third = running.send(METADATA).await;
    assert!(read_response(&mut third).await.starts_with("HTTP/1.1 200 "));
    assert!(until_closed(&mut silent).await.is_empty());
    kept.write_all(METADATA.as_bytes()).await.unwrap();
    assert!(read_response(&mut kept).await.starts_with("HTTP/1.1 200 "));
    running.stop().await;
}

/// What is being answered is not broken off.
#[tokio::test]
async fn a_connection_too_many_waits_until_another_is_answered() {
    let mut running = with_places(1).await;
    let mut first = running.ask().await;
    let mut second = running.send(METADATA).await;
    assert_eq!(second.try_read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    running.gate.open();
    assert!(read_response(&mut first).await.starts_with("HTTP/1.1 303 "));
    assert!(read_response(&mut second).await.starts_with("HTTP/1.1 200 "));
    assert!(until_closed(&mut first).await.is_empty());
    running.stop().await;
}

/// Who waits for a place does not keep the server from ending.
#[tokio::test]
async fn a_full_server_ends_when_it_is_told_to() {
    let mut running = with_places(1).await;
    let mut first = running.ask().await;
    let mut waiting = running.send(METADATA).await;
    running.stop.send(()).unwrap();
    assert!(until_closed(&mut waiting).await.is_empty());
    running.gate.open();
    assert!(read_response(&mut first).await.starts_with("HTTP/1.1 303 "));
    timeout(BOUND, running.stopped).await.unwrap().unwrap();
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
