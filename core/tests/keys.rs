//! Algorithms, several keys, moved paths, other lifetimes: what an operator can set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use std::time::Duration;

use vestibule_core::{Algorithm, Paths, SealingSecret, Server, SigningKey};

use world::{
    World, authorize_with, claims_of, config, json_of, location, post, refresh, resource_request,
};

fn key(algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_bytes(algorithm, [seed; 32]).unwrap()
}

fn access_token(world: &mut World) -> String {
    world.until_tokens()["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
        let mut config = config();
        config.signing_keys = vec![key(algorithm, 5)];
        let mut world = World::of(config);
        let token = access_token(&mut world);
        assert!(world.is_live(&token), "{algorithm:?}");
    }
}

#[test]
fn hs256_is_not_published() {
    let mut config = config();
    config.signing_keys = vec![key(Algorithm::Hs256, 5)];
    let mut world = World::of(config);
    let metadata = json_of(&world.get("/.well-known/oauth-authorization-server"));
    assert!(metadata.get("jwks_uri").is_none());
    assert_eq!(json_of(&world.get("/.well-known/jwks.json"))["keys"], serde_json::json!([]));
}

#[test]
fn all_keys_are_published_and_verify_and_the_first_signs() {
    let mut old = World::new();
    let token = access_token(&mut old);
    let mut config = config();
    config.signing_keys.insert(0, key(Algorithm::Es256, 5));
    let mut new = old.reconfigured(config);
    assert!(new.is_live(&token), "signed before the rotation");
    let keys = json_of(&new.get("/.well-known/jwks.json"))["keys"].clone();
    let algorithms: Vec<_> =
        keys.as_array().unwrap().iter().map(|key| key["alg"].clone()).collect();
    assert_eq!(algorithms, ["ES256", "EdDSA"]);
    assert!(keys.as_array().unwrap().iter().all(|key| key.get("d").is_none()));
}

#[test]
fn a_removed_signing_key_ends_what_it_signed() {
    let mut world = World::new();
    let token = access_token(&mut world);
    let mut config = config();
    config.signing_keys = vec![key(Algorithm::EdDsa, 6)];
    assert!(!world.reconfigured(config).is_live(&token));
}

#[test]
fn a_new_sealing_secret_in_first_place_loses_nobody() {
    let mut old = World::new();
    let client_id = old.register("https://app.test/cb");
    let tokens = old.until_tokens();
    let mut config = config();
    config.secrets.insert(0, SealingSecret::new([9; 32]).unwrap());
    let mut new = old.reconfigured(config);
    let page = new.get(&authorize_with(&[("client_id", &client_id)]));
    assert_eq!(page.status, 200, "a client_id sealed before");
    assert_eq!(new.refresh(tokens["refresh_token"].as_str().unwrap()).status, 200);
}

#[test]
fn client_ids_have_secrets_of_their_own_where_the_operator_says_so() {
    let mut before = config();
    before.registration.secrets = vec![SealingSecret::new([7; 32]).unwrap()];
    let mut world = World::of(before.clone());
    let client_id = world.register("https://app.test/cb");
    before.secrets = vec![SealingSecret::new([8; 32]).unwrap()];
    let page = world.reconfigured(before).get(&authorize_with(&[("client_id", &client_id)]));
    assert_eq!(page.status, 200, "it outlives a sealing secret");
}

#[test]
fn every_path_can_be_moved() {
    let mut moved = config();
    moved.paths = Paths::mounted_at("/auth");
    let mut world = World::of(moved);
    let metadata = json_of(&world.get("/.well-known/oauth-authorization-server"));
    assert_eq!(metadata["authorization_endpoint"], "https://as.test/auth/authorize");
    assert_eq!(metadata["token_endpoint"], "https://as.test/auth/token");
    let page = world.get(&authorize_with(&[]).replace("/oauth/", "/auth/"));
    assert_eq!(page.status, 200);
    assert!(world::text(&page).contains("action=\"https://as.test/auth/consent\""));
    assert_eq!(world.get("/oauth/authorize").status, 404);
    assert_eq!(json_of(&world.get("/auth/providers"))["providers"][0]["id"], "idp");
}

#[test]
fn one_provider_has_the_bare_callback_path_as_well() {
    let mut one = config();
    one.providers.truncate(1);
    assert!(Server::new(one).unwrap().serves("/oauth/callback"));
    assert!(!World::new().server.serves("/oauth/callback"));
}

#[test]
fn a_provider_can_have_a_callback_path_of_its_own() {
    let mut own = config();
    own.providers[0].callback_path = Some("/signed-in".to_owned());
    let mut world = World::of(own);
    let upstream = world::Browser::default().until_upstream(&mut world, &authorize_with(&[]));
    assert_eq!(world::query_of(&upstream)["redirect_uri"], "https://as.test/signed-in");
}

#[test]
fn registration_can_be_turned_off() {
    let mut closed = config();
    closed.registration.dynamic = false;
    let mut world = World::of(closed);
    let metadata = json_of(&world.get("/.well-known/oauth-authorization-server"));
    assert!(metadata.get("registration_endpoint").is_none());
    let body = serde_json::json!({ "redirect_uris": ["https://app.test/cb"] });
    assert_eq!(world.register_with(&body).status, 403);
}

#[test]
fn clk_06_expires_in_and_exp_agree() {
    let mut short = config();
    short.lifetimes.access = Duration::from_secs(77);
    let mut world = World::of(short);
    let tokens = world.until_tokens();
    let claims = claims_of(tokens["access_token"].as_str().unwrap());
    assert_eq!(tokens["expires_in"], 77);
    assert_eq!(claims["exp"], world.now + 77);
}

#[test]
fn an_access_token_does_not_outlive_its_grant() {
    let mut short = config();
    short.lifetimes.grant = Duration::from_secs(1000);
    short.lifetimes.refresh = Duration::from_secs(1000);
    let mut world = World::of(short);
    let tokens = world.until_tokens();
    world.pass(900);
    let refreshed = json_of(&world.refresh(tokens["refresh_token"].as_str().unwrap()));
    assert_eq!(refreshed["expires_in"], 100);
}

#[test]
fn revocation_is_seen_at_once_by_who_asks_and_at_expiry_by_who_does_not() {
    let mut world = World::new();
    let token = access_token(&mut world);
    world.revoke(&token);
    let parts = resource_request(&token);
    let now = world.tick().now;
    assert!(world.server.authenticate(&parts, now).is_ok());
    assert!(!world.is_live(&token));
    world.pass(900);
    let now = world.tick().now;
    assert!(world.server.authenticate(&parts, now).is_err());
}

#[test]
fn ref_16_a_grant_ends_by_the_lifetimes_of_today() {
    let mut old = World::new();
    let token = old.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    let mut shorter = config();
    shorter.lifetimes.grant = Duration::from_secs(3600);
    shorter.lifetimes.refresh = Duration::from_secs(3600);
    let mut new = old.reconfigured(shorter);
    new.pass(3600);
    assert_eq!(new.refresh(&token).status, 400);
}

#[test]
fn a_signature_that_fails_spends_nothing() {
    struct Broken;
    impl vestibule_core::Signer for Broken {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, vestibule_core::SigningFailed> {
            Err(vestibule_core::SigningFailed)
        }
    }
    impl vestibule_core::Verify for Broken {
        fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            false
        }
    }
    let mut well = World::new();
    let code = well.until_code()["code"].clone();
    let mut broken = config();
    let crypto = std::sync::Arc::new(Broken);
    broken.signing_keys[0] = broken.signing_keys[0].clone().with(crypto.clone(), crypto);
    assert_eq!(well.reconfigured(broken).redeem(&code).status, 503);
    assert_eq!(well.redeem(&code).status, 200);
}

#[test]
fn a_scope_that_was_taken_from_the_resource_is_in_no_new_token() {
    let mut old = World::new();
    let code = old.until_code()["code"].clone();
    let mut fewer = config();
    let read = vec!["mcp:read".to_owned()];
    fewer.resources = vec![vestibule_core::Resource::new(world::RES, read).unwrap()];
    let tokens = json_of(&old.reconfigured(fewer).redeem(&code));
    assert_eq!(tokens["scope"], "mcp:read");
}

#[test]
fn openid_configuration_is_a_clean_404() {
    let response = World::new().get("/.well-known/openid-configuration");
    assert_eq!(response.status, 404);
    assert_eq!(json_of(&response)["error"], "invalid_request");
}

#[test]
fn the_longest_provider_id_keeps_the_upstream_state_within_128_characters() {
    let mut long = config();
    let id = "a".repeat(30);
    long.providers = vec![world::provider(&id)];
    let mut world = World::of(long);
    let mut browser = world::Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let upstream = browser.press(&mut world, &page, ("provider", &id));
    let state = world::query_of(location(&upstream.headers).unwrap())["state"].clone();
    assert!(state.len() <= 128, "{} characters", state.len());
    assert!(vestibule_core::ProviderId::parse(&"a".repeat(31)).is_err());
}

#[test]
fn no_endpoint_is_moved_onto_a_well_known_document() {
    let mut moved = config();
    moved.paths.token = "/.well-known/oauth-protected-resource".to_owned();
    assert_eq!(Server::new(moved).unwrap_err().faults[0].key, "paths.token");
}

#[test]
fn the_hot_path_touches_the_store_once_for_each_transition() {
    let mut world = World::new();
    let token = world.until_tokens()["refresh_token"].as_str().unwrap().to_owned();
    (world.store.loads, world.store.swaps) = (0, 0);
    world.send(refresh(&token, &[]));
    assert_eq!((world.store.loads, world.store.swaps), (1, 1));
}

#[test]
fn a_post_to_authorize_becomes_a_get_and_sets_nothing() {
    let mut world = World::new();
    let response = world.send(post("/oauth/authorize", &[("client_id", "P")], &[]));
    assert_eq!(
        (response.status.as_u16(), location(&response.headers)),
        (303, Some("?client_id=P"))
    );
    assert!(!response.headers.contains_key("set-cookie"));
}
