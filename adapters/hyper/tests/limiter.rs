//! A limiter that panics: it takes neither an answer nor a place with it, and lets nobody through.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod sign_in;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::{Gate, Keeper, gate};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use sign_in::{get, server};
use tower_service::Service;
use vestibule_core::{Charge, Parts};
use vestibule_hyper::{Limiter, Options, Outcome, Vestibule};

#[derive(Clone, Copy, PartialEq)]
enum PanicsAt {
    Payer,
    Wait,
    Charge,
}

impl Limiter for PanicsAt {
    fn payer(&self, _: &Parts) -> Option<IpAddr> {
        assert!(*self != Self::Payer, "as planned");
        Some(Ipv4Addr::LOCALHOST.into())
    }

    fn wait(&self, _: IpAddr, _: &Charge) -> Option<Duration> {
        assert!(*self != Self::Wait, "as planned");
        None
    }

    fn charge(&self, _: IpAddr, _: &Charge) {
        assert!(*self != Self::Charge, "as planned");
    }
}

fn limited(by: PanicsAt) -> (Vestibule<Gate>, Keeper) {
    let mut options = Options::default();
    options.limiter = Arc::new(by);
    let (service, gate) = gate(server(), options);
    gate.open();
    (service, gate)
}

async fn register(service: &Vestibule<Gate>) -> StatusCode {
    let body = r#"{"redirect_uris":["https://app.test/cb"],"token_endpoint_auth_method":"none"}"#;
    let request = http::Request::post("/oauth/register")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())));
    service.clone().call(request.unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn who_cannot_be_judged_is_not_let_through() {
    for panics_at in [PanicsAt::Payer, PanicsAt::Wait] {
        let (service, mut gate) = limited(panics_at);
        assert_eq!(register(&service).await, StatusCode::SERVICE_UNAVAILABLE);
        let told = gate.told().await;
        assert_eq!(
            (told.outcome, told.status),
            (Outcome::Panicked, StatusCode::SERVICE_UNAVAILABLE)
        );
        assert!(told.events.is_empty(), "it was handled: {:?}", told.events);
        // What costs nothing goes on, and the place was given back.
        let metadata = get("/.well-known/oauth-authorization-server").map(Full::new);
        assert_eq!(service.clone().call(metadata).await.unwrap().status(), StatusCode::OK);
        service.shutdown().await;
    }
}

#[tokio::test]
async fn what_has_happened_is_answered_and_told_even_where_it_cannot_be_counted() {
    let (service, mut gate) = limited(PanicsAt::Charge);
    assert_eq!(register(&service).await, StatusCode::CREATED);
    let told = gate.told().await;
    assert_eq!((told.outcome, told.status), (Outcome::Replied, StatusCode::CREATED));
    assert_eq!(told.events, ["client_registered"]);
    service.shutdown().await;
}
