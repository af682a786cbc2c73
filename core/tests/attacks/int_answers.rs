//! What introspection says of a token (RFC 7662 §2.2).

use http::header;
use serde_json::{Value, json};
use vestibule_core::{
    Algorithm, ClientId, ClientSecret, Config, Cutoff, Event, Mapped, Request, Resource,
    ResourceCredentials, Response, SigningKey,
};

use crate::expect::{RES2, assert_clean, damaged, member, refused, tokens_with};
use crate::world::store::Fault;
use crate::world::{ISSUER, RES, World, claims_of, config, json_of, post, refresh, text};

pub(crate) const PATH: &str = "/oauth/introspect";
pub(crate) const A_SECRET: &str = "a-secret-of-the-resource-a";
pub(crate) const B_SECRET: &str = "a-secret-of-the-resource-b";
pub(crate) const A: [(&str, &str); 2] = [("client_id", "A"), ("client_secret", A_SECRET)];
pub(crate) const B: [(&str, &str); 2] = [("client_id", "B"), ("client_secret", B_SECRET)];

/// Resource A is the fixtures', B another one; both may ask.
pub(crate) fn two() -> Config {
    let mut config = config();
    let secret = |secret| ClientSecret::new(secret);
    config.resources.push(Resource::new(RES2, vec![]).unwrap());
    config.resources[0].credentials = Some(ResourceCredentials::new("A", secret(A_SECRET)));
    config.resources[1].credentials = Some(ResourceCredentials::new("B", secret(B_SECRET)));
    config
}

pub(crate) fn asked(own: &[(&str, &str)], token: &str) -> Request {
    post(PATH, &[own, &[("token", token)]].concat(), &[])
}

/// The answer to A, which must be one.
pub(crate) fn answer(world: &mut World, request: Request) -> Response {
    let before = (world.store.swaps, world.store.len(), world.events.len());
    let response = world.send(request);
    assert_eq!(response.status, 200, "{}", text(&response));
    assert_clean(&response);
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    assert_unshared(&response);
    assert_eq!((world.store.swaps, world.store.len(), world.events.len()), before);
    response
}

pub(crate) fn assert_unshared(response: &Response) {
    let shared = |name: &&header::HeaderName| name.as_str().starts_with("access-control");
    assert_eq!(response.headers.keys().find(shared), None);
}

pub(crate) fn active(world: &mut World, token: &str) -> Value {
    let answer = json_of(&answer(world, asked(&A, token)));
    assert_eq!(answer["active"], true, "{answer}");
    answer
}

/// The one answer that says nothing.
fn inactive(world: &mut World, request: Request) {
    let nothing = answer(world, asked(&A, "nothing"));
    let response = answer(world, request);
    assert_eq!(text(&response), r#"{"active":false}"#);
    assert_eq!((&response.headers, &response.body), (&nothing.headers, &nothing.body));
}

#[test]
fn an_active_token_says_what_is_in_it() {
    let mut config = two();
    config.map_users = true;
    let mut world = World::of(config);
    world.mapper = |_| {
        let claims = json!({ "team": ["x"], "active": "perhaps", "token_type": "N_A" });
        Ok(Mapped::Claims(claims.as_object().unwrap().clone()))
    };
    let token = member(&tokens_with(&mut world, &[("scope", "mcp:read")], &[]), "access_token");
    let own = claims_of(&token);
    let said = active(&mut world, &token);
    let expected = json!({
        "active": true,
        "token_type": "Bearer",
        "scope": "mcp:read",
        "client_id": "P",
        "sub": "idp:alice",
        "aud": RES,
        "iss": ISSUER,
        "exp": own["exp"],
        "iat": own["iat"],
        "jti": own["jti"],
        "team": ["x"],
    });
    assert_eq!(said, expected);
}

#[test]
fn a_resource_without_scopes_is_told_of_none() {
    let mut world = World::of(two());
    let resource = [("resource", RES2)];
    let token = member(&tokens_with(&mut world, &resource, &[]), "access_token");
    let said = json_of(&answer(&mut world, asked(&B, &token)));
    assert_eq!((&said["active"], &said["aud"]), (&json!(true), &json!(RES2)));
    assert!(said.get("scope").is_none(), "{said}");
}

#[test]
fn int_02_int_03_a_token_for_another_resource_says_nothing() {
    let mut world = World::of(two());
    let of_a = member(&world.until_tokens(), "access_token");
    let of_b = tokens_with(&mut world, &[("resource", RES2)], &[]);
    let of_b = member(&of_b, "access_token");
    inactive(&mut world, asked(&B, &of_a));
    inactive(&mut world, asked(&A, &of_b));
    // Nor to who asks for an answer in another form.
    let accept = [("accept", "application/token-introspection+jwt")];
    let form = |own: &[(&'static str, &'static str)], token| {
        post(PATH, &[own, &[("token", token)]].concat(), &accept)
    };
    inactive(&mut world, form(&B, &of_a));
    let plain = active(&mut world, &of_a);
    assert_eq!(json_of(&answer(&mut world, form(&A, &of_a))), plain);
}

#[test]
fn int_02_a_resource_that_took_anothers_place_does_not_inherit_its_tokens() {
    let mut world = World::of(two());
    let token = member(&world.until_tokens(), "access_token");
    let mut config = two();
    let moved = config.resources[0].credentials.take();
    config.resources[0] = Resource::new("https://mcp.test/mcp/", vec![]).unwrap();
    config.resources[0].credentials = moved;
    let mut world = world.reconfigured(config);
    inactive(&mut world, asked(&A, &token));
}

#[test]
fn int_04_whatever_is_not_active_is_answered_alike() {
    let mut world = World::of(two());
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let access = member(&tokens, "access_token");
    let refresh_token = member(&tokens, "refresh_token");
    for token in [&*code, &refresh_token, "x", " ", "a.b.c", "é", A_SECRET, &"x".repeat(60_000)] {
        inactive(&mut world, asked(&A, token));
    }
    for token in damaged(&access) {
        inactive(&mut world, asked(&A, &token));
    }
    let unsigned = access.rsplit_once('.').unwrap().0.to_owned() + ".";
    inactive(&mut world, asked(&A, &unsigned));
    let mut other = two();
    other.signing_keys = vec![SigningKey::from_bytes(Algorithm::EdDsa, [9; 32]).unwrap()];
    let foreign = member(&World::of(other).until_tokens(), "access_token");
    inactive(&mut world, asked(&A, &foreign));
    let expires_in = tokens["expires_in"].as_u64().unwrap();
    world.pass(expires_in - 1);
    active(&mut world, &access);
    world.pass(1);
    inactive(&mut world, asked(&A, &access));
}

#[test]
fn int_04_a_body_of_a_mebibyte_is_not_read() {
    let mut world = World::of(two());
    let response = refused(&mut world, asked(&A, &"x".repeat(1 << 20)));
    assert_eq!(response.status, 413);
    assert_unshared(&response);
}

#[test]
fn int_04_a_grant_that_cannot_be_read_or_is_gone_is_not_active() {
    let mut world = World::of(two());
    let token = member(&world.until_tokens(), "access_token");
    let mut corrupt = world.clone();
    corrupt.store.corrupt();
    inactive(&mut corrupt, asked(&A, &token));
    world.store = Default::default();
    inactive(&mut world, asked(&A, &token));
}

#[test]
fn int_08_int_12_what_was_revoked_is_inactive_at_once() {
    for name in ["access_token", "refresh_token"] {
        let mut world = World::of(two());
        let first = world.until_tokens();
        world.pass(1);
        let second = json_of(&world.refresh(&member(&first, "refresh_token")));
        for tokens in [&first, &second] {
            active(&mut world, &member(tokens, "access_token"));
        }
        assert_eq!(world.revoke(&member(&second, name)).status, 200);
        for tokens in [&first, &second] {
            inactive(&mut world, asked(&A, &member(tokens, "access_token")));
        }
        // So is everything of a refresh token that was used again.
        let tokens = world.until_tokens();
        let spent = member(&tokens, "refresh_token");
        world.pass(1);
        let newest = json_of(&world.refresh(&spent));
        world.pass(61);
        tok_ends(&mut world, &spent);
        inactive(&mut world, asked(&A, &member(&newest, "access_token")));
    }
}

fn tok_ends(world: &mut World, spent: &str) {
    assert_eq!(world.send(refresh(spent, &[])).status, 400);
    assert!(world.events.iter().any(|event| matches!(event, Event::GrantEnded { .. })));
}

#[test]
fn int_08_a_cutoff_of_person_client_or_issuer_is_seen_at_once() {
    for cutoff in [
        Cutoff::Subject("idp:alice".to_owned()),
        Cutoff::Client(ClientId::new("P")),
        Cutoff::Issuer,
    ] {
        let mut world = World::of(two());
        let token = member(&world.until_tokens(), "access_token");
        active(&mut world, &token);
        world.pass(1);
        let tick = world.tick();
        let step = world.server.end(cutoff.clone(), tick);
        world.finish(step).unwrap();
        inactive(&mut world, asked(&A, &token));
        world.pass(1);
        let again = member(&world.until_tokens(), "access_token");
        active(&mut world, &again);
    }
    // A client that the operator removed has nothing any more.
    let mut world = World::of(two());
    let token = member(&world.until_tokens(), "access_token");
    let mut config = two();
    config.clients.retain(|client| client.id.as_str() != "P");
    inactive(&mut world.reconfigured(config), asked(&A, &token));
}

#[test]
fn int_09_the_hint_is_a_hint() {
    let mut world = World::of(two());
    let tokens = world.until_tokens();
    let (access, refresh) = (member(&tokens, "access_token"), member(&tokens, "refresh_token"));
    for hint in ["access_token", "refresh_token", "id_token", "urn:x", "", "\"<x>"] {
        let with = |token| {
            post(PATH, &[&A[..], &[("token", token), ("token_type_hint", hint)]].concat(), &[])
        };
        assert_eq!(json_of(&answer(&mut world, with(&access)))["active"], true, "{hint}");
        inactive(&mut world, with(&refresh));
    }
}

#[test]
fn int_08_where_the_store_does_not_say_nobody_guesses() {
    let mut world = World::of(two());
    let token = member(&world.until_tokens(), "access_token");
    // The grant, and each of three cutoffs.
    for before in 0..4 {
        world.store.faults = [vec![Fault::None; before], vec![Fault::Unavailable]].concat();
        let response = refused(&mut world, asked(&A, &token));
        assert_eq!(response.status, 503);
        assert!(response.headers.contains_key(header::RETRY_AFTER));
        assert_unshared(&response);
    }
    active(&mut world, &token);
}
