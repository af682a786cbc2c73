//! Any provider of OpenID Connect, by its issuer.

use serde_json::json;
use vestibule_core::provider::oidc;
use vestibule_core::{ClientSecret, ProviderId};

use crate::world::browser::callback_of;
use crate::world::id_tokens::{IdToken, Key, jwk_set};
use crate::world::upstream::Answer;
use crate::world::{
    Browser, World, authorize_with, claims_of, config, json_of, location, query_of,
};

const ISSUER: &str = "https://idp.test";

fn world() -> World {
    let secret = Some(ClientSecret::new("our-secret-upstream"));
    let mut config = config();
    config.providers = vec![oidc(ProviderId::parse("idp").unwrap(), ISSUER, "vestibule", secret)];
    let mut world = World::of(config);
    let metadata = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.test/authorize",
        "token_endpoint": "https://idp.test/token",
        "jwks_uri": "https://idp.test/keys",
    });
    world.upstream.metadata = Answer::Says(200, metadata.to_string());
    let keys = jwk_set(&[("one", Key::Rsa)]);
    world.upstream.keys = Answer::Says(200, keys.to_string());
    world
}

/// A sign-in with the ID token that `change` makes of a right one: what the client is told.
fn sign_in(world: &mut World, change: fn(IdToken) -> IdToken) -> String {
    let mut browser = Browser::default();
    let upstream = browser.until_upstream(world, &authorize_with(&[]));
    let asked = query_of(&upstream);
    let right = IdToken::new(ISSUER, "vestibule", &asked["nonce"], world.now, "one", Key::Rsa);
    let tokens = json!({
        "access_token": "upstream-access",
        "token_type": "Bearer",
        "id_token": change(right).text(),
    });
    world.upstream.token = Answer::Says(200, tokens.to_string());
    let callback = callback_of(&upstream, &[("code", "upstream-code")]);
    let response = browser.get(world, &callback);
    location(&response.headers).unwrap().to_owned()
}

#[test]
fn a_person_is_who_the_id_token_says() {
    let mut world = world();
    let told = sign_in(&mut world, |right| right);
    let tokens = json_of(&world.redeem(&query_of(&told)["code"]));
    assert_eq!(claims_of(tokens["access_token"].as_str().unwrap())["sub"], "idp:alice");
}

#[test]
fn metadata_and_keys_are_asked_for_once() {
    let mut world = world();
    sign_in(&mut world, |right| right);
    world.upstream.calls.clear();
    sign_in(&mut world, |right| right);
    assert_eq!(world.upstream.calls.len(), 1, "{:?}", world.upstream.calls);
}

#[test]
fn ups_11_an_id_token_of_another_sign_in_is_refused() {
    let told = sign_in(&mut world(), |right| right.claim("nonce", "another"));
    assert_eq!(query_of(&told)["error"], "server_error");
}

#[test]
fn ups_22_a_document_from_elsewhere_leads_to_nothing_on_this_machine() {
    for member in ["token_endpoint", "jwks_uri", "authorization_endpoint"] {
        let mut world = world();
        let Answer::Says(_, metadata) = &world.upstream.metadata else { unreachable!() };
        let mut metadata: serde_json::Value = serde_json::from_str(metadata).unwrap();
        metadata[member] = "http://127.0.0.1:9200/_shutdown".into();
        world.upstream.metadata = Answer::Says(200, metadata.to_string());
        let mut browser = Browser::default();
        let page = browser.get(&mut world, &authorize_with(&[]));
        let told = browser.press(&mut world, &page, ("provider", "idp"));
        assert_eq!(query_of(location(&told.headers).unwrap())["error"], "server_error", "{member}");
    }
}
