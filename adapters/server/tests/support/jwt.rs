//! Access tokens, verified as a resource server would: with libraries of its own.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use p256::Sec1Point;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::Sha256;

/// The claims, the signature verified with the key of the JWKS that the token names.
pub(crate) fn verified_es256(token: &str, jwks: &Value) -> Value {
    let Jwt { header, claims, signed, signature } = Jwt::of(token, "ES256");
    let mut keys = jwks["keys"].as_array().unwrap().iter();
    let jwk = keys.find(|jwk| jwk["kid"] == header["kid"]).unwrap();
    let [x, y] = ["x", "y"].map(|coordinate| bytes(jwk[coordinate].as_str().unwrap()));
    let point = Sec1Point::from_bytes([&[4], &x[..], &y[..]].concat()).unwrap();
    let key = VerifyingKey::from_sec1_point(&point).unwrap();
    key.verify(signed.as_bytes(), &Signature::from_slice(&signature).unwrap()).unwrap();
    claims
}

/// The claims, the signature verified with a key in base64url.
pub(crate) fn verified_hs256(token: &str, key: &str) -> Value {
    let Jwt { claims, signed, signature, .. } = Jwt::of(token, "HS256");
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes(key)).unwrap();
    mac.update(signed.as_bytes());
    mac.verify_slice(&signature).unwrap();
    claims
}

struct Jwt<'a> {
    header: Value,
    claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// RFC 9068 §2.1: of this type, with this algorithm.
    fn of(token: &'a str, algorithm: &str) -> Self {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let json = |part| serde_json::from_slice::<Value>(&bytes(part)).unwrap();
        let (header, claims) = (json(header), json(claims));
        assert_eq!((&header["typ"], &header["alg"]), (&"at+jwt".into(), &algorithm.into()));
        Self { header, claims, signed, signature: bytes(signature) }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
