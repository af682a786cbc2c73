//! ID tokens of a provider, each wrong in one thing, and its keys. Named by the checks they prove.

#[allow(dead_code, unreachable_pub, reason = "each test uses its part of the world")]
#[path = "../../tests/world/id_tokens.rs"]
mod id_tokens;

mod claims;
mod header;
mod jwk_set;
mod signature;

use serde_json::{Map, Value};

use super::*;
use crate::keys::{PublicKey, SignatureLibrary};
use crate::secret::ClientSecret;
use crate::tick::Timestamp;
use id_tokens::{IdToken, Key};

const ISSUER: &str = "https://idp.test";
const CLIENT_ID: &str = "vestibule";
const NONCE: &str = "n-0S6_WzA2Mj";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
const NOW: u64 = 1_800_000_000;

type Outcome = Result<Map<String, Value>, NotVerified>;

/// One key of each algorithm, named `rsa`, `ec` and `ed`.
fn set() -> JwkSet {
    let keys = [("rsa", Key::Rsa), ("ec", Key::P256(7)), ("ed", Key::Ed25519(7))];
    parse(&id_tokens::jwk_set(&keys)).unwrap()
}

fn parse(set: &Value) -> Result<JwkSet, &'static str> {
    JwkSet::parse(set.to_string().as_bytes())
}

/// A token that is right, of a key that signs fast.
fn token() -> IdToken {
    of("ed", Key::Ed25519(7))
}

fn of(kid: &str, key: Key) -> IdToken {
    IdToken::new(ISSUER, CLIENT_ID, NONCE, NOW, kid, key)
}

fn expected(now: u64) -> Expected<'static> {
    Expected {
        issuer: ISSUER,
        client_id: CLIENT_ID,
        nonce: NONCE,
        access_token: Some(ACCESS_TOKEN),
        now: Timestamp::from_seconds(now),
    }
}

fn verified(token: &str) -> Outcome {
    verified_with(token, &set())
}

fn verified_with(token: &str, set: &JwkSet) -> Outcome {
    verify(token, &Keys::Published(set), &expected(NOW), None)
}

#[track_caller]
fn assert_accepted(token: &IdToken) {
    assert_eq!(verified(&token.text()).as_ref(), Ok(&token.claims));
}

#[track_caller]
fn assert_refused(token: &str, fault: JwtFault) {
    assert_eq!(verified(token), Err(NotVerified::Refused(fault)), "{token}");
}

#[test]
fn what_is_right_is_accepted_with_every_algorithm() {
    for (kid, key) in [("rsa", Key::Rsa), ("ec", Key::P256(7)), ("ed", Key::Ed25519(7))] {
        assert_accepted(&of(kid, key));
    }
}

#[test]
fn hs256_is_accepted_where_it_is_configured_and_only_there() {
    let secret = "a-secret-of-more-than-thirty-two-bytes";
    let token = of("any", Key::Secret(secret.as_bytes().to_vec()));
    let by = |secret: &str, token: &IdToken| {
        let secret = ClientSecret::new(secret);
        verify(&token.text(), &Keys::Secret(&secret), &expected(NOW), None).map(drop)
    };
    assert_eq!(by(secret, &token), Ok(()));
    assert_eq!(by(&format!("{secret}."), &token), Err(JwtFault::Signature.into()));
    assert_eq!(by("short", &token), Err(JwtFault::ShortSecret.into()));
    for (kid, key) in [("rsa", Key::Rsa), ("ec", Key::P256(7)), ("ed", Key::Ed25519(7))] {
        assert_eq!(by(secret, &of(kid, key)), Err(JwtFault::Algorithm.into()));
    }
    assert_refused(&token.text(), JwtFault::Algorithm);
}

/// A library that says the same of every signature.
#[derive(Debug)]
struct Says(bool);

impl SignatureLibrary for Says {
    fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: &[u8]) -> Option<bool> {
        Some(self.0)
    }
}

#[test]
fn a_library_is_asked_for_the_signature_and_for_nothing_else() {
    let by = |library: Says, token: &IdToken| {
        let set = set();
        verify(&token.text(), &Keys::Published(&set), &expected(NOW), Some(&library)).map(drop)
    };
    let forged = token().signed_by(Key::Ed25519(8));
    assert_eq!(by(Says(true), &forged), Ok(()));
    assert_eq!(by(Says(false), &token()), Err(JwtFault::Signature.into()));
    let fault = |token: IdToken| by(Says(true), &token);
    assert_eq!(fault(token().claim("aud", "evil")), Err(JwtFault::Audience.into()));
    assert_eq!(fault(token().header("alg", "none")), Err(JwtFault::Algorithm.into()));
    assert_eq!(fault(token().header("alg", "RS256")), Err(JwtFault::Algorithm.into()));
    assert_eq!(fault(token().header("kid", "evil")), Err(NotVerified::UnknownKey));
}
