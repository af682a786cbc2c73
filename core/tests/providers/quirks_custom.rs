//! What providers of one's own do otherwise.

use serde_json::{Value, json};
use vestibule_core::provider::{IdToken, TokenAuth};
use vestibule_core::{JwtFault, Refusal};

use crate::custom;
use crate::scene::{CLIENT_ID, NO_BEARER, NOBODY, SECRET, Scene};
use crate::world::id_tokens::Key;

const CUSTOM_TOKEN: &str = "https://idp.example.com/oauth/token";
const CUSTOM_USER: &str = "https://idp.example.com/oauth/userinfo";

/// How we authenticate, as the token endpoint sees it.
#[test]
fn quirk_custom_authenticates_in_three_ways() {
    for (way, id, secret) in [
        (TokenAuth::Basic, None, None),
        (TokenAuth::Post, Some(CLIENT_ID), Some(SECRET)),
        (TokenAuth::None, Some(CLIENT_ID), None),
    ] {
        let mut provider = custom::provider();
        provider.token_auth = way;
        let mut scene = Scene::new(provider, include_str!("fixtures/custom.json"));
        scene.person();
        let asked = scene.asked(CUSTOM_TOKEN);
        let sent = |name: &str| asked.get(name).map(String::as_str);
        assert_eq!((sent("client_id"), sent("client_secret")), (id, secret), "{way}");
        let basic = scene.world.upstream.headers[0].contains_key("authorization");
        assert_eq!(basic, way == TokenAuth::Basic, "{way}");
    }
}

#[test]
fn quirk_custom_has_further_parameters() {
    assert_eq!(custom::scene().sent_upstream()["audience"], "api");
    let mut scene = custom::scene();
    scene.person();
    assert_eq!(scene.asked(CUSTOM_TOKEN)["audience"], "api");
}

#[test]
fn quirk_custom_separates_scopes_by_commas() {
    assert_eq!(custom::scene().sent_upstream()["scope"], "profile,email");
}

#[test]
fn quirk_custom_has_no_pkce() {
    let mut provider = custom::provider();
    provider.pkce = false;
    let mut scene = Scene::new(provider, include_str!("fixtures/custom.json"));
    assert!(scene.person()["subject"].is_string());
    assert!(!scene.asked(CUSTOM_TOKEN).contains_key("code_verifier"));
}

/// The person is then who the ID token says.
fn without_userinfo(id_token: IdToken) -> Scene {
    let mut provider = custom::provider();
    provider.id_token = id_token;
    provider.scopes.push("openid".to_owned());
    provider.claims.subject = vec!["sub".to_owned()];
    let metadata = provider.metadata_mut().unwrap();
    metadata.userinfo_endpoint = None;
    metadata.issuer = Some("https://idp.example.com".to_owned());
    metadata.jwks_uri = Some(custom::at("keys"));
    let mut scene = Scene::new(provider, include_str!("fixtures/custom.json"));
    scene.fixture["answers"]["https://idp.example.com/oauth/keys"] = "$KEYS".into();
    scene.with(CUSTOM_TOKEN, "id_token", "$ID_TOKEN".into())
}

#[test]
fn quirk_custom_has_no_userinfo() {
    assert_eq!(without_userinfo(IdToken::Required).person()["subject"], "7f3a");
}

#[test]
fn quirk_custom_signs_id_tokens_with_our_secret() {
    let mut scene = without_userinfo(IdToken::RequiredWithSecret);
    scene.key = Key::Secret(SECRET.as_bytes().to_vec());
    assert_eq!(scene.person()["subject"], "7f3a");
    let mut scene = without_userinfo(IdToken::RequiredWithSecret);
    scene.key = Key::Secret(b"another-secret-of-at-least-32-bytes".to_vec());
    scene.assert_refused(Refusal::IdToken(JwtFault::Signature));
    // Only where the operator says so.
    let mut scene = without_userinfo(IdToken::Required);
    scene.key = Key::Secret(SECRET.as_bytes().to_vec());
    scene.assert_refused(Refusal::UpstreamMalformed(
        "it has no key for RS256, ES256 or EdDSA with which to verify",
    ));
}

#[test]
fn quirk_custom_names_its_claims_otherwise() {
    assert_eq!(custom::scene().person()["email"], "ada@example.com");
    custom::scene().with(CUSTOM_USER, "data", "text".into()).assert_refused(NOBODY);
}

#[test]
fn quirk_custom_writes_bearer_in_any_case() {
    for token_type in ["bearer", "BEARER", "Bearer"] {
        let mut scene = custom::scene().with(CUSTOM_TOKEN, "token_type", token_type.into());
        assert_eq!(scene.person()["subject"], "7f3a");
    }
    custom::scene().with(CUSTOM_TOKEN, "token_type", "mac".into()).assert_refused(NO_BEARER);
}

#[test]
fn quirk_custom_writes_lifetimes_strangely() {
    for (expires_in, told) in [
        (json!("3600"), json!(3600)),
        (json!(0), Value::Null),
        (json!(-1), Value::Null),
        (Value::Null, Value::Null),
    ] {
        let mut scene = custom::scene().with(CUSTOM_TOKEN, "expires_in", expires_in);
        assert_eq!(scene.person()["granted"]["expires_in"], told);
    }
}

/// Keycloak's, where 0 means that it does not know.
#[test]
fn quirk_custom_tells_lifetimes_of_refresh_tokens() {
    let mut scene = custom::scene().with(CUSTOM_TOKEN, "refresh_expires_in", json!(0));
    assert_eq!(scene.person()["granted"]["refresh_token"], true);
}

/// The old refresh token stays good then (RFC 6749 §6).
#[test]
fn quirk_custom_gives_no_other_refresh_token() {
    let mut scene = custom::scene().keeping();
    scene.fixture["refresh"]["answer"].as_object_mut().unwrap().remove("refresh_token");
    let asked = scene.refreshes();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| asked["refresh_token"] == "tGzv3JOkF0XG5Qx2TlKWIA"));
}
