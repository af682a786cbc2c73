//! Connections: kept, broken, and whose they are.

use std::collections::HashSet;

use vestibule_core::Unreachable;

use super::{Trial, expect_body, expect_failure, get, post};
use crate::transport::broken::ensure;
use crate::transport::names::{HOST, LOOPBACK, Names};
use crate::transport::{Broken, Peer};

/// A transport may open a second connection while the first is on its way back into the pool; not
/// each time.
const ROUNDS: usize = 20;

const OK: &str = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok";

pub(super) fn a_post_is_sent_once_when_the_connection_breaks(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-"] {
        let peer = Peer::new()?;
        let mut call = post(&peer.url("/"), "once")?;
        // One that is sent again waits.
        call.deadline = super::FAR / 10;
        let script = peer.run(move |peer| {
            peer.answer_once(answer)?;
            Ok(peer)
        });
        let outcome = trial.transport().http(call);
        script.end()?.expect_nobody_else()?;
        expect_failure(outcome, Unreachable::Connection, "an answer that breaks off")?;
    }
    Ok(())
}

pub(super) fn a_post_is_sent_once_when_a_kept_connection_breaks(
    trial: &Trial<'_>,
) -> Result<(), Broken> {
    let transport = trial.transport();
    let peer = Peer::new()?;
    let (warm_up, url) = (peer.url("/warm-up"), peer.url("/once"));
    let seen = peer.serve(|request| request.starts_with("GET").then_some(OK));
    for _ in 0..ROUNDS {
        expect_body(transport.http(get(&warm_up)?), "ok")?;
        let outcome = transport.http(post(&url, "once")?);
        expect_failure(outcome, Unreachable::Connection, "no answer")?;
    }
    let seen = seen.so_far();
    let posts = seen.iter().filter(|(_, request)| request.starts_with("POST")).count();
    ensure!(posts == ROUNDS, "{posts} instead of {ROUNDS} times");
    expect_kept(&seen)
}

pub(super) fn connections_are_kept_and_cookies_are_not(trial: &Trial<'_>) -> Result<(), Broken> {
    let transport = trial.transport();
    let peer = Peer::new()?;
    let url = peer.url("/");
    let seen = peer.serve(|_| Some(OK));
    for _ in 0..ROUNDS {
        expect_body(transport.http(get(&url)?), "ok")?;
        expect_body(transport.http(post(&url, "body")?), "ok")?;
    }
    let seen = seen.so_far();
    let cookies = seen.iter().any(|(_, request)| request.to_lowercase().contains("cookie"));
    ensure!(!cookies, "a cookie came back");
    expect_kept(&seen)
}

fn expect_kept(seen: &[(usize, String)]) -> Result<(), Broken> {
    let connections = seen.iter().map(|(connection, _)| connection).collect::<HashSet<_>>().len();
    ensure!(connections < 2 * ROUNDS, "no connection was kept");
    Ok(())
}

/// To that and nothing else: another question would have another answer.
pub(super) fn what_a_name_resolves_to_is_connected_to(trial: &Trial<'_>) -> Result<(), Broken> {
    let peer = Peer::new()?;
    let host = format!("{HOST}:{}", peer.port());
    let names = Names::in_turn([vec![LOOPBACK], vec![]]);
    let script =
        peer.run(|peer| peer.answer_once("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    expect_body(trial.with_names(&names).http(get(&format!("http://{host}/"))?), "ok")?;
    let request = script.end()?.to_lowercase();
    ensure!(request.contains(&format!("\r\nhost: {host}\r\n")), "not to {host}: {request}");
    ensure!(names.asked() == [HOST], "asked for {:?}", names.asked());
    Ok(())
}
