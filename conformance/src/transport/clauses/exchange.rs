//! What goes out and what comes back.

use std::io::{Read, Write};

use vestibule_core::Unreachable;

use super::{Trial, expect_body, expect_failure, get, post};
use crate::transport::broken::ensure;
use crate::transport::peer::read_request;
use crate::transport::{Broken, Peer};

pub(super) fn what_is_sent_and_what_comes_back(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = post(&peer.url("/token?a=b"), "the body")?;
    call.headers.insert("x-test", "one".parse()?);
    let script = peer.run(|peer| {
        peer.answer_once("HTTP/1.1 418 Teapot\r\nX-Test: two\r\nContent-Length: 5\r\n\r\nhello")
    });
    let response = expect_body(trial.transport().http(call), "hello")?;
    let request = script.end()?;
    ensure!(request.starts_with("POST /token?a=b HTTP/1.1\r\n"), "{request}");
    ensure!(request.ends_with("\r\n\r\nthe body"), "{request}");
    let lower = request.to_lowercase();
    // Some providers refuse requests without a User-Agent.
    for present in ["x-test: one\r\n", "content-length: 8\r\n", "host: 127.0.0.1:", "user-agent: "]
    {
        ensure!(lower.contains(&format!("\r\n{present}")), "without {present}: {request}");
    }
    for absent in ["accept-encoding", "cookie", "referer", "expect", "proxy-"] {
        ensure!(!lower.contains(&format!("\r\n{absent}")), "with {absent}: {request}");
    }
    ensure!(response.status.as_u16() == 418, "{response:?}");
    ensure!(
        response.headers.get("x-test").is_some_and(|value| value == "two"),
        "{response:?} without its header field"
    );
    Ok(())
}

/// To a private address, as it happens (CIM-08).
pub(super) fn ups_03_redirects_are_not_followed(trial: &Trial<'_>) -> Result<(), Broken> {
    let transport = trial.transport();
    let elsewhere = Peer::new()?;
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url("/");
        let peer = Peer::new()?;
        let mut call = post(&peer.url("/"), "secret")?;
        // One that is followed waits there.
        call.deadline = super::FAR / 10;
        let script = peer.run(move |peer| {
            let head = format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n");
            peer.answer_once(&format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n"))?;
            Ok(peer)
        });
        let outcome = transport.http(call);
        elsewhere.expect_nobody_else()?;
        let response = outcome?;
        ensure!(response.status.as_u16() == status, "{response:?} instead of {status}");
        script.end()?.expect_nobody_else()?;
    }
    Ok(())
}

pub(super) fn content_codings_are_not_decoded(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let call = get(&peer.url("/"))?;
    let script = peer.run(|peer| {
        peer.answer_once(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw",
        )
    });
    expect_body(trial.transport().http(call), "raw")?;
    script.end()?;
    Ok(())
}

pub(super) fn a_body_that_breaks_off_is_no_response(trial: &Trial<'_>) -> Result<(), Broken> {
    for body in
        ["Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"]
    {
        let peer = Peer::new()?;
        let call = get(&peer.url("/"))?;
        let script = peer.run(move |peer| peer.answer_once(&format!("HTTP/1.1 200 OK\r\n{body}")));
        expect_failure(trial.transport().http(call), Unreachable::Connection, body)?;
        script.end()?;
    }
    Ok(())
}

pub(super) fn a_refused_connection(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let call = get(&peer.url("/"))?;
    drop(peer);
    expect_failure(trial.transport().http(call), Unreachable::Connection, "nobody listens")
}

pub(super) fn what_is_no_tls_and_what_is_no_http(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = get(&peer.https("127.0.0.1"))?;
    // One that tries again without waits.
    call.deadline = super::FAR / 10;
    let script = peer.run(|peer| {
        let mut stream = peer.accept()?;
        // A ClientHello is longer than this.
        let mut hello = [0; 64];
        stream.read_exact(&mut hello)?;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Ok((peer, hello[0]))
    });
    let outcome = trial.transport().http(call);
    // A handshake record (RFC 8446 §5.1), and no request in the clear, then or later.
    let (peer, first) = script.end()?;
    ensure!(first == 22, "it did not begin with a handshake");
    peer.expect_nobody_else()?;
    expect_failure(outcome, Unreachable::Connection, "no TLS")?;

    let peer = Peer::new()?;
    let call = get(&peer.url("/"))?;
    let script = peer.run(|peer| {
        let mut stream = peer.accept()?;
        read_request(&mut stream)?;
        Ok(stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n")?)
    });
    expect_failure(trial.transport().http(call), Unreachable::Connection, "no HTTP")?;
    script.end()
}
