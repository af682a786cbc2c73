//! A hostile or broken provider of OpenID Connect.

use serde_json::{Value, json};
use vestibule_core::provider::{IdToken, oidc};
use vestibule_core::{Fault, JwtFault, ProviderId, Refusal, Server};

use crate::scene::{ANOTHERS, CLIENT_ID, NO_ID_TOKEN, Scene, secret};
use crate::world::id_tokens::{IdToken as Token, Key};
use crate::world::upstream::Answer;
use crate::world::{Browser, authorize_with, config, location, query_of};
use crate::{gitlab, google};

const ISSUER: &str = "https://idp.example.com";
const TOKEN: &str = "https://oauth2.googleapis.com/token";

fn published() -> Scene {
    let fixture = include_str!("fixtures/peer.json")
        .replace("$DISCOVERY", &format!("{ISSUER}/.well-known/openid-configuration"))
        .replace("$ISSUER", ISSUER)
        .replace("$EXACT", ISSUER);
    let id = ProviderId::parse("idp").unwrap();
    Scene::new(oidc(id, ISSUER, CLIENT_ID, Some(secret())), &fixture)
}

#[track_caller]
fn refused(fault: JwtFault, change: fn(Token) -> Token) {
    let mut scene = published();
    scene.change = change;
    scene.assert_refused(Refusal::IdToken(fault));
}

/// Nor is the userinfo endpoint asked instead.
#[test]
fn ups_09_a_missing_id_token_is_not_made_up_for() {
    let mut scene = published().with(&format!("{ISSUER}/token"), "id_token", Value::Null);
    assert_eq!(scene.sign_in()["error"], "server_error");
    assert!(!scene.world.upstream.calls.iter().any(|call| call.contains("/userinfo")));
    google::scene().with(TOKEN, "id_token", Value::Null).assert_refused(NO_ID_TOKEN);
    google::scene()
        .with(TOKEN, "id_token", json!({}))
        .assert_refused(Refusal::UpstreamMalformed("a token is not a string of visible ASCII"));
}

#[test]
fn ups_10_an_id_token_that_does_not_verify_is_the_end() {
    refused(JwtFault::Signature, |right| right.signed_by(Key::P256(9)));
    refused(JwtFault::Algorithm, |right| right.header("alg", "none"));
    refused(JwtFault::Algorithm, |right| right.header("alg", "HS256"));
    refused(JwtFault::Expired, |right| right.claim("exp", 1_700_000_000));
    refused(JwtFault::NumericDate, |right| right.without_claim("exp"));
    refused(JwtFault::Issuer, |right| right.claim("iss", "https://evil.test"));
    let mut scene = published();
    scene.change = |right| right.claim("at_hash", "anothers");
    assert_eq!(scene.sign_in()["error"], "server_error");
    assert!(!scene.world.upstream.calls.iter().any(|call| call.contains("/userinfo")));
}

#[test]
fn ups_12_an_id_token_is_for_us_and_nobody_else() {
    refused(JwtFault::Audience, |right| right.claim("aud", "another"));
    refused(JwtFault::Audience, |right| right.claim("aud", json!([CLIENT_ID, "another"])));
    refused(JwtFault::AuthorizedParty, |right| right.claim("azp", "another"));
    refused(JwtFault::Audience, |right| right.without_claim("aud"));
    let mut scene = published();
    scene.change = |right| right.claim("aud", json!([CLIENT_ID])).claim("azp", CLIENT_ID);
    assert_eq!(scene.person()["subject"], "248289761001");
}

#[test]
fn ups_14_userinfo_of_another_person_is_refused() {
    let userinfo = "https://gitlab.com/oauth/userinfo";
    gitlab::scene().with(userinfo, "sub", "43".into()).assert_refused(ANOTHERS);
    gitlab::scene().with(userinfo, "sub", json!(42)).assert_refused(ANOTHERS);
    gitlab::scene().with(userinfo, "sub", Value::Null).assert_refused(ANOTHERS);
}

/// What the provider granted is what the application is told; what comes with a scope that was not
/// granted is not there.
#[test]
fn ups_20_less_than_was_asked_for_is_not_taken_for_all() {
    let mut scene = google::scene()
        .with(TOKEN, "scope", "openid".into())
        .with_claim("email", Value::Null)
        .with_claim("name", Value::Null);
    let person = scene.person();
    assert_eq!((&person["granted"]["scope"], &person["email"]), (&"openid".into(), &Value::Null));
    assert_eq!(person["email_verified"], false);
    // Without `openid` there is no ID token, and nobody signs in.
    let mut without = google::scene().with(TOKEN, "scope", "email".into());
    without = without.with(TOKEN, "id_token", Value::Null);
    without.assert_refused(NO_ID_TOKEN);
}

#[test]
fn ups_22_a_document_of_another_issuer_or_without_tls_is_refused() {
    let document = format!("{ISSUER}/.well-known/openid-configuration");
    for (member, value) in [
        ("issuer", json!("https://evil.test")),
        ("issuer", json!("https://idp.example.com/tenant")),
        ("issuer", Value::Null),
        ("token_endpoint", json!("http://idp.example.com/token")),
        ("jwks_uri", json!("http://idp.example.com/keys")),
        ("userinfo_endpoint", json!(["https://idp.example.com/userinfo"])),
        ("authorization_endpoint", Value::Null),
        ("authorization_endpoint", json!("javascript:alert(1)")),
    ] {
        let mut scene = published().with(&document, member, value);
        scene.answer_for("");
        let mut browser = Browser::default();
        let upstream = browser.until_upstream_at(&mut scene.world, &authorize_with(&[]), "idp");
        // The person goes back to the client instead.
        assert_eq!(query_of(&upstream)["error"], "server_error", "{member}");
        assert!(upstream.starts_with(crate::world::APP));
    }
}

#[test]
fn ups_23_keys_that_are_known_outlive_an_outage() {
    let mut scene = published();
    scene.person();
    scene.fixture["answers"][format!("{ISSUER}/keys")] = "<html>planted</html>".into();
    assert_eq!(scene.person()["subject"], "248289761001");
    // Nobody knows a key yet.
    let mut scene = published();
    let mut browser = Browser::default();
    let upstream = scene.until_upstream(&mut browser);
    scene.answer_for(&upstream);
    scene.world.upstream.routes.insert(format!("{ISSUER}/keys"), Answer::Says(503, String::new()));
    let callback = crate::world::browser::callback_of(&upstream, &[("code", "c")]);
    let response = browser.get(&mut scene.world, &callback);
    let told = query_of(location(&response.headers).unwrap());
    assert_eq!(told["error"], "temporarily_unavailable");
}

#[test]
fn ups_27_a_clock_may_be_a_minute_ahead_and_not_ten() {
    let mut scene = published();
    scene.change = |right| {
        let now = right.claims["iat"].as_u64().unwrap();
        right.claim("iat", now + 30)
    };
    assert_eq!(scene.person()["subject"], "248289761001");
    refused(JwtFault::IssuedAt, |right| {
        let now = right.claims["iat"].as_u64().unwrap();
        right.claim("iat", now + 600).claim("exp", now + 900)
    });
}

/// RFC 7518 §3.2.
#[test]
fn a_short_secret_verifies_no_id_token() {
    for (length, accepted) in [(31, false), (32, true)] {
        let mut provider = crate::custom::provider();
        provider.id_token = IdToken::RequiredWithSecret;
        provider.scopes = vec!["openid".to_owned()];
        provider.metadata_mut().unwrap().issuer = Some(ISSUER.to_owned());
        provider.client_secret = Some(vestibule_core::ClientSecret::new("s".repeat(length)));
        let mut config = config();
        config.providers = vec![provider];
        let faults = Server::new(config).map_err(|invalid| invalid.faults).err();
        assert_eq!(faults.is_none(), accepted, "{length}");
        let short = |fault: &Fault| matches!(fault, Fault::ShortSecret { least: 32 });
        assert!(faults.iter().flatten().all(|fault| short(&fault.fault)));
    }
}
