//! The cap of the body, and the deadline of everything.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vestibule_core::{HttpCall, Reach, Response, Unreachable};

use super::{FAR, NEAR, SOON, Trial, expect_body, expect_failure, get};
use crate::transport::broken::ensure;
use crate::transport::names::HOST;
use crate::transport::peer::read_request;
use crate::transport::{Broken, Given, Peer, Resolver, next_request};

/// Nothing that is to end at [`SOON`] takes as long, however busy the machine.
const REASON: Duration = Duration::from_secs(10);

/// How long a server that drips waits between two bytes: so much shorter than [`SOON`] that no
/// stall of a busy machine makes one byte come too late by itself.
const PACE: Duration = Duration::from_millis(5);

/// How long it drips: well beyond [`SOON`], and over before [`REASON`] is.
const DRIPPING: Duration = Duration::from_secs(3);

pub(super) fn a_body_of_exactly_the_cap_is_accepted(trial: &Trial<'_>) -> Result<(), Broken> {
    for body in [
        "Content-Length: 10\r\n\r\n0123456789",
        "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
    ] {
        let peer = Peer::new()?;
        let mut call = get(&peer.url("/"))?;
        call.body_cap = 10;
        let script = peer.run(move |peer| peer.answer_once(&format!("HTTP/1.1 200 OK\r\n{body}")));
        expect_body(trial.transport().http(call), "0123456789")?;
        script.end()?;
    }
    Ok(())
}

pub(super) fn a_body_that_announces_to_be_too_long_is_not_waited_for(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = get(&peer.url("/"))?;
    // One that waits for the body waits in vain.
    (call.body_cap, call.deadline) = (10, FAR / 10);
    let script = peer.run(|peer| {
        let mut stream = peer.accept()?;
        read_request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n")?;
        // Nothing follows until the transport has closed the connection.
        Ok(stream.read(&mut [0]).unwrap_or(0))
    });
    expect_failure(within_reason(trial, call)?, Unreachable::TooLarge, "11 bytes of 10")?;
    ensure!(script.end()? == 0, "something else was sent");
    Ok(())
}

pub(super) fn a_body_that_turns_out_too_long_is_read_no_further(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = get(&peer.url("/"))?;
    call.body_cap = 100_000;
    let script = peer.run(|peer| {
        let mut stream = peer.accept()?;
        read_request(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        // Writing fails once nobody reads. Far beyond the cap and what sockets hold, it ends, for
        // whoever would read on.
        for _ in 0..MUCH / 0x1000 {
            if stream.write_all(chunk.as_bytes()).is_err() {
                return Ok(true);
            }
        }
        stream.write_all(b"0\r\n\r\n")?;
        Ok(false)
    });
    expect_failure(within_reason(trial, call)?, Unreachable::TooLarge, "more than the cap")?;
    ensure!(script.end()?, "all of a body of {MUCH} bytes was read");
    Ok(())
}

const MUCH: usize = 64 * 1024 * 1024;

pub(super) fn a_server_that_never_answers_meets_the_deadline(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    waits_in_vain(trial, b"")
}

pub(super) fn a_body_that_never_ends_meets_the_deadline(trial: &Trial<'_>) -> Result<(), Broken> {
    waits_in_vain(trial, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
}

fn waits_in_vain(trial: &Trial<'_>, answer: &'static [u8]) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = get(&peer.url("/"))?;
    call.deadline = SOON;
    // Nobody waits for the script: on a busy machine the deadline may pass before there is a
    // connection.
    peer.run(move |peer| {
        let mut stream = peer.accept()?;
        read_request(&mut stream)?;
        let _ = stream.write_all(answer);
        next_request(&mut stream);
        Ok(())
    });
    expect_failure(within_reason(trial, call)?, Unreachable::Deadline, "silence")
}

pub(super) fn a_head_that_drips_meets_the_deadline(trial: &Trial<'_>) -> Result<(), Broken> {
    drips(trial, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Drip: ", "x", "\r\n\r\n")
}

pub(super) fn a_body_that_drips_meets_the_deadline(trial: &Trial<'_>) -> Result<(), Broken> {
    drips(trial, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "0\r\n\r\n")
}

/// Each drop comes in time and all of them do not. They end for whoever has no deadline for them
/// together.
fn drips(
    trial: &Trial<'_>,
    before: &'static str,
    drop: &'static str,
    after: &'static str,
) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let mut call = get(&peer.url("/"))?;
    call.deadline = SOON;
    peer.run(move |peer| {
        let mut stream = peer.accept()?;
        read_request(&mut stream)?;
        stream.set_nodelay(true)?;
        stream.write_all(before.as_bytes())?;
        let began = Instant::now();
        while began.elapsed() < DRIPPING {
            if is_closed_within(&mut stream, PACE) || stream.write_all(drop.as_bytes()).is_err() {
                return Ok(());
            }
        }
        Ok(stream.write_all(after.as_bytes())?)
    });
    expect_failure(within_reason(trial, call)?, Unreachable::Deadline, "a drip")
}

fn is_closed_within(stream: &mut TcpStream, time: Duration) -> bool {
    let waited = stream.set_read_timeout(Some(time)).and_then(|()| stream.read(&mut [0]));
    !matches!(waited, Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

pub(super) fn a_name_that_is_never_resolved_meets_the_deadline(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    for reach in [Reach::Configured, Reach::PublicAddresses] {
        let (end, ended) = channel::<()>();
        let ended = Mutex::new(ended);
        let resolver = Resolver::new(move |_| {
            let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            // Longer than is reasonable, so that whoever waits for it is seen to.
            let _ = ended.recv_timeout(FAR);
            Err(ErrorKind::NotFound.into())
        });
        let transport = trial.subject.transport(Given::new(resolver, None));
        let mut call = get(&format!("https://{HOST}/"))?;
        (call.deadline, call.reach) = (NEAR, reach);
        let began = Instant::now();
        let outcome = transport.http(call);
        // The lookup ends before its transport does, which may wait for it.
        drop(end);
        ensure!(began.elapsed() < REASON, "the lookup was waited for");
        expect_failure(outcome, Unreachable::Deadline, "a lookup without end")?;
    }
    Ok(())
}

/// What the transport makes of the call, if that is within reason.
fn within_reason(
    trial: &Trial<'_>,
    call: HttpCall,
) -> Result<Result<Response, Unreachable>, Broken> {
    let transport = trial.transport();
    let began = Instant::now();
    let outcome = transport.http(call);
    ensure!(began.elapsed() < REASON, "it took {:?} until {outcome:?}", began.elapsed());
    Ok(outcome)
}
