//! What hyper and rustls log of a call through the crate `log`, at the finest level that is
//! compiled in. In a process of its own: there is one logger.

#![allow(clippy::unwrap_used, reason = "tests")]

mod heard;
mod sign_in;

use vestibule_conformance::transport::Peer;
use vestibule_core::drive::Transport;
use vestibule_hyper::HyperTransport;

#[tokio::test]
async fn no_secret_of_a_call_is_logged() {
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
    let transport = HyperTransport::new().unwrap();
    assert_eq!(transport.http(call).await.unwrap().body, "PLANTED-answer");
    script.end().unwrap();
    log::debug!("PLANTED-control");
    let lines = heard::lines();
    assert!(lines.contains("hyper_util"), "what connects was not listened to");
    let planted: Vec<_> = lines.lines().filter(|line| line.contains("PLANTED")).collect();
    assert_eq!(planted, ["logs PLANTED-control"]);
}
