//! Guesses at clients' secrets, as those see them who count (CLA-21).

use std::time::Duration;

use http::{Method, header};
use serde_json::json;
use vestibule_core::{Charge, ClientId};

use crate::cla::{by_header, code_of};
use crate::expect::{C_SECRET, assert_tok, basic, refused};
use crate::world::{World, json_of, redemption, request};

/// What requests are said to draw on, and what they are charged.
#[test]
fn cla_21_only_a_wrong_secret_is_charged_and_to_its_client() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let own = |secret| redemption(&code, &[("client_id", "C"), ("client_secret", secret)]);
    let by_header = |pair| by_header(&code, &basic(pair));
    let public = || redemption("x", &[("client_id", "P")]);
    let with_a_secret = || redemption("x", &[("client_id", "P"), ("client_secret", "x")]);
    for (request, draws, charged) in [
        (own("wrong"), true, true),
        (by_header("C:wrong"), true, true),
        (by_header("%43:wrong"), true, true),
        // No guess at anybody's secret.
        (by_header("nobody:wrong"), false, false),
        (redemption(&code, &[("client_id", "nobody"), ("client_secret", "x")]), false, false),
        (with_a_secret(), false, false),
        // Who shows no secret is not even asked whether there is something left.
        (public(), false, false),
        (by_header("P:"), false, false),
        (by_header("C:"), false, false),
        (redemption(&code, &[("client_id", "C")]), false, false),
        (own(C_SECRET), true, false),
    ] {
        let shown = format!("{request:?}");
        let charge = world.server.charge(&request);
        let of_c = Charge::WrongSecret { client_id: ClientId::new("C") };
        assert_eq!(charge, draws.then_some(of_c), "{shown}");
        let before = world.events.len();
        world.send(request);
        let due = charge.is_some_and(|charge| charge.is_due(&world.events[before..]));
        assert_eq!(due, charged, "{shown}");
    }
}

#[test]
fn cla_21_other_schemes_and_clients_that_registered_themselves_draw_nothing() {
    let mut world = World::new();
    for scheme in ["Bearer x", "Digest username=\"C\"", "DPoP x", "BasicX Qzp4", "Negotiate"] {
        assert_eq!(world.server.charge(&by_header("x", scheme)), None, "{scheme}");
    }
    let metadata = json!({ "redirect_uris": ["https://app.example.com/cb"] });
    let json = [("content-type", "application/json")];
    let registration = request(Method::POST, "/oauth/register", &json, &metadata.to_string());
    assert_eq!(world.server.charge(&registration), Some(Charge::Registration));
    let before = world.events.len();
    let registered = json_of(&world.send(registration));
    assert!(Charge::Registration.is_due(&world.events[before..]));
    // Its secret is one that nobody guesses.
    let id = registered["client_id"].as_str().unwrap();
    let guess = || redemption("x", &[("client_id", id), ("client_secret", "wrong")]);
    assert_eq!(world.server.charge(&guess()), None);
    let basic = basic(&format!("{id}:wrong"));
    assert_eq!(world.server.charge(&by_header("x", &basic)), None);
    assert_tok(&refused(&mut world, guess()), 401, "invalid_client");
}

#[test]
fn cla_21_who_has_nothing_left_is_not_heard() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let own = redemption(&code, &[("client_id", "C"), ("client_secret", C_SECRET)]);
    let response = refused(&mut world, own.too_many(Duration::from_secs(7)));
    assert_tok(&response, 429, "temporarily_unavailable");
    assert_eq!(response.headers[header::RETRY_AFTER], "7");
    // Nothing is spent.
    let own = redemption(&code, &[("client_id", "C"), ("client_secret", C_SECRET)]);
    assert_eq!(world.send(own).status, 200);
}

/// CIM-16: to look for a document costs a call, so it is counted wherever one is looked for, and
/// nowhere else.
#[test]
fn cim_16_only_a_document_that_is_looked_for_is_charged() {
    let mut world = World::new();
    let asks = |method, query: &str| {
        let target = format!("/oauth/authorize?response_type=code&{query}");
        request(method, &target, &[], "")
    };
    const DOCUMENT: &str = "client_id=https%3A%2F%2Fapp.example.com%2Fclient.json";
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(world.server.charge(&asks(method, DOCUMENT)), Some(Charge::ClientDocument));
    }
    for free in [
        "client_id=P",
        "client_id=nobody",
        "client_id=http%3A%2F%2Fapp.example.com%2Fclient.json",
        "client_id=https%3A%2F%2F127.0.0.1%2Fclient.json",
        "",
    ] {
        assert_eq!(world.server.charge(&asks(Method::GET, free)), None, "{free}");
    }
    assert_eq!(world.server.charge(&asks(Method::POST, DOCUMENT)), None);

    let before = world.events.len();
    assert_eq!(world.send(asks(Method::GET, DOCUMENT)).status, 400);
    assert!(Charge::ClientDocument.is_due(&world.events[before..]));
    let calls = world.upstream.calls.len();
    assert_ne!(calls, 0);
    let refused = world.send(asks(Method::GET, DOCUMENT).too_many(Duration::from_secs(7)));
    assert_eq!((refused.status.as_u16(), world.upstream.calls.len()), (429, calls));
    assert_eq!(refused.headers[header::RETRY_AFTER], "7");
}
