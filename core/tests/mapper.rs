//! The token mapper: what an application may say about a person, and when it is asked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use std::time::Duration;

use serde_json::{Map, Value, json};
use vestibule_core::{AccessToken, MapFailure, MapUser, Mapped, MappedToken, Occasion};

use world::{
    Browser, World, authorize_with, claims_of, config, error_of, json_of, location, query_of, text,
};

/// A world whose application answers like this.
fn world(mapper: fn(&MapUser) -> Result<Mapped, MapFailure>) -> World {
    let mut config = config();
    config.map_users = true;
    let mut world = World::of(config);
    world.mapper = mapper;
    world
}

fn claims(value: Value) -> Mapped {
    let Value::Object(map) = value else { panic!("not an object: {value}") };
    Mapped::Claims(map)
}

fn token(access_token: &str, extra: Value) -> Mapped {
    let Value::Object(extra) = extra else { panic!("not an object: {extra}") };
    let access_token = AccessToken::new(access_token);
    Mapped::Token(MappedToken { access_token, expires_in: Duration::from_secs(3600), extra })
}

/// Admits at sign-in; at a refresh says what `at_refresh` says.
macro_rules! at_refresh {
    ($answer:expr) => {
        |map: &MapUser| match map.occasion {
            Occasion::Refresh => $answer,
            _ => Ok(Mapped::default()),
        }
    };
}

/// The query with which the client is told of a sign-in.
fn told(world: &mut World) -> std::collections::HashMap<String, String> {
    query_of(&Browser::default().until_redirect(world, &authorize_with(&[])))
}

#[test]
fn claims_become_part_of_our_token() {
    let mut world = world(|_| Ok(claims(json!({ "sub": "user-7", "roles": ["admin"], "n": 1 }))));
    let tokens = world.until_tokens();
    let claims = claims_of(tokens["access_token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["roles"]), (&json!("user-7"), &json!(["admin"])));
    assert!(world.is_live(tokens["access_token"].as_str().unwrap()));
}

#[test]
fn without_a_sub_of_its_own_the_subject_is_provider_and_id() {
    let mut world = world(|_| Ok(Mapped::default()));
    let tokens = world.until_tokens();
    assert_eq!(claims_of(tokens["access_token"].as_str().unwrap())["sub"], "idp:alice");
}

#[test]
fn a_token_of_the_applications_own_is_handed_out_with_its_extra_members() {
    let mut world = world(|_| Ok(token("application-token", json!({ "user_id": "u1" }))));
    let tokens = world.until_tokens();
    assert_eq!(tokens["access_token"], "application-token");
    assert_eq!(tokens["user_id"], "u1");
    assert_eq!(tokens["expires_in"], 3600);
    assert!(tokens["refresh_token"].is_string());
}

#[test]
fn the_lifetime_of_a_mapped_token_is_told_from_when_it_was_mapped() {
    let mut world = world(|_| Ok(token("application-token", json!({}))));
    let code = world.until_code()["code"].clone();
    world.pass(100);
    assert_eq!(json_of(&world.redeem(&code))["expires_in"], 3500);
}

#[test]
fn aud_11_an_upstream_token_is_never_passed_through() {
    for mapper in [
        (|_: &MapUser| Ok(token("upstream-access", json!({})))) as fn(&MapUser) -> _,
        |_| Ok(token("upstream-refresh", json!({}))),
        |_| Ok(token("own", json!({ "x": { "y": ["upstream-access"] } }))),
        |_| Ok(claims(json!({ "x": "upstream-access" }))),
    ] {
        let mut world = world(mapper);
        assert_eq!(told(&mut world)["error"], "server_error");
        assert_eq!(world.store.len(), 0);
    }
}

#[test]
fn aud_11_an_upstream_token_is_known_again_at_a_refresh() {
    let mut world = world(at_refresh!(Ok(token("upstream-access", json!({})))));
    let refresh_token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let refused = world.refresh(&refresh_token);
    assert_eq!(error_of(&refused), (503, "server_error".to_owned()));
    world.mapper = |_| Ok(Mapped::default());
    assert_eq!(world.refresh(&refresh_token).status, 200, "nothing was spent");
}

#[test]
fn ref_11_a_narrowed_refresh_asks_the_mapper_for_the_narrowed_scope() {
    let mut world = world(|map| Ok(claims(json!({ "asked": map.scope }))));
    let refresh_token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let narrowed = json_of(&world.refresh_with(&refresh_token, &[("scope", "mcp:read")]));
    assert_eq!(claims_of(narrowed["access_token"].as_str().unwrap())["asked"], "mcp:read");
}

#[test]
fn claims_that_are_ours_to_make_are_refused() {
    fn mapper(map: &MapUser) -> Result<Mapped, MapFailure> {
        // The state of the world cannot be captured: the name comes as the person's.
        let mut claims = Map::new();
        claims.insert(map.user.name.clone().unwrap(), json!("x"));
        Ok(Mapped::Claims(claims))
    }
    for name in ["iss", "aud", "exp", "iat", "jti", "client_id", "scope"] {
        let mut world = world(mapper);
        let user = json!({ "sub": "alice", "name": name }).to_string();
        world.upstream.user = world::upstream::Answer::Says(200, user);
        assert_eq!(told(&mut world)["error"], "server_error", "{name}");
    }
}

#[test]
fn extra_members_named_like_those_of_a_token_response_are_refused() {
    fn mapper(map: &MapUser) -> Result<Mapped, MapFailure> {
        Ok(token("own", json!({ map.user.name.clone().unwrap(): "x" })))
    }
    for name in ["access_token", "token_type", "expires_in", "refresh_token", "scope", "error"] {
        let mut world = world(mapper);
        let user = json!({ "sub": "alice", "name": name }).to_string();
        world.upstream.user = world::upstream::Answer::Says(200, user);
        assert_eq!(told(&mut world)["error"], "server_error", "{name}");
    }
}

#[test]
fn an_empty_or_other_sub_is_refused() {
    let empty = |_: &MapUser| Ok(claims(json!({ "sub": "" })));
    let number = |_: &MapUser| Ok(claims(json!({ "sub": 7 })));
    for mapper in [empty as fn(&MapUser) -> _, number] {
        assert_eq!(told(&mut world(mapper))["error"], "server_error");
    }
}

#[test]
fn a_person_who_is_refused_at_sign_in_is_told_to_the_client_with_the_reason() {
    let mut world = world(|_| Err(MapFailure::Denied("no \"account\" here".to_owned())));
    let told = told(&mut world);
    assert_eq!((&*told["error"], &*told["state"]), ("access_denied", "S"));
    assert_eq!(told["error_description"], "no  account  here");
    assert_eq!(world.store.len(), 0);
}

#[test]
fn a_person_who_is_refused_at_a_refresh_loses_the_grant() {
    let mut world = world(at_refresh!(Err(MapFailure::Denied("left".to_owned()))));
    let tokens = world.until_tokens();
    let refused = world.refresh(tokens["refresh_token"].as_str().unwrap());
    assert_eq!(error_of(&refused), (400, "invalid_grant".to_owned()));
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()));
}

#[test]
fn an_application_that_cannot_say_burns_no_token() {
    let mut world = world(at_refresh!(Err(MapFailure::Unavailable)));
    let token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let refused = world.refresh(&token);
    assert_eq!(error_of(&refused), (503, "temporarily_unavailable".to_owned()));
    assert!(refused.headers.contains_key("retry-after"));
    world.mapper = |_| Ok(Mapped::default());
    assert_eq!(world.refresh(&token).status, 200);
}

#[test]
fn a_misbehaving_mapper_burns_no_token_either() {
    let mut world = world(at_refresh!(Ok(claims(json!({ "iss": "x" })))));
    let token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(world.refresh(&token).status, 503);
    world.mapper = |_| Ok(Mapped::default());
    assert_eq!(world.refresh(&token).status, 200);
}

#[test]
fn the_question_carries_grant_and_generation_as_idempotency_key() {
    fn mapper(map: &MapUser) -> Result<Mapped, MapFailure> {
        let key = map.idempotency_key;
        Ok(claims(json!({
            "key": format!("{}/{}", key.grant_id, key.generation),
            "had_tokens": map.upstream_tokens.is_some(),
            "raw": map.user.raw,
        })))
    }
    let mut world = world(mapper);
    let tokens = world.until_tokens();
    let token = tokens["refresh_token"].as_str().unwrap();
    let (first, again) = (world.refresh(token), world.refresh(token));
    assert_eq!(first.body, again.body, "{}", text(&again));
    let claims = |json: &Value| claims_of(json["access_token"].as_str().unwrap());
    let (signed_in, refreshed) = (claims(&tokens), claims(&json_of(&first)));
    let grant =
        |claims: &Value| claims["key"].as_str().unwrap().split_once('/').unwrap().0.to_owned();
    assert_eq!(grant(&signed_in), grant(&refreshed));
    assert!(signed_in["key"].as_str().unwrap().ends_with("/0"));
    assert!(refreshed["key"].as_str().unwrap().ends_with("/2"));
    assert_eq!((&signed_in["had_tokens"], &refreshed["had_tokens"]), (&json!(true), &json!(false)));
    assert_eq!(refreshed["raw"]["email"], "alice@idp.test");
}

#[test]
fn a_callback_whose_mapper_is_down_is_told_to_the_client() {
    let mut world = world(|_| Err(MapFailure::Unavailable));
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    let response = browser.get(&mut world, &callback);
    assert_eq!(query_of(location(&response.headers).unwrap())["error"], "temporarily_unavailable");
}
