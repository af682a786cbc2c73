//! A provider of one's own, with everything that one can say of it.

use vestibule_core::provider::{Provider, custom};
use vestibule_core::{EndpointUrl, ProviderId};

use crate::scene::{CLIENT_ID, Scene, secret};

pub(crate) fn scene() -> Scene {
    Scene::new(provider(), include_str!("fixtures/custom.json"))
}

#[test]
fn custom_sign_in() {
    scene().assert_signs_in();
}

#[test]
fn custom_denied() {
    scene().assert_denied();
}

#[test]
fn custom_refresh() {
    scene().assert_refreshes();
}

pub(crate) fn at(path: &str) -> EndpointUrl {
    EndpointUrl::parse(&format!("https://idp.example.com/oauth/{path}")).unwrap()
}

/// All fields of the seed's `OAuthProviderConfig`, and the claims' names.
pub(crate) fn provider() -> Provider {
    let id = ProviderId::parse("my-idp").unwrap();
    let (authorize, token, userinfo) = (at("authorize"), at("token"), at("userinfo"));
    let mut provider = custom(id, authorize, token, userinfo, CLIENT_ID, Some(secret()));
    provider.name = "My Identity Provider".to_owned();
    provider.scopes = ["profile", "email"].map(str::to_owned).into();
    provider.scope_separator = ',';
    let audience = || vec![("audience".to_owned(), "api".to_owned())];
    provider.authorization_params = audience();
    provider.token_params = audience();
    let names = |name: &str| vec![name.to_owned()];
    provider.claims.subject = names("/data/uid");
    provider.claims.email = names("/data/mail");
    provider.claims.email_verified = names("/data/mail_ok");
    provider.claims.name = names("full_name");
    provider.claims.picture = names("photo");
    provider
}
