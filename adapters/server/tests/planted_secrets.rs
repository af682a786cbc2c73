//! Secrets never show: not in what the program logs, with every target at TRACE, its dependencies'
//! too, and not in any answer but the one that carries them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/parties/mod.rs"]
mod parties;
#[path = "support/planted.rs"]
mod planted;
#[path = "support/provider.rs"]
mod provider;
mod support;
#[path = "support/walk.rs"]
mod walk;
#[path = "support/wire.rs"]
mod wire;

use std::collections::HashSet;

use planted::{Kind, Place, Planted, Search, places};
use serde_json::Value;
use support::Ran;
use walk::{CONTROL, ISSUER, REDIRECT_URI, Walked, walk};

#[test]
fn lea_01_no_secret_is_in_the_log_for_people() {
    let walked = walk(&["--log", "human", "--log-level", "trace,vestibule=trace"], None);
    let log = &walked.ran.stderr;
    assert_shows_nothing(&walked);
    // The path of a request is logged, and dependencies had their say at TRACE.
    let line =
        log.lines().find(|line| line.contains("vestibule::request") && line.contains(CONTROL));
    assert!(line.unwrap().contains(&format!("path=\"/{CONTROL}\"")), "{line:?}");
    let traced = |line: &str| line.contains("TRACE hyper_util::client");
    assert!(log.lines().any(traced), "{log}");
}

#[test]
fn lea_01_no_secret_is_in_the_log_of_json_lines() {
    // The same filter, set as an operator of a container sets it.
    let walked = walk(&["--log", "json"], Some("trace,vestibule=trace"));
    let log = &walked.ran.stderr;
    assert_shows_nothing(&walked);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let path = format!("/{CONTROL}");
    let has = |target: &str, member: &str, value: &str| {
        let of_target = |line: &&Value| line["target"].as_str().unwrap().starts_with(target);
        lines.iter().filter(of_target).any(|line| line[member] == value)
    };
    assert!(has("vestibule::request", "path", &path), "{log}");
    assert!(has("hyper_util::client", "level", "TRACE"), "{log}");
}

fn assert_shows_nothing(Walked { ran: Ran { stdout, stderr, .. }, planted, .. }: &Walked) {
    assert_all_kinds_are_there(planted);
    // No secret, so that the same search must find it.
    let control = Planted::new(Kind::Misplaced, CONTROL);
    let search = Search::new(planted.iter().chain([&control]));
    let mut control_is_found = false;
    for line in stdout.lines().chain(stderr.lines()) {
        for (part, secrets) in search.find(line) {
            let part = String::from_utf8_lossy(part);
            let allowed = secrets.iter().all(|secret| **secret == control);
            assert!(allowed, "{part:?} of {secrets:?} in: {line}");
            control_is_found = true;
        }
    }
    assert!(control_is_found, "nothing is ever found");
}

#[test]
fn lea_02_no_answer_has_a_secret_but_the_one_that_carries_it() {
    let Walked { planted, exchanges, asked, .. } = walk(&[], None);
    assert_all_kinds_are_there(&planted);
    let search = Search::new(&planted);
    // What was found where it may be: the search finds something at every place.
    let mut carried = HashSet::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.url.starts_with(ISSUER)) {
        for (place, text) in places(exchange, REDIRECT_URI) {
            for (_, secrets) in search.find(&text) {
                let carries = secrets.iter().find(|secret| place.may_hold(secret.kind));
                assert!(carries.is_some(), "{secrets:?} at {place:?}: {exchange:?}");
                carried.extend(carries.map(|secret| (place, secret.kind)));
            }
        }
    }
    for (place, kind) in [
        (Place::ToClient, Kind::Code),
        (Place::ToClient, Kind::ClientState),
        (Place::ToProvider, Kind::UpstreamState),
        (Place::SetCookie, Kind::Cookie),
        (Place::SignInPage, Kind::ConsentForm),
        (Place::Tokens, Kind::AccessToken),
        (Place::Tokens, Kind::RefreshToken),
        (Place::Registered, Kind::ClientSecret),
    ] {
        assert!(carried.contains(&(place, kind)), "no {kind:?} at {place:?}");
    }
    // What the program asks of providers has its secrets in headers and bodies.
    let calls: Vec<_> = asked.iter().filter(|it| !it.target.starts_with("/authorize")).collect();
    assert!(calls.iter().all(|call| search.find(&call.target).next().is_none()), "{calls:?}");
    assert!(calls.len() > 10);
    // The walk went where answers are refusals.
    let refused: HashSet<_> = exchanges.iter().map(|it| it.status.as_u16()).collect();
    assert!([400, 401, 404, 405, 413].iter().all(|status| refused.contains(status)), "{refused:?}");
}

#[test]
fn the_search_finds_a_secret_in_whole_or_in_part_in_every_form() {
    let secret = Planted::new(Kind::Misplaced, "a: secret/100% with+odd~characters");
    let search = Search::new([&secret]);
    for text in [
        "x a: secret/100% with+odd~characters y",
        "x secret/100% with+o y",
        "a%3A+secret%2F100%25+with%2Bodd%7Echaracters",
        "Basic eHg6YTogc2VjcmV0LzEwMCUgd2l0aCtvZGR+Y2hhcmFjdGVycw==",
        "Basic eDphOiBzZWNyZXQvMTAwJSB3aXRoK29kZH5jaGFyYWN0ZXJz",
        "613a20736563726574",
        "[97, 58, 32, 115, 101, 99, 114, 101, 116]",
    ] {
        assert!(search.find(text).next().is_some(), "{text}");
    }
    assert!(search.find("a secret that is another").next().is_none());
}

fn assert_all_kinds_are_there(planted: &HashSet<Planted>) {
    for kind in Kind::ALL {
        assert!(planted.iter().any(|secret| secret.kind == kind), "no {kind:?} was planted");
    }
}
