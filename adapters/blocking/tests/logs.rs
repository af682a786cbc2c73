//! What ureq logs of a call, at the finest level that is compiled in. In a process of its own:
//! there is one logger.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../hyper/tests/heard/mod.rs"]
mod heard;
#[path = "../../hyper/tests/sign_in/mod.rs"]
mod sign_in;

use vestibule_blocking::UreqTransport;
use vestibule_conformance::transport::Peer;
use vestibule_core::drive::blocking::Transport;

#[test]
fn no_secret_of_a_call_is_logged() {
    heard::listen();
    let peer = Peer::new().unwrap();
    let mut call = sign_in::call();
    call.url = peer.url("/token?a=PLANTED-query").parse().unwrap();
    call.headers.insert("authorization", "Basic PLANTED-basic".parse().unwrap());
    call.body = "PLANTED-body".into();
    let script = peer.run(|peer| {
        let head = "HTTP/1.1 200 OK\r\nSet-Cookie: PLANTED-cookie\r\nLocation: /PLANTED\r\n";
        peer.answer_once(&format!("{head}Content-Length: 14\r\n\r\nPLANTED-answer"))
    });
    assert_eq!(UreqTransport::new().http(call).unwrap().body, "PLANTED-answer");
    script.end().unwrap();
    log::debug!("PLANTED-control");
    let lines = heard::lines();
    assert!(lines.contains("ureq"), "ureq was not listened to");
    let planted: Vec<_> = lines.lines().filter(|line| line.contains("PLANTED")).collect();
    assert_eq!(planted, ["logs PLANTED-control"]);
    // ureq's dump of bytes comes in rows of 16, so a secret can be there and not be found; it must
    // not be there at all.
    assert!(!lines.contains("504f 5354"), "the bytes of the request were logged");
}
