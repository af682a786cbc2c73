//! hyper's client under the contract of a transport.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;
use vestibule_conformance::transport::{Given, Peer};
use vestibule_core::drive::{Transport, blocking};
use vestibule_core::{HttpCall, Purpose, Reach, Response, Unreachable};
use vestibule_hyper::HyperTransport;

/// The transport, and what it runs on.
struct Blocking {
    transport: HyperTransport,
    runtime: Runtime,
}

impl blocking::Transport for Blocking {
    fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        self.runtime.block_on(self.transport.http(call))
    }
}

fn on_a_runtime(transport: HyperTransport) -> Blocking {
    // One thread beside the test's: what a call leaves behind, such as a connection to be closed,
    // goes on there.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    Blocking { transport, runtime }
}

fn hyper(given: Given) -> Blocking {
    let resolver = given.resolver;
    let mut builder = HyperTransport::builder().resolver(move |name| {
        let resolver = resolver.clone();
        async move { spawn_blocking(move || resolver.resolve(&name)).await? }
    });
    if let Some(certificates) = given.root_certificates {
        builder = builder.root_certificates(certificates.as_bytes()).unwrap();
    }
    on_a_runtime(builder.build().unwrap())
}

vestibule_conformance::transport_contract!(hyper);

#[test]
fn it_says_who_it_is() {
    let peer = Peer::new().unwrap();
    let url = peer.url("/").parse().unwrap();
    let call = HttpCall::new(http::Method::GET, url, Purpose::FetchUser);
    let script = peer.run(|peer| peer.answer_once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    blocking::Transport::http(&on_a_runtime(HyperTransport::new().unwrap()), call).unwrap();
    let agent = concat!("\r\nuser-agent: vestibule/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(script.end().unwrap().to_lowercase().contains(agent));
}

/// RFC 9110 §7.2.
#[test]
fn the_host_is_the_urls_and_said_first() {
    let peer = Peer::new().unwrap();
    let url: url::Url = peer.url("/").parse().unwrap();
    let mut call = HttpCall::new(http::Method::POST, url.clone(), Purpose::ExchangeCode);
    call.headers.insert("x-first", "1".parse().unwrap());
    call.headers.insert("host", "other.test".parse().unwrap());
    call.headers.append("x-last", "2".parse().unwrap());
    call.headers.append("x-last", "3".parse().unwrap());
    let script = peer.run(|peer| peer.answer_once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    blocking::Transport::http(&on_a_runtime(HyperTransport::new().unwrap()), call).unwrap();
    let asked = script.end().unwrap().to_lowercase();
    let host = format!("post / http/1.1\r\nhost: {}\r\n", url.authority());
    assert!(asked.starts_with(&host), "{asked}");
    assert_eq!(asked.matches("\r\nhost:").count(), 1, "{asked}");
    for field in ["x-first: 1", "x-last: 2", "x-last: 3"] {
        assert!(asked.contains(&format!("\r\n{field}\r\n")), "{asked}");
    }
}

#[test]
fn what_is_no_certificate_is_not_left_out() {
    let add = |pem: &str| HyperTransport::builder().root_certificates(pem.as_bytes());
    assert!(add("").is_err());
    assert!(add("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_err());
    assert!(add("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n").is_err());
    let other = add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let failed = other.build().unwrap_err().to_string();
    assert!(failed.ends_with("a root certificate that was added cannot be used"), "{failed}");
}

/// CIM-16: whoever names documents at hosts that never answer uses up neither sockets nor memory
/// without end, and keeps no provider from being called.
#[test]
fn cim_16_no_more_than_256_calls_to_public_addresses_are_made_at_a_time() {
    let (begun, begins) = std::sync::mpsc::channel();
    // A name that is never resolved: the call waits until its deadline.
    let resolver = move |name: String| {
        let begun = begun.clone();
        async move {
            if name == "ours.test" {
                return Ok(Vec::new());
            }
            begun.send(()).unwrap();
            std::future::pending().await
        }
    };
    let transport = HyperTransport::builder().resolver(resolver).build().unwrap();
    let Blocking { transport, runtime } = on_a_runtime(transport);
    let call = |name: &str, reach, deadline| {
        let url = format!("https://{name}/client.json").parse().unwrap();
        let mut call = HttpCall::new(http::Method::GET, url, Purpose::FetchClient);
        call.reach = reach;
        call.deadline = deadline;
        let transport = transport.clone();
        runtime.spawn(async move { transport.http(call).await.unwrap_err() })
    };
    let public = |deadline| call("theirs.test", Reach::PublicAddresses, deadline);
    let slow: Vec<_> = (0..256).map(|_| public(Duration::from_secs(600))).collect();
    // Each of them looks up its name, so each has its place.
    (0..256).for_each(|_| begins.recv().unwrap());
    for _ in 0..20 {
        let more = public(Duration::from_secs(600));
        assert_eq!(runtime.block_on(more).unwrap(), Unreachable::Busy);
    }
    assert!(!slow.iter().any(tokio::task::JoinHandle::is_finished));
    let ours = call("ours.test", Reach::Configured, Duration::from_secs(5));
    assert_eq!(runtime.block_on(ours).unwrap(), Unreachable::Connection);
    // A call that is given up gives its place back.
    slow.into_iter().for_each(|call| call.abort());
    let freed = || runtime.block_on(public(Duration::from_millis(10))).unwrap();
    while freed() == Unreachable::Busy {}
    assert_eq!(freed(), Unreachable::Deadline);
}
