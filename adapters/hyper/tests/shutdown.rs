//! The end of a server: what is being answered is answered, and nothing else is waited for.

#![allow(clippy::unwrap_used, reason = "tests")]

mod frames;
mod gate;
mod running;
mod sign_in;

use std::time::Duration;

use frames::{GOAWAY, HEADERS};
use running::{METADATA, Running, read_response, run_within, until_closed};
use sign_in::coming_back;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use vestibule_hyper::{Limits, Options};

/// What does not happen makes a test fail, not hang.
const BOUND: Duration = Duration::from_secs(20);

/// `:status` 303 in Huffman's code (RFC 7541 §6.2.1, Appendices A and B).
const STATUS_303: [u8; 5] = [0x48, 0x83, 0x64, 0x0c, 0xff];

async fn with_short_grace() -> Running {
    let mut limits = Limits::default();
    limits.grace = Duration::from_millis(50);
    run_within(limits, Options::default()).await
}

/// A client that has asked and does not take its answer: closed when the grace is over.
async fn untaken(running: &Running) -> TcpStream {
    let asked = [frames::beginning_with_window(0), frames::metadata(1)].concat();
    let mut client = running.send(asked).await;
    frames::until(&mut client, HEADERS).await;
    client
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_the_grace_is_given_with_http_1() {
    let mut running = with_short_grace().await;
    let mut untaken = untaken(&running).await;
    let mut client = running.ask().await;
    running.stop.send(()).unwrap();
    until_closed(&mut untaken).await;
    running.gate.open();
    assert!(read_response(&mut client).await.starts_with("HTTP/1.1 303 "));
    assert!(until_closed(&mut client).await.is_empty());
    timeout(BOUND, running.stopped).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_the_grace_is_given_with_http_2() {
    let mut running = with_short_grace().await;
    let mut untaken = untaken(&running).await;
    let request = coming_back(running.vestibule.server());
    let asked = [frames::beginning(), frames::sign_in(1, &request)].concat();
    let mut client = running.send(asked).await;
    running.gate.expect(&["load"]).await;
    running.stop.send(()).unwrap();
    frames::until(&mut client, GOAWAY).await;
    until_closed(&mut untaken).await;
    running.gate.open();
    let answer = frames::until(&mut client, HEADERS).await;
    assert!(answer.payload.starts_with(&STATUS_303), "{:?}", answer.payload);
    until_closed(&mut client).await;
    timeout(BOUND, running.stopped).await.unwrap().unwrap();
}

/// At work, at rest, and closing already: no grace is waited for, and the flow goes on.
#[tokio::test]
async fn a_server_that_is_dropped_closes_all_connections_at_once() {
    for stops_first in [false, true] {
        let mut limits = Limits::default();
        limits.grace = Duration::MAX;
        let mut running = run_within(limits, Options::default()).await;
        let mut asked = running.ask().await;
        let mut untaken = untaken(&running).await;
        let mut resting = running.send(METADATA).await;
        assert!(read_response(&mut resting).await.starts_with("HTTP/1.1 200 "));
        if stops_first {
            running.stop.send(()).unwrap();
            until_closed(&mut resting).await;
        }
        running.stopped.abort();
        for client in [&mut asked, &mut untaken, &mut resting] {
            until_closed(client).await;
        }
        timeout(BOUND, running.dropped.recv()).await.unwrap().unwrap();
        running.gate.open();
        timeout(BOUND, running.vestibule.shutdown()).await.unwrap();
        assert_eq!(running.vestibule.driver().store.len(), 1);
    }
}

/// Behind an answer that is not taken, the next handler of an HTTP/1.1 connection does not run.
#[tokio::test]
async fn who_reads_nothing_keeps_no_server_from_its_end() {
    let running = with_short_grace().await;
    let mut client = running.connect().await;
    let many = METADATA.repeat(1000);
    // Until neither kernel takes more.
    let stalled = Duration::from_millis(200);
    while let Ok(sent) = timeout(stalled, client.write_all(many.as_bytes())).await {
        sent.unwrap();
    }
    running.stop.send(()).unwrap();
    timeout(BOUND, running.stopped).await.unwrap().unwrap();
}

/// It was told that nothing more is taken, and does not say that it has heard.
#[tokio::test]
async fn who_goes_on_asking_keeps_no_server_from_its_end() {
    let running = with_short_grace().await;
    let mut client = running.send([frames::beginning(), frames::metadata(1)].concat()).await;
    frames::until(&mut client, HEADERS).await;
    running.stop.send(()).unwrap();
    let asking = async {
        for stream in (3..).step_by(2) {
            frames::send(&mut client, &frames::window(0, 1 << 16)).await;
            frames::send(&mut client, &frames::metadata(stream)).await;
            // Until it is answered, or the connection has ended.
            loop {
                match frames::read_frame(&mut client).await {
                    Ok(frame) if frame.kind == HEADERS => break,
                    Ok(_) => {}
                    Err(_closed) => return,
                }
            }
        }
    };
    timeout(BOUND, asking).await.unwrap();
    timeout(BOUND, running.stopped).await.unwrap().unwrap();
}
