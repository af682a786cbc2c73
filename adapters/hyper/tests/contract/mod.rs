//! The contract of a transport, over sockets on 127.0.0.1. Each transport runs all of it: see
//! `contract!`.

mod peer;

pub(crate) use peer::{Peer, next_request, read_request};

use std::collections::HashSet;
use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use http::Method;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

/// A transport, as a function.
pub(crate) type Http<'a> = &'a dyn Fn(HttpCall) -> Result<Response, Unreachable>;

/// Makes a test of each clause. `$with` is `fn(impl FnOnce(Http<'_>))`.
macro_rules! contract {
    ($with:path: $($clause:ident),* $(,)?) => {$(
        #[test]
        fn $clause() {
            $with(|http| contract::$clause(http, module_path!()));
        }
    )*};
}

/// A deadline for calls that do not wait for it: so long that it is seen when one does.
const FAR: Duration = Duration::from_secs(20);

/// A deadline for calls that wait for it.
const NEAR: Duration = Duration::from_millis(100);

fn get(url: &str) -> HttpCall {
    call(Method::GET, url, "")
}

fn post(url: &str, body: &'static str) -> HttpCall {
    call(Method::POST, url, body)
}

/// A flow's own call, sent elsewhere.
fn call(method: Method, url: &str, body: &'static str) -> HttpCall {
    let mut call = crate::sign_in::call();
    call.method = method;
    call.url = url.parse().unwrap();
    call.headers.clear();
    call.body = body.into();
    call.deadline = FAR;
    call
}

pub(crate) fn what_is_sent_and_what_comes_back(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let mut call = post(&peer.url("/token?a=b"), "the body");
    call.headers.insert("x-test", "one".parse().unwrap());
    let script = peer.run(|peer| {
        let mut stream = peer.accept();
        let request = read_request(&mut stream);
        stream
            .write_all(b"HTTP/1.1 418 Teapot\r\nX-Test: two\r\nContent-Length: 5\r\n\r\nhello")
            .unwrap();
        request
    });
    let response = http(call).unwrap();
    let request = script.join().unwrap();
    assert!(request.starts_with("POST /token?a=b HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nthe body"), "{request}");
    let lower = request.to_lowercase();
    assert!(lower.contains("\r\nx-test: one\r\n"), "{request}");
    assert!(lower.contains("\r\ncontent-length: 8\r\n"), "{request}");
    assert!(
        lower.contains(concat!("\r\nuser-agent: vestibule/", env!("CARGO_PKG_VERSION"), "\r\n")),
        "{request}"
    );
    for absent in ["accept-encoding", "cookie", "referer", "expect"] {
        assert!(!lower.contains(&format!("\r\n{absent}:")), "{request}");
    }
    assert_eq!(response.status, 418);
    assert_eq!(response.headers["x-test"], "two");
    assert_eq!(response.body, "hello");
}

pub(crate) fn ups_03_redirects_are_not_followed(http: Http<'_>, _: &str) {
    let elsewhere = Peer::new();
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url("/");
        let peer = Peer::new();
        let call = post(&peer.url("/"), "secret");
        let script = peer.run(move |peer| {
            let head = format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n");
            peer.answer_once(&format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n"));
            peer
        });
        assert_eq!(http(call).unwrap().status, status);
        script.join().unwrap().expect_nobody_else();
    }
    elsewhere.expect_nobody_else();
}

pub(crate) fn a_body_of_exactly_the_cap_is_accepted(http: Http<'_>, _: &str) {
    for head in ["Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let body =
            if head.starts_with('C') { "0123456789" } else { "a\r\n0123456789\r\n0\r\n\r\n" };
        let peer = Peer::new();
        let mut call = get(&peer.url("/"));
        call.body_cap = 10;
        let script =
            peer.run(move |peer| peer.answer_once(&format!("HTTP/1.1 200 OK\r\n{head}{body}")));
        assert_eq!(http(call).unwrap().body, "0123456789");
        script.join().unwrap();
    }
}

pub(crate) fn a_body_that_announces_to_be_too_long_is_not_waited_for(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let mut call = get(&peer.url("/"));
    call.body_cap = 10;
    let script = peer.run(|peer| {
        let mut stream = peer.accept();
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n").unwrap();
        // Nothing follows until the transport has closed the connection.
        stream.read(&mut [0]).unwrap_or(0)
    });
    assert_eq!(http(call).unwrap_err(), Unreachable::TooLarge);
    assert_eq!(script.join().unwrap(), 0);
}

pub(crate) fn a_body_that_turns_out_too_long_is_read_no_further(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let mut call = get(&peer.url("/"));
    call.body_cap = 100_000;
    let script = peer.run(|peer| {
        let mut stream = peer.accept();
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        // Without end: writing fails once nobody reads.
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    assert_eq!(http(call).unwrap_err(), Unreachable::TooLarge);
    script.join().unwrap();
}

pub(crate) fn a_server_that_never_answers_meets_the_deadline(http: Http<'_>, _: &str) {
    waits_in_vain(http, b"");
}

pub(crate) fn a_body_that_never_ends_meets_the_deadline(http: Http<'_>, _: &str) {
    waits_in_vain(http, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
}

fn waits_in_vain(http: Http<'_>, answer: &'static [u8]) {
    let peer = Peer::new();
    let mut call = get(&peer.url("/"));
    call.deadline = NEAR;
    // Nobody waits for the script: on a busy machine the deadline may pass before there is a
    // connection.
    peer.run(move |peer| {
        let mut stream = peer.accept();
        next_request(&mut stream)?;
        let _ = stream.write_all(answer);
        next_request(&mut stream)
    });
    let began = Instant::now();
    assert_eq!(http(call).unwrap_err(), Unreachable::Deadline);
    assert!(began.elapsed() < FAR / 2);
}

pub(crate) fn a_body_that_breaks_off_is_no_response(http: Http<'_>, _: &str) {
    for body in
        ["Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"]
    {
        let peer = Peer::new();
        let call = get(&peer.url("/"));
        let script = peer.run(move |peer| peer.answer_once(&format!("HTTP/1.1 200 OK\r\n{body}")));
        assert_eq!(http(call).unwrap_err(), Unreachable::Connection);
        script.join().unwrap();
    }
}

pub(crate) fn a_post_is_sent_once_when_the_connection_breaks(http: Http<'_>, _: &str) {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-"] {
        let peer = Peer::new();
        let call = post(&peer.url("/"), "once");
        let script = peer.run(move |peer| {
            peer.answer_once(answer);
            peer
        });
        assert_eq!(http(call).unwrap_err(), Unreachable::Connection);
        script.join().unwrap().expect_nobody_else();
    }
}

pub(crate) fn a_post_is_sent_once_when_a_kept_connection_breaks(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let (warm_up, url) = (peer.url("/warm-up"), peer.url("/once"));
    let seen = peer.serve(|request| request.starts_with("GET").then_some(OK));
    for _ in 0..ROUNDS {
        assert_eq!(http(get(&warm_up)).unwrap().status, 200);
        assert_eq!(http(post(&url, "once")).unwrap_err(), Unreachable::Connection);
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|(_, request)| request.starts_with("POST")).count(), ROUNDS);
    assert!(connections(&seen) < 2 * ROUNDS, "no connection was kept");
}

pub(crate) fn connections_are_kept_and_cookies_are_not(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let url = peer.url("/");
    let seen = peer.serve(|_| Some(OK));
    for _ in 0..ROUNDS {
        assert_eq!(http(get(&url)).unwrap().body, "ok");
        assert_eq!(http(post(&url, "body")).unwrap().body, "ok");
    }
    let seen = seen.lock().unwrap();
    assert!(!seen.iter().any(|(_, request)| request.to_lowercase().contains("cookie")));
    assert!(connections(&seen) < 2 * ROUNDS, "no connection was kept");
}

/// A transport may open a second connection while the first is on its way back into the pool; not
/// each time.
const ROUNDS: usize = 20;

const OK: &str = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok";

fn connections(seen: &[(usize, String)]) -> usize {
    seen.iter().map(|(connection, _)| connection).collect::<HashSet<_>>().len()
}

pub(crate) fn content_codings_are_not_decoded(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let call = get(&peer.url("/"));
    let script = peer.run(|peer| {
        peer.answer_once(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw",
        );
    });
    assert_eq!(http(call).unwrap().body, "raw");
    script.join().unwrap();
}

pub(crate) fn a_refused_connection(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let call = get(&peer.url("/"));
    drop(peer);
    assert_eq!(http(call).unwrap_err(), Unreachable::Connection);
}

pub(crate) fn what_is_no_tls_and_what_is_no_http(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let call = get(&peer.url("/").replace("http:", "https:"));
    let script = peer.run(|peer| {
        let mut stream = peer.accept();
        // A ClientHello is longer than this.
        stream.read_exact(&mut [0; 64]).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    assert_eq!(http(call).unwrap_err(), Unreachable::Connection);
    script.join().unwrap();

    let peer = Peer::new();
    let call = get(&peer.url("/"));
    let script = peer.run(|peer| peer.answer_once("SSH-2.0-OpenSSH\r\n\r\n"));
    assert_eq!(http(call).unwrap_err(), Unreachable::Connection);
    script.join().unwrap();
}

pub(crate) fn public_addresses_only_are_not_permitted(http: Http<'_>, _: &str) {
    let peer = Peer::new();
    let mut call = get(&peer.url("/"));
    call.reach = Reach::PublicAddresses;
    assert_eq!(http(call).unwrap_err(), Unreachable::NotPermitted);
    peer.expect_nobody_else();
}

/// The environment can be set for another process only, so the test runs itself again in one.
pub(crate) fn proxies_of_the_environment_are_ignored(http: Http<'_>, module: &str) {
    const CHILD: &str = "VESTIBULE_TEST_BEHIND_A_PROXY";
    if std::env::var_os(CHILD).is_some() {
        let peer = Peer::new();
        let call = get(&peer.url("/"));
        let script =
            peer.run(|peer| peer.answer_once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(http(call).unwrap().status, 200);
        script.join().unwrap();
        return;
    }
    let proxy = Peer::new();
    let test = module.split_once("::").map_or(String::new(), |(_, path)| format!("{path}::"));
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", &format!("{test}proxies_of_the_environment_are_ignored")])
        .env(CHILD, "1");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        child.env(name, proxy.url("/"));
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    proxy.expect_nobody_else();
}
