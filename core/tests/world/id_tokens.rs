//! An identity provider's keys, and the ID tokens that it signs with them: right ones, and whatever
//! a test makes of one.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs1v15;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::SignatureEncoding;
use rsa::traits::PublicKeyParts;
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// Made for these tests by `openssl genpkey`, and used nowhere else.
static RSA: LazyLock<rsa::PrivateKey> = LazyLock::new(|| {
    rsa::PrivateKey::from_pkcs8_pem(include_str!("../fixtures/rsa-2048.pem")).unwrap()
});

/// What signs an ID token.
#[derive(Clone, Debug)]
pub enum Key {
    /// RS256, by the one key of the fixtures.
    Rsa,
    /// ES256, by the scalar of 32 such bytes.
    P256(u8),
    /// EdDSA, by the seed of 32 such bytes.
    Ed25519(u8),
    /// HS256.
    Secret(Vec<u8>),
}

impl Key {
    pub fn alg(&self) -> &'static str {
        match self {
            Self::Rsa => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
            Self::Secret(_) => "HS256",
        }
    }

    /// Its public half (RFC 7517) with `kid`, `alg` and `use`; of a secret, the secret.
    pub fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match self {
            Self::Rsa => json!({
                "kty": "RSA",
                "n": base64url(RSA.n_bytes()),
                "e": base64url(RSA.e_bytes()),
            }),
            Self::P256(byte) => {
                let point = p256(*byte).verifying_key().to_sec1_point(false);
                json!({
                    "kty": "EC",
                    "crv": "P-256",
                    "x": base64url(point.x().unwrap()),
                    "y": base64url(point.y().unwrap()),
                })
            }
            Self::Ed25519(byte) => {
                json!({
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": base64url(ed25519(*byte).verifying_key().as_bytes()),
                })
            }
            Self::Secret(secret) => json!({ "kty": "oct", "k": base64url(secret) }),
        };
        jwk["kid"] = kid.into();
        jwk["alg"] = self.alg().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// In the form of JWS.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa => pkcs1v15::SigningKey::<Sha256>::new(RSA.clone()).sign(message).to_vec(),
            Self::P256(byte) => {
                let signature: p256::ecdsa::Signature = p256(*byte).sign(message);
                signature.to_vec()
            }
            Self::Ed25519(byte) => ed25519(*byte).sign(message).to_vec(),
            Self::Secret(secret) => {
                let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }
        }
    }
}

/// A JWK set of the keys, each by its name.
pub fn jwk_set(keys: &[(&str, Key)]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|(kid, key)| key.jwk(kid)).collect();
    json!({ "keys": keys })
}

/// An ID token that is not signed yet. A new one is right in everything; then a test changes it.
#[derive(Clone, Debug)]
pub struct IdToken {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    key: Key,
}

impl IdToken {
    /// The ID token of `alice` for `client_id`, signed by `key`, whose name is `kid`.
    pub fn new(issuer: &str, client_id: &str, nonce: &str, now: u64, kid: &str, key: Key) -> Self {
        let header = json!({ "alg": key.alg(), "kid": kid, "typ": "JWT" });
        let claims = json!({
            "iss": issuer,
            "aud": client_id,
            "sub": "alice",
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
        });
        Self { header: object(header), claims: object(claims), key }
    }

    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name).unwrap();
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name).unwrap();
        self
    }

    /// Signed by another key, while the header says what it said.
    pub fn signed_by(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// The header and the claims, as they are signed.
    pub fn message(&self) -> String {
        let [header, claims] = [&self.header, &self.claims]
            .map(|object| base64url(serde_json::to_vec(object).unwrap()));
        format!("{header}.{claims}")
    }

    pub fn text(&self) -> String {
        signed(&self.key, &self.message())
    }
}

/// A compact JWS of any text before its signature.
pub fn signed(key: &Key, message: &str) -> String {
    format!("{message}.{}", base64url(key.sign(message.as_bytes())))
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn p256(byte: u8) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[byte; 32]).unwrap()
}

fn ed25519(byte: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[byte; 32])
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
