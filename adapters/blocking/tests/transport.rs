//! ureq under the contract of a transport, the same that hyper's client runs.

#![allow(clippy::unwrap_used, reason = "tests")]

use vestibule_blocking::UreqTransport;
use vestibule_conformance::transport::{Given, Peer};
use vestibule_core::drive::blocking::Transport;
use vestibule_core::{HttpCall, Purpose};

fn ureq(given: Given) -> UreqTransport {
    let resolver = given.resolver;
    let mut builder = UreqTransport::builder().resolver(move |name| resolver.resolve(name));
    if let Some(certificates) = given.root_certificates {
        builder = builder.root_certificates(certificates.as_bytes()).unwrap();
    }
    builder.build()
}

vestibule_conformance::transport_contract!(ureq);

#[test]
fn it_says_who_it_is() {
    let peer = Peer::new().unwrap();
    let url = peer.url("/").parse().unwrap();
    let call = HttpCall::new(http::Method::GET, url, Purpose::FetchUser);
    let script = peer.run(|peer| peer.answer_once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    UreqTransport::new().http(call).unwrap();
    let agent = concat!("\r\nuser-agent: vestibule/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(script.end().unwrap().to_lowercase().contains(agent));
}

#[test]
fn what_is_no_certificate_is_not_left_out() {
    for pem in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        assert!(UreqTransport::builder().root_certificates(pem.as_bytes()).is_err(), "{pem}");
    }
}
