//! The whole of it as one function.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../hyper/tests/sign_in/mod.rs"]
mod sign_in;

use std::io::{self, Read};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use sign_in::{coming_back, get, server};
use vestibule_blocking::{SystemClock, Vestibule, read};
use vestibule_core::drive::{Composite, blocking::Transport};
use vestibule_core::{Event, HttpCall, MemoryStore, Purpose, Request, Response, Unreachable};

/// A provider that knows everybody.
struct Provider;

impl Transport for Provider {
    fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let body = if call.purpose == Purpose::ExchangeCode {
            r#"{"access_token":"theirs","token_type":"Bearer"}"#
        } else {
            r#"{"sub":"1"}"#
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        Ok(Response::new(StatusCode::OK, headers, Bytes::from_static(body.as_bytes())))
    }
}

/// A provider that is a bug.
struct Panics;

impl Transport for Panics {
    fn http(&self, _: HttpCall) -> Result<Response, Unreachable> {
        panic!("as planned")
    }
}

type Driver<T> = Composite<SystemClock, T, MemoryStore>;

fn vestibule<T>(transport: T) -> Vestibule<Driver<T>>
where
    Driver<T>: vestibule_core::drive::blocking::Driver,
{
    let store = MemoryStore::new();
    Vestibule::new(server(), Composite { clock: SystemClock, transport, store, mapper: () })
}

#[test]
fn a_request_is_answered() {
    let vestibule = vestibule(Provider);
    let response = vestibule.handle(get("/.well-known/oauth-authorization-server").into());
    assert_eq!(response.status, StatusCode::OK);
}

#[test]
fn a_flow_is_driven_to_its_end_and_its_events_are_told() {
    let vestibule = vestibule(Provider);
    let mut answers = Vec::new();
    vestibule.answer(coming_back(vestibule.server()).into(), |response, events| {
        answers.push((response.status, events.iter().map(Event::name).collect::<Vec<_>>()));
    });
    assert_eq!(answers, [(StatusCode::SEE_OTHER, vec!["code_issued"])]);
    assert_eq!(vestibule.driver().store.len(), 1);
}

#[test]
fn a_panic_is_answered_and_the_thread_lives_on() {
    let vestibule = vestibule(Panics);
    let response = vestibule.handle(coming_back(vestibule.server()).into());
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn htt_09_and_htt_12_a_body_is_read_as_far_and_as_long_as_it_may() {
    let vestibule = vestibule(Provider);
    let status = |body: &mut dyn Read| {
        let (parts, ()) = http::Request::post("/oauth/token").body(()).unwrap().into_parts();
        read(parts, body).map(|request| vestibule.handle(request).status)
    };
    let limit = Request::BODY_LIMIT as u64;
    let at_limit = status(&mut io::repeat(b'x').take(limit)).unwrap();
    assert_ne!(at_limit, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(status(&mut io::repeat(b'x')).unwrap(), StatusCode::PAYLOAD_TOO_LARGE);
    for kind in [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock] {
        assert_eq!(status(&mut Fails(kind)).unwrap(), StatusCode::REQUEST_TIMEOUT);
    }
    let broken = status(&mut Fails(io::ErrorKind::ConnectionReset));
    assert_eq!(broken.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

struct Fails(io::ErrorKind);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}
