//! A resource in a process of its own: when it asks the server for its keys, and what it does where it
//! gets none.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use vestibule_core::{
    Algorithm, Denied, HttpCall, Issuer, Need, Purpose, Reach, Refusal, Response, SigningKey, Step,
    Unreachable,
};

use crate::expect::member;
use crate::world::{ISSUER, RES, Remote, World, claims_of, config, json_of, serve};

const METADATA: &str = "https://as.test/.well-known/oauth-authorization-server";
const KEYS: &str = "https://as.test/.well-known/jwks.json";
const DAY: u64 = 86_400;

/// One that knows nothing yet.
fn unknowing() -> Remote {
    Remote::of(World::new(), RES)
}

fn refreshed() -> Remote {
    let mut remote = unknowing();
    remote.refresh();
    assert_eq!(remote.verifier.failure(), None);
    remote
}

fn token(remote: &mut Remote) -> String {
    member(&remote.world.until_tokens(), "access_token")
}

/// A token that is right but for its key, of that name.
fn of_key(kid: &str, claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }).to_string();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let claims = claims.to_string();
    format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&[7; 64]))
}

fn says(status: u16, body: &Value) -> Result<Response, Unreachable> {
    let status = StatusCode::from_u16(status).unwrap();
    Ok(Response::new(status, HeaderMap::new(), Bytes::from(body.to_string())))
}

/// The server's own metadata with one member changed; `null` leaves it out.
fn with_metadata(name: &'static str, value: Value) -> Remote {
    let mut remote = unknowing();
    remote.answer = Box::new(move |world, call| {
        let mut response = serve(world, call)?;
        if call.purpose == Purpose::FetchMetadata {
            let mut metadata = json_of(&response);
            metadata[name] = value.clone();
            if value.is_null() {
                metadata.as_object_mut().unwrap().remove(name);
            }
            response.body = Bytes::from(metadata.to_string());
        }
        Ok(response)
    });
    remote
}

#[test]
fn a_new_one_lets_nobody_in_until_it_has_asked() {
    let mut remote = unknowing();
    let token = token(&mut remote);
    let (outcome, need) = remote.look(&token);
    let challenge = outcome.unwrap_err();
    assert_eq!((challenge.reason(), need), (Denied::Unavailable, Need::First));
    let response = challenge.response();
    assert_eq!(response.status, 503);
    assert_eq!(response.headers["retry-after"], "1");
    assert!(!response.headers.contains_key("www-authenticate"));
    // What is no token of this server is refused without asking for its keys.
    let (outcome, need) = remote.look("x");
    assert_eq!((outcome.unwrap_err().reason(), need), (Denied::InvalidToken, Need::Soon));

    remote.refresh();
    let (outcome, need) = remote.look(&token);
    assert_eq!((outcome.unwrap().subject.as_str(), need), ("idp:alice", Need::Nothing));
    assert_eq!(remote.calls, [METADATA, KEYS]);
}

#[test]
fn a_call_is_bounded_and_goes_to_what_is_configured() {
    let mut remote = unknowing();
    remote.answer = Box::new(|world, call| {
        assert_eq!((&call.method, call.reach), (&Method::GET, Reach::Configured));
        assert!(call.body_cap <= 64 * 1024 && call.deadline <= Duration::from_secs(5));
        assert_eq!(call.headers["accept"], "application/json");
        assert!(matches!(call.purpose, Purpose::FetchMetadata | Purpose::FetchKeys));
        serve(world, call)
    });
    remote.refresh();
    assert_eq!(remote.calls.len(), 2);
}

#[test]
fn the_well_known_string_stands_between_host_and_path() {
    let mut config = config();
    config.issuer = Issuer::parse("https://as.test/tenant").unwrap();
    let mut remote = Remote::of(World::of(config), RES);
    remote.refresh();
    assert_eq!(remote.verifier.failure(), None);
    assert_eq!(
        remote.calls,
        [format!("{METADATA}/tenant").as_str(), "https://as.test/tenant/.well-known/jwks.json"]
    );
}

#[test]
fn jwt_07_made_up_keys_make_one_refresh_a_minute() {
    let mut remote = refreshed();
    let claims = claims_of(&token(&mut remote));
    remote.calls.clear();
    // 840 seconds, twelve tokens each: the real token lives for 900.
    let mut refusals = 0;
    for n in 0..10_080 {
        if n % 12 == 0 {
            remote.world.pass(1);
        }
        refusals += usize::from(remote.judge(&of_key(&format!("k{n}"), &claims)).is_err());
    }
    assert_eq!((refusals, remote.calls.len()), (10_080, 2 * 14));
    // What would not be taken anyway makes none.
    remote.calls.clear();
    for (name, value) in [("aud", json!("https://x.test")), ("iss", json!("x")), ("exp", json!(1))]
    {
        remote.world.pass(60);
        let mut claims = claims.clone();
        claims["exp"] = json!(remote.world.now + 900);
        claims[name] = value;
        remote.refresh();
        remote.world.pass(61);
        let (outcome, need) = remote.look(&of_key("k", &claims));
        assert_eq!((outcome.unwrap_err().reason(), need), (Denied::InvalidToken, Need::Nothing));
    }
}

#[test]
fn jwt_07_a_server_that_is_away_is_asked_every_five_seconds_at_most() {
    let mut remote = unknowing();
    let token = token(&mut remote);
    remote.answer = Box::new(|_, _| Err(Unreachable::Connection));
    for n in 0..1000 {
        if n % 50 == 0 {
            remote.world.pass(1);
        }
        assert_eq!(remote.judge(&token).unwrap_err(), Denied::Unavailable);
    }
    assert_eq!(remote.calls, [METADATA; 4]);
    // It comes back.
    remote.answer = Box::new(serve);
    remote.world.pass(5);
    assert!(remote.judge(&token).is_ok());
    assert_eq!(remote.verifier.failure(), None);
}

#[test]
fn a_new_key_costs_one_refresh_and_a_retired_one_is_refused_after_the_next() {
    let key = |n: u8| SigningKey::from_bytes(Algorithm::EdDsa, [n; 32]).unwrap();
    let signing = |keys: &[u8]| {
        let mut config = config();
        config.signing_keys = keys.iter().map(|n| key(*n)).collect();
        config
    };
    let mut remote = refreshed();
    remote.world.pass(90);
    let old = token(&mut remote);
    remote.world = remote.world.reconfigured(signing(&[3, 2]));
    let new = token(&mut remote);
    assert!(remote.judge(&old).is_ok());
    assert_eq!(remote.calls.len(), 2);
    let (outcome, need) = remote.look(&new);
    assert_eq!((outcome.unwrap_err().reason(), need), (Denied::UnknownKey, Need::First));
    assert!(remote.judge(&new).is_ok() && remote.judge(&old).is_ok());
    assert_eq!(remote.calls.len(), 4);

    remote.world = remote.world.reconfigured(signing(&[3]));
    assert!(remote.judge(&old).is_ok(), "the keys are fresh");
    remote.world.pass(300);
    let (outcome, need) = remote.look(&old);
    assert_eq!((outcome.is_ok(), need), (true, Need::Soon));
    remote.refresh();
    assert!(remote.judge(&new).is_ok());
    assert_eq!(remote.judge(&old).unwrap_err(), Denied::UnknownKey);
}

#[test]
fn keys_are_fresh_for_as_long_as_the_server_says_within_bounds() {
    for (said, fresh) in [
        (None, 3600),
        (Some("no-store"), 60),
        (Some("max-age=5"), 60),
        (Some("public, max-age=300"), 300),
        (Some("max-age=999999999"), DAY),
    ] {
        let mut remote = unknowing();
        remote.answer = Box::new(move |world, call| {
            let mut response = serve(world, call)?;
            response.headers.remove("cache-control");
            if let Some(said) = said {
                response.headers.insert("cache-control", HeaderValue::from_static(said));
            }
            Ok(response)
        });
        remote.refresh();
        remote.world.pass(fresh - 1);
        let token = token(&mut remote);
        assert_eq!(remote.look(&token).1, Need::Nothing, "{said:?}");
        remote.world.pass(1);
        let (outcome, need) = remote.look(&token);
        assert_eq!((outcome.is_ok(), need), (true, Need::Soon), "{said:?}");
    }
}

#[test]
fn a_day_after_they_were_fresh_the_keys_let_nobody_in() {
    let mut remote = refreshed();
    remote.answer = Box::new(|_, _| Err(Unreachable::Deadline));
    remote.world.pass(300 + DAY - 1);
    let token = token(&mut remote);
    assert!(remote.judge(&token).is_ok());
    assert_eq!(
        remote.verifier.failure(),
        Some(&Refusal::UpstreamUnreachable(Unreachable::Deadline))
    );
    remote.world.pass(1);
    assert_eq!(remote.judge(&token).unwrap_err(), Denied::Unavailable);
    remote.answer = Box::new(serve);
    remote.world.pass(4);
    assert!(remote.judge(&token).is_ok());
}

/// Everything that a server, or whoever stands in front of it, can say instead.
#[test]
fn a_refresh_that_fails_keeps_the_old_keys_and_rests() {
    type Says = fn(&HttpCall) -> Option<Result<Response, Unreachable>>;
    let at_keys: [Says; 4] = [
        |call| (call.purpose == Purpose::FetchKeys).then(|| says(500, &json!({}))),
        |call| (call.purpose == Purpose::FetchKeys).then(|| says(200, &json!({ "keys": [] }))),
        |call| (call.purpose == Purpose::FetchKeys).then(|| says(200, &json!([]))),
        |call| (call.purpose == Purpose::FetchKeys).then_some(Err(Unreachable::TooLarge)),
    ];
    let everywhere: [Says; 5] = [
        |_| Some(says(404, &json!({}))),
        |_| Some(says(302, &json!({}))),
        |_| Some(says(429, &json!({}))),
        |_| Some(says(200, &json!("x"))),
        |_| Some(Err(Unreachable::Connection)),
    ];
    for say in at_keys.into_iter().chain(everywhere) {
        let mut remote = refreshed();
        remote.world.pass(301);
        let token = token(&mut remote);
        remote.answer =
            Box::new(move |world, call| say(call).unwrap_or_else(|| serve(world, call)));
        remote.refresh();
        assert!(remote.verifier.failure().is_some());
        let (outcome, need) = remote.look(&token);
        assert_eq!((outcome.is_ok(), need), (true, Need::Nothing));
        remote.world.pass(4);
        assert_eq!(remote.look(&token).1, Need::Nothing);
        remote.world.pass(1);
        assert_eq!(remote.look(&token).1, Need::Soon);
    }
}

#[test]
fn metadata_of_another_issuer_leads_nowhere() {
    for issuer in
        [json!("https://as.test/"), json!("https://AS.test"), json!("https://evil.test"), json!(1)]
    {
        let mut remote = with_metadata("issuer", issuer);
        remote.refresh();
        assert!(matches!(remote.verifier.failure(), Some(Refusal::UpstreamMalformed(_))));
        assert_eq!(remote.calls, [METADATA], "the keys were asked for");
    }
}

#[test]
fn keys_are_where_the_issuer_says_and_never_behind_less_than_https() {
    for jwks_uri in [
        json!("http://as.test/jwks.json"),
        json!("http://127.0.0.1/jwks.json"),
        json!("file:///etc/passwd"),
        json!("/jwks.json"),
        json!("https://u:p@as.test/jwks.json"),
        json!(["https://as.test/.well-known/jwks.json"]),
        Value::Null,
    ] {
        let mut remote = with_metadata("jwks_uri", jwks_uri);
        remote.refresh();
        assert!(matches!(remote.verifier.failure(), Some(Refusal::UpstreamMalformed(_))));
        assert_eq!(remote.calls, [METADATA], "the keys were asked for");
    }
    // As with providers: an issuer may have its keys elsewhere.
    let mut remote = with_metadata("jwks_uri", json!("https://cdn.test/.well-known/jwks.json"));
    remote.refresh();
    assert_eq!(remote.calls[1], "https://cdn.test/.well-known/jwks.json");
    let token = token(&mut remote);
    assert!(remote.judge(&token).is_ok());
}

#[test]
fn a_server_that_signs_with_a_shared_secret_cannot_be_verified_elsewhere() {
    let mut config = config();
    config.signing_keys = vec![SigningKey::from_bytes(Algorithm::Hs256, [5; 32]).unwrap()];
    let mut remote = Remote::of(World::of(config), RES);
    let token = token(&mut remote);
    assert_eq!(remote.judge(&token).unwrap_err(), Denied::Unavailable);
    let why = remote.verifier.failure().unwrap().to_string();
    assert!(why.contains("HS256"), "{why}");
}

#[test]
fn a_verifier_asks_for_nothing_but_documents() {
    let mut remote = unknowing();
    let step = remote.verifier.refresh(remote.world.tick());
    assert!(matches!(&step, Step::Http(call) if call.effect().url.as_str() == METADATA));
    assert_eq!(remote.verifier.protected().resource().uri(), RES);
    let debug = format!("{:?}", refreshed().verifier);
    assert!(debug.contains(ISSUER) && debug.contains(RES) && debug.len() < 200, "{debug}");
}
