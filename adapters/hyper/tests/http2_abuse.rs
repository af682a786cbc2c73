//! Clients of HTTP/2 that ask for more than they take, or say what nobody should.

#![allow(clippy::unwrap_used, reason = "tests")]

mod frames;
mod gate;
mod running;
mod sign_in;

use std::time::Duration;

use frames::{DATA, GOAWAY, RST_STREAM, WINDOW_UPDATE, read_frame};
use http::StatusCode;
use running::{run, run_within, until_closed};
use sign_in::coming_back;
use tokio::time::timeout;
use vestibule_hyper::{Limits, Options};

/// CVE-2023-44487.
#[tokio::test]
async fn a_client_that_resets_what_it_asks_is_sent_away() {
    let running = run(Options::default()).await;
    let mut attack = frames::beginning();
    for stream in (1..200).step_by(2) {
        attack.extend(frames::request(stream, b""));
        attack.extend(frames::frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut client = running.send(attack).await;
    let goaway = frames::until(&mut client, GOAWAY).await;
    // ENHANCE_YOUR_CALM (RFC 9113 §7).
    assert_eq!(goaway.payload[4..8], 11_u32.to_be_bytes());
    until_closed(&mut client).await;
    running.stop().await;
}

/// CVE-2024-27316.
#[tokio::test]
async fn a_head_in_pieces_without_end_is_cut_off() {
    let running = run(Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    let piece = frames::literal("x", &"y".repeat(1000));
    frames::send(&mut client, &frames::open_request(1, &piece)).await;
    for _ in 0..200 {
        frames::send(&mut client, &frames::frame(frames::CONTINUATION, 0, 1, &piece)).await;
    }
    frames::until(&mut client, GOAWAY).await;
    until_closed(&mut client).await;
    running.stop().await;
}

#[tokio::test]
async fn more_requests_at_once_than_may_run_are_refused() {
    let mut limits = Limits::default();
    limits.streams = 2;
    let running = run_within(limits, Options::default()).await;
    let mut asked = frames::beginning();
    for stream in [1, 3, 5] {
        asked.extend(frames::open_body(stream));
    }
    let mut client = running.send(asked).await;
    let reset = frames::until(&mut client, RST_STREAM).await;
    // REFUSED_STREAM (RFC 9113 §5.1.2).
    assert_eq!((reset.stream, &reset.payload[..]), (5, &7_u32.to_be_bytes()[..]));
    drop(client);
    running.stop().await;
}

/// It takes no byte of an answer, whatever the kernel would hold for it.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let mut limits = Limits::default();
    limits.idle_deadline = Duration::from_millis(50);
    limits.grace = Duration::from_millis(50);
    let running = run_within(limits, Options::default()).await;
    let mut asked = frames::beginning_with_window(0);
    asked.extend(frames::metadata(1));
    let mut client = running.send(asked).await;
    frames::until(&mut client, frames::HEADERS).await;
    frames::until(&mut client, GOAWAY).await;
    until_closed(&mut client).await;
    running.stop().await;
}

/// Other streams of the connection do not make it wait for one whose answer nobody takes.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up_while_others_are() {
    let mut limits = Limits::default();
    limits.idle_deadline = Duration::from_millis(200);
    limits.grace = Duration::from_millis(50);
    let running = run_within(limits, Options::default()).await;
    let mut client = running.send(frames::beginning_with_window(0)).await;
    frames::send(&mut client, &frames::metadata(1)).await;
    let mut answers = 0;
    let asking = async {
        for stream in (3..).step_by(2) {
            let window = frames::window(stream, 1 << 16);
            frames::send(&mut client, &[frames::metadata(stream), window].concat()).await;
            loop {
                let frame = read_frame(&mut client).await.unwrap();
                match frame.kind {
                    GOAWAY => return frame.payload,
                    // What was taken may be sent again, and no more: windows do not overflow.
                    DATA if frame.stream == stream && !frame.payload.is_empty() => {
                        let taken = u32::try_from(frame.payload.len()).unwrap();
                        frames::send(&mut client, &frames::window(0, taken)).await;
                        break;
                    }
                    _ => {}
                }
            }
            answers += 1;
        }
        unreachable!("as many streams as are asked for");
    };
    let goaway = timeout(Duration::from_secs(20), asking).await.unwrap();
    // NO_ERROR (RFC 9113 §7): nothing was wrong with what was sent.
    assert_eq!(goaway[4..8], [0; 4]);
    assert!(answers > 1, "{answers}");
    until_closed(&mut client).await;
    running.stop().await;
}

/// Nobody has said so, and nothing is being asked.
#[tokio::test]
async fn an_idle_client_that_answers_no_ping_is_given_up() {
    let mut limits = Limits::default();
    limits.ping = Duration::from_millis(20);
    let running = run_within(limits, Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    until_closed(&mut client).await;
    running.stop().await;
}

/// It is there no more, and nobody has said so.
#[tokio::test]
async fn a_client_that_answers_no_ping_is_given_up() {
    let mut limits = Limits::default();
    limits.ping = Duration::from_millis(20);
    let mut running = run_within(limits, Options::default()).await;
    let request = coming_back(running.vestibule.server());
    let mut client = running.send(frames::beginning()).await;
    frames::send(&mut client, &frames::sign_in(1, &request)).await;
    running.gate.expect(&["load"]).await;
    running.handler_dropped().await;
    until_closed(&mut client).await;
    running.gate.open();
    assert_eq!(running.gate.told().await.status, StatusCode::SEE_OTHER);
    running.stop().await;
}

/// What is read of a body before it is asked for is bounded by the windows.
#[tokio::test]
async fn a_body_is_taken_no_faster_than_it_is_read() {
    let running = run(Options::default()).await;
    let mut client = running.send(frames::beginning()).await;
    let mut window = 65_535;
    loop {
        let frame = read_frame(&mut client).await.unwrap();
        if frame.kind == WINDOW_UPDATE && frame.stream == 0 {
            window += u32::from_be_bytes(frame.payload[..4].try_into().unwrap());
            break;
        }
    }
    assert!(window <= 128 * 1024, "{window}");
    drop(client);
    running.stop().await;
}
