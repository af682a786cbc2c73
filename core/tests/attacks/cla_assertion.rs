//! `private_key_jwt` (RFC 7523 §2.2) is for clients that publish keys in a document. From any other
//! client an assertion is refused as a whole, and nobody is asked for a key.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::expect::{C_SECRET, together, tok401};
use crate::world::{ISSUER, World, json_of, redemption};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion of client C, of which the signature is of no matter.
fn assertion(header: Value, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": "C", "sub": "C", "aud": ISSUER, "jti": "once", "iat": 1_800_000_000,
        "exp": 1_800_000_060,
    });
    change(&mut claims);
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
}

fn signed(change: impl FnOnce(&mut Value)) -> String {
    assertion(json!({ "alg": "ES256", "kid": "k" }), change)
}

/// Refused as 401 without a question to anybody: neither a record nor a key is looked for.
fn refused(world: &mut World, assertion: &str) {
    let code = world.until_code_with(&[("client_id", "C")])["code"].clone();
    let before = (world.upstream.calls.len(), world.store.swaps);
    for client_id in ["C", ""] {
        let changes = [
            ("client_id", client_id),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        tok401(world, redemption(&code, &changes));
        let step = world.begin(redemption(&code, &changes));
        assert!(matches!(step, vestibule_core::Step::Done(_)), "something was asked");
    }
    assert_eq!((world.upstream.calls.len(), world.store.swaps), before);
    let own = [("client_id", "C"), ("client_secret", C_SECRET)];
    assert_eq!(world.redeem_with(&code, &own).status, 200, "nothing was spent");
}

#[test]
fn cla_14_an_assertion_is_refused_the_first_time_too_of_a_client_without_keys() {
    let mut world = World::new();
    let once = signed(|_| {});
    refused(&mut world, &once);
    refused(&mut world, &once);
    let code = world.until_code_with(&[("client_id", "C")])["code"].clone();
    let changes =
        [("client_id", "C"), ("client_assertion_type", TYPE), ("client_assertion", &*once)];
    let server = [world.server.clone()];
    let both = [(); 2].map(|()| redemption(&code, &changes)).into();
    for response in together(&mut world, &server, both) {
        assert_eq!(response.status, 401);
    }
}

#[test]
fn cla_15_an_assertion_for_any_audience_is_refused_of_a_client_without_keys() {
    let mut world = World::new();
    for aud in [
        json!(ISSUER),
        json!("https://other.test"),
        json!([ISSUER]),
        json!([ISSUER, "https://other.test"]),
        json!(format!("{ISSUER}/oauth/token")),
        json!(format!("{ISSUER}/oauth/par")),
    ] {
        refused(&mut world, &signed(|claims| claims["aud"] = aud));
    }
}

#[test]
fn cla_17_an_assertion_with_any_claims_is_refused_of_a_client_without_keys() {
    let mut world = World::new();
    let ten_years = Duration::from_secs(10 * 365 * 24 * 60 * 60).as_secs();
    for (name, value) in [
        ("iss", json!("P")),
        ("exp", Value::Null),
        ("jti", Value::Null),
        ("exp", json!(world.now + ten_years)),
        ("iat", json!(world.now + ten_years)),
        ("exp", json!("1800000060")),
    ] {
        refused(&mut world, &signed(|claims| claims[name] = value));
    }
}

#[test]
fn cla_18_no_key_is_taken_or_fetched_that_an_assertion_names_of_a_client_without_keys() {
    let mut world = World::new();
    for (name, value) in [
        ("jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" })),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/x5u")),
    ] {
        let mut header = json!({ "alg": "EdDSA" });
        header[name] = value;
        refused(&mut world, &assertion(header, |_| {}));
    }
    refused(&mut world, &assertion(json!({ "alg": "none" }), |_| {}));
}

/// A client cannot say that it authenticates by a key, so that none can be talked out of it.
#[test]
fn cla_20_no_client_registers_for_assertions_without_a_document() {
    let mut world = World::new();
    for method in ["private_key_jwt", "client_secret_jwt"] {
        let metadata = json!({
            "redirect_uris": ["https://app.test/cb"], "token_endpoint_auth_method": method,
            "jwks": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AA" }] },
        });
        let response = world.register_with(&metadata);
        assert_eq!(response.status, 400);
        assert_eq!(json_of(&response)["error"], "invalid_client_metadata");
    }
    // And a confidential client that comes without its secret is not taken for a public one.
    let code = world.until_code_with(&[("client_id", "C")])["code"].clone();
    tok401(&mut world, redemption(&code, &[("client_id", "C")]));
}
