//! Access tokens as a protected resource sees them.
//!
//! What is wrong with a signature is the matter of the unit tests of core's `jws`. Here the
//! signature is right, by a key that believes one word, and the claims are wrong.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use vestibule_core::{
    Algorithm, Denied, PublicKey, SignatureLibrary, Signer, SigningFailed, SigningKey, Verify,
};

use crate::expect::{RES2, member, register_evil, rs401};
use crate::world::browser::form_of;
use crate::world::{
    Browser, Judge, World, authorize_with, claims_of, config, query_of, resource_request,
};

const GENUINE: &[u8] = b"genuine";

/// A key whose every signature is the word `genuine`.
#[derive(Debug)]
struct Word;

impl Signer for Word {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(GENUINE.to_vec())
    }
}

impl Verify for Word {
    fn verify(&self, _: &[u8], signature: &[u8]) -> bool {
        signature == GENUINE
    }
}

/// For whoever verifies elsewhere.
impl SignatureLibrary for Word {
    fn verify(&self, _: &PublicKey<'_>, _: &[u8], signature: &[u8]) -> Option<bool> {
        Some(signature == GENUINE)
    }
}

/// A world in which anybody can sign, with a token of its own.
pub(crate) struct Forger {
    pub(crate) world: World,
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

impl Forger {
    pub(crate) fn new() -> Self {
        let mut config = config();
        let key = SigningKey::from_bytes(Algorithm::EdDsa, [2; 32]).unwrap();
        config.signing_keys = vec![key.with(Arc::new(Word), Arc::new(Word))];
        config.signature_library = Some(Arc::new(Word));
        let mut world = World::of(config);
        let token = member(&world.until_tokens(), "access_token");
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header = serde_json::from_slice(&header).unwrap();
        let claims = claims_of(&token).as_object().unwrap().clone();
        let forger = Self { world, header, claims };
        assert!(forger.accepts(&forger.sign(&forger.claims)), "the token itself is accepted");
        forger
    }

    fn sign(&self, claims: &Map<String, Value>) -> String {
        self.sign_text(&Value::Object(claims.clone()).to_string())
    }

    fn sign_text(&self, claims: &str) -> String {
        joined(&Value::Object(self.header.clone()).to_string(), claims)
    }

    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims.insert(name.to_owned(), value);
        self.sign(&claims)
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        Judge::agree(&self.world, &resource_request(token)).is_ok()
    }

    fn refuses(&self, name: &str, value: Value) {
        let token = self.with(name, value.clone());
        assert!(!self.accepts(&token), "{name}: {value}");
        rs401(&self.world, &token);
    }
}

/// A token of a header and claims, signed.
pub(crate) fn joined(header: &str, claims: &str) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(GENUINE))
}

fn no_times() -> [Value; 9] {
    [
        json!("1900000000"),
        Value::Null,
        json!(1_900_000_000.5),
        json!(-1),
        json!([1_900_000_000]),
        json!({}),
        json!(true),
        json!(""),
        json!(1e300),
    ]
}

#[test]
fn jwt_09_a_time_is_a_whole_number() {
    let forger = Forger::new();
    for value in no_times() {
        forger.refuses("exp", value.clone());
        forger.refuses("iat", value);
    }
    // A number that is none is no JSON here.
    for name in ["exp", "iat"] {
        let text = Value::Object(forger.claims.clone()).to_string();
        let own = format!("\"{name}\":{}", forger.claims[name]);
        for number in ["1e400", "01900000000", "0x7fffffff", "NaN", "1900000000.", "+1"] {
            let forged = text.replace(&own, &format!("\"{name}\":{number}"));
            assert_ne!(forged, text);
            rs401(&forger.world, &forger.sign_text(&forged));
        }
        let twice = text.replacen('{', &format!("{{\"{name}\":9900000000,"), 1);
        rs401(&forger.world, &forger.sign_text(&twice));
    }
}

#[test]
fn jwt_09_an_nbf_that_cannot_be_read_is_not_an_absent_one() {
    let forger = Forger::new();
    for value in no_times() {
        forger.refuses("nbf", value);
    }
}

#[test]
fn jwt_10_a_token_says_all_that_it_must() {
    let forger = Forger::new();
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let mut claims = forger.claims.clone();
        assert!(claims.remove(name).is_some(), "{name} is not there");
        rs401(&forger.world, &forger.sign(&claims));
        forger.refuses(name, Value::Null);
        forger.refuses(name, json!(["x"]));
    }
    // Without a scope it has none; one that cannot be read is not an absent one.
    for scope in [Value::Null, json!(1), json!(["mcp:read"])] {
        forger.refuses("scope", scope);
    }
    for jti in ["", "x", "AAAA", &"A".repeat(33), &"A".repeat(31), "=".repeat(32).as_str()] {
        forger.refuses("jti", json!(jti));
    }
}

#[test]
fn jwt_11_a_token_is_dead_at_the_second_of_its_expiry() {
    let forger = Forger::new();
    let now = forger.world.now;
    assert!(forger.accepts(&forger.with("exp", json!(now + 1))));
    for past in [now, now - 1, 0] {
        forger.refuses("exp", json!(past));
    }
    // Our own iat is not judged: nodes disagree about the time by a little.
    assert!(forger.accepts(&forger.with("iat", json!(now + 60))));
}

#[test]
fn jwt_11_a_token_is_not_good_before_its_time() {
    let forger = Forger::new();
    forger.refuses("nbf", json!(forger.world.now + 61));
}

#[test]
fn jwt_12_the_issuer_is_this_one_byte_for_byte() {
    let forger = Forger::new();
    for issuer in [
        json!(["https://as.test"]),
        json!("https://as.tes"),
        json!("https://as.test/"),
        json!("https://as.test/tenant"),
        json!("https://AS.test"),
        json!("https://as.test.evil.test"),
        json!("http://as.test"),
        json!("as.test"),
        json!(""),
        json!({ "iss": "https://as.test" }),
    ] {
        forger.refuses("iss", issuer);
    }
}

#[test]
fn jwt_13_the_audience_is_one_and_this_one() {
    let forger = Forger::new();
    for audience in [
        json!(["https://mcp.test/mcp"]),
        json!(["https://mcp.test/mcp", "https://evil.test/"]),
        json!([]),
        json!(1),
        json!(RES2),
        json!("https://as.test"),
        json!("https://mcp.test/mcp "),
        json!("https://mcp.test/mcp,https://evil.test/"),
        json!(""),
    ] {
        forger.refuses("aud", audience);
    }
}

#[test]
fn jwt_14_another_kind_of_jwt_is_no_access_token() {
    let forger = Forger::new();
    let claims = Value::Object(forger.claims.clone()).to_string();
    let with_header = |name: &str, value: Value| {
        let mut header = forger.header.clone();
        header.insert(name.to_owned(), value);
        joined(&Value::Object(header).to_string(), &claims)
    };
    for typ in ["JWT", "jwt", "id+jwt", "logout+jwt", "dpop+jwt", "at+jwtx", "xat+jwt", "", "at"] {
        rs401(&forger.world, &with_header("typ", json!(typ)));
    }
    for typ in [Value::Null, json!(["at+jwt"]), json!(1)] {
        rs401(&forger.world, &with_header("typ", typ));
    }
    let mut header = forger.header.clone();
    header.remove("typ");
    rs401(&forger.world, &joined(&Value::Object(header).to_string(), &claims));
    // RFC 9068 §4: the media type's whole name, in any case.
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(forger.accepts(&with_header("typ", json!(typ))), "{typ}");
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("kid", json!("x")),
        ("kid", Value::Null),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        rs401(&forger.world, &with_header(name, value));
    }
}

#[test]
fn jwt_23_what_was_made_for_another_purpose_is_no_access_token() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let upstream = browser.press(&mut world, &page, ("provider", "idp"));
    let state = query_of(upstream.headers["location"].to_str().unwrap())["state"].clone();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let client_id = register_evil(&mut world);
    let mut texts = vec![form_of(&page), state, code, client_id, member(&tokens, "refresh_token")];
    texts.extend(browser.cookies.into_values());
    for text in texts {
        rs401(&world, &text);
        rs401(&world, &format!("e30.{text}.{text}"));
    }
    // A token of ours that has been changed, or joined with another's signature.
    let token = member(&tokens, "access_token");
    let other = member(&world.until_tokens(), "access_token");
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    rs401(&world, &format!("{signed}.{signature}"));
    for at in (0..token.len()).step_by(13) {
        rs401(&world, &crate::expect::with_other_char(&token, at));
    }
    for text in [format!("{token}="), format!("{token} "), format!("{token}."), signed.to_owned()] {
        rs401(&world, &text);
    }
}

#[test]
fn web_15_a_challenge_names_an_error_only_where_a_token_came() {
    let mut world = World::new();
    let token = member(&world.until_tokens(), "access_token");
    let challenged = |headers: &[&str]| {
        let mut parts = resource_request("x");
        parts.headers.remove("authorization");
        for header in headers {
            parts.headers.append("authorization", header.parse().unwrap());
        }
        let challenge = Judge::agree(&world, &parts).err()?;
        let response = challenge.response();
        let field = response.headers["www-authenticate"].to_str().unwrap().to_owned();
        Some((challenge.reason(), response.status.as_u16(), field))
    };
    for none in [&[][..], &["Basic eDp5"], &["DPoP x"]] {
        let (challenge, status, field) = challenged(none).unwrap();
        assert_eq!((challenge, status), (Denied::NoToken, 401), "{none:?}");
        assert!(field.starts_with("Bearer") && !field.contains("error"), "{field}");
    }
    for wrong in ["Bearer x", "Bearer ", "Bearer a.b.c", "bearer x y", "BEARER \u{7e}"] {
        let (_, status, field) = challenged(&[wrong]).unwrap();
        assert_eq!(status, 401, "{wrong}");
        assert!(field.starts_with("Bearer error=\"invalid_token\""), "{wrong}: {field}");
    }
    // RFC 6750 §3.1: more than one way is a malformed request.
    let good = format!("Bearer {token}");
    let (challenge, status, field) = challenged(&[&good, &good]).unwrap();
    assert_eq!((challenge, status), (Denied::Malformed, 400));
    assert!(field.starts_with("Bearer error=\"invalid_request\""), "{field}");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(challenged(&[&format!("{scheme} {token}")]), None, "{scheme}");
    }
}
