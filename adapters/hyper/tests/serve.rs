//! The service behind sockets: hyper's connections, axum's router, clients that misbehave.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod running;
mod sign_in;

use std::time::Duration;

use gate::gate;
use running::{METADATA, read_head, read_response, run, until_closed};
use sign_in::{coming_back, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use vestibule_core::Request;
use vestibule_hyper::Options;

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
    running.handler_dropped().await;
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
async fn htt_11_a_thousand_cookies() {
    let running = run(Options::default()).await;
    let pairs: Vec<_> = (0..1000).map(|n| format!("cookie-{n}={}", "x".repeat(24))).collect();
    let field = format!("Cookie: {}\r\n", pairs.join("; "));
    for cookies in [field, "Cookie: a=b\r\n".repeat(1000)] {
        let mut client = running.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{cookies}\r\n")).await;
        assert!(read_response(&mut client).await.starts_with("HTTP/1.1 431 "));
        until_closed(&mut client).await;
    }
    running.stop().await;
}

/// RFC 9112 §3.2.
#[tokio::test]
async fn htt_17_a_request_names_one_host() {
    let running = run(Options::default()).await;
    for hosts in ["", "Host: as.test\r\nHost: as.test\r\n", "Host: a\r\nHost: b\r\n"] {
        let head = METADATA.replace("Host: as.test\r\n", hosts);
        let mut client = running.send(format!("{head}{METADATA}")).await;
        let response = String::from_utf8(until_closed(&mut client).await).unwrap();
        assert!(response.starts_with("HTTP/1.1 400 "), "{hosts:?}: {response}");
        assert_eq!(response.matches("HTTP/1.1").count(), 1, "{hosts:?}: {response}");
    }
    let old = METADATA.replace("HTTP/1.1\r\nHost: as.test\r\n", "HTTP/1.0\r\n");
    let mut client = running.send(old).await;
    assert!(read_response(&mut client).await.starts_with("HTTP/1.0 200 "));
    running.stop().await;
}

#[tokio::test]
async fn htt_09_a_body_that_is_too_large_is_refused_unread() {
    let running = run(Options::default()).await;
    let mut client = running.connect().await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
    let head = format!("{head}Content-Length: {}\r\n\r\n", Request::BODY_LIMIT + 1);
    client.write_all(head.as_bytes()).await.unwrap();
    expect_last(&read_response(&mut client).await, 413);
    until_closed(&mut client).await;

    let mut client = running.connect().await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..=Request::BODY_LIMIT / 0x1000 {
        client.write_all(chunk.as_bytes()).await.unwrap();
    }
    expect_last(&read_response(&mut client).await, 413);
    until_closed(&mut client).await;
    running.stop().await;
}

#[tokio::test]
async fn htt_12_a_body_that_does_not_come() {
    let mut options = Options::default();
    options.body_deadline = Duration::from_millis(100);
    let running = run(options).await;
    let head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello";
    let mut slow = running.send(head).await;
    // Others are answered meanwhile.
    let mut other = running.connect().await;
    for _ in 0..3 {
        other.write_all(METADATA.as_bytes()).await.unwrap();
        assert!(read_response(&mut other).await.starts_with("HTTP/1.1 200 "));
    }
    expect_last(&read_response(&mut slow).await, 408);
    until_closed(&mut slow).await;
    other.write_all(METADATA.as_bytes()).await.unwrap();
    assert!(read_response(&mut other).await.starts_with("HTTP/1.1 200 "));
    running.stop().await;
}

#[tokio::test]
async fn htt_17_what_is_no_http_is_refused() {
    let running = run(Options::default()).await;
    for head in [
        "Transfer-Encoding: chunked\r\n\r\nnot a length\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\nhello0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 4, 5\r\n\r\nhello",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: -5\r\n\r\nhello",
        "Content-Length: 99999999999999999999\r\n\r\nhello",
        "X: a\r\n folded: b\r\n\r\n",
        "X: a\rb\r\n\r\n",
        "X: a\0b\r\n\r\n",
    ] {
        let smuggled = format!("POST /oauth/token HTTP/1.1\r\nHost: a\r\n{head}{METADATA}");
        let mut client = running.send(smuggled).await;
        let response = String::from_utf8(until_closed(&mut client).await).unwrap();
        assert!(response.starts_with("HTTP/1.1 400 "), "{head:?}: {response}");
        assert_eq!(response.matches("HTTP/1.1").count(), 1, "{head:?}: {response}");
        // Where the head was good, the core has the word.
        let framed = head.starts_with("Transfer-Encoding: chunked\r\n");
        assert_eq!(response.contains("\"invalid_request\""), framed, "{head:?}: {response}");
    }
    running.stop().await;
}

/// RFC 9112 §6.1: the coding counts, the length does not, and the connection is closed before what
/// follows is read.
#[tokio::test]
async fn htt_17_a_length_beside_a_coding_ends_the_connection() {
    let running = run(Options::default()).await;
    let (length, coding) = ("Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n");
    for both in [format!("{length}{coding}"), format!("{coding}{length}")] {
        let head = format!("POST /oauth/token HTTP/1.1\r\nHost: a\r\n{both}\r\n");
        for body in ["0\r\n\r\n", "4\r\na=bc\r\n0\r\n\r\n"] {
            let mut client = running.send(format!("{head}{body}{METADATA}")).await;
            let response = String::from_utf8(until_closed(&mut client).await).unwrap();
            assert!(response.starts_with("HTTP/1.1 4"), "{both}: {response}");
            assert_eq!(response.matches("HTTP/1.1").count(), 1, "{both}: {response}");
        }
    }
    running.stop().await;
}

/// The row asks for 400, and hyper accepts these two: RFC 9110 §8.6 and RFC 9112 §2.2 let both be
/// read as what they can only mean. Where the next request begins is the same for everybody.
#[tokio::test]
async fn htt_17_a_length_twice_and_lines_that_end_in_lf_shift_nothing() {
    let running = run(Options::default()).await;
    let twice = "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello";
    let twice = format!("POST /oauth/token HTTP/1.1\r\nHost: a\r\n{twice}");
    let bare = "POST /oauth/token HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello".to_owned();
    for first in [twice, bare] {
        let mut client = running.send(format!("{first}{METADATA}")).await;
        let response = read_response(&mut client).await;
        assert!(response.starts_with("HTTP/1.1 415 "), "{first:?}: {response}");
        let response = read_response(&mut client).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{first:?}: {response}");
    }
    running.stop().await;
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_their_order() {
    let running = run(Options::default()).await;
    let refused = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let head = METADATA.replacen("GET", "HEAD", 1);
    let trace = METADATA.replacen("GET", "TRACE", 1);
    let together = [METADATA, refused, &head, &trace, METADATA].concat();
    let mut client = running.send(together).await;
    let first = read_response(&mut client).await;
    assert!(first.starts_with("HTTP/1.1 200 ") && first.contains("\"issuer\""), "{first}");
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 415 "));
    // HTT-19: an answer to HEAD has no body, whatever its length says.
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200 "));
    let refused = read_response(&mut client).await;
    assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
    assert!(refused.contains("allow: GET, HEAD, OPTIONS") && refused.contains("\"error\""));
    assert_eq!(without_date(&read_response(&mut client).await), without_date(&first));
    running.stop().await;
}

#[tokio::test]
async fn htt_10_ten_thousand_parameters() {
    let running = run(Options::default()).await;
    for parameter in ["a=1&", "code=&"] {
        let form = parameter.repeat(10_000);
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let head = format!("{kind}\r\nContent-Length: {}\r\n\r\n", form.len());
        let mut client =
            running.send(format!("POST /oauth/token HTTP/1.1\r\nHost: a\r\n{head}{form}")).await;
        let response = read_response(&mut client).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
        assert!(response.contains("\"invalid_request\""), "{response}");
    }
    running.stop().await;
}

/// What is said of a request's way changes nothing: the issuer is what was configured.
#[tokio::test]
async fn htt_16_no_header_field_changes_who_we_are() {
    let running = run(Options::default()).await;
    let mut client = running.send(METADATA).await;
    let plain = read_response(&mut client).await;
    let fields = "Host: evil.test\r\nForwarded: for=1.2.3.4;host=evil.test;proto=https\r\n\
        X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\n\
        X-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Uri: /oauth/token\r\n\
        X-Original-Url: /oauth/token\r\nX_Forwarded_For: 1.2.3.4\r\n";
    client.write_all(METADATA.replace("Host: as.test\r\n", fields).as_bytes()).await.unwrap();
    assert_eq!(without_date(&read_response(&mut client).await), without_date(&plain));
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

fn without_date(response: &str) -> String {
    response.lines().filter(|line| !line.starts_with("date: ")).collect()
}

/// Whatever is left unread, the client sends nothing behind it.
fn expect_last(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
}
