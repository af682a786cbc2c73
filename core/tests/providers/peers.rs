//! Providers that are OpenID Connect by the book, and LinkedIn, which is nearly.

use serde_json::Value;
use vestibule_core::EndpointUrl;
use vestibule_core::provider::{Provider, auth0, clerk, cognito, keycloak, linkedin, okta, workos};

use crate::scene::{CLIENT_ID, Scene, secret};

fn url(text: &str) -> EndpointUrl {
    EndpointUrl::parse(text).unwrap()
}

/// The fixture of a provider by the book, whose issuer writes itself so.
fn by_the_book(provider: Provider, issuer: &str) -> Scene {
    assert_eq!(provider.metadata.issuer(), Some(issuer));
    let base = issuer.trim_end_matches('/');
    let fixture = include_str!("fixtures/peer.json")
        .replace("$DISCOVERY", &format!("{base}/.well-known/openid-configuration"))
        .replace("$ISSUER", base)
        .replace("$EXACT", issuer);
    Scene::new(provider, &fixture)
}

fn auth0_scene() -> Scene {
    let provider = auth0("tenant.eu.auth0.com", CLIENT_ID, secret()).unwrap();
    by_the_book(provider, "https://tenant.eu.auth0.com/")
}

fn okta_scene() -> Scene {
    let issuer = "https://example.okta.com/oauth2/default";
    by_the_book(okta(&url(issuer), CLIENT_ID, secret()), issuer)
}

fn keycloak_scene() -> Scene {
    let base = url("https://id.example.com/auth/");
    by_the_book(
        keycloak(&base, "main", CLIENT_ID, secret()),
        "https://id.example.com/auth/realms/main",
    )
}

/// Its userinfo endpoint writes `email_verified` as a text, which verifies nothing; its ID token has
/// the address with a plain `true`.
fn cognito_scene() -> Scene {
    let pool = "eu-central-1_aBcDeFgHi";
    let issuer = format!("https://cognito-idp.eu-central-1.amazonaws.com/{pool}");
    let provider = cognito("eu-central-1", pool, CLIENT_ID, secret()).unwrap();
    by_the_book(provider, &issuer)
        .with(&format!("{issuer}/userinfo"), "email_verified", "true".into())
        .with_claim("email", "janedoe@example.com".into())
        .with_claim("email_verified", true.into())
}

fn workos_scene() -> Scene {
    let provider = workos("example.authkit.app", CLIENT_ID, secret()).unwrap();
    by_the_book(provider, "https://example.authkit.app")
}

fn clerk_scene() -> Scene {
    let provider = clerk("clerk.example.com", CLIENT_ID, secret()).unwrap();
    by_the_book(provider, "https://clerk.example.com")
}

pub(crate) fn linkedin_scene() -> Scene {
    Scene::new(linkedin(CLIENT_ID, secret()), include_str!("fixtures/linkedin.json"))
}

#[test]
fn auth0_sign_in() {
    auth0_scene().assert_signs_in();
}

#[test]
fn auth0_denied() {
    auth0_scene().assert_denied();
}

#[test]
fn auth0_refresh() {
    auth0_scene().assert_refreshes();
}

#[test]
fn okta_sign_in() {
    okta_scene().assert_signs_in();
}

#[test]
fn okta_denied() {
    okta_scene().assert_denied();
}

#[test]
fn okta_refresh() {
    okta_scene().assert_refreshes();
}

#[test]
fn keycloak_sign_in() {
    keycloak_scene().assert_signs_in();
}

#[test]
fn keycloak_denied() {
    keycloak_scene().assert_denied();
}

#[test]
fn keycloak_refresh() {
    keycloak_scene().assert_refreshes();
}

#[test]
fn cognito_sign_in() {
    cognito_scene().assert_signs_in();
}

#[test]
fn cognito_denied() {
    cognito_scene().assert_denied();
}

#[test]
fn cognito_refresh() {
    cognito_scene().assert_refreshes();
}

#[test]
fn workos_sign_in() {
    workos_scene().assert_signs_in();
}

#[test]
fn workos_denied() {
    workos_scene().assert_denied();
}

#[test]
fn workos_refresh() {
    workos_scene().assert_refreshes();
}

#[test]
fn clerk_sign_in() {
    clerk_scene().assert_signs_in();
}

#[test]
fn clerk_denied() {
    clerk_scene().assert_denied();
}

#[test]
fn clerk_refresh() {
    clerk_scene().assert_refreshes();
}

#[test]
fn linkedin_sign_in() {
    linkedin_scene().assert_signs_in();
}

#[test]
fn linkedin_denied() {
    linkedin_scene().assert_denied();
}

#[test]
fn linkedin_refresh() {
    linkedin_scene().assert_refreshes();
}

/// At the userinfo endpoint; and a text verifies nothing.
#[test]
fn quirk_cognito_writes_booleans_as_texts() {
    let without = cognito_scene().with_claim("email", Value::Null);
    let person = { without }.person();
    assert_eq!(person["email"], "janedoe@example.com");
    assert_eq!(person["email_verified"], false);
    assert_eq!(cognito_scene().person()["email_verified"], true);
}

/// Its ID token could be of another sign-in, so nobody asks for one or reads it.
#[test]
fn quirk_linkedin_repeats_no_nonce() {
    let mut scene = linkedin_scene();
    assert!(!linkedin_scene().sent_upstream().contains_key("nonce"));
    let token = "https://www.linkedin.com/oauth/v2/accessToken";
    for id_token in ["planted".into(), Value::Null] {
        scene = scene.with(token, "id_token", id_token);
        assert_eq!(scene.person()["subject"], "782bbtaQ");
    }
}
